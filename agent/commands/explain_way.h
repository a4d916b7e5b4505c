/* The way of one line through framing, trace extraction and a job's stages, as the agent's reader takes it, with those around it: what each step
 * made of it. Limits and sampling go by what was before and by the clock; they are shown as they are for these lines alone. */
#ifndef AGENT_COMMANDS_EXPLAIN_WAY_H
#define AGENT_COMMANDS_EXPLAIN_WAY_H

#include "agent/commands/explain_line.h"
#include "config/config.h"
#include "parsers/labels.h"
#include "parsers/level.h"
#include "parsers/trace/trace.h"

enum { EXPLAIN_STEPS_MAX = 100 };

struct explain_step { /* texts in the arena */
	size_t number;            /* of the stage in the file; 1 is the first */
	struct str stage, effect; /* "labels level=info; line cut from 80 to 12 bytes"; "nothing" */
	bool is_drop;
};
struct explain_way {
	struct arena arena;
	int format;               /* enum log_format: that was found or given */
	bool is_framed;           /* the line is in its file's format */
	bool is_stderr;
	size_t pieces;            /* lines of the file that it was joined from; 1: whole */
	bool is_unfinished;       /* its last piece has not come, or the line that ends its block */
	int64_t timestamp_ns;     /* of the runtime; 0: the time of reading */
	struct str message;       /* what the program wrote */
	enum level level;
	enum trace_result trace_result;
	struct trace_context trace;
	struct str trace_where;   /* the bytes in front of the id, "\"traceId\":\""; empty: not found there as it is */
	struct explain_step steps[EXPLAIN_STEPS_MAX];
	size_t step_count;
	bool has_come_out;        /* of the stages, kept or dropped; false: a block of it is still open */
	struct str dropped;       /* reason; empty: kept */
	size_t dropped_by;        /* number of the stage */
	uint64_t lines;           /* of the file, from the first to the last one that is in it */
	struct str line;          /* as it goes out */
	struct str labels;        /* rendered */
	struct str metadata;      /* rendered, {} when there is none */
	struct str tenant;
	int64_t sent_timestamp_ns;
};

/* labels: of its lines on standard output, rendered. The job may be NULL, and without a configuration too. now_ns: wall clock. */
void explain_way_run(struct explain_way *way, const struct explain_window *w, const struct config *config, const struct config_scrape *job, int format,
		     struct str labels, struct str metadata, int64_t now_ns);
void explain_way_fini(struct explain_way *way);
/* {a="b", c="d"} read back; views into the text where nothing is escaped, else into arena. false: it is no such text. */
bool explain_labels(struct str text, struct labels *out, struct arena *arena);

#endif
