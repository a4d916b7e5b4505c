/* The weightiest labels come last, as for files (agent/logs/stream_labels.c): node, global, destination, the entry's own. */
#include "agent/journal/journal_streams.h"

#include <stdlib.h>

#include "agent/journal/journal_block.h"
#include "agent/logs/stream_labels.h"
#include "exporters/loki.h"

enum { RENDERED_CAP_BYTES = 512 << 10, STAGES_BYTES = 2048 /* an estimate of what a stream's stages keep */ };
#define OVERFLOW_KEY STR("+")

static void put_all(struct labels *to, const struct config_labels *from)
{
	for (size_t i = 0; from && i < from->count; i++)
		labels_set(to, from->at[i].name, from->at[i].value);
}

static void put_external(const struct journal_streams *s, struct labels *to)
{
	put_all(to, s->o.everywhere);
	put_all(to, s->o.of_client);
}

void journal_streams_init(struct journal_streams *s, const struct journal_streams_options *options)
{
	struct labels external = { 0 };
	*s = (struct journal_streams){ .o = *options };
	if (!s->o.stages)
		return;
	if (!s->o.is_native)
		put_external(s, &external);
	log_stages_set_external(s->o.stages, &external);
	log_stages_set_tenant(s->o.stages, s->o.tenant);
	labels_fini(&external);
}

static void unlink_stream(struct journal_streams *s, struct journal_stream *m)
{
	*(m->newer ? &m->newer->older : &s->newest) = m->older;
	*(m->older ? &m->older->newer : &s->oldest) = m->newer;
	m->newer = m->older = NULL;
}

static void put_first(struct journal_streams *s, struct journal_stream *m)
{
	m->older = s->newest;
	m->newer = NULL;
	*(s->newest ? &s->newest->newer : &s->oldest) = m;
	s->newest = m;
}

static void forget(struct journal_streams *s, struct journal_stream *m)
{
	unlink_stream(s, m);
	map_remove(&s->by_key, m->key);
	s->bytes -= m->bytes;
	source_stages_free(m->source.stages);
	free(m);
}

void journal_streams_fini(struct journal_streams *s)
{
	while (s->oldest)
		forget(s, s->oldest);
	map_fini(&s->by_key);
}

/* What the entry brings, or what stands for everything that is too much. */
static void put_own(struct labels *to, struct str key, bool is_overflow)
{
	struct label one;
	if (is_overflow)
		labels_set(to, STR("container"), STR("__overflow__"));
	for (struct str rest = key; !is_overflow && journal_block_label(&rest, &one);)
		labels_set(to, one.name, stream_labels_cut(one.value));
}

static struct journal_stream *stream_new(struct str key, const struct labels *labels)
{
	struct buf text;
	buf_init(&text, RENDERED_CAP_BYTES);
	loki_labels_render(labels->at, labels->count, &text);
	struct journal_stream *m = calloc(1, sizeof *m + key.n + text.n);
	if (!m)
		abort();
	char *bytes = (char *)(m + 1);
	memcpy(bytes, key.p, key.n);
	if (text.n)
		memcpy(bytes + key.n, text.p, text.n);
	m->key = (struct str){ bytes, key.n };
	m->streams[0].labels = m->streams[1].labels = (struct str){ bytes + key.n, text.n };
	m->bytes = sizeof *m + key.n + text.n;
	buf_fini(&text);
	return m;
}

static struct journal_stream *make(struct journal_streams *s, struct str key, bool is_overflow)
{
	struct labels all = { 0 }, base[2] = { { 0 } };
	if (s->o.is_native)
		labels_set(&all, STR("node_name"), s->o.node_name);
	put_external(s, &all);
	put_own(&all, key, is_overflow);
	struct journal_stream *m = stream_new(key, &all);
	m->source = (struct lane_source){ .streams = m->streams, .coverage = s->o.coverage, .lines = s->o.lines, .origin = { .path = s->o.path },
					   .across = s->o.across, .across_ctx = s->o.across_ctx };
	if (s->o.stages) {
		if (s->o.is_native)
			labels_copy(&base[0], &all);
		else
			put_own(&base[0], key, is_overflow);
		labels_copy(&base[1], &base[0]);
		m->source.stages = source_stages_new(s->o.stages, base, m->streams, s->o.joins);
		m->bytes += STAGES_BYTES;
	}
	labels_fini(&all);
	labels_fini(&base[0]);
	labels_fini(&base[1]);
	return m;
}

static void make_room(struct journal_streams *s)
{
	while (s->oldest && (s->by_key.count >= JOURNAL_STREAMS_MAX || s->bytes >= JOURNAL_STREAMS_BYTES)) {
		if (s->o.going)
			s->o.going(s->o.going_ctx, s->oldest);
		forget(s, s->oldest);
	}
}

struct journal_stream *journal_streams_get(struct journal_streams *s, struct str key)
{
	struct journal_stream *m = map_get(&s->by_key, key);
	bool is_overflow = !m && s->o.limit && s->by_key.count >= s->o.limit;
	if (is_overflow) {
		key = OVERFLOW_KEY;
		m = map_get(&s->by_key, key);
	}
	if (m && m == s->newest)
		return m;
	if (m) {
		unlink_stream(s, m);
	} else {
		make_room(s);
		m = make(s, key, is_overflow);
		map_put(&s->by_key, m->key, m);
		s->bytes += m->bytes;
	}
	put_first(s, m);
	return m;
}
