/* The first line is pipeline_stages, as JSON; the lines behind it are log lines of one log, a line `\x01` flushes what is kept.
 * Whatever the configuration and the lines are: what comes out is bounded, labels stay sorted and have values, a drop has its
 * reason, and each line is in one entry. */
#include <assert.h>
#include <stdlib.h>

#include "tests/unit/parsers/stage_tree.h"

enum { OUTPUT_MAX = 1 << 20, NOW_NS = 1000000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen { size_t sum, lines; };

static void check(void *ctx, struct entry *e)
{
	struct seen *seen = ctx;
	size_t *sum = &seen->sum;
	seen->lines += 1 + e->joined;
	assert(e->line.n <= OUTPUT_MAX + 16);
	for (size_t i = 0; i < e->line.n; i++)
		*sum += (unsigned char)e->line.p[i];
	for (size_t i = 0; i < e->labels.count; i++)
		assert(e->labels.at[i].value.n > 0 && (i == 0 || str_cmp(e->labels.at[i - 1].name, e->labels.at[i].name) < 0));
	for (size_t i = 0; i < e->extracted_count; i++) {
		*sum += e->extracted[i].kind == VALUE_STRING && e->extracted[i].text.n ? (unsigned char)e->extracted[i].text.p[0] :
			0;
		for (size_t k = 0; k < i; k++)
			assert(!str_eq(e->extracted[i].name, e->extracted[k].name));
	}
	assert(!e->drop_reason || e->drop_reason[0]);
}

static void run(struct stages *p, struct str lines)
{
	struct stages_state *s = stages_state_new(p);
	struct labels labels = { 0 };
	struct arena arena = { 0 };
	struct seen seen = { 0 };
	size_t fed = 0;
	for (int64_t now = NOW_NS; lines.n; now += NOW_NS) {
		struct str line = str_cut(&lines, '\n');
		if (str_eq(line, STR("\x01"))) {
			stages_flush(p, s, now, false, check, &seen);
			continue;
		}
		labels_reset(&labels);
		labels_set(&labels, STR("app"), STR("shop"));
		labels_set(&labels, STR("level"), STR("1.5"));
		fed++;
		struct entry e = { .line = line, .timestamp_ns = now, .labels = labels, .arena = &arena };
		stages_run(p, s, &e, now, check, &seen);
		labels = e.labels;
		labels_fini(&e.metadata);
		arena_reset(&arena);
	}
	stages_flush(p, s, INT64_MAX / 2, true, check, &seen);
	assert(!stages_is_holding(s) && seen.lines == fed); /* each line has one end */
	stages_state_free(s);
	labels_fini(&labels);
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str lines = { (const char *)data, size }, config = str_cut(&lines, '\n');
	struct arena arena = { 0 };
	char problem[256] = "";
	struct stage_node tree = tree_read(config, &arena);
	struct stages *p = stages_compile(&tree, tree_first_problem, problem);
	assert(p || problem[0]);
	if (p)
		run(p, lines);
	stages_free(p);
	arena_fini(&arena);
	return 0;
}
