/* The keys all have "req" in them, and 'q' is the rarest letter there is: memchr goes from one to the next. What surrounds it is then
 * compared with the keys, without the case and without '-' and '_'. */
#include "parsers/trace/request_id.h"

enum { VALUE_LEAST = 16, VALUE_MOST = 128, UUID_BYTES = 36, KEY_MOST = 24, LETTERS_LEAST = 4, DISTINCT_LEAST = 8, BLANKS_MOST = 4 };

static bool is_word(char c)
{
	return ascii_is_word(c) || c == '-';
}

/* ---- the key ---- */

/* The word that holds line.p[at], without what stands before a dot: "http.request_id" is "request_id". */
static struct str word_at(struct str line, size_t at)
{
	size_t from = at, to = at + 1;
	while (from > 0 && at - from < KEY_MOST && is_word(line.p[from - 1]))
		from--;
	while (to < line.n && to - at < KEY_MOST && is_word(line.p[to]))
		to++;
	return (struct str){ line.p + from, to - from };
}

static bool is_key(struct str word)
{
	static const struct str keys[] = { { "requestid", 9 }, { "reqid", 5 }, { "xrequestid", 10 }, { "xreqid", 6 }, { "httpxrequestid", 14 } };
	char plain[2 * KEY_MOST + 2];
	size_t n = 0;
	for (size_t i = 0; i < word.n && n < sizeof plain; i++)
		if (word.p[i] != '-' && word.p[i] != '_')
			plain[n++] = ascii_lower(word.p[i]);
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (str_eq((struct str){ plain, n }, keys[i]))
			return true;
	return false;
}

/* ---- the value ---- */

static struct str skip_quote(struct str s)
{
	if (s.n > 1 && s.p[0] == '\\' && (s.p[1] == '"' || s.p[1] == '\''))
		return str_skip(s, 2);
	return s.n && (s.p[0] == '"' || s.p[0] == '\'') ? str_skip(s, 1) : s;
}

static struct str skip_blanks(struct str s)
{
	size_t n = 0;
	while (n < s.n && n < BLANKS_MOST && s.p[n] == ' ')
		n++;
	return str_skip(s, n);
}

/* What follows a key: its quote, '=' or ':', blanks, the quote of the value. */
static bool skip_to_value(struct str *rest)
{
	struct str s = skip_blanks(skip_quote(*rest));
	if (s.n == 0 || (s.p[0] != '=' && s.p[0] != ':'))
		return false;
	*rest = skip_quote(skip_blanks(str_skip(s, 1)));
	return true;
}

static bool is_uuid(struct str s)
{
	for (size_t i = 0; i < UUID_BYTES; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
		char c = ascii_lower(s.p[i]);
		if (is_dash ? c != '-' : !ascii_is_digit(c) && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

/* Letters and digits in a mixture that words, dates and counters do not have. */
static bool is_random(struct str s)
{
	uint64_t seen = 0;
	size_t letters = 0, digits = 0;
	for (size_t i = 0; i < s.n; i++) {
		letters += ascii_is_letter(s.p[i]);
		digits += ascii_is_digit(s.p[i]);
		seen |= UINT64_C(1) << (s.p[i] & 63);
	}
	bool is_mixed = letters >= LETTERS_LEAST && digits >= LETTERS_LEAST;
	size_t distinct = 0;
	for (; seen && distinct < DISTINCT_LEAST; seen &= seen - 1)
		distinct++;
	return (is_mixed || (s.n == UUID_BYTES && is_uuid(s))) && distinct == DISTINCT_LEAST;
}

static bool read_value(struct str rest, struct str *out)
{
	size_t n = 0;
	while (n < rest.n && n <= VALUE_MOST && is_word(rest.p[n]))
		n++;
	*out = str_take(rest, n);
	return n >= VALUE_LEAST && n <= VALUE_MOST && is_random(*out);
}

bool request_id_find(struct str line, struct str *out)
{
	for (size_t at = 0; at < line.n; at++) {
		const char *hit = memchr(line.p + at, 'q', line.n - at);
		if (!hit)
			return false;
		at = (size_t)(hit - line.p);
		if (at < 2 || ascii_lower(hit[-1]) != 'e' || ascii_lower(hit[-2]) != 'r')
			continue;
		struct str word = word_at(line, at);
		if (!is_key(word))
			continue;
		struct str rest = str_skip(line, (size_t)(word.p + word.n - line.p));
		if (skip_to_value(&rest) && read_value(rest, out))
			return true;
	}
	return false;
}
