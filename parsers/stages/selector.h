/* The stream selector and line filters of a match stage: {app="x", level!~"debug|info"} |= "error" != "timeout" |~ "code [45]".
 * Language: loki clients/pkg/logentry/logql (expr.y, parser.go), a small ancestor of LogQL: no parser expressions, no {}, no comma
 * at the end. Text in back quotes is taken too, as LogQL proper has it. A label that is absent has the value "". */
#ifndef PARSERS_STAGES_SELECTOR_H
#define PARSERS_STAGES_SELECTOR_H

#include "parsers/labels.h"

enum { SELECTOR_TEXT_MAX = 65536, SELECTOR_TERMS_MAX = 256 };

struct selector;
/* NULL and err (one sentence with the column, from 1) when it is none. Keeps nothing of text. */
struct selector *selector_new(struct str text, char err[256]);
void selector_free(struct selector *s); /* NULL is fine */

/* Where a label's value is found; ctx is the caller's. */
typedef struct str selector_label(const void *ctx, struct str name);
/* All matchers and all filters hold. Matchers are anchored at both ends, filters search. A regex that gives up counts as not
 * found. */
bool selector_matches(struct selector *s, selector_label *label, const void *ctx, struct str line);
/* As regex_count_limits, of all its terms. */
void selector_count_limits(struct selector *s, uint64_t *counter);
size_t selector_term_count(const struct selector *s);

#endif
