/* Lines, each told in two ways: with bytes that last and with bytes that go away. Both give the same ids, and only to lines that have none. */
#include <assert.h>
#include <stdlib.h>

#include "parsers/trace/trace_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum trace_result tell(struct trace_memory *m, struct str text, bool is_lasting, uint64_t at, struct trace_context *t)
{
	enum level level = LEVEL_UNKNOWN;
	struct memory_line line = { .text = text, .at = at, .timestamp_ns = (int64_t)at * 100000000, .is_stderr = text.n && text.p[0] == '!',
				    .is_lasting = is_lasting, .was_joined = text.n && text.p[0] == '&', .level = level_detect(text) };
	*t = (struct trace_context){ 0 };
	enum trace_result found = trace_find(text, t), result = trace_memory_line(m, &line, found, t, &level, NULL);
	assert(result == found || (found == TRACE_NONE && result == TRACE_VALID && t->source != TRACE_FROM_LINE));
	assert(level >= line.level);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace_memory lasting, passing;
	struct str rest = { (const char *)data, size };
	trace_memory_init(&lasting, true, true);
	trace_memory_init(&passing, true, true);
	for (uint64_t at = 0; rest.n; at++) {
		struct str line = str_cut(&rest, '\n');
		struct trace_context a, b;
		char *copy = malloc(line.n ? line.n : 1);
		if (!copy)
			abort();
		memcpy(copy, line.p, line.n);
		enum trace_result first = tell(&lasting, line, true, at, &a), second = tell(&passing, (struct str){ copy, line.n }, false, at, &b);
		free(copy);
		assert(first == second);
		if (first == TRACE_VALID)
			assert(memcmp(a.trace_id, b.trace_id, sizeof a.trace_id) == 0 && a.source == b.source && a.has_span == b.has_span && a.sampled == b.sampled);
	}
	trace_memory_settle(&lasting);
	trace_memory_fini(&lasting);
	trace_memory_fini(&passing);
	return 0;
}
