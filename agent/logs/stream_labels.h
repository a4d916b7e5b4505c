/* Stream labels of a log, from what never changes while it lives: its path, the node, the configuration. So a replay carries the
 * same labels and Loki recognises it. */
#ifndef AGENT_LOGS_STREAM_LABELS_H
#define AGENT_LOGS_STREAM_LABELS_H

#include "agent/logs/log_stages.h"
#include "agent/tail/source.h"
#include "config/config.h"
#include "parsers/bytes/utf8.h"

struct label_rules {
	const struct config *config;
	const struct config_client *clients[LANES_MAX]; /* by lane; NULL: the ring */
	struct str node_name;
	const char *pods_path; /* --path.pod-logs */
	/* The stages of a job in a lane, NULL when it has none. */
	struct log_stages *(*stages_of)(void *ctx, const struct config_scrape *job, size_t lane);
	void *stages_ctx;
};

enum { STREAM_LABELS_VALUE_BYTES = 2048 }; /* Loki refuses the whole stream for one value that is longer */
static inline struct str stream_labels_cut(struct str value)
{
	return value.n > STREAM_LABELS_VALUE_BYTES ? str_take(value, utf8_floor(value, STREAM_LABELS_VALUE_BYTES)) : value;
}

/* Renders the labels of both streams of s for every lane. is_overflow: the limit of streams is reached; everything beyond it
 * goes to one stream, container="__overflow__". */
void stream_labels_describe(const struct label_rules *rules, struct source *s, bool is_overflow);
/* Makes the stages of s in a lane anew, because joins_traces is another now; its streams stay. They hold nothing. */
void stream_labels_restage(const struct label_rules *rules, struct source *s, size_t lane);

#endif
