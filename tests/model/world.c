/* Every step is the system call that the kubelet (container_log_manager.go) or the runtime makes, on real files; the tables keep the
 * truth beside them. When a file goes, it is decided here, once, whether what it held may be missing: only when the agent could not
 * have it open. Clocks play no part but for the names. Included by the model. */
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

static void gone(struct world *w, int file, enum file_place place)
{
	struct file *f = &w->files[file];
	bool was_held = place == FILE_REMOVED_ && w->life && f->looked_life == w->life;
	f->place = place;
	f->cut_life = w->life;
	excuse(w, file, was_held);
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
		write_lines(w, log, 3000 + (int)world_random(w, 4000));
	else if (world_chance(w, 15))
		write_half(w, log);
	else
		write_lines(w, log, 1 + (int)world_random(w, 8));
}

/* ---- a container's life ---- */

static void open_live(struct world *w, int log)
{
	struct log *l = &w->logs[log];
	struct file name = { .log = log };
	struct stat st;
	char path[PATH];
	file_path(w, &name, FILE_LIVE_, path);
	CHECKED(l->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
	CHECKED(fstat(l->fd, &st));
	l->file = new_file(w, log, (uint64_t)st.st_ino);
	world_trace(w, "log %d: file %d created as %s, inode %llu", log, l->file, path + strlen(w->root), (unsigned long long)st.st_ino);
}

static void new_log(struct world *w, int pod, int container, int number)
{
	if (w->log_count == MAX_LOGS)
		return;
	int log = w->log_count++;
	w->logs[log] = (struct log){ .pod = pod, .container = container, .number = number, .half = NONE, .open_message = { NONE, NONE } };
	w->pods[pod].logs[container] = log;
	open_live(w, log);
}

static void die(struct world *w, int log)
{
	struct log *l = &w->logs[log];
	if (l->fd < 0)
		return;
	if (l->half != NONE && world_chance(w, 50)) {
		struct piece *p = &w->pieces[l->half];
		p->n -= l->half_n - 1; /* the rest is the end of the text and the line feed */
		p->is_torn = true;
		written(w, l->half);
		world_trace(w, "log %d: piece %d stays torn", log, l->half);
		free(l->half_rest);
		l->half_rest = NULL;
		l->half = NONE;
	}
	complete_half(w, l);
	close(l->fd);
	l->fd = NONE;
}

static void remove_file(struct world *w, int file)
{
	char path[PATH];
	file_path(w, &w->files[file], w->files[file].place, path);
	world_trace(w, "file %d: %s removed", file, path + strlen(w->root));
	CHECKED(unlink(path));
	gone(w, file, FILE_REMOVED_);
}

static void remove_log(struct world *w, int log)
{
	die(w, log);
	for (int i = 0; i < w->file_count; i++)
		if (w->files[i].log == log && w->files[i].place < FILE_REMOVED_)
			remove_file(w, i);
	w->logs[log].is_removed = true;
}

static void restart_container(struct world *w, int log)
{
	struct log old = w->logs[log];
	world_trace(w, "log %d: container restarts", log);
	die(w, log);
	w->between(w->ctx);
	new_log(w, old.pod, old.container, old.number + 1);
	for (int i = 0; i < w->log_count; i++) { /* the kubelet keeps one dead instance */
		const struct log *l = &w->logs[i];
		if (l->pod == old.pod && l->container == old.container && l->number < old.number && !l->is_removed)
			remove_log(w, i);
	}
}

static void new_pod(struct world *w)
{
	char path[PATH];
	if (w->pod_count == MAX_PODS)
		return;
	int pod = w->pod_count++;
	struct pod *p = &w->pods[pod];
	*p = (struct pod){ .containers = 1 + (int)world_random(w, 2) };
	snprintf(p->name, sizeof p->name, "shop_web-%d_0b5e0d5c-2f4e-4a0b-9c51-%012d", pod, pod);
	snprintf(path, sizeof path, "%s/%s", w->pods_path, p->name);
	CHECKED(mkdir(path, 0755));
	for (int i = 0; i < p->containers; i++) {
		struct log place = { .pod = pod, .container = i };
		w->between(w->ctx);
		container_path(w, &place, path);
		CHECKED(mkdir(path, 0755));
		w->between(w->ctx);
		new_log(w, pod, i, 0);
	}
}

static void remove_pod(struct world *w, int pod)
{
	char path[PATH];
	world_trace(w, "pod %d: removed", pod);
	for (int i = 0; i < w->log_count; i++)
		if (w->logs[i].pod == pod && !w->logs[i].is_removed)
			remove_log(w, i);
	for (int i = 0; i < w->pods[pod].containers; i++) {
		struct log place = { .pod = pod, .container = i };
		w->between(w->ctx);
		container_path(w, &place, path);
		CHECKED(rmdir(path));
	}
	snprintf(path, sizeof path, "%s/%s", w->pods_path, w->pods[pod].name);
	CHECKED(rmdir(path));
	w->pods[pod].is_removed = true;
}

/* ---- rotation ---- */

static void compress_file(struct world *w, int file)
{
	char plain[PATH], gz[PATH], tmp[PATH + 8], bytes[16384];
	file_path(w, &w->files[file], FILE_PLAIN_, plain);
	file_path(w, &w->files[file], FILE_GZ_, gz);
	snprintf(tmp, sizeof tmp, "%s.tmp", gz);
	int from = open(plain, O_RDONLY | O_CLOEXEC);
	CHECKED(from);
	gzFile to = gzopen(tmp, "wb1");
	ssize_t got;
	while ((got = read(from, bytes, sizeof bytes)) > 0)
		if (gzwrite(to, bytes, (unsigned)got) != got)
			abort();
	close(from);
	gzclose(to);
	w->between(w->ctx);
	CHECKED(rename(tmp, gz));
	w->between(w->ctx);
	CHECKED(unlink(plain));
	w->files[file].place = FILE_GZ_;
	if (w->rules.is_forgetful && w->files[file].looked_size == 0) /* closed and never seen with a byte: nothing tells its copy */
		excuse(w, file, false);
	if (w->files[file].is_regrown) /* positions may still know it by the head that was cut away: then its copy is nobody's */
		excuse(w, file, false);
	world_trace(w, "file %d: compressed as %s", file, gz + strlen(w->root));
	w->between(w->ctx);
}

static void trim_rotated(struct world *w, int log, int keep)
{
	int rotated = 0;
	for (int i = w->file_count; i-- > 0;) /* newest first */
		if (w->files[i].log == log && (w->files[i].place == FILE_PLAIN_ || w->files[i].place == FILE_GZ_) && ++rotated > keep)
			remove_file(w, i);
}

static void rotate(struct world *w, int log)
{
	struct log *l = &w->logs[log];
	char live[PATH], rotated[PATH];
	trim_rotated(w, log, KEPT_ROTATED);
	w->between(w->ctx);
	for (int i = 0; i < w->file_count; i++)
		if (w->files[i].log == log && w->files[i].place == FILE_PLAIN_)
			compress_file(w, i);
	struct file *f = &w->files[l->file];
	f->stamp = w->next_stamp++;
	file_path(w, f, FILE_LIVE_, live);
	file_path(w, f, FILE_PLAIN_, rotated);
	CHECKED(rename(live, rotated));
	f->place = FILE_PLAIN_;
	world_trace(w, "file %d: rotated to %s", l->file, rotated + strlen(w->root));
	w->between(w->ctx);
	if (world_chance(w, 50)) /* the runtime has not reopened yet */
		write_lines(w, log, 1 + (int)world_random(w, 3));
	complete_half(w, l);
	if (world_chance(w, 5)) { /* nor will it: the kubelet puts the file back */
		w->between(w->ctx);
		CHECKED(rename(rotated, live));
		w->files[l->file].place = FILE_LIVE_;
		world_trace(w, "file %d: renamed back", l->file);
		return;
	}
	w->between(w->ctx);
	close(l->fd);
	open_live(w, log);
}

/* Piece p stands in an earlier file, and how its message went on was cut away: it may come alone, or glued to what was written later. */
static void sever(struct world *w, int cut_file, int p)
{
	if (w->pieces[p].file == cut_file)
		return;
	w->logs[w->pieces[p].log].is_severed[w->pieces[p].is_stderr] = true;
	for (; p != NONE; p = w->pieces[p].previous)
		for (int lane = 0; lane < MODEL_LANES; lane++)
			w->pieces[p].lane[lane].is_excused = true;
}

/* Somebody empties the live file under the runtime. It writes on at the end (O_APPEND), or, as json-file once did, where it was:
 * behind a hole. */
static void cut(struct world *w, int log)
{
	struct log *l = &w->logs[log];
	complete_half(w, l);
	struct file old = w->files[l->file];
	CHECKED(ftruncate(l->fd, 0));
	int old_file = l->file;
	gone(w, old_file, FILE_CUT_);
	l->file = new_file(w, log, old.ino);
	w->files[l->file].is_regrown = true;
	world_trace(w, "file %d: cut at %llu, file %d goes on in it", old_file, (unsigned long long)old.size, l->file);
	for (int i = 0; i < w->piece_count; i++)
		if (w->pieces[i].file == old_file && w->pieces[i].previous != NONE)
			sever(w, old_file, w->pieces[i].previous);
	for (int stream = 0; stream < 2; stream++) {
		if (l->open_message[stream] != NONE)
			sever(w, old_file, l->open_message[stream]);
		l->open_message[stream] = NONE;
	}
	if (w->rules.has_holes && world_chance(w, 50)) {
		CHECKED(ftruncate(l->fd, (off_t)old.size));
		w->files[l->file].size = old.size;
	}
}

/* ---- the whole ---- */

static int some_log(struct world *w, bool must_live)
{
	for (int tries = 0; tries < 50 && w->log_count; tries++) {
		int log = (int)world_random(w, (uint64_t)w->log_count);
		if (must_live ? w->logs[log].fd >= 0 : !w->logs[log].is_removed)
			return log;
	}
	return NONE;
}

void world_act(struct world *w)
{
	uint64_t dice = world_random(w, 100);
	int living = 0, log = some_log(w, true);
	for (int i = 0; i < w->pod_count; i++)
		living += !w->pods[i].is_removed;
	if (living == 0 || (living < 2 && dice < 3)) {
		new_pod(w);
	} else if (living > 1 && dice < 3) {
		remove_pod(w, w->pods[0].is_removed ? w->pod_count - 1 : 0);
	} else if (log == NONE) {
		new_pod(w);
	} else if (dice < 6) {
		restart_container(w, log);
	} else if (dice < 24) {
		rotate(w, log);
	} else if (dice < 26) {
		trim_rotated(w, log, (int)world_random(w, 3));
	} else if (dice < 30 && w->rules.has_cuts) {
		cut(w, log);
	} else {
		append(w, log);
	}
}

void world_finish_lines(struct world *w)
{
	for (int i = 0; i < w->log_count; i++) {
		if (w->logs[i].fd < 0)
			continue;
		complete_half(w, &w->logs[i]);
		for (int stream = 0; stream < 2; stream++)
			if (w->logs[i].open_message[stream] != NONE)
				write_piece(w, i, stream, true);
	}
}

static int64_t base_of_timestamps(void)
{
	struct tm t = { .tm_year = 126, .tm_mon = 10, .tm_mday = 21, .tm_hour = 9 };
	return (int64_t)timegm(&t) * 1000000000;
}

void world_open(struct world *w, uint64_t seed, const char *root)
{
	*w = (struct world){ .random = seed * 0x2545f4914f6cdd1du + 1, .base_ns = base_of_timestamps() };
	snprintf(w->root, sizeof w->root, "%s", root);
	snprintf(w->pods_path, sizeof w->pods_path, "%s/pods", root);
	CHECKED(mkdir(w->pods_path, 0755));
}

void world_close(struct world *w)
{
	for (int i = 0; i < w->pod_count; i++)
		if (!w->pods[i].is_removed)
			remove_pod(w, i);
	CHECKED(rmdir(w->pods_path));
	for (int i = 0; i < w->piece_count; i++)
		free(w->pieces[i].text);
	free(w->pieces);
	free(w->files);
}
