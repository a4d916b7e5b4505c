/* One pass from left to right, with a stack of open groups instead of recursion. Flags are kept here: (?s), (?m) and (?U) choose what
 * is written for '.', '^', '$' and quantifiers; of (?i) PCRE2 is told, at the first character that has a case. Names of groups stay
 * here, because PCRE2's are narrower. Anchors become \A and \z, or looks at the neighbour where (?m) is on. */
#include "parsers/regex/regex_syntax.h"

#include <stdlib.h>

#include "parsers/bytes/num.h"
#include "parsers/bytes/utf8.h"

enum { DEPTH_MAX = 200, REPEAT_MAX = 1000, NONE = -1, TOO_LARGE = -1, OPEN_ENDED = -1 };

struct group { /* open */
	size_t start;        /* in the output */
	size_t at;           /* in the input */
	unsigned flags;      /* to go back to */
	unsigned outer_need; /* of what stands before it in the group around */
	bool outer_fold;
};

struct walk {
	struct regex_syntax *s;
	unsigned flags;
	bool is_folding;      /* what PCRE2 has been told */
	long atom;            /* output offset of what a quantifier would take, NONE: nothing to take */
	bool is_wrapped_need; /* it must stand in a group before it can be repeated */
	/* The least number that repeats nested in it multiply to: 1 for a plain one. Go refuses more than 1000, so that nobody writes
	 * a pattern of a million states in a line. */
	unsigned atom_need, need;
	bool was_repeat;
	size_t repeat_at;
	struct group groups[DEPTH_MAX];
	size_t depth;
};

bool regex_syntax_bad(struct regex_syntax *s, size_t at, const char *problem)
{
	if (!s->problem) {
		s->problem = problem;
		s->problem_at = at;
	}
	return false;
}

static bool is_at_end(const struct regex_syntax *s)
{
	return s->at >= s->in.n;
}

static struct str rest_of(const struct regex_syntax *s)
{
	return str_skip(s->in, s->at);
}

bool regex_syntax_rune(struct regex_syntax *s, uint32_t *out)
{
	if (is_at_end(s))
		return regex_syntax_bad(s, s->at, "it ends too early");
	const unsigned char *p = (const unsigned char *)s->in.p + s->at;
	size_t n = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4; /* the whole pattern is valid */
	uint32_t rune = n == 1 ? *p : *p & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		rune = rune << 6 | (p[i] & 0x3f);
	s->at += n;
	*out = rune;
	return true;
}

/* \x41 or \x{41}, behind the x. */
static bool hex_escape(struct regex_syntax *s, size_t from, uint32_t *out)
{
	static const char problem[] = "an escape \\x needs two hexadecimal digits, or a code point in braces";
	*out = 0;
	if (regex_syntax_peek(s, 0) != '{') {
		int high = hex_value(regex_syntax_peek(s, 0)), low = high < 0 ? -1 : hex_value(regex_syntax_peek(s, 1));
		if (high < 0 || low < 0)
			return regex_syntax_bad(s, from, problem);
		*out = (uint32_t)(high * 16 + low);
		s->at += 2;
		return true;
	}
	size_t first = ++s->at;
	for (; hex_value(regex_syntax_peek(s, 0)) >= 0; s->at++) {
		*out = *out * 16 + (uint32_t)hex_value(regex_syntax_peek(s, 0));
		if (*out > 0x10ffff)
			return regex_syntax_bad(s, from, problem);
	}
	if (s->at == first || regex_syntax_peek(s, 0) != '}')
		return regex_syntax_bad(s, from, problem);
	s->at++;
	return true;
}

bool regex_syntax_escape(struct regex_syntax *s, uint32_t *out)
{
	static const char letters[] = "afnrtv", meanings[] = "\a\f\n\r\t\v";
	size_t from = s->at++;
	uint32_t c;
	if (is_at_end(s))
		return regex_syntax_bad(s, from, "a backslash stands at the end");
	if (!regex_syntax_rune(s, &c))
		return false;
	const char *letter = c < 0x80 && c ? memchr(letters, (int)c, sizeof letters - 1) : NULL;
	if (letter) {
		*out = (unsigned char)meanings[letter - letters];
		return true;
	}
	if (c == 'x')
		return hex_escape(s, from, out);
	bool is_octal = c == '0' || (c >= '1' && c <= '7' && regex_syntax_peek(s, 0) >= '0' && regex_syntax_peek(s, 0) <= '7');
	if (is_octal) {
		*out = c - '0';
		for (int i = 1; i < 3 && regex_syntax_peek(s, 0) >= '0' && regex_syntax_peek(s, 0) <= '7'; i++)
			*out = *out * 8 + (uint32_t)(s->in.p[s->at++] - '0');
		return true;
	}
	if (c >= '1' && c <= '9')
		return regex_syntax_bad(s, from, "backreferences are not supported");
	if (c >= 0x80 || (c != '_' && ascii_is_word((char)c)))
		return regex_syntax_bad(s, from, "an escape has no meaning");
	*out = c;
	return true;
}

static void tell_case(struct walk *w)
{
	bool is_folded = (w->flags & SYNTAX_FOLD) != 0;
	if (is_folded == w->is_folding)
		return;
	buf_str(w->s->out, is_folded ? STR("(?i)") : STR("(?-i)"));
	w->is_folding = is_folded;
}

static void begin_atom(struct walk *w, bool needs_group)
{
	w->need = w->atom != NONE && w->atom_need > w->need ? w->atom_need : w->need;
	w->atom = (long)w->s->out->n;
	w->is_wrapped_need = needs_group;
	w->atom_need = 1;
}

static void put_atom(struct walk *w, struct str text, bool needs_group)
{
	begin_atom(w, needs_group);
	buf_str(w->s->out, text);
}

static void put_literal(struct walk *w, uint32_t c)
{
	struct buf *out = w->s->out;
	if (c >= 0x80 || (ascii_lower((char)c) >= 'a' && ascii_lower((char)c) <= 'z'))
		tell_case(w);
	begin_atom(w, false);
	if (c >= 0xd800 && c <= 0xdfff)
		buf_str(out, STR("(?!)")); /* no text holds one */
	else if (c < 0x80 && ascii_is_word((char)c))
		buf_char(out, (char)c);
	else if (c > ' ' && c < 0x7f)
		buf_printf(out, "\\%c", (int)c);
	else
		buf_printf(out, "\\x{%x}", c);
}

static bool open_group(struct walk *w, size_t at, struct str text)
{
	if (w->depth == DEPTH_MAX)
		return regex_syntax_bad(w->s, at, "groups are nested too deeply");
	begin_atom(w, false);
	w->groups[w->depth++] = (struct group){ .start = w->s->out->n, .at = at, .flags = w->flags, .outer_need = w->need,
		.outer_fold = w->is_folding };
	buf_str(w->s->out, text);
	w->atom = NONE;
	w->need = 1;
	return true;
}

static bool open_capture(struct walk *w, size_t at, struct str name)
{
	struct regex_syntax *s = w->s;
	if (s->group_count == REGEX_GROUPS_MAX)
		return regex_syntax_bad(s, at, "there are more than 63 capturing groups");
	s->names[s->group_count++] = name;
	return open_group(w, at, STR("("));
}

/* (?P<name> and (?<name>, s->at behind the '<'. */
static bool named(struct walk *w, size_t from)
{
	struct regex_syntax *s = w->s;
	size_t first = s->at;
	while (ascii_is_word(regex_syntax_peek(s, 0)))
		s->at++;
	struct str name = { s->in.p + first, s->at - first };
	if (name.n == 0 || regex_syntax_peek(s, 0) != '>')
		return regex_syntax_bad(s, from, "the name of a group is of letters, digits and '_', and ends with '>'");
	s->at++;
	return open_capture(w, from, name);
}

/* (?flags) and (?flags: with s->at behind the '?'. */
static bool flags_or_group(struct walk *w, size_t from)
{
	static const char problem[] = "what follows '(?' is none of :, P<name>, <name>, or the flags imsU-";
	static const char letters[] = "imsU";
	struct regex_syntax *s = w->s;
	unsigned set = w->flags;
	bool is_minus = false, has_flag = false;
	for (;; s->at++) {
		char c = regex_syntax_peek(s, 0);
		const char *letter = c ? memchr(letters, c, sizeof letters - 1) : NULL;
		if (letter) {
			unsigned bit = 1u << (letter - letters);
			set = is_minus ? set & ~bit : set | bit;
			has_flag = true;
		} else if (c == '-' && !is_minus) {
			is_minus = true;
			has_flag = false;
		} else if ((c == ':' || c == ')') && (has_flag || !is_minus)) {
			s->at++;
			if (c == ':' && !open_group(w, from, STR("(?:")))
				return false;
			w->flags = set;
			return true;
		} else {
			return regex_syntax_bad(s, from, problem);
		}
	}
}

static bool open_paren(struct walk *w)
{
	struct regex_syntax *s = w->s;
	size_t from = s->at++;
	if (regex_syntax_peek(s, 0) != '?')
		return open_capture(w, from, (struct str){ 0 });
	s->at++;
	struct str rest = rest_of(s);
	if (str_starts(rest, STR("P<")) || str_starts(rest, STR("<"))) {
		if (str_starts(rest, STR("<=")) || str_starts(rest, STR("<!")))
			return regex_syntax_bad(s, from, "lookbehind is not supported");
		s->at += 1 + (rest.p[0] == 'P');
		return named(w, from);
	}
	if (str_starts(rest, STR("=")) || str_starts(rest, STR("!")))
		return regex_syntax_bad(s, from, "lookahead is not supported");
	if (str_starts(rest, STR(">")))
		return regex_syntax_bad(s, from, "atomic groups are not supported");
	return flags_or_group(w, from);
}

static unsigned larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static bool close_paren(struct walk *w)
{
	if (w->depth == 0)
		return regex_syntax_bad(w->s, w->s->at, "a closing parenthesis has no opening one");
	const struct group *g = &w->groups[--w->depth];
	unsigned inside = w->atom == NONE ? w->need : larger(w->need, w->atom_need);
	buf_char(w->s->out, ')');
	w->s->at++;
	w->flags = g->flags;
	w->is_folding = g->outer_fold;
	w->atom = (long)g->start;
	w->atom_need = inside;
	w->need = g->outer_need;
	w->is_wrapped_need = false;
	return true;
}

static void wrap_atom(struct walk *w)
{
	struct buf *out = w->s->out;
	size_t start = (size_t)w->atom, n = out->n - start;
	if (!buf_reserve(out, 4))
		return;
	memmove(out->p + start + 3, out->p + start, n);
	memcpy(out->p + start, "(?:", 3);
	buf_grow(out, 3);
	buf_char(out, ')');
	w->is_wrapped_need = false;
}

/* The number at s->at + *ahead: false when there is none or it has a leading 0; TOO_LARGE from 10^8 upward. */
static bool count(const struct regex_syntax *s, size_t *ahead, int *out)
{
	size_t i = *ahead;
	int value = 0;
	if (!ascii_is_digit(regex_syntax_peek(s, i)) || (regex_syntax_peek(s, i) == '0' && ascii_is_digit(regex_syntax_peek(s, i + 1))))
		return false;
	for (; ascii_is_digit(regex_syntax_peek(s, i)); i++)
		value = value == TOO_LARGE || value >= 100000000 ? TOO_LARGE : value * 10 + (regex_syntax_peek(s, i) - '0');
	*ahead = i;
	*out = value;
	return true;
}

/* {2} {2,} {2,3}: how long it is, 0 when it is none and the brace a literal. */
static size_t counted(const struct regex_syntax *s, int *min, int *max)
{
	size_t i = 1;
	if (!count(s, &i, min))
		return 0;
	*max = *min;
	if (regex_syntax_peek(s, i) == ',') {
		i++;
		*max = OPEN_ENDED;
		if (regex_syntax_peek(s, i) != '}') {
			if (!count(s, &i, max))
				return 0;
			if (*max == TOO_LARGE)
				*min = TOO_LARGE;
		}
	}
	return regex_syntax_peek(s, i) == '}' ? i + 1 : 0;
}

static bool repeat(struct walk *w, size_t length, int min, int max)
{
	struct regex_syntax *s = w->s;
	size_t from = s->at;
	struct str text = str_take(rest_of(s), length);
	bool is_counted = text.p[0] == '{', is_lazy = (w->flags & SYNTAX_LAZY) != 0;
	if (is_counted && (min < 0 || min > REPEAT_MAX || max > REPEAT_MAX || (max >= 0 && min > max)))
		return regex_syntax_bad(s, from, "a repeat count is above 1000, or its bounds are the wrong way round");
	s->at += length;
	if (regex_syntax_peek(s, 0) == '?') {
		s->at++;
		is_lazy = !is_lazy;
	}
	if (w->was_repeat)
		return regex_syntax_bad(s, w->repeat_at, "a quantifier follows a quantifier");
	if (w->atom == NONE)
		return regex_syntax_bad(s, from, "a quantifier has nothing to repeat");
	if (w->is_wrapped_need)
		wrap_atom(w);
	buf_str(s->out, text);
	if (is_lazy)
		buf_char(s->out, '?');
	w->is_wrapped_need = true;
	if (is_counted) {
		unsigned times = max == OPEN_ENDED ? (unsigned)min : (unsigned)max;
		w->atom_need = max == 0 ? 1 : times == 0 ? w->atom_need : times * w->atom_need;
		if ((min >= 2 || max >= 2) && w->atom_need > REPEAT_MAX)
			return regex_syntax_bad(s, from, "nested repeat counts multiply to more than 1000");
		w->atom_need = w->atom_need > REPEAT_MAX ? REPEAT_MAX + 1 : w->atom_need;
	}
	w->was_repeat = true;
	w->repeat_at = from;
	return true;
}

static bool escape(struct walk *w)
{
	struct regex_syntax *s = w->s;
	static const struct { char letter; const char *text; } anchors[] = {
		{ 'A', "\\A" }, { 'z', "\\z" }, { 'b', "\\b" }, { 'B', "\\B" },
	};
	char c = regex_syntax_peek(s, 1);
	for (size_t i = 0; i < COUNT_OF(anchors); i++) {
		if (anchors[i].letter != c)
			continue;
		s->at += 2;
		put_atom(w, str_of(anchors[i].text), true);
		return true;
	}
	if (c == 'Q') {
		s->at += 2;
		while (!is_at_end(s) && !str_starts(rest_of(s), STR("\\E"))) {
			uint32_t literal = 0;
			regex_syntax_rune(s, &literal);
			put_literal(w, literal);
		}
		s->at += is_at_end(s) ? 0 : 2;
		return true;
	}
	if (c && memchr("dDsSwWpP", c, 8)) {
		tell_case(w);
		begin_atom(w, false);
		return regex_class_escape(s, w->flags);
	}
	uint32_t literal = 0;
	if (!regex_syntax_escape(s, &literal))
		return false;
	put_literal(w, literal);
	return true;
}

static bool step(struct walk *w)
{
	struct regex_syntax *s = w->s;
	bool is_lines = (w->flags & SYNTAX_LINES) != 0;
	uint32_t c = 0;
	int min = 0, max = OPEN_ENDED;
	size_t length;
	switch (regex_syntax_peek(s, 0)) {
	case '(':
		return open_paren(w);
	case ')':
		return close_paren(w);
	case '|':
		s->at++;
		buf_char(s->out, '|');
		w->need = w->atom == NONE ? w->need : larger(w->need, w->atom_need);
		w->atom = NONE;
		return true;
	case '^':
		s->at++;
		put_atom(w, is_lines ? STR("(?<![^\\x{a}])") : STR("\\A"), true);
		return true;
	case '$':
		s->at++;
		put_atom(w, is_lines ? STR("(?![^\\x{a}])") : STR("\\z"), true);
		return true;
	case '.':
		s->at++;
		put_atom(w, w->flags & SYNTAX_DOT_ALL ? STR(".") : STR("[^\\x{a}]"), false);
		return true;
	case '[':
		tell_case(w);
		begin_atom(w, false);
		return regex_class_bracket(s, w->flags);
	case '\\':
		return escape(w);
	case '*':
	case '+':
	case '?':
		return repeat(w, 1, min, max);
	case '{':
		length = counted(s, &min, &max);
		if (length)
			return repeat(w, length, min, max);
		break;
	default:
		break;
	}
	regex_syntax_rune(s, &c);
	put_literal(w, c);
	return true;
}

bool regex_syntax_translate(struct regex_syntax *s, struct str pattern, struct buf *out)
{
	*s = (struct regex_syntax){ .in = pattern, .out = out, .group_count = 1 };
	size_t valid = utf8_valid(pattern);
	if (valid != pattern.n)
		return regex_syntax_bad(s, valid, "it is not UTF-8");
	struct walk *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	*w = (struct walk){ .s = s, .atom = NONE, .need = 1 };
	bool is_good = true;
	while (is_good && !is_at_end(s)) {
		bool was_repeat = w->was_repeat;
		size_t before = w->repeat_at;
		is_good = step(w);
		if (was_repeat && w->repeat_at == before)
			w->was_repeat = false;
	}
	if (is_good && w->depth)
		is_good = regex_syntax_bad(s, w->groups[w->depth - 1].at, "a group is not closed");
	if (is_good && out->is_full)
		is_good = regex_syntax_bad(s, 0, "it is too large");
	free(w);
	return is_good;
}
