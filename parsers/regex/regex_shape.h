/* What most patterns of relabelling are: a literal, several of them, with .* or .+ in front or behind. They are compared, not run. */
#ifndef PARSERS_REGEX_REGEX_SHAPE_H
#define PARSERS_REGEX_REGEX_SHAPE_H

#include "parsers/regex/regex.h"

enum { SHAPE_LITERALS = 32, SHAPE_BYTES = 1024 };
enum regex_shape_kind { SHAPE_NONE, SHAPE_LITERAL /* one of the literals */, SHAPE_AROUND /* head, anything, tail */ };
struct regex_shape {
	enum regex_shape_kind kind;
	bool is_group;         /* all of it is group 1 */
	bool is_middle_group;  /* the .* is group 1 */
	bool needs_one;        /* .+ */
	size_t count;
	struct { unsigned short at, n; } literal[SHAPE_LITERALS]; /* in bytes; SHAPE_AROUND: head and tail */
	char bytes[SHAPE_BYTES];
};

/* pattern: one that has been compiled with REGEX_ANCHORED. kind stays SHAPE_NONE where it is nothing so simple. */
void regex_shape_read(struct regex_shape *s, struct str pattern);
bool regex_shape_match(const struct regex_shape *s, struct str subject, struct regex_groups *groups);

#endif
