/* Docker writes the same layout for every line, so that one is tried first: a text without escapes but the final "\n" is
 * handed out as a view, and what follows the text is compared as a whole. Anything else goes through a small reader of one JSON
 * object: no tree, no recursion. Values under unknown keys are skipped by their brackets and quotes and not validated further. */
#include "parsers/dockerjson.h"

#include "parsers/bytes/num.h"
#include "parsers/bytes/rfc3339.h"

enum { SKIP_DEPTH = 64 };

static const uint64_t ONES = 0x0101010101010101u, HIGHS = 0x8080808080808080u;

/* Not 0 when one of the eight bytes is 0. */
static inline uint64_t has_zero(uint64_t x)
{
	return (x - ONES) & ~x & HIGHS;
}

/* Bytes up to the next quote, backslash or control byte. Plainly:
 *	while (i < s.n && s.p[i] != '"' && s.p[i] != '\\' && (unsigned char)s.p[i] >= 0x20) i++;  */
static size_t plain_run(struct str s)
{
	size_t i = 0;
	for (uint64_t word; i + 8 <= s.n; i += 8) {
		memcpy(&word, s.p + i, 8);
		uint64_t controls = (word - ONES * 0x20) & ~word & HIGHS;
		if (controls | has_zero(word ^ ONES * '"') | has_zero(word ^ ONES * '\\'))
			break;
	}
	while (i < s.n && s.p[i] != '"' && s.p[i] != '\\' && (unsigned char)s.p[i] >= 0x20)
		i++;
	return i;
}

static void put_utf8(char **to, uint32_t c)
{
	static const unsigned char heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n; i-- > 1; c >>= 6)
		(*to)[i] = (char)(0x80 | (c & 0x3f));
	(*to)[0] = (char)(heads[n] | c);
	*to += n;
}

/* "XXXX" at the head of s. */
static bool read_hex4(struct str s, uint32_t *out)
{
	uint64_t value;
	if (s.n < 4 || !num_hex64(str_take(s, 4), &value))
		return false;
	*out = (uint32_t)value;
	return true;
}

/* What follows "\u": 4 bytes, or 10 for a pair of surrogates. 0: not hex. */
static size_t put_unicode(struct str s, char **to)
{
	uint32_t c, low;
	if (!read_hex4(s, &c))
		return 0;
	struct str next = str_skip(s, 4);
	bool is_high = c >= 0xd800 && c <= 0xdbff, is_low = c >= 0xdc00 && c <= 0xdfff;
	if (is_high && str_starts(next, STR("\\u")) && read_hex4(str_skip(next, 2), &low) && low >= 0xdc00 && low <= 0xdfff) {
		put_utf8(to, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
		return 10;
	}
	put_utf8(to, is_high || is_low ? 0xfffd : c);
	return 4;
}

/* s starts at a backslash. Returns the bytes used, 0 when it is no escape. Never writes more than it uses. */
static size_t put_escape(struct str s, char **to)
{
	static const char values[128] = { ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n',
					  ['r'] = '\r', ['t'] = '\t' };
	if (s.n < 2 || (unsigned char)s.p[1] >= sizeof values)
		return 0;
	if (s.p[1] == 'u') {
		size_t n = put_unicode(str_skip(s, 2), to);
		return n ? n + 2 : 0;
	}
	*(*to)++ = values[(unsigned char)s.p[1]];
	return values[(unsigned char)s.p[1]] ? 2 : 0;
}

/* A JSON string whose opening quote is gone already: *rest is left behind the closing one. Resolved into *out, which is a view
 * into the input when there was nothing to resolve, else into what is appended to *scratch. */
static bool read_string(struct str *rest, struct buf *scratch, struct str *out)
{
	struct str s = *rest;
	size_t run = plain_run(s);
	if (run < s.n && s.p[run] == '"') {
		*out = str_take(s, run);
		*rest = str_skip(s, run + 1);
		return true;
	}
	char *from = buf_reserve(scratch, s.n), *to = from; /* no escape is shorter than what it stands for */
	if (!from)
		return false;
	while (run < s.n && s.p[run] == '\\') {
		memcpy(to, s.p, run);
		to += run;
		s = str_skip(s, run);
		size_t used = put_escape(s, &to);
		if (!used)
			return false;
		s = str_skip(s, used);
		run = plain_run(s);
	}
	if (run >= s.n || s.p[run] != '"')
		return false;
	memcpy(to, s.p, run);
	to += run;
	*out = (struct str){ from, (size_t)(to - from) };
	buf_grow(scratch, out->n);
	*rest = str_skip(s, run + 1);
	return true;
}

/* A message ends with a line feed; a piece of one does not. */
static void set_message(struct str text, struct runtime_line *out)
{
	out->is_partial = text.n == 0 || text.p[text.n - 1] != '\n';
	out->message = str_take(text, text.n - !out->is_partial);
}

static bool set_stream(struct str name, struct runtime_line *out)
{
	out->is_stderr = str_eq(name, STR("stderr"));
	return out->is_stderr || str_eq(name, STR("stdout"));
}

/* ---- the layout that Docker writes ---- */

/* {"log":"...","stream":"stdout","time":"..."} */
static bool parse_usual(struct str line, struct buf *scratch, struct runtime_line *out)
{
	if (!str_starts(line, STR("{\"log\":\"")))
		return false;
	struct str rest = str_skip(line, 8), text;
	size_t run = plain_run(rest);
	if (str_starts(str_skip(rest, run), STR("\\n\""))) {
		out->message = str_take(rest, run);
		out->is_partial = false;
		rest = str_skip(rest, run + 3);
	} else {
		if (!read_string(&rest, scratch, &text))
			return false;
		set_message(text, out);
	}
	out->is_stderr = str_starts(rest, STR(",\"stream\":\"stderr\""));
	if (!out->is_stderr && !str_starts(rest, STR(",\"stream\":\"stdout\"")))
		return false;
	rest = str_skip(rest, 18);
	if (!str_starts(rest, STR(",\"time\":\"")) || !str_ends(rest, STR("\"}")) || rest.n < 11)
		return false;
	return rfc3339_parse((struct str){ rest.p + 9, rest.n - 11 }, &out->timestamp_ns);
}

/* ---- any layout ---- */

static void skip_space(struct str *s)
{
	while (s->n && ascii_is_blank(s->p[0]))
		*s = str_skip(*s, 1);
}

static bool take(struct str *s, char c)
{
	skip_space(s);
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_skip(*s, 1);
	return true;
}

static bool skip_string(struct str *s)
{
	for (*s = str_skip(*s, 1); s->n;) {
		*s = str_skip(*s, plain_run(*s));
		if (s->n == 0 || (unsigned char)s->p[0] < 0x20)
			return false;
		bool is_end = s->p[0] == '"';
		if (!is_end && s->n < 2)
			return false;
		*s = str_skip(*s, is_end ? 1 : 2);
		if (is_end)
			return true;
	}
	return false;
}

static bool is_scalar_byte(char c)
{
	return ascii_is_letter(c) || ascii_is_digit(c) || c == '-' || c == '+' || c == '.';
}

/* Numbers, true, false, null. */
static size_t scalar_run(struct str s)
{
	size_t n = 0;
	while (n < s.n && is_scalar_byte(s.p[n]))
		n++;
	return n;
}

/* Brackets that are open: a bit for each tells whether it is a brace. */
struct nesting {
	uint64_t braces;
	unsigned depth;
};

static bool skip_bracket(char c, struct nesting *open)
{
	bool is_brace = c == '{' || c == '}';
	if (c == '{' || c == '[') {
		open->braces = open->braces << 1 | is_brace;
		return open->depth++ < SKIP_DEPTH;
	}
	if (open->depth == 0 || (open->braces & 1) != is_brace)
		return false;
	open->braces >>= 1;
	open->depth--;
	return true;
}

/* One value of any kind. */
static bool skip_value(struct str *s)
{
	struct nesting open = { 0 };
	do {
		size_t n = 1;
		skip_space(s);
		if (s->n == 0)
			return false;
		if (s->p[0] == '"') {
			if (!skip_string(s))
				return false;
			continue;
		}
		if (memchr("{}[]", s->p[0], 4)) {
			if (!skip_bracket(s->p[0], &open))
				return false;
		} else if (!open.depth || (s->p[0] != ',' && s->p[0] != ':')) {
			n = scalar_run(*s);
		}
		if (n == 0)
			return false;
		*s = str_skip(*s, n);
	} while (open.depth);
	return true;
}

enum key { KEY_LOG, KEY_STREAM, KEY_TIME, KEYS };
static const char *const keys[KEYS] = { "log", "stream", "time" };

/* The value of a key, the reader standing before it. Sets the bit of what was found. */
static bool read_value(struct str *s, struct str key, struct buf *scratch, struct runtime_line *out, unsigned *found)
{
	unsigned which = 0;
	struct str text;
	while (which < KEYS && !str_eq(key, str_of(keys[which])))
		which++;
	if (which == KEYS)
		return skip_value(s);
	if (!take(s, '"') || !read_string(s, scratch, &text))
		return false;
	*found |= 1u << which;
	if (which == KEY_LOG)
		set_message(text, out);
	return which == KEY_LOG || (which == KEY_STREAM ? set_stream(text, out) : rfc3339_parse(text, &out->timestamp_ns));
}

static bool parse_any(struct str s, struct buf *scratch, struct runtime_line *out)
{
	unsigned found = 0;
	/* All the text there can be, at once: later growth would move what earlier values point to. */
	if (!take(&s, '{') || !buf_reserve(scratch, s.n))
		return false;
	do {
		struct str key;
		if (!take(&s, '"') || !read_string(&s, scratch, &key) || !take(&s, ':'))
			return false;
		skip_space(&s);
		if (!read_value(&s, key, scratch, out, &found))
			return false;
	} while (take(&s, ','));
	if (!take(&s, '}'))
		return false;
	skip_space(&s);
	return s.n == 0 && found == (1u << KEYS) - 1;
}

bool dockerjson_parse(struct str line, struct buf *scratch, struct runtime_line *out)
{
	buf_reset(scratch);
	if (parse_usual(line, scratch, out))
		return true;
	buf_reset(scratch);
	return parse_any(line, scratch, out);
}
