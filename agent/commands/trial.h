/* A job's rules at work on lines that come from anywhere: what `inspect` and `test` have in common. The lines go the agent's way: framing,
 * partial lines joined, repaired, level and trace id, stages; but every record comes to the caller, the dropped ones too, and so does what
 * each stage changed. */
#ifndef AGENT_COMMANDS_TRIAL_H
#define AGENT_COMMANDS_TRIAL_H

#include "agent/logs/label_profile.h"
#include "config/config.h"
#include "parsers/stages/stages.h"

struct trial_record { /* views, during the call */
	uint64_t first, last;          /* the lines of the input that are in it, from 1 */
	int64_t timestamp_ns;
	struct str line;
	const struct labels *labels, *metadata; /* of the stream; with trace_id and its like, detected_level */
	struct str tenant;             /* empty: the client's */
	struct str dropped;            /* the reason; empty: it is shipped */
	bool is_stderr;
};
struct trial_step { /* one stage with one entry */
	uint64_t first;                /* as of the record that it will be part of */
	const char *stage;
	size_t number, depth;          /* from 1, as they stand in the file, nested ones counted; how many match stages it is in */
	const struct entry *before, *after; /* after->is_held: the stage keeps it for now */
};
struct trial_options {
	const struct config *config;      /* NULL: level and trace id alone */
	const struct config_stages *stages; /* NULL: none */
	enum label_profile profile;       /* of the job: what `stream` is called */
	struct labels metadata;           /* structured metadata that lines have before the stages. Views, kept */
	struct labels labels;             /* that lines have before the stages; besides `stream`, which framing tells. Views, kept */
	enum log_format format;           /* FORMAT_AUTO: each line is as it is */
	int64_t now_ns;                   /* 0: of the clock */
	void (*on_taken)(void *ctx, const struct entry *e); /* as it goes into the stages; NULL: nobody looks */
	void (*on_record)(void *ctx, const struct trial_record *r);
	void (*on_step)(void *ctx, const struct trial_step *s); /* NULL: nobody looks */
	void *ctx;
};

struct trial;
struct trial *trial_new(const struct trial_options *options);
void trial_free(struct trial *t);
void trial_line(struct trial *t, struct str line); /* without its line feed */
void trial_end(struct trial *t);                   /* what waits for more lines comes out */
void trial_each_metric(const struct trial *t, void (*fn)(void *ctx, const struct stages_metric *m), void *ctx);

/* What the configuration alone says of a job's lines: external labels and those of its first files; with relabel_configs what these make of
 * the first files that they keep. Views into c and the arena. */
void trial_job_labels(const struct config *c, const struct config_scrape *job, struct labels *out, struct arena *arena);
/* The job with this name, NULL: the first one; NULL when there is none. */
const struct config_scrape *trial_job(const struct config *c, const char *name);
void trial_add_labels(struct labels *to, const struct config_labels *labels); /* views; of two with one name the later one counts */

/* How lines are wrapped: "raw", "cri" or "docker", NULL: as the job's first stage says, raw without one. */
enum log_format trial_format(const char *word, const struct config_scrape *job);

#endif
