/* The tables of what was written, and the writing. When a file goes, it is decided here, once, whether what it held may be missing:
 * only when the agent could not have it open. Included by the model, before kubelet.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/model/world.h"

enum { KEPT_ROTATED = 3 /* MaxFiles 5 less the live one and the one that is being made */, PATH = 512 };

#define CHECKED(call) do { if ((call) < 0) { perror(#call); abort(); } } while (0)

uint64_t world_random(struct world *w, uint64_t below)
{
	uint64_t x = w->random += 0x9e3779b97f4a7c15u; /* splitmix64 */
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return (x ^ (x >> 31)) % below;
}

bool world_chance(struct world *w, unsigned percent)
{
	return world_random(w, 100) < percent;
}

void world_trace(struct world *w, const char *format, ...)
{
	w->epoch++;
	if (!w->trace)
		return;
	va_list args;
	va_start(args, format);
	fprintf(w->trace, "%5llu ", (unsigned long long)w->epoch);
	vfprintf(w->trace, format, args);
	fputc('\n', w->trace);
	va_end(args);
}

/* ---- tables ---- */

static struct piece *new_piece(struct world *w)
{
	if (w->piece_count == w->piece_room) {
		w->piece_room = w->piece_room ? w->piece_room * 2 : 1024;
		w->pieces = realloc(w->pieces, (size_t)w->piece_room * sizeof *w->pieces);
		if (!w->pieces)
			abort();
	}
	struct piece *p = &w->pieces[w->piece_count++];
	*p = (struct piece){ .previous = NONE };
	return p;
}

static int new_file(struct world *w, int log, uint64_t ino)
{
	if (w->file_count == w->file_room) {
		w->file_room = w->file_room ? w->file_room * 2 : 64;
		w->files = realloc(w->files, (size_t)w->file_room * sizeof *w->files);
		if (!w->files)
			abort();
	}
	w->files[w->file_count] = (struct file){ .log = log, .place = FILE_LIVE_, .ino = ino };
	return w->file_count++;
}

static void container_path(const struct world *w, const struct log *l, char path[PATH])
{
	snprintf(path, PATH, "%s/%s/c%d", w->pods_path, w->pods[l->pod].name, l->container);
}

static void file_path(const struct world *w, const struct file *f, enum file_place place, char path[PATH])
{
	const struct log *l = &w->logs[f->log];
	char folder[PATH];
	container_path(w, l, folder);
	int n = snprintf(path, PATH, "%.300s/%d.log", folder, l->number);
	unsigned s = (unsigned)f->stamp;
	if (place != FILE_LIVE_)
		snprintf(path + n, PATH - (size_t)n, ".20261121-%02u%02u%02u%s", s / 3600 % 24, s / 60 % 60, s % 60, place == FILE_GZ_ ? ".gz" : "");
}

int world_find_log(const struct world *w, const char *path)
{
	for (int i = w->log_count; i-- > 0;) {
		char mine[PATH];
		struct file name = { .log = i };
		file_path(w, &name, FILE_LIVE_, mine);
		if (strcmp(mine, path) == 0)
			return i;
	}
	return NONE;
}

/* ---- what may be missing ---- */

static void excuse(struct world *w, int file, bool was_held)
{
	for (int i = 0; i < w->piece_count; i++)
		for (int lane = 0; lane < MODEL_LANES && w->pieces[i].file == file; lane++) {
			struct lane_fate *fate = &w->pieces[i].lane[lane];
			bool is_in_memory = w->life && fate->read_in_life == w->life;
			fate->is_excused |= !is_in_memory && !(was_held && !w->rules.is_forgetful);
		}
}

/* Piece p stands in an earlier file, and how its message went on is gone: it may come alone, or glued to what was written later. */
static void sever(struct world *w, int gone_file, int p)
{
	if (w->pieces[p].file == gone_file)
		return;
	w->logs[w->pieces[p].log].is_severed[w->pieces[p].is_stderr] = true;
	for (; p != NONE; p = w->pieces[p].previous)
		for (int lane = 0; lane < MODEL_LANES; lane++)
			w->pieces[p].lane[lane].is_excused = true;
}

/* A message goes on in it that began in an earlier file. Among the lines of a block nobody could tell what is glued to what. */
static bool goes_on_in(const struct world *w, int file)
{
	for (int i = 0; i < w->piece_count; i++)
		if (w->pieces[i].file == file && w->pieces[i].previous != NONE && w->pieces[w->pieces[i].previous].file != file)
			return true;
	return false;
}

static void gone(struct world *w, int file, enum file_place place)
{
	struct file *f = &w->files[file];
	bool was_held = place == FILE_REMOVED_ && w->life && f->looked_life == w->life;
	f->place = place;
	f->cut_life = w->life;
	f->went_unseen = !was_held;
	excuse(w, file, was_held);
	for (int i = 0; i < w->piece_count && !was_held; i++) /* whoever never saw it cannot know */
		if (w->pieces[i].file == file && w->pieces[i].previous != NONE)
			sever(w, file, w->pieces[i].previous);
}

void world_agent_gone(struct world *w)
{
	w->life = 0;
	for (int i = 0; i < w->piece_count; i++) {
		struct piece *p = &w->pieces[i];
		bool is_on_disk = w->files[p->file].place < FILE_REMOVED_;
		for (int lane = 0; lane < MODEL_LANES && !is_on_disk; lane++)
			p->lane[lane].is_excused |= !p->lane[lane].is_settled;
	}
}

void world_looked(struct world *w, bool knows_sizes)
{
	for (int i = 0; i < w->file_count; i++)
		if (w->files[i].place < FILE_REMOVED_) {
			w->files[i].looked_life = w->life;
			w->files[i].looked_size = knows_sizes ? w->files[i].size : w->files[i].looked_size;
		}
}

/* ---- writing ---- */

static void put(struct world *w, struct log *l, const char *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = write(l->fd, bytes + done, n - done);
		CHECKED(got);
		done += (size_t)got;
	}
	w->files[l->file].size += n;
}

static size_t text_bytes(struct world *w)
{
	if (w->rules.has_long_lines && world_chance(w, 10))
		return world_chance(w, 20) ? 200000 + world_random(w, 400000) : 3000 + world_random(w, 3000);
	return world_chance(w, 5) ? 1000 + world_random(w, 9000) : world_random(w, 120);
}

/* The text tells where it belongs; the rest of it is noise, so that pieces glued together wrongly never look right. */
static void make_text(struct world *w, struct piece *p, int id, size_t pad)
{
	p->text = malloc(pad + 32);
	if (!p->text)
		abort();
	p->n = (size_t)snprintf(p->text, 32, "%d:%s", id, p->is_stderr ? "e" : "o");
	uint64_t noise = world_random(w, UINT64_MAX) | 1;
	for (size_t i = 0; i < pad; i++) {
		noise = noise * 6364136223846793005u + 1442695040888963407u;
		p->text[p->n++] = (char)('a' + (noise >> 40) % 26);
	}
}

/* Puts a new piece of log into the table; the whole CRI line comes back, to be freed. */
static char *frame(struct world *w, int log, bool is_stderr, bool is_last, size_t *n)
{
	struct log *l = &w->logs[log];
	int id = w->piece_count;
	struct piece *p = new_piece(w);
	p->log = log;
	p->file = l->file;
	p->is_stderr = is_stderr;
	p->is_last = is_last;
	p->previous = l->open_message[is_stderr];
	l->open_message[is_stderr] = is_last ? NONE : id;
	make_text(w, p, id, text_bytes(w));
	char *line = malloc(p->n + 64);
	if (!line)
		abort();
	*n = (size_t)snprintf(line, 64, "2026-11-21T09:00:00.%09dZ %s %c ", id, is_stderr ? "stderr" : "stdout", is_last ? 'F' : 'P');
	memcpy(line + *n, p->text, p->n);
	*n += p->n;
	line[(*n)++] = '\n';
	return line;
}

static void written(struct world *w, int id)
{
	struct piece *p = &w->pieces[id];
	p->is_written = true;
	p->end = w->files[p->file].size;
}

static void complete_half(struct world *w, struct log *l)
{
	if (l->half == NONE)
		return;
	put(w, l, l->half_rest, l->half_n);
	written(w, l->half);
	free(l->half_rest);
	l->half_rest = NULL;
	l->half = NONE;
}

static void write_piece(struct world *w, int log, bool is_stderr, bool is_last)
{
	struct log *l = &w->logs[log];
	size_t n;
	complete_half(w, l);
	char *line = frame(w, log, is_stderr, is_last, &n);
	put(w, l, line, n);
	written(w, w->piece_count - 1);
	free(line);
}

static void write_half(struct world *w, int log)
{
	struct log *l = &w->logs[log];
	size_t n;
	complete_half(w, l);
	char *line = frame(w, log, world_chance(w, 50), true, &n);
	const struct piece *p = &w->pieces[w->piece_count - 1];
	size_t cut = n - 1 - world_random(w, p->n); /* at least one byte of the text is there, the line feed is not */
	put(w, l, line, cut);
	l->half = w->piece_count - 1;
	l->half_n = n - cut;
	l->half_rest = malloc(l->half_n);
	if (!l->half_rest)
		abort();
	memcpy(l->half_rest, line + cut, l->half_n);
	free(line);
	world_trace(w, "log %d: half of piece %d, file %d to %llu", log, l->half, l->file, (unsigned long long)w->files[l->file].size);
}

static void write_lines(struct world *w, int log, int count)
{
	for (int i = 0; i < count; i++)
		write_piece(w, log, world_chance(w, 30), !w->rules.has_pieces || world_chance(w, 70));
	world_trace(w, "log %d: %d pieces up to %d, file %d to %llu", log, count, w->piece_count - 1, w->logs[log].file,
		    (unsigned long long)w->files[w->logs[log].file].size);
}

static void append(struct world *w, int log)
{
	if (world_chance(w, 1))
		write_lines(w, log, 1200 + (int)world_random(w, 2000)); /* more than a chunk, more than a turn */
	else if (world_chance(w, 15))
		write_half(w, log);
	else
		write_lines(w, log, 1 + (int)world_random(w, 8));
}
