/* Character classes. Everything is written out as ranges of code points and general categories or scripts, so that PCRE2's own idea
 * of \s or [:punct:] has no part in it. Folding a class is left to PCRE2; but a negated group inside a class under (?i) must be
 * folded before it is negated, and two characters beyond ASCII fold into it: U+017F (s) and U+212A (k). */
#include "parsers/regex/regex_syntax.h"

enum { RUNE_MAX = 0x10ffff, LONG_S = 0x17f, KELVIN = 0x212a };

struct mask { uint64_t low, high; }; /* of ASCII */

#define BIT(c) (UINT64_C(1) << ((c) & 63))
#define SPAN(from, to) ((BIT(to) - BIT(from)) | BIT(to)) /* both in one half */
#define DIGITS SPAN('0', '9')
#define UPPER SPAN('A', 'Z')
#define LOWER SPAN('a', 'z')

static const struct { char letter; struct mask mask; } perl[] = {
	{ 'd', { DIGITS, 0 } },
	{ 's', { BIT('\t') | BIT('\n') | BIT('\f') | BIT('\r') | BIT(' '), 0 } },
	{ 'w', { DIGITS, UPPER | LOWER | BIT('_') } },
};

static const struct { const char *name; struct mask mask; } posix[] = {
	{ "alnum", { DIGITS, UPPER | LOWER } },
	{ "alpha", { 0, UPPER | LOWER } },
	{ "ascii", { UINT64_MAX, UINT64_MAX } },
	{ "blank", { BIT('\t') | BIT(' '), 0 } },
	{ "cntrl", { SPAN(0, 31), BIT(127) } },
	{ "digit", { DIGITS, 0 } },
	{ "graph", { SPAN('!', '?'), SPAN('@', '~') } },
	{ "lower", { 0, LOWER } },
	{ "print", { SPAN(' ', '?'), SPAN('@', '~') } },
	{ "punct", { SPAN('!', '/') | SPAN(':', '?'), BIT('@') | SPAN('[', '`') | SPAN('{', '~') } },
	{ "space", { SPAN('\t', '\r') | BIT(' '), 0 } },
	{ "upper", { 0, UPPER } },
	{ "word", { DIGITS, UPPER | LOWER | BIT('_') } },
	{ "xdigit", { DIGITS, SPAN('A', 'F') | SPAN('a', 'f') } },
};

static const char *const categories[] = { "C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "LC", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn",
	"N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs" };

static void put_range(struct buf *out, uint32_t low, uint32_t high)
{
	/* Surrogates are no characters of a text, and PCRE2 does not take them for bounds. */
	if (low >= 0xd800 && low <= 0xdfff)
		low = 0xe000;
	if (high >= 0xd800 && high <= 0xdfff)
		high = 0xd7ff;
	if (low > high)
		return;
	buf_printf(out, "\\x{%x}", low);
	if (high > low)
		buf_printf(out, "-\\x{%x}", high);
}

static bool has(struct mask m, uint32_t c)
{
	return ((c < 64 ? m.low : m.high) >> (c & 63) & 1) != 0;
}

/* The group's characters, or all others. */
static void put_group(struct buf *out, struct mask m, bool is_negated, bool is_folded)
{
	if (is_negated && is_folded) {
		uint64_t letters = (m.high & (UPPER | LOWER));
		m.high |= (letters & UPPER) << 32 | (letters & LOWER) >> 32;
	}
	for (uint32_t c = 0; c < 128;) {
		uint32_t from = c;
		while (c < 128 && has(m, c) != is_negated)
			c++;
		if (c > from)
			put_range(out, from, c - 1);
		else
			c++;
	}
	if (!is_negated)
		return;
	uint32_t from = 128;
	if (is_folded && has(m, 's')) {
		put_range(out, from, LONG_S - 1);
		from = LONG_S + 1;
	}
	if (is_folded && has(m, 'k')) {
		put_range(out, from, KELVIN - 1);
		from = KELVIN + 1;
	}
	put_range(out, from, RUNE_MAX);
}

static bool is_category(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(categories); i++)
		if (str_eq(name, str_of(categories[i])))
			return true;
	return false;
}

/* PCRE2 knows the scripts' names; what is handed on must look like one. */
static bool is_script(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_is_letter(name.p[i]) && !(i > 0 && name.p[i] == '_'))
			return false;
	return name.n > 1 && name.p[0] >= 'A' && name.p[0] <= 'Z';
}

static void put_category(struct buf *out, struct str name, bool is_negated, bool is_folded)
{
	char p = is_negated ? 'P' : 'p';
	if (str_eq(name, STR("C"))) /* to Go, what is not assigned is none of them */
		buf_str(out, is_negated ? STR("\\P{C}\\p{Cn}") : STR("\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}"));
	else if (str_eq(name, STR("LC")) || (is_folded && (str_eq(name, STR("Lu")) || str_eq(name, STR("Ll")) || str_eq(name, STR("Lt")))))
		buf_printf(out, "\\%c{L&}", p);
	else
		buf_printf(out, "\\%c{" STR_FMT "}", p, STR_ARG(name));
}

/* \pN, \p{Greek}, \P{^Lu} at s->at, as items of a class. */
static bool put_unicode(struct regex_syntax *s, unsigned flags)
{
	static const char problem[] = "\\p names no general category or script";
	size_t from = s->at;
	bool is_negated = s->in.p[s->at + 1] == 'P';
	s->at += 2;
	struct str name = str_take(str_skip(s->in, s->at), 1);
	if (regex_syntax_peek(s, 0) == '{') {
		struct str rest = str_skip(s->in, s->at + 1);
		if (str_find(rest, '}') == rest.n)
			return regex_syntax_bad(s, from, problem);
		name = str_cut(&rest, '}');
		s->at += name.n + 2;
		if (name.n && name.p[0] == '^') {
			is_negated = !is_negated;
			name = str_skip(name, 1);
		}
	} else {
		s->at += name.n;
	}
	if (str_eq(name, STR("Any"))) {
		if (!is_negated)
			put_range(s->out, 0, RUNE_MAX);
	} else if (is_category(name)) {
		put_category(s->out, name, is_negated, (flags & SYNTAX_FOLD) != 0);
	} else if (is_script(name)) {
		buf_printf(s->out, "\\%c{sc:" STR_FMT "}", is_negated ? 'P' : 'p', STR_ARG(name));
	} else {
		return regex_syntax_bad(s, from, problem);
	}
	return true;
}

/* \d and the like at s->at, as items of a class. */
static bool put_perl(struct regex_syntax *s, unsigned flags)
{
	char letter = regex_syntax_peek(s, 1);
	for (size_t i = 0; i < COUNT_OF(perl); i++) {
		if (ascii_lower(letter) != perl[i].letter)
			continue;
		put_group(s->out, perl[i].mask, letter != perl[i].letter, (flags & SYNTAX_FOLD) != 0);
		s->at += 2;
		return true;
	}
	return false;
}

/* [:alpha:] or [:^alpha:] at s->at. false without a problem: it is none. */
static bool put_posix(struct regex_syntax *s, unsigned flags)
{
	struct str rest = str_skip(s->in, s->at + 2);
	const char *end = rest.n >= 2 ? memmem(rest.p, rest.n, ":]", 2) : NULL;
	if (!end)
		return false;
	struct str name = { rest.p, (size_t)(end - rest.p) };
	bool is_negated = name.n > 0 && name.p[0] == '^';
	for (size_t i = 0; i < COUNT_OF(posix); i++) {
		if (!str_eq(str_skip(name, is_negated), str_of(posix[i].name)))
			continue;
		put_group(s->out, posix[i].mask, is_negated, (flags & SYNTAX_FOLD) != 0);
		s->at += name.n + 4;
		return true;
	}
	return regex_syntax_bad(s, s->at, "no class has this name between [: and :]");
}

/* One thing between the brackets. */
static bool put_item(struct regex_syntax *s, unsigned flags)
{
	char c = regex_syntax_peek(s, 0), next = regex_syntax_peek(s, 1);
	size_t from = s->at;
	if (c == '[' && next == ':' && s->in.n - s->at > 2) {
		if (put_posix(s, flags))
			return true;
		if (s->problem)
			return false;
	}
	if (c == '\\' && (next == 'p' || next == 'P'))
		return put_unicode(s, flags);
	if (c == '\\' && put_perl(s, flags))
		return true;
	uint32_t low = 0, high = 0;
	if (!(c == '\\' ? regex_syntax_escape(s, &low) : regex_syntax_rune(s, &low)))
		return false;
	high = low;
	if (regex_syntax_peek(s, 0) == '-' && s->in.n - s->at >= 2 && regex_syntax_peek(s, 1) != ']') {
		s->at++;
		if (!(regex_syntax_peek(s, 0) == '\\' ? regex_syntax_escape(s, &high) : regex_syntax_rune(s, &high)))
			return false;
		if (high < low)
			return regex_syntax_bad(s, from, "a range in a class is the wrong way round");
	}
	put_range(s->out, low, high);
	return true;
}

/* What was written behind the bracket at `open` becomes a class; nothing written is the class of nothing. */
static void finish(struct buf *out, size_t open, bool is_negated)
{
	size_t opening = is_negated ? 2 : 1;
	if (out->n > open + opening) {
		buf_char(out, ']');
		return;
	}
	if (out->is_full)
		return;
	out->n = open;
	buf_str(out, is_negated ? STR(".") : STR("(?!)"));
}

bool regex_class_bracket(struct regex_syntax *s, unsigned flags)
{
	static const char problem[] = "a class is not closed";
	size_t from = s->at++, open = s->out->n;
	bool is_negated = regex_syntax_peek(s, 0) == '^';
	s->at += is_negated;
	buf_str(s->out, is_negated ? STR("[^") : STR("["));
	for (bool is_first = true; is_first || regex_syntax_peek(s, 0) != ']'; is_first = false) {
		if (s->at >= s->in.n)
			return regex_syntax_bad(s, from, problem);
		if (!put_item(s, flags))
			return false;
	}
	s->at++;
	finish(s->out, open, is_negated);
	return true;
}

bool regex_class_escape(struct regex_syntax *s, unsigned flags)
{
	char letter = regex_syntax_peek(s, 1);
	size_t open = s->out->n;
	/* Without (?i), PCRE2's \d and \w are the same, and faster. */
	if (ascii_lower(letter) == 'd' || (ascii_lower(letter) == 'w' && !(flags & SYNTAX_FOLD))) {
		buf_printf(s->out, "\\%c", letter);
		s->at += 2;
		return true;
	}
	buf_char(s->out, '[');
	if (!(ascii_lower(letter) == 'p' ? put_unicode(s, flags) : put_perl(s, flags)))
		return false;
	finish(s->out, open, false);
	return true;
}
