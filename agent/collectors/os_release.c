/* os-release(5), read by the rules of a shell that people rely on: KEY=value, 'single' and "double" quotes, backslash escapes inside
 * double ones, "export", and '#' behind a value. A line that breaks the rules is left out, the others count. */
#include <stdlib.h>
#include <time.h>

#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"
#include "parsers/bytes/num.h"

static const struct str keys[OS_KEYS] = {
#define KEY(name) [OS_##name] = { #name, sizeof #name - 1 }
	KEY(BUILD_ID),
	KEY(ID),
	KEY(ID_LIKE),
	KEY(IMAGE_ID),
	KEY(IMAGE_VERSION),
	KEY(NAME),
	KEY(PRETTY_NAME),
	KEY(VARIANT),
	KEY(VARIANT_ID),
	KEY(VERSION),
	KEY(VERSION_CODENAME),
	KEY(VERSION_ID),
	KEY(SUPPORT_END),
#undef KEY
};

/* What stands behind a backslash: one letter, or u and four hex digits (halves of pairs are refused). How many bytes; 0: nothing known. */
static size_t escape(struct str rest, struct buf *out)
{
	static const char from[] = "\"\\/bfrnt", to[] = "\"\\/\b\f\r\n\t";
	const char *hit = rest.n && rest.p[0] ? strchr(from, rest.p[0]) : NULL;
	uint64_t code;
	if (hit) {
		buf_char(out, to[hit - from]);
		return 1;
	}
	if (rest.n < 5 || rest.p[0] != 'u' || !num_hex64((struct str){ rest.p + 1, 4 }, &code) || (code & 0xf800) == 0xd800)
		return 0;
	if (code < 0x80) {
		buf_char(out, (char)code);
	} else if (code < 0x800) {
		buf_char(out, (char)(0xc0 | code >> 6));
	} else {
		buf_char(out, (char)(0xe0 | code >> 12));
		buf_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
	}
	if (code >= 0x80)
		buf_char(out, (char)(0x80 | (code & 0x3f)));
	return 5;
}

/* false: a quote stays open, or an escape means nothing. */
static bool unquote(struct str value, struct buf *out)
{
	char quote = '\0';
	size_t end = out->n; /* what stands behind it is blank, and does not count when a comment follows */
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		if (quote == c && c != '\0') {
			quote = '\0';
			continue;
		}
		if (quote == '\0' && (c == '"' || c == '\'')) {
			quote = c;
			continue;
		}
		if (quote == '\0' && c == '#') {
			out->n = end;
			return true;
		}
		if (quote == '"' && c == '\\') {
			size_t taken = escape(str_skip(value, i + 1), out);
			if (taken == 0)
				return false;
			i += taken;
			end = out->n;
			continue;
		}
		buf_char(out, c);
		if (quote || !ascii_is_space(c))
			end = out->n;
	}
	return quote == '\0';
}

void os_release_parse(struct str text, struct str out[OS_KEYS], struct buf *room)
{
	size_t starts[OS_KEYS], ends[OS_KEYS] = { 0 };
	while (text.n) {
		struct str value = str_trim(str_cut(&text, '\n'));
		if (value.n == 0 || value.p[0] == '#' || str_find(value, '=') == value.n)
			continue;
		struct str key = str_trim(str_cut(&value, '='));
		if (str_starts(key, STR("export ")))
			key = str_trim(str_skip(key, 7));
		for (size_t i = 0; i < OS_KEYS; i++) {
			size_t start = room->n;
			if (!str_eq(key, keys[i]))
				continue;
			if (unquote(str_trim(value), room)) {
				starts[i] = start;
				ends[i] = room->n;
			} else
				room->n = start;
		}
	}
	/* The buffer may have moved while it grew. */
	for (size_t i = 0; i < OS_KEYS; i++)
		out[i] = ends[i] ? (struct str){ room->p + starts[i], ends[i] - starts[i] } : (struct str){ 0 };
}

double os_release_version(struct str version_id)
{
	size_t n = 0;
	bool has_point = false;
	double value = 0;
	while (n < version_id.n && (ascii_is_digit(version_id.p[n]) || (version_id.p[n] == '.' && n > 0 && !has_point)))
		has_point |= version_id.p[n++] == '.';
	while (n && version_id.p[n - 1] == '.')
		n--;
	return fields_number(str_take(version_id, n), &value) ? value : 0;
}

bool os_release_date(struct str date, double *out)
{
	uint64_t year, month, day;
	struct str rest = date, first = str_cut(&rest, '-'), second = str_cut(&rest, '-');
	if (date.n != 10 || first.n != 4 || second.n != 2 || !num_u64(first, &year) || !num_u64(second, &month) || !num_u64(rest, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > 31 || year < 1)
		return false;
	/* Days since 1970 of the Gregorian calendar, with the year beginning in March. */
	uint64_t y = year - (month <= 2) + 400, m = (month + 9) % 12;
	uint64_t days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1;
	*out = ((double)days - 865565.0) * 86400;
	return true;
}
