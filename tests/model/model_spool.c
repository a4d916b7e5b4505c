/* Random histories of a spool against a small model of what each destination must be given, in which order, and what must be counted:
 * frames are appended, read, acknowledged, read again; the program is killed and started; the disk is full; the cap is reached; files
 * are damaged or lose their end.   usage: model_spool [--seed N] [--runs N] [--dir PATH] [--verbose]
 *
 * The model is a list of all frames that were ever appended. A destination is two places in it: what it has acknowledged and what it is
 * given next. Everything else follows from which frames are still on disk and whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent/spool/spool_state.h"
#include "parsers/bytes/hash.h"

enum { FRAMES_MAX = 4096, DESTINATIONS = 3, STEPS = 1500, DEFAULT_RUNS = 20, PAYLOAD_MAX = 40000 };

enum fate { KEPT, SHED, DAMAGED };
struct frame {
	uint64_t segment, from, to; /* place in its file */
	uint32_t samples, length;
	bool is_bad, has_bad_head, has_vanished;
};
struct reader_model {
	int acked;  /* the last frame that is acknowledged, -1: none */
	int next;   /* the frame that is given next */
	uint64_t lost;
	uint8_t fate[FRAMES_MAX];
	struct journal_mark marks[FRAMES_MAX];
};
static struct model {
	struct spool *spool;
	struct spool_options options;
	char dir[128];
	uint64_t random, seed;
	int step;
	bool is_verbose;
	struct frame frames[FRAMES_MAX];
	int count;
	struct reader_model readers[DESTINATIONS];
	uint64_t was_segment;
} m;
static int writes_to_fail; /* of frames and heads of segments, with a full disk */

/* Stands in for the kernel: a full disk takes a part of a frame, or nothing. */
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset);
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
	bool is_acked = count == 1 && parts[0].iov_len != SPOOL_SEGMENT_HEAD;
	if (writes_to_fail > 0 && !is_acked) {
		writes_to_fail--;
		errno = ENOSPC;
		return -1;
	}
	return (ssize_t)syscall(SYS_pwritev, fd, parts, count, offset, 0);
}

static uint64_t any(uint64_t n)
{
	m.random = m.random * 6364136223846793005u + 1442695040888963407u;
	return n ? hash_u64(m.random) % n : 0;
}

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "seed %llu, step %d: ", (unsigned long long)m.seed, m.step);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (m.is_verbose) {
		printf("%4d ", m.step);
		vprintf(format, args);
		printf("\n");
	}
	va_end(args);
}

static struct str payload_of(int i)
{
	static char bytes[PAYLOAD_MAX];
	uint64_t x = hash_u64((uint64_t)i + 12345);
	for (uint32_t k = 0; k < m.frames[i].length; k++)
		bytes[k] = (char)(x >> (k % 8 * 8) ^ k);
	return (struct str){ bytes, m.frames[i].length };
}

static uint64_t oldest(void)
{
	return m.spool->segment_count ? m.spool->segments[0].number : m.spool->next_number;
}

static bool is_gone(int i)
{
	return m.frames[i].segment < oldest();
}

static bool exists(uint64_t segment)
{
	for (size_t i = 0; i < m.spool->segment_count; i++)
		if (m.spool->segments[i].number == segment)
			return true;
	return false;
}

static void lose(struct reader_model *r, int i, enum fate fate)
{
	if (i <= r->acked || r->fate[i] != KEPT || m.frames[i].has_vanished)
		return;
	r->fate[i] = (uint8_t)fate;
	r->lost += m.frames[i].samples;
}

/* What went with deleted segments without having been given out. */
static void notice_shedding(void)
{
	for (size_t d = 0; d < DESTINATIONS; d++) {
		struct reader_model *r = &m.readers[d];
		for (; r->next < m.count && is_gone(r->next); r->next++)
			lose(r, r->next, SHED);
	}
}

static void append(void)
{
	int i = m.count;
	if (i == FRAMES_MAX)
		return;
	struct frame *f = &m.frames[i];
	*f = (struct frame){ .length = (uint32_t)(any(8) ? any(600) : any(PAYLOAD_MAX)), .samples = (uint32_t)any(20) };
	f->segment = spool_segment(m.spool);
	if (f->segment < m.was_segment)
		fail("segment %llu after %llu", (unsigned long long)f->segment, (unsigned long long)m.was_segment);
	m.was_segment = f->segment;
	writes_to_fail = any(25) ? 0 : (int)any(4);
	bool is_full = writes_to_fail > 0;
	int result = spool_append(m.spool, payload_of(i), f->samples);
	writes_to_fail = 0;
	if (result < 0) {
		say("append: %d", result);
		if (!is_full)
			fail("append: %d without a reason", result);
		notice_shedding();
		if (spool_segment(m.spool) == f->segment && exists(f->segment))
			fail("the segment of a lost definition goes on");
		return;
	}
	const struct segment *newest = &m.spool->segments[m.spool->segment_count - 1];
	if (newest->number != f->segment)
		fail("frame for segment %llu lies in %llu", (unsigned long long)f->segment, (unsigned long long)newest->number);
	f->to = newest->bytes;
	f->from = f->to - f->length - SPOOL_FRAME_HEAD;
	say("append %d to %llu at %llu, %u samples", i, (unsigned long long)f->segment, (unsigned long long)f->from, f->samples);
	m.count++;
	notice_shedding();
}

/* The frame that the model says comes next, -1: none. */
static int expect(struct reader_model *r)
{
	while (r->next < m.count) {
		int i = r->next++;
		const struct frame *f = &m.frames[i];
		if (f->has_vanished)
			continue;
		if (f->has_bad_head) { /* nobody knows where the next one begins */
			lose(r, i, DAMAGED);
			for (; r->next < m.count && m.frames[r->next].segment == f->segment; r->next++)
				lose(r, r->next, DAMAGED);
		} else if (f->is_bad) {
			lose(r, i, DAMAGED);
		} else {
			return i;
		}
	}
	return -1;
}

static void read_one(size_t d)
{
	struct reader_model *r = &m.readers[d];
	struct spool_frame frame;
	int want = expect(r), got = spool_read(m.spool, d, &frame);
	if (got != (want >= 0))
		fail("%zu reads %d, wanted frame %d", d, got, want);
	if (want < 0)
		return;
	const struct frame *f = &m.frames[want];
	say("%zu reads %d%s", d, want, frame.is_history ? " again" : "");
	if (!str_eq(frame.payload, payload_of(want)))
		fail("%zu: wanted frame %d, got something else of %zu bytes", d, want, frame.payload.n);
	if (frame.is_history != (want <= r->acked))
		fail("%zu: frame %d is_history %d, acknowledged %d", d, want, frame.is_history, r->acked);
	if (frame.end.segment != f->segment || frame.end.offset != f->to)
		fail("%zu: frame %d ends at %llu/%llu", d, want, (unsigned long long)frame.end.segment, (unsigned long long)frame.end.offset);
	r->marks[want] = frame.end;
}

static void acknowledge(size_t d)
{
	struct reader_model *r = &m.readers[d];
	int from = r->acked + 1, to = r->next;
	if (to <= from)
		return;
	int i = any(3) ? to - 1 : from + (int)any((uint64_t)(to - from));
	while (i >= from && (r->fate[i] != KEPT || m.frames[i].has_vanished || m.frames[i].is_bad || m.frames[i].has_bad_head ||
			     r->marks[i].offset == 0))
		i--;
	if (i < from)
		return;
	say("%zu acknowledges %d", d, i);
	r->acked = i;
	spool_ack(m.spool, d, &r->marks[i]);
	spool_ack(m.spool, d, &r->marks[any((uint64_t)i + 1)]); /* an older one changes nothing */
	notice_shedding(); /* nothing: what everyone has goes without loss */
}

/* First frame in a segment of this number or a higher one that is on disk. */
static int first_in(uint64_t segment)
{
	int i = 0;
	while (i < m.count && (m.frames[i].segment < segment || !exists(m.frames[i].segment) || m.frames[i].has_vanished))
		i++;
	return i;
}

static bool is_complete(const struct reader_model *r)
{
	for (int i = r->acked + 1; i < m.count; i++)
		if (m.frames[i].segment == m.frames[r->acked].segment && !m.frames[i].has_vanished)
			return false;
	return true;
}

/* Where a destination goes on after a start or a rewind. */
static void go_back(struct reader_model *r, bool is_start)
{
	uint64_t segment = r->acked >= 0 ? m.frames[r->acked].segment : 1;
	bool is_open = !is_start && m.spool->is_open && m.spool->segments[m.spool->segment_count - 1].number == segment;
	r->next = first_in(r->acked >= 0 && exists(segment) && is_complete(r) && !is_open ? segment + 1 : segment);
	for (int i = r->acked + 1; i < m.count && i < r->next; i++)
		if (!exists(m.frames[i].segment))
			lose(r, i, SHED);
}

static void rewind_one(size_t d)
{
	say("%zu rewinds", d);
	go_back(&m.readers[d], false);
	spool_rewind(m.spool, d);
}

static int open_segment_file(uint64_t number)
{
	char path[256], name[SPOOL_NAME_ROOM];
	spool_name(number, name);
	snprintf(path, sizeof path, "%s/%s", m.dir, name);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail("%s: %s", path, strerror(errno));
	return fd;
}

static void damage(void)
{
	int i = (int)any((uint64_t)m.count);
	if (m.count == 0 || is_gone(i) || !exists(m.frames[i].segment) || m.frames[i].has_vanished || m.frames[i].is_bad ||
	    m.frames[i].has_bad_head || any(6))
		return;
	struct frame *f = &m.frames[i];
	bool is_head = f->length == 0 || any(3) == 0;
	uint64_t at = is_head ? f->from + any(SPOOL_FRAME_HEAD) : f->from + SPOOL_FRAME_HEAD + any(f->length);
	int fd = open_segment_file(f->segment);
	char byte;
	if (pread(fd, &byte, 1, (off_t)at) != 1)
		fail("frame %d is not there", i);
	byte = (char)(byte ^ (1 << any(8)));
	if (pwrite(fd, &byte, 1, (off_t)at) != 1)
		fail("pwrite: %s", strerror(errno));
	close(fd);
	f->is_bad = !is_head;
	f->has_bad_head = is_head;
	say("frame %d is damaged%s", i, is_head ? " at its head" : "");
}

/* What may have happened to the newest file while the program was away. */
static void lose_the_end(uint64_t number, bool is_machine)
{
	int fd = open_segment_file(number);
	struct stat st;
	if (fstat(fd, &st) < 0)
		fail("fstat");
	if (is_machine && any(2)) { /* its last blocks were never written */
		off_t cut = st.st_size - (off_t)any((uint64_t)(st.st_size - SPOOL_SEGMENT_HEAD) + 1);
		if (ftruncate(fd, cut) < 0)
			fail("ftruncate");
		for (int i = 0; i < m.count; i++)
			if (m.frames[i].segment == number && m.frames[i].to > (uint64_t)cut)
				m.frames[i].has_vanished = true;
	} else if (any(2)) { /* a frame that was being written: its first bytes, or what lay there before */
		char torn[300];
		memset(torn, (int)any(2) * 0x41, sizeof torn);
		struct str payload = { torn, 200 };
		char head[SPOOL_FRAME_HEAD];
		spool_frame_head_write(payload, 3, number, (uint64_t)st.st_size, head);
		if (any(2))
			memcpy(torn, head, sizeof head);
		if (pwrite(fd, torn, 1 + any(199), st.st_size) < 0)
			fail("pwrite");
	}
	close(fd);
}

static void start(void)
{
	char err[256];
	m.spool = spool_open(&m.options, err);
	if (!m.spool || err[0] || m.spool->is_memory)
		fail("spool_open: %s", err);
	for (size_t d = 0; d < DESTINATIONS; d++) {
		struct reader_model *r = &m.readers[d];
		r->lost = 0;
		for (int i = 0; i < m.count; i++)
			if (r->fate[i] == DAMAGED)
				r->fate[i] = KEPT; /* comes across it again */
		go_back(r, true);
	}
}

static void restart(void)
{
	uint64_t newest = m.spool->segment_count ? m.spool->segments[m.spool->segment_count - 1].number : 0;
	bool is_machine = any(4) == 0;
	say("killed%s", is_machine ? ", with the machine" : "");
	spool_close(m.spool); /* does nothing but give memory back: as good as a kill */
	if (newest)
		lose_the_end(newest, is_machine);
	bool is_cut = false;
	for (int i = 0; i < m.count; i++) { /* behind a bad head in the newest file there is nothing that could be told from a torn end */
		if (m.frames[i].segment != newest || m.frames[i].has_vanished)
			continue;
		is_cut |= m.frames[i].has_bad_head;
		m.frames[i].has_vanished |= is_cut;
	}
	start();
}

static void check(void)
{
	struct spool_status status;
	struct stat st;
	uint64_t bytes = 0;
	spool_status(m.spool, &status);
	for (size_t d = 0; d < DESTINATIONS; d++) {
		const struct reader_model *r = &m.readers[d];
		uint64_t pending = 0;
		for (int i = r->acked + 1; i < m.count; i++)
			pending += r->fate[i] == KEPT && !m.frames[i].has_vanished ? m.frames[i].samples : 0;
		if (status.destination[d].samples_shed != r->lost)
			fail("%zu: %llu shed, wanted %llu", d, (unsigned long long)status.destination[d].samples_shed, (unsigned long long)r->lost);
		if (m.spool->readers[d].gap_count < SPOOL_GAPS_MAX && status.destination[d].samples_pending != pending)
			fail("%zu: %llu pending, wanted %llu", d, (unsigned long long)status.destination[d].samples_pending,
			     (unsigned long long)pending);
	}
	for (size_t i = 0; i < m.spool->segment_count; i++) {
		int fd = open_segment_file(m.spool->segments[i].number);
		if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < m.spool->segments[i].bytes)
			fail("segment %zu is shorter than it should be", i);
		bytes += m.spool->segments[i].bytes;
		close(fd);
	}
	if (bytes != status.bytes || bytes > m.spool->cap_bytes)
		fail("%llu bytes, status says %llu, the cap is %llu", (unsigned long long)bytes, (unsigned long long)status.bytes,
		     (unsigned long long)m.spool->cap_bytes);
}

static void act(void)
{
	size_t d = (size_t)any(DESTINATIONS);
	switch (any(20)) {
	case 0 ... 7:
		for (uint64_t n = any(6); n--;)
			append();
		break;
	case 8 ... 13:
		for (uint64_t n = any(12); n--;)
			read_one(d);
		break;
	case 14 ... 16:
		acknowledge(d);
		break;
	case 17:
		damage();
		break;
	case 18:
		if (any(4) == 0)
			rewind_one(d);
		break;
	default:
		if (any(5) == 0)
			restart();
		else
			spool_sync(m.spool);
	}
}

static int descriptors(void)
{
	int n = 0;
	DIR *dir = opendir("/proc/self/fd");
	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void clear(void)
{
	char path[512];
	DIR *dir = opendir(m.dir);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		snprintf(path, sizeof path, "%s/%s", m.dir, e->d_name);
		unlink(path);
	}
	closedir(dir);
	rmdir(m.dir);
}

static void run(uint64_t seed, const char *dir, bool is_verbose)
{
	int before = descriptors();
	m = (struct model){ .seed = seed, .random = hash_u64(seed * 7919 + 1), .is_verbose = is_verbose };
	snprintf(m.dir, sizeof m.dir, "%s/spoor_spool.XXXXXX", dir);
	if (!mkdtemp(m.dir))
		fail("mkdtemp %s: %s", m.dir, strerror(errno));
	m.options = (struct spool_options){ .directory = m.dir, .destination_count = DESTINATIONS, .names = { "a", "b", "c" },
					    .cap_bytes = 256 * 1024 + any(1024 * 1024), .segment_bytes = any(2) ? 1000 + any(100000) : 0 };
	for (size_t d = 0; d < DESTINATIONS; d++)
		m.readers[d].acked = -1;
	start();
	for (m.step = 0; m.step < STEPS; m.step++) {
		act();
		check();
	}
	for (size_t d = 0; d < DESTINATIONS; d++) {
		while (m.readers[d].next < m.count)
			read_one(d);
		read_one(d);
		acknowledge(d);
	}
	check();
	spool_close(m.spool);
	clear();
	if (descriptors() != before)
		fail("%d descriptors were open before, %d are after", before, descriptors());
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, runs = DEFAULT_RUNS;
	const char *dir = getenv("TMPDIR") ? getenv("TMPDIR") : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	bool is_verbose = false;
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(argv[i], "--verbose") == 0)
			is_verbose = true;
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--runs") == 0)
			runs = strtoull(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--dir") == 0)
			dir = value, i++;
		else
			return fprintf(stderr, "usage: %s [--seed N] [--runs N] [--dir PATH] [--verbose]\n", argv[0]), 2;
	}
	for (uint64_t i = 0; i < runs; i++)
		run(seed + i, dir, is_verbose);
	printf("%llu histories, seeds %llu to %llu\n", (unsigned long long)runs, (unsigned long long)seed, (unsigned long long)(seed + runs - 1));
	return 0;
}
