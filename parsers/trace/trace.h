/* Trace context out of a log line, with no configuration. The rules are docs/TRACE-IDS.md; every one of them has a
 * sample in tests/fixtures/trace. Ids are copied out: nothing points into the line. */
#ifndef PARSERS_TRACE_TRACE_H
#define PARSERS_TRACE_TRACE_H

#include "parsers/bytes/str.h"

enum trace_result {
	TRACE_NONE,      /* nothing in the line claims to be a trace id */
	TRACE_VALID,     /* context filled */
	TRACE_ZERO,      /* a trace key with an absent value (all zeros, empty, null, -) and no valid one */
	TRACE_MALFORMED, /* a trace key with a value that is no id (wrong width, dashed UUID, text) and no valid one */
	TRACE_RESULTS
};
extern const char *const trace_result_names[TRACE_RESULTS]; /* "none" "valid" "zero" "malformed": metric label values */

enum trace_source { /* who said so */
	TRACE_FROM_LINE,    /* the line itself */
	TRACE_FROM_RECORD,  /* the line that a stack trace begins with */
	TRACE_FROM_REQUEST, /* another line with the same request id */
	TRACE_SOURCES
};
extern const char *const trace_source_names[TRACE_SOURCES]; /* "line" "record" "request" */

struct trace_context {
	char trace_id[32]; /* lower-case hex */
	char span_id[16];  /* lower-case hex, meaningful when has_span */
	bool has_span;
	signed char sampled; /* 1 yes, 0 no, -1 the line does not tell */
	unsigned char source; /* enum trace_source; trace_find says TRACE_FROM_LINE */
};

/* Linear in line.n; no allocation, no recursion. *out is meaningful only with TRACE_VALID. */
enum trace_result trace_find(struct str line, struct trace_context *out);

#endif
