/* Prometheus relabelling: labels and rules in, labels out.  prometheus: model/relabel/relabel.go, notes in docs.
 * Source values are joined by the separator; rules run in order; a drop ends it. */
#ifndef PARSERS_RELABEL_H
#define PARSERS_RELABEL_H

#include "parsers/bytes/arena.h"
#include "parsers/labels.h"
#include "parsers/regex/regex.h"

enum relabel_action {
	RELABEL_REPLACE, RELABEL_KEEP, RELABEL_DROP, RELABEL_KEEPEQUAL, RELABEL_DROPEQUAL, RELABEL_HASHMOD, RELABEL_LABELMAP,
	RELABEL_LABELDROP, RELABEL_LABELKEEP, RELABEL_LOWERCASE, RELABEL_UPPERCASE, RELABEL_ACTIONS
};
extern const char *const relabel_action_names[RELABEL_ACTIONS];

struct relabel_options { /* one rule as the configuration has it; all views outlive the rules */
	const struct str *source_labels;
	size_t source_label_count;
	struct str separator;    /* default ";" (the loader fills it in) */
	struct str regex;        /* default "(.*)" */
	struct str target_label;
	struct str replacement;  /* default "$1" */
	uint64_t modulus;
	enum relabel_action action;
	bool has_separator, has_regex, has_replacement, has_modulus; /* written in the file, for the checks of single actions */
};
struct relabel; /* compiled rules */
/* NULL and err (one sentence that names the rule by number, from 1) when a rule cannot be. No rules: NULL with err[0] == 0,
 * and NULL rules keep everything as it is. */
struct relabel *relabel_new(const struct relabel_options *rules, size_t count, char err[256]);
void relabel_free(struct relabel *r);
/* false: dropped. New values are made in `arena`, which must live as long as the labels. */
bool relabel_apply(const struct relabel *r, struct labels *labels, struct arena *arena);
/* The same, for whoever asks why: *dropped_by is the number of the rule, from 0, when the answer is false. */
bool relabel_explain(const struct relabel *r, struct labels *labels, struct arena *arena, size_t *dropped_by);
uint64_t relabel_limits_hit(const struct relabel *r); /* matches that were given up (REGEX_LIMIT) */

#endif
