/* The text of a series: labels that are taken out of it read the same when they are printed and read again. Then the input's lines as
 * `name value` are set one after the other, and the set stays sorted and says what was set last. */
#include <assert.h>

#include "parsers/exposition/exposition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_back(struct str series)
{
	struct labels first = { 0 }, second = { 0 };
	struct arena arena = { 0 };
	struct buf text;
	const char *why = NULL;
	buf_init(&text, 8 << 20);
	if (exposition_labels(series, &first, &arena, &why)) {
		labels_print(&first, &text);
		assert(exposition_labels(buf_view(&text), &second, &arena, &why) && labels_eq(&first, &second));
	} else {
		assert(why);
	}
	labels_fini(&first);
	labels_fini(&second);
	arena_fini(&arena);
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct labels set = { 0 }, copy = { 0 };
	read_back(rest);
	while (rest.n) {
		struct str value = str_cut(&rest, '\n'), name = str_cut(&value, ' ');
		labels_set(&set, name, value);
		assert(str_eq(labels_get(&set, name), value) && labels_has(&set, name) == (value.n > 0));
	}
	for (size_t i = 1; i < set.count; i++)
		assert(str_cmp(set.at[i - 1].name, set.at[i].name) < 0);
	labels_copy(&copy, &set);
	assert(labels_eq(&copy, &set) && labels_hash(&copy) == labels_hash(&set));
	labels_fini(&set);
	labels_fini(&copy);
	return 0;
}
