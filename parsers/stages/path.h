/* A way into a JSON document: the part of JMESPath (jmespath.org) that only selects: names, "quoted names", [indexes], joined by
 * dots. Whatever computes (functions, pipes, filters, wildcards, slices, projections, comparisons) is refused by name. */
#ifndef PARSERS_STAGES_PATH_H
#define PARSERS_STAGES_PATH_H

#include "parsers/bytes/arena.h"

enum { PATH_STEPS_MAX = 64 };
struct path_step {
	bool is_index;
	int64_t index;  /* from the end when negative: -1 is the last */
	struct str key; /* view into the expression or the arena */
};
struct path {
	struct path_step at[PATH_STEPS_MAX];
	size_t count; /* 0: the document itself, "@" */
};

/* false: err, one sentence with the offset. */
bool path_parse(struct str expression, struct arena *arena, struct path *out, char err[256]);

#endif
