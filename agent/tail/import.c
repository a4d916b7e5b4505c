/* Which file had the name when Promtail wrote its positions? Files of a log are born one after the other, so it is the newest one that was
 * born before: the time of a framed log's first line tells that best, because a compressed copy has it too; else the file system's birth
 * time does. Right behind a rotation Promtail may still have been in the file before: when the offset fits there as well, and only then,
 * it is taken, because what comes twice can be told and what is skipped cannot. */
#include "agent/tail/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "agent/tail/listing.h"
#include "agent/tail/recognise.h"
#include "agent/tail/tail.h"
#include "parsers/cri_resume.h"
#include "parsers/dockerjson.h"

enum { LINK_HOPS = 4, PATH_ROOM = 4096, ANY_DIRECTORY = -100 /* AT_FDCWD: paths are absolute */ };
enum { WINDOW_BYTES = 1 << 20, /* Promtail's batch: more than that was not on the way */ SCRATCH_BYTES = 64 << 10, LINE_BYTES = 32 << 10 };
static const int64_t MS = 1000000, SECOND = 1000000000;
static const int64_t CLOCK_NS = 10 * 1000000;          /* the kernel stamps files by a clock of ticks */
static const int64_t LEAST_SYNC_MS = 10000;            /* Promtail's default */
static const int64_t BEHIND_NS = 10ll * 1000000000;    /* how long it may have been in a file that was renamed */

/* ---- reading the positions ---- */

static void add_path(struct import *import, const char *path, struct promtail_position *position)
{
	if (!map_get(&import->by_path, str_of(path)))
		map_put(&import->by_path, arena_copy(&import->arena, str_of(path)), position);
}

/* Under its name and, where that is a link (/var/log/containers), under what it leads to. */
static void add_file(struct import *import, struct promtail_position *position, const char *pods_path)
{
	char path[PATH_ROOM], target[PATH_ROOM];
	bool is_pod = str_starts(position->key, STR("/var/log/pods/"));
	int n = is_pod ? snprintf(path, sizeof path, "%s" STR_FMT, pods_path, STR_ARG(str_skip(position->key, sizeof "/var/log/pods" - 1)))
		       : snprintf(path, sizeof path, STR_FMT, STR_ARG(position->key));
	if (n >= (int)sizeof path)
		return;
	add_path(import, path, position);
	for (int hop = 0; hop < LINK_HOPS && os_read_link_at(ANY_DIRECTORY, path, target, sizeof target) > 0; hop++) {
		if (target[0] != '/')
			return;
		memcpy(path, target, sizeof path);
		add_path(import, path, position);
	}
}

void import_load(struct import *import, const struct import_options *o)
{
	struct os_file st;
	struct buf text;
	char err[256];
	*import = (struct import){ .is_wanted = o->is_wanted };
	if (!o->path || os_stat_at(ANY_DIRECTORY, o->path, &st) < 0)
		return;
	buf_init(&text, PROMTAIL_POSITIONS_MOST_BYTES);
	int error = os_read_file(o->path, PROMTAIL_POSITIONS_MOST_BYTES, &text);
	if (error < 0)
		snprintf(err, sizeof err, "%s", strerror(-error));
	else
		error = promtail_positions_parse(buf_view(&text), &import->positions, err);
	buf_fini(&text);
	if (error < 0) {
		if (o->is_wanted)
			LOG_WARN("%s: %s: nothing is taken over from Promtail, logs are read from their start", o->path, err);
		return;
	}
	for (struct promtail_position *p = import->positions.first; p; p = p->next)
		if (p->is_file && p->key.n && p->key.p[0] == '/')
			add_file(import, p, o->pods_path);
	int64_t sync_ms = o->sync_period_ms > LEAST_SYNC_MS ? o->sync_period_ms : LEAST_SYNC_MS;
	import->saved_ns = st.mtime_ns;
	import->margin_ns = o->batchwait_ms * MS + SECOND;
	import->bare_until_ns = st.mtime_ns + sync_ms * MS + SECOND;
	if (o->is_wanted && import->positions.files)
		LOG_INFO("%s: Promtail's positions of %zu files: logs without progress of ours begin there", o->path, import->positions.files);
}

void import_fini(struct import *import)
{
	map_fini(&import->by_path);
	arena_fini(&import->arena);
	promtail_positions_fini(&import->positions);
}

static const struct promtail_position *find(const struct import *import, const struct source *s)
{
	const struct promtail_position *position = map_get(&import->by_path, str_of(s->path));
	if (!position && s->want && s->want->shown_path.n)
		position = map_get(&import->by_path, s->want->shown_path);
	return position;
}

/* ---- which file ---- */

struct search {
	struct import *import;
	struct folder *folder;
	struct source *source;
	struct listed *files;
	size_t count;
	uint64_t offset;
	char *scratch; /* WINDOW_BYTES */
};

/* The time of a framed line; 0: it is none. */
static int64_t time_of(const struct search *x, struct str line)
{
	struct runtime_line parsed;
	struct buf scratch;
	bool is_good = x->source->format != FORMAT_RAW && cri_parse(line, &parsed);
	if (is_good || x->source->format == FORMAT_RAW)
		return is_good ? parsed.timestamp_ns : 0;
	buf_init(&scratch, SCRATCH_BYTES);
	is_good = dockerjson_parse(line, &scratch, &parsed);
	buf_fini(&scratch);
	return is_good ? parsed.timestamp_ns : 0;
}

static int64_t first_line_ns(const struct search *x, const struct listed *file)
{
	int fd = folder_open_name(x->folder, file->name);
	if (fd < 0)
		return 0;
	struct gz *gz = file->is_gz ? gz_open(fd, file->is_bz2) : NULL;
	ssize_t got = gz ? gz_read(gz, x->scratch, LINE_BYTES) : file->is_gz ? -1 : os_pread(fd, x->scratch, LINE_BYTES, 0);
	gz_close(gz);
	os_close(fd);
	struct str head = { x->scratch, got > 0 ? (size_t)got : 0 };
	size_t n = str_find(head, '\n');
	return n < head.n ? time_of(x, str_take(head, n)) : 0;
}

static int64_t born_ns(const struct search *x, size_t i)
{
	const struct listed *file = &x->files[i];
	int64_t first = first_line_ns(x, file);
	if (first || file->is_gz)
		return first;
	if (file->st.birth_ns || i == 0 || x->files[i - 1].is_gz)
		return file->st.birth_ns;
	return x->files[i - 1].st.mtime_ns; /* about when it was renamed */
}

/* The byte before the offset, uncompressed; -1: there is none. */
static int byte_before(const struct search *x, const struct listed *file)
{
	char last = 0;
	ssize_t got = 0;
	int fd = folder_open_name(x->folder, file->name);
	if (fd < 0)
		return -1;
	if (!file->is_gz) {
		got = os_pread(fd, &last, 1, x->offset - 1);
	} else {
		struct gz *gz = gz_open(fd, file->is_bz2);
		uint64_t at = 0;
		for (got = 1; gz && at < x->offset && got > 0; at += (uint64_t)got) {
			uint64_t rest = x->offset - at;
			got = gz_read(gz, x->scratch, rest < WINDOW_BYTES ? (size_t)rest : WINDOW_BYTES);
			last = got > 0 ? x->scratch[got - 1] : 0;
		}
		got = at == x->offset;
		gz_close(gz);
	}
	os_close(fd);
	return got == 1 ? (unsigned char)last : -1;
}

static bool fits(const struct search *x, size_t i)
{
	return x->offset == 0 || byte_before(x, &x->files[i]) == '\n';
}

/* Was Promtail's place in this file when the positions were written, though a newer one was there already? Then it was not far behind. */
static bool fits_behind(const struct search *x, const struct listed *file)
{
	char *bytes = x->scratch;
	int fd = file->is_gz ? -1 : folder_open_name(x->folder, file->name);
	size_t want = x->offset < LINE_BYTES ? (size_t)x->offset : LINE_BYTES;
	ssize_t got = fd < 0 ? -1 : os_pread(fd, bytes, want, x->offset - want);
	os_close(fd);
	if (got != (ssize_t)want || want == 0 || bytes[want - 1] != '\n')
		return false;
	size_t from = want - 1;
	while (from > 0 && bytes[from - 1] != '\n')
		from--;
	int64_t time = time_of(x, (struct str){ bytes + from, want - 1 - from });
	return !time || time >= x->import->saved_ns - BEHIND_NS;
}

/* Index of the file that the offset belongs to; SIZE_MAX: it is gone. */
static size_t choose(const struct search *x)
{
	size_t i = x->count;
	int64_t born = 0;
	while (i > 0 && (born = born_ns(x, i - 1)) > x->import->saved_ns + CLOCK_NS)
		i--;
	if (i == 0)
		return SIZE_MAX;
	i--;
	if (i > 0 && x->import->saved_ns - born < BEHIND_NS && fits_behind(x, &x->files[i - 1]))
		return i - 1;
	if (fits(x, i))
		return i;
	for (size_t older = i; older > 0; older--) /* copied and cut: a copy is younger than its content */
		if (fits(x, older - 1))
			return older - 1;
	for (size_t copy = i + 1; copy < x->count; copy++)
		if (fits(x, copy))
			return copy;
	return i;
}

/* ---- where in it ---- */

/* Reads what stands before `end`, from the beginning of a line on; views x->scratch. */
static struct str text_before(const struct search *x, int fd, uint64_t end)
{
	size_t want = end < WINDOW_BYTES ? (size_t)end : WINDOW_BYTES;
	ssize_t got = os_pread(fd, x->scratch, want, end - want);
	struct str text = { x->scratch, got == (ssize_t)want ? want : 0 };
	return text.n == end ? text : str_skip(text, str_find(text, '\n') + 1);
}

static uint64_t resume_before(const struct search *x, int fd, uint64_t end)
{
	struct str text = text_before(x, fd, end);
	struct runtime_line first;
	int64_t since_ns = x->import->saved_ns - x->import->margin_ns;
	bool is_cri = x->source->format != FORMAT_RAW && cri_parse(str_take(text, str_find(text, '\n')), &first);
	if (is_cri)
		return end - text.n + cri_resume(text, since_ns);
	while (text.n && text.p[text.n - 1] != '\n') /* the middle of a line: all of it comes */
		text.n--, end--;
	return end;
}

static void begin(const struct search *x, struct listed *file, int fd, uint64_t offset)
{
	struct generation *g = recognise_new(x->source, file);
	struct frontier at = { .offset = offset };
	char bytes[IDENTITY_FRONTIER_BYTES];
	size_t n = offset < sizeof bytes ? (size_t)offset : sizeof bytes;
	if (!file->is_gz) {
		identity_read(fd, &g->identity);
		if (os_pread(fd, bytes, n, offset - n) == (ssize_t)n)
			at = frontier_of(offset, (struct str){ bytes, n });
	}
	for (size_t lane = 0; lane < x->source->lanes; lane++)
		cursor_set_start(&g->cursors[lane], &at);
	file->generation = g;
	x->folder->tail->is_dirty = true;
	LOG_DEBUG("%s/%s: begins at %llu, Promtail was at %llu", x->folder->path, file->name, (unsigned long long)offset,
		  (unsigned long long)x->offset);
}

static void begin_in(const struct search *x, size_t i)
{
	struct listed *file = &x->files[i];
	int fd = folder_open_name(x->folder, file->name);
	if (fd < 0)
		return;
	uint64_t end = file->is_gz || x->offset <= file->st.size_bytes ? x->offset : 0;
	uint64_t from = file->is_gz ? end : resume_before(x, fd, end);
	begin(x, file, fd, from);
	os_close(fd);
	if (from || !end || i == 0 || x->files[i - 1].is_gz)
		return;
	/* The margin reaches into the file before. */
	struct listed *older = &x->files[i - 1];
	fd = folder_open_name(x->folder, older->name);
	uint64_t before = fd < 0 ? older->st.size_bytes : resume_before(x, fd, older->st.size_bytes);
	if (before < older->st.size_bytes)
		begin(x, older, fd, before);
	os_close(fd);
}

/* For a packed log Promtail counts lines. Where the line behind them begins; 0: there are not as many. */
static uint64_t behind_lines(const struct search *x, int fd)
{
	struct gz *gz = gz_open(fd, x->source->is_bz2);
	uint64_t lines = 0, at = 0;
	for (ssize_t got = 1; gz && lines < x->offset && got > 0;) {
		do {
			got = gz_read(gz, x->scratch, WINDOW_BYTES);
		} while (got == -EAGAIN);
		struct str rest = { x->scratch, got > 0 ? (size_t)got : 0 };
		for (size_t n; lines < x->offset && (n = str_find(rest, '\n')) < rest.n; rest = str_skip(rest, n + 1))
			lines++;
		at = gz_offset(gz) - rest.n;
	}
	gz_close(gz);
	return lines == x->offset ? at : 0;
}

static void begin_packed(const struct search *x)
{
	struct listed *file = &x->files[x->count - 1];
	int fd = folder_open_name(x->folder, file->name);
	if (fd < 0)
		return;
	begin(x, file, fd, behind_lines(x, fd));
	os_close(fd);
}

bool import_place(struct import *import, struct folder *f, struct source *s, struct listed *files, size_t count, bool has_rows)
{
	const struct promtail_position *position = import->saved_ns ? find(import, s) : NULL;
	if (!position)
		return false;
	s->bare_until_ns = s->format == FORMAT_RAW ? 0 : import->bare_until_ns;
	if (!import->is_wanted || has_rows || count == 0)
		return false;
	struct search x = { import, f, s, files, count, position->offset, malloc(WINDOW_BYTES) };
	if (!x.scratch)
		abort();
	size_t i = s->is_packed ? count - 1 : choose(&x);
	if (s->is_packed)
		begin_packed(&x);
	else if (i != SIZE_MAX)
		begin_in(&x, i);
	else
		LOG_DEBUG("%s: Promtail was in a file that is gone: all there is is read", s->path);
	*(i == SIZE_MAX ? &import->lost : &import->taken) += 1;
	free(x.scratch);
	return true;
}
