/* A scanner and a word of state: what may come next. Nesting is a bit for each open bracket, so it has a bound and needs no
 * memory. Strings are checked where they are passed (escapes and control bytes) and resolved only for those who ask; most keys
 * and nearly all values are plain, and plain ones are views. */
#include "parsers/json.h"

#include "parsers/bytes/num.h"
#include "parsers/bytes/utf8.h"
#include "parsers/decimal.h"

enum expects { /* what the grammar allows next, behind blanks */
	EXPECTS_VALUE,         /* behind a colon, at the beginning */
	EXPECTS_FIRST_ELEMENT, /* behind '[': a value or ']' */
	EXPECTS_FIRST_KEY,     /* behind '{': a key or '}' */
	EXPECTS_MORE           /* behind a value: ',' or a closing bracket; outside of all, the end */
};

void json_init(struct json *j, struct str input)
{
	*j = (struct json){ .input = input, .expects = EXPECTS_VALUE };
}

static enum json_item fail(struct json *j, const char *sentence)
{
	if (!j->error)
		j->error = sentence;
	return j->item = JSON_BAD;
}

static bool is_object(const struct json *j)
{
	return j->depth > 0 && (j->objects & 1);
}

static void skip_blanks(struct json *j)
{
	while (j->at < j->input.n && ascii_is_blank(j->input.p[j->at]))
		j->at++;
}

/* The byte that comes next, or 0 at the end: NUL is nowhere allowed, so the two need not be told apart. */
static char peek(const struct json *j)
{
	return j->at < j->input.n ? j->input.p[j->at] : '\0';
}

/* ---- strings ---- */

static bool is_hex4(struct str s)
{
	return s.n >= 4 && hex_value(s.p[0]) >= 0 && hex_value(s.p[1]) >= 0 && hex_value(s.p[2]) >= 0 && hex_value(s.p[3]) >= 0;
}

/* Bytes of the escape at the head of s, which starts with a backslash; 0: it is none. */
static size_t escape_bytes(struct str s)
{
	if (s.n < 2)
		return 0;
	if (s.p[1] == 'u')
		return is_hex4(str_skip(s, 2)) ? 6 : 0;
	return memchr("\"\\/bfnrt", s.p[1], 8) ? 2 : 0;
}

/* How many bytes at the head of s are certainly plain: ASCII, no control byte, quote or backslash. Eight at a time; the last few, and
 * on big-endian machines up to seven more, are left to the caller. */
static size_t plain_bytes(struct str s)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
	size_t n = 0;
	for (uint64_t word; n + sizeof word <= s.n; n += sizeof word) {
		memcpy(&word, s.p + n, sizeof word);
		uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
		/* A borrow can only mark bytes behind one that is marked rightly. */
		uint64_t marks = ((quote - ones) | (backslash - ones) | (word - ones * 0x20) | word) & highs;
		if (marks)
			return n + (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? (size_t)__builtin_ctzll(marks) / 8 : 0);
	}
	return n;
}

/* From the opening quote to behind the closing one. */
static enum json_item scan_string(struct json *j, enum json_item item)
{
	struct str s = str_skip(j->input, j->at + 1);
	bool is_plain = true, has_escape = false;
	size_t i = plain_bytes(s);
	while (i < s.n && s.p[i] != '"') {
		unsigned char c = (unsigned char)s.p[i];
		size_t n = 1;
		if (c == '\\' || (c < 0x20 && !(j->is_lenient && has_escape))) {
			n = c == '\\' ? escape_bytes(str_skip(s, i)) : 0;
			has_escape = true;
			if (n == 0) {
				j->at += 1 + i;
				return fail(j, c == '\\' ? "no such escape in a string" : "a control character in a string");
			}
		}
		is_plain = is_plain && c != '\\' && c < 0x80;
		i += n;
	}
	if (i >= s.n)
		return fail(j, "a string without its end");
	j->raw = str_take(s, i);
	j->is_plain = is_plain;
	j->at += i + 2;
	return j->item = item;
}

/* ---- numbers and words ---- */

/* Length of the number at the head of s, 0: none. */
static size_t number_bytes(struct str s)
{
	size_t n = s.n && s.p[0] == '-', whole = num_digits(str_skip(s, n));
	if (whole == 0 || (whole > 1 && s.p[n] == '0'))
		return 0;
	n += whole;
	if (n < s.n && s.p[n] == '.') {
		size_t fraction = num_digits(str_skip(s, n + 1));
		if (fraction == 0)
			return 0;
		n += 1 + fraction;
	}
	if (n < s.n && ascii_lower(s.p[n]) == 'e') {
		n++;
		n += n < s.n && (s.p[n] == '+' || s.p[n] == '-');
		size_t exponent = num_digits(str_skip(s, n));
		if (exponent == 0)
			return 0;
		n += exponent;
	}
	return n;
}

static enum json_item scan_word(struct json *j)
{
	static const struct {
		struct str text;
		enum json_item item;
	} words[] = { { { "true", 4 }, JSON_TRUE }, { { "false", 5 }, JSON_FALSE }, { { "null", 4 }, JSON_NULL } };
	struct str s = str_skip(j->input, j->at);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_starts(s, words[i].text)) {
			j->at += words[i].text.n;
			return j->item = words[i].item;
		}
	size_t n = number_bytes(s);
	if (n == 0)
		return fail(j, j->at < j->input.n ? "no JSON value" : "the end where a value should be");
	j->raw = str_take(s, n);
	j->is_plain = true;
	j->at += n;
	return j->item = JSON_NUMBER;
}

/* ---- structure ---- */

static enum json_item open_bracket(struct json *j, bool braces)
{
	if (j->depth == JSON_DEPTH_MAX)
		return fail(j, "nested too deeply");
	j->at++;
	j->depth++;
	j->objects = j->objects << 1 | braces;
	j->expects = braces ? EXPECTS_FIRST_KEY : EXPECTS_FIRST_ELEMENT;
	return j->item = braces ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_item close_bracket(struct json *j)
{
	bool braces = is_object(j);
	j->at++;
	j->depth--;
	j->objects >>= 1;
	j->expects = EXPECTS_MORE;
	return j->item = braces ? JSON_OBJECT_END : JSON_ARRAY_END;
}

static enum json_item scan_value(struct json *j)
{
	char c = peek(j);
	if (c == '{' || c == '[')
		return open_bracket(j, c == '{');
	j->expects = EXPECTS_MORE;
	return c == '"' ? scan_string(j, JSON_STRING) : scan_word(j);
}

static enum json_item scan_key(struct json *j)
{
	if (peek(j) != '"')
		return fail(j, "no key where one should be");
	if (scan_string(j, JSON_KEY) == JSON_BAD)
		return JSON_BAD;
	skip_blanks(j);
	if (peek(j) != ':')
		return fail(j, "no colon behind a key");
	j->at++;
	j->expects = EXPECTS_VALUE;
	return JSON_KEY;
}

/* Behind a value: a comma leads to the next key or value. */
static enum json_item scan_more(struct json *j)
{
	char c = peek(j);
	if (j->depth == 0)
		return j->at == j->input.n ? (j->item = JSON_DONE) : fail(j, "something behind the document");
	if (c == (is_object(j) ? '}' : ']'))
		return close_bracket(j);
	if (c != ',')
		return fail(j, "neither a comma nor the closing bracket");
	j->at++;
	skip_blanks(j);
	return is_object(j) ? scan_key(j) : scan_value(j);
}

enum json_item json_next(struct json *j)
{
	if (j->error)
		return JSON_BAD;
	skip_blanks(j);
	switch ((enum expects)j->expects) {
	case EXPECTS_FIRST_KEY:
		return peek(j) == '}' ? close_bracket(j) : scan_key(j);
	case EXPECTS_FIRST_ELEMENT:
		return peek(j) == ']' ? close_bracket(j) : scan_value(j);
	case EXPECTS_MORE:
		return scan_more(j);
	case EXPECTS_VALUE:
	default:
		return scan_value(j);
	}
}

/* Reads on until no more than `depth` brackets are open. */
static void leave(struct json *j, unsigned depth)
{
	while (j->depth > depth && json_next(j) != JSON_BAD)
		;
}

void json_skip(struct json *j)
{
	bool is_inside = j->expects == EXPECTS_FIRST_KEY || j->expects == EXPECTS_FIRST_ELEMENT;
	unsigned depth = j->depth - is_inside;
	if (!is_inside)
		json_next(j);
	leave(j, depth);
}

static bool enter(struct json *j, struct json_scope *s, enum json_item want)
{
	*s = (struct json_scope){ 0 };
	enum json_item got = json_next(j);
	if (got == want)
		*s = (struct json_scope){ j->depth, want == JSON_OBJECT };
	else if (got == JSON_OBJECT || got == JSON_ARRAY)
		leave(j, j->depth - 1);
	return got == want;
}

bool json_object(struct json *j, struct json_scope *s)
{
	return enter(j, s, JSON_OBJECT);
}

bool json_array(struct json *j, struct json_scope *s)
{
	return enter(j, s, JSON_ARRAY);
}

/* What the caller left unread inside of the scope is passed over first. */
static bool settle(struct json *j, struct json_scope *s)
{
	if (s->depth == 0 || j->error)
		return false;
	leave(j, s->depth);
	if (j->depth == s->depth && j->expects == EXPECTS_VALUE)
		json_skip(j);
	if (j->depth < s->depth) /* the caller read the closing bracket himself */
		s->depth = 0;
	return s->depth > 0 && !j->error;
}

bool json_member(struct json *j, struct json_scope *s)
{
	if (!settle(j, s))
		return false;
	if (json_next(j) == JSON_KEY)
		return true;
	s->depth = 0;
	return false;
}

/* An element is announced before it is read: the comma is taken, the value is what comes next. */
bool json_element(struct json *j, struct json_scope *s)
{
	if (!settle(j, s))
		return false;
	skip_blanks(j);
	char c = peek(j);
	if (c == ']') {
		json_next(j);
		s->depth = 0;
		return false;
	}
	if (j->expects == EXPECTS_MORE) {
		if (c != ',') {
			fail(j, "neither a comma nor the closing bracket");
			return false;
		}
		j->at++;
	}
	j->expects = EXPECTS_VALUE;
	return true;
}

/* ---- text ---- */

static uint32_t hex4(const char *p)
{
	uint32_t c = 0;
	for (size_t i = 0; i < 4; i++)
		c = c << 4 | (uint32_t)hex_value(p[i]);
	return c;
}

static size_t put_utf8(char *to, uint32_t c)
{
	static const unsigned char heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n; i-- > 1; c >>= 6)
		to[i] = (char)(0x80 | (c & 0x3f));
	to[0] = (char)(heads[n] | c);
	return n;
}

/* One character of a checked string: takes it off *s and writes its bytes (at most 4, never more than it takes). */
static size_t take_character(struct str *s, char *to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	if (s->p[0] != '\\') {
		to[0] = s->p[0];
		*s = str_skip(*s, 1);
		return 1;
	}
	if (s->p[1] != 'u') {
		const char *hit = memchr(from, s->p[1], sizeof from - 1);
		to[0] = hit ? into[hit - from] : s->p[1];
		*s = str_skip(*s, 2);
		return 1;
	}
	uint32_t c = hex4(s->p + 2);
	*s = str_skip(*s, 6);
	if (c < 0xd800 || c > 0xdfff)
		return put_utf8(to, c);
	uint32_t low = s->n >= 6 && s->p[0] == '\\' && s->p[1] == 'u' ? hex4(s->p + 2) : 0;
	if (c > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return put_utf8(to, 0xfffd);
	*s = str_skip(*s, 6);
	return put_utf8(to, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
}

bool json_is(const struct json *j, const char *text)
{
	struct str want = str_of(text), rest = j->raw;
	if (j->item != JSON_KEY && j->item != JSON_STRING)
		return false;
	if (j->is_plain)
		return str_eq(rest, want);
	while (rest.n) {
		char c[4];
		struct str got = { c, take_character(&rest, c) };
		if (!str_starts(want, got))
			return false;
		want = str_skip(want, got.n);
	}
	return want.n == 0;
}

struct str json_resolve(const struct json *j, struct arena *a)
{
	if (j->is_plain || (utf8_valid(j->raw) == j->raw.n && str_find(j->raw, '\\') == j->raw.n))
		return j->raw;
	char *at = arena_alloc(a, j->raw.n + 1); /* no character is longer than what it was written as */
	size_t n = 0;
	for (struct str rest = j->raw; rest.n;)
		n += take_character(&rest, at + n);
	struct str text = { at, n };
	if (utf8_valid(text) == n)
		return text;
	struct buf repaired;
	buf_init(&repaired, 3 * n);
	utf8_repair(text, &repaired);
	text = arena_copy(a, buf_view(&repaired));
	buf_fini(&repaired);
	return text;
}

/* The next value when it is a string; anything else is passed over. */
static bool next_is(struct json *j, enum json_item want)
{
	enum json_item got = json_next(j);
	if (got == JSON_OBJECT || got == JSON_ARRAY)
		leave(j, j->depth - 1);
	return got == want;
}

bool json_text(struct json *j, struct arena *a, struct str *out)
{
	if (!next_is(j, JSON_STRING))
		return false;
	*out = json_resolve(j, a);
	return true;
}

bool json_raw(struct json *j, struct str *out)
{
	if (!next_is(j, JSON_STRING) && j->item != JSON_NUMBER)
		return false;
	*out = j->raw;
	return true;
}

bool json_i64(struct json *j, int64_t *out)
{
	return next_is(j, JSON_NUMBER) && num_i64(j->raw, out);
}

bool json_double(struct json *j, double *out)
{
	return next_is(j, JSON_NUMBER) && decimal_parse(j->raw, out);
}

bool json_bool(struct json *j, bool *out)
{
	if (!next_is(j, JSON_TRUE) && j->item != JSON_FALSE)
		return false;
	*out = j->item == JSON_TRUE;
	return true;
}

bool json_end(struct json *j)
{
	leave(j, 0);
	if (!j->error && j->expects == EXPECTS_VALUE)
		json_skip(j);
	return !j->error && json_next(j) == JSON_DONE;
}
