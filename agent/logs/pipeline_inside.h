/* Private to the pipeline: its state. pipeline.c does the work, pipeline_status.c shows it. */
#ifndef AGENT_LOGS_PIPELINE_INSIDE_H
#define AGENT_LOGS_PIPELINE_INSIDE_H

#include "agent/http_loop.h"
#include "agent/journal/journald.h"
#include "agent/kubernetes/kubernetes.h"
#include "agent/logs/clients.h"
#include "agent/logs/delivery_news.h"
#include "agent/logs/pipeline.h"
#include "agent/logs/reader.h"
#include "agent/logs/stream_labels.h"

struct pipeline {
	struct pipeline_options o;
	struct tail tail;
	struct lanes lanes;
	struct reader reader;
	struct journald *journald; /* NULL: no job reads the journal */
	struct counters counters;
	struct coverage coverage;
	struct line_counts line_counts;
	struct trace_rules trace_rules;
	struct pods_requests pods_requests;
	int64_t expired_at_ns; /* of line_counts and pods_requests */
	struct ring *ring;
	struct drops *drops;
	struct http_loop http;
	struct metrics *metrics;
	struct kubernetes *kubernetes;
	struct pod_shelf *shelf;
	struct label_rules rules;
	struct log_stages **stages; /* by job and lane; NULL where a job has none */
	size_t destination_count;
	char names[LANES_MAX][CLIENT_NAME_ROOM];
	struct arena arena;
	struct delivery_news news[LANES_MAX], receiver_news[SPOOL_DESTINATIONS_MAX];
	int64_t news_at_ns, news_due_ns; /* the next look at it: not sooner, not later */
	struct loop_timer turn_timer;
	bool is_draining, is_tail_started;
	int64_t drain_deadline_ns, drain_patience_ns, waited_at_ns;
	loop_fn *drained;
	void *drained_ctx;
};

#endif
