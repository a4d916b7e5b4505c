/* RE2's syntax, as Go's regexp/syntax reads it, to a pattern of PCRE2 that means the same. Whatever is not RE2's is refused here, and
 * nothing that the user wrote reaches PCRE2 but as a literal. Only parsers/regex/regex.c includes this. */
#ifndef PARSERS_REGEX_REGEX_SYNTAX_H
#define PARSERS_REGEX_REGEX_SYNTAX_H

#include "parsers/regex/regex.h"

enum regex_syntax_flags { SYNTAX_FOLD = 1, SYNTAX_LINES = 2, SYNTAX_DOT_ALL = 4, SYNTAX_LAZY = 8 }; /* i m s U */

struct regex_syntax {
	struct str in;
	size_t at;
	struct buf *out;
	const char *problem; /* of the first that was found, with its offset */
	size_t problem_at;
	struct str names[REGEX_GROUPS_MAX]; /* views into `in`; [0] is the whole match and has none */
	size_t group_count;                 /* with the whole match */
};

/* false: s->problem at s->problem_at. The result is to be compiled with PCRE2_UTF and PCRE2_DOTALL. */
bool regex_syntax_translate(struct regex_syntax *s, struct str pattern, struct buf *out);

/* regex_class.c: what begins at s->at with [ or with a backslash and one of dDsSwWpP. false with s->problem set: it is bad; false
 * without: it is no class. */
bool regex_class_bracket(struct regex_syntax *s, unsigned flags);
bool regex_class_escape(struct regex_syntax *s, unsigned flags);
/* The character that the escape at s->at stands for. */
bool regex_syntax_escape(struct regex_syntax *s, uint32_t *out);
bool regex_syntax_rune(struct regex_syntax *s, uint32_t *out); /* any character */
bool regex_syntax_bad(struct regex_syntax *s, size_t at, const char *problem); /* always false */

/* The byte that stands `ahead` of s->at, 0 behind the end. */
static inline char regex_syntax_peek(const struct regex_syntax *s, size_t ahead)
{
	return s->at + ahead < s->in.n ? s->in.p[s->at + ahead] : 0;
}

#endif
