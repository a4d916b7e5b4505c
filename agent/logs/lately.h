/* The streams that the lines of one log went to lately, by the labels that stages left: a log has few of them by turns (its levels), and
 * comparing labels is a tenth of rendering them. */
#ifndef AGENT_LOGS_LATELY_H
#define AGENT_LOGS_LATELY_H

#include "exporters/log_stream.h"
#include "parsers/labels.h"

enum { LATELY_STREAMS = 8 };

struct lately { /* {0} is empty */
	struct lately_stream {
		struct labels labels; /* views into bytes */
		char *bytes;
		struct log_stream *stream;
	} at[LATELY_STREAMS]; /* NULL streams at the end */
};

struct log_stream *lately_find(struct lately *l, const struct labels *labels); /* NULL: it is not among them */
void lately_add(struct lately *l, const struct labels *labels, struct log_stream *stream); /* labels are copied; the oldest one goes */
void lately_fini(struct lately *l);

#endif
