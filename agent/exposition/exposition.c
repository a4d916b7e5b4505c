/* Self metrics: tables of rows, each a family with where its value stands in a struct. A new counter is a field and a row. What the metrics
 * side counts is in exposition_metrics.c.
 *
 * Three bases have rows: struct counters, struct status, and one view per destination. Families are contiguous, as both formats
 * ask; so all destinations are taken down once, at the start, and the families then walk over that. Everything is
 * read in one call on the loop's thread: that is why the ledger balances within each answer.
 * With no destination configured the ledger's only destination is "ring", and what was read has arrived there. */
#include "agent/exposition/exposition.h"

#include <stdlib.h>

#include "agent/exposition/exposition_rows.h"
#include "agent/process.h"

#ifndef SPOOR_REVISION
#define SPOOR_REVISION "unknown"
#endif

struct view { /* of one destination */
	struct destination_status s;
	uint64_t pending, joined;
	const struct stage_drops *stage_drops; /* NULL: none */
	int64_t retry_delay_ns;
	bool is_up;
};
struct writer {
	struct families *out;
	const struct view *views;
	size_t view_count;
};

#define AT(field) offsetof(struct counters, field)
static const struct exposition_row counter_rows[] = {
	{ "spoor_log_lines_read_total", "Log lines read, before anything was dropped.", AT(lines_read), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_bytes_read_total", "Bytes read from log files, framing of the container runtime included.",
	  AT(bytes_read), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_lines_truncated_total", "Lines cut at max_line_size and sent with a marker.", AT(lines_truncated), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_lines_utf8_repaired_total", "Lines that held invalid UTF-8, replaced by U+FFFD.",
	  AT(lines_utf8_repaired), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_parse_errors_total", "Lines not in their file's format, sent as they are.", AT(lines_parse_errors), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_partials_flushed_total", "Unfinished lines sent because the rest did not come.",
	  AT(partials_flushed), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_nul_bytes_skipped_total", "NUL bytes skipped, as a power loss leaves them.", AT(nul_bytes_skipped), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_files_opened_total", "Log files opened.", AT(files_opened), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_files_rotated_total", "Rotations seen.", AT(files_rotated), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_files_truncated_total", "Log files that became shorter while followed.", AT(files_truncated), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_files_refused_total", "Paths that are no plain log file: FIFO, device, link out of the tree.",
	  AT(files_refused), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_journal_entries_total", "Entries of the systemd journal read, once for each destination.", AT(journal_entries), METRIC_COUNTER,
	  EXPOSITION_U64 },
	{ "spoor_journal_damaged_entries_total", "Entries of the systemd journal of which something could not be read.",
	  AT(journal_damaged_entries), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_read_errors_total", "Reads of log files that failed.", AT(read_errors), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_inotify_overflows_total", "Times the kernel's event queue overflowed; a full rescan follows.",
	  AT(inotify_overflows), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_annotations_ignored_total", "Annotations of pods about their logs that are not understood, by container.", AT(annotations_ignored),
	  METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_reconciles_total", "Full scans of the log tree.", AT(reconciles), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_checkpoint_writes_total", "Checkpoints written.", AT(checkpoint_writes), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_checkpoint_errors_total", "Checkpoints that could not be written.", AT(checkpoint_errors), METRIC_COUNTER, EXPOSITION_U64 },
};
static const struct exposition_labelled_row counter_labelled[] = {
	{ "spoor_log_bytes_lost_total", "Bytes that were written to a log and never read.", "reason", lost_reason_names, LOST_REASONS, AT(bytes_lost) },
	{ "spoor_journal_gaps_total", "Times that entries of the systemd journal were not read, how many nobody knows.", "reason", journal_gap_names,
	  JOURNAL_GAPS, AT(journal_gaps) },
};
static const struct exposition_labelled_row correlated_row = {
	"spoor_trace_lines_correlated_total", "Lines without a trace id that got one out of the lines before them, by what connects them.", "source",
	&trace_source_names[TRACE_FROM_RECORD], TRACE_SOURCES - TRACE_FROM_RECORD, AT(lines_correlated[TRACE_FROM_RECORD]),
};
#undef AT

#define AT(field) offsetof(struct status, field)
static const struct exposition_row status_rows[] = {
	{ "spoor_log_lag_seconds", "Now minus the timestamp of the oldest line not yet acknowledged; 0 when there is none.",
	  AT(lag_ns), METRIC_GAUGE, EXPOSITION_SECONDS },
	{ "spoor_log_files", "Log files known, all generations.", AT(files_known), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_log_files_waiting", "Logs that wait for the object of their pod.", AT(files_waiting), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_log_files_open", "Log files held open.", AT(files_open), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_log_streams", "Streams (label sets) in use.", AT(streams), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_log_containers_excluded", "Containers whose logs are not read because annotations of their pods ask for it.", AT(containers_excluded),
	  METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_inotify_watches", "Directories watched.", AT(inotify_watches), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_inotify_polling", "1 when inotify is exhausted and the log tree is polled.", AT(is_polling), METRIC_GAUGE, EXPOSITION_BOOL },
	{ "spoor_ready", "1 when /-/ready says so.", AT(is_ready), METRIC_GAUGE, EXPOSITION_BOOL },
	{ "spoor_degraded", "1 when something works with less than it should; the page says what.", AT(is_degraded), METRIC_GAUGE, EXPOSITION_BOOL },
	{ "spoor_start_time_seconds", "Start of the agent since 1970.", AT(start_wall_ns), METRIC_GAUGE, EXPOSITION_SECONDS },
	{ "spoor_config_last_reload_successful", "1 when the last attempt to load the configuration succeeded.",
	  AT(reload_ok), METRIC_GAUGE, EXPOSITION_BOOL },
	{ "spoor_config_last_reload_timestamp_seconds", "Time of the last attempt to load the configuration.",
	  AT(reload_wall_ns), METRIC_GAUGE, EXPOSITION_SECONDS },
};
#undef AT

#define AT(field) offsetof(struct view, field)
static const struct exposition_row destination_rows[] = {
	{ "spoor_log_lines_sent_total", "Lines that the destination has accepted.", AT(s.lines_sent), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_log_lines_pending", "Lines read and neither accepted nor dropped yet.", AT(pending), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_log_lines_joined_total", "Of the lines sent or pending, those in an entry that begins with another line.",
	  AT(joined), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_destination_up", "0 when the last attempt to send failed.", AT(is_up), METRIC_GAUGE, EXPOSITION_BOOL },
	{ "spoor_destination_last_success_timestamp_seconds", "Time of the last accepted request, 0: never.",
	  AT(s.last_success_ns), METRIC_GAUGE, EXPOSITION_SECONDS },
	{ "spoor_destination_last_error_timestamp_seconds", "Time of the last failed request, 0: never.",
	  AT(s.last_error_ns), METRIC_GAUGE, EXPOSITION_SECONDS },
	{ "spoor_destination_retry_delay_seconds", "Time until the next attempt, 0 when nothing waits.",
	  AT(retry_delay_ns), METRIC_GAUGE, EXPOSITION_SECONDS },
	{ "spoor_destination_retries_total", "Requests sent again.", AT(s.retries), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_destination_splits_total", "Batches halved because the server found them too large.", AT(s.splits), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_destination_sent_bytes_total", "Request bytes on the wire, compressed.", AT(s.wire_bytes), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_destination_raw_bytes_total", "Request bytes before compression.", AT(s.raw_bytes), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_destination_queued_batches", "Sealed batches that wait or are in flight.", AT(s.batches_queued), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_destination_parked_streams", "Streams that the server throttles one by one.", AT(s.streams_parked), METRIC_GAUGE, EXPOSITION_U64 },
};
static const char *const code_classes[6] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };
static const struct exposition_labelled_row destination_labelled[] = {
	{ "spoor_log_lines_dropped_total", "Lines given up, by reason.", "reason", drop_reason_names, DROP_REASONS, AT(s.lines_dropped) },
	{ "spoor_destination_requests_total", "Requests by class of the answer; none: no answer.",
	  "code", code_classes, 6, AT(s.requests_by_class) },
};
#undef AT

/* ---- rows to families ---- */

static double value_at(const void *base, const struct exposition_row *row)
{
	const char *at = (const char *)base + row->offset;
	uint64_t count = 0;
	int64_t ns = 0;
	bool is = false;
	switch (row->kind) {
	case EXPOSITION_SECONDS:
		memcpy(&ns, at, sizeof ns);
		return (double)ns / 1e9;
	case EXPOSITION_BOOL:
		memcpy(&is, at, sizeof is);
		return is;
	case EXPOSITION_U64:
		break;
	}
	memcpy(&count, at, sizeof count);
	return (double)count;
}

void exposition_rows(struct families *f, const struct exposition_row *rows, size_t count, const void *base)
{
	for (const struct exposition_row *row = rows; row < rows + count; row++) {
		families_begin(f, row->name, row->type, row->help);
		families_value(f, value_at(base, row));
	}
}

void exposition_destination_rows(struct families *f, const struct exposition_row *rows, size_t count, const void *views, size_t view_count,
				 size_t view_bytes)
{
	for (const struct exposition_row *row = rows; row < rows + count; row++) {
		families_begin(f, row->name, row->type, row->help);
		for (size_t i = 0; i < view_count; i++) {
			const char *view = (const char *)views + i * view_bytes;
			families_label1(f, "destination", *(const struct str *)(const void *)view, value_at(view, row));
		}
	}
}

void exposition_labelled(struct families *f, const struct exposition_labelled_row *row, const void *views, size_t view_count, size_t view_bytes)
{
	families_begin(f, row->name, METRIC_COUNTER, row->help);
	for (size_t v = 0; v < (view_count ? view_count : 1); v++) {
		const char *view = (const char *)views + v * view_bytes;
		for (size_t i = 0; i < row->count; i++) {
			uint64_t count;
			memcpy(&count, view + row->offset + i * sizeof count, sizeof count);
			if (view_count)
				families_label2(f, "destination", *(const struct str *)(const void *)view, row->label, str_of(row->values[i]),
						(double)count);
			else
				families_label1(f, row->label, str_of(row->values[i]), (double)count);
		}
	}
}

/* More rows of spoor_log_lines_dropped_total, which has just been written. */
static void stage_drops(const struct writer *w)
{
	for (size_t i = 0; i < w->view_count; i++) {
		const struct stage_drops *d = w->views[i].stage_drops;
		for (size_t k = 0; d && k < d->count; k++)
			families_label2(w->out, "destination", w->views[i].s.name, "reason", str_of(d->at[k].name), (double)d->at[k].lines);
	}
}

static void destinations(const struct writer *w)
{
	exposition_destination_rows(w->out, destination_rows, COUNT_OF(destination_rows), w->views, w->view_count, sizeof *w->views);
	for (size_t k = 0; k < COUNT_OF(destination_labelled); k++) {
		exposition_labelled(w->out, &destination_labelled[k], w->views, w->view_count, sizeof *w->views);
		if (k == 0)
			stage_drops(w);
	}
	families_begin(w->out, "spoor_destination_state", METRIC_GAUGE, "1 for the state that the destination is in.");
	for (size_t i = 0; i < w->view_count; i++)
		for (int state = 0; state < DEST_STATES; state++)
			families_label2(w->out, "destination", w->views[i].s.name, "state", str_of(destination_state_names[state]),
					w->views[i].s.state == (enum destination_state)state);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct coverage_row *const *)a)->name, (*(struct coverage_row *const *)b)->name);
}

static void coverage(const struct writer *w, const struct coverage *c)
{
	families_begin(w->out, "spoor_trace_lines_total", METRIC_COUNTER, "Lines by what was found when looking for a trace id.");
	const struct coverage_row **rows = calloc(c->rows.count + 1, sizeof *rows);
	if (!rows)
		abort();
	size_t count = 0;
	const struct coverage_row *row;
	for (size_t i = 0; (row = map_next(&c->rows, &i));)
		rows[count++] = row;
	qsort(rows, count, sizeof *rows, by_name); /* the same order in every scrape */
	for (size_t i = 0; i < count; i++)
		for (int result = 0; result < TRACE_RESULTS; result++)
			families_label2(w->out, "namespace", str_of(rows[i]->name), "result", str_of(trace_result_names[result]),
					(double)rows[i]->lines[result]);
	free(rows);
}

static void identity(const struct writer *w, const struct status *status)
{
	families_begin(w->out, "spoor_build_info", METRIC_GAUGE, "Version of the running program; the value is always 1.");
	families_label2(w->out, "version", STR(SPOOR_VERSION), "revision", STR(SPOOR_REVISION), 1);
	families_gauge(w->out, "spoor_config_hash", "The lower 48 bits of the configuration's hash: compare it between nodes.",
		       (double)(status->config_hash & 0xffffffffffff));
	families_begin(w->out, "spoor_config_reloads_total", METRIC_COUNTER, "Attempts to load the configuration again.");
	families_label1(w->out, "result", STR("success"), (double)status->reloads_ok);
	families_label1(w->out, "result", STR("failure"), (double)status->reloads_failed);
}

/* The names that every Prometheus client library gives. */
static void process(const struct writer *w, const struct status *status)
{
	struct process_stats p;
	process_stats_read(&p);
	families_counter(w->out, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", (double)p.cpu_ns / 1e9);
	if (p.has_memory) {
		families_gauge(w->out, "process_resident_memory_bytes", "Resident memory size in bytes.", (double)p.resident_bytes);
		families_gauge(w->out, "process_virtual_memory_bytes", "Virtual memory size in bytes.", (double)p.virtual_bytes);
	}
	if (p.has_fds)
		families_gauge(w->out, "process_open_fds", "Number of open file descriptors.", (double)p.open_fds);
	families_gauge(w->out, "process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.", (double)p.max_virtual_bytes);
	families_gauge(w->out, "process_max_fds", "Maximum number of open file descriptors.", (double)p.max_fds);
	families_gauge(w->out, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
		       (double)status->start_wall_ns / 1e9);
}

static struct view *take_views(const struct status *status, size_t *count)
{
	*count = status->destination_count ? status->destination_count : 1;
	struct view *views = calloc(*count, sizeof *views);
	if (!views)
		abort();
	views[0].s.name = STR("ring");
	views[0].s.lines_sent = status->counters->lines_read;
	for (size_t i = 0; i < *count; i++) {
		struct view *v = &views[i];
		if (status->destination_count)
			status->destination(status->ctx, i, &v->s, &v->pending);
		if (status->destination_count && status->joined_lines)
			v->joined = status->joined_lines(status->ctx, i);
		if (status->destination_count && status->stage_drops)
			v->stage_drops = status->stage_drops(status->ctx, i);
		if (v->stage_drops) /* they have rows of their own */
			v->s.lines_dropped[DROP_PIPELINE] -= v->stage_drops->lines;
		v->is_up = v->s.last_error[0] == 0;
		v->retry_delay_ns = v->s.retry_at_ns > status->now_wall_ns ? v->s.retry_at_ns - status->now_wall_ns : 0;
	}
	return views;
}

void exposition_self(const struct status *status, struct buf *out, bool openmetrics)
{
	struct families families;
	struct writer w = { .out = &families };
	families_init(&families, out, openmetrics);
	struct view *views = take_views(status, &w.view_count);
	w.views = views;
	identity(&w, status);
	exposition_rows(w.out, counter_rows, COUNT_OF(counter_rows), status->counters);
	exposition_rows(w.out, status_rows, COUNT_OF(status_rows), status);
	for (size_t i = 0; i < COUNT_OF(counter_labelled); i++)
		exposition_labelled(w.out, &counter_labelled[i], status->counters, 0, 0);
	destinations(&w);
	coverage(&w, status->coverage);
	if (status->kubernetes)
		exposition_kubernetes(w.out, status->kubernetes);
	exposition_labelled(w.out, &correlated_row, status->counters, 0, 0);
	if (status->metrics)
		exposition_metrics(w.out, status->metrics);
	process(&w, status);
	if (status->promtail_names)
		exposition_promtail(w.out, status);
	families_fini(&families);
	free(views);
}

void exposition_end(struct buf *out, bool openmetrics)
{
	if (openmetrics)
		buf_str(out, STR("# EOF\n"));
}
