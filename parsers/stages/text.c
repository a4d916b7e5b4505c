/* Escapes of JSON and of Go's quoted strings. */
#include "parsers/stages/text.h"

#include "parsers/bytes/num.h"
#include "parsers/bytes/utf8.h"

size_t text_rune(struct str s, uint32_t *rune)
{
	unsigned char c = (unsigned char)s.p[0];
	*rune = c;
	if (c < 0x80)
		return 1;
	size_t n = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	*rune = 0xfffd;
	if (n == 1 || n > s.n || utf8_valid(str_take(s, n)) != n)
		return 1;
	uint32_t value = c & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		value = value << 6 | ((unsigned char)s.p[i] & 0x3f);
	*rune = value;
	return n;
}

static void put_rune(struct buf *out, uint32_t c)
{
	static const unsigned char heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	char at[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n; i-- > 1; c >>= 6)
		at[i] = (char)(0x80 | (c & 0x3f));
	at[0] = (char)(heads[n] | c);
	buf_append(out, at, n);
}

/* The escape of a character in JSON; returns its length, 0: it stands for itself. */
static size_t json_escape(uint32_t c, bool is_bad, char at[6])
{
	static const char hex[] = "0123456789abcdef";
	const char *two = c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : NULL;
	if (two) {
		memcpy(at, two, 2);
		return 2;
	}
	if (c >= 0x20 && c != '<' && c != '>' && c != '&' && c != 0x2028 && c != 0x2029 && !is_bad)
		return 0;
	memcpy(at, "\\u", 2);
	for (size_t i = 0; i < 4; i++)
		at[2 + i] = hex[c >> (12 - 4 * i) & 15];
	return 6;
}

void text_json(struct buf *out, struct str s)
{
	size_t from = 0;
	uint32_t c;
	buf_char(out, '"');
	for (size_t i = 0, n; i < s.n; i += n) {
		char at[6];
		n = text_rune(str_skip(s, i), &c);
		size_t length = json_escape(c, c == 0xfffd && n == 1, at);
		if (length == 0)
			continue;
		buf_append(out, s.p + from, i - from);
		buf_append(out, at, length);
		from = i + n;
	}
	buf_str(out, str_skip(s, from));
	buf_char(out, '"');
}

void text_quote(struct buf *out, struct str s)
{
	uint32_t c;
	buf_char(out, '"');
	for (size_t i = 0, n; i < s.n; i += n) {
		n = text_rune(str_skip(s, i), &c);
		static const char names[] = "\a\b\f\n\r\t\v", letters[] = "abfnrtv";
		const char *name = c && c < 0x20 ? memchr(names, (int)c, sizeof names - 1) : NULL;
		if (c == 0xfffd && n == 1)
			buf_printf(out, "\\x%02x", (unsigned char)s.p[i]);
		else if (name)
			buf_printf(out, "\\%c", letters[name - names]);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else if (c >= 0x80 && (c < 0xa1 || c == 0xad || (c >= 0x2000 && c < 0x2010) || (c >= 0x2028 && c < 0x2030) ||
			c == 0xfeff))
			buf_printf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", (char)c);
		else
			buf_append(out, s.p + i, n);
	}
	buf_char(out, '"');
}

/* The digits of an escape: their number by its letter. Returns how many bytes of s it takes, 0: it is none. */
static size_t numeric_escape(struct str s, uint32_t *value, bool *is_byte)
{
	size_t from = s.p[0] == 'x' || s.p[0] == 'u' || s.p[0] == 'U', n = s.p[0] == 'x' ? 2 : s.p[0] == 'u' ? 4 : s.p[0] == 'U' ?
		8 : 3;
	*value = 0;
	*is_byte = n < 4;
	if (s.n < from + n)
		return 0;
	for (size_t i = from; i < from + n; i++) {
		int digit = hex_value(s.p[i]);
		if (digit < 0 || (n == 3 && digit > 7))
			return 0;
		*value = *value * (n == 3 ? 8 : 16) + (uint32_t)digit;
	}
	bool is_good = *is_byte ? *value < 256 : *value <= 0x10ffff && (*value < 0xd800 || *value > 0xdfff);
	return is_good ? from + n : 0;
}

bool text_unquote(struct str inside, struct arena *a, struct str *out)
{
	static const char letters[] = "abfnrtv\\\"", bytes[] = "\a\b\f\n\r\t\v\\\"";
	struct buf text;
	bool is_good = true;
	buf_init(&text, inside.n * 2 + 8);
	while (inside.n && is_good) {
		size_t plain = str_find(inside, '\\'), n = 1;
		buf_str(&text, str_take(inside, plain));
		inside = str_skip(inside, plain);
		if (inside.n == 0)
			break;
		inside = str_skip(inside, 1);
		const char *letter = inside.n ? memchr(letters, inside.p[0], sizeof letters - 1) : NULL;
		uint32_t value;
		bool is_byte;
		if (letter)
			buf_char(&text, bytes[letter - letters]);
		else if (inside.n == 0 || (n = numeric_escape(inside, &value, &is_byte)) == 0)
			is_good = false;
		else if (is_byte)
			buf_char(&text, (char)value);
		else
			put_rune(&text, value);
		inside = str_skip(inside, n);
	}
	*out = arena_copy(a, buf_view(&text));
	buf_fini(&text);
	return is_good;
}

bool text_is_space(uint32_t c)
{
	return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
		c == 0x2028 ||
		c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

void text_replace_all(const struct regex *r, struct str s, struct str replacement, bool is_literal, struct buf *out)
{
	struct regex_groups groups;
	size_t copied = 0; /* to the end of the last match */
	uint32_t rune;
	if (!s.p)
		s = STR("");
	for (size_t from = 0; from <= s.n && !out->is_full && regex_match(r, s, from, &groups) == REGEX_MATCH;) {
		size_t start = (size_t)(groups.at[0].p - s.p), end = start + groups.at[0].n;
		buf_append(out, s.p + copied, start - copied);
		if (end > copied || start == 0) { /* not an empty match right behind a match */
			if (is_literal)
				buf_str(out, replacement);
			else
				regex_expand(r, replacement, &groups, out);
		}
		copied = end;
		size_t width = from < s.n ? text_rune(str_skip(s, from), &rune) : 1;
		from = from + width > end ? from + width : end;
	}
	buf_str(out, str_skip(s, copied));
}
