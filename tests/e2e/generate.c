/* Writes logs as containers on a node do, and a manifest of the truth.
 *
 *   generate --root DIR --manifest FILE [options]
 *     --mode kubelet|docker|plain|copytruncate   where files are and how they are rotated (kubelet)
 *     --containers N (10)   --first N (0): index of the first, another index is another pod
 *     --records N (0: until --seconds or SIGTERM)   --from-seq N (0): go on where an earlier run ended
 *     --seconds S   --rate R: records a second and container, 0: as fast as possible (100)
 *     --rotate-bytes N   --rotate-ms N   --rotate-first 1: before the first record   --keep N (5)
 *     --linger-ms N (5): how long the writer goes on with the renamed file
 *     --spawn-ms N (0): containers start this far apart   --remove-ms N (-1: never): all files of a pod are removed so long
 *     after its last record
 *
 * One write(2) a line, as a container runtime does. A record in partial lines may have another stream's lines between its
 * pieces and a rotation too. Timestamps rise within a container. One thread; the manifest is written at the end:
 *   index namespace pod uid container records traced lines bytes path */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/rotate.h"
#include "tests/e2e/text.h"

enum mode { KUBELET, DOCKER, PLAIN, COPYTRUNCATE, MODES };
static const char *const mode_names[MODES] = { "kubelet", "docker", "plain", "copytruncate" };
static const char *const namespaces[] = { "shop", "payments", "identity", "search", "kube-system", "billing", "ml-serving", "edge" };
static const char *const apps[] = { "checkout", "cart-api", "auth-gateway", "indexer", "ranker" };
static const char *const container_names[] = { "app", "main", "server" };
static volatile sig_atomic_t is_stopped;

struct options {
	const char *root, *manifest;
	enum mode mode;
	uint32_t containers, first;
	uint64_t records, from_seq, rotate_bytes;
	double seconds, rate;
	int64_t rotate_ms, linger_ms, spawn_ms, remove_ms;
	int keep;
	bool rotate_first;
};

struct partial { /* a record of which some pieces are written */
	struct text text;
	size_t done;
};

struct container {
	uint32_t index;
	int fd;
	bool is_started, is_done, is_removed;
	uint64_t seq, traced, lines, bytes, size;
	int64_t stamp_ns, due_ns, rotated_ns, reopen_ns, done_ns, start_ns;
	struct partial *partial;
	char namespace_[32], pod[64], uid[40], name[32], directory[ROTATE_PATH], live[ROTATE_PATH + 80];
};

static void fail(const char *what)
{
	fprintf(stderr, "generate: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		fail(path);
}

static void open_live(struct container *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = open(c->live, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (c->fd < 0)
		fail(c->live);
	struct stat st;
	if (fstat(c->fd, &st))
		fail(c->live);
	c->size = (uint64_t)st.st_size;
}

static void name_container(struct container *c, const struct options *o, uint32_t index)
{
	const uint64_t h = text_mix(index), g = text_mix(h);

	c->index = index;
	c->fd = -1;
	snprintf(c->namespace_, sizeof(c->namespace_), "%s", namespaces[index % 8]);
	snprintf(c->pod, sizeof(c->pod), "%s-%05" PRIx64 "-%05" PRIu32, apps[index / 8 % 5], h & 0xfffff, index);
	snprintf(c->uid, sizeof(c->uid), "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-8%03" PRIx64 "-%012" PRIx64, h >> 32, h & 0xffff,
		 g >> 52, g & 0xfff, g >> 8 & 0xffffffffffff);
	snprintf(c->name, sizeof(c->name), "%s", container_names[index % 3]);
	if (o->mode == KUBELET) {
		snprintf(c->directory, sizeof(c->directory), "%s/pods/%s_%s_%s/%s", o->root, c->namespace_, c->pod, c->uid, c->name);
		snprintf(c->live, sizeof(c->live), "%s/0.log", c->directory);
	} else if (o->mode == DOCKER) {
		snprintf(c->directory, sizeof(c->directory), "%s/docker/%016" PRIx64 "%016" PRIx64 "%032" PRIx32, o->root, h, g, index);
		snprintf(c->live, sizeof(c->live), "%s/%s-json.log", c->directory, strrchr(c->directory, '/') + 1);
	} else {
		snprintf(c->directory, sizeof(c->directory), "%s/plain", o->root);
		snprintf(c->live, sizeof(c->live), "%s/app-%05" PRIu32 ".log", c->directory, index);
	}
}

static void make_parents(const char *directory, const char *root)
{
	char path[ROTATE_PATH];

	for (size_t i = strlen(root); directory[i]; i++)
		if (directory[i] == '/') {
			snprintf(path, sizeof(path), "%.*s", (int)i, directory);
			make_directory(path);
		}
	make_directory(directory);
}

static void rotate(struct container *c, const struct options *o, int64_t now)
{
	c->rotated_ns = now;
	if (o->mode == COPYTRUNCATE) {
		rotate_copytruncate(c->live, o->keep);
		c->size = 0;
		return;
	}
	if (o->mode == KUBELET)
		rotate_kubelet(c->directory, c->live, o->keep);
	else
		rotate_numbered(c->live, o->keep);
	c->reopen_ns = now + (o->mode == DOCKER ? 0 : o->linger_ms * 1000000);
}

static void start(struct container *c, const struct options *o, int64_t now)
{
	make_parents(c->directory, o->root);
	c->is_started = true;
	c->seq = o->from_seq;
	c->rotated_ns = now;
	open_live(c);
	if (o->rotate_first) {
		rotate(c, o, now);
		open_live(c);
		c->reopen_ns = 0;
	}
}

static size_t escape(char *to, const char *from, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (from[i] == '"' || from[i] == '\\')
			to[k++] = '\\';
		to[k++] = from[i];
	}
	return k;
}

/* One line of the file: a whole record or a piece of one. */
static void write_line(struct container *c, const struct options *o, const struct text *t, size_t from, size_t n)
{
	static char line[TEXT_ROOM * 2 + 256];
	const bool is_last = from + n == t->n;
	const char *stream = t->is_stderr ? "stderr" : "stdout";
	const int64_t now = clock_ns(CLOCK_REALTIME);
	char at[40];
	size_t k = 0;

	c->stamp_ns = now > c->stamp_ns ? now : c->stamp_ns + 1;
	text_time(at, c->stamp_ns);
	if (o->mode == KUBELET) {
		k = (size_t)snprintf(line, sizeof(line), "%s %s %c ", at, stream, is_last ? 'F' : 'P');
		memcpy(line + k, t->at + from, n);
		k += n;
		line[k++] = '\n';
	} else if (o->mode == DOCKER) {
		k = (size_t)snprintf(line, sizeof(line), "{\"log\":\"");
		k += escape(line + k, t->at + from, n);
		k += (size_t)snprintf(line + k, sizeof(line) - k, "%s\",\"stream\":\"%s\",\"time\":\"%s\"}\n", is_last ? "\\n" : "", stream, at);
	} else {
		memcpy(line, t->at + from, n);
		k = n;
		line[k++] = '\n';
	}
	if (write(c->fd, line, k) != (ssize_t)k)
		fail(c->live);
	c->lines++;
	c->bytes += k;
	c->size += k;
}

static void next_text(struct container *c, struct text *t)
{
	text_make(t, c->index, c->seq, clock_ns(CLOCK_REALTIME));
	c->seq++;
	c->traced += t->is_traced;
}

static void write_piece(struct container *c, const struct options *o)
{
	struct partial *p = c->partial;
	size_t n = p->text.n - p->done;

	if (n > p->text.piece_bytes)
		n = p->text.piece_bytes;
	write_line(c, o, &p->text, p->done, n);
	p->done += n;
	if (p->done == p->text.n) {
		free(p);
		c->partial = NULL;
	}
}

/* One step: a whole record, or one piece of a partial one; between pieces now and then a whole line of the other stream. */
static void write_record(struct container *c, const struct options *o)
{
	static struct text t;

	if (c->partial) {
		const bool may_interleave = o->mode == KUBELET && c->partial->done % 3 == 1 && (!o->records || c->seq < o->from_seq + o->records);
		if (may_interleave) {
			text_make(&t, c->index, c->seq, 0);
			if (t.is_stderr != c->partial->text.is_stderr && !t.piece_bytes) {
				next_text(c, &t);
				write_line(c, o, &t, 0, t.n);
			}
		}
		write_piece(c, o);
		return;
	}
	next_text(c, &t);
	if (!t.piece_bytes || t.n <= t.piece_bytes || o->mode == PLAIN || o->mode == COPYTRUNCATE) {
		write_line(c, o, &t, 0, t.n);
		return;
	}
	c->partial = malloc(sizeof(*c->partial));
	if (!c->partial)
		fail("memory");
	c->partial->text = t;
	c->partial->done = 0;
	write_piece(c, o);
}

/* As the kubelet when it deletes a container: the live file and all rotated ones, then the directories. */
static void remove_pod(struct container *c, const struct options *o)
{
	char path[ROTATE_PATH + 300];

	c->is_removed = true;
	if (o->mode == PLAIN || o->mode == COPYTRUNCATE) {
		unlink(c->live);
		return;
	}
	DIR *d = opendir(c->directory);
	if (!d)
		fail(c->directory);
	for (struct dirent *e; (e = readdir(d));) {
		snprintf(path, sizeof(path), "%s/%s", c->directory, e->d_name);
		if (e->d_name[0] != '.' && unlink(path))
			fail(path);
	}
	closedir(d);
	rmdir(c->directory);
	snprintf(path, sizeof(path), "%s", c->directory);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

static bool is_finished(const struct container *c, const struct options *o, bool is_time_up)
{
	if (c->partial)
		return false;
	return is_time_up || (o->records && c->seq >= o->from_seq + o->records);
}

/* What is due for one container; returns true while there is more to come. */
static bool turn(struct container *c, const struct options *o, int64_t now, bool is_time_up)
{
	if (!c->is_started) {
		if (now < c->start_ns)
			return !is_time_up;
		start(c, o, now);
		c->due_ns = now;
	}
	for (int budget = 64; !c->is_done && budget && c->due_ns <= now; budget--) {
		if (c->reopen_ns && now >= c->reopen_ns) {
			open_live(c);
			c->reopen_ns = 0;
		}
		if (is_finished(c, o, is_time_up)) {
			c->is_done = true;
			c->done_ns = now;
			break;
		}
		write_record(c, o);
		if (o->rate > 0 && !c->partial)
			c->due_ns += (int64_t)(1e9 / o->rate);
		const bool is_large = o->rotate_bytes && c->size >= o->rotate_bytes;
		const bool is_old = o->rotate_ms && now - c->rotated_ns >= o->rotate_ms * 1000000;
		if ((is_large || is_old) && !c->reopen_ns)
			rotate(c, o, now);
	}
	if (c->is_done && c->fd >= 0) {
		if (c->reopen_ns) /* the runtime reopens even when nothing more is written */
			open_live(c);
		close(c->fd);
		c->fd = -1;
	}
	if (c->is_done && o->remove_ms >= 0 && !c->is_removed && now - c->done_ns >= o->remove_ms * 1000000)
		remove_pod(c, o);
	return !c->is_done || (o->remove_ms >= 0 && !c->is_removed);
}

static void write_manifest(const struct container *cs, const struct options *o)
{
	uint64_t records = 0, traced = 0, lines = 0, bytes = 0;
	FILE *f = fopen(o->manifest, "w");

	if (!f)
		fail(o->manifest);
	for (uint32_t i = 0; i < o->containers; i++) {
		const struct container *c = &cs[i];
		fprintf(f, "%" PRIu32 "\t%s\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\n", c->index, c->namespace_, c->pod,
			c->uid, c->name, c->seq, c->traced, c->lines, c->bytes, c->live);
		records += c->seq;
		traced += c->traced;
		lines += c->lines;
		bytes += c->bytes;
	}
	if (fclose(f))
		fail(o->manifest);
	printf("{\"records\":%" PRIu64 ",\"traced\":%" PRIu64 ",\"lines\":%" PRIu64 ",\"bytes\":%" PRIu64 "}\n", records, traced, lines, bytes);
}

static void on_signal(int signal)
{
	(void)signal;
	is_stopped = 1;
}

static bool option(struct options *o, const char *name, const char *value)
{
	const struct { const char *name; int64_t *to; } times[] = {
		{ "--rotate-ms", &o->rotate_ms }, { "--linger-ms", &o->linger_ms }, { "--spawn-ms", &o->spawn_ms }, { "--remove-ms", &o->remove_ms } };
	const struct { const char *name; uint64_t *to; } counts[] = {
		{ "--records", &o->records }, { "--from-seq", &o->from_seq }, { "--rotate-bytes", &o->rotate_bytes } };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (strcmp(name, times[i].name) == 0)
			return *times[i].to = strtoll(value, NULL, 10), true;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (strcmp(name, counts[i].name) == 0)
			return *counts[i].to = strtoull(value, NULL, 10), true;
	if (strcmp(name, "--root") == 0)
		return o->root = value, true;
	if (strcmp(name, "--manifest") == 0)
		return o->manifest = value, true;
	if (strcmp(name, "--containers") == 0)
		return o->containers = (uint32_t)strtoul(value, NULL, 10), true;
	if (strcmp(name, "--first") == 0)
		return o->first = (uint32_t)strtoul(value, NULL, 10), true;
	if (strcmp(name, "--seconds") == 0)
		return o->seconds = strtod(value, NULL), true;
	if (strcmp(name, "--rate") == 0)
		return o->rate = strtod(value, NULL), true;
	if (strcmp(name, "--keep") == 0)
		return o->keep = (int)strtol(value, NULL, 10), true;
	if (strcmp(name, "--rotate-first") == 0)
		return o->rotate_first = value[0] == '1', true;
	for (int i = 0; strcmp(name, "--mode") == 0 && i < MODES; i++)
		if (strcmp(value, mode_names[i]) == 0)
			return o->mode = (enum mode)i, true;
	return false;
}

static void run(struct container *cs, const struct options *o)
{
	const int64_t t0 = clock_ns(CLOCK_MONOTONIC), end = o->seconds > 0 ? t0 + (int64_t)(o->seconds * 1e9) : INT64_MAX;
	const int64_t gap = o->rate > 0 ? (int64_t)(1e9 / o->rate) : 0;

	for (uint32_t i = 0; i < o->containers; i++) {
		name_container(&cs[i], o, o->first + i);
		cs[i].start_ns = t0 + o->spawn_ms * 1000000 * i + gap * i / o->containers;
	}
	for (bool is_more = true; is_more;) {
		const int64_t now = clock_ns(CLOCK_MONOTONIC);
		const bool is_time_up = is_stopped || now >= end;
		bool is_busy = false;
		is_more = false;
		for (uint32_t i = 0; i < o->containers; i++) {
			is_more |= turn(&cs[i], o, now, is_time_up);
			is_busy |= !cs[i].is_done && cs[i].is_started && cs[i].due_ns <= now;
		}
		if (!is_busy && is_more)
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

int main(int argc, char **argv)
{
	struct options o = { .containers = 10, .rate = 100, .keep = 5, .linger_ms = 5, .remove_ms = -1 };

	for (int i = 1; i < argc; i += 2)
		if (i + 1 >= argc || !option(&o, argv[i], argv[i + 1])) {
			fprintf(stderr, "generate: unknown option or no value: %s (see the head of generate.c)\n", argv[i]);
			return 2;
		}
	if (!o.root || !o.manifest || !o.containers || o.keep < 3) {
		fprintf(stderr, "generate: --root, --manifest are needed; --keep at least 3\n");
		return 2;
	}
	struct container *cs = calloc(o.containers, sizeof(*cs));
	if (!cs)
		fail("memory");
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	make_directory(o.root);
	run(cs, &o);
	write_manifest(cs, &o);
	free(cs);
	return 0;
}
