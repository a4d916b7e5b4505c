/* Words are cut at blanks, as Promtail cuts them: a value cannot hold one. What libsystemd would refuse is refused here, where
 * somebody is looking, and with a reason. */
#include "parsers/journal/journal_matches.h"

#include <stdio.h>

enum { SHOWN_BYTES = 64 };

static struct str next_word(struct str *rest)
{
	while (rest->n && ascii_is_space(rest->p[0]))
		*rest = str_skip(*rest, 1);
	size_t n = 0;
	while (n < rest->n && !ascii_is_space(rest->p[n]))
		n++;
	struct str word = str_take(*rest, n);
	*rest = str_skip(*rest, n);
	return word;
}

static bool is_field_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (c != '_' && (c < 'A' || c > 'Z') && !ascii_is_digit(c))
			return false;
	}
	return name.n > 0;
}

static const char *judge_field(struct str word, char why[256])
{
	struct str shown = str_take(word, SHOWN_BYTES), name = str_take(word, str_find(word, '='));
	if (name.n == word.n)
		snprintf(why, 256, "\"" STR_FMT "\" is not FIELD=value: write _SYSTEMD_UNIT=ssh.service, say", STR_ARG(shown));
	else if (!is_field_name(name))
		snprintf(why, 256, "\"" STR_FMT "\": names of fields are upper-case letters, digits and _", STR_ARG(shown));
	else if (str_starts(name, STR("__")))
		snprintf(why, 256, "\"" STR_FMT "\": names that start with __ are addresses of entries and cannot be matched", STR_ARG(shown));
	else
		return NULL;
	return why;
}

const char *journal_matches_problem(struct str text, char why[256])
{
	size_t words = 0;
	bool was_or = true; /* nothing stands before the first word */
	for (struct str word; (word = next_word(&text)).n;) {
		bool is_or = str_eq(word, STR("+"));
		if (++words > JOURNAL_MATCHES_MAX) {
			snprintf(why, 256, "at most %d words are taken", JOURNAL_MATCHES_MAX);
			return why;
		}
		if (!is_or && judge_field(word, why))
			return why;
		if (is_or && was_or)
			break;
		was_or = is_or;
	}
	if (!was_or || words == 0)
		return NULL;
	snprintf(why, 256, "a + needs FIELD=value on both sides");
	return why;
}

enum journal_match journal_matches_next(struct str *rest, struct str *word)
{
	*word = next_word(rest);
	if (word->n == 0)
		return JOURNAL_MATCH_END;
	return str_eq(*word, STR("+")) ? JOURNAL_MATCH_OR : JOURNAL_MATCH_FIELD;
}
