/* A URL taken apart, and judged. */
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include "parsers/bytes/arena.h"
#include "parsers/bytes/str.h"

struct address { /* views of the text */
	struct str scheme, user, password, host, path; /* host with port; path with what follows it */
	bool has_user;
};

/* NULL, or why the text is no address: "expected http:// or https://", for example. schemes: "http|https". */
const char *address_parse(struct str text, const char *schemes, struct address *out);
/* The same address without user-info. */
struct str address_without_user(const struct address *a, struct arena *arena);
/* %41 -> A; a '%' without two hex digits stays. */
struct str address_decode(struct str s, struct arena *arena);

#endif
