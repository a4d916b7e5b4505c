/* Which generation is that file? Against what is known in this life (inode, birth, head, size), against the checkpoint (the same, and
 * the bytes before each saved offset), and for a compressed copy by the uncompressed head that both share. */
#include "agent/tail/recognise.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/tail/tail.h"
#include "parsers/kubernetes/podpath.h"

/* ---- against what is known ---- */

/* The open file of g, or one that is to be closed by give_back; -1: its name leads to another one by now, or nowhere. */
static int borrow(const struct generation *g)
{
	struct os_file st;
	int fd = g->fd >= 0 ? g->fd : folder_open_name(g->source->folder, g->name);
	if (fd < 0 || fd == g->fd || (os_stat_fd(fd, &st) >= 0 && st.dev == g->identity.dev && st.ino == g->identity.ino))
		return fd;
	os_close(fd);
	return -1;
}

static void give_back(const struct generation *g, int fd)
{
	if (fd != g->fd)
		os_close(fd);
}

static bool has_other_bytes(const struct generation *g, int fd)
{
	char head[IDENTITY_HEAD_BYTES];
	ssize_t got = os_pread(fd, head, g->identity.head_bytes, 0);
	if (got >= 0 && !identity_head_matches(&g->identity, (struct str){ head, (size_t)got }))
		return true;
	for (size_t lane = 0; lane < g->lanes; lane++)
		if (!frontier_check(fd, &g->cursors[lane].last_read))
			return true;
	return false;
}

/* Was the file cut since it was last looked at? Then what is known about it (size, head) is kept: the next read finds out, and what went
 * unread is counted by that size. */
static bool is_cut(const struct generation *g, uint64_t size_bytes)
{
	if (g->is_gz || g->is_abandoned || size_bytes == g->size_bytes)
		return false;
	for (size_t lane = 0; lane < g->lanes; lane++)
		if (size_bytes < g->cursors[lane].read)
			return true;
	int fd = borrow(g);
	bool is_other = fd >= 0 && has_other_bytes(g, fd);
	give_back(g, fd);
	return is_other;
}

/* Also of a closed one: by its head it is known again when it comes back compressed. */
static void refresh_head(struct generation *g)
{
	struct identity now;
	int fd = borrow(g);
	if (fd < 0)
		return;
	if (identity_read(fd, &now) == 0) {
		if (now.head_bytes > g->identity.head_bytes)
			source_note_unsaved(g); /* by the head alone its compressed copy is told */
		g->identity = now;
	}
	give_back(g, fd);
}

void recognise_size(struct generation *g, uint64_t size_bytes)
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
	recognise_size(g, file->st.size_bytes);
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
	int fd = folder_open_name(f, file->name);
	ssize_t got = fd < 0 ? -1 : g->is_gz ? (ssize_t)folder_gz_head(fd, g->is_bz2, head).n : os_pread(fd, head, sizeof head, 0);
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
	bool has_news = st.size_bytes != g->size_bytes;
	recognise_size(g, st.size_bytes);
	for (size_t lane = 0; lane < g->lanes && has_news; lane++)
		g->cursors[lane].is_at_end = false;
}

void recognise_known(struct folder *f, struct source *s, struct listed *files, size_t count)
{
	for (struct generation *g = s->oldest; g; g = g->next) {
		g->is_seen = false;
		for (size_t i = 0; i < count && !g->is_seen && (!g->is_abandoned || s->is_packed); i++) {
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

static void note_form(struct generation *g, const struct listed *file)
{
	g->is_bz2 = g->source->is_packed ? g->source->is_bz2 : file->is_bz2;
	g->source->has_bz2 |= g->is_bz2;
}

struct generation *recognise_new(struct source *s, const struct listed *file)
{
	struct generation *g = generation_new(s, s->lanes, file->name);
	g->stamp = file->stamp;
	g->is_gz = file->is_gz;
	note_form(g, file);
	g->is_seen = true;
	g->size_bytes = file->st.size_bytes;
	/* Which file was meant, from here on: by the time it is opened, a rotation may have given its name to another. */
	g->identity = (struct identity){ .dev = file->st.dev, .ino = file->st.ino, .birth_ns = file->st.birth_ns };
	s->folder->tail->generations++;
	/* Its row is to be there before that of a newer file is: without one it would be taken for history at the next start. */
	source_note_unsaved(g);
	return g;
}

static void adopt(struct source *s, struct listed *file, struct checkpoint_row *row)
{
	struct generation *g = recognise_new(s, file);
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
	file->row = row;
	row->is_adopted = true;
}

static bool row_fits_plain(struct folder *f, const struct listed *file, const struct checkpoint_row *row)
{
	if (!identity_same_inode(&row->identity, &file->st))
		return false;
	char head[IDENTITY_HEAD_BYTES];
	int fd = folder_open_name(f, file->name);
	if (fd < 0)
		return false;
	ssize_t got = os_pread(fd, head, sizeof head, 0);
	bool fits = got >= 0 && identity_head_matches(&row->identity, (struct str){ head, (size_t)got }) && frontiers_fit(fd, row);
	os_close(fd);
	return fits;
}

void recognise_saved(struct folder *f, struct source *s, struct listed *files, size_t count, struct checkpoint_row *rows)
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

/* Of a file that was cut the head is kept as it was until the next read finds out (recognise_size). When the file is compressed before that read
 * comes, only the open file still tells. */
static bool is_copied_in(const struct generation *g, struct str head)
{
	char now[IDENTITY_HEAD_BYTES];
	if (g->identity.head_bytes && identity_head_matches(&g->identity, head))
		return true;
	ssize_t got = g->fd >= 0 ? os_pread(g->fd, now, sizeof now, 0) : -1;
	return got >= (ssize_t)head.n && memcmp(now, head.p, head.n) == 0;
}

/* The first bytes, unpacked. */
static struct str head_of(struct folder *f, const struct source *s, const struct listed *file, char bytes[IDENTITY_HEAD_BYTES])
{
	bool is_bz2 = s->is_packed ? s->is_bz2 : file->is_bz2;
	struct str head = { 0 };
	if (is_bz2 && bz2_heads_find(f->tail->bz2_heads, &file->st, &head))
		return head;
	int fd = folder_open_name(f, file->name);
	if (fd >= 0)
		head = folder_gz_head(fd, is_bz2, bytes);
	os_close(fd);
	if (is_bz2 && head.n)
		bz2_heads_put(&f->tail->bz2_heads, &file->st, head);
	return head;
}

/* A packed log that is the same file by its birth, or of which nothing was read, needs no unpacking to be known again: what was read of it the
 * next read compares. */
static bool adopt_packed(struct source *s, struct listed *file, struct checkpoint_row *rows)
{
	for (struct checkpoint_row *row = rows; row; row = row->next)
		if (!row->is_adopted && identity_same_inode(&row->identity, &file->st) && (row->identity.birth_ns || !row->identity.head_bytes)) {
			adopt(s, file, row);
			return true;
		}
	return false;
}

/* A compressed file is the copy of a generation that we know when their heads are the same. */
void recognise_gz(struct folder *f, struct source *s, struct listed *file, struct checkpoint_row *rows)
{
	bool is_anyone_missing = false;
	file->is_empty = false;
	for (struct generation *g = s->oldest; g; g = g->next)
		is_anyone_missing |= !g->is_seen && !g->is_gz;
	for (struct checkpoint_row *row = rows; row; row = row->next)
		is_anyone_missing |= !row->is_adopted;
	if (!is_anyone_missing || (s->is_packed && adopt_packed(s, file, rows)))
		return;
	char bytes[IDENTITY_HEAD_BYTES];
	struct str head = head_of(f, s, file, bytes);
	file->is_empty = head.n == 0;
	if (head.n == 0)
		return;
	for (struct generation *g = s->oldest; g; g = g->next)
		if (!g->is_seen && !g->is_gz && is_copied_in(g, head)) {
			file->generation = g; /* still read through the open file, where there is one */
			return;
		}
	for (struct checkpoint_row *row = rows; row; row = row->next)
		if (!row->is_adopted && row->identity.head_bytes && identity_head_matches(&row->identity, head)) {
			adopt(s, file, row);
			return;
		}
}

/* Has the copy more than was read of the file? A gzip file ends with its length, unpacked; of a bzip2 file reading on will tell. */
static bool has_more(const struct generation *g, const struct listed *file)
{
	unsigned char end[4] = { 0 };
	uint64_t n = file->st.size_bytes;
	int fd = n < sizeof end ? -1 : folder_open_name(g->source->folder, file->name);
	bool is_known = fd >= 0 && os_pread(fd, end, sizeof end, n - sizeof end) == sizeof end;
	os_close(fd);
	uint32_t length = (uint32_t)end[0] | (uint32_t)end[1] << 8 | (uint32_t)end[2] << 16 | (uint32_t)end[3] << 24;
	for (size_t lane = 0; lane < g->lanes && is_known; lane++)
		if ((uint32_t)g->cursors[lane].read != length)
			return true;
	return !is_known;
}

/* A generation that went to .gz while its file was closed: if bytes came after the last read, they are in the .gz. */
void recognise_reopen(struct generation *g, const struct listed *file)
{
	if (g->fd >= 0 || g->is_gz || g->is_abandoned || (generation_is_finished(g) && !has_more(g, file)))
		return;
	free(g->name);
	g->name = strdup(file->name);
	if (!g->name)
		abort();
	g->is_gz = g->is_seen = true;
	note_form(g, file);
	g->is_gone = false;
	g->identity.dev = file->st.dev;
	g->identity.ino = file->st.ino;
	g->identity.birth_ns = file->st.birth_ns;
	for (size_t lane = 0; lane < g->lanes; lane++)
		g->cursors[lane].is_at_end = false;
	struct tail *t = g->source->folder->tail;
	t->is_dirty = t->needs_snapshot = true;
}

/* The file that row fits, or that was cut since, from `from` on; count: there is none. */
static size_t place_of(const struct listed *files, size_t from, size_t count, const struct checkpoint_row *row)
{
	while (from < count && files[from].row != row && !(files[from].was_cut && identity_same_inode(&row->identity, &files[from].st)))
		from++;
	return from;
}

/* Is the file that of one of the rows from `row` to before `end`, none of which fits any? A name that the kubelet has given to a rotated file
 * stays, but for its ending. */
static bool is_of_missing(const struct listed *file, const struct checkpoint_row *row, const struct checkpoint_row *end)
{
	struct podlog log;
	if (file->generation || file->is_empty || !file->st.size_bytes)
		return false;
	for (; row != end; row = row->next) {
		bool is_fixed = podpath_log(row->name, &log) && log.stamp;
		if (!row->is_adopted && row->identity.head_bytes && (!is_fixed || str_starts(str_of(file->name), row->name)))
			return true;
	}
	return false;
}

/* Rows are in the order of their files, and what is older than an unfinished file is read: so of the files between two that are known the
 * youngest are those of the rows in between. One that was rotated empty stays so. */
void recognise_between(struct listed *files, size_t count, const struct checkpoint_row *rows)
{
	const struct checkpoint_row *first = rows;
	size_t missing = 0, from = 0;
	for (const struct checkpoint_row *row = rows; row; row = row->next) {
		size_t at = place_of(files, from, count, row);
		if (at == count) {
			missing += !row->is_adopted && row->identity.head_bytes;
			continue;
		}
		for (size_t i = at; i-- > from && missing;) {
			bool is_it = is_of_missing(&files[i], first, row);
			missing -= is_it;
			files[i].was_cut |= is_it;
		}
		first = row->next;
		missing = 0;
		from = at + 1;
	}
}

void recognise_lost(struct source *s, struct checkpoint_row *rows)
{
	for (struct checkpoint_row *row = rows; row; row = row->next) {
		if (!row->is_adopted)
			s->folder->tail->o.counters->bytes_lost[LOST_ROTATED_WHILE_DOWN] += checkpoint_unread(row);
		row->is_adopted = true; /* said once */
	}
}
