/* What trace a line belongs to, and whether it goes on: ids in the line, ids out of the lines before it (parsers/trace/trace_memory.h), sampling
 * by trace id (parsers/trace/trace_sampling.h). What is not configured costs a comparison. */
#ifndef AGENT_LOGS_LINE_TRACE_H
#define AGENT_LOGS_LINE_TRACE_H

#include "agent/logs/line_asks.h"
#include "config/config.h"
#include "parsers/bytes/map.h"
#include "parsers/record.h"
#include "parsers/trace/trace_memory.h"

struct trace_rules { /* of one configuration */
	bool find;                     /* look for ids at all */
	bool stack_traces, request_ids, over_pods;
	bool is_sampling, keep_sampled;
	uint64_t threshold, without_id_threshold;
	char counts[2][32];            /* adjusted counts, as text: with an id, without one; "": 1 */
};
void trace_rules_make(struct trace_rules *r, const struct config *config);

/* Request ids that the containers of a pod share, in one lane. */
struct pod_requests { struct trace_pairs pairs; size_t users; struct str key; };
struct pods_requests { struct map by_pod; }; /* {0} is empty */
/* NULL: not shared. */
struct pod_requests *pods_requests_use(struct pods_requests *p, const struct trace_rules *rules, struct str namespace_, struct str pod, size_t lane);
void pod_requests_leave(struct pod_requests *p); /* NULL does nothing */
void pods_requests_expire(struct pods_requests *p); /* forgets those without users */
void pods_requests_fini(struct pods_requests *p);

/* Of one log in one lane. */
struct log_memory {
	struct trace_memory lines;
	struct pod_requests *pod;      /* NULL: none */
	const void *of;                /* the file that the memory is about, for its owner */
};
/* NULL: the rules ask for none. Frees with log_memory_free, which lets go of the pod too. */
struct log_memory *log_memory_new(const struct trace_rules *rules, struct pod_requests *pod);
void log_memory_free(struct log_memory *m);

/* Fills the trace of a record whose line and level are known. Returns what the line itself said. *level: of the record that it
 * belongs to. m and asks may be NULL; of the line, text and level are taken from the record. */
enum trace_result line_trace_find(const struct trace_rules *rules, const struct line_asks *asks, struct log_memory *m, struct memory_line *line,
	struct record *record, enum level *level);
/* The level of a line, where its pod may have said how it is written. */
enum level line_trace_level(const struct line_asks *asks, struct str line);
/* Whether sampling lets it go on; sets its adjusted count. level: as above. */
bool line_trace_keeps(const struct trace_rules *rules, struct record *record, enum level level);

#endif
