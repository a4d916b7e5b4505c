/* What a pipeline costs for each line of 300 bytes, in nanoseconds of processor time: the best of seven runs. Prints "name
 * ns_per_line" and judges nothing. Build it in release mode. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "parsers/stages/stages.h"

enum { LINES = 1024, RUNS = 7, ROUNDS = 100,  };

#define TEXT(s) { .kind = STAGE_SCALAR, .text = { s, sizeof s - 1 }, .is_quoted = true }
#define MAP(name) { .kind = STAGE_MAP, .items = name##_values, .keys = name##_keys, .count = COUNT_OF(name##_values) }
#define KEY(s) { s, sizeof s - 1 }

static const struct str expressions_keys[] = { KEY("level"), KEY("trace"), KEY("status") };
static const struct stage_node expressions_values[] = { TEXT("level"), TEXT("trace_id"), TEXT("request.status") };
static const struct str json_keys[] = { KEY("expressions") };
static const struct stage_node json_values[] = { MAP(expressions) };
static const struct str labels_keys[] = { KEY("level") };
static const struct stage_node labels_values[] = { { .kind = STAGE_NULL } };
static const struct str drop_keys[] = { KEY("source"), KEY("value") };
static const struct stage_node drop_values[] = { TEXT("level"), TEXT("debug") };
static const struct str regex_keys[] = { KEY("expression") };
static const struct stage_node regex_values[] = { TEXT("\"level\":\"(?P<level>[a-z]+)\"") };
static const struct str time_keys[] = { KEY("source"), KEY("format") };
static const struct stage_node time_values[] = { TEXT("time"), TEXT("RFC3339Nano") };
static const struct str when_keys[] = { KEY("time") };
static const struct stage_node when_values[] = { TEXT("") };
static const struct str find_keys[] = { KEY("expressions") };
static const struct stage_node find_values[] = { MAP(when) };
static const struct str template_keys[] = { KEY("source"), KEY("template") };
static const struct stage_node template_values[] = { TEXT("new"),
	TEXT("{{ .level | ToUpper }}-{{ if eq .level \"info\" }}i{{ else }}x{{ end }}") };
static const struct str logfmt_keys[] = { KEY("mapping") };
static const struct stage_node logfmt_values[] = { MAP(expressions) };

static const struct pipeline {
	const char *name;
	size_t count;
	struct { struct str name; struct stage_node config; } stages[4];
} pipelines[] = {
	{ "json", 1, { { KEY("json"), MAP(json) } } },
	{ "json_labels_drop", 3, { { KEY("json"), MAP(json) }, { KEY("labels"), MAP(labels) }, { KEY("drop"), MAP(drop) } } },
	{ "regex", 1, { { KEY("regex"), MAP(regex) } } },
	{ "json_timestamp", 2, { { KEY("json"), MAP(find) }, { KEY("timestamp"), MAP(time) } } },
	{ "json_template", 2, { { KEY("json"), MAP(json) }, { KEY("template"), MAP(template) } } },
	{ "logfmt", 1, { { KEY("logfmt"), MAP(logfmt) } } },
};

static double cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void count(void *ctx, struct entry *e)
{
	*(size_t *)ctx += e->line.n + (e->drop_reason != NULL);
}

static void complain(void *ctx, const struct stage_problem *problem, const char *const *known)
{
	(void)ctx, (void)known;
	fprintf(stderr, "%s\n", problem->text);
}

static struct stages *compile(const struct pipeline *p)
{
	struct stage_node items[4];
	for (size_t i = 0; i < p->count; i++)
		items[i] = (struct stage_node){ .kind = STAGE_MAP, .items = &p->stages[i].config, .keys = &p->stages[i].name,
		.count = 1 };
	struct stage_node list = { .kind = STAGE_LIST, .items = items, .count = p->count };
	return stages_compile(&list, complain, NULL);
}

static void run_all(struct stages *p, struct stages_state *s, const struct labels *own, struct labels *labels, struct arena *arena,
	const struct str *lines, size_t *sum)
{
	for (size_t i = 0; i < LINES; i++) {
		labels_copy(labels, own);
		struct entry e = { .line = lines[i], .timestamp_ns = 1, .labels = *labels, .arena = arena };
		stages_run(p, s, &e, 1, count, sum);
		*labels = e.labels;
		arena_reset(arena);
	}
}

static void measure(const struct pipeline *pipeline, const struct str *lines)
{
	struct stages *p = compile(pipeline);
	if (!p)
		exit(1);
	struct stages_state *s = stages_state_new(p);
	struct labels own = { 0 }, labels = { 0 };
	struct arena arena = { 0 };
	static const char *const names[] = { "namespace", "pod", "container", "app", "node_name", "filename", "stream", "job" };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		labels_set(&own, str_of(names[i]), STR("some-value-of-a-label"));
	double best = 1e18;
	size_t sum = 0;
	for (int run = 0; run < RUNS; run++) {
		double start = cpu_ns();
		for (int round = 0; round < ROUNDS; round++)
			run_all(p, s, &own, &labels, &arena, lines, &sum);
		double ns = (cpu_ns() - start) / LINES / ROUNDS;
		best = ns < best ? ns : best;
	}
	printf("%s %.0f%s\n", pipeline->name, best, sum == 0 ? " (nothing came out)" : "");
	stages_state_free(s);
	stages_free(p);
	labels_fini(&own);
	labels_fini(&labels);
	arena_fini(&arena);
}

int main(void)
{
	struct arena text = { 0 };
	static struct str lines[LINES];
	static const char *const levels[] = { "info", "warn", "debug", "error" };
	for (size_t i = 0; i < LINES; i++) {
		char at[512];
		int n = snprintf(at, sizeof at,
			"{\"time\":\"2026-11-21T14:%02zu:%02zu.123456789Z\",\"level\":\"%s\",\"logger\":\"com.example.shop.orders\",\"msg\":\"order %zu was "
			"accepted for delivery\",\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"request\":{\"method\":\"POST\",\"path\":"
			"\"/api/v1/orders\",\"status\":%zu,\"duration\":0.0%zu},\"user\":\"u-%06zu\",\"ok\":true}",
			i % 60, i % 60, levels[i % 4], i, 200 + i % 5, i, i);
		lines[i] = arena_copy(&text, (struct str){ at, (size_t)n });
	}
	printf("line_bytes %zu\n", lines[0].n);
	for (size_t i = 0; i < COUNT_OF(pipelines); i++)
		measure(&pipelines[i], lines);
	arena_fini(&text);
	return 0;
}
