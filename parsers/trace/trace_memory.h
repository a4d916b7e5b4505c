/* Trace ids for lines that have none, out of the lines before them in the same log:
 *
 *   record    the further lines of a stack trace have the id of the line that it follows (parsers/stages/stacktrace.h tells them)
 *   request   a line with a request id, but no trace id, has the trace id of the newest line with both
 *
 * A line takes its id from one at most TRACE_MEMORY_BYTES before it in its file, which may itself have it from one as far before that. Who
 * begins to read in the middle of a file, and learns the TRACE_MEMORY_LEARN_BYTES before first, gives the same ids as who read it from its
 * beginning. Lines with an id of their own, and those
 * that say that they have none (a key with zeros), are left alone. */
#ifndef PARSERS_TRACE_TRACE_MEMORY_H
#define PARSERS_TRACE_TRACE_MEMORY_H

#include "parsers/level.h"
#include "parsers/stages/stacktrace.h"
#include "parsers/trace/trace_pairs.h"

enum { TRACE_MEMORY_BYTES = 128 << 10, TRACE_MEMORY_LEARN_BYTES = 2 * TRACE_MEMORY_BYTES };
#define TRACE_MEMORY_GAP_NS (INT64_C(5) * 1000000000) /* a line that comes so much later than the one before belongs to no stack trace */

struct trace_head { /* of one stream: what its last lines hang on */
	bool has_trace, is_pending; /* pending: the line was not looked at yet, `line` has it */
	struct str line;
	struct stacktrace block;
	uint64_t at;
	int64_t newest_ns;
	struct trace_context trace;
	enum level level;
};
struct trace_memory { /* set up by trace_memory_init */
	bool stack_traces, request_ids;
	struct trace_head heads[2]; /* stdout, stderr */
	struct trace_pairs pairs;
};
struct memory_line {
	struct str text;
	uint64_t at;            /* its offset in the file */
	int64_t timestamp_ns;
	bool is_stderr;
	bool is_lasting;        /* the text stays where it is until trace_memory_settle */
	bool was_joined;        /* of pieces, which may lie far apart: it passes nothing on */
	enum level level;
};

void trace_memory_init(struct trace_memory *m, bool stack_traces, bool request_ids);
void trace_memory_fini(struct trace_memory *m);
void trace_memory_reset(struct trace_memory *m); /* another file, or another place in it */
/* The next line. result and trace are what trace_find said of it; TRACE_NONE may become TRACE_VALID with a trace, its source among
 * it. *level: of the record that the line belongs to, its own otherwise. pairs: more of them to ask when this log has none, and to tell; NULL:
 * none. Their "when" is the timestamp. */
enum trace_result trace_memory_line(struct trace_memory *m, const struct memory_line *line, enum trace_result result, struct trace_context *trace,
	enum level *level, struct trace_pairs *pairs);
/* The bytes behind lasting lines go away. */
void trace_memory_settle(struct trace_memory *m);

#endif
