/* Everybody who has a say puts labels into one set, the weightiest last: of a name that comes twice the later one stays. Made
 * when a log is opened, so it costs nothing per line.
 *
 *   a native job      the machine, global and client's external labels, then what the log is: its pod, or job, filename and static labels,
 *                     under the names of the label profile, which makes structured metadata of some
 *   a job as          external labels of the client, of global; then what relabelling made, filename, and stream where a runtime wraps
 *   Promtail's        the lines. Its stages do not see the external ones, so that none of them can lose one.                         */
#include "agent/logs/stream_labels.h"

#include <stdlib.h>

#include "agent/logs/label_profile.h"
#include "agent/logs/log_stages.h"
#include "agent/tail/folder.h"
#include "exporters/loki.h"
#include "parsers/bytes/utf8.h"

enum { LABELS_MAX = 96, RENDERED_CAP_BYTES = 256 << 10, PATH_ROOM = 4096 };

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

/* A link's own, or the one that the rules wrote. */
static struct str filename(const struct label_rules *rules, const struct source *s, char room[PATH_ROOM])
{
	const struct want *w = s->want;
	return w->shown_path.n ? w->shown_path : log_target_shown(str_of(s->path), w->is_moved, str_of(rules->pods_path), room, PATH_ROOM);
}

static struct log_facts native_facts(const struct label_rules *rules, const struct source *s, bool is_stderr, struct str file)
{
	const struct want *w = s->want;
	const bool is_pod = !w->origin || w->pod.n;
	const struct str stream = is_stderr ? STR("stderr") : STR("stdout");
	if (is_pod)
		return (struct log_facts){ { [FACT_NODE] = rules->node_name, [FACT_NAMESPACE] = s->namespace_, [FACT_POD] = s->pod,
					     [FACT_UID] = s->folder->is_pod ? s->folder->uid : w->uid, [FACT_CONTAINER] = s->container,
					     [FACT_STREAM] = stream } };
	return (struct log_facts){ { [FACT_HOST] = rules->node_name, [FACT_JOB] = s->job, [FACT_FILENAME] = stream_labels_cut(file),
				     [FACT_STREAM] = s->format != FORMAT_RAW ? stream : (struct str){ 0 } } };
}

static void put_facts(struct label_set *set, enum label_profile profile, const struct log_facts *facts, enum log_fact first, enum log_fact last)
{
	struct labels labels = { 0 };
	label_profile_put(profile, facts, first, last, false, &labels);
	for (size_t i = 0; i < labels.count; i++)
		put(set, labels.at[i].name, labels.at[i].value);
	labels_fini(&labels);
}

static void put_targets(struct label_set *set, const struct want *w)
{
	for (size_t i = 0; i < w->labels.count; i++)
		put(set, w->labels.at[i].name, stream_labels_cut(w->labels.at[i].value));
}

static void put_native(struct label_set *set, const struct source *s, enum label_profile profile, const struct log_facts *facts)
{
	put_facts(set, profile, facts, FACT_NAMESPACE, FACT_FILENAME);
	if (facts->at[FACT_JOB].n)
		put_targets(set, s->want);
	put_facts(set, profile, facts, FACT_STREAM, FACT_STREAM);
}

static void put_relabelled(struct label_set *set, const struct source *s, bool is_stderr, struct str file)
{
	put_targets(set, s->want);
	put(set, STR("filename"), stream_labels_cut(file));
	if (s->format != FORMAT_RAW)
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
	bool has_stages = rules->stages_of && (s->joins_traces || s->scrape->stages.list);
	struct log_stages *stages = has_stages ? rules->stages_of(rules->stages_ctx, s->scrape, lane) : NULL;
	struct label_set external = { .count = 0 };
	struct labels apart = { 0 };
	if (!stages)
		return;
	put_external(&external, rules, lane);
	if (!s->want->is_native)
		to_labels(&apart, &external);
	log_stages_set_external(stages, &apart);
	if (rules->clients[lane])
		log_stages_set_tenant(stages, rules->clients[lane]->tenant_id);
	s->lane[lane].stages = source_stages_new(stages, base, s->lane[lane].streams, s->joins_traces);
	labels_fini(&apart);
}

/* are_new: the streams are rendered too, not only the stages made. */
static void describe_lane(const struct label_rules *rules, struct source *s, size_t lane, bool are_new)
{
	static const struct log_facts overflow = { { [FACT_CONTAINER] = { "__overflow__", sizeof "__overflow__" - 1 } } };
	char room[PATH_ROOM];
	struct labels base[2] = { { 0 } };
	struct str file = filename(rules, s, room);
	bool is_native = s->want->is_native;
	enum label_profile profile = label_profile_of(rules->config, s->scrape);
	for (int i = 0; i < 2; i++) {
		struct label_set all = { .count = 0 }, own = { .count = 0 };
		const struct log_facts facts = native_facts(rules, s, i, file);
		if (is_native)
			put_facts(&all, profile, &facts, FACT_NODE, FACT_HOST);
		put_external(&all, rules, lane);
		if (s->is_overflow)
			put_facts(&own, profile, &overflow, FACT_CONTAINER, FACT_CONTAINER);
		else if (is_native)
			put_native(&own, s, profile, &facts);
		else
			put_relabelled(&own, s, i, file);
		for (size_t k = 0; k < own.count; k++)
			put(&all, own.at[k].name, own.at[k].value);
		to_labels(&base[i], is_native ? &all : &own);
		if (are_new)
			s->lane[lane].streams[i].labels = render(&all);
	}
	make_stages(rules, s, lane, base);
	labels_fini(&base[0]);
	labels_fini(&base[1]);
}

static struct str copy_clean(struct arena *arena, struct str value)
{
	struct buf repaired;
	buf_init(&repaired, value.n * 3 + 1);
	utf8_repair(value, &repaired);
	struct str copy = arena_copy(arena, buf_view(&repaired));
	buf_fini(&repaired);
	return copy;
}

/* What the profile puts into structured metadata, the same for every destination. */
static void describe_metadata(const struct label_rules *rules, struct source *s)
{
	char room[PATH_ROOM];
	struct source_metadata made = { .of = { { 0 } } };
	const struct str file = filename(rules, s, room);
	const enum label_profile profile = label_profile_of(rules->config, s->scrape);
	for (int i = 0; i < 2 && s->want->is_native; i++) {
		const struct log_facts facts = native_facts(rules, s, i, file);
		label_profile_put(profile, &facts, FACT_NODE, FACT_STREAM, true, &made.of[i]);
		for (size_t k = 0; k < made.of[i].count; k++)
			made.of[i].at[k].value = copy_clean(&made.arena, made.of[i].at[k].value);
	}
	source_metadata_free(s->metadata);
	s->metadata = NULL;
	if (made.of[0].count == 0)
		return;
	s->metadata = malloc(sizeof made);
	if (!s->metadata)
		abort();
	*s->metadata = made;
}

void stream_labels_describe(const struct label_rules *rules, struct source *s, bool is_overflow)
{
	s->is_overflow = is_overflow;
	describe_metadata(rules, s);
	for (size_t lane = 0; lane < s->lanes; lane++)
		describe_lane(rules, s, lane, true);
}

void stream_labels_restage(const struct label_rules *rules, struct source *s, size_t lane)
{
	source_stages_free(s->lane[lane].stages);
	s->lane[lane].stages = NULL;
	describe_lane(rules, s, lane, false);
}
