/* Private to remote-write: its state, and the parts that share it (see remote_write.h).
 *
 * A sample waits as an item of 32 bytes that names its series, not as bytes of one version: what is queued can be encoded for another
 * version, split in two, or thinned by age, and only what is on its way is encoded and compressed. Requests hold the table of
 * series that their items are numbered in; a new segment begins a new table. */
#ifndef EXPORTERS_REMOTE_WRITE_REMOTE_WRITE_STATE_H
#define EXPORTERS_REMOTE_WRITE_REMOTE_WRITE_STATE_H

#include "exporters/credentials.h"
#include "exporters/remote_write/remote_write.h"
#include "exporters/remote_write/remote_write_reply.h"
#include "exporters/tls_files.h"

enum {
	RW_SHARDS_MAX = 16,
	RW_QUEUED_PER_SHARD = 3,         /* full requests; then the spool waits */
	RW_FRAMES_MAX = 4096,
	RW_RAW_BYTES = 1024 * 1024,      /* of a request before compression, about */
	RW_METADATA_PER_REQUEST = 2000,
	RW_HISTOGRAM = 1u << 31          /* in rw_item.series */
};

enum rw_series_state { RW_SERIES_UNKNOWN, RW_SERIES_LABELS, RW_SERIES_SYMBOLS, RW_SERIES_DROPPED };
struct rw_series {
	int64_t start_ms;                /* 0: not known */
	uint32_t at, n;                  /* LABELS: bytes of table.labels; SYMBOLS: entries of table.refs, two for each label */
	uint32_t label_bytes;            /* as TimeSeries.labels of 1.0 */
	uint32_t metadata;               /* place in table.families, 0: none */
	uint32_t hash;
	uint8_t state, has_exemplars;    /* waiting for the next sample */
};
struct rw_symbol { uint32_t at, n, stamp, ref; }; /* ref: its number in the request `stamp` */
struct rw_family { uint32_t type, name, help, unit; }; /* symbols */
struct rw_table {
	unsigned references;
	uint64_t segment;
	struct rw_series *series;        /* only added to: items hold their places */
	uint32_t series_count, series_room;
	uint32_t *numbers;               /* by number in the segment: place in series + 1, 0: not defined */
	size_t number_room, count;       /* count: series that are sent */
	struct buf labels, refs, texts;  /* refs: uint32_t */
	struct rw_symbol *symbols;
	uint32_t symbol_count, symbol_room, *index, index_room;
	struct rw_family *families;
	uint32_t family_room;
	uint32_t stamp;
};

struct rw_item {
	uint32_t series;                 /* | RW_HISTOGRAM: bits is the place of the message in request.extra */
	uint32_t exemplars;              /* place in request.extra + 1, 0: none */
	int64_t ms;
	uint64_t bits;
	int64_t start_ms;
};
struct rw_span { uint64_t frame; uint32_t n; }; /* so many items, in order, are of this frame */
struct rw_request {
	struct rw_request *next;
	struct rw_table *table;
	struct rw_item *items;
	uint32_t n, room;
	struct rw_span *spans;
	uint32_t span_count, span_room;
	struct buf extra;                /* chunks: length as uint32_t, bytes */
	size_t estimate_bytes;
	uint64_t histograms, exemplars;
	uint64_t points;                 /* of OTLP, in the body */
	int64_t oldest_ms, newest_ms;
	int64_t opened_ns;               /* 0: not looked at yet */
	char *body;                      /* NULL: not encoded */
	size_t body_bytes, raw_bytes;
	enum remote_write_version body_version;
	unsigned attempts;
	bool was_refused[REMOTE_WRITE_OTLP + 1]; /* in this version */
	bool is_metadata;
	uint32_t metadata_from, metadata_to; /* of table.families */
	uint64_t metadata_count;
};

struct rw_reply_kept { /* until the next turn acts on it */
	bool is_there;
	int status;
	int64_t retry_after_ms;
	int64_t written[RW_WRITTEN];     /* -1: no such header */
	struct buf body;
	char error[256];
};
struct rw_shard {
	struct remote_write *rw;
	struct rw_request *open, *first, *last;
	size_t queued;                   /* requests from first on, in flight included */
	bool is_flying, awaits_token;    /* first is on its way */
	struct http_call *call;
	struct rw_reply_kept reply;
	unsigned failures;
	int64_t retry_at_ns, sent_ns;
	enum remote_write_state state;
};

struct rw_frame { struct journal_mark mark; uint64_t outstanding; bool is_whole; };
struct rw_exemplar_seen { uint64_t series; int64_t ms; };

struct remote_write {
	struct remote_write_options options;
	struct http *http;
	struct drops *drops;
	struct remote_write_hooks hooks;
	struct credentials *credentials;
	struct tls_files tls_files;
	char *shown_url;
	struct rw_table *table;
	struct rw_shard shards[RW_SHARDS_MAX];
	size_t shard_count, shards_wanted;
	int64_t latency_ns;              /* of answers, smoothed */
	int64_t behind_since_ns, calm_since_ns; /* 0: not */

	struct rw_frame *frames;         /* a ring; frame f lies at f % frame_room */
	uint64_t frame_first, frame_next;
	size_t frame_room;
	uint64_t pending;                /* items that are not settled */

	enum remote_write_version version; /* what is sent next: 1 or 2 */
	bool is_confirmed;               /* the receiver has accepted it */
	int64_t probe_at_ns;             /* when 2.0 is tried again, 0: never */
	bool is_probing;
	size_t raw_cap_bytes;            /* shrinks at 413 */
	int64_t cap_grows_at_ns;
	int64_t metadata_due_ns;
	uint32_t metadata_next;          /* of table.families */
	bool has_metadata_queued;

	struct buf raw, symbols, scratch; /* of the encoders */
	char *window;                    /* of pack.h */
	uint32_t request_symbol_count; /* of the request that is being encoded */
	struct buf waiting;              /* exemplars for the next sample: rw_waiting and bytes */
	struct rw_exemplar_seen *seen;   /* newest exemplar of a series, by hash */
	size_t seen_count;
	int64_t now_ns, now_ms;          /* of the last turn */
	uint64_t random;
	struct remote_write_status status;
};

/* remote_write_series.c */
struct rw_table *rw_table_new(uint64_t segment);
void rw_table_release(struct rw_table *t);
void rw_table_metadata(struct rw_table *t, const struct journal_record *record);
/* false: the record makes no sense. */
bool rw_table_define(struct rw_table *t, const struct journal_record *record, const struct relabel *rules, bool as_symbols);
static inline struct rw_series *rw_table_series(const struct rw_table *t, uint64_t id) /* NULL: not defined */
{
	return id < t->number_room && t->numbers[id] ? &t->series[t->numbers[id] - 1] : NULL;
}
uint32_t rw_table_intern(struct rw_table *t, struct str text);
/* Relabelling has kept it: its samples go out. */
static inline bool rw_series_is_sent(const struct rw_series *s) /* NULL: no */
{
	return s && (s->state == RW_SERIES_LABELS || s->state == RW_SERIES_SYMBOLS);
}
void rw_series_to_symbols(struct rw_table *t, struct rw_series *s);
void rw_series_to_labels(struct rw_table *t, struct rw_series *s);
/* Cuts one Label message (field 1) off. */
bool rw_label_next(struct str *labels, struct label *out);
/* Whether a request may be cut before item `at`. OTLP's histograms are put together of neighbours. */
static inline bool rw_may_cut(const struct remote_write *rw, const struct rw_request *r, uint32_t at)
{
	const struct rw_series *s = r->table->series;
	return rw->version != REMOTE_WRITE_OTLP || at == 0 || at >= r->n || r->items[at].ms != r->items[at - 1].ms ||
	       s[r->items[at].series & ~RW_HISTOGRAM].hash != s[r->items[at - 1].series & ~RW_HISTOGRAM].hash;
}
static inline struct str rw_symbol_text(const struct rw_table *t, uint32_t symbol)
{
	return (struct str){ t->texts.p + t->symbols[symbol].at, t->symbols[symbol].n };
}

/* remote_write_request.c */
struct rw_request *rw_request_new(struct rw_table *table);
void rw_request_free(struct rw_request *r);
struct rw_item *rw_request_add(struct rw_request *r, uint64_t frame);
uint32_t rw_request_chunk(struct rw_request *r, struct str bytes); /* its place in extra; UINT32_MAX: no room */
struct str rw_request_extra(const struct rw_request *r, uint32_t place);
void rw_request_forget_body(struct rw_request *r);
/* Leaves out what is older than oldest_ms; how many. */
uint32_t rw_request_drop_older(struct remote_write *rw, struct rw_request *r, int64_t oldest_ms);
/* Its items are accepted or given up; the request goes. */
void rw_request_done(struct remote_write *rw, struct rw_request *r);
void rw_frames_settle(struct remote_write *rw);
void rw_shard_queue(struct rw_shard *shard, struct rw_request *r);
void rw_shard_close_open(struct rw_shard *shard);
void rw_shard_split(struct rw_shard *shard, uint32_t n); /* the first request: its items from `n` on become one behind it */

/* remote_write_v1.c, _v2.c: rw->symbols and rw->raw become the message. */
void rw_v1_encode(struct remote_write *rw, struct rw_request *r);
void rw_v1_encode_metadata(struct remote_write *rw, struct rw_request *r);
void rw_v2_encode(struct remote_write *rw, struct rw_request *r);
void rw_otlp_encode(struct remote_write *rw, struct rw_request *r); /* otlp_metrics.c; items of one histogram must be neighbours */

/* remote_write_send.c */
void rw_send_start(struct rw_shard *shard);  /* when something is due and nothing is in flight */
void rw_send_answer(struct rw_shard *shard); /* when shard->reply is there */
/* remote_write_answer.c; the request is the shard's first, and may be gone afterwards. */
void rw_answer(struct rw_shard *shard, enum rw_action action);
/* Given up for a reason; the text is what was said last. */
void rw_give_up(struct rw_shard *shard, enum sample_drop reason);
void rw_take_out(struct rw_shard *shard); /* the first request leaves the queue and is settled */
void rw_wait(struct rw_shard *shard, enum remote_write_state state, int64_t delay_ms);
void rw_set_error(struct remote_write *rw, const char *prefix, struct str text);
int64_t rw_wall_ns(void);

/* remote_write_shards.c */
void rw_shards_adapt(struct remote_write *rw);

#endif
