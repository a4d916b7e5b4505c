/* What a sample costs in the parsers of the exposition formats, in nanoseconds of processor time: the best of seven runs over the same
 * text. Prints "name ns_per_sample MB_per_s"; judges nothing. Build it in release mode. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "parsers/exposition/exposition.h"
#include "parsers/relabel.h"

enum { SAMPLES = 4096, RUNS = 7, ROUNDS = 50 };

static double cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct input {
	const char *name, *format; /* of one sample: a number of its own, a value */
	enum exposition_format what;
	bool has_labels; /* take them apart too */
};

static const struct input inputs[] = {
	{ "text, 100 bytes", "container_network_receive_bytes_total{interface=\"eth0\",namespace=\"shop\",pod=\"checkout-%04zu\"} %zu.5e+09\n",
		EXPOSITION_TEXT_0_0_4, false },
	{ "text, short", "node_load1_%zu %zu.21\n", EXPOSITION_TEXT_0_0_4, false },
	{ "text, 17 digits", "container_network_receive_bytes_total{interface=\"eth0\",namespace=\"shop\",pod=\"checkout-%04zu\"} "
		"%zu.1234567890123456\n", EXPOSITION_TEXT_0_0_4, false },
	{ "text, with timestamp", "container_memory_rss{container=\"server\",id=\"/kubepods/besteffort\",namespace=\"shop\",pod=\"p%zu\"} %zu "
		"1795251600000\n", EXPOSITION_TEXT_0_0_4, false },
	{ "text, labels as well", "container_network_receive_bytes_total{interface=\"eth0\",namespace=\"shop\",pod=\"checkout-%04zu\"} "
		"%zu.5e+09\n", EXPOSITION_TEXT_0_0_4, true },
	{ "openmetrics", "container_network_receive_bytes_total{interface=\"eth0\",namespace=\"shop\",pod=\"checkout-%04zu\"} %zu.5e+09\n",
		EXPOSITION_OPENMETRICS_1_0, false },
	{ "openmetrics, exemplar", "http_requests_total{code=\"200\",pod=\"checkout-%04zu\"} %zu # "
		"{trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"} 1.0 1520879607.789\n", EXPOSITION_OPENMETRICS_1_0, false },
};

static uint64_t parse(const struct input *in, struct str body, struct labels *labels)
{
	struct exposition x;
	struct arena arena = { 0 };
	const char *why;
	uint64_t sum = 0;
	exposition_init(&x, in->what, body);
	while (exposition_next(&x) > EXPOSITION_END) {
		sum += x.value_bits + x.series.n;
		if (in->has_labels && exposition_item_labels(&x, labels, &arena, &why))
			sum += labels->count;
	}
	if (x.error[0])
		fprintf(stderr, "%s: %s\n", in->name, x.error);
	exposition_fini(&x);
	arena_fini(&arena);
	return sum;
}

static void run(const struct input *in)
{
	struct buf body;
	struct labels labels = { 0 };
	double best = 0;
	uint64_t sum = 0;
	buf_init(&body, 16 << 20);
	for (size_t i = 0; i < SAMPLES; i++) {
		char line[512];
		/* one format for all inputs, which take the same two numbers */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(line, sizeof line, in->format, i, i % 10);
#pragma GCC diagnostic pop
		buf_str(&body, str_of(line));
	}
	if (in->what == EXPOSITION_OPENMETRICS_1_0)
		buf_str(&body, STR("# EOF\n"));
	for (int i = 0; i < RUNS; i++) {
		double from = cpu_ns();
		for (int k = 0; k < ROUNDS; k++)
			sum += parse(in, buf_view(&body), &labels);
		double ns = (cpu_ns() - from) / ((double)SAMPLES * ROUNDS);
		best = best == 0 || ns < best ? ns : best;
	}
	printf("%-24s %8.1f ns/sample %8.0f MB/s   (%llx)\n", in->name, best, (double)body.n / SAMPLES / best * 1e3, (unsigned long long)sum);
	labels_fini(&labels);
	buf_fini(&body);
}

struct rule {
	const char *name, *pattern, *subject;
};

static const struct rule rules[] = {
	{ "regex (.*)", "(.*)", "10.0.0.1:9100" },
	{ "regex alternation", "shop|checkout|payments", "payments" },
	{ "regex prefix.*", "container_network_.*", "container_network_receive_bytes_total" },
	{ "regex general", "([^:]+)(?::\\d+)?;(\\d+)", "10.42.0.17:9100;8080" },
	{ "regex fails", "(kube|node|container)_[a-z]+_(seconds|bytes)", "container_network_receive_packets_total" },
};

static void match(const struct rule *rule)
{
	char err[256];
	struct regex_groups groups;
	struct regex *r = regex_new(str_of(rule->pattern), REGEX_ANCHORED, err);
	double best = 0;
	uint64_t sum = 0;
	if (!r)
		return;
	for (int i = 0; i < RUNS; i++) {
		double from = cpu_ns();
		for (int k = 0; k < SAMPLES * 8; k++)
			sum += (uint64_t)regex_match(r, str_of(rule->subject), 0, &groups);
		double ns = (cpu_ns() - from) / (SAMPLES * 8);
		best = best == 0 || ns < best ? ns : best;
	}
	printf("%-24s %8.1f ns/match                 (%llx)\n", rule->name, best, (unsigned long long)sum);
	regex_free(r);
}

int main(void)
{
	for (size_t i = 0; i < COUNT_OF(inputs); i++)
		run(&inputs[i]);
	for (size_t i = 0; i < COUNT_OF(rules); i++)
		match(&rules[i]);
	return 0;
}
