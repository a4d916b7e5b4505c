/* The stage limit: a token bucket for all logs of the job, or one for each value of a label.
 *
 * Without `drop` Promtail sleeps until there is a token, and everything behind it waits. Nothing sleeps here: the token is taken
 * on credit, the entry goes on, and the log it came from is to be left alone until the credit is worked off (stages_not_before).
 * Each log waits for its own line, the others read on; over time the rate is the same, at any moment each log is one line ahead
 * at most. To hand the entry back unread was rejected: the stages in front of this one have counted it and joined it already. */
#include <stdlib.h>

#include "parsers/bytes/utf8.h"
#include "parsers/stages/entry_labels.h"
#include "parsers/stages/token_table.h"

enum { LABELS_LEAST = 10000 /* as Promtail raises it */, LABELS_MOST = 1 << 20 };
static const char reason[] = "ratelimit_drop_stage";

struct limit {
	struct token_rate rate;
	bool is_dropping;
	struct str label;          /* n == 0: one bucket */
	struct token_bucket bucket;
	struct token_table by_value;
};
struct state { int64_t not_before_ns; };

static void read_labels(struct stage_compile *c, const struct stage_node *config, struct limit *l)
{
	int64_t most = 0;
	stage_read_text(c, config, "by_label_name", &l->label);
	stage_read_i64(c, config, "max_distinct_labels", &most);
	if (most > LABELS_MOST)
		stage_complain(c, stage_key(config, "max_distinct_labels"), "max_distinct_labels can be %d at most", LABELS_MOST);
	if (l->label.n && !l->is_dropping)
		stage_complain(c, stage_key(config, "by_label_name"), "by_label_name needs drop: true");
	token_table_init(&l->by_value, most < LABELS_LEAST ? LABELS_LEAST : (size_t)most);
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	struct limit l = { 0 }, *out;
	stage_read_number(c, config, "rate", &l.rate.per_second);
	stage_read_i64(c, config, "burst", &l.rate.burst);
	stage_read_bool(c, config, "drop", &l.is_dropping);
	if (!c->has_failed && !(l.rate.per_second > 0 && l.rate.burst > 0))
		stage_complain(c, NULL, "rate (lines a second) and burst (lines) must be given, and be more than 0");
	read_labels(c, config, &l);
	if (c->has_failed)
		return NULL;
	token_bucket_init(&l.bucket, &l.rate);
	out = malloc(sizeof *out);
	if (!out)
		abort();
	*out = l;
	return out;
}

static void limit_free(void *stage)
{
	struct limit *l = stage;
	token_table_fini(&l->by_value);
	free(l);
}

static void hold(struct limit *l, struct stage_turn *turn)
{
	int64_t wait_ns = token_bucket_reserve_ns(&l->bucket, &l->rate, turn->now_ns);
	struct state *s = *turn->state;
	if (wait_ns == 0)
		return;
	if (!s && !(s = *turn->state = calloc(1, sizeof *s)))
		abort();
	if (__builtin_add_overflow(turn->now_ns, wait_ns, &s->not_before_ns))
		s->not_before_ns = INT64_MAX;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	struct limit *l = stage;
	if (l->rate.per_second > 1e300) /* no limit, as Go has it */
		return STAGE_NEXT;
	if (l->label.n) {
		struct str value = entry_labels_get(e, l->label);
		bool is_allowed = value.n == 0 || token_table_allow(&l->by_value, &l->rate, value, turn->now_ns);
		return is_allowed ? STAGE_NEXT : stage_drop(e, reason);
	}
	if (l->is_dropping)
		return token_bucket_allow(&l->bucket, &l->rate, turn->now_ns) ? STAGE_NEXT : stage_drop(e, reason);
	hold(l, turn);
	return STAGE_NEXT;
}

static int64_t not_before(const void *state)
{
	return ((const struct state *)state)->not_before_ns;
}

struct show { const struct limit *l; void (*fn)(void *ctx, const struct stages_metric *m); void *ctx; };

static void show_refused(void *ctx, const struct token_slot *slot)
{
	const struct show *s = ctx;
	struct str value = str_of(slot->key);
	value.n = utf8_valid(value);
	struct label labels[] = { { STR("label_name"), s->l->label }, { STR("label_value"), value } };
	struct stages_metric m = { .family = STR("logentry_dropped_lines_by_label_total"), .type = "counter",
		.help = STR("A count of all log lines dropped as a result of a pipeline stage"),
		.labels = { labels, COUNT_OF(labels), COUNT_OF(labels) }, .value = (double)slot->refused };
	s->fn(s->ctx, &m);
}

static void each_metric(const void *stage, void (*fn)(void *ctx, const struct stages_metric *m), void *ctx)
{
	const struct limit *l = stage;
	struct show show = { l, fn, ctx };
	token_table_each_refused(&l->by_value, show_refused, &show);
}

static const char *const keys[] = { "rate", "burst", "drop", "by_label_name", "max_distinct_labels", NULL };
const struct stage_type stage_limit = { .name = "limit", .keys = keys, .compile = compile, .run = run, .free = limit_free,
	.not_before = not_before, .state_free = free, .each_metric = each_metric };
