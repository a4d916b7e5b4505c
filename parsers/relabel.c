/* The rules are compiled once; what they need of the configuration is copied into an arena of theirs. A rule runs on the labels in
 * place. The actions that walk over label names walk over a copy, because what they set they would meet again. */
#include "parsers/relabel.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/utf8.h"
#include "parsers/casemap.h"
#include "parsers/md5.h"

enum { VALUE_MAX = 1 << 20 /* bytes of what is joined or expanded; more is left out */ };

const char *const relabel_action_names[RELABEL_ACTIONS] = { "replace", "keep", "drop", "keepequal", "dropequal", "hashmod", "labelmap",
	"labeldrop", "labelkeep", "lowercase", "uppercase" };

struct rule {
	struct str *sources;
	size_t source_count;
	struct str separator, target, replacement;
	uint64_t modulus;
	struct regex *regex; /* NULL: the action has no use for it */
	enum relabel_action action;
	bool is_constant; /* replace with the default regex and without variables: writes the replacement whatever is there */
};

struct relabel_scratch {
	struct buf joined, target, value;
	struct labels before;
	/* Labels set by earlier rules, in the order of their first setting and without values: labelmap meets them after the others,
	 * which decides who wins when two names become one. Kept only for rules with a labelmap. */
	struct labels added;
	struct regex_groups groups;
	uint64_t limits_hit;
	bool is_tracking;
};

struct relabel {
	struct arena arena;
	struct rule *rules;
	size_t count;
	struct relabel_scratch *scratch;
	bool has_labelmap;
};

static bool has_variable(struct str s)
{
	return str_find(s, '$') < s.n;
}

static bool is_name(struct str s)
{
	return s.n > 0 && utf8_valid(s) == s.n;
}

static bool uses(unsigned actions, enum relabel_action action)
{
	return (actions >> action & 1) != 0;
}

enum {
	NEEDS_TARGET = 1 << RELABEL_REPLACE | 1 << RELABEL_HASHMOD | 1 << RELABEL_LOWERCASE | 1 << RELABEL_UPPERCASE |
		1 << RELABEL_KEEPEQUAL | 1 << RELABEL_DROPEQUAL,
	REFUSES_REPLACEMENT = 1 << RELABEL_LOWERCASE | 1 << RELABEL_UPPERCASE | 1 << RELABEL_KEEPEQUAL | 1 << RELABEL_DROPEQUAL,
	COMPARES = 1 << RELABEL_KEEPEQUAL | 1 << RELABEL_DROPEQUAL,
	BY_NAME = 1 << RELABEL_LABELDROP | 1 << RELABEL_LABELKEEP,
};

/* What is wrong with the rule, or NULL. A field that is written with its default's value counts as not written. */
static const char *problem(const struct relabel_options *o)
{
	bool has_regex = o->has_regex && !str_eq(o->regex, STR("(.*)"));
	bool has_separator = o->has_separator && !str_eq(o->separator, STR(";"));
	bool has_replacement = o->has_replacement && !str_eq(o->replacement, STR("$1"));
	bool has_modulus = o->modulus != 0;
	if (o->action >= RELABEL_ACTIONS)
		return "the action is unknown";
	if (o->action == RELABEL_HASHMOD && o->modulus == 0)
		return "the action needs a modulus above 0";
	if (uses(NEEDS_TARGET, o->action) && o->target_label.n == 0)
		return "the action needs a target_label";
	if (uses(NEEDS_TARGET, o->action) && !is_name(o->target_label))
		return "target_label is not a name";
	if (uses(COMPARES, o->action) && (has_regex || has_modulus || has_separator || has_replacement))
		return "the action takes source_labels and target_label alone";
	if (uses(REFUSES_REPLACEMENT, o->action) && has_replacement)
		return "the action takes no replacement";
	if (o->action == RELABEL_LABELMAP && !is_name(o->replacement))
		return "replacement is not a name";
	if (uses(BY_NAME, o->action) && (o->source_label_count || o->target_label.n || has_modulus || has_separator || has_replacement))
		return "the action takes regex alone";
	return NULL;
}

static bool compile(struct relabel *r, struct rule *rule, const struct relabel_options *o, char why[256])
{
	const char *wrong = problem(o);
	if (wrong) {
		snprintf(why, 256, "%s", wrong);
		return false;
	}
	*rule = (struct rule){ .source_count = o->source_label_count, .separator = arena_copy(&r->arena, o->separator),
		.target = arena_copy(&r->arena, o->target_label), .replacement = arena_copy(&r->arena, o->replacement),
		.modulus = o->modulus, .action = o->action };
	rule->sources = arena_alloc(&r->arena, o->source_label_count * sizeof *rule->sources);
	for (size_t i = 0; i < o->source_label_count; i++)
		rule->sources[i] = arena_copy(&r->arena, o->source_labels[i]);
	rule->is_constant = o->action == RELABEL_REPLACE && str_eq(o->regex, STR("(.*)")) && !has_variable(o->target_label) &&
		!has_variable(o->replacement);
	r->has_labelmap |= o->action == RELABEL_LABELMAP;
	rule->regex = regex_new(o->regex, REGEX_ANCHORED, why);
	return rule->regex != NULL;
}

struct relabel *relabel_new(const struct relabel_options *rules, size_t count, char err[256])
{
	char why[256] = "";
	err[0] = 0;
	if (count == 0)
		return NULL;
	struct relabel *r = calloc(1, sizeof *r);
	if (!r || !(r->scratch = calloc(1, sizeof *r->scratch)))
		abort();
	r->rules = arena_alloc(&r->arena, count * sizeof *r->rules);
	buf_init(&r->scratch->joined, VALUE_MAX);
	buf_init(&r->scratch->target, VALUE_MAX);
	buf_init(&r->scratch->value, VALUE_MAX);
	for (; r->count < count; r->count++) {
		const struct relabel_options *o = &rules[r->count];
		if (compile(r, &r->rules[r->count], o, why))
			continue;
		snprintf(err, 256, "rule %zu (%s): %.200s", r->count + 1,
			o->action < RELABEL_ACTIONS ? relabel_action_names[o->action] : "?", why);
		relabel_free(r);
		return NULL;
	}
	return r;
}

void relabel_free(struct relabel *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		regex_free(r->rules[i].regex);
	buf_fini(&r->scratch->joined);
	buf_fini(&r->scratch->target);
	buf_fini(&r->scratch->value);
	labels_fini(&r->scratch->before);
	labels_fini(&r->scratch->added);
	free(r->scratch);
	arena_fini(&r->arena);
	free(r);
}

/* The values of the source labels; one alone is not copied. */
static struct str join(const struct rule *rule, const struct labels *labels, struct buf *joined)
{
	if (rule->source_count == 1)
		return labels_get(labels, rule->sources[0]);
	buf_reset(joined);
	for (size_t i = 0; i < rule->source_count; i++) {
		if (i)
			buf_str(joined, rule->separator);
		buf_str(joined, labels_get(labels, rule->sources[i]));
	}
	return buf_view(joined);
}

static bool matches(const struct rule *rule, struct str subject, struct relabel_scratch *s, bool wants_groups)
{
	enum regex_result result = regex_match(rule->regex, subject, 0, wants_groups ? &s->groups : NULL);
	s->limits_hit += result == REGEX_LIMIT;
	return result == REGEX_MATCH;
}

static void expand(const struct rule *rule, struct str template_, struct relabel_scratch *s, struct buf *out)
{
	buf_reset(out);
	regex_expand(rule->regex, template_, &s->groups, out);
}

static size_t added_at(const struct relabel_scratch *s, struct str name)
{
	size_t i = 0;
	while (i < s->added.count && !str_eq(s->added.at[i].name, name))
		i++;
	return i;
}

/* name and value are copied. */
static void set(struct labels *labels, struct str name, struct str value, struct relabel_scratch *s, struct arena *arena)
{
	if (value.n) {
		name = arena_copy(arena, name);
		value = arena_copy(arena, value);
	}
	labels_set(labels, name, value);
	if (!s->is_tracking)
		return;
	size_t i = added_at(s, name);
	if (value.n && i == s->added.count) {
		labels_append(&s->added, name, (struct str){ 0 });
	} else if (!value.n && i < s->added.count) {
		memmove(s->added.at + i, s->added.at + i + 1, (s->added.count - i - 1) * sizeof *s->added.at);
		s->added.count--;
	}
}

static void replace(const struct rule *rule, struct labels *labels, struct str value, struct relabel_scratch *s, struct arena *arena)
{
	if (rule->is_constant) {
		set(labels, rule->target, rule->replacement, s, arena);
		return;
	}
	if (!matches(rule, value, s, true))
		return;
	struct str target = rule->target;
	if (has_variable(target)) {
		expand(rule, target, s, &s->target);
		target = buf_view(&s->target);
		if (!is_name(target))
			return;
	}
	expand(rule, rule->replacement, s, &s->value);
	set(labels, target, buf_view(&s->value), s, arena);
}

static void hashmod(const struct rule *rule, struct labels *labels, struct str value, struct relabel_scratch *s,
	struct arena *arena)
{
	unsigned char sum[MD5_BYTES];
	char text[24];
	uint64_t tail = 0;
	md5(value, sum);
	for (size_t i = MD5_BYTES / 2; i < MD5_BYTES; i++)
		tail = tail << 8 | sum[i];
	int n = snprintf(text, sizeof text, "%llu", (unsigned long long)(tail % rule->modulus));
	set(labels, rule->target, (struct str){ text, (size_t)n }, s, arena);
}

static void drop_by_name(const struct rule *rule, struct labels *labels, struct relabel_scratch *s, struct arena *arena)
{
	labels_copy(&s->before, labels);
	for (size_t i = 0; i < s->before.count; i++)
		if (matches(rule, s->before.at[i].name, s, false) == (rule->action == RELABEL_LABELDROP))
			set(labels, s->before.at[i].name, (struct str){ 0 }, s, arena);
}

static void map_one(const struct rule *rule, struct labels *labels, const struct label *l, struct relabel_scratch *s, struct arena *arena)
{
	if (!matches(rule, l->name, s, true))
		return;
	expand(rule, rule->replacement, s, &s->value);
	set(labels, buf_view(&s->value), l->value, s, arena);
}

static void map_by_name(const struct rule *rule, struct labels *labels, struct relabel_scratch *s, struct arena *arena)
{
	size_t added = s->added.count;
	labels_copy(&s->before, labels);
	for (size_t i = 0; i < s->before.count; i++)
		if (added_at(s, s->before.at[i].name) >= added)
			map_one(rule, labels, &s->before.at[i], s, arena);
	for (size_t i = 0; i < added; i++) {
		struct label l = { s->added.at[i].name, labels_get(&s->before, s->added.at[i].name) };
		map_one(rule, labels, &l, s, arena);
	}
}

static bool apply(const struct rule *rule, struct labels *labels, struct relabel_scratch *s, struct arena *arena)
{
	struct str value = join(rule, labels, &s->joined);
	switch (rule->action) {
	case RELABEL_KEEP:
		return matches(rule, value, s, false);
	case RELABEL_DROP:
		return !matches(rule, value, s, false);
	case RELABEL_KEEPEQUAL:
		return str_eq(labels_get(labels, rule->target), value);
	case RELABEL_DROPEQUAL:
		return !str_eq(labels_get(labels, rule->target), value);
	case RELABEL_REPLACE:
		replace(rule, labels, value, s, arena);
		return true;
	case RELABEL_HASHMOD:
		hashmod(rule, labels, value, s, arena);
		return true;
	case RELABEL_LOWERCASE:
	case RELABEL_UPPERCASE:
		set(labels, rule->target, casemap(value, rule->action == RELABEL_UPPERCASE, arena), s, arena);
		return true;
	case RELABEL_LABELMAP:
		map_by_name(rule, labels, s, arena);
		return true;
	default:
		drop_by_name(rule, labels, s, arena);
		return true;
	}
}

bool relabel_explain(const struct relabel *r, struct labels *labels, struct arena *arena, size_t *dropped_by)
{
	if (!r)
		return true;
	labels_reset(&r->scratch->added);
	r->scratch->is_tracking = r->has_labelmap;
	for (*dropped_by = 0; *dropped_by < r->count; ++*dropped_by)
		if (!apply(&r->rules[*dropped_by], labels, r->scratch, arena))
			return false;
	return true;
}

bool relabel_apply(const struct relabel *r, struct labels *labels, struct arena *arena)
{
	size_t dropped_by;
	return relabel_explain(r, labels, arena, &dropped_by);
}

uint64_t relabel_limits_hit(const struct relabel *r)
{
	return r ? r->scratch->limits_hit : 0;
}
