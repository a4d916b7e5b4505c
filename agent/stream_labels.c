/* Everybody who has a say puts labels into one set, the weightiest last: of a name that comes twice the later one stays. Made
 * when a log is opened, so it costs nothing per line.
 *
 *   a native job      node_name, global and client's external labels, then what the log is: its pod, or job, filename and static labels
 *   a job as          external labels of the client, of global; then what relabelling made, filename, and stream where a runtime wraps
 *   Promtail's        the lines. Its stages do not see the external ones, so that none of them can lose one.                         */
#include "agent/stream_labels.h"

#include <stdlib.h>

#include "agent/log_stages.h"
#include "agent/tail/folder.h"
#include "exporters/loki.h"
#include "parsers/bytes/utf8.h"

enum { LABELS_MAX = 96, RENDERED_CAP_BYTES = 256 << 10, VALUE_BYTES_MAX = 2048, PATH_ROOM = 4096 };

struct label_set {
	struct label at[LABELS_MAX];
	size_t count;
};

static void put(struct label_set *set, struct str name, struct str value)
{
	if (value.n && set->count < LABELS_MAX)
		set->at[set->count++] = (struct label){ name, value };
}

static void put_all(struct label_set *set, const struct config_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		put(set, labels->at[i].name, labels->at[i].value);
}

/* Loki refuses the whole stream for one value that is longer. */
static struct str cut_value(struct str value)
{
	return value.n > VALUE_BYTES_MAX ? str_take(value, utf8_floor(value, VALUE_BYTES_MAX)) : value;
}

/* A link's own, or the one that the rules wrote. */
static struct str filename(const struct label_rules *rules, const struct source *s, char room[PATH_ROOM])
{
	const struct want *w = s->want;
	return w->shown_path.n ? w->shown_path : log_target_shown(str_of(s->path), w->is_moved, str_of(rules->pods_path), room, PATH_ROOM);
}

static void put_origin(struct label_set *set, const struct source *s, bool is_stderr, struct str file)
{
	const struct want *w = s->want;
	bool is_framed = s->format != FORMAT_RAW;
	if (w->is_native && (!w->origin || w->pod.n)) {
		put(set, STR("namespace"), s->namespace_);
		put(set, STR("pod"), s->pod);
		put(set, STR("container"), s->container);
		is_framed = true;
	} else {
		if (w->is_native) {
			put(set, STR("job"), s->job);
			put(set, STR("filename"), cut_value(file));
		}
		for (size_t i = 0; i < w->labels.count; i++)
			put(set, w->labels.at[i].name, cut_value(w->labels.at[i].value));
		if (!w->is_native)
			put(set, STR("filename"), cut_value(file));
	}
	if (is_framed)
		put(set, STR("stream"), is_stderr ? STR("stderr") : STR("stdout"));
}

static void put_external(struct label_set *set, const struct label_rules *rules, size_t lane)
{
	put_all(set, &rules->config->global.external_labels);
	if (rules->clients[lane])
		put_all(set, &rules->clients[lane]->external_labels);
}

static struct str render(struct label_set *set)
{
	struct buf text;
	buf_init(&text, RENDERED_CAP_BYTES);
	loki_labels_render(set->at, set->count, &text);
	return buf_view(&text); /* owned by the stream from here on */
}

static void to_labels(struct labels *to, const struct label_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		labels_set(to, set->at[i].name, set->at[i].value);
}

static void make_stages(const struct label_rules *rules, struct source *s, size_t lane, const struct labels base[2])
{
	struct log_stages *stages = rules->stages_of ? rules->stages_of(rules->stages_ctx, s->scrape, lane) : NULL;
	struct label_set external = { .count = 0 };
	struct labels apart = { 0 };
	if (!stages)
		return;
	put_external(&external, rules, lane);
	if (!s->want->is_native)
		to_labels(&apart, &external);
	log_stages_set_external(stages, &apart);
	s->lane[lane].stages = source_stages_new(stages, base, s->lane[lane].streams);
	labels_fini(&apart);
}

static void describe_lane(const struct label_rules *rules, struct source *s, size_t lane, bool is_overflow)
{
	char room[PATH_ROOM];
	struct labels base[2] = { { 0 } };
	struct str file = filename(rules, s, room);
	bool is_native = s->want->is_native;
	for (int i = 0; i < 2; i++) {
		struct label_set all = { .count = 0 }, own = { .count = 0 };
		if (is_native)
			put(&all, STR("node_name"), rules->node_name);
		put_external(&all, rules, lane);
		if (is_overflow)
			put(&own, STR("container"), STR("__overflow__"));
		else
			put_origin(&own, s, i, file);
		for (size_t k = 0; k < own.count; k++)
			put(&all, own.at[k].name, own.at[k].value);
		to_labels(&base[i], is_native ? &all : &own);
		s->lane[lane].streams[i].labels = render(&all);
	}
	make_stages(rules, s, lane, base);
	labels_fini(&base[0]);
	labels_fini(&base[1]);
}

void stream_labels_describe(const struct label_rules *rules, struct source *s, bool is_overflow)
{
	for (size_t lane = 0; lane < s->lanes; lane++)
		describe_lane(rules, s, lane, is_overflow);
}
