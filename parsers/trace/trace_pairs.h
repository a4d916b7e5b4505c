/* Which trace a request belongs to: request ids that were seen together with a trace id, for a while. "When" is any number that
 * ascends: an offset, a time. What is asked for is only answered out of the window around the question, so that the answer depends on
 * what was put there and on nothing that happened to the table before.
 *
 * Bounded: at most `most` slots of 48 bytes, three quarters of them in use; beyond that the older half is forgotten. */
#ifndef PARSERS_TRACE_TRACE_PAIRS_H
#define PARSERS_TRACE_TRACE_PAIRS_H

#include "parsers/trace/trace.h"

struct trace_pair;
struct trace_pairs { /* with window and most set, and the rest zero, it is empty */
	uint64_t window;
	size_t most; /* a power of two, at least 64 */
	struct trace_pair *slots;
	size_t room, used;
};

void trace_pairs_fini(struct trace_pairs *p); /* empty again */
void trace_pairs_reset(struct trace_pairs *p); /* forgets all, keeps the memory */
void trace_pairs_put(struct trace_pairs *p, struct str request_id, const struct trace_context *trace, uint64_t at);
/* Fills trace id and flag; the span is not known. */
bool trace_pairs_get(const struct trace_pairs *p, struct str request_id, uint64_t at, struct trace_context *out);

#endif
