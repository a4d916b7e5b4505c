/* A scanner that cuts the text as Go's text/scanner does (blanks and comments between tokens, strings with Go's escapes), and the
 * grammar behind it, which is a straight line: brace, matchers, brace, filters. A name is any token that is nothing else, as it is
 * there. What is compiled is one list of terms, matchers first: the cheap ones decide before a line is searched. */
#include "parsers/stages/selector.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/num.h"
#include "parsers/bytes/utf8.h"
#include "parsers/regex/regex.h"

enum token { TOKEN_END, TOKEN_BAD, TOKEN_NAME, TOKEN_STRING, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA, TOKEN_DOT, TOKEN_EQ, TOKEN_NEQ,
	TOKEN_RE, TOKEN_NRE, TOKEN_HAS, TOKEN_FINDS };

static const struct { struct str text; enum token token; } signs[] = { /* the longer ones first */
	{ { "!=", 2 }, TOKEN_NEQ }, { { "=~", 2 }, TOKEN_RE }, { { "!~", 2 }, TOKEN_NRE }, { { "|=", 2 }, TOKEN_HAS },
	{ { "|~", 2 }, TOKEN_FINDS }, { { ",", 1 }, TOKEN_COMMA }, { { ".", 1 }, TOKEN_DOT }, { { "{", 1 }, TOKEN_OPEN },
	{ { "}", 1 }, TOKEN_CLOSE }, { { "=", 1 }, TOKEN_EQ },
};

/* What an operator between a name and a text, or before a text, stands for. */
static const struct { enum token token; bool is_filter, is_regex, is_negated; } operators[] = {
	{ TOKEN_EQ, false, false, false }, { TOKEN_NEQ, false, false, true }, { TOKEN_RE, false, true, false },
	{ TOKEN_NRE, false, true, true }, { TOKEN_HAS, true, false, false }, { TOKEN_NEQ, true, false, true },
	{ TOKEN_FINDS, true, true, false }, { TOKEN_NRE, true, true, true },
};

struct term {
	struct str name; /* empty: of the line */
	struct str text;
	struct regex *regex;
	bool is_filter, is_negated;
};

struct selector {
	struct term *terms;
	size_t count;
	struct buf bytes; /* names and texts; never grows after it was reserved: terms have views into it */
};

struct scan {
	struct str all, rest;
	struct str word;  /* of a name */
	struct buf *text; /* of a string, appended */
	size_t at;        /* where the token starts */
	const char *why;  /* TOKEN_BAD */
};

static bool is_word(char c, bool is_first)
{
	return ascii_is_letter(c) || c == '_' || (unsigned char)c >= 0x80 || (!is_first && ascii_is_digit(c));
}

static enum token bad(struct scan *s, const char *why)
{
	s->why = why;
	return TOKEN_BAD;
}

static bool skip_comment(struct scan *s)
{
	if (str_starts(s->rest, STR("//"))) {
		s->rest = str_skip(s->rest, str_find(s->rest, '\n'));
		return true;
	}
	s->rest = str_skip(s->rest, 2);
	while (s->rest.n && !str_starts(s->rest, STR("*/")))
		s->rest = str_skip(s->rest, 1);
	bool is_closed = s->rest.n > 0;
	s->rest = str_skip(s->rest, 2);
	return is_closed;
}

static bool skip_blanks(struct scan *s)
{
	while (s->rest.n) {
		if (ascii_is_blank(s->rest.p[0]))
			s->rest = str_skip(s->rest, 1);
		else if (!str_starts(s->rest, STR("//")) && !str_starts(s->rest, STR("/*")))
			return true;
		else if (!skip_comment(s))
			return false;
	}
	return true;
}

static void put_character(struct buf *out, uint64_t c)
{
	static const unsigned char heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	char bytes[4];
	for (size_t i = n; i-- > 1; c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)(heads[n] | c);
	buf_append(out, bytes, n);
}

/* \ooo \xhh \uhhhh \Uhhhhhhhh, s behind the backslash. Bytes used, 0: none of them. */
static size_t put_code(struct str s, struct buf *out)
{
	uint64_t value = 0;
	if (s.p[0] >= '0' && s.p[0] <= '7') {
		for (size_t i = 0; i < 3; i++) {
			if (i >= s.n || s.p[i] < '0' || s.p[i] > '7')
				return 0;
			value = value * 8 + (uint64_t)(s.p[i] - '0');
		}
		if (value > 0xff)
			return 0;
		buf_char(out, (char)value);
		return 3;
	}
	size_t digits = s.p[0] == 'x' ? 2 : s.p[0] == 'u' ? 4 : s.p[0] == 'U' ? 8 : 0;
	if (digits == 0 || s.n < digits + 1 || !num_hex64((struct str){ s.p + 1, digits }, &value))
		return 0;
	if (digits == 2)
		buf_char(out, (char)value);
	else if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	else
		put_character(out, value);
	return digits + 1;
}

static size_t put_escape(struct str s, struct buf *out)
{
	static const char from[] = "abfnrtv\\\"", to[] = "\a\b\f\n\r\t\v\\\"";
	if (s.n == 0)
		return 0;
	const char *hit = memchr(from, s.p[0], sizeof from - 1);
	if (!hit)
		return put_code(s, out);
	buf_char(out, to[hit - from]);
	return 1;
}

static enum token scan_string(struct scan *s)
{
	s->text->n = 0;
	s->rest = str_skip(s->rest, 1);
	while (s->rest.n && s->rest.p[0] != '"') {
		size_t used = 1;
		if (s->rest.p[0] == '\n')
			break;
		if (s->rest.p[0] != '\\') {
			buf_char(s->text, s->rest.p[0]);
		} else {
			used = put_escape(str_skip(s->rest, 1), s->text);
			if (!used++)
				return bad(s, "an escape in this text is none of Go's (write \\\\ for one backslash)");
		}
		s->rest = str_skip(s->rest, used);
	}
	if (s->rest.n == 0 || s->rest.p[0] != '"')
		return bad(s, "this text has no closing quote");
	s->rest = str_skip(s->rest, 1);
	return TOKEN_STRING;
}

static enum token scan_raw(struct scan *s)
{
	s->rest = str_skip(s->rest, 1);
	size_t n = str_find(s->rest, '`');
	if (n == s->rest.n)
		return bad(s, "this text has no closing back quote");
	s->text->n = 0;
	buf_append(s->text, s->rest.p, n);
	s->rest = str_skip(s->rest, n + 1);
	return TOKEN_STRING;
}

static enum token scan_next(struct scan *s)
{
	bool is_closed = skip_blanks(s);
	s->at = (size_t)(s->rest.p - s->all.p);
	if (!is_closed)
		return bad(s, "a comment is not closed");
	if (s->rest.n == 0)
		return TOKEN_END;
	if (s->rest.p[0] == '"')
		return scan_string(s);
	if (s->rest.p[0] == '`')
		return scan_raw(s);
	for (size_t i = 0; i < COUNT_OF(signs); i++) {
		if (!str_starts(s->rest, signs[i].text))
			continue;
		s->rest = str_skip(s->rest, signs[i].text.n);
		return signs[i].token;
	}
	size_t n = 1; /* one byte that has no meaning of its own is a name too */
	if (is_word(s->rest.p[0], true))
		while (n < s->rest.n && is_word(s->rest.p[n], false))
			n++;
	s->word = str_take(s->rest, n);
	s->rest = str_skip(s->rest, n);
	return TOKEN_NAME;
}

/* ---- terms ---- */

static struct str keep(struct selector *s, struct str text)
{
	struct str kept = { s->bytes.p + s->bytes.n, text.n };
	buf_append(&s->bytes, text.p, text.n);
	return kept;
}

static bool add_term(struct selector *s, struct scan *scan, enum token token, struct str name, bool is_filter, char err[256])
{
	char why[256];
	size_t i = 0;
	while (i < COUNT_OF(operators) && (operators[i].token != token || operators[i].is_filter != is_filter))
		i++;
	if (i == COUNT_OF(operators) || s->count == SELECTOR_TERMS_MAX)
		abort(); /* the caller asked both */
	struct term t = { .is_filter = is_filter, .is_negated = operators[i].is_negated, .name = keep(s, name) };
	t.text = keep(s, buf_view(scan->text));
	if (operators[i].is_regex && !(t.regex = regex_new(t.text, is_filter ? 0 : REGEX_ANCHORED, why))) {
		snprintf(err, 256, "column %zu: %.200s", scan->at + 1, why);
		return false;
	}
	s->terms[s->count++] = t;
	return true;
}

static bool is_operator(enum token token, bool is_filter)
{
	for (size_t i = 0; i < COUNT_OF(operators); i++)
		if (operators[i].token == token && operators[i].is_filter == is_filter)
			return true;
	return false;
}

/* ---- the grammar ---- */

static bool fail(const struct scan *s, enum token token, const char *wanted, char err[256])
{
	const char *why = token == TOKEN_BAD ? s->why : wanted;
	snprintf(err, 256, "column %zu: %s", s->at + 1, why);
	return false;
}

static bool parse_matchers(struct selector *s, struct scan *scan, char err[256])
{
	enum token token = scan_next(scan);
	if (token != TOKEN_OPEN)
		return fail(scan, token, "a selector starts with {, as in {app=\"x\"}", err);
	do {
		if ((token = scan_next(scan)) != TOKEN_NAME)
			return fail(scan, token, "here a label's name is expected, as in {app=\"x\"}", err);
		struct str name = scan->word;
		enum token sign = scan_next(scan);
		if (!is_operator(sign, false))
			return fail(scan, sign, "here one of = != =~ !~ is expected", err);
		if ((token = scan_next(scan)) != TOKEN_STRING)
			return fail(scan, token, "here a text in double quotes is expected", err);
		if (s->count == SELECTOR_TERMS_MAX)
			return fail(scan, token, "more matchers than can be", err);
		if (!add_term(s, scan, sign, name, false, err))
			return false;
	} while ((token = scan_next(scan)) == TOKEN_COMMA);
	return token == TOKEN_CLOSE || fail(scan, token, "here a comma or } is expected", err);
}

static bool parse_filters(struct selector *s, struct scan *scan, char err[256])
{
	for (;;) {
		enum token sign = scan_next(scan), token;
		if (sign == TOKEN_END)
			return true;
		if (!is_operator(sign, true))
			return fail(scan, sign, "behind the selector only the line filters |= != |~ !~ can stand", err);
		if ((token = scan_next(scan)) != TOKEN_STRING)
			return fail(scan, token, "here a text in double quotes is expected", err);
		if (s->count == SELECTOR_TERMS_MAX)
			return fail(scan, token, "more filters than can be", err);
		if (!add_term(s, scan, sign, (struct str){ 0 }, true, err))
			return false;
	}
}

struct selector *selector_new(struct str text, char err[256])
{
	if (text.n > SELECTOR_TEXT_MAX || utf8_valid(text) != text.n || str_find(text, 0) != text.n) {
		snprintf(err, 256, "a selector is UTF-8 of at most %d bytes", SELECTOR_TEXT_MAX);
		return NULL;
	}
	struct selector *s = calloc(1, sizeof *s);
	struct buf string;
	if (!s || !(s->terms = calloc(SELECTOR_TERMS_MAX, sizeof *s->terms)))
		abort();
	/* No token stands for more bytes than it has, and what is kept of all of them is not more than all of them. */
	buf_init(&s->bytes, text.n + 1);
	buf_init(&string, text.n + 1);
	if (!buf_reserve(&s->bytes, text.n + 1) || !buf_reserve(&string, text.n + 1))
		abort();
	struct scan scan = { .all = text.p ? text : STR(""), .rest = text.p ? text : STR(""), .text = &string };
	bool is_good = parse_matchers(s, &scan, err) && parse_filters(s, &scan, err);
	buf_fini(&string);
	if (is_good)
		return s;
	selector_free(s);
	return NULL;
}

void selector_free(struct selector *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		regex_free(s->terms[i].regex);
	free(s->terms);
	buf_fini(&s->bytes);
	free(s);
}

static bool holds(const struct term *t, struct str value)
{
	if (!t->regex)
		return t->is_filter ? t->text.n == 0 || (value.n && memmem(value.p, value.n, t->text.p, t->text.n))
				    : str_eq(value, t->text);
	return regex_match(t->regex, value, 0, NULL) == REGEX_MATCH;
}

bool selector_matches(struct selector *s, selector_label *label, const void *ctx, struct str line)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct term *t = &s->terms[i];
		if (holds(t, t->is_filter ? line : label(ctx, t->name)) == t->is_negated)
			return false;
	}
	return true;
}

void selector_count_limits(struct selector *s, uint64_t *counter)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->terms[i].regex)
			regex_count_limits(s->terms[i].regex, counter);
}

size_t selector_term_count(const struct selector *s)
{
	return s->count;
}
