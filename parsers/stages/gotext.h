/* Go's text/template, as much of it as log pipelines use: text around actions in {{ }}, with {{- and -}} taking blanks away; .Name
 * and index . "name"; "texts", `raw texts`, whole numbers, true, false; functions with arguments, parentheses and pipes; if, else
 * if, else, end; comments. Refused by name: loops, variables, with, definitions and functions that are not in the table
 * (gotext_names). */
#ifndef PARSERS_STAGES_GOTEXT_H
#define PARSERS_STAGES_GOTEXT_H

#include "parsers/stages/stages.h"

enum { GOTEXT_STEPS_MAX = 512, GOTEXT_ARGUMENTS_MAX = 16, GOTEXT_DEPTH_MAX = 8, GOTEXT_STACK = (GOTEXT_ARGUMENTS_MAX +
	1) * (GOTEXT_DEPTH_MAX + 1) };

struct gotext;
struct gotext_data { /* what the dot is */
	const struct entry *entry; /* its extracted values, as text */
	struct str value, line;    /* .Value and .Entry, when p is set; they hide extracted values of these names */
	bool misses_empty;         /* index . "name" of what is not there is "", as in a map of strings */
};

/* NULL: err, one sentence with the line and byte inside the template. The text is kept as a view. */
struct gotext *gotext_new(struct str text, char err[256]);
void gotext_count_limits(struct gotext *t, uint64_t *counter); /* as regex_count_limits, of all its regular expressions */
void gotext_free(struct gotext *t);
/* Appends to out. false: Go would have stopped with an error (a number where a text should be, …), or out is full. */
bool gotext_run(struct gotext *t, const struct gotext_data *data, struct buf *out);

#endif
