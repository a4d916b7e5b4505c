/* What this machine needs for the work itself, with no agent around it: the same files read, split, parsed, copied into a push
 * request with the trace id, compressed and sent, one thread, no checkpoints, no retries, no limits. An agent's speed is
 * given as a share of it, so that numbers from different machines can be compared.
 *
 *   floor --root DIR --port P [--level 0..6] [--simd 0|1]
 * level 0 read, 1 + newline search, 2 + CRI head, 3 + copy as protobuf, 4 + trace id, 5 + snappy, 6 + HTTP to 127.0.0.1:P
 * (6). simd: the trace id is searched with AVX2 (1) or memmem (0). Prints one JSON line.
 *
 * The trace search is the cheapest that finds the generator's ids, far less than the agent's rules ask for. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <snappy-c.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 1 << 20, SLACK = 1200000, READ = 262144, LINE_CAP = 1 << 20, GAP = 16, LABELS = 512, TRACE_ID = 32 };
enum level { LEVEL_READ, LEVEL_SPLIT, LEVEL_HEAD, LEVEL_COPY, LEVEL_TRACE, LEVEL_SNAPPY, LEVEL_SEND };

struct floor {
	int level, socket;
	bool is_simd;
	uint64_t lines, bytes, entries, traced, wire_bytes, requests, sum;
	char *message, *compressed; /* message: GAP bytes, then the body of one stream */
	size_t message_bytes;
	char labels[LABELS];
	size_t label_bytes;
	char day[10]; /* whose midnight is day_s */
	int64_t day_s;
	char *joined;
	size_t joined_bytes;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int two(const char *p)
{
	return (p[0] - '0') * 10 + p[1] - '0';
}

/* Days since 1970 of a civil date, by Howard Hinnant's arithmetic. */
static int64_t civil_days(int y, int m, int d)
{
	y -= m <= 2;
	const int era = y / 400, in_era = y - era * 400, in_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return (int64_t)era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static int64_t head_time(struct floor *f, const char *p, const char *blank, uint32_t *nanos)
{
	uint32_t fraction = 0, unit = 100000000;

	if (memcmp(f->day, p, 10) != 0) {
		memcpy(f->day, p, 10);
		f->day_s = civil_days(two(p) * 100 + two(p + 2), two(p + 5), two(p + 8)) * 86400;
	}
	for (const char *q = p + 20; q < blank && *q >= '0' && *q <= '9'; q++, unit /= 10)
		fraction += (uint32_t)(*q - '0') * unit;
	*nanos = fraction;
	return f->day_s + two(p + 11) * 3600 + two(p + 14) * 60 + two(p + 17);
}

static char *put_varint(char *out, uint64_t v)
{
	for (; v > 127; v >>= 7)
		*out++ = (char)(v | 128);
	*out++ = (char)v;
	return out;
}

static size_t varint_bytes(uint64_t v)
{
	size_t n = 1;

	for (; v > 127; v >>= 7)
		n++;
	return n;
}

static void post(struct floor *f, const char *body, size_t n)
{
	char head[256], answer[1024];
	const int k = snprintf(head, sizeof(head), "POST /loki/api/v1/push HTTP/1.1\r\nHost: l\r\nContent-Type: application/x-protobuf\r\nContent-Length: %zu\r\n\r\n", n);

	if (send(f->socket, head, (size_t)k, MSG_MORE) != k)
		fail("send");
	while (n) {
		const ssize_t sent = send(f->socket, body, n, 0);
		if (sent <= 0)
			fail("send");
		body += sent;
		n -= (size_t)sent;
	}
	if (recv(f->socket, answer, sizeof(answer), 0) <= 0)
		fail("recv");
	f->requests++;
}

static void flush(struct floor *f)
{
	char head[GAP] = { 0x0a };

	if (f->level >= LEVEL_SNAPPY && f->message_bytes) {
		const size_t n = (size_t)(put_varint(head + 1, f->message_bytes) - head);
		char *start = f->message + GAP - n;
		size_t out_bytes = snappy_max_compressed_length(BATCH + SLACK);
		memcpy(start, head, n);
		if (snappy_compress(start, f->message_bytes + n, f->compressed, &out_bytes) != SNAPPY_OK)
			fail("snappy");
		f->wire_bytes += out_bytes;
		if (f->level >= LEVEL_SEND)
			post(f, f->compressed, out_bytes);
	}
	f->message_bytes = 0;
}

#ifdef __x86_64__
#include <immintrin.h>
/* "trace" by its first and fourth byte, 32 positions at a time; reads up to 36 bytes past end, where buffers have slack. */
__attribute__((target("avx2"))) static const char *find_word_simd(const char *p, const char *end)
{
	const __m256i t = _mm256_set1_epi8('t'), c = _mm256_set1_epi8('c');

	for (; p < end; p += 32) {
		const __m256i first = _mm256_loadu_si256((const __m256i *)(const void *)p), fourth = _mm256_loadu_si256((const __m256i *)(const void *)(p + 3));
		uint32_t hits = (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(_mm256_cmpeq_epi8(first, t), _mm256_cmpeq_epi8(fourth, c)));
		for (; hits; hits &= hits - 1) {
			const char *q = p + __builtin_ctz(hits);
			if (q + 5 > end)
				return NULL;
			if (q[1] == 'r' && q[2] == 'a' && q[4] == 'e')
				return q;
		}
	}
	return NULL;
}
#else
static const char *find_word_simd(const char *p, const char *end)
{
	return memmem(p, (size_t)(end - p), "trace", 5);
}
#endif

static const char *find_trace(const struct floor *f, const char *p, size_t n)
{
	const char *end = p + n;

	while (end - p > 40) {
		p = f->is_simd ? find_word_simd(p, end) : memmem(p, (size_t)(end - p), "trace", 5);
		if (!p || end - p <= 40)
			return NULL;
		p += 5;
		if (*p == '_')
			p++;
		if (*p == 'p')
			return p + 12; /* parent":"00- */
		if (*p != 'i' && *p != 'I')
			continue;
		p += 2;
		while (*p == '"' || *p == ':' || *p == '=' || *p == ' ')
			p++;
		int k = 0;
		while (k < TRACE_ID && ((unsigned)(p[k] - '0') < 10 || (unsigned)(p[k] - 'a') < 6))
			k++;
		if (k == TRACE_ID)
			return p;
	}
	return NULL;
}

static void entry(struct floor *f, int64_t seconds, uint32_t nanos, const char *line, size_t n)
{
	f->entries++;
	if (!f->message_bytes) {
		memcpy(f->message + GAP, f->labels, f->label_bytes);
		f->message_bytes = f->label_bytes;
	}
	const char *trace = f->level >= LEVEL_TRACE ? find_trace(f, line, n) : NULL;
	const size_t time_bytes = 2 + varint_bytes((uint64_t)seconds) + varint_bytes(nanos);
	char *o = f->message + GAP + f->message_bytes;
	*o++ = 0x12;
	o = put_varint(o, 2 + time_bytes + 1 + varint_bytes(n) + n + (trace ? 46 : 0));
	*o++ = 0x0a;
	*o++ = (char)time_bytes;
	*o++ = 0x08;
	o = put_varint(o, (uint64_t)seconds);
	*o++ = 0x10;
	o = put_varint(o, nanos);
	*o++ = 0x12;
	o = put_varint(o, n);
	memcpy(o, line, n);
	o += n;
	if (trace) {
		f->traced++;
		memcpy(o, "\x1a\x2c\x0a\x08trace_id\x12\x20", 14);
		memcpy(o + 14, trace, TRACE_ID);
		o += 46;
	}
	f->message_bytes = (size_t)(o - (f->message + GAP));
	if (f->message_bytes >= BATCH)
		flush(f);
}

static void one_line(struct floor *f, const char *p, size_t n)
{
	const char *end = p + n;
	uint32_t nanos;

	f->lines++;
	if (f->level < LEVEL_HEAD) {
		f->sum += n;
		return;
	}
	const char *blank = memchr(p, ' ', n < 40 ? n : 40);
	if (!blank || end - blank < 11)
		return;
	const int64_t seconds = head_time(f, p, blank, &nanos);
	const char *tag = blank + 8, *text = tag + 2; /* " stdout F text" */
	f->sum += (uint64_t)seconds + nanos + (uint64_t)*tag;
	if (f->level < LEVEL_COPY)
		return;
	if (*tag != 'P' && !f->joined_bytes) {
		entry(f, seconds, nanos, text, (size_t)(end - text));
		return;
	}
	if (f->joined_bytes + (size_t)(end - text) < LINE_CAP) {
		memcpy(f->joined + f->joined_bytes, text, (size_t)(end - text));
		f->joined_bytes += (size_t)(end - text);
	}
	if (*tag == 'P')
		return;
	entry(f, seconds, nanos, f->joined, f->joined_bytes);
	f->joined_bytes = 0;
}

/* Labels of pods/<namespace>_<pod>_<uid>/<container>/0.log as field 1 of a stream. */
static bool set_labels(struct floor *f, const char *path, const char *root)
{
	const char *ns = path + strlen(root) + strlen("/pods/"), *pod = strchr(ns, '_'), *uid = pod ? strchr(pod + 1, '_') : NULL;
	const char *name = uid ? strchr(uid, '/') : NULL, *tail = name ? strchr(name + 1, '/') : NULL;
	char text[400];

	if (!tail)
		return false;
	const int n = snprintf(text, sizeof(text), "{container=\"%.*s\", namespace=\"%.*s\", pod=\"%.*s\"}", (int)(tail - name - 1), name + 1, (int)(pod - ns), ns,
			       (int)(uid - pod - 1), pod + 1);
	f->labels[0] = 0x0a;
	char *o = put_varint(f->labels + 1, (uint64_t)n);
	memcpy(o, text, (size_t)n);
	f->label_bytes = (size_t)(o - f->labels) + (size_t)n;
	return true;
}

static void read_file(struct floor *f, const char *path)
{
	static char buffer[READ + LINE_CAP + 64];
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t held = 0;

	if (fd < 0)
		fail(path);
	for (ssize_t k; (k = read(fd, buffer + held, READ)) > 0;) {
		f->bytes += (uint64_t)k;
		if (f->level == LEVEL_READ)
			continue;
		const char *p = buffer, *from = buffer + held, *end = buffer + held + k;
		for (const char *q; (q = memchr(from, '\n', (size_t)(end - from))); p = from = q + 1)
			one_line(f, p, (size_t)(q - p));
		held = (size_t)(end - p);
		if (held >= LINE_CAP)
			held = 0;
		memmove(buffer, p, held);
	}
	close(fd);
	flush(f);
	f->joined_bytes = 0;
}

static void connect_to(struct floor *f, int port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int one = 1;

	f->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (f->socket < 0 || connect(f->socket, (const struct sockaddr *)&to, sizeof(to)))
		fail("connect");
	setsockopt(f->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static double seconds_of(struct timeval a, struct timeval b)
{
	return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_usec - a.tv_usec) / 1e6;
}

static void measure(struct floor *f, const char *root, const glob_t *files)
{
	struct rusage before, after;
	struct timespec start, stop;

	getrusage(RUSAGE_SELF, &before);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (size_t i = 0; i < files->gl_pathc; i++)
		if (set_labels(f, files->gl_pathv[i], root))
			read_file(f, files->gl_pathv[i]);
	clock_gettime(CLOCK_MONOTONIC, &stop);
	getrusage(RUSAGE_SELF, &after);
	const double user = seconds_of(before.ru_utime, after.ru_utime), sys = seconds_of(before.ru_stime, after.ru_stime);
	printf("{\"level\":%d,\"bytes\":%" PRIu64 ",\"lines\":%" PRIu64 ",\"entries\":%" PRIu64 ",\"traced\":%" PRIu64 ",\"wire_bytes\":%" PRIu64 ",\"requests\":%" PRIu64
	       ",\"wall_s\":%.4f,\"user_s\":%.4f,\"sys_s\":%.4f,\"mb_per_cpu_s\":%.1f,\"check\":%" PRIu64 "}\n",
	       f->level, f->bytes, f->lines, f->entries, f->traced, f->wire_bytes, f->requests,
	       (double)(stop.tv_sec - start.tv_sec) + (double)(stop.tv_nsec - start.tv_nsec) / 1e9, user, sys, (double)f->bytes / 1e6 / (user + sys), f->sum & 1);
}

int main(int argc, char **argv)
{
	struct floor f = { .level = LEVEL_SEND, .is_simd = true };
	const char *root = NULL;
	char pattern[4096];
	int port = 0;
	glob_t files;

	for (int i = 1; i + 1 < argc; i += 2) {
		const char *value = argv[i + 1];
		if (strcmp(argv[i], "--root") == 0)
			root = value;
		else if (strcmp(argv[i], "--level") == 0)
			f.level = (int)strtol(value, NULL, 10);
		else if (strcmp(argv[i], "--port") == 0)
			port = (int)strtol(value, NULL, 10);
		else if (strcmp(argv[i], "--simd") == 0)
			f.is_simd = value[0] == '1';
	}
	if (!root || (f.level >= LEVEL_SEND && !port)) {
		fprintf(stderr, "floor: --root, and --port for level 6, are needed\n");
		return 2;
	}
#ifdef __x86_64__
	f.is_simd = f.is_simd && __builtin_cpu_supports("avx2");
#endif
	const size_t room = GAP + BATCH + SLACK, out_room = snappy_max_compressed_length(BATCH + SLACK);
	f.message = malloc(room);
	f.compressed = malloc(out_room);
	f.joined = malloc(LINE_CAP + 64);
	if (!f.message || !f.compressed || !f.joined)
		fail("memory");
	memset(f.message, 1, room); /* touched before the clock starts */
	memset(f.compressed, 1, out_room);
	memset(f.joined, 1, LINE_CAP);
	if (f.level >= LEVEL_SEND)
		connect_to(&f, port);
	snprintf(pattern, sizeof(pattern), "%s/pods/*/*/0.log", root);
	if (glob(pattern, 0, NULL, &files))
		fail("glob");
	measure(&f, root, &files);
	return 0;
}
