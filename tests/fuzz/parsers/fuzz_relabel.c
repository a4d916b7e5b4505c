/* Lines `action|sources|separator|regex|target|replacement|modulus` up to an empty one are rules, the lines behind it labels
 * `name=value`. Whatever the rules do, the labels stay sorted and without empty values, and doing it again says the same. */
#include <assert.h>

#include "parsers/bytes/num.h"
#include "parsers/relabel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RULES_MAX = 8, SOURCES_MAX = 4 };

static void read_rule(struct str line, struct relabel_options *o, struct str sources[SOURCES_MAX])
{
	struct str action = str_cut(&line, '|'), names = str_cut(&line, '|');
	uint64_t n = 0;
	num_u64(action, &n);
	*o = (struct relabel_options){ .source_labels = sources, .action = (enum relabel_action)(n % RELABEL_ACTIONS) };
	while (names.n && o->source_label_count < SOURCES_MAX)
		sources[o->source_label_count++] = str_cut(&names, ',');
	o->separator = str_cut(&line, '|');
	o->regex = str_cut(&line, '|');
	o->target_label = str_cut(&line, '|');
	o->replacement = str_cut(&line, '|');
	num_u64(line, &o->modulus);
	o->has_separator = o->has_regex = o->has_replacement = true;
	o->has_modulus = o->modulus != 0;
}

static void check(const struct relabel *r, struct str text)
{
	struct labels labels = { 0 }, again = { 0 };
	struct arena arena = { 0 };
	while (text.n) {
		struct str value = str_cut(&text, '\n'), name = str_cut(&value, '=');
		labels_set(&labels, name, value);
	}
	labels_copy(&again, &labels);
	bool is_kept = relabel_apply(r, &labels, &arena);
	assert(relabel_apply(r, &again, &arena) == is_kept && labels_eq(&labels, &again));
	for (size_t i = 0; i < labels.count; i++) {
		assert(labels.at[i].value.n > 0);
		assert(i == 0 || str_cmp(labels.at[i - 1].name, labels.at[i].name) < 0);
	}
	labels_fini(&labels);
	labels_fini(&again);
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, line;
	struct relabel_options rules[RULES_MAX] = { 0 };
	struct str sources[RULES_MAX][SOURCES_MAX];
	size_t count = 0;
	char err[256];
	while (rest.n && (line = str_cut(&rest, '\n')).n && count < RULES_MAX) {
		read_rule(line, &rules[count], sources[count]);
		count++;
	}
	struct relabel *r = relabel_new(rules, count, err);
	assert(r || (count == 0) == (err[0] == 0));
	if (r)
		check(r, rest);
	relabel_free(r);
	return 0;
}
