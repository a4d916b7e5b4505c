/* The stage pack: wraps the line and some extracted values into one JSON object, {"label":"value",…,"_entry":"the line"}, and
 * takes those labels off the stream; Loki's unpack undoes it. */
#include <stdlib.h>

#include "parsers/stages/stage.h"
#include "parsers/stages/text.h"

struct pack {
	struct str *names; /* sorted, each once */
	size_t name_count;
	bool takes_now;
	struct buf scratch;
};

static void release(void *stage)
{
	struct pack *p = stage;
	free(p->names);
	buf_fini(&p->scratch);
	free(p);
}

static int by_bytes(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	const struct stage_node *labels = stage_read_list(c, config, "labels", true);
	struct pack *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	buf_init(&p->scratch, STAGE_OUTPUT_MAX);
	p->takes_now = true;
	stage_read_bool(c, config, "ingest_timestamp", &p->takes_now);
	size_t count = !labels ? 0 : labels->kind == STAGE_SCALAR ? 1 : labels->count;
	p->names = calloc(count + 1, sizeof *p->names);
	if (!p->names)
		abort();
	for (size_t i = 0; i < count; i++)
		p->names[i] = labels->kind == STAGE_SCALAR ? labels->text : labels->items[i].text;
	if (count)
		qsort(p->names, count, sizeof *p->names, by_bytes);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || !str_eq(p->names[i], p->names[p->name_count - 1]))
			p->names[p->name_count++] = p->names[i];
	if (!c->has_failed)
		return p;
	release(p);
	return NULL;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	struct pack *p = stage;
	struct buf *out = &p->scratch;
	buf_char(out, '{');
	for (size_t i = 0; i < p->name_count; i++) {
		struct extracted *x = extracted_get(e, p->names[i]);
		struct str value;
		if (!x || !extracted_text(e, x, &value))
			continue;
		text_json(out, p->names[i]);
		buf_char(out, ':');
		text_json(out, value);
		buf_char(out, ',');
	}
	buf_str(out, STR("\"_entry\":"));
	text_json(out, e->line);
	buf_char(out, '}');
	bool is_good = !out->is_full;
	if (is_good)
		e->line = arena_copy(e->arena, buf_view(out));
	stage_scratch_reset(out);
	if (!is_good)
		return STAGE_NEXT;
	for (size_t i = 0; i < p->name_count; i++) {
		struct extracted *x = extracted_get(e, p->names[i]);
		if (x && x->kind != VALUE_NONE && labels_has(&e->labels, p->names[i])) {
			labels_set(&e->labels, p->names[i], STR(""));
			e->has_changed_labels = true;
		}
	}
	if (p->takes_now)
		e->timestamp_ns = turn->now_ns;
	return STAGE_NEXT;
}

static const char *const keys[] = { "labels", "ingest_timestamp", NULL };
const struct stage_type stage_pack = { .name = "pack", .keys = keys, .compile = compile, .run = run, .free = release };
