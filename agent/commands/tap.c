/* The agent sends an object a line; here they become text, or stay what they are. Ctrl-C ends the program, and with it the connection. */
#include "agent/commands/tap.h"

#include <stdio.h>
#include <unistd.h>

#include "agent/commands/ask.h"
#include "exporters/encode.h"
#include "parsers/bytes/num.h"
#include "parsers/json.h"

enum { OBJECT_MOST = 256 << 10, URL_MOST = 4000 };

struct view {
	bool is_json;
	struct buf line, text;
};

/* ---- text ---- */

static void put_safe(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool is_c1 = c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0 && (unsigned char)s.p[i + 1] >= 0x80;
		if (is_c1)
			buf_printf(out, "\\u%04x", (unsigned char)s.p[++i]);
		else if (c == '\t' || (c >= 0x20 && c != 0x7f))
			buf_char(out, (char)c);
		else
			buf_printf(out, "\\x%02x", c);
	}
}

struct shown {
	struct str at, timestamp, path, namespace_, pod, container, level, line, trace_id, tenant, dropped, destination, error;
	int64_t not_shown;
};

static void read_member(struct json *j, struct arena *arena, struct shown *s)
{
	const struct { const char *name; struct str *to; } texts[] = {
		{ "at", &s->at }, { "timestamp", &s->timestamp }, { "path", &s->path }, { "namespace", &s->namespace_ }, { "pod", &s->pod },
		{ "container", &s->container }, { "level", &s->level }, { "line", &s->line }, { "trace_id", &s->trace_id }, { "tenant", &s->tenant },
		{ "dropped", &s->dropped }, { "destination", &s->destination }, { "error", &s->error },
	};
	if (json_is(j, "not_shown"))
		json_i64(j, &s->not_shown);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (json_is(j, texts[i].name)) {
			json_text(j, arena, texts[i].to);
			return;
		}
}

static void put_origin(struct buf *out, const struct shown *s)
{
	if (s->pod.n == 0) {
		put_safe(out, s->path);
		return;
	}
	put_safe(out, s->namespace_);
	buf_char(out, '/');
	put_safe(out, s->pod);
	buf_char(out, '/');
	put_safe(out, s->container);
}

static void put_shown(struct buf *out, const struct shown *s)
{
	struct str time = str_skip(s->timestamp, str_find(s->timestamp, 'T') + 1);
	put_safe(out, str_take(time, 12)); /* milliseconds are what a person reads */
	buf_char(out, ' ');
	put_origin(out, s);
	if (!str_eq(s->at, STR("sent")) && !str_eq(s->at, STR("dropped")) && !str_eq(s->at, STR("refused"))) {
		buf_str(out, STR(" ["));
		put_safe(out, s->at);
		buf_char(out, ']');
	}
	if (s->level.n) {
		buf_char(out, ' ');
		put_safe(out, s->level);
	}
	buf_str(out, STR(": "));
	put_safe(out, s->line);
	if (s->tenant.n) {
		buf_str(out, STR("  tenant="));
		put_safe(out, s->tenant);
	}
	if (s->trace_id.n) {
		buf_str(out, STR("  trace_id="));
		put_safe(out, s->trace_id);
	}
	if (s->dropped.n) {
		buf_str(out, s->destination.n ? STR("  refused by ") : STR("  dropped: "));
		put_safe(out, s->destination);
		buf_str(out, s->destination.n ? STR(": ") : STR(""));
		put_safe(out, s->dropped);
	}
	if (s->error.n) {
		buf_str(out, STR(": "));
		put_safe(out, s->error);
	}
	buf_char(out, '\n');
}

void tap_pretty(struct str object, struct buf *out)
{
	struct arena arena = { 0 };
	struct json j;
	struct json_scope members;
	struct shown s = { 0 };
	json_init(&j, object);
	for (json_object(&j, &members); json_member(&j, &members);)
		read_member(&j, &arena, &s);
	if (!json_end(&j)) {
		put_safe(out, object);
		buf_char(out, '\n');
	} else if (s.not_shown) {
		buf_printf(out, "... %lld lines not shown: they came faster than --rate, or than they were read here\n", (long long)s.not_shown);
	} else {
		put_shown(out, &s);
	}
	arena_fini(&arena);
}

/* ---- stream ---- */

static void print_line(struct view *v)
{
	struct str line = buf_view(&v->line);
	if (line.n == 0) /* a sign of life */
		return;
	buf_reset(&v->text);
	if (v->is_json) {
		buf_str(&v->text, line);
		buf_char(&v->text, '\n');
	} else {
		tap_pretty(line, &v->text);
	}
	fwrite(v->text.p ? v->text.p : "", 1, v->text.n, stdout);
}

static bool take(void *ctx, struct str piece)
{
	struct view *v = ctx;
	while (piece.n) {
		bool is_whole = str_find(piece, '\n') < piece.n;
		buf_str(&v->line, str_cut(&piece, '\n'));
		if (!is_whole)
			break;
		print_line(v);
		buf_reset(&v->line);
	}
	return fflush(stdout) == 0;
}

/* ---- the question ---- */

static void add_text(struct buf *url, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(url, "&%s=", name);
	encode_form(url, str_of(value));
}

static bool add_number(struct buf *url, const char *flag, const char *value)
{
	uint64_t number;
	if (value && !num_u64(str_of(value), &number)) {
		fprintf(stderr, "spoor tap: --%s: expected a number, found \"%.64s\"\n", flag, value);
		return false;
	}
	add_text(url, flag, value);
	return true;
}

static bool make_url(const struct flags *f, struct buf *url)
{
	buf_printf(url, "/api/v1/tap?dropped=%d", f->dropped);
	add_text(url, "match", f->rest[0]);
	add_text(url, "destination", f->destination);
	return add_number(url, "stage", f->stage) && add_number(url, "limit", f->limit) && add_number(url, "rate", f->rate);
}

int command_tap(const struct flags *flags)
{
	struct ask a;
	struct buf url;
	struct view view = { .is_json = flags->format && strcmp(flags->format, "json") == 0 };
	buf_init(&url, URL_MOST);
	buf_init(&view.line, OBJECT_MOST);
	buf_init(&view.text, OBJECT_MOST * 6);
	int code = make_url(flags, &url) ? 1 : FLAGS_USAGE_EXIT;
	bool is_open = code == 1 && ask_open(&a, flags);
	buf_char(&url, '\0');
	if (is_open && !url.is_full && ask_stream(&a, url.p, take, &view))
		code = 0;
	else if (code == 1)
		fprintf(stderr, "spoor tap: %s\n", url.is_full ? "the pattern is too long" : a.err);
	if (code != FLAGS_USAGE_EXIT)
		ask_fini(&a);
	buf_fini(&view.line);
	buf_fini(&view.text);
	buf_fini(&url);
	return code;
}
