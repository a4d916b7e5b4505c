/* Pieces of JSON, written straight into an answer. Text that is no UTF-8 is repaired on the way. */
#include "agent/web/web_json.h"

#include "parsers/bytes/rfc3339.h"
#include "parsers/bytes/utf8.h"

#define JSON "application/json; charset=utf-8"

void web_json_begin(struct web_request *r, struct status *status)
{
	r->content_type = JSON;
	r->may_compress = true;
	buf_str(&r->body, STR("{\"status\":\"success\",\"data\":"));
	if (status) {
		*status = (struct status){ 0 };
		r->options->status(r->options->ctx, status);
	}
}

void web_json_end(struct web_request *r)
{
	buf_str(&r->body, STR("}\n"));
}

void web_json_bad_request(struct web_request *r, const char *what)
{
	buf_reset(&r->body);
	r->code = 400;
	r->content_type = JSON;
	buf_str(&r->body, STR("{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\""));
	buf_json(&r->body, str_of(what));
	buf_str(&r->body, STR("\"}\n"));
}

void web_json_string(struct buf *out, struct str s)
{
	buf_char(out, '"');
	if (utf8_valid(s) == s.n) {
		buf_json(out, s);
	} else {
		struct buf clean;
		buf_init(&clean, 3 * s.n);
		utf8_repair(s, &clean);
		buf_json(out, buf_view(&clean));
		buf_fini(&clean);
	}
	buf_char(out, '"');
}

void web_json_key(struct buf *out, const char *name)
{
	char before = out->n ? out->p[out->n - 1] : '{';
	buf_printf(out, before == '{' || before == '[' ? "\"%s\":" : ",\"%s\":", name);
}

void web_json_text(struct buf *out, const char *name, struct str s)
{
	web_json_key(out, name);
	web_json_string(out, s);
}

void web_json_u64(struct buf *out, const char *name, uint64_t value)
{
	web_json_key(out, name);
	buf_u64(out, value);
}

void web_json_bool(struct buf *out, const char *name, bool value)
{
	web_json_key(out, name);
	buf_str(out, value ? STR("true") : STR("false"));
}

void web_json_seconds(struct buf *out, const char *name, int64_t ns)
{
	web_json_key(out, name);
	buf_printf(out, "%.3f", (double)ns / 1e9);
}

void web_json_time(struct buf *out, const char *name, int64_t ns)
{
	web_json_key(out, name);
	if (ns <= 0) {
		buf_str(out, STR("null"));
		return;
	}
	char at[RFC3339_ROOM];
	size_t n = rfc3339_format(ns, at);
	web_json_string(out, (struct str){ at, n });
}

void web_json_counts(struct buf *out, const char *name, const char *const *names, const uint64_t *values, size_t count)
{
	web_json_key(out, name);
	buf_char(out, '{');
	for (size_t i = 0; i < count; i++)
		web_json_u64(out, names[i], values[i]);
	buf_char(out, '}');
}

void web_json_labels(struct buf *out, const char *name, const struct labels *l)
{
	web_json_key(out, name);
	buf_char(out, '{');
	for (size_t i = 0; l && i < l->count; i++) {
		if (i)
			buf_char(out, ',');
		web_json_string(out, l->at[i].name);
		buf_char(out, ':');
		web_json_string(out, l->at[i].value);
	}
	buf_char(out, '}');
}
