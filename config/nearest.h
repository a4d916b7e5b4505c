/* "Did you mean": the known word that is nearest to a mistyped one. */
#ifndef CONFIG_NEAREST_H
#define CONFIG_NEAREST_H

#include "parsers/bytes/str.h"

struct nearest { /* {0}: nothing seen yet */
	struct str word;
	size_t distance;
};

/* Keeps `known` when it is nearer to `wanted` than what was kept before. The view is stored. */
void nearest_offer(struct nearest *n, struct str wanted, struct str known);
/* The kept word when it is near enough to be worth a question, else the empty view. */
struct str nearest_word(const struct nearest *n, struct str wanted);

#endif
