/* The pipeline of a job, at work on the lines of its logs: stages (parsers/stages) between reading and the destination. One for each job
 * and destination, because each destination reads on its own. Logs of jobs without stages never come here. */
#ifndef AGENT_LOGS_LOG_STAGES_H
#define AGENT_LOGS_LOG_STAGES_H

#include "config/config.h"
#include "exporters/log_stream.h"
#include "parsers/record.h"
#include "parsers/stages/stages.h"

/* Of a job and destination, for as long as they run. Streams under the logs' own labels for other tenants count up to twice as many. */
enum { LOG_STAGES_STREAMS_MAX = 10000, LOG_STAGES_TENANTS_MAX = 500 };

struct log_stages;
/* config_stages has a list, which the loader has found to be good. first: the job's pipeline for the first destination, in whose metrics
 * this one counts, and which outlives it; NULL: it is the first. */
struct log_stages *log_stages_new(const struct config_stages *stages, const struct log_stages *first);
void log_stages_free(struct log_stages *s);
/* Called behind each stage, with the number that the stage has in the file: the first one is 1, those inside of `match` count where they stand.
 * NULL: no more. Costs copies of each entry: only while somebody looks. */
typedef void log_stages_look(void *ctx, size_t number, const char *stage, const struct entry *before, const struct entry *after);
void log_stages_set_look(struct log_stages *s, log_stages_look *look, void *ctx);
/* Labels that streams get behind the stages, unless these made one of the name; copied. Streams that are there stay as they are. */
void log_stages_set_external(struct log_stages *s, const struct labels *labels);
/* The client's own, a view that outlives it: an entry for it needs no stream of its own. */
void log_stages_set_tenant(struct log_stages *s, struct str tenant);
int64_t log_stages_wait_ns(const struct log_stages *s); /* as stages_wait_ns */
/* What the stages have counted; of the job's pipelines ask the first. After each scrape: log_stages_expire, with wall-clock time. */
void log_stages_each_metric(const struct log_stages *s, void (*fn)(void *ctx, const struct stages_metric *m), void *ctx);
uint64_t log_stages_regex_limits(const struct log_stages *s); /* as stages_regex_limits; NULL: 0 */
void log_stages_expire(struct log_stages *s, int64_t now_ns);

struct source_stages; /* of one log in one lane */
/* base: the labels of its streams, stdout and stderr; copied. streams: the same, rendered; they outlive it. joins: lines go through our own
 * stage that puts stack traces together too, where the pipeline has it (struct config_stages). */
struct source_stages *source_stages_new(struct log_stages *of, const struct labels base[2], struct log_stream *streams, bool joins);
void source_stages_free(struct source_stages *s);

struct staged_line { /* on its way in */
	const struct record *record;
	bool is_stderr;
	bool is_repeat;             /* counted already, on the way to another destination */
	struct entry_place first;   /* where it stands in its source, see struct entry; zeroed when the pipeline never holds anything */
	uint64_t last;
};
struct staged { /* and what comes out: as long as the call lasts */
	const struct record *record;
	struct log_stream *stream;
	const struct labels *labels; /* of the stream, as the stages left them */
	const char *drop_reason;     /* not NULL: it is dropped, mostly by a stage */
	const struct entry *entry;
};
typedef void staged_fn(void *ctx, const struct staged *out);
/* fn is called for each entry that comes out, dropped ones too; none: it is held. now_ns is wall clock: `older_than` asks for it. */
void source_stages_run(struct source_stages *s, const struct staged_line *line, int64_t now_ns, staged_fn *fn, void *ctx);
/* Blocks that waited long enough, or all; returns when to ask again (the clock of now_ns), INT64_MAX: nothing is held. */
int64_t source_stages_flush(struct source_stages *s, int64_t now_ns, bool all, staged_fn *fn, void *ctx);
/* As stages_each_place; nothing when the pipeline never holds anything. */
void source_stages_each_place(struct source_stages *s, void (*fn)(void *ctx, struct entry_place *place), void *ctx);
bool source_stages_is_holding(const struct source_stages *s); /* just now */
bool source_stages_may_hold(const struct source_stages *s);
/* Whether the newest entry went to a stream that the stages made, not to one of the log's own; the stream. */
bool source_stages_made(const struct source_stages *s, const struct log_stream **stream);
/* A limit stage has let out more than it may: read this log on at this time (the clock of now_ns; 0: at once). */
int64_t source_stages_not_before(const struct source_stages *s);

#endif
