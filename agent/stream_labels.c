/* Everybody who has a say puts labels into one set, the weightiest last: of a name that comes twice the later one stays. Made
 * when a log is opened, so it costs nothing per line. */
#include "agent/stream_labels.h"

#include <stdlib.h>

#include "agent/log_stages.h"
#include "agent/tail/folder.h"
#include "exporters/loki.h"

enum { LABELS_MAX = 64, RENDERED_CAP_BYTES = 64 << 10 };

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

static void put_origin(struct label_set *set, const struct source *s, bool is_stderr)
{
	if (s->is_pod) {
		put(set, STR("namespace"), s->namespace_);
		put(set, STR("pod"), s->pod);
		put(set, STR("container"), s->container);
		put(set, STR("stream"), is_stderr ? STR("stderr") : STR("stdout"));
		return;
	}
	put(set, STR("job"), s->job);
	put(set, STR("filename"), str_of(s->want->shown_path ? s->want->shown_path : s->path));
	if (s->format != FORMAT_RAW)
		put(set, STR("stream"), is_stderr ? STR("stderr") : STR("stdout"));
	if (s->want->labels)
		put_all(set, &s->want->labels->labels);
}

static void collect(struct label_set *set, const struct label_rules *rules, const struct source *s, size_t lane, bool is_stderr, bool is_overflow)
{
	/* Later ones win: what the file's owner says about one file beats what is said about all. */
	put(set, STR("node_name"), rules->node_name);
	put_all(set, &rules->config->global.external_labels);
	if (rules->clients[lane])
		put_all(set, &rules->clients[lane]->external_labels);
	if (is_overflow)
		put(set, STR("container"), STR("__overflow__"));
	else
		put_origin(set, s, is_stderr);
}

static struct str render(struct label_set *set)
{
	struct buf text;
	buf_init(&text, RENDERED_CAP_BYTES);
	loki_labels_render(set->at, set->count, &text);
	return buf_view(&text); /* owned by the stream from here on */
}

static void describe_lane(const struct label_rules *rules, struct source *s, size_t lane, bool is_overflow)
{
	struct labels base[2] = { { 0 } };
	for (int i = 0; i < 2; i++) {
		struct label_set set = { .count = 0 };
		collect(&set, rules, s, lane, i, is_overflow);
		for (size_t k = 0; k < set.count; k++)
			labels_set(&base[i], set.at[k].name, set.at[k].value);
		s->lane[lane].streams[i].labels = render(&set);
	}
	struct log_stages *stages = rules->stages_of ? rules->stages_of(rules->stages_ctx, s->scrape, lane) : NULL;
	if (stages)
		s->lane[lane].stages = source_stages_new(stages, base);
	labels_fini(&base[0]);
	labels_fini(&base[1]);
}

void stream_labels_describe(const struct label_rules *rules, struct source *s, bool is_overflow)
{
	for (size_t lane = 0; lane < s->lanes; lane++)
		describe_lane(rules, s, lane, is_overflow);
}
