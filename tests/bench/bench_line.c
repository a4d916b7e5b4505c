/* What each part of a line's way costs, over the lines of a file that a container runtime wrote: nanoseconds per line, the least of
 * several rounds. The file is read into memory once and should not be larger than the last level of cache.
 * usage: bench_line FILE [ROUNDS [PART]] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "exporters/loki.h"
#include "parsers/bytes/utf8.h"
#include "parsers/cri.h"
#include "parsers/level.h"
#include "parsers/trace/request_id.h"
#include "parsers/trace/trace.h"
#include "parsers/trace/trace_memory.h"

struct lines {
	size_t count;
	struct str *raw;
	struct runtime_line *parsed;
	struct record *records;
};

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct str read_whole(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END) != 0) {
		perror(path);
		exit(1);
	}
	struct str s = { NULL, (size_t)ftell(f) };
	char *p = malloc(s.n + 1);
	rewind(f);
	if (!p || fread(p, 1, s.n, f) != s.n)
		exit(1);
	fclose(f);
	s.p = p;
	return s;
}

static void *array(size_t count, size_t size)
{
	void *p = calloc(count + 1, size);
	if (!p)
		abort();
	return p;
}

static void split(struct str text, struct lines *l)
{
	size_t most = 0;
	for (size_t i = 0; i < text.n; i++)
		most += text.p[i] == '\n';
	*l = (struct lines){ .raw = array(most, sizeof *l->raw), .parsed = array(most, sizeof *l->parsed), .records = array(most, sizeof *l->records) };
	while (text.n && l->count < most) {
		size_t n = str_find(text, '\n');
		struct str line = str_take(text, n);
		text = str_skip(text, n + 1);
		if (!cri_parse(line, &l->parsed[l->count]))
			continue;
		l->records[l->count] = (struct record){ .timestamp_ns = l->parsed[l->count].timestamp_ns, .line = l->parsed[l->count].message };
		l->raw[l->count++] = line;
	}
}

/* ---- the parts ---- */

static unsigned run_cri(struct lines *l)
{
	unsigned sum = 0;
	struct runtime_line out;
	for (size_t i = 0; i < l->count; i++)
		sum += cri_parse(l->raw[i], &out);
	return sum;
}

static unsigned run_utf8(struct lines *l)
{
	unsigned sum = 0;
	for (size_t i = 0; i < l->count; i++)
		sum += (unsigned)utf8_valid(l->records[i].line);
	return sum;
}

static unsigned run_level(struct lines *l)
{
	unsigned sum = 0;
	for (size_t i = 0; i < l->count; i++)
		sum += l->records[i].level = level_detect(l->records[i].line);
	return sum;
}

static unsigned run_trace(struct lines *l)
{
	unsigned sum = 0;
	for (size_t i = 0; i < l->count; i++)
		sum += l->records[i].trace_result = trace_find(l->records[i].line, &l->records[i].trace);
	return sum;
}

static unsigned run_request(struct lines *l)
{
	unsigned sum = 0;
	struct str id;
	for (size_t i = 0; i < l->count; i++)
		sum += l->records[i].trace_result == TRACE_VALID && request_id_find(l->records[i].line, &id);
	return sum;
}

static unsigned run_memory(struct lines *l)
{
	unsigned sum = 0;
	uint64_t at = 0;
	struct trace_memory m;
	trace_memory_init(&m, true, true);
	for (size_t i = 0; i < l->count; i++) {
		const struct record *r = &l->records[i];
		struct memory_line line = { .text = r->line, .at = at, .timestamp_ns = r->timestamp_ns, .is_stderr = l->parsed[i].is_stderr, .is_lasting = true, .level = r->level };
		struct trace_context trace = r->trace;
		enum level level;
		sum += trace_memory_line(&m, &line, r->trace_result, &trace, &level, NULL);
		at += l->raw[i].n + 1;
	}
	trace_memory_fini(&m);
	return sum;
}

static unsigned run_entry(struct lines *l)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < l->count; i++) {
		if (out.n > 1 << 19)
			buf_reset(&out);
		loki_entry(&out, &l->records[i], true);
	}
	unsigned sum = (unsigned)out.n;
	buf_fini(&out);
	return sum;
}

static const struct {
	const char *name;
	unsigned (*run)(struct lines *l);
} PARTS[] = { { "cri", run_cri }, { "utf8", run_utf8 }, { "level", run_level }, { "trace", run_trace }, { "request id", run_request },
	{ "memory, with request id", run_memory }, { "loki entry", run_entry } };

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: bench_line FILE [ROUNDS [PART]]\n");
		return 2;
	}
	struct lines l;
	struct str text = read_whole(argv[1]);
	split(text, &l);
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 50, sum = 0;
	printf("%zu lines, %.0f bytes each\n", l.count, l.count ? (double)text.n / (double)l.count : 0);
	for (size_t k = 0; k < COUNT_OF(PARTS); k++) {
		if (argc > 3 && strcmp(argv[3], PARTS[k].name) != 0)
			continue;
		double least = 1e18;
		for (unsigned i = 0; i < rounds; i++) {
			double start = now_ns();
			sum += PARTS[k].run(&l);
			double spent = now_ns() - start;
			least = spent < least ? spent : least;
		}
		printf("%-24s %8.1f ns/line\n", PARTS[k].name, least / (double)(l.count ? l.count : 1));
	}
	printf("checksum %u\n", sum); /* keeps the compiler from leaving the work out */
	return 0;
}
