/* What a scraped sample costs between the socket and the spool: parsing, finding its series, writing its frame. 10 targets with 2,000 series
 * each, as a node's exporters have them; values change at each scrape. The spool is a real one in /tmp,
 * its writes are in the figures.
 * usage: bench_ingest [TARGETS [SERIES [SCRAPES]]] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/scrape/ingest.h"

static double now_s(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Families of 20 series with three labels each; a third of the values changes. */
static void make_body(struct buf *out, size_t series, uint64_t scrape)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };
	buf_reset(out);
	for (size_t i = 0; i < series; i++) {
		if (i % 20 == 0)
			buf_printf(out, "# HELP http_requests_%zu_total Requests that were answered, by method, path and status.\n"
				   "# TYPE http_requests_%zu_total counter\n", i / 20, i / 20);
		buf_printf(out, "http_requests_%zu_total{method=\"%s\",path=\"/api/v1/orders/%zu\",status=\"200\"} %g\n", i / 20,
			   methods[i % 4], i % 20, (double)(i % 3 ? i : i + scrape * 7) * (i % 7 ? 1 : 1.37));
	}
}

static size_t argument(int argc, char **argv, int i, size_t otherwise)
{
	return argc > i ? (size_t)strtoul(argv[i], NULL, 10) : otherwise;
}

static void drain(struct spool *spool)
{
	struct spool_frame frame;
	while (spool_read(spool, 0, &frame) > 0)
		spool_ack(spool, 0, &frame.end);
}

int main(int argc, char **argv)
{
	size_t targets = argument(argc, argv, 1, 10), series = argument(argc, argv, 2, 2000), scrapes = argument(argc, argv, 3, 100);
	char err[256];
	char directory[] = "/tmp/bench_ingest.XXXXXX", command[64];
	const struct spool_options options = { .directory = mkdtemp(directory), .cap_bytes = 512 << 20, .destination_count = 1, .names = { "bench" } };
	struct spool *spool = spool_open(&options, err);
	if (!spool) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	struct ingest *g = ingest_new(spool);
	struct ingest_memory *memories = calloc(targets, sizeof *memories);
	struct labels *labels = calloc(targets, sizeof *labels);
	struct ingest_rules rules = { .honor_timestamps = true, .sample_limit = 500000, .label_limit = 256, .label_name_length_limit = 1024,
				      .label_value_length_limit = 65536 };
	char names[64][32];
	struct buf body;
	buf_init(&body, 256 << 20);
	for (size_t i = 0; i < targets; i++) {
		snprintf(names[i % 64], sizeof names[0], "node:%zu", i);
		labels_set(&labels[i], STR("instance"), str_of(names[i % 64]));
		labels_set(&labels[i], STR("job"), STR("bench"));
	}
	double first = 0, rest = 0, parse = 0;
	for (uint64_t scrape = 0; scrape < scrapes; scrape++) {
		make_body(&body, series, scrape);
		for (size_t i = 0; i < targets; i++) {
			struct ingest_result result = { 0 };
			double start = now_s(CLOCK_PROCESS_CPUTIME_ID);
			rules.target = &labels[i];
			ingest_begin(g, &rules, &memories[i], (int64_t)(1000 + scrape * 1000));
			bool is_good = ingest_body(g, EXPOSITION_TEXT_0_0_4, buf_view(&body), &result);
			ingest_report(g, is_good, 0.01, &result);
			ingest_end(g);
			*(scrape ? &rest : &first) += now_s(CLOCK_PROCESS_CPUTIME_ID) - start;
			if (!is_good)
				fprintf(stderr, "%s\n", result.error);
			start = now_s(CLOCK_PROCESS_CPUTIME_ID);
			struct exposition x;
			exposition_init(&x, EXPOSITION_TEXT_0_0_4, buf_view(&body));
			while (exposition_next(&x) > EXPOSITION_END)
				;
			exposition_fini(&x);
			parse += now_s(CLOCK_PROCESS_CPUTIME_ID) - start;
		}
		drain(spool);
	}
	double samples = (double)(targets * series), bytes = 0;
	for (size_t i = 0; i < targets; i++)
		bytes += (double)series_bytes(&memories[i].series);
	printf("body %zu bytes, %.0f bytes/series\n", body.n, (double)body.n / (double)series);
	printf("first scrape  %7.1f ns/sample\n", first / samples * 1e9);
	printf("later scrapes %7.1f ns/sample, of which parsing %.1f\n", rest / samples / (double)(scrapes - 1) * 1e9,
	       parse / samples / (double)scrapes * 1e9);
	printf("memory        %7.1f bytes/series\n", bytes / samples);
	for (size_t i = 0; i < targets; i++) {
		ingest_memory_fini(&memories[i]);
		labels_fini(&labels[i]);
	}
	free(memories);
	free(labels);
	buf_fini(&body);
	ingest_free(g);
	spool_close(spool);
	snprintf(command, sizeof command, "rm -r %s", directory);
	return system(command) != 0;
}
