/* The tailer as people see it: one row a generation, and how far behind the clock each one is. */
#include <stdio.h>

#include "agent/tail/tail.h"

static enum file_state state_of(const struct generation *g, bool is_at_end)
{
	if (g->error[0])
		return FILE_ERROR;
	if (g->source->is_waiting)
		return FILE_WAITING;
	if (g->is_abandoned || (g->newer_since_ns && generation_is_finished(g)))
		return FILE_DONE;
	if (g->is_gone)
		return FILE_DELETED;
	if (g->newer_since_ns)
		return FILE_ROTATED;
	return is_at_end ? FILE_AT_END : FILE_READING;
}

static int64_t lag_of(const struct generation *g, int64_t wall_ns)
{
	int64_t lag = 0;
	for (size_t lane = 0; lane < g->lanes; lane++) {
		int64_t oldest = source_oldest_ns(g->source, &g->cursors[lane]);
		if (oldest && wall_ns - oldest > lag)
			lag = wall_ns - oldest;
	}
	return lag;
}

static void describe_file(const struct generation *g, int64_t wall_ns, struct file_status *out, char *path, size_t room)
{
	const struct source *s = g->source;
	snprintf(path, room, "%s/%s", s->folder->path, g->name);
	*out = (struct file_status){ .path = str_of(path), .job = s->job, .namespace_ = s->namespace_, .pod = s->pod, .container = s->container,
				     .size_bytes = g->size_bytes, .acked_bytes = UINT64_MAX, .lines_read = s->lines_read,
				     .is_newest = g == s->newest && !g->is_gone, .lag_ns = lag_of(g, wall_ns), .error = g->error };
	bool is_at_end = true;
	out->log = str_of(s->path);
	out->dev = g->identity.dev;
	out->ino = g->identity.ino;
	out->format = s->format;
	out->lane_count = g->lanes;
	for (int i = 0; i < 2; i++)
		out->streams[i] = s->lane[0].streams[i].labels;
	for (size_t lane = 0; lane < g->lanes; lane++) {
		const struct cursor *c = &g->cursors[lane];
		out->lanes[lane] = (struct file_lane){ c->read, c->acked.offset, c->is_at_end, c->has_tail, s->lane[lane].is_waiting };
		is_at_end &= c->is_at_end;
		out->read_bytes = c->read > out->read_bytes ? c->read : out->read_bytes;
		out->acked_bytes = c->acked.offset < out->acked_bytes ? c->acked.offset : out->acked_bytes;
	}
	if (!g->is_gz && out->read_bytes > out->size_bytes)
		out->size_bytes = out->read_bytes;
	out->state = state_of(g, is_at_end);
}

void tail_each_file(const struct tail *t, int64_t wall_ns, void (*fn)(void *ctx, const struct file_status *file), void *ctx)
{
	char path[4096 + 256];
	struct file_status status;
	for (const struct folder *f = t->folders; f; f = f->next)
		for (const struct source *s = f->sources; s; s = s->next)
			for (const struct generation *g = s->oldest; g; g = g->next) {
				describe_file(g, wall_ns, &status, path, sizeof path);
				fn(ctx, &status);
			}
}

int64_t tail_lag_ns(const struct tail *t, int64_t wall_ns)
{
	int64_t lag = 0;
	for (const struct folder *f = t->folders; f; f = f->next)
		for (const struct source *s = f->sources; s; s = s->next)
			for (const struct generation *g = s->oldest; g; g = g->next) {
				int64_t of_this = lag_of(g, wall_ns);
				lag = of_this > lag ? of_this : lag;
			}
	return lag;
}

void tail_each_refused(const struct tail *t, void (*fn)(void *ctx, const char *path, const char *why), void *ctx)
{
	const struct refused *r;
	for (size_t i = 0; (r = map_next(&t->refused, &i));)
		fn(ctx, r->path, r->why);
}
