/* Once through the file for the places of line feeds, of which the last few are kept; then back to the first line of the window. Line feeds
 * are all that counts: what is in a line is nobody's business here. */
#include "agent/commands/explain_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNK_BYTES = 256 << 10, WINDOW_BYTES = 4 << 20, STARTS = EXPLAIN_LINES_AROUND + 2 };

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

/* Up to the end of line `number` (0: of the file). false: the bytes are damaged. */
static bool scan(gzFile file, uint64_t number, struct scan *s)
{
	char *chunk = malloc(CHUNK_BYTES);
	int got = 0;
	if (!chunk)
		abort();
	*start_of(s, 1) = 0;
	while (!s->is_found && !s->is_cut && (got = gzread(file, chunk, CHUNK_BYTES)) > 0) {
		const char *end = chunk + got, *feed;
		for (const char *at = chunk; !s->is_found && (feed = memchr(at, '\n', (size_t)(end - at))); at = feed + 1) {
			s->lines++;
			s->is_found = number && s->lines == number;
			if (!s->is_found)
				*start_of(s, s->lines + 1) = s->offset + (uint64_t)(feed + 1 - chunk);
		}
		s->offset += (uint64_t)got;
		s->is_cut = s->offset >= EXPLAIN_SCAN_BYTES;
	}
	free(chunk);
	return got >= 0;
}

static void cut(struct explain_window *w, uint64_t from)
{
	const char *at = w->bytes.p, *end = w->bytes.p + w->bytes.n;
	while (at < end && w->count < COUNT_OF(w->at)) {
		const char *feed = memchr(at, '\n', (size_t)(end - at));
		const char *stop = feed ? feed : end;
		uint64_t offset = from + (uint64_t)(at - w->bytes.p);
		w->at[w->count++] = (struct explain_line){ { at, (size_t)(stop - at) }, offset, offset + (uint64_t)(stop - at) + (feed != NULL) };
		at = stop + 1;
	}
}

static bool read_window(gzFile file, struct explain_window *w, uint64_t from, uint64_t wanted_at)
{
	buf_fini(&w->bytes);
	buf_init(&w->bytes, WINDOW_BYTES + 4096);
	w->count = 0;
	if (gzseek(file, (z_off_t)from, SEEK_SET) < 0)
		return false;
	for (int got = 1; got > 0 && w->bytes.n < WINDOW_BYTES;) {
		char *to = buf_reserve(&w->bytes, 4096);
		got = to ? gzread(file, to, 4096) : 0;
		if (got > 0)
			buf_grow(&w->bytes, (size_t)got);
	}
	cut(w, from);
	for (size_t i = 0; i < w->count; i++)
		if (w->at[i].offset == wanted_at) {
			w->wanted = i;
			w->is_whole = w->at[i].end > w->at[i].offset + w->at[i].text.n;
			return true;
		}
	return false;
}

static bool find(gzFile file, struct explain_window *w, uint64_t number)
{
	struct scan s = { 0 };
	if (!scan(file, number, &s)) {
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
	if (read_window(file, w, *start_of(&s, first), *start_of(&s, w->number)) ||
	    read_window(file, w, *start_of(&s, w->number), *start_of(&s, w->number))) /* long lines before it filled the window */
		return true;
	snprintf(w->why, sizeof w->why, "it could not be read again");
	return false;
}

/* The last line of a file too large to be counted: of its last part. */
static bool find_last(gzFile file, struct explain_window *w, uint64_t size)
{
	uint64_t from = size - WINDOW_BYTES / 2;
	if (!read_window(file, w, from, from) || w->bytes.n == 0) {
		snprintf(w->why, sizeof w->why, "its end could not be read");
		return false;
	}
	struct str bytes = buf_view(&w->bytes);
	size_t end = bytes.n, begin;
	while (end && bytes.p[end - 1] != '\n')
		end--;
	size_t lines = 0;
	for (begin = end ? end - 1 : 0; begin && lines <= EXPLAIN_LINES_AROUND; begin--)
		lines += bytes.p[begin - 1] == '\n';
	const char *feed = begin ? NULL : memchr(bytes.p, '\n', end); /* it begins in the middle of a line */
	begin = begin ? begin + 1 : feed && feed + 1 < bytes.p + end ? (size_t)(feed + 1 - bytes.p) : 0;
	memmove(w->bytes.p, w->bytes.p + begin, end - begin);
	w->bytes.n = end - begin;
	w->count = 0;
	cut(w, from + begin);
	w->wanted = w->count ? w->count - 1 : 0;
	w->is_whole = w->count > 0;
	w->number = 0;
	if (!w->count)
		snprintf(w->why, sizeof w->why, "its last %d bytes have no line feed", WINDOW_BYTES / 2);
	return w->count > 0;
}

bool explain_window_read(struct explain_window *w, const char *path, uint64_t number)
{
	struct stat st;
	*w = (struct explain_window){ 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		snprintf(w->why, sizeof w->why, "the file cannot be read: %s", fd < 0 ? strerror(errno) : "it is no regular file");
		if (fd >= 0)
			close(fd);
		return false;
	}
	gzFile file = gzdopen(fd, "rb");
	if (!file)
		abort();
	gzbuffer(file, CHUNK_BYTES);
	bool is_large = number == 0 && (uint64_t)st.st_size > EXPLAIN_SCAN_BYTES && gzdirect(file);
	bool is_found = is_large ? find_last(file, w, (uint64_t)st.st_size) : find(file, w, number);
	gzclose(file);
	return is_found;
}

void explain_window_fini(struct explain_window *w)
{
	buf_fini(&w->bytes);
}
