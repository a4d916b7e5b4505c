/* The first line of the input is a selector, the rest a line of a log. What is taken can be asked, with the same answer again,
 * and a filter that holds always changes nothing; what is refused says where. */
#include <assert.h>

#include "parsers/stages/selector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str label(const void *ctx, struct str name)
{
	(void)ctx;
	return str_eq(name, STR("a")) ? STR("value") : str_eq(name, STR("b")) ? STR("1") : (struct str){ 0 };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = { (const char *)data, size }, text = str_cut(&line, '\n');
	char err[256] = "";
	struct selector *s = selector_new(text, err);
	if (!s) {
		assert(err[0]);
		return 0;
	}
	bool is_match = selector_matches(s, label, NULL, line);
	size_t terms = selector_term_count(s);
	assert(terms >= 1 && terms * 4 <= text.n && selector_matches(s, label, NULL, line) == is_match);
	selector_free(s);

	struct buf longer;
	buf_init(&longer, text.n + 16);
	buf_str(&longer, text);
	buf_str(&longer, STR("\n|=\"\""));
	s = selector_new(buf_view(&longer), err);
	assert(s || text.n + 5 > SELECTOR_TEXT_MAX || terms == SELECTOR_TERMS_MAX);
	assert(!s || (selector_term_count(s) == terms + 1 && selector_matches(s, label, NULL, line) == is_match));
	selector_free(s);
	buf_fini(&longer);
	return 0;
}
