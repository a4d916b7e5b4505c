/* The lines of the window go through a trial of the job (agent/commands/trial.c), and of what comes by, what has to do with the one line is
 * kept: the entry as it went in, each stage's changes, the entry as it came out. */
#include "agent/commands/explain_way.h"

#include <stdio.h>

#include "agent/commands/changes.h"
#include "agent/commands/trial.h"
#include "exporters/loki.h"
#include "parsers/bytes/utf8.h"
#include "parsers/cri.h"
#include "parsers/dockerjson.h"

enum { TEXT_MOST = 8 << 20, EFFECT_MOST = 4096, SHOWN_MOST = 120, WHERE_BYTES = 24 };

struct run {
	struct explain_way *way;
	uint64_t wanted; /* the first line of the window is 1 */
	uint64_t first, last; /* lines of the record that it is in; 0: it was not met yet */
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

/* `label level="info"; line is now "hi"; extracted tmp gone` */
static void on_change(void *ctx, const struct change *c)
{
	struct buf *out = ctx;
	bool is_drop = strcmp(c->what, "dropped") == 0;
	if (out->n)
		buf_str(out, STR("; "));
	if (is_drop) {
		buf_str(out, STR("DROPPED: "));
		buf_str(out, c->after);
		return;
	}
	if (strcmp(c->what, "joined") == 0 || strcmp(c->what, "metric") == 0) {
		buf_str(out, str_of(c->what));
		buf_char(out, ' ');
		buf_str(out, c->name);
		buf_str(out, c->name.n ? STR(" ") : STR(""));
		buf_str(out, c->after);
		return;
	}
	buf_str(out, strcmp(c->what, "structured_metadata") == 0 ? STR("structured metadata") : str_of(c->what));
	buf_str(out, c->name.n ? STR(" ") : STR(""));
	buf_str(out, c->name);
	buf_str(out, !c->is_there ? STR(" gone") : c->name.n ? STR("=") : STR(" is now "));
	if (c->is_there)
		put_short(out, c->after);
}

static void on_step(void *ctx, const struct trial_step *s)
{
	struct run *r = ctx;
	struct explain_way *way = r->way;
	bool is_stderr = s->after->origin.stream;
	bool holds_wanted = s->first <= r->wanted && r->wanted <= s->after->last && is_stderr == way->is_stderr;
	if (!holds_wanted || s->after->is_held || way->step_count == COUNT_OF(way->steps))
		return;
	struct buf effect;
	buf_init(&effect, EFFECT_MOST);
	changes_each(s->before, s->after, on_change, &effect);
	bool is_drop = s->after->drop_reason && !s->before->drop_reason;
	if (is_drop)
		way->dropped_by = s->number;
	way->steps[way->step_count++] = (struct explain_step){ s->number, arena_copy(&way->arena, str_of(s->stage)),
							       arena_copy(&way->arena, effect.n ? buf_view(&effect) : STR("nothing")), is_drop };
	buf_fini(&effect);
}

/* ---- in and out ---- */

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

static void on_taken(void *ctx, const struct entry *e)
{
	struct run *r = ctx;
	struct explain_way *way = r->way;
	if (r->wanted < e->first.order || e->last < r->wanted || r->first)
		return;
	r->first = e->first.order;
	r->last = e->last;
	way->is_stderr = e->origin.stream;
	way->timestamp_ns = e->timestamp_ns;
	way->message = arena_copy(&way->arena, e->line);
	way->level = e->origin.level;
	way->trace_result = e->origin.trace_result;
	way->trace = e->origin.trace;
	way->trace_where = way->trace_result == TRACE_VALID ? find_trace(way, e->line) : (struct str){ 0 };
}

static void on_record(void *ctx, const struct trial_record *t)
{
	struct run *r = ctx;
	struct explain_way *way = r->way;
	if (r->wanted < t->first || t->last < r->wanted || t->is_stderr != way->is_stderr || way->has_come_out)
		return;
	way->has_come_out = true;
	way->dropped = arena_copy(&way->arena, t->dropped);
	way->line = arena_copy(&way->arena, t->line);
	way->labels = render(&way->arena, t->labels);
	way->metadata = render(&way->arena, t->metadata);
	way->tenant = arena_copy(&way->arena, t->tenant);
	way->sent_timestamp_ns = t->timestamp_ns;
	way->lines = t->last - t->first + 1;
}

/* ---- framing ---- */

static bool parse(int format, struct str line, struct buf *scratch, struct runtime_line *out)
{
	if (format == FORMAT_CRI)
		return cri_parse(line, out);
	return format == FORMAT_DOCKER && dockerjson_parse(line, scratch, out);
}

static int detect(const struct explain_window *w, struct buf *scratch)
{
	struct runtime_line piece;
	for (size_t i = 0; i < w->count; i++)
		for (int f = FORMAT_CRI; f <= FORMAT_DOCKER; f++)
			if (parse(f, w->at[i].text, scratch, &piece))
				return f;
	return FORMAT_RAW;
}

/* The record's lines of its own stream: those of the other one may stand between them. */
static void count_pieces(const struct run *r, const struct explain_window *w, struct buf *scratch)
{
	struct runtime_line piece;
	struct explain_way *way = r->way;
	way->is_framed = way->format == FORMAT_RAW || parse(way->format, w->at[w->wanted].text, scratch, &piece);
	for (uint64_t i = r->first; i && i <= r->last && i <= w->count; i++)
		way->pieces += i == r->wanted || (parse(way->format, w->at[i - 1].text, scratch, &piece) && piece.is_stderr == way->is_stderr);
}

void explain_way_run(struct explain_way *way, const struct explain_window *w, const struct config *config, const struct config_scrape *job, int format,
		     struct str labels, struct str metadata, int64_t now_ns)
{
	struct arena texts = { 0 };
	struct buf scratch;
	struct run r = { .way = way, .wanted = w->wanted + 1 };
	struct trial_options o = { .config = config, .stages = job ? config_scrape_stages(job) : NULL, .now_ns = now_ns,
				   .profile = label_profile_of(config, job), .on_taken = on_taken, .on_record = on_record,
				   .on_step = on_step, .ctx = &r };
	buf_init(&scratch, TEXT_MOST);
	*way = (struct explain_way){ .format = format == FORMAT_AUTO ? detect(w, &scratch) : format };
	o.format = (enum log_format)way->format;
	explain_labels(labels, &o.labels, &texts);
	explain_labels(metadata, &o.metadata, &texts);
	struct trial *t = trial_new(&o);
	for (size_t i = 0; i < w->count && !way->has_come_out; i++)
		trial_line(t, w->at[i].text);
	if (!way->has_come_out) { /* it waits for what does not stand here: its last piece, or the line that ends a block */
		trial_end(t);
		way->is_unfinished = true;
	}
	count_pieces(&r, w, &scratch);
	if (!way->is_framed || way->format == FORMAT_RAW)
		way->timestamp_ns = 0;
	trial_free(t);
	labels_fini(&o.labels);
	labels_fini(&o.metadata);
	buf_fini(&scratch);
	arena_fini(&texts);
}

void explain_way_fini(struct explain_way *way)
{
	arena_fini(&way->arena);
	*way = (struct explain_way){ 0 };
}
