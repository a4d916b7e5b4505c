/* /metrics and its parts. Those of node and pods are collected on a thread of their own, within the time that the scraper has
 * announced; the request waits meanwhile. collect[] and exclude[] are node_exporter's, its refusals too. */
#include "agent/web/web_request.h"

#include <microhttpd.h>
#include <stdlib.h>

#include "agent/exposition/exposition.h"
#include "agent/metrics.h"
#include "agent/web/web_accept.h"

enum { NAMES_MOST = 100, USUAL_TIMEOUT_S = 10, LONGEST_TIMEOUT_S = 3600 };
static const int64_t SECOND_NS = 1000000000, OFFSET_NS = 500000000 /* for the way back, as everybody leaves */,
		     SHORTEST_NS = 100000000;

struct names { /* of a repeated argument */
	const char *argument;
	struct str at[NAMES_MOST];
	size_t count;
	bool is_too_many;
};

static enum MHD_Result take_name(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct names *names = cls;
	(void)kind;
	if (strcmp(key, names->argument) != 0)
		return MHD_YES;
	if (names->count == NAMES_MOST)
		names->is_too_many = true;
	else
		names->at[names->count++] = str_of(value ? value : "");
	return MHD_YES;
}

static void begin(struct web_request *r)
{
	struct str accept = web_header(r, "Accept");
	r->is_openmetrics = web_accept_quality(accept, STR("application/openmetrics-text")) > web_accept_quality(accept, STR("text/plain"));
	r->content_type = r->is_openmetrics ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT;
	r->may_compress = true;
}

static void end(struct web_request *r)
{
	struct status status = { 0 };
	if (r->wants_self || r->wants_logs)
		r->options->status(r->options->ctx, &status);
	if (r->wants_logs)
		exposition_logs(&status, &r->body, r->is_openmetrics);
	if (r->wants_self)
		exposition_self(&status, &r->body, r->is_openmetrics);
	exposition_end(&r->body, r->is_openmetrics);
}

static struct collection *collection_of(const struct web_request *r)
{
	struct status status = { 0 };
	r->options->status(r->options->ctx, &status);
	return status.metrics ? metrics_collection(status.metrics) : NULL;
}

/* The collection may have been replaced by a reload: to the new one this request means nothing. */
static void forget(struct web_request *r)
{
	struct collection *c = collection_of(r);
	if (c)
		collection_cancel(c, r);
}

static void on_collected(void *ctx, struct str text, const char *error)
{
	struct web_request *r = ctx;
	if (error) {
		buf_reset(&r->body);
		r->code = 503;
		r->content_type = "text/plain; charset=utf-8";
		buf_printf(&r->body, "%s\n", error);
	} else {
		buf_str(&r->body, text);
		end(r);
	}
	web_wake(r);
}

static int64_t deadline_of(const struct web_request *r)
{
	struct str header = web_header(r, "X-Prometheus-Scrape-Timeout-Seconds");
	double seconds = header.n ? strtod(header.p, NULL) : 0;
	if (!(seconds > 0 && seconds <= LONGEST_TIMEOUT_S))
		return loop_now_ns(r->loop) + USUAL_TIMEOUT_S * SECOND_NS;
	int64_t ns = (int64_t)(seconds * 1e9) - OFFSET_NS;
	return loop_now_ns(r->loop) + (ns < SHORTEST_NS ? SHORTEST_NS : ns);
}

/* 400 for a question that has no answer. */
static bool is_refused(struct web_request *r, const struct collection *c, const struct names *only, const struct names *except)
{
	const struct names *both[] = { only, except };
	if (only->is_too_many || except->is_too_many || (only->count && except->count)) {
		web_plain(r, 400, only->is_too_many || except->is_too_many ? STR("Invalid collect query: too many names\n")
								    : STR("Combined collect and exclude queries are not allowed.\n"));
		return true;
	}
	for (size_t k = 0; k < COUNT_OF(both); k++)
		for (size_t i = 0; i < both[k]->count; i++)
			if (!collection_has(c, both[k]->at[i])) {
				web_plain(r, 400, (struct str){ 0 });
				buf_init(&r->body, WEB_ANSWER_MAX);
				buf_printf(&r->body, "missing collector: " STR_FMT "\n", STR_ARG(str_take(both[k]->at[i], 128)));
				return true;
			}
	return false;
}

static void collect(struct web_request *r, unsigned parts, bool wants_own)
{
	struct collection *c = collection_of(r);
	struct names only = { .argument = "collect[]" }, except = { .argument = "exclude[]" };
	begin(r);
	r->wants_self = r->wants_logs = wants_own;
	if (!c) {
		if (!wants_own && !r->is_openmetrics) /* OpenMetrics has no comments of this kind */
			buf_str(&r->body, STR("# No metrics of this kind are collected.\n"));
		end(r);
		return;
	}
	MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, take_name, &only);
	MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, take_name, &except);
	if (is_refused(r, c, &only, &except))
		return;
	r->wants_self = r->wants_logs = wants_own && !only.count;
	const struct collect_request request = { .parts = parts, .is_openmetrics = r->is_openmetrics, .only = only.at, .only_count = only.count,
		.except = except.at, .except_count = except.count };
	int64_t deadline_ns = deadline_of(r);
	web_wait(r, deadline_ns + OFFSET_NS / 2, forget);
	collection_run(c, &request, deadline_ns, on_collected, r);
}

void web_metrics(struct web_request *r)
{
	collect(r, COLLECT_NODE | COLLECT_PODS, true);
}

void web_metrics_node(struct web_request *r)
{
	collect(r, COLLECT_NODE, false);
}

void web_metrics_pods(struct web_request *r)
{
	collect(r, COLLECT_PODS, false);
}

void web_metrics_self(struct web_request *r)
{
	begin(r);
	r->wants_self = true;
	end(r);
}

void web_metrics_logs(struct web_request *r)
{
	begin(r);
	r->wants_logs = true;
	end(r);
}
