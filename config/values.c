/* Scalars. The same functions read the file, the defaults and the bounds of the table. Whether a value was written in quotes
 * does not matter: templates quote numbers and booleans all the time, and nothing is ambiguous where the row tells the type. */
#include "config/loader.h"

#include "parsers/bytes/num.h"

enum { NS_IN_MS = 1000000 };

static bool read_str(const struct option *o, struct str text, char *field, struct arena *arena, struct buf *why)
{
	(void)o;
	if (str_has_control(text)) {
		buf_str(why, str_ends(text, STR("\n")) ? STR("expected one line, found a line break at the end: write it in quotes "
			"or after >-")
						       : STR("expected text without line breaks, tabs and control characters"));
		return false;
	}
	struct str copy = arena_copy(arena, text);
	memcpy(field, &copy, sizeof copy);
	return true;
}

/* With what a separator or a replacement may well be: tabs, line breaks. */
static bool read_text(const struct option *o, struct str text, char *field, struct arena *arena, struct buf *why)
{
	(void)o;
	if (str_find(text, '\0') < text.n) {
		buf_str(why, STR("expected text without NUL"));
		return false;
	}
	struct str copy = arena_copy(arena, text);
	memcpy(field, &copy, sizeof copy);
	return true;
}

static bool read_choice(const struct option *o, struct str text, char *field, struct arena *arena, struct buf *why)
{
	struct str rest = str_of(o->range);
	bool is_one = text.n == 0 && o->fallback[0] == '\0';
	while (rest.n && !is_one)
		is_one = str_eq(str_cut(&rest, '|'), text);
	if (is_one)
		return read_str(o, text, field, arena, why);
	buf_str(why, STR("expected one of "));
	for (rest = str_of(o->range); rest.n;) {
		buf_str(why, str_cut(&rest, '|'));
		buf_str(why, rest.n ? STR(", ") : STR(""));
	}
	return false;
}

static bool read_bool(const struct option *o, struct str text, char *field, struct arena *arena, struct buf *why)
{
	static const struct { const char *word; bool value; } words[] = {
		{ "true", true }, { "false", false }, { "yes", true }, { "no", false }, { "on", true }, { "off", false },
	};
	(void)o, (void)arena;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_ieq(text, str_of(words[i].word))) {
			memcpy(field, &words[i].value, sizeof words[i].value);
			return true;
		}
	buf_str(why, STR("expected true or false"));
	return false;
}

static bool out_of_range(const struct option *o, struct buf *why)
{
	struct str least, most;
	option_range(o, &least, &most);
	buf_printf(why, "expected %.*s to %.*s", STR_ARG(least), STR_ARG(most));
	return false;
}

static bool read_int(const struct option *o, struct str text, char *field, struct arena *arena, struct buf *why)
{
	int64_t value, least = INT64_MIN, most = INT64_MAX;
	struct str least_text, most_text;
	(void)arena;
	if (!num_i64(text, &value)) {
		buf_str(why, STR("expected a whole number"));
		return false;
	}
	option_range(o, &least_text, &most_text);
	num_i64(least_text, &least);
	num_i64(most_text, &most);
	if (value < least || value > most)
		return out_of_range(o, why);
	memcpy(field, &value, sizeof value);
	return true;
}

static bool read_count(const struct option *o, struct str text, char *field, struct arena *arena, struct buf *why)
{
	int64_t value;
	if (!read_int(o, text, (char *)&value, arena, why))
		return false;
	uint64_t count = (uint64_t)value;
	memcpy(field, &count, sizeof count);
	return true;
}

static bool read_duration(const struct option *o, struct str text, char *field, struct arena *arena, struct buf *why)
{
	int64_t ns, least = 0, most = INT64_MAX;
	uint64_t bare;
	struct str least_text, most_text;
	(void)arena;
	if (!num_duration_ns(text, &ns)) {
		buf_str(why, STR("expected a duration such as 500ms, 5s or 1m30s"));
		if (num_u64(text, &bare))
			buf_printf(why, " (is it %.*ss?)", STR_ARG(text));
		return false;
	}
	option_range(o, &least_text, &most_text);
	num_duration_ns(least_text, &least);
	num_duration_ns(most_text, &most);
	if (ns < least || ns > most)
		return out_of_range(o, why);
	int64_t ms = ns / NS_IN_MS;
	memcpy(field, &ms, sizeof ms);
	return true;
}

static bool read_bytes(const struct option *o, struct str text, char *field, struct arena *arena, struct buf *why)
{
	uint64_t value, least = 0, most = UINT64_MAX;
	struct str least_text, most_text;
	(void)arena;
	if (!num_bytes(text, &value)) {
		buf_str(why, STR("expected a size such as 4096, 64KiB or 1MB"));
		return false;
	}
	option_range(o, &least_text, &most_text);
	num_bytes(least_text, &least);
	num_bytes(most_text, &most);
	if (value < least || value > most)
		return out_of_range(o, why);
	memcpy(field, &value, sizeof value);
	return true;
}

/* To Prometheus KB, MB and GB are the same as KiB, MiB and GiB. */
static bool read_base2(const struct option *o, struct str text, char *field, struct arena *arena, struct buf *why)
{
	char as_ours[32];
	size_t n = text.n;
	bool is_short = n >= 2 && n < sizeof as_ours && ascii_lower(text.p[n - 1]) == 'b' && memchr("kmg", ascii_lower(text.p[n - 2]), 3);
	if (!is_short)
		return read_bytes(o, text, field, arena, why);
	memcpy(as_ours, text.p, n - 1);
	return read_bytes(o, (struct str){ as_ours, n - 1 }, field, arena, why);
}

typedef bool read_fn(const struct option *o, struct str text, char *field, struct arena *arena, struct buf *why);
static read_fn *const read_fns[OPTION_KINDS] = {
	[OPTION_STR] = read_str,
	[OPTION_SECRET] = read_str,
	[OPTION_TEXT] = read_text,
	[OPTION_CHOICE] = read_choice,
	[OPTION_BOOL] = read_bool,
	[OPTION_INT] = read_int,
	[OPTION_COUNT] = read_count,
	[OPTION_DURATION] = read_duration,
	[OPTION_BYTES] = read_bytes,
	[OPTION_BASE2] = read_base2,
};

bool value_is_scalar(enum option_kind kind)
{
	return read_fns[kind] != NULL;
}

bool value_read(const struct option *o, struct str text, char *field, struct arena *arena, struct buf *why)
{
	return read_fns[o->kind](o, text, field, arena, why);
}
