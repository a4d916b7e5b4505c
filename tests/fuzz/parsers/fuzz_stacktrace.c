/* Lines through the stage multiline with stack_traces: whatever is grouped, nothing is lost, added or moved. And what begins a
 * block is told from the line and the block before alone. */
#include <assert.h>

#include "parsers/stages/stacktrace.h"
#include "parsers/stages/stages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str trace_keys[] = { { "stack_traces", 12 }, { "max_lines", 9 } };
static const struct stage_node trace_values[] = { { .kind = STAGE_SCALAR, .text = { "true", 4 } },
	{ .kind = STAGE_SCALAR, .text = { "16", 2 } } };
static const struct stage_node config = { .kind = STAGE_MAP, .items = trace_values, .keys = trace_keys, .count = 2 };
static const struct str stage_keys[] = { { "multiline", 9 } };
static const struct stage_node stage = { .kind = STAGE_MAP, .items = &config, .keys = stage_keys, .count = 1 };
static const struct stage_node pipeline = { .kind = STAGE_LIST, .items = &stage, .count = 1 };

static void emit(void *ctx, struct entry *e)
{
	struct buf *out = ctx;
	buf_str(out, e->line);
	buf_char(out, '\n');
}

static void check_alone(struct str rest)
{
	struct stacktrace t = { 0 };
	for (bool is_first = true; rest.n; is_first = false) {
		struct str line = str_cut(&rest, '\n');
		struct stacktrace before = t, again = t, fresh = { 0 };
		bool goes_on = stacktrace_continues(&t, line);
		assert(goes_on == stacktrace_continues(&again, line) && t.kind == again.kind && t.step == again.step);
		assert(!stacktrace_continues(&fresh, line));
		assert(!goes_on || (!is_first && before.kind != STACKTRACE_NONE));
		assert(!goes_on || stacktrace_may_continue(line));
		assert(goes_on || (t.kind == fresh.kind && t.step == fresh.step));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 65536)
		return 0;
	struct str all = { (const char *)data, size }, rest = all;
	struct stages *p = stages_compile(&pipeline, NULL, NULL);
	struct stages_state *s = stages_state_new(p);
	struct arena arena = { 0 };
	struct buf out;
	buf_init(&out, size + 2);
	while (rest.n) {
		struct entry e = { .line = str_cut(&rest, '\n'), .arena = &arena };
		stages_run(p, s, &e, 1, emit, &out);
		arena_reset(&arena);
	}
	stages_flush(p, s, 1, true, emit, &out);
	assert(!stages_is_holding(s));
	if (str_ends(all, STR("\n")))
		all.n--;
	assert(size == 0 || (!out.is_full && out.n == all.n + 1 && memcmp(out.p, all.p, all.n) == 0));
	buf_fini(&out);
	arena_fini(&arena);
	stages_state_free(s);
	stages_free(p);
	check_alone((struct str){ (const char *)data, size });
	return 0;
}
