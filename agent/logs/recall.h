/* A reader that begins in the middle of a file learns the lines before first, so that the lines that it reads get the same trace ids as
 * if it had read all of it (parsers/trace/trace_memory.h). */
#ifndef AGENT_LOGS_RECALL_H
#define AGENT_LOGS_RECALL_H

#include "agent/logs/decoder.h"
#include "agent/logs/line_trace.h"
#include "agent/tail/generation.h"

struct recall {
	const struct trace_rules *rules;
	const struct line_asks *asks; /* NULL: none */
	struct log_memory *memory;
	struct decoder *decoder;    /* NULL: UTF-8 */
	int format;                 /* enum log_format; FORMAT_AUTO: what each line looks like */
	char *bytes;                /* scratch */
	size_t room;                /* at least RECALL_ROOM */
	struct buf *unescaped;      /* scratch */
};
/* A longer line, with its framing, passes nothing on to others: it may not fit the scratch. */
enum { RECALL_LINE_MOST = 32 << 10, RECALL_ROOM = 2 * RECALL_LINE_MOST };

/* Learns what stands before the cursor's next byte. Of a compressed file it learns nothing. */
void recall_before(const struct recall *r, const struct cursor *c);

#endif
