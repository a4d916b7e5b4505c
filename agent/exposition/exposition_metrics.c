/* Self metrics of the metrics side: what was scraped, what waits in the spool, what each receiver has taken. For each receiver,
 * every sample that it was owed is sent, dropped under a reason (shed: it went from the full spool before it was sent) or pending. A
 * frame is acknowledged when its last sample is settled, so what is pending is asked of both: unread in the spool, and taken but not sent. */
#include "agent/exposition/exposition_rows.h"

#include <stdlib.h>

#include "agent/metrics.h"

struct receiver_view {
	struct str name;
	struct remote_write_status s;
	uint64_t found, pending, pending_bytes, dropped[SAMPLE_DROPS + 1];
	int64_t newest_ns;
	bool is_up;
};

#define AT(field) offsetof(struct metrics_status, field)
static const struct exposition_row rows[] = {
	{ "spoor_samples_scraped_total", "Samples that were taken from scrapes and built-in jobs.",
	  AT(scrape.samples_appended), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_scrape_targets", "Targets that are scraped.", AT(scrape.targets), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_scrape_targets_up", "Targets whose last scrape succeeded.", AT(scrape.targets_up), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_scrape_series", "Series that the last scrapes brought.", AT(scrape.series), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_scrapes_total", "Scrapes that were begun.", AT(scrape.scrapes), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_scrapes_failed_total", "Scrapes that failed; /targets says why.", AT(scrape.scrapes_failed), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_scrapes_skipped_total", "Scrapes left out because the one before was not through.",
	  AT(scrape.scrapes_skipped_late), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_scrape_duplicate_samples_total", "Samples left out because their series stood twice in one answer.",
	  AT(scrape.duplicate_samples), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_scrape_out_of_bounds_samples_total", "Samples left out because their timestamp is too far in the future.",
	  AT(scrape.out_of_bounds), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_scrape_stale_markers_total", "Markers written for series that were gone.",
	  AT(scrape.stale_markers), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_scrape_exemplars_total", "Exemplars that were taken from scrapes.", AT(scrape.exemplars_appended), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_scrape_spool_errors_total", "Scrapes whose samples could not be written to the spool.",
	  AT(scrape.spool_errors), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_spool_bytes", "Bytes of samples in the spool.", AT(spool.bytes), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_spool_segments", "Segments of the spool.", AT(spool.segments), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_spool_in_memory", "1 when the spool has no disk: a restart loses what is not sent.",
	  AT(spool.is_memory), METRIC_GAUGE, EXPOSITION_BOOL },
	{ "spoor_spool_samples_written_total", "Samples written to the spool.", AT(spool.samples_written), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_spool_write_errors_total", "Writes to the spool that failed.", AT(spool.write_errors), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_spool_corrupt_frames_total", "Frames of the spool that were damaged and skipped.",
	  AT(spool.corrupt_frames), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_spool_bytes_skipped_total", "Bytes of the spool that were skipped because they were damaged.",
	  AT(spool.bytes_skipped), METRIC_COUNTER, EXPOSITION_U64 },
};
#undef AT

#define AT(field) offsetof(struct receiver_view, field)
static const struct exposition_row receiver_rows[] = {
	{ "spoor_samples_sent_total", "Samples that the receiver has accepted.", AT(s.samples_sent), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_samples_found_total", "Samples that lay in the spool when it was opened and that the receiver had not got.",
	  AT(found), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_samples_pending", "Samples that the receiver has neither accepted nor lost: scraped and found, without sent and dropped.",
	  AT(pending), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_samples_pending_bytes", "Bytes of the spool that the receiver still needs.", AT(pending_bytes), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_remote_write_up", "0 when the last attempt to send failed.", AT(is_up), METRIC_GAUGE, EXPOSITION_BOOL },
	{ "spoor_remote_write_last_success_timestamp_seconds", "Time of the last accepted request, 0: never.",
	  AT(s.last_success_ns), METRIC_GAUGE, EXPOSITION_SECONDS },
	{ "spoor_remote_write_last_error_timestamp_seconds", "Time of the last failed request, 0: never.",
	  AT(s.last_error_ns), METRIC_GAUGE, EXPOSITION_SECONDS },
	{ "spoor_remote_write_newest_sample_timestamp_seconds", "Timestamp of the newest sample accepted, 0: none.",
	  AT(newest_ns), METRIC_GAUGE, EXPOSITION_SECONDS },
	{ "spoor_remote_write_exemplars_sent_total", "Exemplars that the receiver has accepted.",
	  AT(s.exemplars_sent), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_remote_write_exemplars_dropped_total", "Exemplars that were given up.",
	  AT(s.exemplars_dropped), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_remote_write_histograms_sent_total", "Native histograms that the receiver has accepted; samples count them too.",
	  AT(s.histograms_sent), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_remote_write_metadata_sent_total", "Descriptions of metrics sent by themselves (protocol 1.0).",
	  AT(s.metadata_sent), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_remote_write_retries_total", "Requests sent again.", AT(s.retries), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_remote_write_splits_total", "Requests halved because the receiver found them too large.",
	  AT(s.splits), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_remote_write_fallbacks_total", "Changes to protocol 1.0, because the receiver does not take 2.0.",
	  AT(s.fallbacks), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_remote_write_sent_bytes_total", "Request bytes on the wire, compressed.", AT(s.wire_bytes), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_remote_write_raw_bytes_total", "Request bytes before compression.", AT(s.raw_bytes), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_remote_write_series", "Series that are known to the receiver's queue.", AT(s.series), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_remote_write_shards", "Requests that may be under way at the same time.", AT(s.shards), METRIC_GAUGE, EXPOSITION_U64 },
};
static const char *const code_classes[6] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };
static const struct exposition_labelled_row requests_row = {
	"spoor_remote_write_requests_total", "Requests by class of the answer; none: no answer.", "code", code_classes, 6, AT(s.requests_by_class),
};
#undef AT

static struct receiver_view *take_views(const struct metrics *m, const struct metrics_status *status)
{
	struct receiver_view *views = calloc(status->receiver_count + 1, sizeof *views);
	if (!views)
		abort();
	for (size_t i = 0; i < status->receiver_count; i++) {
		struct receiver_view *v = &views[i];
		metrics_receiver(m, i, &v->s);
		v->name = v->s.name;
		v->is_up = v->s.last_error[0] == 0;
		v->newest_ns = v->s.newest_sent_ms * 1000000;
		v->found = status->spool.destination[i].samples_found;
		v->pending = status->spool.destination[i].samples_unread + v->s.samples_pending;
		v->pending_bytes = status->spool.destination[i].bytes_pending;
		memcpy(v->dropped, v->s.samples_dropped, sizeof v->s.samples_dropped);
		v->dropped[SAMPLE_DROPS] = status->spool.destination[i].samples_shed;
	}
	return views;
}

static void exceeded(struct families *f, const struct scrape_status *s)
{
	families_begin(f, "spoor_scrape_exceeded_limit_total", METRIC_COUNTER, "Scrapes that failed because of a limit of their job.");
	families_label1(f, "limit", STR("sample_limit"), (double)s->exceeded_sample_limit);
	families_label1(f, "limit", STR("label_limit"), (double)s->exceeded_label_limit);
	families_label1(f, "limit", STR("body_size_limit"), (double)s->exceeded_body_size_limit);
}

static void states(struct families *f, const struct receiver_view *views, size_t count)
{
	families_begin(f, "spoor_remote_write_state", METRIC_GAUGE, "1 for the state that the receiver is in.");
	for (size_t i = 0; i < count; i++)
		for (int state = 0; state < RW_STATES; state++)
			families_label2(f, "destination", views[i].name, "state", str_of(remote_write_state_names[state]),
					views[i].s.state == (enum remote_write_state)state);
}

void exposition_metrics(struct families *f, const struct metrics *m)
{
	struct metrics_status status = { 0 };
	const char *reasons[SAMPLE_DROPS + 1];
	memcpy(reasons, sample_drop_names, sizeof sample_drop_names);
	reasons[SAMPLE_DROPS] = "shed";
	const struct exposition_labelled_row dropped_row = { "spoor_samples_dropped_total", "Samples given up, by reason.", "reason", reasons,
		SAMPLE_DROPS + 1, offsetof(struct receiver_view, dropped) };
	metrics_status(m, &status);
	status.receiver_count = status.receiver_count < SPOOL_DESTINATIONS_MAX ? status.receiver_count : SPOOL_DESTINATIONS_MAX;
	struct receiver_view *views = take_views(m, &status);
	exposition_rows(f, rows, COUNT_OF(rows), &status);
	exceeded(f, &status.scrape);
	exposition_destination_rows(f, receiver_rows, COUNT_OF(receiver_rows), views, status.receiver_count, sizeof *views);
	if (status.receiver_count) {
		exposition_labelled(f, &dropped_row, views, status.receiver_count, sizeof *views);
		exposition_labelled(f, &requests_row, views, status.receiver_count, sizeof *views);
	}
	states(f, views, status.receiver_count);
	free(views);
}
