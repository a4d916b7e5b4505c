/* The stages that keep lines back, with lines and moments out of the input: what goes in comes out, once, however it is held.
 * The first byte chooses the pipeline; each line's first byte moves the clock and may flush. */
#include <assert.h>

#include "parsers/stages/stages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT(literal) { .kind = STAGE_SCALAR, .text = { literal, sizeof(literal) - 1 } }
#define KEY(literal) { literal, sizeof(literal) - 1 }
#define MAP(k, v) { .kind = STAGE_MAP, .items = v, .keys = k, .count = COUNT_OF(k) }

static const struct str multiline_keys[] = { KEY("firstline"), KEY("max_wait_time"), KEY("max_lines") };
static const struct stage_node multiline_values[] = { TEXT("^>"), TEXT("3s"), TEXT("4") };
static const struct stage_node multiline = MAP(multiline_keys, multiline_values);
static const struct str cri_keys[] = { KEY("max_partial_lines") };
static const struct stage_node cri_values[] = { TEXT("1") };
static const struct stage_node cri = MAP(cri_keys, cri_values);
static const struct str limit_keys[] = { KEY("rate"), KEY("burst") };
static const struct stage_node limit_values[] = { TEXT("1"), TEXT("2") };
static const struct stage_node limit = MAP(limit_keys, limit_values);
static const struct str names[][1] = { { KEY("multiline") }, { KEY("cri") }, { KEY("limit") }, { KEY("docker") } };
static const struct stage_node stages[] = {
	{ .kind = STAGE_MAP, .items = &multiline, .keys = names[0], .count = 1 },
	{ .kind = STAGE_MAP, .items = &cri, .keys = names[1], .count = 1 },
	{ .kind = STAGE_MAP, .items = &limit, .keys = names[2], .count = 1 },
	{ .kind = STAGE_MAP, .items = &multiline, .keys = names[0], .count = 1 },
};
static const struct { size_t from, count; bool is_whole; /* no byte of a line is framing */ } pipelines[] = {
	{ 0, 1, true }, { 2, 2, true }, { 1, 1, false }, { 1, 3, false }, { 0, 3, false },
};

struct sum { size_t bytes, entries, lines; };

static void emit(void *ctx, struct entry *e)
{
	struct sum *out = ctx;
	for (size_t i = 0; i < e->line.n; i++)
		out->bytes += e->line.p[i] != '\n';
	out->entries++;
	out->lines += 1 + e->joined;
	assert(!e->drop_reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 65536)
		return 0;
	size_t which = data[0] % COUNT_OF(pipelines);
	const struct stage_node list = { .kind = STAGE_LIST, .items = stages + pipelines[which].from,
		.count = pipelines[which].count };
	struct stages *p = stages_compile(&list, NULL, NULL);
	struct stages_state *s = stages_state_new(p);
	struct str rest = { (const char *)data + 1, size - 1 };
	struct arena arena = { 0 };
	struct sum in = { 0 }, out = { 0 };
	int64_t now_ns = 1;
	while (rest.n) {
		struct str line = str_cut(&rest, '\n');
		unsigned char moves = line.n ? (unsigned char)line.p[0] : 0;
		now_ns += ((int64_t)(moves % 16) - 1) * 300000000; /* a step back now and then */
		struct entry e = { .line = line, .arena = &arena };
		in.bytes += line.n;
		in.entries++;
		stages_run(p, s, &e, now_ns, emit, &out);
		labels_fini(&e.labels);
		labels_fini(&e.metadata);
		arena_reset(&arena);
		if (moves & 16)
			assert(stages_flush(p, s, now_ns, false, emit, &out) > now_ns);
	}
	stages_flush(p, s, now_ns, true, emit, &out);
	assert(!stages_is_holding(s) && out.entries <= in.entries && out.lines == in.entries && out.bytes <= in.bytes);
	assert(!pipelines[which].is_whole || out.bytes == in.bytes);
	assert(stages_not_before(s) >= 0);
	arena_fini(&arena);
	stages_state_free(s);
	stages_free(p);
	return 0;
}
