/* The streams of one job's journal in one lane: from the labels of an entry to what a lane asks of a source of lines. Made when an entry
 * brings labels that were not seen lately, found by their bytes after that. Bounded: what was not used for the longest time goes. */
#ifndef AGENT_JOURNAL_JOURNAL_STREAMS_H
#define AGENT_JOURNAL_JOURNAL_STREAMS_H

#include "agent/logs/lane.h"
#include "agent/logs/log_stages.h"
#include "config/config.h"
#include "parsers/bytes/map.h"

enum { JOURNAL_STREAMS_MAX = 10000, JOURNAL_STREAMS_BYTES = 8 << 20 };

struct journal_stream {
	struct lane_source source;
	struct log_stream streams[2];
	struct journal_stream *newer, *older;
	size_t bytes;
	int64_t newest_ns; /* the owner's: timestamp of its newest line */
	struct str key; /* in itself */
};
struct journal_streams_options {
	struct str node_name, path; /* path: for who looks at lines as they pass */
	const struct config_labels *everywhere, *of_client; /* external labels; of_client NULL: the ring */
	struct str tenant; /* the client's */
	bool is_native;            /* node_name too, and stages see all labels; else they see the entry's own, as in Promtail */
	struct log_stages *stages; /* NULL: the job has none */
	bool joins;                /* stack traces become one entry */
	struct coverage_row *coverage;
	struct line_row *lines;    /* the job's row of log_lines_total */
	void (*across)(void *ctx, const struct entry *e);      /* as in struct lane_source */
	void (*going)(void *ctx, struct journal_stream *stream); /* it is about to be forgotten; NULL: nobody asks */
	void *across_ctx, *going_ctx;
	uint64_t limit;            /* most streams, 0: none; what is beyond goes to one with container="__overflow__" */
};
struct journal_streams {
	struct journal_streams_options o;
	struct map by_key;
	struct journal_stream *newest, *oldest;
	size_t bytes;
};

void journal_streams_init(struct journal_streams *s, const struct journal_streams_options *options);
void journal_streams_fini(struct journal_streams *s);
/* key: of agent/journal/journal_block.h. Good until the next call. */
struct journal_stream *journal_streams_get(struct journal_streams *s, struct str key);

#endif
