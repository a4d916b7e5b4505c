/* Self metrics: tables of rows, each a family with where its value stands in a struct. A new counter is a field and a row.
 *
 * Three bases have rows: struct counters, struct status, and one view per destination. Families are contiguous, as both formats
 * ask; so all destinations are taken down once, at the start, and the families then walk over that. Everything is
 * read in one call on the loop's thread: that is why the ledger balances within each answer.
 * With no destination configured the ledger's only destination is "ring", and what was read has arrived there. */
#include "agent/exposition.h"

#include <stdlib.h>

#include "agent/process.h"
#include "parsers/bytes/utf8.h"

#ifndef SPOOR_REVISION
#define SPOOR_REVISION "unknown"
#endif

enum type { COUNTER, GAUGE };
enum kind { U64, SECONDS, BOOL }; /* uint64_t; int64_t nanoseconds shown as seconds; bool */

struct row {
	const char *name; /* counters without "_total" */
	const char *help;
	size_t offset;
	enum type type;
	enum kind kind;
};
struct labelled_row { /* an array of uint64_t counters, one label for the index */
	const char *name, *help, *label;
	const char *const *values;
	size_t count, offset;
};
struct view { /* of one destination */
	struct destination_status s;
	uint64_t pending;
	int64_t retry_delay_ns;
	bool is_up;
};
struct writer {
	struct buf *out;
	bool is_openmetrics;
	const struct view *views;
	size_t view_count;
};

#define AT(field) offsetof(struct counters, field)
static const struct row counter_rows[] = {
	{ "spoor_log_lines_read", "Log lines read, before anything was dropped.", AT(lines_read), COUNTER, U64 },
	{ "spoor_log_bytes_read", "Bytes read from log files, framing of the container runtime included.",
	  AT(bytes_read), COUNTER, U64 },
	{ "spoor_log_lines_truncated", "Lines cut at max_line_size and sent with a marker.", AT(lines_truncated), COUNTER, U64 },
	{ "spoor_log_lines_utf8_repaired", "Lines that held invalid UTF-8, replaced by U+FFFD.",
	  AT(lines_utf8_repaired), COUNTER, U64 },
	{ "spoor_log_parse_errors", "Lines not in their file's format, sent as they are.", AT(lines_parse_errors), COUNTER, U64 },
	{ "spoor_log_partials_flushed", "Unfinished lines sent because the rest did not come.",
	  AT(partials_flushed), COUNTER, U64 },
	{ "spoor_log_nul_bytes_skipped", "NUL bytes skipped, as a power loss leaves them.", AT(nul_bytes_skipped), COUNTER, U64 },
	{ "spoor_log_files_opened", "Log files opened.", AT(files_opened), COUNTER, U64 },
	{ "spoor_log_files_rotated", "Rotations seen.", AT(files_rotated), COUNTER, U64 },
	{ "spoor_log_files_truncated", "Log files that became shorter while followed.", AT(files_truncated), COUNTER, U64 },
	{ "spoor_log_files_refused", "Paths that are no plain log file: FIFO, device, link out of the tree.",
	  AT(files_refused), COUNTER, U64 },
	{ "spoor_log_read_errors", "Reads of log files that failed.", AT(read_errors), COUNTER, U64 },
	{ "spoor_inotify_overflows", "Times the kernel's event queue overflowed; a full rescan follows.",
	  AT(inotify_overflows), COUNTER, U64 },
	{ "spoor_reconciles", "Full scans of the log tree.", AT(reconciles), COUNTER, U64 },
	{ "spoor_checkpoint_writes", "Checkpoints written.", AT(checkpoint_writes), COUNTER, U64 },
	{ "spoor_checkpoint_errors", "Checkpoints that could not be written.", AT(checkpoint_errors), COUNTER, U64 },
};
static const struct labelled_row lost_row = {
	"spoor_log_bytes_lost", "Bytes that were written to a log and never read.", "reason", lost_reason_names, LOST_REASONS, AT(bytes_lost),
};
#undef AT

#define AT(field) offsetof(struct status, field)
static const struct row status_rows[] = {
	{ "spoor_log_lag_seconds", "Now minus the timestamp of the oldest line not yet acknowledged; 0 when there is none.",
	  AT(lag_ns), GAUGE, SECONDS },
	{ "spoor_log_files", "Log files known, all generations.", AT(files_known), GAUGE, U64 },
	{ "spoor_log_files_open", "Log files held open.", AT(files_open), GAUGE, U64 },
	{ "spoor_log_streams", "Streams (label sets) in use.", AT(streams), GAUGE, U64 },
	{ "spoor_inotify_watches", "Directories watched.", AT(inotify_watches), GAUGE, U64 },
	{ "spoor_inotify_polling", "1 when inotify is exhausted and the log tree is polled.", AT(is_polling), GAUGE, BOOL },
	{ "spoor_ready", "1 when /-/ready says so.", AT(is_ready), GAUGE, BOOL },
	{ "spoor_degraded", "1 when something works with less than it should; the page says what.", AT(is_degraded), GAUGE, BOOL },
	{ "spoor_start_time_seconds", "Start of the agent since 1970.", AT(start_wall_ns), GAUGE, SECONDS },
	{ "spoor_config_last_reload_successful", "1 when the last attempt to load the configuration succeeded.",
	  AT(reload_ok), GAUGE, BOOL },
	{ "spoor_config_last_reload_timestamp_seconds", "Time of the last attempt to load the configuration.",
	  AT(reload_wall_ns), GAUGE, SECONDS },
};
#undef AT

#define AT(field) offsetof(struct view, field)
static const struct row destination_rows[] = {
	{ "spoor_log_lines_sent", "Lines that the destination has accepted.", AT(s.lines_sent), COUNTER, U64 },
	{ "spoor_log_lines_pending", "Lines read and neither accepted nor dropped yet.", AT(pending), GAUGE, U64 },
	{ "spoor_destination_up", "0 when the last attempt to send failed.", AT(is_up), GAUGE, BOOL },
	{ "spoor_destination_last_success_timestamp_seconds", "Time of the last accepted request, 0: never.",
	  AT(s.last_success_ns), GAUGE, SECONDS },
	{ "spoor_destination_last_error_timestamp_seconds", "Time of the last failed request, 0: never.",
	  AT(s.last_error_ns), GAUGE, SECONDS },
	{ "spoor_destination_retry_delay_seconds", "Time until the next attempt, 0 when nothing waits.",
	  AT(retry_delay_ns), GAUGE, SECONDS },
	{ "spoor_destination_retries", "Requests sent again.", AT(s.retries), COUNTER, U64 },
	{ "spoor_destination_splits", "Batches halved because the server found them too large.", AT(s.splits), COUNTER, U64 },
	{ "spoor_destination_sent_bytes", "Request bytes on the wire, compressed.", AT(s.wire_bytes), COUNTER, U64 },
	{ "spoor_destination_raw_bytes", "Request bytes before compression.", AT(s.raw_bytes), COUNTER, U64 },
	{ "spoor_destination_queued_batches", "Sealed batches that wait or are in flight.", AT(s.batches_queued), GAUGE, U64 },
	{ "spoor_destination_parked_streams", "Streams that the server throttles one by one.", AT(s.streams_parked), GAUGE, U64 },
};
static const char *const code_classes[6] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };
static const struct labelled_row destination_labelled[] = {
	{ "spoor_log_lines_dropped", "Lines given up, by reason.", "reason", drop_reason_names, DROP_REASONS, AT(s.lines_dropped) },
	{ "spoor_destination_requests", "Requests by class of the answer; none: no answer.",
	  "code", code_classes, 6, AT(s.requests_by_class) },
};
#undef AT

static void label_value(struct buf *out, struct str value)
{
	struct buf clean;
	buf_init(&clean, 3 * value.n + 1);
	if (utf8_valid(value) < value.n) {
		utf8_repair(value, &clean);
		value = buf_view(&clean);
	}
	buf_char(out, '"');
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		if (c == '\\' || c == '"')
			buf_char(out, '\\');
		if (c == '\n')
			buf_str(out, STR("\\n"));
		else
			buf_char(out, c);
	}
	buf_char(out, '"');
	buf_fini(&clean);
}

static void family(const struct writer *w, const char *name, enum type type, const char *help)
{
	static const char *const types[] = { [COUNTER] = "counter", [GAUGE] = "gauge" };
	const char *suffix = type == COUNTER && !w->is_openmetrics ? "_total" : "";
	buf_printf(w->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name, suffix, types[type]);
}

struct label {
	const char *name;
	struct str value;
};

/* Name and labels (those with a name), up to the blank before the value. */
static void sample(const struct writer *w, const char *name, enum type type, struct label a, struct label b)
{
	buf_printf(w->out, "%s%s", name, type == COUNTER ? "_total" : "");
	const struct label all[] = { a, b };
	char open = '{';
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		if (!all[i].name)
			continue;
		buf_printf(w->out, "%c%s=", open, all[i].name);
		label_value(w->out, all[i].value);
		open = ',';
	}
	buf_str(w->out, open == ',' ? STR("} ") : STR(" "));
}

static void seconds(struct buf *out, int64_t ns)
{
	if (ns < 0)
		buf_char(out, '-');
	uint64_t magnitude = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	buf_u64(out, magnitude / 1000000000);
	if (magnitude % 1000000000)
		buf_printf(out, ".%09u", (unsigned)(magnitude % 1000000000));
	buf_char(out, '\n');
}

static void number(struct buf *out, uint64_t value)
{
	buf_u64(out, value);
	buf_char(out, '\n');
}

static void value_at(struct buf *out, const void *base, const struct row *row)
{
	const char *at = (const char *)base + row->offset;
	uint64_t count = 0;
	int64_t ns = 0;
	bool is = false;
	switch (row->kind) {
	case U64:
		memcpy(&count, at, sizeof count);
		number(out, count);
		break;
	case SECONDS:
		memcpy(&ns, at, sizeof ns);
		seconds(out, ns);
		break;
	case BOOL:
		memcpy(&is, at, sizeof is);
		number(out, is);
		break;
	}
}

static void plain_rows(const struct writer *w, const struct row *rows, size_t count, const void *base)
{
	for (const struct row *row = rows; row < rows + count; row++) {
		family(w, row->name, row->type, row->help);
		sample(w, row->name, row->type, (struct label){ 0 }, (struct label){ 0 });
		value_at(w->out, base, row);
	}
}

static void labelled_samples(const struct writer *w, const struct labelled_row *row, struct label first, const void *base)
{
	for (size_t i = 0; i < row->count; i++) {
		uint64_t count;
		memcpy(&count, (const char *)base + row->offset + i * sizeof count, sizeof count);
		sample(w, row->name, COUNTER, first, (struct label){ row->label, str_of(row->values[i]) });
		number(w->out, count);
	}
}

static struct label destination_label(const struct view *view)
{
	return (struct label){ "destination", view->s.name };
}

static void destinations(const struct writer *w)
{
	for (const struct row *row = destination_rows; row < destination_rows + COUNT_OF(destination_rows); row++) {
		family(w, row->name, row->type, row->help);
		for (size_t i = 0; i < w->view_count; i++) {
			sample(w, row->name, row->type, destination_label(&w->views[i]), (struct label){ 0 });
			value_at(w->out, &w->views[i], row);
		}
	}
	for (size_t k = 0; k < COUNT_OF(destination_labelled); k++) {
		family(w, destination_labelled[k].name, COUNTER, destination_labelled[k].help);
		for (size_t i = 0; i < w->view_count; i++)
			labelled_samples(w, &destination_labelled[k], destination_label(&w->views[i]), &w->views[i]);
	}
	family(w, "spoor_destination_state", GAUGE, "1 for the state that the destination is in.");
	for (size_t i = 0; i < w->view_count; i++)
		for (int state = 0; state < DEST_STATES; state++) {
			sample(w, "spoor_destination_state", GAUGE, destination_label(&w->views[i]),
			       (struct label){ "state", str_of(destination_state_names[state]) });
			number(w->out, w->views[i].s.state == (enum destination_state)state);
		}
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct coverage_row *const *)a)->name, (*(struct coverage_row *const *)b)->name);
}

static void coverage(const struct writer *w, const struct coverage *c)
{
	family(w, "spoor_trace_lines", COUNTER, "Lines by what was found when looking for a trace id.");
	const struct coverage_row **rows = calloc(c->rows.count + 1, sizeof *rows);
	if (!rows)
		abort();
	size_t count = 0;
	const struct coverage_row *row;
	for (size_t i = 0; (row = map_next(&c->rows, &i));)
		rows[count++] = row;
	qsort(rows, count, sizeof *rows, by_name); /* the same order in every scrape */
	for (size_t i = 0; i < count; i++)
		for (int result = 0; result < TRACE_RESULTS; result++) {
			sample(w, "spoor_trace_lines", COUNTER, (struct label){ "namespace", str_of(rows[i]->name) },
			       (struct label){ "result", str_of(trace_result_names[result]) });
			number(w->out, rows[i]->lines[result]);
		}
	free(rows);
}

static void identity(const struct writer *w, const struct status *status)
{
	family(w, "spoor_build_info", GAUGE, "Version of the running program; the value is always 1.");
	sample(w, "spoor_build_info", GAUGE, (struct label){ "version", STR(SPOOR_VERSION) },
	       (struct label){ "revision", STR(SPOOR_REVISION) });
	number(w->out, 1);
	family(w, "spoor_config_hash", GAUGE, "The lower 48 bits of the configuration's hash: compare it between nodes.");
	sample(w, "spoor_config_hash", GAUGE, (struct label){ 0 }, (struct label){ 0 });
	number(w->out, status->config_hash & 0xffffffffffff);
	family(w, "spoor_config_reloads", COUNTER, "Attempts to load the configuration again.");
	sample(w, "spoor_config_reloads", COUNTER, (struct label){ "result", STR("success") }, (struct label){ 0 });
	number(w->out, status->reloads_ok);
	sample(w, "spoor_config_reloads", COUNTER, (struct label){ "result", STR("failure") }, (struct label){ 0 });
	number(w->out, status->reloads_failed);
}

/* The names that every Prometheus client library gives. */
static void process(const struct writer *w, const struct status *status)
{
	struct process_stats p;
	process_stats_read(&p);
	const struct {
		const char *name, *help;
		enum type type;
		bool is_there, is_ns;
		uint64_t value;
	} rows[] = {
		{ "process_cpu_seconds", "Total user and system CPU time spent in seconds.", COUNTER, true, true, (uint64_t)p.cpu_ns },
		{ "process_resident_memory_bytes", "Resident memory size in bytes.", GAUGE, p.has_memory, false, p.resident_bytes },
		{ "process_virtual_memory_bytes", "Virtual memory size in bytes.", GAUGE, p.has_memory, false, p.virtual_bytes },
		{ "process_open_fds", "Number of open file descriptors.", GAUGE, p.has_fds, false, p.open_fds },
		{ "process_max_fds", "Maximum number of open file descriptors.", GAUGE, true, false, p.max_fds },
		{ "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", GAUGE, true, true,
		  (uint64_t)status->start_wall_ns },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!rows[i].is_there)
			continue;
		family(w, rows[i].name, rows[i].type, rows[i].help);
		sample(w, rows[i].name, rows[i].type, (struct label){ 0 }, (struct label){ 0 });
		if (rows[i].is_ns)
			seconds(w->out, (int64_t)rows[i].value);
		else
			number(w->out, rows[i].value);
	}
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
		v->is_up = v->s.last_error[0] == 0;
		v->retry_delay_ns = v->s.retry_at_ns > status->now_wall_ns ? v->s.retry_at_ns - status->now_wall_ns : 0;
	}
	return views;
}

void exposition_self(const struct status *status, struct buf *out, bool openmetrics)
{
	struct writer w = { .out = out, .is_openmetrics = openmetrics };
	struct view *views = take_views(status, &w.view_count);
	w.views = views;
	identity(&w, status);
	plain_rows(&w, counter_rows, COUNT_OF(counter_rows), status->counters);
	plain_rows(&w, status_rows, COUNT_OF(status_rows), status);
	family(&w, lost_row.name, COUNTER, lost_row.help);
	labelled_samples(&w, &lost_row, (struct label){ 0 }, status->counters);
	destinations(&w);
	coverage(&w, status->coverage);
	process(&w, status);
	free(views);
}

void exposition_end(struct buf *out, bool openmetrics)
{
	if (openmetrics)
		buf_str(out, STR("# EOF\n"));
}
