/* The pipeline of a job, at work on the records of its logs: stages (parsers/stages) between reading and the destination. One for each job
 * and destination, because each destination reads on its own. Logs of jobs without stages never come here. */
#ifndef AGENT_LOG_STAGES_H
#define AGENT_LOG_STAGES_H

#include "config/config.h"
#include "exporters/log_stream.h"
#include "parsers/record.h"
#include "parsers/stages/stages.h"

enum { LOG_STAGES_STREAMS_MAX = 10000 };

struct log_stages;
/* config_stages has a list, which the loader has found to be good. */
struct log_stages *log_stages_new(const struct config_stages *stages);
void log_stages_free(struct log_stages *s);
/* Called behind each stage, with the number that the stage has in the file: the first one is 1, those inside of `match` count where they stand.
 * NULL: no more. Costs copies of each entry: only while somebody looks. */
typedef void log_stages_look(void *ctx, size_t number, const char *stage, const struct entry *before, const struct entry *after);
void log_stages_set_look(struct log_stages *s, log_stages_look *look, void *ctx);
/* Labels that streams get behind the stages, unless these made one of the name; copied. Streams that are there stay as they are. */
void log_stages_set_external(struct log_stages *s, const struct labels *labels);

struct source_stages; /* of one log in one lane */
/* base: the labels of its streams, stdout and stderr; copied. */
struct source_stages *source_stages_new(struct log_stages *of, const struct labels base[2]);
void source_stages_free(struct source_stages *s);

/* Runs a record through. true: it goes on as `record` now says, under *stream (which may be another one); its views hold until the next
 * call. false: dropped; source_stages_reason says why. now_ns is wall clock: `older_than` asks for it. */
bool source_stages_run(struct source_stages *s, bool is_stderr, struct record *record, struct log_stream **stream, int64_t now_ns);
/* Of the last run: why it was dropped (empty: it was not), and the labels that it has in the end. */
struct str source_stages_reason(const struct source_stages *s);
const struct labels *source_stages_labels(const struct source_stages *s);
/* A limit stage has let out more than it may: read this log on at this time (the clock of now_ns; 0: at once). */
int64_t source_stages_not_before(const struct source_stages *s);

#endif
