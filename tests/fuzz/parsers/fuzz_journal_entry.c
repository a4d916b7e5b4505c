/* Lines up to an empty one are wanted labels ("*": all), the bytes behind it fields with NUL between them. Whatever they are: a line
 * keeps to its limit, an object that is not cut has its braces, labels are sorted, named as they should be and UTF-8. */
#include <assert.h>

#include "parsers/bytes/utf8.h"
#include "parsers/journal/journal_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_MAX_BYTES = 200 };

static void check(struct str wanted, struct str fields, bool is_json)
{
	struct journal_entry e;
	struct labels labels = { 0 };
	struct str line;
	bool was_cut;
	journal_entry_init(&e, LINE_MAX_BYTES, is_json);
	for (struct str label; wanted.n && (label = str_cut(&wanted, '\n')).n;)
		if (str_eq(label, STR("*")))
			journal_entry_want_all(&e);
		else
			journal_entry_want(&e, label);
	journal_entry_begin(&e);
	while (fields.n)
		journal_entry_field(&e, str_cut(&fields, '\0'));
	if (journal_entry_line(&e, &line, &was_cut)) {
		assert(line.n <= LINE_MAX_BYTES + 32 && (was_cut || line.n <= LINE_MAX_BYTES));
		assert(!is_json || (line.n >= 2 && line.p[0] == '{' && line.p[line.n - 1] == '}' && utf8_valid(line) == line.n));
	} else {
		assert(!is_json);
	}
	journal_entry_labels(&e, &labels);
	for (size_t i = 0; i < labels.count; i++) {
		assert(str_starts(labels.at[i].name, JOURNAL_LABEL_PREFIX) && utf8_valid(labels.at[i].name) == labels.at[i].name.n);
		assert(labels.at[i].value.n && utf8_valid(labels.at[i].value) == labels.at[i].value.n);
		assert(i == 0 || str_cmp(labels.at[i - 1].name, labels.at[i].name) < 0);
	}
	labels_fini(&labels);
	journal_entry_fini(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	size_t at = 0;
	while (at + 1 < size && memcmp(data + at, "\n\n", 2) != 0)
		at++;
	check(str_take(text, at), str_skip(text, at + 2), false);
	check(str_take(text, at), str_skip(text, at + 2), true);
	return 0;
}
