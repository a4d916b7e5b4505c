/* Both forms of records and steps. */
#include "agent/commands/trial_print.h"

#include "agent/commands/changes.h"
#include "parsers/bytes/rfc3339.h"

enum { STAGE_COLUMN = 24 };

static void quoted(struct str s, struct buf *out)
{
	buf_char(out, '"');
	buf_json(out, s);
	buf_char(out, '"');
}

void trial_print_plain(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i], next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
		bool is_c1 = c == 0xc2 && next >= 0x80 && next < 0xa0; /* control characters beyond ASCII */
		if (c == '\n')
			buf_str(out, STR("\n     "));
		else if ((c < 0x20 && c != '\t') || c == 0x7f || is_c1)
			buf_char(out, '?');
		else
			buf_char(out, (char)c);
		i += is_c1;
	}
}

static void colour(bool is_on, const char *code, struct buf *out)
{
	if (is_on)
		buf_printf(out, "\033[%sm", code);
}

static void print_time(int64_t timestamp_ns, struct buf *out)
{
	char at[RFC3339_ROOM];
	buf_append(out, at, rfc3339_format(timestamp_ns, at));
}

/* ---- records ---- */

static void json_labels(const char *name, const struct labels *labels, struct buf *out)
{
	buf_printf(out, ",\"%s\":{", name);
	for (size_t i = 0; i < labels->count; i++) {
		buf_str(out, i ? STR(",") : STR(""));
		quoted(labels->at[i].name, out);
		buf_char(out, ':');
		quoted(labels->at[i].value, out);
	}
	buf_char(out, '}');
}

void trial_print_json(const struct trial_record *r, struct buf *out)
{
	buf_str(out, STR("{\"timestamp\":\""));
	print_time(r->timestamp_ns, out);
	buf_str(out, STR("\",\"line\":"));
	quoted(r->line, out);
	json_labels("labels", r->labels, out);
	json_labels("structured_metadata", r->metadata, out);
	if (r->tenant.n) {
		buf_str(out, STR(",\"tenant\":"));
		quoted(r->tenant, out);
	}
	if (r->dropped.n) {
		buf_str(out, STR(",\"dropped\":"));
		quoted(r->dropped, out);
	}
}

static void text_labels(const struct labels *labels, const char *between, struct buf *out)
{
	for (size_t i = 0; i < labels->count; i++) {
		buf_str(out, i ? str_of(between) : STR(""));
		buf_json(out, labels->at[i].name);
		buf_char(out, '=');
		quoted(labels->at[i].value, out);
	}
}

void trial_print_text(const struct trial_record *r, bool in_colour, struct buf *out)
{
	if (r->dropped.n) {
		colour(in_colour, "31", out);
		buf_str(out, STR("  => dropped: "));
		buf_json(out, r->dropped);
		colour(in_colour, "0", out);
		buf_char(out, '\n');
		return;
	}
	buf_str(out, STR("  => "));
	print_time(r->timestamp_ns, out);
	buf_str(out, STR(" {"));
	text_labels(r->labels, ", ", out);
	buf_str(out, r->metadata->count ? STR("} ") : STR("}"));
	text_labels(r->metadata, " ", out);
	if (r->tenant.n) {
		buf_str(out, STR(" tenant "));
		quoted(r->tenant, out);
	}
	buf_str(out, STR("\n     "));
	colour(in_colour, "1", out);
	trial_print_plain(r->line, out);
	colour(in_colour, "0", out);
	buf_char(out, '\n');
}

/* ---- steps ---- */

struct printing { struct buf *out; size_t count, column; bool in_colour; };

static void json_change(void *ctx, const struct change *c)
{
	struct printing *p = ctx;
	buf_printf(p->out, "%s{\"what\":\"%s\"", p->count++ ? "," : "", c->what);
	if (c->name.n) {
		buf_str(p->out, STR(",\"name\":"));
		quoted(c->name, p->out);
	}
	buf_str(p->out, STR(",\"before\":"));
	if (c->was_there)
		quoted(c->before, p->out);
	else
		buf_str(p->out, STR("null"));
	buf_str(p->out, STR(",\"after\":"));
	if (c->is_there)
		quoted(c->after, p->out);
	else
		buf_str(p->out, STR("null"));
	buf_char(p->out, '}');
}

void trial_print_step_json(const struct trial_step *s, struct buf *out)
{
	struct printing p = { .out = out };
	buf_printf(out, "{\"number\":%zu,\"stage\":\"%s\",\"depth\":%zu,\"input_line\":%llu,\"changes\":[", s->number, s->stage, s->depth,
		   (unsigned long long)s->first);
	changes_each(s->before, s->after, json_change, &p);
	buf_str(out, STR("]}"));
}

static void text_change(void *ctx, const struct change *c)
{
	struct printing *p = ctx;
	char sign = !c->was_there ? '+' : c->is_there ? '~' : '-';
	for (size_t i = 0; p->count++ && i < p->column; i++)
		buf_char(p->out, ' ');
	colour(p->in_colour, sign == '+' ? "32" : sign == '~' ? "33" : "31", p->out);
	buf_printf(p->out, "%c %s", sign, c->what);
	if (c->name.n) {
		buf_char(p->out, ' ');
		buf_json(p->out, c->name);
	}
	buf_str(p->out, c->is_there ? STR(" ") : STR(" was "));
	quoted(c->is_there ? c->after : c->before, p->out);
	colour(p->in_colour, "0", p->out);
	buf_char(p->out, '\n');
}

void trial_print_step_text(const struct trial_step *s, bool in_colour, struct buf *out)
{
	struct printing p = { .out = out, .column = STAGE_COLUMN + 2 * s->depth, .in_colour = in_colour };
	size_t from = out->n;
	buf_printf(out, "%*s%3zu %s ", (int)(2 * s->depth), "", s->number, s->stage);
	while (out->n - from < p.column)
		buf_char(out, ' ');
	changes_each(s->before, s->after, text_change, &p);
	if (!p.count)
		buf_str(out, STR("nothing\n"));
}
