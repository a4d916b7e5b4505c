/* Each entry of matchLabels is a rule In with one value, so there is one kind of rule. What is not understood takes nothing: a selector that
 * takes too much would ask targets that nobody has named. */
#include "parsers/kubernetes/label_selector.h"

static struct label_rule *add(struct arena *arena, struct label_selector *s)
{
	if (s->count == LABEL_SELECTOR_RULES_MAX) {
		s->problem = "its selector has more than 64 rules";
		return NULL;
	}
	s->rules = arena_room(arena, s->rules, s->count, sizeof *s->rules);
	s->rules[s->count] = (struct label_rule){ 0 };
	return &s->rules[s->count++];
}

void label_selector_read_labels(struct json *j, struct arena *arena, struct label_selector *out)
{
	struct json_scope members;
	for (json_object(j, &members); json_member(j, &members);) {
		struct label_rule *rule = add(arena, out);
		if (!rule)
			return;
		rule->key = json_resolve(j, arena);
		rule->operator_ = LABEL_IN;
		rule->values = arena_alloc(arena, sizeof *rule->values);
		rule->values[0] = (struct str){ 0 };
		rule->value_count = 1;
		if (!json_text(j, arena, &rule->values[0]))
			out->problem = "a value of its selector is no text";
	}
}

static void read_values(struct json *j, struct arena *arena, struct label_selector *s, struct label_rule *rule)
{
	struct json_scope values;
	for (json_array(j, &values); json_element(j, &values);) {
		struct str value;
		if (rule->value_count == LABEL_SELECTOR_VALUES_MAX)
			s->problem = "a rule of its selector has more than 256 values";
		else if (!json_text(j, arena, &value))
			s->problem = "a value of its selector is no text";
		if (s->problem)
			return;
		rule->values = arena_room(arena, rule->values, rule->value_count, sizeof *rule->values);
		rule->values[rule->value_count++] = value;
	}
}

static bool read_operator(struct str word, enum label_operator *out)
{
	static const char *const words[LABEL_OPERATORS] = { "In", "NotIn", "Exists", "DoesNotExist" };
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_eq(word, str_of(words[i]))) {
			*out = (enum label_operator)i;
			return true;
		}
	return false;
}

static void read_expression(struct json *j, struct arena *arena, struct label_selector *s)
{
	struct json_scope members;
	struct str word = { 0 };
	struct label_rule *rule = add(arena, s);
	if (!rule)
		return;
	for (json_object(j, &members); json_member(j, &members);) {
		if (json_is(j, "key"))
			json_text(j, arena, &rule->key);
		else if (json_is(j, "operator"))
			json_text(j, arena, &word);
		else if (json_is(j, "values"))
			read_values(j, arena, s, rule);
	}
	if (!rule->key.n || !read_operator(word, &rule->operator_))
		s->problem = "a rule of its selector has no key, or no operator In, NotIn, Exists or DoesNotExist";
}

void label_selector_read(struct json *j, struct arena *arena, struct label_selector *out)
{
	struct json_scope members, rules;
	for (json_object(j, &members); json_member(j, &members);) {
		if (json_is(j, "matchLabels"))
			label_selector_read_labels(j, arena, out);
		else if (json_is(j, "matchExpressions"))
			for (json_array(j, &rules); json_element(j, &rules) && !out->problem;)
				read_expression(j, arena, out);
	}
}

static bool holds(const struct label_rule *rule, const struct label *labels, size_t count)
{
	const struct label *found = NULL;
	bool is_in = false;
	for (size_t i = 0; i < count && !found; i++)
		if (str_eq(labels[i].name, rule->key))
			found = &labels[i];
	for (size_t i = 0; found && i < rule->value_count; i++)
		is_in |= str_eq(found->value, rule->values[i]);
	switch (rule->operator_) {
	case LABEL_IN:
		return is_in;
	case LABEL_NOT_IN:
		return !is_in;
	case LABEL_EXISTS:
		return found != NULL;
	default:
		return found == NULL;
	}
}

bool label_selector_takes(const struct label_selector *s, const struct label *labels, size_t count)
{
	for (size_t i = 0; i < s->count && !s->problem; i++)
		if (!holds(&s->rules[i], labels, count))
			return false;
	return !s->problem;
}
