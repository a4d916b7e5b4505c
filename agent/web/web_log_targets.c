/* What the logs' discovery has found: labels before and after relabelling, and why something is not read. */
#include "agent/web/web_json.h"

#include "agent/tail/tail.h"
#include "parsers/bytes/num.h"

enum { TARGETS_DEFAULT = 1000, TARGETS_MOST = 20000, TARGETS_BYTES = 6 << 20 /* of the answer; what comes after is left out */ };

struct listing {
	struct web_request *r;
	struct str job;      /* only this one; empty: all */
	bool wants_kept, wants_dropped;
	size_t count, looked_at;
	bool is_cut;
};

static void add(void *ctx, const struct tail_target *t)
{
	struct listing *l = ctx;
	struct buf *out = &l->r->body;
	l->looked_at++;
	if ((l->job.n && !str_eq(l->job, t->job)) || !(t->is_kept || t->is_waiting ? l->wants_kept : l->wants_dropped))
		return;
	l->is_cut |= out->n > TARGETS_BYTES;
	if (l->is_cut)
		return;
	if (l->count++)
		buf_char(out, ',');
	buf_char(out, '{');
	web_json_text(out, "job", t->job);
	web_json_text(out, "state", t->is_kept ? STR("active") : t->is_waiting ? STR("waiting") : STR("dropped"));
	web_json_text(out, "path", t->path);
	web_json_labels(out, "discoveredLabels", t->discovered);
	web_json_labels(out, "labels", t->labels);
	web_json_text(out, "why", str_of(t->why));
	web_json_text(out, "asks", str_of(t->asks));
	buf_char(out, '}');
}

void web_api_log_targets(struct web_request *r)
{
	struct status status;
	struct str state = web_arg(r, "state"), limit = web_arg(r, "limit");
	uint64_t most = TARGETS_DEFAULT;
	bool is_any = state.n == 0 || str_eq(state, STR("any"));
	struct listing l = { .r = r, .job = web_arg(r, "job"), .wants_kept = is_any || str_eq(state, STR("active")),
			     .wants_dropped = is_any || str_eq(state, STR("dropped")) };
	if (limit.n && (!num_u64(limit, &most) || most > TARGETS_MOST)) {
		web_json_bad_request(r, "limit: expected a number of at most 20000");
		return;
	}
	web_json_begin(r, &status);
	buf_str(&r->body, STR("{\"targets\":["));
	if (status.each_log_target)
		status.each_log_target(status.ctx, (size_t)most, add, &l);
	buf_char(&r->body, ']');
	web_json_bool(&r->body, "is_cut", l.is_cut || l.looked_at == most);
	buf_char(&r->body, '}');
	web_json_end(r);
}
