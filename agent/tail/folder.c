/* folder_scan is the truth that inotify only hints at. It lists the folder, groups names by log, sorts each log's files oldest
 * first and lays them beside the generations that are known:
 *
 *   listing   0.log.20261121-090000.gz   0.log.20261121-090010   0.log
 *   known     (same head, was plain)     same inode              new
 *
 * Files older than the newest known one were read in an earlier life: left alone. Files newer than it are new. */
#include "agent/tail/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/tail/listing.h"
#include "agent/tail/tail.h"
#include "parsers/bytes/hash.h"

struct folder *folder_new(struct tail *tail, const char *path)
{
	struct folder *f = calloc(1, sizeof *f);
	if (!f || !(f->path = strdup(path)))
		abort();
	f->tail = tail;
	f->root_fd = -1;
	f->needs_scan = true;
	return f;
}

static void want_free(struct want *w)
{
	free(w->base);
	free(w->shown_path);
	free(w->namespace_);
	free(w->pod);
	free(w->container);
	free(w);
}

void folder_free(struct folder *f)
{
	for (struct source *s = f->sources, *next; s; s = next) {
		next = s->next;
		while (s->oldest)
			tail_forget_generation(f->tail, s->oldest);
		source_free(s);
		f->tail->sources--;
	}
	for (struct want *w = f->wants, *next; w; w = next) {
		next = w->next;
		want_free(w);
	}
	pace_forget(f->tail, f);
	if (f->watch > 0 && f->tail->watch)
		watch_remove(f->tail->watch, f->watch);
	if (f->owns_root_fd)
		os_close(f->root_fd);
	free(f->relative);
	free(f->path);
	free(f);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static char *copy_text(const char *s)
{
	char *copy = s ? strdup(s) : NULL;
	if (s && !copy)
		abort();
	return copy;
}

void folder_want(struct folder *f, const struct want *want)
{
	for (const struct want *w = f->wants; w; w = w->next)
		if (w->job == want->job && w->labels == want->labels && str_eq(w->glob, want->glob) && same_text(w->base, want->base))
			return;
	struct want *w = malloc(sizeof *w), **last = &f->wants;
	if (!w)
		abort();
	*w = *want;
	w->next = NULL;
	w->base = copy_text(want->base);
	w->shown_path = copy_text(want->shown_path);
	w->namespace_ = copy_text(want->namespace_);
	w->pod = copy_text(want->pod);
	w->container = copy_text(want->container);
	while (*last)
		last = &(*last)->next;
	*last = w;
	f->needs_scan = true;
}

static int open_name(const struct folder *f, const char *name)
{
	char path[4096];
	if (snprintf(path, sizeof path, "%s%s%s", f->relative ? f->relative : "", f->relative && *f->relative ? "/" : "", name) >= (int)sizeof path)
		return -ENAMETOOLONG;
	return os_open_beneath(f->root_fd, path);
}

/* Why a file is not read, for people. What passes by itself (-ESTALE: a rename that the next look sorts out) is no refusal. */
static void refuse(struct generation *g, int error)
{
	char path[4096 + NAME_ROOM];
	const char *why = error == -ELOOP    ? "a symbolic link that leads out of the log folders; it is not read"
			  : error == -EINVAL ? "not a regular file; it is not read"
					     : strerror(-error);
	snprintf(g->error, sizeof g->error, "%s", why);
	snprintf(path, sizeof path, "%s/%s", g->source->folder->path, g->name);
	if (error != -ESTALE && error != -ENOENT)
		tail_refuse(g->source->folder->tail, path, why);
}

/* First bytes of a compressed file, uncompressed: what it has in common with the plain file that it was made of. */
static struct str gz_head(int fd, char head[IDENTITY_HEAD_BYTES])
{
	struct gz *gz = gz_open(fd);
	ssize_t got = gz ? gz_read(gz, head, IDENTITY_HEAD_BYTES) : 0;
	gz_close(gz);
	return (struct str){ head, got > 0 ? (size_t)got : 0 };
}

static void identify_gz(struct generation *g, int fd, const struct os_file *st)
{
	char bytes[IDENTITY_HEAD_BYTES];
	struct str head = gz_head(fd, bytes);
	g->identity = (struct identity){ .dev = st->dev, .ino = st->ino, .birth_ns = st->birth_ns, .head_bytes = (uint32_t)head.n };
	g->identity.head_hash = hash_bytes(head);
}

int folder_open(struct generation *g)
{
	if (g->fd >= 0) {
		tail_touch(g->source->folder->tail, g);
		return 0;
	}
	if (g->is_gone)
		return -ESTALE;
	struct os_file st;
	int fd = open_name(g->source->folder, g->name);
	int error = fd < 0 ? fd : os_stat_fd(fd, &st);
	if (error >= 0 && !st.is_regular)
		error = -EINVAL;
	if (error >= 0 && g->identity.ino && !identity_same_inode(&g->identity, &st))
		error = -ESTALE;
	if (error >= 0 && (!g->identity.ino || g->identity.head_bytes < IDENTITY_HEAD_BYTES) && !g->is_gz)
		error = identity_read(fd, &g->identity);
	if (error < 0) {
		if (fd >= 0)
			os_close(fd);
		refuse(g, error);
		return error;
	}
	if (g->is_gz && !g->identity.ino)
		identify_gz(g, fd, &st);
	g->error[0] = '\0';
	g->size_bytes = st.size_bytes;
	if (!tail_lru_add(g->source->folder->tail, g)) { /* deleted files hold all of them: later, when those are read */
		os_close(fd);
		return -EMFILE;
	}
	g->fd = fd;
	return 0;
}

/* ---- known generations ---- */

/* Was the file cut since it was last looked at? Then what is known about it (size, head) is kept: the next read finds out, and what went
 * unread is counted by that size. */
static bool is_cut(const struct generation *g, uint64_t size_bytes)
{
	char head[IDENTITY_HEAD_BYTES];
	if (g->is_gz || g->is_abandoned || g->fd < 0 || size_bytes == g->size_bytes)
		return false;
	ssize_t got = os_pread(g->fd, head, g->identity.head_bytes, 0);
	if (got >= 0 && !identity_head_matches(&g->identity, (struct str){ head, (size_t)got }))
		return true;
	for (size_t lane = 0; lane < g->lanes; lane++)
		if (!frontier_check(g->fd, &g->cursors[lane].last_read))
			return true;
	return false;
}

/* Also of a closed one: by its head it is known again when it comes back compressed. */
static void refresh_head(struct generation *g)
{
	struct identity now;
	int fd = g->fd >= 0 ? g->fd : open_name(g->source->folder, g->name);
	if (fd < 0)
		return;
	if (identity_read(fd, &now) == 0 && now.dev == g->identity.dev && now.ino == g->identity.ino)
		g->identity = now;
	if (fd != g->fd)
		os_close(fd);
}

static void take_size(struct generation *g, uint64_t size_bytes)
{
	if (is_cut(g, size_bytes))
		return;
	if (!g->is_gz && size_bytes < g->size_bytes) /* cut behind what was read: nothing to read anew */
		g->source->folder->tail->o.counters->bytes_lost[LOST_TRUNCATED] += g->size_bytes - size_bytes;
	g->size_bytes = size_bytes;
	if (!g->is_gz && !g->is_abandoned && g->identity.head_bytes < IDENTITY_HEAD_BYTES && g->identity.head_bytes < size_bytes)
		refresh_head(g);
}

static void follow(struct generation *g, const struct listed *file)
{
	struct tail *t = g->source->folder->tail;
	if (strcmp(g->name, file->name) != 0) {
		free(g->name);
		g->name = strdup(file->name);
		if (!g->name)
			abort();
		t->o.counters->files_rotated++;
	}
	g->stamp = file->stamp;
	g->is_seen = true;
	g->is_gone = g->must_wait = false;
	bool has_news = file->st.size_bytes != g->size_bytes || g->error[0]; /* an error is tried again at every look */
	take_size(g, file->st.size_bytes);
	for (size_t lane = 0; lane < g->lanes; lane++)
		if (has_news)
			g->cursors[lane].is_at_end = g->is_abandoned;
}

/* A file on a file system without birth times may have taken over the inode of one that we no longer hold open. */
static bool is_same_file(struct folder *f, struct generation *g, const struct listed *file)
{
	if (!identity_same_inode(&g->identity, &file->st))
		return false;
	if (g->fd >= 0 || (g->identity.birth_ns && file->st.birth_ns))
		return true;
	char head[IDENTITY_HEAD_BYTES];
	int fd = open_name(f, file->name);
	ssize_t got = fd < 0 ? -1 : os_pread(fd, head, sizeof head, 0);
	if (fd >= 0)
		os_close(fd);
	return got < 0 || identity_head_matches(&g->identity, (struct str){ head, (size_t)got });
}

/* Its name is gone, but it is still open: what came between the last look and the unlink is in it, and its head, which may have been
 * short or empty when it was last seen, is what tells its compressed copy. */
static void look_through(struct generation *g)
{
	struct os_file st;
	if (g->fd < 0 || g->is_gz || g->is_abandoned || os_stat_fd(g->fd, &st) < 0)
		return;
	if (st.size_bytes == g->size_bytes)
		return;
	take_size(g, st.size_bytes);
	for (size_t lane = 0; lane < g->lanes; lane++)
		g->cursors[lane].is_at_end = false;
}

static void match_known(struct folder *f, struct source *s, struct listed *files, size_t count)
{
	for (struct generation *g = s->oldest; g; g = g->next) {
		g->is_seen = false;
		for (size_t i = 0; i < count && !g->is_seen && !g->is_abandoned; i++) {
			if (files[i].generation || files[i].is_gz != g->is_gz || !is_same_file(f, g, &files[i]))
				continue;
			files[i].generation = g;
			follow(g, &files[i]);
		}
		if (g->is_seen)
			continue;
		g->is_gone = true; /* from here on: opening the new files below must not close this one to make room */
		look_through(g);
	}
}

/* ---- adoption from the checkpoint ---- */

static const struct checkpoint_position *position_of(const struct checkpoint_row *row, struct str lane)
{
	for (size_t i = 0; i < row->position_count; i++)
		if (str_eq(row->positions[i].destination, lane))
			return &row->positions[i];
	return NULL;
}

static bool frontiers_fit(int fd, const struct checkpoint_row *row)
{
	for (size_t i = 0; i < row->position_count; i++)
		if (!frontier_check(fd, &row->positions[i].acked))
			return false;
	return true;
}

static struct generation *make(struct source *s, const struct listed *file)
{
	struct generation *g = generation_new(s, s->lanes, file->name);
	g->stamp = file->stamp;
	g->is_gz = file->is_gz;
	g->is_seen = true;
	g->size_bytes = file->st.size_bytes;
	s->folder->tail->generations++;
	return g;
}

static void adopt(struct source *s, struct listed *file, struct checkpoint_row *row)
{
	struct generation *g = make(s, file);
	struct tail *t = s->folder->tail;
	g->identity = row->identity;
	if (g->is_gz) { /* the copy has an inode of its own; the head is what they share */
		g->identity.dev = file->st.dev;
		g->identity.ino = file->st.ino;
		g->identity.birth_ns = file->st.birth_ns;
	}
	for (size_t lane = 0; lane < s->lanes; lane++) {
		const struct checkpoint_position *p = position_of(row, t->o.lanes[lane]);
		if (p)
			cursor_set_start(&g->cursors[lane], &p->acked);
	}
	file->generation = g;
	row->is_adopted = true;
}

static bool row_fits_plain(struct folder *f, const struct listed *file, const struct checkpoint_row *row)
{
	if (!identity_same_inode(&row->identity, &file->st))
		return false;
	char head[IDENTITY_HEAD_BYTES];
	int fd = open_name(f, file->name);
	if (fd < 0)
		return false;
	ssize_t got = os_pread(fd, head, sizeof head, 0);
	bool fits = got >= 0 && identity_head_matches(&row->identity, (struct str){ head, (size_t)got }) && frontiers_fit(fd, row);
	os_close(fd);
	return fits;
}

static void adopt_plain(struct folder *f, struct source *s, struct listed *files, size_t count, struct checkpoint_row *rows)
{
	for (struct checkpoint_row *row = rows; row; row = row->next)
		for (size_t i = 0; i < count && !row->is_adopted; i++) {
			if (files[i].generation || files[i].is_gz)
				continue;
			if (row_fits_plain(f, &files[i], row))
				adopt(s, &files[i], row);
			else /* the same file by its birth, with other content: new, but those before it are not */
				files[i].was_cut |= row->identity.birth_ns && identity_same_inode(&row->identity, &files[i].st);
		}
}

/* A compressed file is the copy of a generation that we know when their heads are the same. */
static void match_gz(struct folder *f, struct source *s, struct listed *file, struct checkpoint_row *rows)
{
	bool is_anyone_missing = false;
	for (struct generation *g = s->oldest; g; g = g->next)
		is_anyone_missing |= !g->is_seen && !g->is_gz;
	for (struct checkpoint_row *row = rows; row; row = row->next)
		is_anyone_missing |= !row->is_adopted;
	if (!is_anyone_missing)
		return;
	char bytes[IDENTITY_HEAD_BYTES];
	int fd = open_name(f, file->name);
	struct str head = fd < 0 ? (struct str){ 0 } : gz_head(fd, bytes);
	os_close(fd);
	if (head.n == 0)
		return;
	for (struct generation *g = s->oldest; g; g = g->next)
		if (!g->is_seen && !g->is_gz && g->identity.head_bytes && identity_head_matches(&g->identity, head)) {
			file->generation = g; /* still read through the open file, where there is one */
			return;
		}
	for (struct checkpoint_row *row = rows; row; row = row->next)
		if (!row->is_adopted && row->identity.head_bytes && identity_head_matches(&row->identity, head)) {
			adopt(s, file, row);
			return;
		}
}

/* A generation that went to .gz while its file was closed (it had been read to the end, else it would be open): if bytes came
 * after that, they are in the .gz. */
static void reopen_as_gz(struct generation *g, const struct listed *file)
{
	if (g->fd >= 0 || g->is_gz || generation_is_finished(g))
		return;
	free(g->name);
	g->name = strdup(file->name);
	if (!g->name)
		abort();
	g->is_gz = g->is_seen = true;
	g->is_gone = false;
	g->identity.dev = file->st.dev;
	g->identity.ino = file->st.ino;
	g->identity.birth_ns = file->st.birth_ns;
	for (size_t lane = 0; lane < g->lanes; lane++)
		g->cursors[lane].is_at_end = false;
}

static void count_lost_rows(struct source *s, struct checkpoint_row *rows)
{
	for (struct checkpoint_row *row = rows; row; row = row->next) {
		if (!row->is_adopted)
			s->folder->tail->o.counters->bytes_lost[LOST_ROTATED_WHILE_DOWN] += checkpoint_unread(row);
		row->is_adopted = true; /* said once */
	}
}

/* ---- one log ---- */

static void note_vanished(struct source *s)
{
	for (struct generation *g = s->oldest, *next; g; g = next) {
		next = g->next;
		if (g->is_seen)
			continue;
		g->is_gone = true;
		/* Closed and gone: whatever was not read of it cannot be read any more. */
		if (g->fd < 0 && !g->is_abandoned && !generation_is_finished(g)) {
			uint64_t read = UINT64_MAX;
			bool is_read = true;
			for (size_t lane = 0; lane < g->lanes; lane++) {
				read = g->cursors[lane].read < read ? g->cursors[lane].read : read;
				is_read &= g->cursors[lane].is_at_end;
			}
			uint64_t unread = g->is_gz ? (is_read ? 0 : g->size_bytes) : g->size_bytes > read ? g->size_bytes - read : 0;
			tail_abandon(s->folder->tail, g, LOST_DELETED_UNREAD, unread);
		}
		if (generation_is_over(g))
			tail_forget_generation(s->folder->tail, g);
	}
}

static void append_new(struct source *s, struct listed *files, size_t count, bool is_known, int64_t now_ns)
{
	size_t first_new = 0;
	for (size_t i = 0; i < count; i++)
		if (files[i].generation)
			first_new = i + 1;
		else if (files[i].was_cut)
			first_new = i;
	/* At first sight of a plain log its rotated files are history; a pod's rotated files are all of this container's life. */
	if (first_new == 0 && !is_known && !s->is_pod)
		while (first_new < count && files[first_new].stamp != UINT64_MAX)
			first_new++;
	for (size_t i = 0; i < count; i++) {
		struct generation *g = files[i].generation;
		bool is_in_list = false;
		for (struct generation *known = s->oldest; known && g; known = known->next)
			is_in_list |= known == g;
		if (is_in_list || (!g && i < first_new))
			continue;
		if (!g)
			g = make(s, &files[i]);
		g->starts_over |= files[i].was_cut;
		source_append(s, g, now_ns);
		if (folder_open(g) >= 0)
			s->folder->tail->o.counters->files_opened++;
	}
}

static void scan_source(struct folder *f, struct source *s, struct listed *files, size_t count, int64_t now_ns)
{
	struct checkpoint_row *rows = s->was_scanned ? NULL : checkpoint_rows(&f->tail->checkpoint, str_of(s->path));
	bool is_known = s->was_scanned || rows;
	match_known(f, s, files, count);
	adopt_plain(f, s, files, count, rows);
	for (size_t i = 0; i < count; i++)
		if (!files[i].generation && files[i].is_gz) {
			match_gz(f, s, &files[i], rows);
			if (files[i].generation && !files[i].generation->is_seen)
				reopen_as_gz(files[i].generation, &files[i]);
		}
	count_lost_rows(s, rows);
	append_new(s, files, count, is_known, now_ns);
	note_vanished(s);
	s->was_scanned = true;
	tail_queue_all(f->tail, s);
}

/* ---- the folder ---- */

static struct source *source_of(struct folder *f, const struct listed *file)
{
	for (struct source *s = f->sources; s; s = s->next)
		if (str_eq(str_of(s->base), file->base))
			return s;
	char base[NAME_ROOM];
	snprintf(base, sizeof base, STR_FMT, STR_ARG(file->base));
	struct source *s = source_new(f, f->path, base, f->tail->o.lane_count);
	s->is_pod = f->is_pod || (file->want && file->want->pod);
	s->want = file->want;
	s->job = file->job->job_name;
	s->format = (int)file->job->format;
	s->namespace_ = f->is_pod ? f->namespace_ : str_of(file->want->namespace_);
	s->pod = f->is_pod ? f->pod : str_of(file->want->pod);
	s->container = f->is_pod ? f->container : str_of(file->want->container);
	s->next = f->sources;
	f->sources = s;
	f->tail->sources++;
	f->tail->o.describe(f->tail->o.ctx, s);
	return s;
}

static void vanish_all(struct folder *f)
{
	f->is_gone = true;
	for (struct source *s = f->sources; s; s = s->next) {
		match_known(f, s, NULL, 0);
		note_vanished(s);
		tail_queue_all(f->tail, s);
	}
}

int folder_scan(struct folder *f, int64_t now_ns)
{
	struct listing listing = { 0 };
	f->needs_scan = false;
	int error = listing_read(&listing, f);
	if (error == -ENOENT || error == -ENOTDIR) {
		vanish_all(f);
	} else if (error >= 0) {
		f->is_gone = false;
		for (struct source *s = f->sources; s; s = s->next)
			s->is_listed = false;
		for (size_t i = 0, n; i < listing.count; i += n) {
			struct listed *first = &listing.at[i];
			for (n = 1; i + n < listing.count && str_eq(first[n].base, first->base);)
				n++;
			struct source *s = source_of(f, first);
			s->is_listed = true;
			scan_source(f, s, first, n, now_ns);
		}
		for (struct source *s = f->sources; s; s = s->next)
			if (!s->is_listed)
				scan_source(f, s, NULL, 0, now_ns);
	}
	listing_free(&listing);
	return error;
}

bool folder_sweep(struct folder *f)
{
	for (struct source **at = &f->sources, *s; (s = *at);) {
		bool is_queued = false;
		for (size_t lane = 0; lane < s->lanes; lane++)
			is_queued |= s->lane[lane].is_queued;
		if (s->oldest || is_queued || (s->is_listed && !f->is_gone)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		source_free(s);
		f->tail->sources--;
	}
	return f->is_gone && !f->sources;
}
