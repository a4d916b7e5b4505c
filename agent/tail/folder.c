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
#include "agent/tail/pod_gate.h"
#include "agent/tail/pod_wants.h"
#include "agent/tail/recognise.h"
#include "agent/tail/tail.h"
#include "parsers/bytes/hash.h"

enum { LISTED_SLACK_S = 60 }; /* between a look and what is written down of it */

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
		pod_wants_forget(f, w);
	}
	pod_gate_forget(f);
	pace_forget(f->tail, f);
	if (f->watch > 0 && f->tail->watch)
		watch_remove(f->tail->watch, f->watch);
	if (f->owns_root_fd)
		os_close(f->root_fd);
	free(f->relative);
	free(f->path);
	free(f);
}

bool folder_want(struct folder *f, const struct want *like, const struct want *origin)
{
	struct want **last = &f->wants;
	for (; *last; last = &(*last)->next)
		if ((*last)->origin == origin && want_is_same(*last, like))
			return false;
	*last = want_new(like);
	(*last)->origin = origin;
	(*last)->is_listed = true;
	f->needs_scan = true;
	return true;
}

int folder_open_name(const struct folder *f, const char *name)
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
struct str folder_gz_head(int fd, bool is_bz2, char head[IDENTITY_HEAD_BYTES])
{
	struct gz *gz = gz_open(fd, is_bz2);
	ssize_t got = gz ? gz_read(gz, head, IDENTITY_HEAD_BYTES) : 0;
	gz_close(gz);
	return (struct str){ head, got > 0 ? (size_t)got : 0 };
}

static void identify_gz(struct generation *g, int fd, const struct os_file *st)
{
	char bytes[IDENTITY_HEAD_BYTES];
	struct str head = { bytes, 0 };
	if (!g->source->is_packed) /* of those the first read tells it */
		head = folder_gz_head(fd, g->is_bz2, bytes);
	g->identity = (struct identity){ .dev = st->dev, .ino = st->ino, .birth_ns = st->birth_ns, .head_bytes = (uint32_t)head.n };
	g->identity.head_hash = hash_bytes(head);
}

int folder_open(struct generation *g, bool is_next)
{
	if (g->fd >= 0) {
		tail_touch(g->source->folder->tail, g);
		return 0;
	}
	if (g->is_gone)
		return -ESTALE;
	struct os_file st;
	int fd = folder_open_name(g->source->folder, g->name);
	int error = fd < 0 ? fd : os_stat_fd(fd, &st);
	if (error >= 0 && !st.is_regular)
		error = -EINVAL;
	if (error >= 0 && g->identity.ino && !identity_same_inode(&g->identity, &st))
		error = -ESTALE;
	if (error >= 0 && g->identity.head_bytes == 0 && !g->is_gz) {
		error = identity_read(fd, &g->identity);
		source_note_unsaved(g);
	}
	if (error < 0) {
		if (fd >= 0)
			os_close(fd);
		refuse(g, error);
		return error;
	}
	if (g->is_gz && g->identity.head_bytes == 0)
		identify_gz(g, fd, &st);
	g->error[0] = '\0';
	if (!tail_lru_add(g->source->folder->tail, g, is_next)) { /* deleted files hold all of them: later, when those are read */
		os_close(fd);
		return -EMFILE;
	}
	g->fd = fd;
	if (st.size_bytes == g->size_bytes)
		return 0;
	/* Grown or cut while it was closed: the next scan would see nothing new, and other lanes are at its end. */
	recognise_size(g, st.size_bytes);
	for (size_t lane = 0; lane < g->lanes; lane++)
		g->cursors[lane].is_at_end = g->is_abandoned;
	tail_queue_all(g->source->folder->tail, g->source);
	return 0;
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
		if (source_may_forget(g))
			tail_forget_generation(s->folder->tail, g);
	}
}

/* It was complete when the log was last written down, with a row of its own if anything of it had been unread. */
static bool was_there(const struct source *s, const struct listed *file, const struct checkpoint_row *rows)
{
	int64_t seen_s = 0, slack_s = LISTED_SLACK_S + 2 * s->folder->tail->o.config->logs.target_config.sync_period_ms / 1000;
	for (; rows; rows = rows->next)
		seen_s = rows->seen_s > seen_s ? rows->seen_s : seen_s;
	return file->stamp <= s->listed_stamp || file->st.mtime_ns / 1000000000 < seen_s - slack_s;
}

/* The index of the first file that is not history: behind the newest one that is known. Where none is known, because this is the first look,
 * everything of a pod is new, and of a plain log only the live file; because all that were known are gone, whatever was not there at the last
 * look, in this life or before. One that was cut while nobody looked is new wherever it stands. */
static size_t first_new(const struct source *s, const struct listed *files, size_t count, bool is_known, const struct checkpoint_row *rows)
{
	size_t first = 0;
	for (size_t i = 0; i < count; i++)
		if (files[i].generation)
			first = i + 1;
		else if (files[i].was_cut)
			first = i;
	bool is_first_look = !is_known && !s->is_pod;
	if (first == 0)
		while (first < count && files[first].stamp != UINT64_MAX && !files[first].was_cut && (is_first_look || was_there(s, &files[first], rows)))
			first++;
	return first;
}

static void note_listed(struct source *s, const struct listed *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (files[i].stamp != UINT64_MAX && files[i].stamp > s->listed_stamp)
			s->listed_stamp = files[i].stamp;
}

static bool is_in_list(const struct source *s, const struct generation *g)
{
	const struct generation *known = s->oldest;
	while (known && known != g)
		known = known->next;
	return known != NULL;
}

static void append_new(struct source *s, struct listed *files, size_t count, bool is_known, const struct checkpoint_row *rows, int64_t now_ns)
{
	size_t history = first_new(s, files, count, is_known, rows);
	for (size_t i = 0; i < count; i++) {
		struct generation *g = files[i].generation;
		if (g ? is_in_list(s, g) : i < history && !files[i].was_cut)
			continue;
		if (!g)
			g = recognise_new(s, &files[i]);
		g->starts_over |= files[i].was_cut;
		source_append(s, g, now_ns);
		if (folder_open(g, false) >= 0)
			s->folder->tail->o.counters->files_opened++;
	}
}

static struct checkpoint_row *saved_rows(struct source *s);

static void scan_source(struct folder *f, struct source *s, struct listed *files, size_t count, int64_t now_ns)
{
	struct checkpoint_row *rows = s->was_scanned ? NULL : saved_rows(s);
	bool is_known = s->was_scanned || rows;
	recognise_known(f, s, files, count);
	recognise_saved(f, s, files, count, rows);
	for (size_t i = 0; i < count; i++)
		if (!files[i].generation && files[i].is_gz) {
			recognise_gz(f, s, &files[i], rows);
			if (files[i].generation && !files[i].generation->is_seen)
				recognise_reopen(files[i].generation, &files[i]);
		}
	recognise_between(files, count, rows);
	recognise_lost(s, rows);
	if (!s->was_scanned)
		is_known |= import_place(&f->tail->import, f, s, files, count, rows != NULL);
	append_new(s, files, count, is_known, rows, now_ns);
	note_listed(s, files, count);
	note_vanished(s);
	s->was_scanned = true;
	checkpoint_done(s->saved);
	s->saved = NULL;
	tail_queue_all(f->tail, s);
}

/* ---- who reads a log ---- */

static bool is_base(const struct source *s, struct str base, bool is_packed)
{
	return s->is_packed == is_packed && str_eq(str_of(s->base), base);
}

/* The source that reads the log for w, or for another one whose lines would be the same: native jobs read a log once. */
static struct source *reader_of(const struct folder *f, struct str base, const struct want *w)
{
	for (struct source *s = f->sources; s; s = s->next) {
		if (!is_base(s, base, want_is_packed(w)) || s->is_retired || !s->want)
			continue;
		bool is_same = s->want == w || (w->is_native && s->want->is_native);
		bool is_equal = s->want->job == w->job && s->want->state == WANT_READ && w->state == WANT_READ && s->target == w->target;
		if (is_same || is_equal)
			return s;
	}
	return NULL;
}

/* One that was read for the same job until just now has the progress that a new one begins with. */
static bool must_wait_for_retired(const struct folder *f, struct str base, const struct want *w)
{
	for (const struct source *s = f->sources; s; s = s->next)
		if (s->is_retired && is_base(s, base, want_is_packed(w)) && s->scrape == w->job->config)
			return true;
	return false;
}

static bool is_job(const void *ctx, struct str name)
{
	const struct tail *t = ctx;
	for (size_t i = 0; i < t->jobs.count; i++)
		if (str_eq(t->jobs.at[i].config->job_name, name))
			return true;
	return false;
}

static struct checkpoint_row *claim(const struct source *s, enum checkpoint_claim how)
{
	struct tail *t = s->folder->tail;
	struct checkpoint_owner owner = { .log = str_of(s->path), .job = s->job, .target = s->target, .is_job = is_job, .ctx = t };
	return checkpoint_claim(&t->checkpoint, &owner, how);
}

static struct checkpoint_row *saved_rows(struct source *s)
{
	for (enum checkpoint_claim how = CLAIM_EXACT; how < CLAIMS && !s->saved; how++)
		s->saved = claim(s, how);
	return s->saved;
}

struct source *source_beside(const struct source *s, bool (*has)(const struct source *other))
{
	struct source *other = s->folder->sources;
	while (other && !(other != s && strcmp(other->base, s->base) == 0 && has(other)))
		other = other->next;
	return other;
}

static bool is_reading(const struct source *other)
{
	return !other->is_waiting && !other->is_retired;
}

void source_leave(struct source *s)
{
	struct source *heir = s->lines ? source_beside(s, is_reading) : NULL;
	if (!heir || heir->lines)
		return;
	heir->lines = s->lines;
	s->lines = NULL;
}

void source_resolve(struct tail *t, struct source *s)
{
	s->is_waiting = false;
	s->target = s->want->target;
	t->o.describe(t->o.ctx, s);
	tail_queue_all(t, s);
	t->is_dirty = true;
	t->o.readable(t->o.ctx);
}

static void new_source(struct folder *f, struct str of, struct want *w)
{
	char base[NAME_ROOM];
	snprintf(base, sizeof base, STR_FMT, STR_ARG(of));
	struct source *s = source_new(f, f->path, base, f->tail->o.lane_count);
	s->is_pod = f->is_pod || w->pod.n;
	s->want = w;
	s->scrape = w->job->config;
	s->job = s->scrape->job_name;
	s->target = w->target;
	s->decoder = w->job->decoder;
	s->is_packed = want_is_packed(w);
	s->is_bz2 = s->is_packed && str_eq(s->scrape->decompression.format, STR("bz2"));
	s->read_at_ns = loop_now_ns(f->tail->o.loop) + s->scrape->decompression.initial_delay_ms * 1000000;
	s->format = (int)s->scrape->stages.format;
	s->namespace_ = f->is_pod ? f->namespace_ : w->namespace_;
	s->pod = f->is_pod ? f->pod : w->pod;
	s->container = f->is_pod ? f->container : w->container;
	s->is_waiting = w->state == WANT_WAITING || f->gate == POD_GATE_WAITING;
	s->is_listed = true;
	struct source **last = &f->sources; /* in the order of the wants: of two that could take what is left over the first does */
	while (*last)
		last = &(*last)->next;
	*last = s;
	f->tail->sources++;
	s->saved = claim(s, CLAIM_EXACT); /* each takes its own before anybody takes what is left over */
	if (!s->saved)
		s->saved = claim(s, CLAIM_RENAMED);
	if (!s->is_waiting)
		f->tail->o.describe(f->tail->o.ctx, s);
}

static void find_readers(struct folder *f, struct str base, bool is_packed)
{
	if (f->gate == POD_GATE_SHUT)
		return;
	if (f->is_pod && !is_packed)
		pod_wants_of(f, base);
	for (struct want *w = f->wants; w; w = w->next) {
		if (want_is_packed(w) != is_packed || !want_takes(w, f->path, base))
			continue;
		struct source *s = reader_of(f, base, w);
		if (s)
			s->is_listed = true;
		else if (!must_wait_for_retired(f, base, w))
			new_source(f, base, w);
	}
}

static bool needs_reader(struct folder *f, struct str base, bool is_packed)
{
	if (f->gate == POD_GATE_SHUT)
		return false;
	if (f->is_pod && !is_packed)
		pod_wants_of(f, base);
	for (const struct want *w = f->wants; w; w = w->next)
		if (want_is_packed(w) == is_packed && want_takes(w, f->path, base) && !reader_of(f, base, w))
			return true;
	return false;
}

/* All who read the log look at its files, each for itself. */
static void scan_log(struct folder *f, struct listed *files, size_t count, int64_t now_ns)
{
	struct str base = files->base;
	find_readers(f, base, files->is_packed);
	for (struct source *s = f->sources; s; s = s->next) {
		if (!is_base(s, base, files->is_packed) || !s->is_listed)
			continue;
		for (size_t i = 0; i < count; i++) {
			files[i].generation = NULL;
			files[i].row = NULL;
			files[i].was_cut = false;
		}
		scan_source(f, s, files, count, now_ns);
	}
}

/* ---- the folder ---- */

static void vanish_all(struct folder *f)
{
	f->is_gone = true;
	for (struct source *s = f->sources; s; s = s->next) {
		if (s->is_retired)
			continue;
		recognise_known(f, s, NULL, 0);
		note_vanished(s);
		tail_queue_all(f->tail, s);
	}
}

static bool is_same_listing(const struct listing *a, const struct listing *b)
{
	bool is_same = a->count == b->count;
	for (size_t i = 0; i < a->count && is_same; i++)
		is_same = strcmp(a->at[i].name, b->at[i].name) == 0 && a->at[i].st.ino == b->at[i].st.ino;
	return is_same;
}

static bool is_same_log(const struct listed *a, const struct listed *b)
{
	return a->is_packed == b->is_packed && str_eq(a->base, b->base);
}

static bool has_new_log(struct folder *f, const struct listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		if ((i == 0 || !is_same_log(&l->at[i], &l->at[i - 1])) && needs_reader(f, l->at[i].base, l->at[i].is_packed))
			return true;
	return false;
}

/* Names and what stands behind them are read one after the other: a rotation in between shows the new file under the name of the old
 * one. At the first look at a log, when nothing is known to tell them apart, two listings must agree. */
static int read_settled(struct listing *l, struct folder *f)
{
	enum { TRIES = 3 };
	int error = listing_read(l, f);
	bool is_settled = false;
	for (int i = 0; i < TRIES && error >= 0 && !is_settled && has_new_log(f, l); i++) {
		struct listing again = { 0 };
		error = listing_read(&again, f);
		is_settled = error >= 0 && is_same_listing(l, &again);
		listing_free(l);
		*l = again;
	}
	return error;
}

int folder_scan(struct folder *f, int64_t now_ns)
{
	struct listing listing = { 0 };
	f->needs_scan = false;
	for (struct want *w = f->wants; w; w = w->next)
		w->is_listed = w->origin || !w->base.n;
	int error = read_settled(&listing, f);
	if (error == -ENOENT || error == -ENOTDIR) {
		vanish_all(f);
	} else if (error >= 0) {
		f->is_gone = false;
		for (struct source *s = f->sources; s; s = s->next)
			s->is_listed = false;
		for (size_t i = 0, n; i < listing.count; i += n) {
			struct listed *first = &listing.at[i];
			for (n = 1; i + n < listing.count && is_same_log(&first[n], first);)
				n++;
			scan_log(f, first, n, now_ns);
		}
		for (struct source *s = f->sources; s; s = s->next)
			if (!s->is_listed && !s->is_retired)
				scan_source(f, s, NULL, 0, now_ns);
	}
	listing_free(&listing);
	return error;
}

bool folder_sweep(struct folder *f)
{
	for (struct source **at = &f->sources, *s; (s = *at);) {
		bool is_busy = source_is_holding(s); /* that goes out at its next turn */
		if (is_busy)
			tail_queue_all(f->tail, s);
		for (size_t lane = 0; lane < s->lanes; lane++)
			is_busy |= s->lane[lane].is_queued;
		if (s->oldest || is_busy || s->is_retired || (s->is_listed && !f->is_gone)) {
			at = &s->next;
			continue;
		}
		source_leave(s);
		*at = s->next;
		source_free(s);
		f->tail->sources--;
	}
	pod_wants_sweep(f);
	return f->is_gone && !f->sources;
}
