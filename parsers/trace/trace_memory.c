/* Most lines with an id are followed by another one with an id: so a line is only classified when one without an id follows it, or
 * when its bytes go away, and not even then when that one can go on with nothing. Lines of logs without any id cost two comparisons. */
#include "parsers/trace/trace_memory.h"

#include "parsers/trace/request_id.h"

enum { PAIRS_MOST = 4096 };

void trace_memory_init(struct trace_memory *m, bool stack_traces, bool request_ids)
{
	*m = (struct trace_memory){ .stack_traces = stack_traces, .request_ids = request_ids };
	m->pairs = (struct trace_pairs){ .window = TRACE_MEMORY_BYTES, .most = PAIRS_MOST };
}

void trace_memory_fini(struct trace_memory *m)
{
	trace_pairs_fini(&m->pairs);
}

void trace_memory_reset(struct trace_memory *m)
{
	m->heads[0].has_trace = m->heads[1].has_trace = false;
	trace_pairs_reset(&m->pairs);
}

/* ---- stack traces ---- */

static void classify(struct trace_head *h)
{
	h->block = (struct stacktrace){ 0 };
	stacktrace_continues(&h->block, h->line);
	h->is_pending = false;
	h->has_trace = h->block.kind != STACKTRACE_NONE; /* nothing ever goes on with such a line */
}

void trace_memory_settle(struct trace_memory *m)
{
	for (size_t i = 0; i < COUNT_OF(m->heads); i++)
		if (m->heads[i].has_trace && m->heads[i].is_pending)
			classify(&m->heads[i]);
}

static void begin_block(struct trace_head *h, const struct memory_line *line, const struct trace_context *trace)
{
	h->has_trace = h->is_pending = true;
	h->line = line->text;
	h->at = line->at;
	h->newest_ns = line->timestamp_ns;
	h->trace = *trace;
	h->level = line->level;
	if (!line->is_lasting)
		classify(h);
}

static bool goes_on(struct trace_head *h, const struct memory_line *line)
{
	int64_t gap_ns;
	if (line->at < h->at || line->at - h->at > TRACE_MEMORY_BYTES ||
	    __builtin_sub_overflow(line->timestamp_ns, h->newest_ns, &gap_ns) || gap_ns > TRACE_MEMORY_GAP_NS)
		return false;
	if (!stacktrace_may_continue(line->text))
		return false; /* nearly always, and then the head need not be looked at */
	if (h->is_pending)
		classify(h);
	h->newest_ns = line->timestamp_ns;
	return h->has_trace && stacktrace_continues(&h->block, line->text);
}

static bool ask_record(struct trace_head *h, const struct memory_line *line, struct trace_context *trace, enum level *level)
{
	h->has_trace = h->has_trace && goes_on(h, line);
	if (!h->has_trace)
		return false;
	*trace = h->trace;
	trace->source = TRACE_FROM_RECORD;
	*level = h->level > line->level ? h->level : line->level;
	return true;
}

/* ---- requests ---- */

static void tell_request(struct trace_memory *m, const struct memory_line *line, const struct trace_context *trace, struct trace_pairs *pairs)
{
	struct str id;
	if (!request_id_find(line->text, &id))
		return;
	trace_pairs_put(&m->pairs, id, trace, line->at);
	if (pairs)
		trace_pairs_put(pairs, id, trace, (uint64_t)line->timestamp_ns);
}

static bool ask_request(const struct trace_memory *m, const struct memory_line *line, struct trace_context *trace, const struct trace_pairs *pairs)
{
	struct str id;
	if (m->pairs.used == 0 && !(pairs && pairs->used))
		return false;
	if (!request_id_find(line->text, &id))
		return false;
	if (!trace_pairs_get(&m->pairs, id, line->at, trace) && !(pairs && trace_pairs_get(pairs, id, (uint64_t)line->timestamp_ns, trace)))
		return false;
	trace->source = TRACE_FROM_REQUEST;
	return true;
}

enum trace_result trace_memory_line(struct trace_memory *m, const struct memory_line *line, enum trace_result result, struct trace_context *trace,
	enum level *level, struct trace_pairs *pairs)
{
	struct trace_head *h = &m->heads[line->is_stderr];
	*level = line->level;
	if (result == TRACE_VALID && !line->was_joined) {
		if (m->request_ids)
			tell_request(m, line, trace, pairs);
		if (m->stack_traces)
			begin_block(h, line, trace);
		return result;
	}
	if (result != TRACE_NONE) {
		h->has_trace = false;
		return result;
	}
	if (h->has_trace && ask_record(h, line, trace, level))
		return TRACE_VALID;
	if (!m->request_ids || !ask_request(m, line, trace, pairs))
		return TRACE_NONE;
	if (m->stack_traces && !line->was_joined)
		begin_block(h, line, trace);
	return TRACE_VALID;
}
