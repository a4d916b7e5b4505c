#include "agent/tail/source.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/logs/line_counts.h"
#include "agent/logs/line_trace.h"
#include "agent/logs/log_stages.h"
#include "agent/tail/tail.h"

/* After a rename the runtime still writes to the old file until it is told to reopen. A line that has no line feed this
 * long after a newer generation appeared will not get one any more. */
static const int64_t TAIL_GRACE_NS = 5 * 1000000000ll;

struct source *source_new(struct folder *folder, const char *folder_path, const char *base, size_t lanes)
{
	struct source *s = calloc(1, sizeof *s + lanes * sizeof s->lane[0]);
	size_t folder_bytes = strlen(folder_path), base_bytes = strlen(base);
	char *path = malloc(folder_bytes + base_bytes + 2);
	if (!s || !path)
		abort();
	snprintf(path, folder_bytes + base_bytes + 2, "%s/%s", folder_path, base);
	s->folder = folder;
	s->path = path;
	s->base = path + folder_bytes + 1;
	s->lanes = lanes;
	return s;
}

void source_metadata_free(struct source_metadata *m)
{
	if (!m)
		return;
	labels_fini(&m->of[0]);
	labels_fini(&m->of[1]);
	arena_fini(&m->arena);
	free(m);
}

void source_free(struct source *s)
{
	for (struct generation *g = s->oldest, *next; g; g = next) {
		next = g->next;
		generation_free(g);
	}
	for (size_t lane = 0; lane < s->lanes; lane++) {
		source_stages_free(s->lane[lane].stages);
		log_memory_free(s->lane[lane].memory);
		for (struct tail_mark *m = s->lane[lane].oldest_mark, *next; m; m = next) {
			next = m->next;
			free(m);
		}
		for (int i = 0; i < 2; i++) {
			join_free(s->lane[lane].join[i]);
			free((void *)(uintptr_t)s->lane[lane].streams[i].labels.p);
		}
	}
	source_metadata_free(s->metadata);
	line_row_leave(s->lines);
	free(s->asks);
	checkpoint_done(s->saved);
	free(s->path);
	free(s);
}

bool source_is_holding(const struct source *s)
{
	for (size_t lane = 0; lane < s->lanes; lane++)
		if (s->lane[lane].stages && source_stages_is_holding(s->lane[lane].stages))
			return true;
	return false;
}

int64_t source_oldest_ns(const struct source *s, const struct cursor *c)
{
	const struct tail_mark *m = s->lane[c - c->generation->cursors].oldest_mark;
	while (m && (m->cursor != c || m->is_settled || !m->oldest_ns))
		m = m->next;
	return m ? m->oldest_ns : 0;
}

struct generation *source_next(struct source *s, size_t lane, int64_t now_ns, bool *flush_tail)
{
	*flush_tail = false;
	for (struct generation *g = s->oldest; g; g = g->next) {
		struct cursor *c = &g->cursors[lane];
		if (g->must_wait && g->fd < 0 && !g->is_abandoned)
			return NULL;
		if (!c->is_at_end)
			return g;
		if (!c->has_tail)
			continue;
		/* a compressed file that ends has no more to come */
		bool is_writer_gone = s->is_packed && !g->is_cut ? true : g->newer_since_ns ? now_ns - g->newer_since_ns >= TAIL_GRACE_NS : g->is_gone;
		*flush_tail = is_writer_gone;
		return is_writer_gone ? g : NULL;
	}
	return NULL;
}

bool source_is_delayed(const struct source *s, size_t lane, int64_t now_ns)
{
	bool is_delayed = now_ns < s->read_at_ns;
	for (const struct generation *g = s->oldest; g && !is_delayed; g = g->next)
		is_delayed = !g->cursors[lane].is_at_end && cursor_must_wait(&g->cursors[lane]);
	return is_delayed;
}

struct generation *source_find_name(const struct source *s, const char *name)
{
	for (struct generation *g = s->oldest; g; g = g->next)
		if (!g->is_gone && strcmp(g->name, name) == 0)
			return g;
	return NULL;
}

bool source_is_anchor(const struct generation *g)
{
	for (const struct generation *newer = g->next; newer; newer = newer->next)
		if (newer->identity.head_bytes)
			return false;
	return true;
}

void source_note_unsaved(struct generation *g)
{
	struct tail *t = g->source->folder ? g->source->folder->tail : NULL;
	if (!t || !t->o.is_state_usable)
		return;
	g->is_unsaved = true;
	t->is_dirty = true;
}

bool source_may_forget(const struct generation *g)
{
	const struct source *s = g->source;
	return generation_is_over(g) && !(s->is_listed && !s->folder->is_gone && !s->is_retired && source_is_anchor(g));
}

void source_append(struct source *s, struct generation *g, int64_t now_ns)
{
	g->next = NULL;
	if (s->newest) {
		s->newest->next = g;
		if (!s->newest->newer_since_ns)
			s->newest->newer_since_ns = now_ns;
	} else {
		s->oldest = g;
	}
	s->newest = g;
}

void source_insert(struct source *s, struct generation *older, struct generation *g)
{
	g->next = older->next;
	g->newer_since_ns = older->newer_since_ns;
	older->next = g;
	if (s->newest == older)
		s->newest = g;
}

void source_unlink(struct source *s, struct generation *g)
{
	struct generation **at = &s->oldest, *previous = NULL;
	for (; *at != g; at = &(*at)->next)
		previous = *at;
	*at = g->next;
	if (s->newest == g)
		s->newest = previous;
}
