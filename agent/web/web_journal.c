/* /api/v1/journals: how far each job's systemd journal is read for each destination. The cursors are what journalctl --after-cursor takes. */
#include "agent/web/web_json.h"

static void one_journal(void *ctx, const struct journal_status *j)
{
	struct buf *out = ctx;
	buf_str(out, out->p[out->n - 1] == '[' ? STR("{") : STR(",{"));
	web_json_text(out, "job", j->job);
	web_json_text(out, "destination", j->destination);
	web_json_text(out, "path", j->path);
	web_json_u64(out, "entries_read", j->entries_read);
	web_json_u64(out, "gaps", j->gaps);
	web_json_text(out, "cursor_read", j->cursor_read);
	web_json_text(out, "cursor_acked", j->cursor_acked);
	web_json_bool(out, "at_end", j->is_at_end);
	web_json_seconds(out, "lag_seconds", j->lag_ns);
	web_json_text(out, "error", str_of(j->problem));
	buf_char(out, '}');
}

void web_api_journals(struct web_request *r)
{
	struct status s;
	web_json_begin(r, &s);
	buf_str(&r->body, STR("{\"journals\":["));
	if (s.each_journal)
		s.each_journal(s.ctx, one_journal, &r->body);
	buf_str(&r->body, STR("]}"));
	web_json_end(r);
}
