/* A line is kept or dropped by its trace and its level alone, so every destination, every node and every replay decides alike. Lines without
 * an id are chosen by their own bytes and time, which is the same at every reading too. */
#include "agent/logs/line_trace.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/hash.h"
#include "parsers/trace/trace_named.h"
#include "parsers/trace/trace_sampling.h"

enum { POD_PAIRS_MOST = 8192 };
static const uint64_t POD_WINDOW_NS = 60 * UINT64_C(1000000000);

static void print_count(uint64_t threshold, char out[32])
{
	if (threshold && threshold < TRACE_SAMPLING_RANGE)
		snprintf(out, 32, "%.6g", trace_adjusted_count(threshold));
}

void trace_rules_make(struct trace_rules *r, const struct config *config)
{
	*r = (struct trace_rules){
		.find = config->trace.enabled,
		.stack_traces = config->trace.enabled && config->trace.correlation.stack_traces,
		.request_ids = config->trace.enabled && !str_eq(config->trace.correlation.request_ids, STR("off")),
		.over_pods = config->trace.enabled && str_eq(config->trace.correlation.request_ids, STR("pod")),
		.keep_sampled = config->trace.sampling.keep_sampled,
		.threshold = trace_threshold(config->trace.sampling.share),
		.without_id_threshold = trace_threshold(config->trace.sampling.without_id_share),
	};
	r->is_sampling = r->threshold || r->without_id_threshold;
	print_count(r->threshold, r->counts[0]);
	print_count(r->without_id_threshold, r->counts[1]);
}

/* ---- memory ---- */

struct pod_requests *pods_requests_use(struct pods_requests *p, const struct trace_rules *rules, struct str namespace_, struct str pod, size_t lane)
{
	char key[600];
	if (!rules->over_pods || !pod.n)
		return NULL;
	int n = snprintf(key, sizeof key, "%zu/" STR_FMT "/" STR_FMT, lane, STR_ARG(str_take(namespace_, 256)), STR_ARG(str_take(pod, 256)));
	struct str name = { key, (size_t)n };
	struct pod_requests *found = map_get(&p->by_pod, name);
	if (!found) {
		found = calloc(1, sizeof *found + name.n);
		if (!found)
			abort();
		memcpy((char *)(found + 1), name.p, name.n);
		found->key = (struct str){ (char *)(found + 1), name.n };
		found->pairs = (struct trace_pairs){ .window = POD_WINDOW_NS, .most = POD_PAIRS_MOST };
		map_put(&p->by_pod, found->key, found);
	}
	found->users++;
	return found;
}

void pod_requests_leave(struct pod_requests *p)
{
	if (p)
		p->users--;
}

static void forget(struct pod_requests *p)
{
	trace_pairs_fini(&p->pairs);
	free(p);
}

void pods_requests_expire(struct pods_requests *p)
{
	struct pod_requests **gone = NULL, *one;
	size_t count = 0;
	for (size_t i = 0; (one = map_next(&p->by_pod, &i));) {
		if (one->users)
			continue;
		if (!gone && !(gone = malloc(p->by_pod.count * sizeof(struct pod_requests *))))
			abort();
		gone[count++] = one;
	}
	for (size_t i = 0; i < count; i++) {
		map_remove(&p->by_pod, gone[i]->key);
		forget(gone[i]);
	}
	free(gone);
}

void pods_requests_fini(struct pods_requests *p)
{
	struct pod_requests *one;
	for (size_t i = 0; (one = map_next(&p->by_pod, &i));)
		forget(one);
	map_fini(&p->by_pod);
}

struct log_memory *log_memory_new(const struct trace_rules *rules, struct pod_requests *pod)
{
	if (!rules->stack_traces && !rules->request_ids)
		return NULL;
	struct log_memory *m = calloc(1, sizeof *m);
	if (!m)
		abort();
	trace_memory_init(&m->lines, rules->stack_traces, rules->request_ids);
	m->pod = pod;
	return m;
}

void log_memory_free(struct log_memory *m)
{
	if (!m)
		return;
	pod_requests_leave(m->pod);
	trace_memory_fini(&m->lines);
	free(m);
}

/* ---- a line ---- */

enum level line_trace_level(const struct line_asks *asks, struct str line)
{
	return asks ? level_detect_in(asks->form, line) : level_detect(line);
}

static enum trace_result find_in(const struct line_asks *asks, struct str line, struct trace_context *out)
{
	if (!asks)
		return trace_find(line, out);
	if (!line_form_has(asks->form, line))
		return TRACE_NONE;
	return trace_find_named(line, (struct str){ asks->trace_key, asks->trace_key_bytes }, out);
}

enum trace_result line_trace_find(const struct trace_rules *rules, const struct line_asks *asks, struct log_memory *m, struct memory_line *line,
	struct record *record, enum level *level)
{
	*level = record->level;
	if (!rules->find)
		return TRACE_NONE;
	enum trace_result own = find_in(asks, record->line, &record->trace);
	record->trace_result = own;
	if (!m)
		return own;
	line->text = record->line;
	line->level = record->level;
	record->trace_result = trace_memory_line(&m->lines, line, own, &record->trace, level, m->pod ? &m->pod->pairs : NULL);
	return own;
}

static uint64_t chance_of(const struct record *record)
{
	return hash_u64(hash_bytes(record->line) ^ (uint64_t)record->timestamp_ns) & (TRACE_SAMPLING_RANGE - 1);
}

bool line_trace_keeps(const struct trace_rules *rules, struct record *record, enum level level)
{
	bool has_id = record->trace_result == TRACE_VALID;
	uint64_t threshold = has_id ? rules->threshold : rules->without_id_threshold, randomness;
	if (threshold == 0 || level >= LEVEL_WARN)
		return true;
	if (has_id && rules->keep_sampled && record->trace.sampled == 1)
		return true;
	if (!has_id)
		randomness = chance_of(record);
	else if (record->trace.source != TRACE_FROM_LINE || !trace_randomness_in(record->line, &randomness))
		randomness = trace_randomness(record->trace.trace_id);
	record->adjusted_count = str_of(rules->counts[!has_id]);
	return randomness >= threshold;
}
