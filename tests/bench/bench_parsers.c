/* What a log line costs in the parsers, in nanoseconds of processor time: the best of seven runs over the same lines.
 * Prints "name ns_per_line MB_per_s"; judges nothing. Build it in release mode. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "parsers/bytes/hash.h"
#include "parsers/bytes/rfc3339.h"
#include "parsers/bytes/utf8.h"
#include "parsers/cri.h"
#include "parsers/dockerjson.h"
#include "parsers/glob.h"
#include "parsers/join.h"
#include "parsers/kubernetes/podpath.h"

enum { LINES = 4096, RUNS = 7, ROUNDS = 50 };

struct lines {
	struct str at[LINES];
	struct str all; /* with line feeds */
	struct buf scratch;
	struct join join;
};

typedef uint64_t measure_fn(struct lines *l); /* over all lines; the sum keeps the work from being optimised away */

static double cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t split(struct lines *l)
{
	uint64_t sum = 0;
	for (struct str rest = l->all; rest.n;)
		sum += str_cut(&rest, '\n').n;
	return sum;
}

static uint64_t cri(struct lines *l)
{
	uint64_t sum = 0;
	struct runtime_line out;
	for (size_t i = 0; i < LINES; i++)
		if (cri_parse(l->at[i], &out))
			sum += (uint64_t)out.timestamp_ns + out.message.n + out.is_partial;
	return sum;
}

static uint64_t docker(struct lines *l)
{
	uint64_t sum = 0;
	struct runtime_line out;
	for (size_t i = 0; i < LINES; i++)
		if (dockerjson_parse(l->at[i], &l->scratch, &out))
			sum += (uint64_t)out.timestamp_ns + out.message.n + out.is_partial;
	return sum;
}

static uint64_t instant(struct lines *l)
{
	uint64_t sum = 0;
	int64_t ns;
	for (size_t i = 0; i < LINES; i++)
		if (rfc3339_parse(str_take(l->at[i], str_find(l->at[i], ' ')), &ns))
			sum += (uint64_t)ns;
	return sum;
}

static uint64_t valid(struct lines *l)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < LINES; i++)
		sum += utf8_valid(l->at[i]);
	return sum;
}

static uint64_t hash(struct lines *l)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < LINES; i++)
		sum += hash_bytes(l->at[i]);
	return sum;
}

static uint64_t join(struct lines *l)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < LINES; i++) {
		struct runtime_line piece = { .message = l->at[i], .is_partial = i % 4 != 3 };
		struct str line;
		int64_t ns;
		if (join_add(&l->join, &piece, 1 << 20) && join_take(&l->join, &line, &ns))
			sum += line.n;
	}
	return sum;
}

static uint64_t match(struct lines *l)
{
	(void)l;
	uint64_t sum = 0;
	for (size_t i = 0; i < LINES; i++)
		sum += glob_match(STR("/var/log/{nginx,app}/**/*.log"),
			i % 2 ? STR("/var/log/app/shop/checkout/server.log") : STR("/var/log/syslog"));
	return sum;
}

static uint64_t names(struct lines *l)
{
	(void)l;
	uint64_t sum = 0;
	struct podlog log;
	struct podpath path;
	for (size_t i = 0; i < LINES; i++)
		sum += podpath_log(STR("12.log.20261121-090000.gz"), &log) +
		       podpath_directory(STR("shop_checkout-6d4b75cb6d-hx2lm_0b4dbd6a-8c35-4b2c-9a4e-6f1f3c1f0a11"), &path);
	return sum;
}

static const char *const messages[] = {
	"level=info ts=2026-11-21T09:00:00Z msg=\"request done\" method=GET path=/api/v1/cart status=200 duration=12.5ms "
	"trace_id=4bf92f3577b34da6a3ce929d0e0e4736",
	"{\"level\":\"info\",\"msg\":\"order placed\",\"order\":\"8c1f\",\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
	"\"span_id\":\"00f067aa0ba902b7\",\"items\":[1,2,3]}",
	"10.0.0.7 - - [21/Nov/2026:09:00:00 +0000] \"GET /health HTTP/1.1\" 200 2 \"-\" \"kube-probe/1.31\"",
	"panic: runtime error: index out of range [3] with length 3",
};
static const char *const european[] = { "Pr\xc3\xbc" "fung der Gr\xc3\xb6\xc3\x9f" "e: \xe2\x82\xac 12, \xe2\x80\x9e" "fertig\xe2\x80\x9c",
						"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe3\x83\xad\xe3\x82\xb0\xe8\xa1\x8c" };

enum layout { CRI_NANO, CRI_TRIMMED, CRI_OFFSET, DOCKER, EUROPEAN };

static void put_line(struct buf *b, enum layout layout, size_t i)
{
	char at[RFC3339_ROOM];
	struct str time = { at, rfc3339_format(1795251600000000000 + (int64_t)i * 1234567, at) },
		text = str_of(messages[i % COUNT_OF(messages)]);
	if (layout == CRI_TRIMMED)
		time = STR("2026-11-21T09:00:00.123456Z");
	if (layout == CRI_OFFSET)
		time = STR("2026-11-21T09:00:00.123456789+02:00");
	if (layout == EUROPEAN) {
		buf_str(b, str_of(european[i % 2]));
	} else if (layout == DOCKER) {
		buf_str(b, STR("{\"log\":\""));
		buf_json(b, text);
		buf_printf(b, "\\n\",\"stream\":\"stdout\",\"time\":\"" STR_FMT "\"}", STR_ARG(time));
	} else {
		buf_printf(b, STR_FMT " stdout F " STR_FMT, STR_ARG(time), STR_ARG(text));
	}
	buf_char(b, '\n');
}

static void run(const char *name, enum layout layout, measure_fn *fn)
{
	struct buf text;
	static struct lines l;
	l = (struct lines){ 0 };
	buf_init(&text, 64 << 20);
	buf_init(&l.scratch, 1 << 20);
	for (size_t i = 0; i < LINES; i++)
		put_line(&text, layout, i);
	l.all = buf_view(&text);
	struct str rest = l.all;
	for (size_t i = 0; i < LINES; i++)
		l.at[i] = str_cut(&rest, '\n');
	double best = 0;
	uint64_t sum = 0;
	for (int i = 0; i < RUNS; i++) {
		double from = cpu_ns();
		for (int k = 0; k < ROUNDS; k++)
			sum += fn(&l);
		double ns = (cpu_ns() - from) / ((double)LINES * ROUNDS);
		best = best == 0 || ns < best ? ns : best;
	}
	printf("%-24s %8.1f ns/line %8.0f MB/s   (%llx)\n", name, best, (double)l.all.n / LINES / best * 1e3,
		(unsigned long long)sum);
	buf_fini(&text);
	buf_fini(&l.scratch);
	join_reset(&l.join);
	buf_fini(&l.join.piece);
}

int main(void)
{
	static const struct {
		const char *name;
		enum layout layout;
		measure_fn *fn;
	} rows[] = {
		{ "split", CRI_NANO, split },
		{ "cri, nine digits", CRI_NANO, cri },
		{ "cri, six digits", CRI_TRIMMED, cri },
		{ "cri, offset", CRI_OFFSET, cri },
		{ "rfc3339", CRI_NANO, instant },
		{ "dockerjson", DOCKER, docker },
		{ "utf8, ASCII", CRI_NANO, valid },
		{ "utf8, other", EUROPEAN, valid },
		{ "hash", CRI_NANO, hash },
		{ "join, four pieces", CRI_NANO, join },
		{ "glob", CRI_NANO, match },
		{ "podpath", CRI_NANO, names },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		run(rows[i].name, rows[i].layout, rows[i].fn);
	return 0;
}
