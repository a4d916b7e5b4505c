/* The one door to the regular expression library (docs/decisions/0013: which one, and why). Syntax and meaning are RE2's as Go has them:
 * what RE2 refuses (backreferences, lookaround, possessive and atomic groups, recursion, \C, callouts …) is refused here by name;
 * leftmost-first matching; a byte that is no UTF-8 counts as one character U+FFFD. No pattern and no subject costs more than a bounded
 * time: a match that would take longer ends as REGEX_LIMIT, which callers count and treat as "does not match".
 * Narrower than RE2: 63 groups, 200 levels of parentheses, and a pattern whose repeats make it larger than 64 KiB of compiled code.
 * One thread at a time: a struct regex has the scratch memory of its matches in it. */
#ifndef PARSERS_REGEX_REGEX_H
#define PARSERS_REGEX_REGEX_H

#include "parsers/bytes/buf.h"

enum { REGEX_GROUPS_MAX = 64, REGEX_PATTERN_MAX = 4096, REGEX_SUBJECT_MAX = 1 << 20 /* longer ones are REGEX_LIMIT */ };
enum regex_result { REGEX_NO, REGEX_MATCH, REGEX_LIMIT };
enum regex_flags { REGEX_ANCHORED = 1 /* as ^(?s:pattern)$ : the whole subject, as Prometheus anchors */ };

struct regex;
struct regex_groups { /* of the last match; views into the subject; p == NULL: the group took no part */
	struct str at[REGEX_GROUPS_MAX]; /* [0] is the whole match */
	size_t count;
};
/* NULL and err (one sentence with the offset) when the pattern is not RE2's. */
struct regex *regex_new(struct str pattern, unsigned flags, char err[256]);
void regex_free(struct regex *r);
/* groups may be NULL. The search starts at `from`; what stands before it is seen by ^ and \b. */
enum regex_result regex_match(const struct regex *r, struct str subject, size_t from, struct regex_groups *groups);
/* From now on each match that is given up (REGEX_LIMIT) adds one there; it outlives r. */
void regex_count_limits(struct regex *r, uint64_t *counter);
size_t regex_group_count(const struct regex *r); /* with [0] */
/* "" for one without a name; two may have the same, as in Go. */
struct str regex_group_name(const struct regex *r, size_t group);
/* Go's Regexp.Expand: $1, ${1}, $name, ${name}, $$ ; $1x is the group "1x"; a group that does not exist is empty. Names are of ASCII
 * letters, digits and '_'. */
void regex_expand(const struct regex *r, struct str template_, const struct regex_groups *groups, struct buf *out);

#endif
