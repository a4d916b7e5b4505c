/* Once through the file for the places of line feeds, of which the last few are kept; then back to the first line of the window. Line feeds
 * are all that counts: what is in a line is nobody's business here. Chunks are of even length, so no pair of bytes lies across two. */
#include "agent/commands/explain_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/os.h"
#include "agent/tail/gz.h"

enum { CHUNK_BYTES = 256 << 10, WINDOW_BYTES = 4 << 20, STARTS = EXPLAIN_LINES_AROUND + 2 };

/* ---- the bytes, unpacked ---- */

struct input {
	int fd;
	bool is_gz, is_bz2;
	struct gz *gz;   /* of a compressed file */
	uint64_t offset; /* of the next byte */
};

static void input_rewind(struct input *in)
{
	gz_close(in->gz);
	in->gz = in->is_gz ? gz_open(in->fd, in->is_bz2) : NULL;
	if (in->is_gz && !in->gz)
		abort();
	in->offset = 0;
}

/* As much as there is of n bytes, or -1: they are damaged. What is cut has an end there. */
static ssize_t input_read(struct input *in, char *to, size_t n)
{
	size_t done = 0;
	ssize_t got = 1;
	while (done < n && got != 0) {
		got = in->gz ? gz_read(in->gz, to + done, n - done) : os_pread(in->fd, to + done, n - done, in->offset);
		got = got == -ENODATA ? 0 : got;
		if (got < 0 && got != -EAGAIN)
			return done ? (ssize_t)done : -1; /* the damage comes again */
		done += got > 0 ? (size_t)got : 0;
		in->offset += got > 0 ? (uint64_t)got : 0;
	}
	return (ssize_t)done;
}

static bool input_seek(struct input *in, uint64_t offset, char *scratch, size_t room)
{
	if (!in->gz) {
		in->offset = offset;
		return true;
	}
	input_rewind(in);
	while (in->offset < offset) {
		size_t n = offset - in->offset < room ? (size_t)(offset - in->offset) : room;
		if (input_read(in, scratch, n) != (ssize_t)n)
			return false;
	}
	return true;
}

/* Is it compressed? By the bytes: no text begins so. */
static void input_open(struct input *in, int fd)
{
	char head[4] = "";
	struct str bytes = { head, 0 };
	ssize_t got = os_pread(fd, head, sizeof head, 0);
	bytes.n = got > 0 ? (size_t)got : 0;
	*in = (struct input){ .fd = fd, .is_bz2 = bytes.n == 4 && str_starts(bytes, STR("BZh")) && head[3] >= '1' && head[3] <= '9' };
	in->is_gz = in->is_bz2 || str_starts(bytes, STR("\x1f\x8b"));
	input_rewind(in);
}

/* ---- lines ---- */

struct scan {
	uint64_t starts[STARTS]; /* of the newest lines, by number modulo STARTS; the first line is number 1 */
	uint64_t lines;          /* ended so far */
	uint64_t offset;         /* read so far */
	bool is_cut, is_found;
};

static uint64_t *start_of(struct scan *s, uint64_t number)
{
	return &s->starts[number % STARTS];
}

static void scan_chunk(struct scan *s, enum charset_units units, uint64_t number, struct str chunk)
{
	size_t feed_bytes = charset_feed_bytes(units);
	for (size_t at = 0, feed; !s->is_found && (feed = at + charset_feed(units, str_skip(chunk, at), s->offset + at)) < chunk.n; at = feed + feed_bytes) {
		s->lines++;
		s->is_found = number && s->lines == number;
		if (!s->is_found)
			*start_of(s, s->lines + 1) = s->offset + feed + feed_bytes;
	}
	s->offset += chunk.n;
	s->is_cut = s->offset >= EXPLAIN_SCAN_BYTES;
}

/* Up to the end of line `number` (0: of the file). false: the bytes are damaged. */
static bool scan(struct input *in, enum charset_units units, uint64_t number, struct scan *s)
{
	char *chunk = malloc(CHUNK_BYTES);
	ssize_t got = 0;
	if (!chunk)
		abort();
	*start_of(s, 1) = 0;
	while (!s->is_found && !s->is_cut && (got = input_read(in, chunk, CHUNK_BYTES)) > 0)
		scan_chunk(s, units, number, (struct str){ chunk, (size_t)got });
	free(chunk);
	return got >= 0;
}

static void cut(struct explain_window *w, uint64_t from)
{
	struct str rest = buf_view(&w->bytes);
	while (rest.n && w->count < COUNT_OF(w->at)) {
		uint64_t offset = from + w->bytes.n - rest.n;
		struct str text = str_take(rest, charset_feed(w->units, rest, offset));
		rest = str_skip(rest, text.n);
		size_t feed_bytes = rest.n ? charset_feed_bytes(w->units) : 0;
		rest = str_skip(rest, feed_bytes);
		w->at[w->count++] = (struct explain_line){ text, offset, offset + text.n + feed_bytes };
	}
}

static bool read_window(struct input *in, struct explain_window *w, uint64_t from, uint64_t wanted_at)
{
	buf_fini(&w->bytes);
	buf_init(&w->bytes, WINDOW_BYTES);
	w->count = 0;
	char *to = buf_reserve(&w->bytes, WINDOW_BYTES);
	if (!to)
		abort();
	ssize_t got = input_seek(in, from, to, WINDOW_BYTES) ? input_read(in, to, WINDOW_BYTES) : -1;
	if (got < 0)
		return false;
	buf_grow(&w->bytes, (size_t)got);
	cut(w, from);
	for (size_t i = 0; i < w->count; i++)
		if (w->at[i].offset == wanted_at) {
			w->wanted = i;
			w->is_whole = w->at[i].end > w->at[i].offset + w->at[i].text.n;
			return true;
		}
	return false;
}

static bool find(struct input *in, struct explain_window *w, uint64_t number)
{
	struct scan s = { 0 };
	if (!scan(in, w->units, number, &s)) {
		snprintf(w->why, sizeof w->why, "its bytes are damaged: it cannot be unpacked");
		return false;
	}
	bool has_rest = s.offset > *start_of(&s, s.lines + 1); /* behind the last line feed */
	if (number && !s.is_found && !(number == s.lines + 1 && has_rest)) {
		if (s.is_cut)
			snprintf(w->why, sizeof w->why, "it lies behind the first GiB of the file, which is as far as is looked (%llu lines); ask for :last",
				 (unsigned long long)s.lines);
		else
			snprintf(w->why, sizeof w->why, "the file has %llu lines", (unsigned long long)(s.lines + has_rest));
		return false;
	}
	w->number = number ? number : s.lines ? s.lines : 1;
	if (!number && s.lines == 0 && !has_rest) {
		snprintf(w->why, sizeof w->why, "the file is empty");
		return false;
	}
	uint64_t first = w->number > EXPLAIN_LINES_AROUND ? w->number - EXPLAIN_LINES_AROUND : 1;
	if (read_window(in, w, *start_of(&s, first), *start_of(&s, w->number)) ||
	    read_window(in, w, *start_of(&s, w->number), *start_of(&s, w->number))) /* long lines before it filled the window */
		return true;
	snprintf(w->why, sizeof w->why, "it could not be read again");
	return false;
}

/* The last line of a file too large to be counted: of its last part. */
static bool find_last(struct input *in, struct explain_window *w, uint64_t size)
{
	uint64_t from = (size - WINDOW_BYTES / 2) & ~UINT64_C(1);
	struct scan s = { .offset = from };
	if (!read_window(in, w, from, from) || w->bytes.n == 0) {
		snprintf(w->why, sizeof w->why, "its end could not be read");
		return false;
	}
	*start_of(&s, 1) = from;
	scan_chunk(&s, w->units, 0, buf_view(&w->bytes));
	if (s.lines < 2) { /* it begins in the middle of a line */
		snprintf(w->why, sizeof w->why, "its last %d bytes hold no whole line", WINDOW_BYTES / 2);
		return false;
	}
	uint64_t first = s.lines > EXPLAIN_LINES_AROUND + 1 ? s.lines - EXPLAIN_LINES_AROUND : 2;
	return read_window(in, w, *start_of(&s, first), *start_of(&s, s.lines));
}

static bool look(struct input *in, struct explain_window *w, uint64_t number, uint64_t size)
{
	char head[2] = "";
	ssize_t got = w->units == CHARSET_PAIRS_MARKED ? input_read(in, head, sizeof head) : 0;
	w->units = charset_resolve(w->units, (struct str){ head, got > 0 ? (size_t)got : 0 });
	input_rewind(in);
	bool is_large = number == 0 && size > EXPLAIN_SCAN_BYTES && !in->is_gz;
	return is_large ? find_last(in, w, size) : find(in, w, number);
}

bool explain_window_read(struct explain_window *w, const char *path, uint64_t number, enum charset_units units)
{
	struct stat st;
	struct input in;
	*w = (struct explain_window){ .units = units };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		snprintf(w->why, sizeof w->why, "the file cannot be read: %s", fd < 0 ? strerror(errno) : "it is no regular file");
		if (fd >= 0)
			close(fd);
		return false;
	}
	input_open(&in, fd);
	bool is_found = look(&in, w, number, (uint64_t)st.st_size);
	gz_close(in.gz);
	close(fd);
	return is_found;
}

void explain_window_fini(struct explain_window *w)
{
	buf_fini(&w->bytes);
}
