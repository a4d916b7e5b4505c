/* Three ways, in the order of how much they can be trusted: a key (JSON down to the second object, logfmt), a head that a
 * logger writes (klog, syslog), a level word near the beginning. A key is searched by three bytes that each of the known
 * names has ("eve" in level and severity, "lvl", "@l") and only then looked at as a key, so most lines are read once, 16 bytes
 * at a time. A word in capitals, in brackets or before a colon counts at once; a plain lower-case word only when no such
 * word follows. Left out on purpose: words in the text of a JSON line without a level key, which say what the message is about. */
#include "parsers/level.h"

#include "parsers/bytes/num.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { KEYS_WITHIN = 2048, WORDS_WITHIN = 256, KEY_ROOM = 24, DEPTH_ALLOWED = 2 };

const char *const level_names[LEVELS] = { "unknown", "trace", "debug", "info", "warn", "error", "critical", "fatal" };

struct word {
	struct str name; /* lower case */
	enum level level;
	bool is_plain; /* counts in lower case and unmarked, too */
};

/* Ordered by first letter, so that a look-up compares a handful. */
static const struct word WORDS[] = {
	{ { "alert", 5 }, LEVEL_CRITICAL, false },
	{ { "c", 1 }, LEVEL_CRITICAL, false },
	{ { "crit", 4 }, LEVEL_CRITICAL, false },
	{ { "critical", 8 }, LEVEL_CRITICAL, true },
	{ { "d", 1 }, LEVEL_DEBUG, false },
	{ { "dbg", 3 }, LEVEL_DEBUG, false },
	{ { "dbug", 4 }, LEVEL_DEBUG, false },
	{ { "debu", 4 }, LEVEL_DEBUG, false },
	{ { "debug", 5 }, LEVEL_DEBUG, true },
	{ { "dpanic", 6 }, LEVEL_CRITICAL, false },
	{ { "e", 1 }, LEVEL_ERROR, false },
	{ { "eror", 4 }, LEVEL_ERROR, false },
	{ { "err", 3 }, LEVEL_ERROR, false },
	{ { "erro", 4 }, LEVEL_ERROR, false },
	{ { "error", 5 }, LEVEL_ERROR, true },
	{ { "emerg", 5 }, LEVEL_FATAL, false },
	{ { "emergency", 9 }, LEVEL_FATAL, false },
	{ { "f", 1 }, LEVEL_FATAL, false },
	{ { "fail", 4 }, LEVEL_ERROR, false },
	{ { "fata", 4 }, LEVEL_FATAL, false },
	{ { "fatal", 5 }, LEVEL_FATAL, true },
	{ { "fine", 4 }, LEVEL_DEBUG, false },
	{ { "finer", 5 }, LEVEL_TRACE, false },
	{ { "finest", 6 }, LEVEL_TRACE, false },
	{ { "ftl", 3 }, LEVEL_FATAL, false },
	{ { "i", 1 }, LEVEL_INFO, false },
	{ { "inf", 3 }, LEVEL_INFO, false },
	{ { "info", 4 }, LEVEL_INFO, true },
	{ { "information", 11 }, LEVEL_INFO, false },
	{ { "informational", 13 }, LEVEL_INFO, false },
	{ { "n", 1 }, LEVEL_INFO, false },
	{ { "notice", 6 }, LEVEL_INFO, false },
	{ { "panic", 5 }, LEVEL_FATAL, false },
	{ { "pnc", 3 }, LEVEL_FATAL, false },
	{ { "severe", 6 }, LEVEL_ERROR, false },
	{ { "t", 1 }, LEVEL_TRACE, false },
	{ { "trace", 5 }, LEVEL_TRACE, false },
	{ { "trc", 3 }, LEVEL_TRACE, false },
	{ { "trce", 4 }, LEVEL_TRACE, false },
	{ { "v", 1 }, LEVEL_TRACE, false },
	{ { "verbose", 7 }, LEVEL_TRACE, false },
	{ { "vrb", 3 }, LEVEL_TRACE, false },
	{ { "w", 1 }, LEVEL_WARN, false },
	{ { "warn", 4 }, LEVEL_WARN, true },
	{ { "warning", 7 }, LEVEL_WARN, true },
	{ { "wrn", 3 }, LEVEL_WARN, false },
};

/* Where the words of a letter begin, how many there are, and a bit for each of their lengths: nearly every other word of a line
 * is turned away by one look here. tests/unit/parsers/test_level.c finds each word through it. */
static const struct {
	unsigned char first, count;
	unsigned short lengths;
} LETTERS[26] = {
	['a' - 'a'] = { 0, 1, 0x0020 }, ['c' - 'a'] = { 1, 3, 0x0112 }, ['d' - 'a'] = { 4, 6, 0x007a },
	['e' - 'a'] = { 10, 7, 0x023a }, ['f' - 'a'] = { 17, 8, 0x007a }, ['i' - 'a'] = { 25, 5, 0x281a },
	['n' - 'a'] = { 30, 2, 0x0042 }, ['p' - 'a'] = { 32, 2, 0x0028 }, ['s' - 'a'] = { 34, 1, 0x0040 },
	['t' - 'a'] = { 35, 4, 0x003a }, ['v' - 'a'] = { 39, 3, 0x008a }, ['w' - 'a'] = { 42, 4, 0x009a },
};

static bool is_letter(char c)
{
	return (unsigned char)(ascii_lower(c) - 'a') < 26;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool may_be_word(struct str s)
{
	unsigned letter = s.n ? (unsigned)(s.p[0] | 0x20) - 'a' : 26;
	return letter < 26 && s.n <= 13 && (LETTERS[letter].lengths >> s.n & 1);
}

static const struct word *word_of(struct str s)
{
	if (!may_be_word(s))
		return NULL;
	unsigned letter = (unsigned)(s.p[0] | 0x20) - 'a';
	const struct word *w = &WORDS[LETTERS[letter].first];
	for (const struct word *end = w + LETTERS[letter].count; w < end; w++)
		if (w->name.n == s.n && ascii_lower(s.p[s.n - 1]) == w->name.p[s.n - 1] && str_ieq(w->name, s))
			return w;
	return NULL;
}

/* pino and bunyan: 10 is trace, 60 is fatal; values between two steps belong to the lower one. */
static enum level of_number(uint64_t number)
{
	return number >= 10 && number < 70 ? (enum level)(number / 10) + (number >= 60) : LEVEL_UNKNOWN;
}

enum level level_of_value(struct str value)
{
	while (value.n && (value.p[0] == ' ' || value.p[0] == '['))
		value = str_skip(value, 1);
	while (value.n && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == ']'))
		value.n--;
	uint64_t number;
	if (value.n && is_digit(value.p[0]))
		return num_u64(value, &number) ? of_number(number) : LEVEL_UNKNOWN;
	const struct word *w = word_of(value);
	return w ? w->level : LEVEL_UNKNOWN;
}

/* Length of a colour sequence at the head of s, raw or as JSON writes it, or 0. */
static size_t colour_length(struct str s)
{
	if (s.n == 0 || (s.p[0] != '\x1b' && s.p[0] != '\\'))
		return 0;
	size_t i = str_starts(s, STR("\x1b[")) ? 2 : str_starts(s, STR("\\u001b[")) || str_starts(s, STR("\\u001B[")) ? 7 : 0;
	if (i == 0)
		return 0;
	while (i < s.n && (is_digit(s.p[i]) || s.p[i] == ';'))
		i++;
	return i < s.n ? i + 1 : s.n;
}

static bool is_key_byte(char c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-' || c == '@';
}

static bool is_level_key(struct str key)
{
	static const struct str KEYS[] = {
		{ "level", 5 }, { "severity", 8 }, { "lvl", 3 }, { "@l", 2 }, { "levelname", 9 }, { "log.level", 9 },
		{ "LEVEL", 5 }, { "Level", 5 }, { "SEVERITY", 8 }, { "Severity", 8 }, { "severity_text", 13 },
		{ "SeverityText", 12 }, { "LVL", 3 }, { "Lvl", 3 },
	};
	for (size_t i = 0; i < COUNT_OF(KEYS); i++)
		if (str_eq(KEYS[i], key))
			return true;
	return false;
}

/* Offset of the next "eve", "lvl" or "@l" in any case at or after i, or s.n. Plainly:
 *	for (; i + 2 < s.n; i++) if (is_seed(s.p + i)) return i;  */
static bool is_seed(const char *p)
{
	char a = ascii_lower(p[0]), b = ascii_lower(p[1]), c = ascii_lower(p[2]);
	return (b == 'v' && ((a == 'e' && c == 'e') || (a == 'l' && c == 'l'))) || (a == '@' && b == 'l');
}

static size_t next_seed(struct str s, size_t i)
{
#ifdef __SSE2__
	const __m128i lower = _mm_set1_epi8(0x20), v = _mm_set1_epi8('v'), at = _mm_set1_epi8('@');
	for (; i + 18 <= s.n; i += 16) {
		__m128i here = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
		__m128i next = _mm_or_si128(_mm_loadu_si128((const __m128i *)(const void *)(s.p + i + 1)), lower);
		__m128i hits = _mm_or_si128(_mm_cmpeq_epi8(next, v), _mm_cmpeq_epi8(here, at));
		unsigned mask = (unsigned)_mm_movemask_epi8(hits);
		for (; mask; mask &= mask - 1) {
			size_t hit = i + (size_t)__builtin_ctz(mask);
			if (is_seed(s.p + hit))
				return hit;
		}
	}
#endif
	for (; i + 2 < s.n; i++)
		if (is_seed(s.p + i))
			return i;
	return s.n;
}

static struct str key_around(struct str s, size_t at)
{
	if (at > 1 && s.n - at > 4 && memcmp(s.p + at - 1, "level", 5) == 0 && (s.p[at - 2] == '"' || s.p[at - 2] == ' ') &&
	    (s.p[at + 4] == '"' || s.p[at + 4] == '='))
		return (struct str){ s.p + at - 1, 5 }; /* nearly always */
	size_t from = at, to = at + 2;
	while (from > 0 && at - from < KEY_ROOM && is_key_byte(s.p[from - 1]))
		from--;
	while (to < s.n && to - at < KEY_ROOM && is_key_byte(s.p[to]))
		to++;
	return (struct str){ s.p + from, to - from };
}

/* A value up to its quote or delimiter; s begins at the value. */
static enum level read_value(struct str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_skip(s, 1);
	bool quoted = s.n && (s.p[0] == '"' || s.p[0] == '\'');
	s = str_skip(s, quoted);
	for (size_t colour; (colour = colour_length(s));)
		s = str_skip(s, colour);
	size_t n = 0;
	while (n < s.n && n < 16 && (is_letter(s.p[n]) || is_digit(s.p[n])))
		n++;
	return level_of_value(str_take(s, n));
}

/* How many objects and arrays are open at s.n. Strings are skipped by their quotes. */
static size_t depth_at_end(struct str s)
{
	size_t depth = 0;
	/* Nothing opens behind the first brace, inside a string or out of it: the usual case, told by two vector searches. */
	struct str rest = str_skip(s, 1);
	if (str_find(rest, '{') == rest.n && str_find(rest, '[') == rest.n)
		return s.n > 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '{' || s.p[i] == '[')
			depth++;
		else if ((s.p[i] == '}' || s.p[i] == ']') && depth > 0)
			depth--;
		else if (s.p[i] == '"')
			for (i++; i < s.n && s.p[i] != '"'; i++)
				i += s.p[i] == '\\';
	}
	return depth;
}

/* The value behind a quoted key of a JSON object, which needs its colon. */
static bool json_value(struct str s, struct str key, struct str *value)
{
	size_t from = (size_t)(key.p - s.p), to = from + key.n;
	if (from == 0 || s.p[from - 1] != '"' || to >= s.n || s.p[to] != '"' || (from > 1 && s.p[from - 2] == '\\'))
		return false;
	for (to++; to < s.n && s.p[to] == ' ';)
		to++;
	*value = str_skip(s, to + 1);
	return to < s.n && s.p[to] == ':';
}

/* A compact event (CLEF) leaves its level out when it is information. */
static bool is_compact_event(struct str s)
{
	return memmem(s.p, s.n, "\"@t\":", 5) && (memmem(s.p, s.n, "\"@mt\":", 6) || memmem(s.p, s.n, "\"@m\":", 5));
}

static enum level from_json(struct str s)
{
	enum level second = LEVEL_UNKNOWN;
	bool has_key = false;
	struct str value;
	for (size_t at = next_seed(s, 0); at < s.n; at = next_seed(s, at + 2)) {
		struct str key = key_around(s, at);
		if (!is_level_key(key) || !json_value(s, key, &value))
			continue;
		has_key = true;
		enum level found = read_value(value);
		if (found == LEVEL_UNKNOWN)
			continue;
		size_t depth = depth_at_end((struct str){ s.p, (size_t)(key.p - 1 - s.p) });
		if (depth <= 1)
			return found;
		if (depth <= DEPTH_ALLOWED && second == LEVEL_UNKNOWN)
			second = found;
	}
	if (second == LEVEL_UNKNOWN && !has_key && s.p[1] == '"' && is_compact_event(s))
		return LEVEL_INFO;
	return second;
}

/* level=warn at the beginning or behind a blank; a key inside a quoted value is part of the message. */
static enum level from_logfmt(struct str s)
{
	for (size_t at = next_seed(s, 0); at < s.n; at = next_seed(s, at + 2)) {
		struct str key = key_around(s, at);
		size_t from = (size_t)(key.p - s.p), to = from + key.n;
		if (!is_level_key(key) || to >= s.n)
			continue;
		while (to < s.n && colour_length(str_skip(s, to)))
			to += colour_length(str_skip(s, to));
		bool starts = from == 0 || str_find(STR(" \t[({,|"), s.p[from - 1]) < 7;
		if (!starts || to >= s.n || s.p[to] != '=')
			continue;
		enum level found = read_value(str_skip(s, to + 1));
		if (found != LEVEL_UNKNOWN)
			return found;
	}
	return LEVEL_UNKNOWN;
}

/* I0409 09:00:00.000001 */
static enum level from_klog(struct str s)
{
	if (s.n < 9 || s.p[5] != ' ' || !is_digit(s.p[6]) || s.p[8] != ':')
		return LEVEL_UNKNOWN;
	for (size_t i = 1; i < 5; i++)
		if (!is_digit(s.p[i]))
			return LEVEL_UNKNOWN;
	return s.p[0] >= 'A' && s.p[0] <= 'Z' ? level_of_value(str_take(s, 1)) : LEVEL_UNKNOWN;
}

/* <34>: the severity is the lowest three bits (RFC 5424, section 6.2.1). */
static enum level from_syslog(struct str s)
{
	static const enum level SEVERITIES[8] = { LEVEL_FATAL, LEVEL_CRITICAL, LEVEL_CRITICAL, LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO,
		LEVEL_INFO, LEVEL_DEBUG };
	if (s.n < 3 || s.p[0] != '<')
		return LEVEL_UNKNOWN;
	struct str rest = str_take(str_skip(s, 1), 4);
	size_t end = str_find(rest, '>');
	uint64_t priority;
	if (end == rest.n || !num_u64(str_take(rest, end), &priority) || priority > 191)
		return LEVEL_UNKNOWN;
	return SEVERITIES[priority & 7];
}

/* Capitals only: letters of a logger, not of a sentence. */
static bool is_upper(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 'A' || s.p[i] > 'Z')
			return false;
	return true;
}

/* What stands beside a word decides whether it stands for the level: 0 not at all, 1 as a word, 2 as a mark. */
static int mark_of(struct str s, size_t from, size_t to)
{
	char before = from > 0 ? s.p[from - 1] : ' ', after = to < s.n ? s.p[to] : ' ';
	bool opens = str_find(STR("[(<|"), before) < 4, closes = str_find(STR("])>|"), after) < 4;
	if (from > 0 && (before == '/' || before == '_' || before == '-' || before == '=' || before == '$' || before == '@'))
		return 0;
	if (before == '.' && to - from < 4)
		return 0;
	if (after == '/' || after == '_' || after == '=' || after == '-' || (after == '.' && to + 1 < s.n && s.p[to + 1] != ' '))
		return 0;
	return (opens && closes) || (after == ':' && from < 64) ? 2 : 1;
}

struct words {
	enum level plain; /* first level word that is only a word */
};

/* The level that s.p[from..to) stands for at once, or LEVEL_UNKNOWN. */
static enum level judge_word(struct words *words, struct str s, size_t from, size_t to)
{
	struct str text = { s.p + from, to - from };
	const struct word *w = text.n >= 3 && !(from > 0 && is_digit(s.p[from - 1])) ? word_of(text) : NULL;
	if (!w || (to < s.n && is_digit(s.p[to])))
		return LEVEL_UNKNOWN;
	int mark = mark_of(s, from, to);
	if (mark == 2 || (mark == 1 && is_upper(text)))
		return w->level;
	if (mark == 1 && w->is_plain && words->plain == LEVEL_UNKNOWN)
		words->plain = w->level;
	return LEVEL_UNKNOWN;
}

static enum level coloured_words(struct str s)
{
	struct words words = { LEVEL_UNKNOWN };
	for (size_t i = 0; i < s.n;) {
		size_t colour = s.p[i] == '\x1b' || s.p[i] == '\\' ? colour_length(str_skip(s, i)) : 0;
		if (colour || !is_letter(s.p[i])) {
			i += colour ? colour : 1;
			continue;
		}
		size_t from = i;
		while (i < s.n && is_letter(s.p[i]))
			i++;
		enum level found = judge_word(&words, s, from, i);
		if (found != LEVEL_UNKNOWN)
			return found;
	}
	return words.plain;
}

/* One bit for each of the next 64 bytes that is a letter. */
static uint64_t letters_at(struct str s, size_t i)
{
	uint64_t mask = 0;
#ifdef __SSE2__
	const __m128i lower = _mm_set1_epi8(0x20), low = _mm_set1_epi8('a' - 1), high = _mm_set1_epi8('z' + 1);
	for (unsigned part = 0; part < 64 && i + part + 16 <= s.n; part += 16) {
		__m128i c = _mm_or_si128(_mm_loadu_si128((const __m128i *)(const void *)(s.p + i + part)), lower);
		__m128i hits = _mm_and_si128(_mm_cmpgt_epi8(c, low), _mm_cmpgt_epi8(high, c));
		mask |= (uint64_t)(unsigned)_mm_movemask_epi8(hits) << part;
	}
	for (unsigned k = s.n - i < 64 ? (unsigned)(s.n - i) / 16 * 16 : 64; k < 64 && i + k < s.n; k++)
#else
	for (unsigned k = 0; k < 64 && i + k < s.n; k++)
#endif
		mask |= (uint64_t)is_letter(s.p[i + k]) << k;
	return mask;
}

/* As coloured_words, by masks of 64 bytes: a word costs one look instead of a branch for each of its letters. */
static enum level from_words(struct str s)
{
	struct words words = { LEVEL_UNKNOWN };
	if (memchr(s.p, '\x1b', s.n) || memchr(s.p, '\\', s.n))
		return coloured_words(s);
	uint64_t last = 0; /* was the byte before this block a letter */
	for (size_t i = 0; i < s.n; i += 64) {
		uint64_t letters = letters_at(s, i), starts = letters & ~(letters << 1 | last);
		last = letters >> 63;
		for (; starts; starts &= starts - 1) {
			unsigned at = (unsigned)__builtin_ctzll(starts);
			uint64_t behind = ~(letters >> at);
			size_t from = i + at, to = from + (behind ? (size_t)__builtin_ctzll(behind) : 64);
			while (to >= i + 64 && to < s.n && is_letter(s.p[to]))
				to++;
			to = to < s.n ? to : s.n;
			enum level found = may_be_word((struct str){ s.p + from, to - from }) ? judge_word(&words, s, from, to) : LEVEL_UNKNOWN;
			if (found != LEVEL_UNKNOWN)
				return found;
		}
	}
	return words.plain;
}

enum level level_detect(struct str line)
{
	while (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
		line = str_skip(line, 1);
	if (line.n == 0)
		return LEVEL_UNKNOWN;
	struct str head = str_take(line, KEYS_WITHIN);
	if (line.p[0] == '{' && line.n > 1)
		return from_json(head);
	enum level found = line.p[0] == '<' ? from_syslog(line) : from_klog(line);
	if (found == LEVEL_UNKNOWN)
		found = from_logfmt(head);
	return found != LEVEL_UNKNOWN ? found : from_words(str_take(line, WORDS_WITHIN));
}

enum level level_detect_in(enum line_form form, struct str line)
{
	if (!line_form_has(form, line))
		return LEVEL_UNKNOWN;
	return form == LINE_FORM_LOGFMT ? from_logfmt(str_take(line, KEYS_WITHIN)) : level_detect(line);
}
