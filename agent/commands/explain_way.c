#include "agent/commands/explain_way.h"

#include <stdio.h>
#include <stdlib.h>

#include "exporters/loki.h"
#include "parsers/bytes/utf8.h"
#include "parsers/cri.h"
#include "parsers/dockerjson.h"
#include "parsers/join.h"
#include "parsers/stages/stages.h"

enum { TEXT_MOST = 8 << 20, EFFECT_MOST = 4096, SHOWN_MOST = 120, WHERE_BYTES = 24 };

struct run {
	struct explain_way *way;
	const struct explain_window *w;
	const struct config_scrape *job;
	struct stages *stages;
	struct stages_state *state;
	struct labels streams[2];
	struct join *joins[2];
	size_t first[2], pieces[2]; /* of what is joined: order of its first line, how many */
	struct buf unescaped, repaired;
	struct arena entry_arena;
	bool find_traces;
	size_t max_line_bytes, first_number;
	int64_t now_ns;
	uint64_t wanted; /* order of the line that is asked for; the first one of the window is 1 */
};

/* ---- labels as text ---- */

static struct str unquote(struct str *rest, struct arena *arena)
{
	size_t n = 0;
	bool is_plain = true;
	while (n < rest->n && rest->p[n] != '"') {
		is_plain &= rest->p[n] != '\\';
		n += rest->p[n] == '\\' ? 2 : 1;
	}
	n = n < rest->n ? n : rest->n;
	struct str raw = str_take(*rest, n);
	*rest = str_skip(*rest, n + 1);
	if (is_plain)
		return raw;
	char *to = arena_alloc(arena, raw.n + 1);
	size_t used = 0;
	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];
		if (c == '\\' && i + 1 < raw.n) {
			c = raw.p[++i];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
		}
		to[used++] = c;
	}
	return (struct str){ to, used };
}

bool explain_labels(struct str text, struct labels *out, struct arena *arena)
{
	if (text.n < 2 || text.p[0] != '{' || text.p[text.n - 1] != '}')
		return false;
	struct str rest = { text.p + 1, text.n - 2 };
	while (rest.n) {
		while (rest.n && (rest.p[0] == ' ' || rest.p[0] == ','))
			rest = str_skip(rest, 1);
		if (rest.n == 0)
			break;
		struct str name = str_cut(&rest, '=');
		if (name.n == 0 || rest.n == 0 || rest.p[0] != '"')
			return false;
		rest = str_skip(rest, 1);
		labels_set(out, name, unquote(&rest, arena));
	}
	return true;
}

static struct str render(struct arena *arena, const struct labels *labels)
{
	struct buf text;
	struct labels copy = { 0 };
	buf_init(&text, TEXT_MOST);
	labels_copy(&copy, labels);
	loki_labels_render(copy.at, copy.count, &text);
	struct str kept = arena_copy(arena, buf_view(&text));
	labels_fini(&copy);
	buf_fini(&text);
	return kept;
}

/* ---- what a stage did ---- */

static void put_short(struct buf *out, struct str s)
{
	buf_char(out, '"');
	buf_json(out, str_take(s, utf8_floor(s, s.n < SHOWN_MOST ? s.n : SHOWN_MOST)));
	buf_str(out, s.n > SHOWN_MOST ? STR("…\"") : STR("\""));
}

static void separate(struct buf *out)
{
	if (out->n)
		buf_str(out, STR("; "));
}

static void compare_labels(struct buf *out, const char *what, const struct labels *before, const struct labels *after)
{
	for (size_t i = 0; i < after->count; i++) {
		const struct label *l = &after->at[i];
		if (labels_has(before, l->name) && str_eq(labels_get(before, l->name), l->value))
			continue;
		separate(out);
		buf_printf(out, "%s " STR_FMT "=", what, STR_ARG(l->name));
		put_short(out, l->value);
	}
	for (size_t i = 0; i < before->count; i++)
		if (!labels_has(after, before->at[i].name)) {
			separate(out);
			buf_printf(out, "%s " STR_FMT " removed", what, STR_ARG(before->at[i].name));
		}
}

static const struct extracted *extracted_find(const struct entry *e, struct str name)
{
	for (size_t i = 0; i < e->extracted_count; i++)
		if (str_eq(e->extracted[i].name, name))
			return &e->extracted[i];
	return NULL;
}

static void put_value(struct buf *out, const struct extracted *x)
{
	if (x->kind == VALUE_NUMBER)
		buf_printf(out, "%.15g", x->number);
	else if (x->kind == VALUE_BOOL)
		buf_str(out, x->truth ? STR("true") : STR("false"));
	else if (x->kind == VALUE_NONE)
		buf_str(out, STR("nothing"));
	else
		put_short(out, x->text);
}

static bool same_value(const struct extracted *a, const struct extracted *b)
{
	return a->kind == b->kind && str_eq(a->text, b->text) && a->truth == b->truth && !(a->number < b->number) && !(a->number > b->number);
}

static void compare(struct buf *out, const struct entry *before, const struct entry *after)
{
	for (size_t i = 0; i < after->extracted_count; i++) {
		const struct extracted *x = &after->extracted[i], *old = extracted_find(before, x->name);
		if (old && same_value(old, x))
			continue;
		separate(out);
		buf_printf(out, "extracted " STR_FMT "=", STR_ARG(x->name));
		put_value(out, x);
	}
	compare_labels(out, "label", &before->labels, &after->labels);
	compare_labels(out, "structured metadata", &before->metadata, &after->metadata);
	if (!str_eq(before->line, after->line)) {
		separate(out);
		buf_str(out, STR("line is now "));
		put_short(out, after->line);
	}
	if (before->timestamp_ns != after->timestamp_ns) {
		separate(out);
		buf_printf(out, "timestamp moved by %.3f s", (double)(after->timestamp_ns - before->timestamp_ns) / 1e9);
	}
	if (!str_eq(before->tenant, after->tenant)) {
		separate(out);
		buf_str(out, STR("tenant is now "));
		put_short(out, after->tenant);
	}
	if (after->joined > before->joined) {
		separate(out);
		buf_printf(out, "%llu more lines joined to it", (unsigned long long)(after->joined - before->joined));
	}
}

static bool holds_wanted(const struct run *r, const struct entry *e)
{
	return e->first.order <= r->wanted && r->wanted <= e->last;
}

static void on_look(void *ctx, const char *stage, const struct entry *before, const struct entry *after)
{
	struct run *r = ctx;
	struct explain_way *way = r->way;
	if (!holds_wanted(r, after) || way->step_count == COUNT_OF(way->steps))
		return;
	struct buf effect;
	buf_init(&effect, EFFECT_MOST);
	compare(&effect, before, after);
	bool is_drop = after->drop_reason && !before->drop_reason;
	if (is_drop) {
		separate(&effect);
		buf_printf(&effect, "DROPPED: %s", after->drop_reason);
		way->dropped_by = r->first_number + stages_look_at(r->stages);
	}
	way->steps[way->step_count++] = (struct explain_step){ r->first_number + stages_look_at(r->stages), arena_copy(&way->arena, str_of(stage)),
							       arena_copy(&way->arena, effect.n ? buf_view(&effect) : STR("nothing")), is_drop };
	buf_fini(&effect);
}

/* What the agent adds to what the stages have made (exporters/loki.c: loki_entry). */
static struct str render_metadata(struct explain_way *way, const struct entry *e)
{
	struct labels all = { 0 };
	const struct trace_context *t = &e->origin.trace;
	labels_copy(&all, &e->metadata);
	if (e->origin.trace_result == TRACE_VALID && !labels_has(&all, STR("trace_id"))) {
		labels_set(&all, STR("trace_id"), (struct str){ t->trace_id, sizeof t->trace_id });
		if (t->has_span)
			labels_set(&all, STR("span_id"), (struct str){ t->span_id, sizeof t->span_id });
		if (t->sampled >= 0)
			labels_set(&all, STR("trace_flags"), t->sampled ? STR("01") : STR("00"));
	}
	if (e->origin.level != LEVEL_UNKNOWN)
		labels_set(&all, STR("detected_level"), str_of(level_names[e->origin.level]));
	struct str text = render(&way->arena, &all);
	labels_fini(&all);
	return text;
}

static void finish(struct run *r, const struct entry *e)
{
	struct explain_way *way = r->way;
	way->has_come_out = true;
	way->dropped = arena_copy(&way->arena, str_of(e->drop_reason));
	way->line = arena_copy(&way->arena, e->line);
	way->labels = render(&way->arena, &e->labels);
	way->metadata = render_metadata(way, e);
	way->tenant = arena_copy(&way->arena, e->tenant);
	way->joined = e->joined;
	way->sent_timestamp_ns = e->timestamp_ns;
}

static void on_entry(void *ctx, struct entry *e)
{
	struct run *r = ctx;
	if (holds_wanted(r, e) && !r->way->has_come_out)
		finish(r, e);
}

/* ---- a record ---- */

/* The bytes in front of the id, as far as they say something: a key and what parts it from its value. */
static struct str find_trace(struct explain_way *way, struct str line)
{
	for (size_t at = 0; at + sizeof way->trace.trace_id <= line.n; at++)
		if (str_ieq((struct str){ line.p + at, sizeof way->trace.trace_id }, (struct str){ way->trace.trace_id, sizeof way->trace.trace_id })) {
			size_t least = at > WHERE_BYTES ? at - WHERE_BYTES : 0, from = at;
			while (from > least && strchr(" \t\"'\\:=", line.p[from - 1])) /* what parts key and value */
				from--;
			while (from > least && !strchr(" \t,{[(", line.p[from - 1]))
				from--;
			return arena_copy(&way->arena, (struct str){ line.p + from, at - from });
		}
	return (struct str){ 0 };
}

static void record(struct run *r, size_t first, size_t last, size_t pieces, int64_t timestamp_ns, bool is_stderr, struct str line, bool is_framed)
{
	struct explain_way *way = r->way;
	struct entry e = { .timestamp_ns = timestamp_ns ? timestamp_ns : r->now_ns, .arena = &r->entry_arena, .first.order = first, .last = last };
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (utf8_valid(line) != line.n) {
		buf_reset(&r->repaired);
		utf8_repair(line, &r->repaired);
		line = buf_view(&r->repaired);
	}
	e.line = str_take(line, line.n > r->max_line_bytes ? utf8_floor(line, r->max_line_bytes) : line.n);
	e.origin.level = level_detect(e.line);
	if (r->find_traces)
		e.origin.trace_result = trace_find(e.line, &e.origin.trace);
	labels_copy(&e.labels, &r->streams[is_stderr]);
	if (holds_wanted(r, &e)) {
		way->is_framed = is_framed;
		way->is_stderr = is_stderr;
		way->pieces = pieces;
		way->timestamp_ns = timestamp_ns;
		way->message = arena_copy(&way->arena, e.line);
		way->level = e.origin.level;
		way->trace_result = e.origin.trace_result;
		way->trace = e.origin.trace;
		way->trace_where = way->trace_result == TRACE_VALID ? find_trace(way, e.line) : (struct str){ 0 };
	}
	if (r->stages)
		stages_run(r->stages, r->state, &e, r->now_ns, on_entry, r);
	else
		on_entry(r, &e);
	arena_reset(&r->entry_arena);
	labels_fini(&e.labels);
	labels_fini(&e.metadata);
}

static void join_piece(struct run *r, const struct runtime_line *piece, size_t order)
{
	struct join *join = r->joins[piece->is_stderr];
	struct str line;
	int64_t timestamp_ns;
	if (!join->is_open) {
		r->first[piece->is_stderr] = order;
		r->pieces[piece->is_stderr] = 0;
	}
	r->pieces[piece->is_stderr]++;
	if (join_add(join, piece, r->max_line_bytes) && join_take(join, &line, &timestamp_ns)) {
		record(r, r->first[piece->is_stderr], order, r->pieces[piece->is_stderr], timestamp_ns, piece->is_stderr, line, true);
		join_reset(join);
	}
}

static bool parse(struct run *r, int format, struct str line, struct runtime_line *out)
{
	if (format == FORMAT_CRI)
		return cri_parse(line, out);
	return format == FORMAT_DOCKER && dockerjson_parse(line, &r->unescaped, out);
}

static void one_line(struct run *r, size_t i)
{
	struct runtime_line piece;
	struct str line = r->w->at[i].text;
	int *format = &r->way->format;
	for (int f = FORMAT_CRI; *format == FORMAT_AUTO && f <= FORMAT_DOCKER; f++)
		if (parse(r, f, line, &piece))
			*format = f;
	if (parse(r, *format, line, &piece))
		join_piece(r, &piece, i + 1);
	else
		record(r, i + 1, i + 1, 1, 0, false, line, *format == FORMAT_RAW || *format == FORMAT_AUTO);
}

/* What the window ends in the middle of. */
static void flush(struct run *r)
{
	struct str line;
	int64_t timestamp_ns;
	for (int i = 0; i < 2; i++) {
		bool is_wanted = r->joins[i]->is_open && r->first[i] <= r->wanted && r->way->pieces == 0;
		if (is_wanted && join_take(r->joins[i], &line, &timestamp_ns)) {
			r->way->is_unfinished = true;
			record(r, r->first[i], r->w->count, r->pieces[i], timestamp_ns, i, line, true);
		}
	}
	if (r->way->has_come_out || !r->stages)
		return;
	stages_flush(r->stages, r->state, INT64_MAX, true, on_entry, r);
	if (r->way->has_come_out && r->w->wanted + 1 == r->w->count)
		r->way->is_unfinished = true; /* nothing stands behind it that would have ended the block */
}

void explain_way_run(struct explain_way *way, const struct explain_window *w, const struct config_scrape *job, int format, const struct str streams[2],
		     bool find_traces, size_t max_line_bytes, int64_t now_ns)
{
	struct arena texts = { 0 };
	struct run r = { .way = way, .w = w, .job = job, .find_traces = find_traces, .max_line_bytes = max_line_bytes, .now_ns = now_ns, .wanted = w->wanted + 1 };
	*way = (struct explain_way){ .format = format };
	buf_init(&r.unescaped, TEXT_MOST);
	buf_init(&r.repaired, TEXT_MOST * 2);
	for (int i = 0; i < 2; i++) {
		explain_labels(streams[i], &r.streams[i], &texts);
		r.joins[i] = join_new();
	}
	if (job && job->stages.list) {
		r.stages = stages_compile(job->stages.list, NULL, NULL);
		r.first_number = job->stages.format == FORMAT_AUTO ? 1 : 2;
	}
	if (r.stages) {
		r.state = stages_state_new(r.stages);
		stages_set_look(r.stages, on_look, &r);
	}
	for (size_t i = 0; i < w->count && !way->has_come_out; i++)
		one_line(&r, i);
	flush(&r);
	stages_state_free(r.state);
	stages_free(r.stages);
	for (int i = 0; i < 2; i++) {
		join_free(r.joins[i]);
		labels_fini(&r.streams[i]);
	}
	buf_fini(&r.unescaped);
	buf_fini(&r.repaired);
	arena_fini(&r.entry_arena);
	arena_fini(&texts);
}

void explain_way_fini(struct explain_way *way)
{
	arena_fini(&way->arena);
	*way = (struct explain_way){ 0 };
}
