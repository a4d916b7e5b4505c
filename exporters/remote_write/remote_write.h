/* One remote-write receiver: frames of the journal in, push requests out, acknowledgements back.
 * prometheus/docs: specs/remote-write 1.0 and 2.0-rc.4.
 *
 *   remote_write.c           what the agent calls: turn, status
 *   remote_write_feed.c      frames to requests
 *   remote_write_series.c    series and metadata as this receiver gets them: write_relabel, labels encoded once
 *   remote_write_request.c   a request before it is bytes; splitting; settling
 *   remote_write_v1.c _v2.c  a request as bytes, one file for each version; otlp_metrics.c for OTLP
 *   remote_write_send.c      one request at a time per shard: encode, start, keep the answer
 *   remote_write_reply.c     what an answer means
 *   remote_write_answer.c    what is done about it: settle, wait, split, another version
 *   remote_write_shards.c    how many requests at a time
 *
 * Order holds per series: a series lives in one shard, a shard has one request in flight. Ledger for each receiver:
 * samples_fed == samples_sent + sum(samples_dropped) + samples_pending after every call. */
#ifndef EXPORTERS_REMOTE_WRITE_REMOTE_WRITE_H
#define EXPORTERS_REMOTE_WRITE_REMOTE_WRITE_H

#include "exporters/drops.h"
#include "exporters/endpoint.h"
#include "exporters/journal.h"
#include "parsers/relabel.h"

enum remote_write_version { REMOTE_WRITE_AUTO, REMOTE_WRITE_1, REMOTE_WRITE_2, REMOTE_WRITE_OTLP /* metrics by OTLP/HTTP: never by itself */ };
enum sample_drop { /* why samples were given up */
	SAMPLE_DROP_REJECTED,      /* 4xx without a better name */
	SAMPLE_DROP_OUT_OF_ORDER, SAMPLE_DROP_DUPLICATE, SAMPLE_DROP_TOO_OLD, SAMPLE_DROP_TOO_LARGE, /* a single series over every limit */
	SAMPLE_DROP_RELABELLED,    /* write_relabel_configs */
	SAMPLE_DROP_AGE,           /* sample_age_limit */
	SAMPLE_DROP_UNSUPPORTED,   /* histogram with send_native_histograms off */
	SAMPLE_DROP_PARTIAL_SUCCESS, /* refused by an OTLP receiver that has taken the rest */
	SAMPLE_DROP_RATE_LIMITED,  /* 429 with retry_on_http_429: false */
	SAMPLE_DROP_DAMAGED,       /* of a series whose definition was lost with a damaged piece of the spool */
	SAMPLE_DROPS
};
extern const char *const sample_drop_names[SAMPLE_DROPS];

struct remote_write_options { /* views live as long as it does */
	struct endpoint_options endpoint; /* timeout_ms = remote_timeout (30 s); backoff = queue_config.min/max_backoff (30 ms, 5 s) */
	enum remote_write_version version; /* AUTO: 2.0 first, 1.0 when the receiver does not understand it */
	const struct relabel *write_relabel; /* NULL: none */
	size_t max_samples_per_send;       /* 2000 */
	int64_t batch_send_deadline_ms;    /* 5 s */
	size_t min_shards, max_shards;     /* 1, 50 (capped at 16) */
	bool retry_on_http_429;            /* true; Prometheus: false */
	int64_t sample_age_limit_ms;       /* 0: none */
	bool send_exemplars, send_native_histograms, send_metadata; /* all true */
	int64_t metadata_interval_ms;      /* 1.0: 1 min; 2.0 has it in every series */
};
struct remote_write_hooks {
	void *ctx;
	void (*settled)(void *ctx, const struct journal_mark *mark); /* everything up to here is accepted or dropped; in order */
	void (*wake)(void *ctx);   /* call remote_write_turn soon */
};
enum remote_write_state { RW_IDLE, RW_SENDING, RW_BACKOFF, RW_HOLD_AUTH, RW_STATES };
extern const char *const remote_write_state_names[RW_STATES];

struct remote_write_status {
	struct str name, url;
	enum remote_write_state state;
	enum remote_write_version version; /* what is spoken now; AUTO: not known yet */
	char last_error[512];
	int last_status;
	int64_t last_success_ns, last_error_ns, retry_at_ns; /* wall clock, 0: never */
	uint64_t samples_fed, samples_sent, samples_pending, samples_dropped[SAMPLE_DROPS];
	uint64_t exemplars_sent, exemplars_dropped, histograms_sent, metadata_sent;
	uint64_t requests, retries, requests_by_class[6], wire_bytes, raw_bytes, fallbacks, splits;
	uint64_t series, shards, shards_wanted;
	int64_t newest_sent_ms; /* timestamp of the newest sample accepted */
};

struct remote_write;
struct remote_write *remote_write_new(const struct remote_write_options *options, struct http *http, struct drops *drops,
				      const struct remote_write_hooks *hooks, char err[256]);
void remote_write_free(struct remote_write *rw); /* what is pending is forgotten: the spool still has it */
bool remote_write_has_room(const struct remote_write *rw);
/* Takes a frame. definitions_only: samples in it are skipped. false: the frame is damaged; what could be read was taken. */
bool remote_write_feed(struct remote_write *rw, struct str payload, const struct journal_mark *end, bool definitions_only);
/* Sends what is due (with `force` also what is not full or old enough; a wait after a failure is not cut short by it), settles.
 * now_ns is monotonic, now_ms wall. Next deadline or INT64_MAX. */
int64_t remote_write_turn(struct remote_write *rw, int64_t now_ns, int64_t now_ms, bool force);
bool remote_write_is_empty(const struct remote_write *rw);
void remote_write_status(const struct remote_write *rw, struct remote_write_status *out);

#endif
