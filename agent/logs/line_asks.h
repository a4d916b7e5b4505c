/* What a pod asks for the lines of one of its containers, by annotations (parsers/kubernetes/pod_wishes.h): copied, because the pod's object may change
 * while lines are read. A log whose pod asks for nothing has none of this. */
#ifndef AGENT_LOGS_LINE_ASKS_H
#define AGENT_LOGS_LINE_ASKS_H

#include "parsers/kubernetes/pod_wishes.h"

enum { LINE_ASKS_ROOM = 256 }; /* of line_asks_describe */

struct line_asks {
	enum line_form form;
	uint64_t lines_per_second;  /* 0: as many as it likes */
	size_t trace_key_bytes;     /* 0: only the usual keys */
	char trace_key[POD_WISHES_TRACE_KEY_MAX];
};

/* Of one log in one lane. A second is one of the lines' own time, so a line that is read late or again has the same chance. */
struct line_window { int64_t second; uint64_t lines; };

/* false: nothing is asked. */
bool line_asks_read(struct line_asks *a, const struct pod_wishes *wishes);
bool line_asks_eq(const struct line_asks *a, const struct line_asks *b); /* NULL: nothing */
/* The line is within the rate; asks may be NULL. */
bool line_asks_takes(const struct line_asks *a, struct line_window *window, int64_t timestamp_ns);
/* All that is wished for, as text for people: "stack_traces: true, rate: 100"; "" for nothing. */
void line_asks_describe(const struct pod_wishes *wishes, char out[LINE_ASKS_ROOM]);

#endif
