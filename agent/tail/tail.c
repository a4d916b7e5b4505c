/* Who speaks when: inotify says "something changed there"; a folder that changed is scanned, one that is written to is read by
 * the clock while it is busy (pace.c); a source that may have bytes is queued for every lane; the reader takes sources off its
 * queue in turn, one chunk each, so that a flood in one container cannot delay the others. */
#include "agent/tail/tail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "agent/tail/pod_gate.h"
#include "agent/tail/pod_wants.h"
#include "agent/tail/recognise.h"
#include "agent/tail/retire.h"
#include "agent/tail/targets.h"

static const int64_t MS = 1000000;
static const int64_t WATCH_PAUSE_NS = 50 * 1000000ll, POLL_NS = 1000 * 1000000ll;
static const uint64_t HELD_CAP_BYTES = 4ull << 30;
enum { SAVE_CAP_BYTES = 64 << 20, REFUSED_MAX = 10000 };

/* ---- folders ---- */

struct folder *tail_folder(struct tail *t, const char *path, bool make)
{
	struct folder *f = map_get(&t->folder_by_path, str_of(path));
	if (f || !make)
		return f;
	f = folder_new(t, path);
	map_put(&t->folder_by_path, str_of(f->path), f);
	f->next = t->folders;
	t->folders = f;
	return f;
}

static void poll_folder(struct tail *t, struct folder *f, int error)
{
	f->is_polled = true;
	if (error == -ENOENT)
		return;
	if (!t->is_polling)
		LOG_WARN("inotify: %s: falling back to looking every second; raise fs.inotify.max_user_watches to at least the number of containers",
			 strerror(-error));
	t->is_polling = true;
}

static void watch_folder(struct tail *t, struct folder *f)
{
	if (f->watch > 0 || f->is_polled)
		return;
	if (!t->watch) {
		f->is_polled = true;
		return;
	}
	f->watch = watch_add(t->watch, f->path, f);
	if (f->watch <= 0)
		poll_folder(t, f, f->watch);
}

static bool stop_at_once(void *ctx, const char *entry, unsigned char d_type)
{
	(void)ctx, (void)entry, (void)d_type;
	return false;
}

static void scan_folders(struct tail *t, bool all)
{
	int64_t now = loop_now_ns(t->o.loop);
	/* Scanning may find links that lead to new folders: those are put in front of the list and taken by a second round. */
	for (bool again = true; again;) {
		again = false;
		for (struct folder *f = t->folders; f; f = f->next) {
			if (!f->needs_scan && !all)
				continue;
			if (f->is_pod && !pod_wants_any(f)) { /* only to see its end */
				f->needs_scan = false;
				f->is_gone = f->watch <= 0 && os_list(f->root_fd, f->relative, stop_at_once, NULL) < 0;
				continue;
			}
			watch_folder(t, f);
			folder_scan(f, now);
			if (f->is_gone && f->is_polled)
				t->needs_discovery = true;
		}
		for (struct folder *f = t->folders; f && !again; f = f->next)
			again = f->needs_scan;
		all = false;
	}
	t->o.readable(t->o.ctx);
}

static void sweep(struct tail *t)
{
	for (struct folder **at = &t->folders, *f; (f = *at);) {
		if (!folder_sweep(f)) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		map_remove(&t->folder_by_path, str_of(f->path));
		targets_forget(t, f);
		folder_free(f);
	}
}

/* ---- queues ---- */

void tail_queue(struct tail *t, struct source *s, size_t lane)
{
	struct lane_state *state = &s->lane[lane];
	if (state->is_queued || s->is_waiting)
		return;
	state->is_queued = true;
	state->queue_next = NULL;
	*(t->queue_tail[lane] ? &t->queue_tail[lane]->lane[lane].queue_next : &t->queue_head[lane]) = s;
	t->queue_tail[lane] = s;
}

void tail_queue_all(struct tail *t, struct source *s)
{
	for (size_t lane = 0; lane < t->o.lane_count; lane++)
		tail_queue(t, s, lane);
}

void tail_unqueue(struct tail *t, struct source *s, size_t lane)
{
	struct source *before = NULL, *at = s->lane[lane].is_queued ? t->queue_head[lane] : NULL;
	for (; at && at != s; at = at->lane[lane].queue_next)
		before = at;
	s->lane[lane].is_queued = false;
	if (!at)
		return;
	*(before ? &before->lane[lane].queue_next : &t->queue_head[lane]) = s->lane[lane].queue_next;
	if (t->queue_tail[lane] == s)
		t->queue_tail[lane] = before;
}

struct source *tail_pop(struct tail *t, size_t lane)
{
	struct source *s = t->queue_head[lane];
	if (!s)
		return NULL;
	t->queue_head[lane] = s->lane[lane].queue_next;
	if (!t->queue_head[lane])
		t->queue_tail[lane] = NULL;
	s->lane[lane].is_queued = false;
	return s;
}

/* ---- events ---- */

static void on_written(struct tail *t, struct folder *f, const char *name)
{
	bool is_known = false;
	for (struct source *s = f->sources; s; s = s->next) {
		struct generation *g = source_find_name(s, name);
		if (!g)
			continue;
		for (size_t lane = 0; lane < g->lanes; lane++)
			g->cursors[lane].is_at_end = g->is_abandoned;
		tail_queue_all(t, s);
		is_known = true;
	}
	if (is_known)
		pace_heat(t, f);
	else
		f->needs_scan = true;
}

static void on_event(void *ctx, const struct watch_event *event)
{
	struct tail *t = ctx;
	if (event->owner == t) { /* the pods root or a pod's directory */
		t->needs_discovery = true;
		return;
	}
	struct folder *f = event->owner;
	if (event->change == WATCH_WRITTEN) {
		on_written(t, f, event->name);
		return;
	}
	if (event->change == WATCH_GONE) {
		f->watch = 0;
		t->needs_discovery = true;
	} else if (!f->is_pod) {
		t->needs_discovery = true; /* perhaps a directory that a pattern reaches */
	}
	f->needs_scan = true;
}

void tail_look(struct tail *t)
{
	if (t->needs_discovery)
		discover_all(t);
	scan_folders(t, false);
}

static void look(struct tail *t)
{
	if (t->watch && watch_drain(t->watch, on_event, t)) {
		t->o.counters->inotify_overflows++;
		t->needs_discovery = true;
		for (struct folder *f = t->folders; f; f = f->next)
			f->needs_scan = true;
	}
	tail_look(t);
}

static void on_watch(void *ctx, int fd, int events);

static void on_pause_over(void *ctx)
{
	struct tail *t = ctx;
	loop_watch(t->o.loop, watch_fd(t->watch), LOOP_READ, on_watch, t);
	look(t);
}

static void on_watch(void *ctx, int fd, int events)
{
	struct tail *t = ctx;
	(void)events;
	look(t);
	/* Not again before the pause is over: a storm of events costs twenty wake-ups a second and no more. */
	loop_watch(t->o.loop, fd, 0, NULL, NULL);
	loop_arm(t->o.loop, &t->pause_timer, loop_now_ns(t->o.loop) + WATCH_PAUSE_NS, on_pause_over, t);
}

/* ---- reconciliation ---- */

/* What some lane has not read. */
static uint64_t unread_bytes(const struct generation *g)
{
	uint64_t read = UINT64_MAX;
	for (size_t lane = 0; lane < g->lanes; lane++)
		read = g->cursors[lane].read < read ? g->cursors[lane].read : read;
	return !g->is_abandoned && g->size_bytes > read ? g->size_bytes - read : 0;
}

/* Closes the file. The look that follows goes on in its compressed copy, or finds that what was not read is lost. */
static void let_go(struct tail *t, struct generation *g)
{
	const uint64_t *lost = &t->o.counters->bytes_lost[LOST_DELETED_UNREAD], before = *lost;
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", g->source->folder->path, g->name);
	tail_lru_remove(t, g);
	os_close(g->fd);
	g->fd = -1;
	folder_scan(g->source->folder, loop_now_ns(t->o.loop));
	if (*lost > before)
		LOG_WARN("%s: deleted, and let go with %llu bytes that were not delivered: deleted logs held more than %llu bytes of disk; see on the "
			 "page which destination is behind, and why",
			 path, (unsigned long long)(*lost - before), (unsigned long long)t->held_cap_bytes);
}

/* Deleted files that are still read pin the disk: beyond the cap the one with most unread bytes is let go. Those of a log that nobody wants
 * any more are still there. */
static void bound_held_bytes(struct tail *t)
{
	uint64_t held = 0, most = 0;
	struct generation *worst = NULL;
	for (struct generation *g = t->lru_oldest; g; g = g->lru_newer) {
		uint64_t unread = g->is_gone && !g->source->is_retired ? unread_bytes(g) : 0;
		held += unread;
		if (unread > most) {
			most = unread;
			worst = g;
		}
	}
	if (worst && held > t->held_cap_bytes)
		let_go(t, worst);
}

/* Open files that were deleted get no events any more: see whether they grew or are done. */
static void look_at_held(struct tail *t)
{
	for (struct generation *g = t->lru_oldest, *next; g; g = next) {
		next = g->lru_newer;
		struct os_file st;
		if (!g->is_gone || g->source->is_retired || os_stat_fd(g->fd, &st) < 0)
			continue;
		bool has_news = (!g->is_gz && st.size_bytes != g->size_bytes) || g->error[0]; /* an error is tried again at every look */
		if (has_news)
			recognise_size(g, st.size_bytes);
		for (size_t lane = 0; lane < g->lanes && has_news; lane++)
			g->cursors[lane].is_at_end = g->is_abandoned;
		tail_queue_all(t, g->source);
		if (source_may_forget(g))
			tail_forget_generation(t, g);
	}
}

void tail_forget_over(struct tail *t)
{
	for (struct generation *g = t->lru_oldest, *next; g; g = next) {
		next = g->lru_newer;
		if (g->is_gone && g != g->source->newest && !g->source->is_retired && source_may_forget(g))
			tail_forget_generation(t, g);
	}
}

void tail_reconcile(struct tail *t)
{
	t->o.counters->reconciles++;
	discover_all(t);
	scan_folders(t, true);
	look_at_held(t);
	bound_held_bytes(t);
	sweep(t);
}

static void on_reconcile(void *ctx)
{
	struct tail *t = ctx;
	int64_t period = t->is_polling || !t->watch ? POLL_NS : t->o.config->logs.target_config.sync_period_ms * MS;
	tail_reconcile(t);
	loop_arm(t->o.loop, &t->reconcile_timer, loop_now_ns(t->o.loop) + period, on_reconcile, t);
}

/* ---- what cannot be read ---- */

void tail_refuse(struct tail *t, const char *path, const char *why)
{
	if (t->refused.count >= REFUSED_MAX || map_get(&t->refused, str_of(path)))
		return;
	size_t n = strlen(path) + 1;
	struct refused *kept = malloc(sizeof *kept + n);
	if (!kept)
		abort();
	snprintf(kept->why, sizeof kept->why, "%s", why);
	memcpy(kept->path, path, n);
	map_put(&t->refused, str_of(kept->path), kept);
	t->o.counters->files_refused++;
	LOG_WARN("%s: %s%s", path, why, strcmp(why, strerror(EACCES)) ? "" : ": let this user read it (its group, an ACL, or the capability DAC_READ_SEARCH)");
}

void tail_abandon(struct tail *t, struct generation *g, enum lost_reason reason, uint64_t bytes)
{
	t->o.counters->bytes_lost[reason] += bytes;
	g->is_abandoned = true;
	if (g->next)
		g->next->starts_over = true;
	t->is_dirty = true;
	for (size_t lane = 0; lane < g->lanes; lane++) {
		struct cursor *c = &g->cursors[lane];
		c->is_at_end = true;
		c->has_tail = false;
		cursor_close(c);
		cursor_release(c);
		if (c->ahead_lines)
			t->o.lines_lost(t->o.ctx, lane, c->ahead_lines);
		c->ahead_lines = 0;
	}
}

void tail_restart(struct tail *t, struct generation *g)
{
	struct source *s = g->source;
	t->o.counters->files_truncated++;
	tail_abandon(t, g, LOST_TRUNCATED, unread_bytes(g));
	/* What the file holds now, under whatever name or none: the open descriptor goes over. The old one stays until its marks are
	 * settled; by name and inode only the fresh one is found from now on. */
	struct generation *fresh = generation_new(s, s->lanes, g->name);
	fresh->stamp = g->stamp;
	fresh->is_gz = g->is_gz;
	fresh->is_bz2 = g->is_bz2;
	fresh->is_gone = g->is_gone;
	fresh->is_seen = fresh->starts_over = true;
	fresh->is_unsaved = t->o.is_state_usable;
	t->generations++;
	source_insert(s, g, fresh);
	if (g->fd >= 0) {
		tail_lru_remove(t, g);
		fresh->fd = g->fd;
		g->fd = -1;
		identity_read(fresh->fd, &fresh->identity);
		if (g->is_gz) /* the head that counts is the unpacked one, which the first read learns */
			fresh->identity.head_bytes = 0;
		if (!tail_lru_add(t, fresh, true)) {
			os_close(fresh->fd);
			fresh->fd = -1;
		}
	}
	g->is_gone = true;
	g->identity.ino = 0;
	tail_queue_all(t, s);
	if (generation_is_over(g))
		tail_forget_generation(t, g);
}

/* ---- progress ---- */

static struct lane_state *lane_of(const struct cursor *c)
{
	return &c->generation->source->lane[c - c->generation->cursors];
}

static void retire(struct tail *t, struct tail_mark *m)
{
	struct cursor *c = m->cursor;
	struct generation *g = c->generation;
	if (m->end.offset > c->acked.offset)
		c->acked = m->end;
	c->marks--;
	free(m);
	t->is_dirty = true;
	g->is_unsaved = t->o.is_state_usable;
	if (g->source->is_retired)
		retire_soon(t);
	if (g->is_gone && g != g->source->newest && !g->source->is_retired && source_may_forget(g))
		tail_forget_generation(t, g);
	else
		positions_changed(t);
}

static void on_settled(void *owner, struct mark *mark)
{
	struct tail_mark *m = (struct tail_mark *)(void *)mark;
	struct lane_state *state = lane_of(m->cursor);
	m->is_settled = true;
	while ((m = state->oldest_mark) && m->is_settled) {
		state->oldest_mark = m->next;
		if (!m->next)
			state->youngest_mark = NULL;
		retire(owner, m);
	}
}

struct mark *tail_mark(struct tail *t, struct cursor *c, int64_t oldest_ns)
{
	struct tail_mark *m = calloc(1, sizeof *m);
	if (!m)
		abort();
	m->mark = (struct mark){ .settled = on_settled, .owner = t };
	m->cursor = c;
	m->end = cursor_frontier(c);
	m->oldest_ns = oldest_ns;
	struct lane_state *state = lane_of(c);
	*(state->youngest_mark ? &state->youngest_mark->next : &state->oldest_mark) = m;
	state->youngest_mark = m;
	c->marks++;
	c->marked = m->end.offset;
	return &m->mark;
}

/* ---- life ---- */

/* The longest that a line waits for others, at any destination. */
static int64_t batchwait_ms(const struct config *c)
{
	int64_t most = 0;
	for (size_t i = 0; i < c->logs.client_count; i++)
		most = c->logs.clients[i].batchwait_ms > most ? c->logs.clients[i].batchwait_ms : most;
	return most;
}

int tail_start(struct tail *t, const struct tail_options *options, char err[256])
{
	*t = (struct tail){ .o = *options, .pods_fd = -1, .held_cap_bytes = HELD_CAP_BYTES };
	buf_init(&t->save_bytes, SAVE_CAP_BYTES);
	buf_init(&t->journal_bytes, SAVE_CAP_BYTES);
	tail_raise_file_limit(t);
	struct log_jobs_options jobs = { .config = t->o.config, .host = t->o.host, .pods_path = str_of(t->o.pods_path),
					 .docker_path = str_of(t->o.docker_path) };
	if (log_jobs_init(&t->jobs, &jobs, err) < 0 || tail_load_positions(t, err) < 0)
		return -1;
	const struct import_options import = { t->o.import_path, t->checkpoint.rows == 0, t->o.pods_path, batchwait_ms(t->o.config),
					       t->o.config->logs.positions.sync_period_ms };
	import_load(&t->import, &import);
	t->watch = watch_new();
	if (!t->watch) {
		LOG_WARN("inotify: %s: looking at every folder once a second instead; raise fs.inotify.max_user_instances", strerror(errno));
		t->is_polling = true;
	} else {
		loop_watch(t->o.loop, watch_fd(t->watch), LOOP_READ, on_watch, t);
	}
	pod_wants_start(t);
	pod_gate_start(t);
	targets_start(t);
	discover_all(t);
	scan_folders(t, true);
	t->is_discovered = true;
	on_reconcile(t);
	tail_start_saving(t);
	return 0;
}

void tail_stop(struct tail *t)
{
	loop_disarm(t->o.loop, &t->pause_timer);
	loop_disarm(t->o.loop, &t->tick_timer);
	loop_disarm(t->o.loop, &t->reconcile_timer);
	loop_disarm(t->o.loop, &t->save_timer);
	loop_disarm(t->o.loop, &t->journal_timer);
	loop_disarm(t->o.loop, &t->retire_timer);
	if (t->watch)
		loop_watch(t->o.loop, watch_fd(t->watch), 0, NULL, NULL);
	tail_save(t);
	pod_wants_stop(t);
	pod_gate_stop(t);
	while (t->folders) {
		struct folder *f = t->folders;
		t->folders = f->next;
		folder_free(f);
	}
	targets_stop(t);
	log_jobs_fini(&t->jobs);
	for (size_t i = 0; i < t->pod_watches.room; i++)
		free(t->pod_watches.slots[i].value);
	map_fini(&t->pod_watches);
	for (size_t i = 0; i < t->refused.room; i++)
		free(t->refused.slots[i].value);
	map_fini(&t->refused);
	map_fini(&t->folder_by_path);
	watch_free(t->watch);
	os_close(t->pods_fd);
	checkpoint_fini(&t->checkpoint);
	import_fini(&t->import);
	bz2_heads_free(t->bz2_heads);
	buf_fini(&t->save_bytes);
	buf_fini(&t->journal_bytes);
}
