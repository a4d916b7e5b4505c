/* JSON for the page, for `top` and `tap`, and for scripts: {"status":"success","data":…} as Prometheus answers. Written straight
 * into the answer; a separator is written before each element but the first, so no element needs to know what follows.
 *
 * Bounds: files are ordered by their lag and cut at `limit`; records stop at 2 MiB. What is left out is said ("total",
 * "is_cut"). 64-bit numbers are written as numbers: all of them stay below 2^53 in practice, but the hash, which is text. */
#include "agent/logs/line_counts.h"
#include "agent/web/web_json.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/kubernetes/kubernetes.h"
#include "agent/metrics.h"
#include "parsers/bytes/array.h"
#include "parsers/bytes/num.h"

enum { RECORDS_LIMIT = 100, RECORDS_MAX = 1000, RECORDS_BYTES = 2 * 1024 * 1024, FILES_LIMIT = 500, FILES_MAX = 10000 };

static bool number_arg(const struct web_request *r, const char *name, uint64_t ceiling, uint64_t *value)
{
	struct str given = web_arg(r, name);
	if (given.n == 0)
		return true;
	if (!num_u64(given, value))
		return false;
	if (*value > ceiling)
		*value = ceiling;
	return true;
}

void web_api_buildinfo(struct web_request *r)
{
	web_json_begin(r, NULL);
	buf_str(&r->body, STR("{\"version\":\"" SPOOR_VERSION "\",\"revision\":\"\",\"branch\":\"\",\"buildUser\":\"\",\"buildDate\":\"\","
			      "\"goVersion\":\"\"}"));
	web_json_end(r);
}

static void coverage(struct buf *out, const struct coverage *c)
{
	web_json_key(out, "trace");
	buf_char(out, '[');
	const struct coverage_row *row;
	for (size_t i = 0; (row = map_next(&c->rows, &i));) {
		buf_str(out, out->p && out->p[out->n - 1] == '}' ? STR(",{") : STR("{"));
		web_json_text(out, "namespace", str_of(row->name));
		for (int result = 0; result < TRACE_RESULTS; result++)
			web_json_u64(out, trace_result_names[result], row->lines[result]);
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static void config_and_reload(struct buf *out, const struct status *s)
{
	char hash[17];
	snprintf(hash, sizeof hash, "%016llx", (unsigned long long)s->config_hash);
	web_json_key(out, "config");
	buf_char(out, '{');
	web_json_text(out, "path", s->config_path);
	web_json_text(out, "hash", str_of(hash));
	buf_char(out, '}');
	web_json_key(out, "reload");
	buf_char(out, '{');
	web_json_bool(out, "ok", s->reload_ok);
	web_json_time(out, "time", s->reload_wall_ns);
	web_json_u64(out, "successes", s->reloads_ok);
	web_json_u64(out, "failures", s->reloads_failed);
	buf_char(out, '}');
}

static void other_objects(struct buf *out, const struct kubernetes *k)
{
	struct api_objects_status s;
	web_json_key(out, "objects");
	buf_char(out, '[');
	for (int i = 0; k && i < KUBERNETES_KINDS; i++) {
		if (!kubernetes_objects_status(k, (enum kubernetes_kind)i, &s))
			continue;
		buf_str(out, out->p[out->n - 1] == '}' ? STR(",{") : STR("{"));
		web_json_text(out, "kind", str_of(kubernetes_kind_names[i]));
		web_json_bool(out, "known", s.is_known);
		web_json_u64(out, "objects", s.objects);
		web_json_u64(out, "skipped", s.skipped);
		web_json_text(out, "last_error", str_of(s.error));
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static void pod_objects(struct buf *out, const struct kubernetes *k)
{
	static const char *const states[] = { "off", "asking", "away", "complete" };
	struct kubernetes_status s = { .url = "", .why = "", .error = "" };
	if (k)
		kubernetes_status(k, &s);
	web_json_key(out, "kubernetes");
	buf_char(out, '{');
	web_json_text(out, "source", str_of(kubernetes_source_names[s.source]));
	web_json_text(out, "why", str_of(s.why));
	web_json_text(out, "url", str_of(s.url));
	web_json_text(out, "state", str_of(states[s.pods.state]));
	web_json_u64(out, "pods", s.pods.pods);
	web_json_u64(out, "pods_held", s.pods.pods_held);
	web_json_u64(out, "pods_skipped", s.pods.skipped);
	web_json_time(out, "last_sync", s.stats.synced_wall_ns);
	web_json_u64(out, "watch_restarts", s.stats.watch_restarts);
	web_json_text(out, "last_error", str_of(s.error));
	web_json_time(out, "last_error_time", s.error_wall_ns);
	other_objects(out, k);
	buf_char(out, '}');
}

void web_api_status(struct web_request *r)
{
	struct status s;
	struct buf *out = &r->body;
	web_json_begin(r, &s);
	buf_char(out, '{');
	web_json_text(out, "version", STR(SPOOR_VERSION));
	web_json_text(out, "node", r->options->node_name);
	web_json_text(out, "mode", str_of(s.mode));
	web_json_text(out, "mode_why", str_of(s.mode_why));
	web_json_bool(out, "ready", s.is_ready);
	web_json_text(out, "not_ready_why", str_of(s.is_ready ? "" : s.not_ready_why));
	web_json_bool(out, "degraded", s.is_degraded);
	web_json_text(out, "degraded_why", str_of(s.is_degraded ? s.degraded_why : ""));
	web_json_bool(out, "polling", s.is_polling);
	web_json_time(out, "start_time", s.start_wall_ns);
	web_json_time(out, "now", s.now_wall_ns);
	config_and_reload(out, &s);
	web_json_key(out, "paths");
	buf_char(out, '{');
	web_json_text(out, "pod_logs", str_of(s.pods_path));
	web_json_text(out, "docker", str_of(s.docker_path));
	web_json_text(out, "state", str_of(s.state_path));
	buf_char(out, '}');
	web_json_seconds(out, "lag_seconds", s.lag_ns);
	web_json_u64(out, "files_known", s.files_known);
	web_json_u64(out, "files_open", s.files_open);
	web_json_u64(out, "files_refused", s.counters->files_refused);
	web_json_u64(out, "streams", s.streams);
	web_json_u64(out, "inotify_watches", s.inotify_watches);
	web_json_u64(out, "lines_read", s.counters->lines_read);
	web_json_u64(out, "bytes_read", s.counters->bytes_read);
	web_json_u64(out, "read_errors", s.counters->read_errors);
	web_json_u64(out, "checkpoint_errors", s.counters->checkpoint_errors);
	web_json_counts(out, "bytes_lost", lost_reason_names, s.counters->bytes_lost, LOST_REASONS);
	coverage(out, s.coverage);
	pod_objects(out, s.kubernetes);
	buf_char(out, '}');
	web_json_end(r);
}

/* Files are rendered as they come, because their views need not outlive the call, and put in order afterwards. A file that
 * cannot be read is the furthest behind of all. */
struct rendered {
	int64_t lag_ns;
	uint64_t behind_bytes;
	size_t at, n;
};
struct file_list {
	struct buf json;
	struct rendered *rows;
	size_t count, room;
};

static void add_file(void *ctx, const struct file_status *f)
{
	struct file_list *list = ctx;
	struct buf *out = &list->json;
	list->rows = array_room(list->rows, list->count, &list->room, sizeof *list->rows);
	size_t at = out->n;
	buf_char(out, '{');
	web_json_text(out, "path", f->path);
	web_json_text(out, "job", f->job);
	web_json_text(out, "namespace", f->namespace_);
	web_json_text(out, "pod", f->pod);
	web_json_text(out, "container", f->container);
	web_json_text(out, "labels", f->streams[0]);
	web_json_text(out, "state", str_of(file_state_names[f->state]));
	web_json_u64(out, "size_bytes", f->size_bytes);
	web_json_u64(out, "read_bytes", f->read_bytes);
	web_json_u64(out, "acked_bytes", f->acked_bytes);
	web_json_seconds(out, "lag_seconds", f->lag_ns);
	web_json_text(out, "error", str_of(f->error));
	buf_char(out, '}');
	if (!out->is_full)
		list->rows[list->count++] = (struct rendered){
			f->state == FILE_ERROR ? INT64_MAX : f->lag_ns, f->size_bytes > f->acked_bytes ? f->size_bytes - f->acked_bytes : 0, at, out->n - at,
		};
}

static int furthest_behind_first(const void *a, const void *b)
{
	const struct rendered *x = a, *y = b;
	if (x->lag_ns != y->lag_ns)
		return x->lag_ns > y->lag_ns ? -1 : 1;
	if (x->behind_bytes != y->behind_bytes)
		return x->behind_bytes > y->behind_bytes ? -1 : 1;
	return x->at < y->at ? -1 : 1; /* the order in which they came */
}

void web_api_files(struct web_request *r)
{
	struct status s;
	struct file_list list = { 0 };
	uint64_t limit = FILES_LIMIT;
	if (!number_arg(r, "limit", FILES_MAX, &limit)) {
		web_json_bad_request(r, "limit must be a number");
		return;
	}
	buf_init(&list.json, r->body.cap_bytes);
	web_json_begin(r, &s);
	if (s.each_file)
		s.each_file(s.ctx, add_file, &list);
	if (list.count)
		qsort(list.rows, list.count, sizeof *list.rows, furthest_behind_first);
	buf_str(&r->body, STR("{\"files\":["));
	for (size_t i = 0; i < list.count && i < limit; i++) {
		if (i)
			buf_char(&r->body, ',');
		buf_append(&r->body, list.json.p + list.rows[i].at, list.rows[i].n);
	}
	buf_char(&r->body, ']');
	web_json_u64(&r->body, "total", s.files_known > list.count ? s.files_known : list.count);
	buf_char(&r->body, '}');
	web_json_end(r);
	free(list.rows);
	buf_fini(&list.json);
}

void web_api_lines(struct web_request *r)
{
	struct status s;
	web_json_begin(r, &s);
	const struct line_row **rows = s.line_counts ? line_counts_sorted(s.line_counts) : NULL;
	buf_str(&r->body, STR("{\"lines\":["));
	for (size_t i = 0; rows && i < s.line_counts->rows.count; i++) {
		uint64_t all = 0;
		for (int level = 0; level < LEVELS; level++)
			all += rows[i]->lines[level];
		buf_str(&r->body, i ? STR(",{") : STR("{"));
		web_json_text(&r->body, "namespace", rows[i]->namespace_);
		web_json_text(&r->body, "pod", rows[i]->pod);
		web_json_text(&r->body, "container", rows[i]->container);
		web_json_text(&r->body, "job", rows[i]->job);
		web_json_u64(&r->body, "read", all);
		web_json_u64(&r->body, "dropped_by_stages", rows[i]->dropped);
		buf_char(&r->body, '}');
	}
	buf_str(&r->body, STR("]}"));
	web_json_end(r);
	free(rows);
}

static void one_destination(struct buf *out, const struct destination_status *d, uint64_t pending, int64_t now_ns)
{
	static const char *const classes[6] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };
	buf_char(out, '{');
	web_json_text(out, "name", d->name);
	web_json_text(out, "url", d->url);
	web_json_text(out, "state", str_of(destination_state_names[d->state]));
	web_json_text(out, "last_error", str_of(d->last_error));
	web_json_u64(out, "last_status", d->last_status > 0 ? (uint64_t)d->last_status : 0);
	web_json_time(out, "last_success", d->last_success_ns);
	web_json_time(out, "last_error_time", d->last_error_ns);
	web_json_seconds(out, "retry_in_seconds", d->retry_at_ns > now_ns ? d->retry_at_ns - now_ns : 0);
	web_json_u64(out, "lines_sent", d->lines_sent);
	web_json_u64(out, "lines_pending", pending);
	web_json_counts(out, "lines_dropped", drop_reason_names, d->lines_dropped, DROP_REASONS);
	web_json_counts(out, "requests", classes, d->requests_by_class, COUNT_OF(classes));
	web_json_u64(out, "retries", d->retries);
	web_json_u64(out, "splits", d->splits);
	web_json_u64(out, "sent_bytes", d->wire_bytes);
	web_json_u64(out, "raw_bytes", d->raw_bytes);
	web_json_u64(out, "batches_queued", d->batches_queued);
	web_json_u64(out, "streams_parked", d->streams_parked);
	buf_char(out, '}');
}

static void one_receiver(struct buf *out, const struct remote_write_status *w, uint64_t shed, uint64_t waiting, int64_t now_ns) /* waiting: unread */
{
	static const char *const classes[6] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };
	static const char *const versions[] = { [REMOTE_WRITE_AUTO] = "", [REMOTE_WRITE_1] = "1.0", [REMOTE_WRITE_2] = "2.0", [REMOTE_WRITE_OTLP] = "OTLP" };
	buf_char(out, '{');
	web_json_text(out, "name", w->name);
	web_json_text(out, "url", w->url);
	web_json_text(out, "state", str_of(remote_write_state_names[w->state]));
	web_json_text(out, "protocol_version", str_of(versions[w->version]));
	web_json_text(out, "last_error", str_of(w->last_error));
	web_json_u64(out, "last_status", w->last_status > 0 ? (uint64_t)w->last_status : 0);
	web_json_time(out, "last_success", w->last_success_ns);
	web_json_time(out, "last_error_time", w->last_error_ns);
	web_json_seconds(out, "retry_in_seconds", w->retry_at_ns > now_ns ? w->retry_at_ns - now_ns : 0);
	web_json_u64(out, "samples_sent", w->samples_sent);
	web_json_u64(out, "samples_pending", waiting + w->samples_pending);
	web_json_u64(out, "samples_shed", shed);
	web_json_counts(out, "samples_dropped", sample_drop_names, w->samples_dropped, SAMPLE_DROPS);
	web_json_counts(out, "requests", classes, w->requests_by_class, COUNT_OF(classes));
	web_json_u64(out, "retries", w->retries);
	web_json_u64(out, "sent_bytes", w->wire_bytes);
	web_json_u64(out, "raw_bytes", w->raw_bytes);
	web_json_u64(out, "series", w->series);
	web_json_u64(out, "shards", w->shards);
	web_json_time(out, "newest_sample", w->newest_sent_ms * 1000000);
	buf_char(out, '}');
}

static void receivers(struct buf *out, const struct status *s)
{
	struct metrics_status m = { 0 };
	if (s->metrics)
		metrics_status(s->metrics, &m);
	web_json_key(out, "receivers");
	buf_char(out, '[');
	for (size_t i = 0; i < m.receiver_count && i < SPOOL_DESTINATIONS_MAX; i++) {
		struct remote_write_status w = { 0 };
		metrics_receiver(s->metrics, i, &w);
		if (i)
			buf_char(out, ',');
		one_receiver(out, &w, m.spool.destination[i].samples_shed, m.spool.destination[i].samples_unread, s->now_wall_ns);
	}
	buf_char(out, ']');
}

void web_api_destinations(struct web_request *r)
{
	struct status s;
	web_json_begin(r, &s);
	buf_str(&r->body, STR("{\"destinations\":["));
	for (size_t i = 0; i < s.destination_count; i++) {
		struct destination_status d = { 0 };
		uint64_t pending = 0;
		s.destination(s.ctx, i, &d, &pending);
		if (i)
			buf_char(&r->body, ',');
		one_destination(&r->body, &d, pending, s.now_wall_ns);
	}
	buf_char(&r->body, ']');
	receivers(&r->body, &s);
	buf_char(&r->body, '}');
	web_json_end(r);
}

/* unit: what the row counts. */
static void one_drop(struct buf *out, const struct drop *d, const char *unit)
{
	buf_char(out, '{');
	web_json_time(out, "time", d->at_ns);
	web_json_time(out, "timestamp", d->timestamp_ns);
	web_json_text(out, "reason", str_of(drop_reason_names[d->reason]));
	web_json_u64(out, unit, d->lines);
	web_json_text(out, "destination", str_of(d->destination));
	web_json_text(out, "labels", str_of(d->labels));
	web_json_text(out, "line", str_of(d->line));
	web_json_text(out, "error", str_of(d->error));
	buf_char(out, '}');
}

static void newest_drops(struct buf *out, const char *name, const struct drops *drops, const char *unit)
{
	const struct drop *drop;
	web_json_key(out, name);
	buf_char(out, '[');
	for (size_t i = 0; drops && (drop = drops_at(drops, i)); i++) {
		if (i)
			buf_char(out, ',');
		one_drop(out, drop, unit);
	}
	buf_char(out, ']');
}

void web_api_drops(struct web_request *r)
{
	struct status s;
	uint64_t totals[DROP_REASONS] = { 0 };
	web_json_begin(r, &s);
	for (size_t i = 0; i < s.destination_count; i++) {
		struct destination_status d = { 0 };
		uint64_t pending = 0;
		s.destination(s.ctx, i, &d, &pending);
		for (int reason = 0; reason < DROP_REASONS; reason++)
			totals[reason] += d.lines_dropped[reason];
	}
	buf_char(&r->body, '{');
	web_json_counts(&r->body, "reasons", drop_reason_names, totals, DROP_REASONS);
	newest_drops(&r->body, "entries", s.drops, "lines");
	newest_drops(&r->body, "samples", s.metrics ? metrics_drops(s.metrics) : NULL, "samples");
	buf_char(&r->body, '}');
	web_json_end(r);
}

/* Plain search without regard to ASCII case: a megabyte is read in about a millisecond. */
static bool contains(struct str hay, struct str needle)
{
	for (; hay.n >= needle.n; hay = str_skip(hay, 1))
		if (str_ieq(str_take(hay, needle.n), needle))
			return true;
	return false;
}

struct record_query {
	struct str trace_id, q;
	uint64_t limit, since;
};

static bool matches(const struct record_query *query, const struct ring_entry *e)
{
	const struct record *record = &e->record;
	if (query->trace_id.n && (record->trace_result != TRACE_VALID ||
				  !str_ieq(query->trace_id, (struct str){ record->trace.trace_id, sizeof record->trace.trace_id })))
		return false;
	return query->q.n == 0 || contains(record->line, query->q) || contains(e->labels, query->q);
}

static void one_record(struct buf *out, const struct ring_entry *e)
{
	const struct record *record = &e->record;
	buf_char(out, '{');
	web_json_u64(out, "seq", e->seq);
	web_json_time(out, "timestamp", record->timestamp_ns);
	web_json_text(out, "labels", e->labels);
	web_json_text(out, "line", record->line);
	web_json_text(out, "level", str_of(level_names[record->level]));
	if (record->trace_result == TRACE_VALID) {
		const struct trace_context *trace = &record->trace;
		web_json_text(out, "trace_id", (struct str){ trace->trace_id, sizeof trace->trace_id });
		if (trace->has_span)
			web_json_text(out, "span_id", (struct str){ trace->span_id, sizeof trace->span_id });
		if (trace->sampled >= 0)
			web_json_text(out, "trace_flags", trace->sampled ? STR("01") : STR("00"));
	}
	buf_char(out, '}');
}

void web_api_records(struct web_request *r)
{
	struct status s;
	struct record_query query = { .trace_id = web_arg(r, "trace_id"), .q = web_arg(r, "q"), .limit = RECORDS_LIMIT };
	if (!number_arg(r, "limit", RECORDS_MAX, &query.limit) || !number_arg(r, "since", UINT64_MAX, &query.since)) {
		web_json_bad_request(r, "limit and since must be numbers");
		return;
	}
	web_json_begin(r, &s);
	buf_str(&r->body, STR("{\"records\":["));
	struct ring_entry e;
	uint64_t cursor = 0, newest = 0, count = 0;
	bool is_cut = false;
	while (s.ring && ring_next(s.ring, &cursor, &e)) {
		newest = newest ? newest : e.seq; /* also when it is older than `since`: the agent has started again */
		if (e.seq <= query.since)
			break;
		if (!matches(&query, &e))
			continue;
		is_cut = count >= query.limit || r->body.n > RECORDS_BYTES;
		if (is_cut)
			break;
		if (count++)
			buf_char(&r->body, ',');
		one_record(&r->body, &e);
	}
	buf_char(&r->body, ']');
	web_json_u64(&r->body, "newest_seq", newest);
	web_json_bool(&r->body, "is_cut", is_cut);
	buf_char(&r->body, '}');
	web_json_end(r);
}
