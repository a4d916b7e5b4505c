/* The stage match: a selector decides whether an entry goes through the stages inside (keep) or goes away (drop). The stages
 * inside are the core's business: it runs them behind this one, or passes over them. */
#include <stdlib.h>

#include "parsers/stages/entry_labels.h"
#include "parsers/stages/selector.h"

struct match {
	struct selector *selector;
	bool is_drop;
	char reason[];
};

/* Whether entries are to be dropped, with everything that belongs to either action. */
static bool read_action(struct stage_compile *c, const struct stage_node *config, bool *is_drop)
{
	struct str action = STR("keep"), name;
	const struct stage_node *stages = stage_key(config, "stages");
	bool has_stages = stages && (stages->kind != STAGE_LIST || stages->count > 0);
	stage_read_text(c, config, "action", &action);
	*is_drop = str_eq(action, STR("drop"));
	if (action.n && !*is_drop && !str_eq(action, STR("keep")))
		stage_complain(c, stage_key(config, "action"), "action must be keep or drop");
	else if (*is_drop && has_stages)
		stage_complain(c, stages, "with action drop there can be no stages");
	else if (!*is_drop && !has_stages)
		stage_complain(c, NULL, "it needs stages, or action drop");
	if (stage_read_text(c, config, "pipeline_name", &name) && name.n == 0)
		stage_complain(c, stage_key(config, "pipeline_name"), "pipeline_name can be left out, but it cannot be empty");
	if (!*is_drop)
		c->nested = stages;
	return !c->has_failed;
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	struct str text, reason = STR("match_stage");
	char err[256];
	bool is_drop;
	/* Everything is looked at, so that all that is wrong is told at once. */
	bool has_text = stage_need_text(c, config, "selector", &text), has_action = read_action(c, config, &is_drop);
	struct selector *selector = has_text ? selector_new(text, err) : NULL;
	if (has_text && !selector)
		stage_complain(c, stage_key(config, "selector"), "selector: %.200s", err);
	struct str given = { 0 };
	if (stage_read_text(c, config, "drop_counter_reason", &given) && given.n)
		reason = given;
	if (!selector || !has_action || c->has_failed) {
		selector_free(selector);
		return NULL;
	}
	struct match *m = calloc(1, sizeof *m + reason.n + 1);
	if (!m)
		abort();
	m->selector = selector;
	selector_count_limits(selector, c->regex_limits);
	m->is_drop = is_drop;
	memcpy(m->reason, reason.p, reason.n);
	return m;
}

static void match_free(void *stage)
{
	struct match *m = stage;
	selector_free(m->selector);
	free(m);
}

static struct str label(const void *ctx, struct str name)
{
	return entry_labels_get(ctx, name);
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct match *m = stage;
	(void)turn;
	bool is_match = selector_matches(m->selector, label, e, e->line);
	if (m->is_drop)
		return is_match ? stage_drop(e, m->reason) : STAGE_NEXT;
	return is_match ? STAGE_NEXT : STAGE_SKIP;
}

static const char *const keys[] = { "selector", "stages", "action", "pipeline_name", "drop_counter_reason", NULL };
const struct stage_type stage_match = { .name = "match", .keys = keys, .compile = compile, .run = run, .free = match_free };
