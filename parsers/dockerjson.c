/* Docker writes the same layout for every line, so that one is tried first: a run without escapes up to the final "\n" is
 * handed out as a view, the rest is compared with the known text. Anything else goes through a small reader of one JSON
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

static void put_utf8(struct buf *out, uint32_t c)
{
	char at[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	for (size_t i = n; i-- > 1; c >>= 6)
		at[i] = (char)(0x80 | (c & 0x3f));
	at[0] = (char)(heads[n] | c);
	buf_append(out, at, n);
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
static size_t put_unicode(struct str s, struct buf *out)
{
	uint32_t c, low;
	if (!read_hex4(s, &c))
		return 0;
	if (c < 0xd800 || c > 0xdfff) {
		put_utf8(out, c);
		return 4;
	}
	struct str next = str_skip(s, 4);
	if (c <= 0xdbff && str_starts(next, STR("\\u")) && read_hex4(str_skip(next, 2), &low) && low >= 0xdc00 && low <= 0xdfff) {
		put_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
		return 10;
	}
	put_utf8(out, 0xfffd);
	return 4;
}

/* s starts at a backslash. Returns the bytes used, 0 when it is no escape. */
static size_t put_escape(struct str s, struct buf *out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	if (s.n < 2)
		return 0;
	if (s.p[1] == 'u') {
		size_t n = put_unicode(str_skip(s, 2), out);
		return n ? n + 2 : 0;
	}
	const char *hit = memchr(names, s.p[1], sizeof names - 1);
	if (!hit)
		return 0;
	buf_char(out, values[hit - names]);
	return 2;
}

/* A JSON string whose opening quote is gone already: *rest is left behind the closing one. Resolved into *out, which is a view
 * into the input when there was nothing to resolve, else into what is appended to *scratch. */
static bool read_string(struct str *rest, struct buf *scratch, struct str *out)
{
	size_t run = plain_run(*rest), from = scratch->n;
	if (run < rest->n && rest->p[run] == '"') {
		*out = str_take(*rest, run);
		*rest = str_skip(*rest, run + 1);
		return true;
	}
	if (!buf_reserve(scratch, 0))
		return false;
	while (run < rest->n && rest->p[run] == '\\') {
		buf_append(scratch, rest->p, run);
		*rest = str_skip(*rest, run);
		size_t used = put_escape(*rest, scratch);
		if (!used)
			return false;
		*rest = str_skip(*rest, used);
		run = plain_run(*rest);
	}
	if (run >= rest->n || rest->p[run] != '"')
		return false;
	buf_append(scratch, rest->p, run);
	*rest = str_skip(*rest, run + 1);
	*out = (struct str){ scratch->p + from, scratch->n - from };
	return !scratch->is_full;
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

/* {"log":"no escapes\n","stream":"stdout","time":"..."} or the same without \n. */
static bool parse_usual(struct str line, struct runtime_line *out)
{
	if (!str_starts(line, STR("{\"log\":\"")))
		return false;
	struct str rest = str_skip(line, 8);
	size_t run = plain_run(rest);
	out->message = str_take(rest, run);
	rest = str_skip(rest, run);
	out->is_partial = !str_starts(rest, STR("\\n"));
	if (!out->is_partial)
		rest = str_skip(rest, 2);
	if (!str_starts(rest, STR("\",\"stream\":\"std")))
		return false;
	rest = str_skip(rest, 15);
	out->is_stderr = str_starts(rest, STR("err"));
	if (!out->is_stderr && !str_starts(rest, STR("out")))
		return false;
	rest = str_skip(rest, 3);
	if (!str_starts(rest, STR("\",\"time\":\"")) || !str_ends(rest, STR("\"}")) || rest.n < 12)
		return false;
	return rfc3339_parse((struct str){ rest.p + 10, rest.n - 12 }, &out->timestamp_ns);
}

/* ---- any layout ---- */

static void skip_space(struct str *s)
{
	while (s->n && (s->p[0] == ' ' || s->p[0] == '\t' || s->p[0] == '\n' || s->p[0] == '\r'))
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

/* Numbers, true, false, null. */
static size_t scalar_run(struct str s)
{
	size_t n = 0;
	while (n < s.n && ((ascii_lower(s.p[n]) >= 'a' && ascii_lower(s.p[n]) <= 'z') || (s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '-' ||
			   s.p[n] == '+' || s.p[n] == '.'))
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
	return parse_usual(line, out) || parse_any(line, scratch, out);
}
