/*
 * Writes numbered lines whose loss, repetition and change a reader can tell from the lines alone:
 *
 *   level=info msg=tick run=1f00c2d49a3b5e77 seq=17 trace_id=1f00c2d49a3b5e770000000000000011 pad=xxx…
 *
 * `run` is this process, seq counts from 1, and the last line says last=N in place of the pad. SIGTERM ends it with that line.
 *
 *   usage: lines [--every US] [--count N (0: until SIGTERM)] [--bytes N] [--exit CODE] [--burst N] [--stderr] [--open-end]
 *   --burst: so many lines at once, then a pause; --stderr: every third line there; --open-end: the last line has no newline
 */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

struct plan {
	long every_us, count, bytes, burst;
	int exit_code;
	bool is_open_ended, has_stderr;
};

static volatile sig_atomic_t is_told_to_end;

static void end(int signal)
{
	(void)signal;
	is_told_to_end = 1;
}

static struct plan read_plan(int argc, char **argv)
{
	static const struct option options[] = {{"every", 1, 0, 'e'}, {"count", 1, 0, 'c'}, {"bytes", 1, 0, 'b'}, {"exit", 1, 0, 'x'},
		{"burst", 1, 0, 'u'}, {"stderr", 0, 0, 's'}, {"open-end", 0, 0, 'o'}, {0}};
	struct plan p = {.every_us = 10000, .bytes = 120, .burst = 1};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		const long value = optarg ? strtol(optarg, NULL, 10) : 0;
		switch (c) {
		case 'e': p.every_us = value; break;
		case 'c': p.count = value; break;
		case 'b': p.bytes = value; break;
		case 'x': p.exit_code = (int)value; break;
		case 'u': p.burst = value; break;
		case 's': p.has_stderr = true; break;
		case 'o': p.is_open_ended = true; break;
		default: exit(2);
		}
	}
	return p;
}

static void write_all(int fd, const char *at, size_t length)
{
	while (length) {
		const ssize_t n = write(fd, at, length);
		if (n < 0)
			exit(3);
		at += n;
		length -= (size_t)n;
	}
}

static void write_line(const struct plan *p, char *line, uint64_t run, long seq, bool is_last)
{
	static const char *const levels[] = {"info", "warn", "error", "debug"};
	size_t n = (size_t)snprintf(line, 256, "level=%s msg=tick run=%016llx seq=%ld trace_id=%016llx%016llx ", levels[seq % 4],
		(unsigned long long)run, seq, (unsigned long long)run, (unsigned long long)seq);
	if (is_last)
		n += (size_t)snprintf(line + n, 64, "last=%ld", seq);
	else
		n += (size_t)snprintf(line + n, 8, "pad=");
	while (!is_last && n < (size_t)p->bytes)
		line[n++] = 'x';
	if (!is_last || !p->is_open_ended)
		line[n++] = '\n';
	write_all(p->has_stderr && seq % 3 == 0 ? 2 : 1, line, n);
}

int main(int argc, char **argv)
{
	const struct plan p = read_plan(argc, argv);
	signal(SIGTERM, end);
	uint64_t run = 0;
	char *line = malloc((size_t)p.bytes + 512);
	if (!line || getrandom(&run, sizeof run, 0) != sizeof run)
		return 3;
	run |= 1; /* an id of zeros would be none */
	for (long seq = 1;; seq++) {
		const bool is_last = is_told_to_end || seq == p.count;
		write_line(&p, line, run, seq, is_last);
		if (is_last)
			return p.exit_code;
		if (p.every_us && seq % p.burst == 0)
			usleep((useconds_t)p.every_us);
	}
}
