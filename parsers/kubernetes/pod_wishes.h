/* What the annotations of a pod ask for its logs. Whoever may make a pod writes them, so: few words, a strict grammar, values with an end,
 * and only what the administrator allows. What is not understood asks for nothing and is counted. docs/KUBERNETES.md has the list. */
#ifndef PARSERS_KUBERNETES_POD_WISHES_H
#define PARSERS_KUBERNETES_POD_WISHES_H

#include "parsers/labels.h"
#include "parsers/trace/line_form.h"

enum pod_wish { POD_WISH_EXCLUDE = 1, POD_WISH_STACK_TRACES = 2, POD_WISH_RATE = 4, POD_WISH_TRACE_KEY = 8, POD_WISH_PARSER = 16 };
enum { POD_WISHES_RATE_MAX = 1000000, POD_WISHES_TRACE_KEY_MAX = 64 };

struct pod_wishes { /* views into the annotations */
	bool is_excluded;             /* its logs are not read */
	struct str excluded_by;       /* the annotation that says so */
	bool has_stack_traces;        /* it says */
	bool joins_stack_traces;      /* whether they become one entry */
	enum line_form form;          /* how its lines are written */
	uint64_t lines_per_second;    /* 0: as many as it likes */
	struct str trace_key;         /* a field in which its lines name their trace; empty: only the usual ones */
	size_t bad_count;             /* annotations that are not understood */
	struct str bad;               /* the first of them */
};

/* The word of the configuration for a wish, "exclude" for one; 0: there is none of that name. */
unsigned pod_wish_of(struct str word);
#define POD_WISH_WORDS "exclude, stack_traces, parser, rate or trace_key"
/* For one container of the pod; allowed: of enum pod_wish. */
void pod_wishes_read(struct pod_wishes *out, const struct label *annotations, size_t count, struct str container, unsigned allowed);

#endif
