/* Relabel rules. What makes a rule valid is known where rules are run (parsers/relabel.h); here each one is tried by itself, so that all
 * bad ones are told at once, each at its place. */
#include "config/checks/check.h"
#include "config/nearest.h"
#include "parsers/relabel.h"

static bool find_action(struct str name, enum relabel_action *out)
{
	for (int i = 0; i < RELABEL_ACTIONS; i++)
		if (str_ieq(name, str_of(relabel_action_names[i]))) {
			*out = (enum relabel_action)i;
			return true;
		}
	return false;
}

static void unknown_action(struct loader *r, const struct place *at, struct str name)
{
	struct nearest nearest = { 0 };
	for (int i = 0; i < RELABEL_ACTIONS; i++)
		nearest_offer(&nearest, name, str_of(relabel_action_names[i]));
	struct str word = nearest_word(&nearest, name);
	if (word.n) {
		loader_error(r, at, "unknown action; did you mean %.*s?", STR_ARG(word));
		problems_suggest(r->problems, word);
	} else {
		loader_error(r, at, "expected one of replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, "
			"lowercase, uppercase");
	}
}

/* Rules are numbered for who has many: "rule 1 (keep): ...". The one that is tried here has its place in the file instead. */
static struct str without_number(const char *err)
{
	const char *behind = strncmp(err, "rule ", 5) == 0 ? strstr(err, ": ") : NULL;
	return str_of(behind ? behind + 2 : err);
}

static void check_relabel(struct loader *r, struct config_relabel *rule)
{
	const struct place *element = loader_element(r, rule), *action = loader_field(r, &rule->action), *regex = loader_field(r, &rule->regex);
	struct relabel_options options = { .source_labels = rule->source_labels.at, .source_label_count = rule->source_labels.count,
		.separator = rule->separator, .regex = rule->regex, .target_label = rule->target_label, .replacement = rule->replacement,
		.modulus = rule->modulus };
	char err[256] = "";
	rule->line = element ? element->line : 0;
	options.has_separator = rule->has_separator = !str_eq(rule->separator, STR(";"));
	options.has_regex = rule->has_regex = !str_eq(rule->regex, STR("(.*)"));
	options.has_replacement = rule->has_replacement = !str_eq(rule->replacement, STR("$1"));
	options.has_modulus = rule->has_modulus = rule->modulus != 0;
	if (!element || element->node->kind != NODE_MAP)
		return;
	if (!find_action(rule->action, &options.action)) {
		unknown_action(r, action ? action : element, rule->action);
		return;
	}
	rule->action = arena_copy(&r->config->arena, str_of(relabel_action_names[options.action]));
	struct relabel *compiled = relabel_new(&options, 1, err);
	bool is_regex = strstr(err, "regex") || strstr(err, "expression");
	if (!compiled && err[0])
		loader_key_error(r, is_regex && regex ? regex : element, "%.*s", STR_ARG(without_number(err)));
	relabel_free(compiled);
}

void check_relabels(struct loader *r, struct config_relabels *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		check_relabel(r, &rules->at[i]);
}
