/* Writes container logs for measuring, the same bytes for the same seed.
 *
 *   gen batch --root DIR --containers N --mib TOTAL [--seed S]          a backlog
 *   gen touch --root DIR --containers N [--seed S]                      quiet files of one line
 *   gen live  --root DIR --containers N --rate LINES_PER_S --secs S [--rotate-at SEC] [--seed S]
 *             appends, at a rate for each container, to what touch made
 *
 * The mixture is that of a common cluster: 61 % JSON, 20 % logfmt, the rest plain text with stack traces, 1 % in partial lines,
 * 48 % with a trace id, 290 bytes a line. Every record holds a token zq<container:5>-<seq:10>-<unix ns:19>: the sink finds by
 * it what is missing, repeated or out of order and how long it took, whatever an agent does to the line.
 * DIR/manifest.tsv: records, lines, bytes, traced of each container. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAYLOAD_ROOM = 65536, RECORD_ROOM = 131072, WRITE_BYTES = 1 << 20, RUNTIME_PIECE = 16384, LIVE_TICK_NS = 5000000 };

struct container {
	uint32_t index;
	int fd, old_lines_left;
	uint64_t random, seq, lines, bytes, traced;
	unsigned stack_lines_left;
	int64_t due_ns;
	char path[1200];
};

struct payload {
	char at[PAYLOAD_ROOM];
	size_t n;
	bool is_stack, is_partial, is_traced;
};

struct options {
	const char *root;
	uint32_t containers;
	uint64_t seed;
	double mib, rate, seconds, rotate_at;
};

static const char *const namespaces[] = { "shop", "payments", "identity", "search", "kube-system", "billing", "ml-serving", "edge" };
static const char *const apps[] = { "checkout", "cart-api", "auth-gateway", "indexer", "coredns", "invoice-worker", "ranker", "ingress-nginx", "catalog", "notifier" };
static const char *const container_names[] = { "app", "main", "server", "sidecar", "worker" };
static const char *const levels[] = { "info", "info", "info", "info", "debug", "warn", "error", "info" };
static const char *const messages[] = {
	"request completed", "cache miss, falling back to primary store", "order accepted for processing", "connection pool resized",
	"upstream responded with retryable status", "scheduled job finished", "user session refreshed", "payment authorisation requested",
	"slow query detected on replica", "feature flag evaluated", "message published to topic", "consumer lag within threshold" };
static const char *const paths[] = { "/api/v1/orders", "/api/v1/cart/items", "/healthz", "/api/v2/users/profile", "/api/v1/search", "/internal/reindex", "/api/v1/payments/authorize", "/static/app.js" };
static const char *const methods[] = { "GET", "POST", "GET", "PUT", "DELETE", "GET" };
static const char *const frames[] = { "com.acme.orders.OrderService.place", "com.acme.http.Dispatcher.handle", "org.springframework.web.servlet.FrameworkServlet.service",
				      "java.base/java.lang.Thread.run", "io.netty.channel.nio.NioEventLoop.processSelectedKey", "com.acme.db.Pool.acquire" };
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PICK(c, array) ((array)[below(c, COUNT(array))])

static void fail(const char *what)
{
	fprintf(stderr, "gen: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint32_t below(struct container *c, size_t n)
{
	return (uint32_t)((next(&c->random) >> 32) * n >> 32);
}

static void hex(struct container *c, char *out, size_t n)
{
	uint64_t r = 0;

	for (size_t i = 0; i < n; i++, r >>= 4) {
		if (i % 16 == 0)
			r = next(&c->random);
		out[i] = "0123456789abcdef"[r & 15];
	}
	out[n] = '\0';
}

static int64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* RFC 3339 with nine digits, 30 bytes. */
static void timestamp(char out[40], int64_t ns)
{
	const time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	const size_t n = strftime(out, 40, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, 40 - n, ".%09" PRId64 "Z", ns % 1000000000);
}

__attribute__((format(printf, 2, 3))) static void put(struct payload *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const int k = vsnprintf(p->at + p->n, sizeof(p->at) - p->n, format, args);
	va_end(args);
	if (k > 0)
		p->n += (size_t)k;
}

static void json(struct container *c, struct payload *p, const char *at, const char *token)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz012345";
	char trace[33], span[17];

	p->is_traced = below(c, 100) < 62;
	put(p, "{\"time\":\"%s\",\"level\":\"%s\",\"msg\":\"%s\",\"seq\":\"%s\"", at, PICK(c, levels), PICK(c, messages), token);
	if (p->is_traced) {
		hex(c, trace, 32);
		hex(c, span, 16);
		const uint32_t v = below(c, 100);
		if (v < 5)
			put(p, ",\"traceparent\":\"00-%s-%s-01\"", trace, span);
		else
			put(p, ",\"%s\":\"%s\",\"span_id\":\"%s\"", v < 75 ? "trace_id" : v < 90 ? "traceId" : "traceID", trace, span);
	}
	put(p, ",\"method\":\"%s\",\"path\":\"%s/%u\",\"status\":%u,\"duration_ms\":%u.%03u", PICK(c, methods), PICK(c, paths), below(c, 100000),
	    200 + 100 * below(c, 4) + below(c, 5), below(c, 900), below(c, 1000));
	if (below(c, 3) == 0)
		put(p, ",\"user\":{\"id\":\"u-%u\",\"plan\":\"pro\"},\"note\":\"said \\\"ok\\\" \\u00e9\"", below(c, 1000000));
	if (below(c, 1000) < 10) {
		const int n = below(c, 50) == 0 ? 20000 : 400;
		p->is_partial = true;
		put(p, ",\"blob\":\"");
		for (int i = 0; i < n; i++)
			p->at[p->n++] = alphabet[below(c, 32)];
		put(p, "\"");
	}
	put(p, "}");
}

static void logfmt(struct container *c, struct payload *p, const char *at, const char *token)
{
	char trace[33];

	p->is_traced = below(c, 100) < 52;
	put(p, "ts=%s level=%s caller=%s.go:%u msg=\"%s\" seq=%s", at, PICK(c, levels), PICK(c, apps), below(c, 700), PICK(c, messages), token);
	if (p->is_traced) {
		hex(c, trace, 32);
		put(p, " %s=%s", below(c, 3) ? "trace_id" : "traceID", trace);
	}
	put(p, " component=%s shard=%u took=%ums bytes=%u", PICK(c, apps), below(c, 64), below(c, 2000), below(c, 1000000));
}

static void plain(struct container *c, struct payload *p, const char *at, const char *token)
{
	char trace[33];

	put(p, "%s %5s [%s-%u] %s: %s %s %s/%u from 10.%u.%u.%u", at, PICK(c, levels), PICK(c, apps), below(c, 32), token, PICK(c, messages), PICK(c, methods),
	    PICK(c, paths), below(c, 100000), below(c, 255), below(c, 255), below(c, 255));
	p->is_traced = below(c, 100) < 10;
	if (p->is_traced) {
		hex(c, trace, 32);
		put(p, " trace_id=%s", trace);
	}
	if (below(c, 1000) < 28)
		c->stack_lines_left = 4 + below(c, 8);
}

static void fill(struct container *c, struct payload *p, int64_t now)
{
	char at[40], token[48];

	p->n = 0;
	p->is_stack = p->is_partial = p->is_traced = false;
	timestamp(at, now);
	snprintf(token, sizeof(token), "zq%05u-%010" PRIu64 "-%019" PRId64, c->index, c->seq, now);
	if (c->stack_lines_left) {
		c->stack_lines_left--;
		p->is_stack = true;
		put(p, "\tat %s(%s.java:%u) ~[%s-%u.%u.%u.jar:%s]", PICK(c, frames), PICK(c, container_names), below(c, 900) + 10, PICK(c, apps), below(c, 9), below(c, 20),
		    below(c, 20), token);
		return;
	}
	const uint32_t k = below(c, 1000);
	if (k < 612)
		json(c, p, at, token);
	else if (k < 816)
		logfmt(c, p, at, token);
	else
		plain(c, p, at, token);
}

/* One record as one or more CRI lines; returns the bytes put at out. */
static size_t record(struct container *c, char *out, int64_t now)
{
	static struct payload p;
	size_t w = 0, from = 0;
	char at[40];

	fill(c, &p, now);
	timestamp(at, now);
	const char *stream = p.is_stack || below(c, 8) == 0 ? "stderr" : "stdout";
	do {
		size_t n = p.n - from;
		if (p.is_partial) {
			const size_t limit = p.n > RUNTIME_PIECE ? RUNTIME_PIECE : 256 + below(c, 128);
			n = n > limit ? limit : n;
		}
		w += (size_t)snprintf(out + w, 64, "%s %s %c ", at, stream, from + n < p.n ? 'P' : 'F');
		memcpy(out + w, p.at + from, n);
		w += n;
		out[w++] = '\n';
		from += n;
		c->lines++;
	} while (from < p.n);
	c->seq++;
	c->traced += p.is_traced;
	c->bytes += w;
	return w;
}

static void write_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		const ssize_t k = write(fd, bytes, n);
		if (k < 0)
			fail("write");
		bytes += k;
		n -= (size_t)k;
	}
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		fail(path);
}

static void open_live(struct container *c, int flags)
{
	c->fd = open(c->path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	if (c->fd < 0)
		fail(c->path);
}

static void set_up(struct container *c, uint32_t index, const struct options *o, int flags)
{
	char directory[1024], h[33];

	c->index = index;
	c->random = o->seed * 1000003u + index;
	hex(c, h, 32);
	snprintf(directory, sizeof(directory), "%s/pods/%s_%s-%.5s-%.5s_%.8s-%.4s-4%.3s-8%.3s-%.12s", o->root, namespaces[index % 8], apps[index / 3 % 10], h, h + 5, h,
		 h + 8, h + 12, h + 15, h + 18);
	make_directory(directory);
	snprintf(c->path, sizeof(c->path), "%s/%s", directory, container_names[index % 5]);
	make_directory(c->path);
	snprintf(c->path + strlen(c->path), 16, "/0.log");
	open_live(c, flags);
}

static void batch(struct container *cs, const struct options *o)
{
	static char out[WRITE_BYTES + RECORD_ROOM];
	const double share = o->mib * 1048576 / o->containers;

	for (uint32_t i = 0; i < o->containers; i++) {
		struct container *c = &cs[i];
		int64_t now = 1767225600000000000;
		size_t n = 0;
		while ((double)c->bytes < share || c->stack_lines_left) {
			now += 20000 + below(c, 2000000);
			n += record(c, out + n, now);
			if (n > WRITE_BYTES) {
				write_all(c->fd, out, n);
				n = 0;
			}
		}
		write_all(c->fd, out, n);
	}
}

static void touch(struct container *cs, const struct options *o)
{
	char at[40], line[96];

	timestamp(at, wall_ns());
	for (uint32_t i = 0; i < o->containers; i++)
		write_all(cs[i].fd, line, (size_t)snprintf(line, sizeof(line), "%s stdout F container started\n", at));
}

static void rotate_all(struct container *cs, const struct options *o)
{
	const time_t now = time(NULL);
	char to[1300], stamp[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	for (uint32_t i = 0; i < o->containers; i++) {
		snprintf(to, sizeof(to), "%s.%s", cs[i].path, stamp);
		if (rename(cs[i].path, to))
			fail("rename");
		cs[i].old_lines_left = 3; /* the runtime goes on with the renamed file until it is told to reopen */
	}
}

/* One write(2) a record as a container runtime does. */
static void live(struct container *cs, const struct options *o)
{
	static char out[RECORD_ROOM];
	const int64_t start = wall_ns(), gap = (int64_t)(1e9 / o->rate), end = start + (int64_t)(o->seconds * 1e9);
	bool is_rotated = o->rotate_at <= 0;

	for (uint32_t i = 0; i < o->containers; i++)
		cs[i].due_ns = start + gap * i / o->containers;
	for (int64_t now; (now = wall_ns()) < end;) {
		if (!is_rotated && now >= start + (int64_t)(o->rotate_at * 1e9)) {
			rotate_all(cs, o);
			is_rotated = true;
		}
		for (uint32_t i = 0; i < o->containers; i++)
			for (struct container *c = &cs[i]; c->due_ns <= now; c->due_ns += gap) {
				write_all(c->fd, out, record(c, out, wall_ns()));
				if (c->old_lines_left && --c->old_lines_left == 0) {
					close(c->fd);
					open_live(c, O_APPEND);
				}
			}
		nanosleep(&(struct timespec){ .tv_nsec = LIVE_TICK_NS }, NULL);
	}
}

static void manifest(const struct container *cs, const struct options *o)
{
	char path[1100];

	snprintf(path, sizeof(path), "%s/manifest.tsv", o->root);
	FILE *f = fopen(path, "w");
	if (!f)
		fail(path);
	for (uint32_t i = 0; i < o->containers; i++)
		fprintf(f, "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", cs[i].seq, cs[i].lines, cs[i].bytes, cs[i].traced);
	if (fclose(f))
		fail(path);
}

static bool option(struct options *o, const char *name, const char *value)
{
	const struct { const char *name; double *to; } numbers[] = {
		{ "--mib", &o->mib }, { "--rate", &o->rate }, { "--secs", &o->seconds }, { "--rotate-at", &o->rotate_at } };

	for (size_t i = 0; i < COUNT(numbers); i++)
		if (strcmp(name, numbers[i].name) == 0)
			return *numbers[i].to = strtod(value, NULL), true;
	if (strcmp(name, "--root") == 0)
		return o->root = value, true;
	if (strcmp(name, "--containers") == 0)
		return o->containers = (uint32_t)strtoul(value, NULL, 10), true;
	if (strcmp(name, "--seed") == 0)
		return o->seed = strtoull(value, NULL, 10), true;
	return false;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; int flags; void (*run)(struct container *cs, const struct options *o); } modes[] = {
		{ "batch", O_TRUNC, batch }, { "touch", O_TRUNC, touch }, { "live", O_APPEND, live } };
	struct options o = { .containers = 100, .seed = 7, .mib = 512, .rate = 100, .seconds = 60 };
	char path[1100];
	size_t mode = 0;

	while (argc > 1 && mode < COUNT(modes) && strcmp(argv[1], modes[mode].name) != 0)
		mode++;
	for (int i = 2; i < argc; i += 2)
		if (i + 1 >= argc || !option(&o, argv[i], argv[i + 1]))
			mode = COUNT(modes);
	if (argc < 2 || mode == COUNT(modes) || !o.root || !o.containers) {
		fprintf(stderr, "gen: see the head of gen.c\n");
		return 2;
	}
	struct container *cs = calloc(o.containers, sizeof(*cs));
	if (!cs)
		fail("memory");
	make_directory(o.root);
	snprintf(path, sizeof(path), "%s/pods", o.root);
	make_directory(path);
	for (uint32_t i = 0; i < o.containers; i++)
		set_up(&cs[i], i, &o, modes[mode].flags);
	modes[mode].run(cs, &o);
	manifest(cs, &o);
	free(cs);
	return 0;
}
