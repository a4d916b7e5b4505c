/* Our own metrics under the names, types, help and labels that Promtail 3.5 has for them (loki: clients/pkg/promtail and
 * clients/pkg/logentry), for dashboards and alerts that were made for it. The values are those of our own counters: there is one truth
 * under two names.
 *
 * Promtail adds up what goes to the same host; so do we. Its paths are those of files that are being written to; rotated generations
 * have no rows. At most PATHS_MOST paths, the rest is counted under "__overflow__". */
#include <stdio.h>
#include <stdlib.h>

#include "agent/exposition/exposition_rows.h"
#include "parsers/bytes/arena.h"
#include "parsers/bytes/array.h"

enum { PATHS_MOST = 2000 };

struct path { struct str path; double read_bytes, file_bytes, lines; };
struct files {
	struct arena arena;
	struct path *at;
	size_t count, room, targets;
};
struct hosts {
	struct destination_status *at;
	struct str *hosts;
	size_t count;
};
struct writer { struct families *out; const struct hosts *hosts; };

/* ---- files ---- */

static void take_file(void *ctx, const struct file_status *file)
{
	struct files *f = ctx;
	if (!file->is_newest)
		return;
	f->targets++;
	f->at = array_room(f->at, f->count, &f->room, sizeof *f->at);
	f->at[f->count++] = (struct path){ arena_copy(&f->arena, file->path), (double)file->read_bytes, (double)file->size_bytes,
					   (double)file->lines_read };
}

static int by_path(const void *a, const void *b)
{
	return str_cmp(((const struct path *)a)->path, ((const struct path *)b)->path);
}

/* Sorted, each path once, and not too many. */
static void tidy(struct files *f)
{
	size_t kept = 0;
	qsort(f->at, f->count, sizeof *f->at, by_path);
	for (size_t i = 0; i < f->count; i++) {
		struct path *p = &f->at[i], *last = kept ? &f->at[kept - 1] : NULL;
		if (kept > PATHS_MOST || (last && str_eq(last->path, p->path))) {
			last->read_bytes += kept > PATHS_MOST ? p->read_bytes : 0;
			last->file_bytes += kept > PATHS_MOST ? p->file_bytes : 0;
			last->lines += p->lines;
			continue;
		}
		f->at[kept++] = *p;
		if (kept > PATHS_MOST)
			f->at[kept - 1].path = STR("__overflow__");
	}
	f->count = kept;
}

static void write_files(struct families *out, const struct status *status)
{
	struct files f = { .count = 0 };
	status->each_file(status->ctx, take_file, &f);
	tidy(&f);
	families_begin(out, "promtail_read_bytes_total", METRIC_GAUGE, "Number of bytes read.");
	for (size_t i = 0; i < f.count; i++)
		families_label1(out, "path", f.at[i].path, f.at[i].read_bytes);
	families_begin(out, "promtail_file_bytes_total", METRIC_GAUGE, "Number of bytes total.");
	for (size_t i = 0; i < f.count; i++)
		families_label1(out, "path", f.at[i].path, f.at[i].file_bytes);
	families_begin(out, "promtail_read_lines_total", METRIC_COUNTER, "Number of lines read.");
	for (size_t i = 0; i < f.count; i++)
		families_label1(out, "path", f.at[i].path, f.at[i].lines);
	families_gauge(out, "promtail_files_active_total", "Number of active files.", (double)f.targets);
	families_gauge(out, "promtail_targets_active_total", "Number of active total.", (double)status->streams);
	free(f.at);
	arena_fini(&f.arena);
}

/* ---- destinations ---- */

/* "http://loki:3100/loki/api/v1/push": loki:3100 */
static struct str host_of(struct str url)
{
	static const struct str mark = { "://", 3 };
	const char *hit = url.n ? memmem(url.p, url.n, mark.p, mark.n) : NULL;
	struct str rest = hit ? str_skip(url, (size_t)(hit - url.p) + mark.n) : url;
	return str_take(rest, str_find(rest, '/'));
}

static void take_hosts(struct hosts *h, const struct status *status)
{
	h->count = status->destination_count;
	h->at = calloc(h->count + 1, sizeof *h->at);
	h->hosts = calloc(h->count + 1, sizeof *h->hosts);
	if (!h->at || !h->hosts)
		abort();
	for (size_t i = 0; i < h->count; i++) {
		uint64_t pending;
		status->destination(status->ctx, i, &h->at[i], &pending);
		h->hosts[i] = host_of(h->at[i].url);
	}
}

static bool is_same(const struct hosts *h, size_t a, size_t b, bool with_tenant)
{
	return str_eq(h->hosts[a], h->hosts[b]) && (!with_tenant || str_eq(h->at[a].tenant, h->at[b].tenant));
}

/* Whether none before it has its host (and tenant): then it writes the row of all that have it. */
static bool is_first(const struct hosts *h, size_t i, bool with_tenant)
{
	for (size_t k = 0; k < i; k++)
		if (is_same(h, i, k, with_tenant))
			return false;
	return true;
}

static uint64_t counter_at(const struct destination_status *d, size_t offset)
{
	uint64_t value;
	memcpy(&value, (const char *)d + offset, sizeof value);
	return value;
}

static double sum(const struct hosts *h, size_t i, bool with_tenant, size_t offset)
{
	uint64_t value = 0;
	for (size_t k = i; k < h->count; k++)
		if (is_same(h, i, k, with_tenant))
			value += counter_at(&h->at[k], offset);
	return (double)value;
}

#define AT(field) offsetof(struct destination_status, field)
static const struct { const char *name, *help; size_t offset; bool has_tenant; } host_rows[] = {
	{ "promtail_encoded_bytes_total", "Number of bytes encoded and ready to send.", AT(encoded_bytes), false },
	{ "promtail_sent_bytes_total", "Number of bytes sent.", AT(accepted_bytes), false },
	{ "promtail_sent_entries_total", "Number of log entries sent to the ingester.", AT(lines_sent), false },
	{ "promtail_batch_retries_total", "Number of times batches has had to be retried.", AT(retries), true },
};

/* Reasons in Promtail's words. What is not here it does not count as dropped by the client. */
static const char *const reason_words[DROP_REASONS] = {
	[DROP_LINE_TOO_LONG] = "line_too_long", [DROP_TOO_OLD] = "ingester_error", [DROP_TOO_FAR_IN_FUTURE] = "ingester_error",
	[DROP_OUT_OF_ORDER] = "ingester_error", [DROP_INVALID_LABELS] = "ingester_error", [DROP_STRUCTURED_METADATA] = "ingester_error",
	[DROP_STREAM_LIMIT] = "stream_limited", [DROP_RATE_LIMITED] = "rate_limited", [DROP_REQUEST_TOO_LARGE] = "ingester_error",
	[DROP_REJECTED] = "ingester_error",
};
static const char *const words[] = { "ingester_error", "line_too_long", "rate_limited", "stream_limited" };
static const struct { const char *name, *help; size_t offset; } reason_rows[] = {
	{ "promtail_dropped_entries_total", "Number of log entries dropped because failed to be sent to the ingester after all retries.",
	  AT(lines_dropped) },
	{ "promtail_dropped_bytes_total", "Number of bytes dropped because failed to be sent to the ingester after all retries.", AT(dropped_bytes) },
};
#undef AT

static void write_reasons(const struct writer *w, size_t i, size_t offset)
{
	for (size_t k = 0; k < COUNT_OF(words); k++) {
		double value = 0;
		for (size_t reason = 0; reason < DROP_REASONS; reason++)
			if (reason_words[reason] && strcmp(reason_words[reason], words[k]) == 0)
				value += sum(w->hosts, i, true, offset + reason * sizeof(uint64_t));
		const struct metric_label labels[] = { { "host", w->hosts->hosts[i] }, { "reason", str_of(words[k]) },
						       { "tenant", w->hosts->at[i].tenant } };
		families_sample(w->out, "", labels, COUNT_OF(labels), value);
	}
}

/* Lines that we cut count for each destination alike: they are cut before any of them. */
static void write_mutated(const struct writer *w, const char *name, const char *help, double cut)
{
	families_begin(w->out, name, METRIC_COUNTER, help);
	for (size_t i = 0; i < w->hosts->count; i++)
		for (size_t k = 0; k < COUNT_OF(words) && is_first(w->hosts, i, true); k++) {
			const struct metric_label labels[] = { { "host", w->hosts->hosts[i] }, { "reason", str_of(words[k]) },
							       { "tenant", w->hosts->at[i].tenant } };
			families_sample(w->out, "", labels, COUNT_OF(labels), strcmp(words[k], "line_too_long") == 0 ? cut : 0);
		}
}

static void write_time(const struct writer *w, struct str host, const struct request_time *t)
{
	char status[16], bound[32];
	struct str code = { status, (size_t)snprintf(status, sizeof status, "%d", t->status) };
	for (size_t i = 0; i <= REQUEST_TIMES_BUCKETS; i++) {
		bool is_last = i == REQUEST_TIMES_BUCKETS;
		int n = is_last ? snprintf(bound, sizeof bound, "+Inf") : snprintf(bound, sizeof bound, "%g", request_times_bounds[i]);
		if (!is_last && w->out->is_openmetrics && !strchr(bound, '.'))
			n += snprintf(bound + n, sizeof bound - (size_t)n, ".0");
		const struct metric_label labels[] = { { "host", host }, { "le", { bound, (size_t)n } }, { "status_code", code } };
		families_sample(w->out, "_bucket", labels, COUNT_OF(labels), (double)(is_last ? t->count : t->counts[i]));
	}
	const struct metric_label labels[] = { { "host", host }, { "status_code", code } };
	families_sample(w->out, "_sum", labels, COUNT_OF(labels), t->seconds);
	families_sample(w->out, "_count", labels, COUNT_OF(labels), (double)t->count);
}

static void write_times(const struct writer *w)
{
	families_begin(w->out, "promtail_request_duration_seconds", METRIC_HISTOGRAM, "Duration of send requests.");
	for (size_t i = 0; i < w->hosts->count; i++) {
		struct request_times all = { .count = 0 };
		if (!is_first(w->hosts, i, false))
			continue;
		for (size_t k = i; k < w->hosts->count; k++)
			if (is_same(w->hosts, i, k, false))
				request_times_merge(&all, &w->hosts->at[k].times);
		for (size_t k = 0; k < all.count; k++)
			write_time(w, w->hosts->hosts[i], &all.at[k]);
	}
}

static void write_hosts(const struct writer *w, const struct status *status)
{
	const struct hosts *h = w->hosts;
	for (size_t r = 0; r < COUNT_OF(host_rows); r++) {
		families_begin(w->out, host_rows[r].name, METRIC_COUNTER, host_rows[r].help);
		for (size_t i = 0; i < h->count; i++) {
			const struct metric_label labels[] = { { "host", h->hosts[i] }, { "tenant", h->at[i].tenant } };
			if (is_first(h, i, host_rows[r].has_tenant))
				families_sample(w->out, "", labels, host_rows[r].has_tenant ? 2 : 1, sum(h, i, host_rows[r].has_tenant, host_rows[r].offset));
		}
	}
	for (size_t r = 0; r < COUNT_OF(reason_rows); r++) {
		families_begin(w->out, reason_rows[r].name, METRIC_COUNTER, reason_rows[r].help);
		for (size_t i = 0; i < h->count; i++)
			if (is_first(h, i, true))
				write_reasons(w, i, reason_rows[r].offset);
	}
	write_mutated(w, "promtail_mutated_entries_total", "The total number of log entries that have been mutated.",
		      (double)status->counters->lines_truncated);
	write_mutated(w, "promtail_mutated_bytes_total", "The total number of bytes that have been mutated.", (double)status->counters->bytes_truncated);
	write_times(w);
}

/* ---- pipelines ---- */

static uint64_t entries_of(const struct stage_drops *d, struct str name)
{
	for (size_t i = 0; i < d->count; i++)
		if (str_eq(str_of(d->at[i].name), name))
			return d->at[i].entries;
	return 0;
}

/* It has one pipeline for all destinations, we one for each: what the one that is furthest ahead has dropped. */
static void write_stage_drops(struct families *out, const struct status *status)
{
	bool has_begun = false;
	for (size_t i = 0; i < status->destination_count && status->stage_drops; i++) {
		const struct stage_drops *d = status->stage_drops(status->ctx, i);
		for (size_t k = 0; d && k < d->count; k++) {
			struct str name = str_of(d->at[k].name);
			uint64_t most = 0, before = 0;
			for (size_t other = 0; other < status->destination_count; other++) {
				const struct stage_drops *its = status->stage_drops(status->ctx, other);
				uint64_t entries = its ? entries_of(its, name) : 0;
				most = entries > most ? entries : most;
				before += other < i ? entries : 0;
			}
			if (before) /* that one has written the row */
				continue;
			if (!has_begun)
				families_begin(out, "logentry_dropped_lines_total", METRIC_COUNTER,
					       "A count of all log lines dropped as a result of a pipeline stage");
			has_begun = true;
			families_label1(out, "reason", stage_drop_reason(&d->at[k]), (double)most);
		}
	}
}

/* ---- the program ---- */

static void write_program(struct families *out, const struct status *status)
{
	static const struct metric_label labels[] = { { "branch", { "", 0 } }, { "goarch", { "", 0 } }, { "goos", { "linux", 5 } },
		{ "goversion", { "", 0 } }, { "revision", { "", 0 } }, { "tags", { "spoor", 5 } },
		{ "version", { SPOOR_VERSION, sizeof SPOOR_VERSION - 1 } } };
	families_begin(out, "promtail_build_info", METRIC_GAUGE, "A metric with a constant '1' value labeled by version, revision, branch, goversion "
		"from which promtail was built, and the goos and goarch for the build.");
	families_sample(out, "", labels, COUNT_OF(labels), 1);
	families_counter(out, "promtail_config_reload_success_total", "Number of reload success times.", (double)status->reloads_ok);
	families_counter(out, "promtail_config_reload_fail_total", "Number of reload fail times.", (double)status->reloads_failed);
}

void exposition_promtail(struct families *out, const struct status *status)
{
	struct hosts hosts;
	take_hosts(&hosts, status);
	const struct writer w = { out, &hosts };
	write_files(out, status);
	write_hosts(&w, status);
	write_stage_drops(out, status);
	write_program(out, status);
	free(hosts.at);
	free(hosts.hosts);
}
