/* A text that is judged good falls into words that libsystemd takes; one that is bad has a sentence. */
#include <assert.h>

#include "parsers/journal/journal_matches.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, word;
	char why[256] = "";
	if (journal_matches_problem(rest, why)) {
		assert(why[0]);
		return 0;
	}
	enum journal_match kind, before = JOURNAL_MATCH_OR;
	size_t words = 0;
	while ((kind = journal_matches_next(&rest, &word)) != JOURNAL_MATCH_END) {
		size_t name = str_find(word, '=');
		words++;
		assert(kind == JOURNAL_MATCH_OR ? before == JOURNAL_MATCH_FIELD : name > 0 && name < word.n);
		for (size_t i = 0; kind == JOURNAL_MATCH_FIELD && i < name; i++)
			assert(word.p[i] == '_' || (word.p[i] >= 'A' && word.p[i] <= 'Z') || (word.p[i] >= '0' && word.p[i] <= '9'));
		before = kind;
	}
	assert(words <= JOURNAL_MATCHES_MAX && (words == 0 || before == JOURNAL_MATCH_FIELD));
	return 0;
}
