/* The layout is taken apart once: a row of parts and what stands before each. What stands between the known parts must stand in
 * the text too, but that one blank may be several. */
#include "parsers/stages/layout.h"

#include "parsers/bytes/num.h"

enum part {
	PART_NONE, LONG_MONTH, MONTH, NUM_MONTH, ZERO_MONTH, LONG_WEEKDAY, WEEKDAY, DAY, UNDER_DAY, ZERO_DAY, UNDER_YEARDAY,
		ZERO_YEARDAY, HOUR,
	HOUR12, ZERO_HOUR12, MINUTE, ZERO_MINUTE, SECOND, ZERO_SECOND, LONG_YEAR, YEAR, UPPER_PM, LOWER_PM, ZONE_NAME, ZONE_Z,
	ZONE_OFFSET, FRACTION_0,
	FRACTION_9
};
struct fields {
	struct layout_time *t;
	int yday, month, day; /* -1: not there */
	bool is_pm, is_am, is_utc;
};

/* The longer ones first. */
static const struct { const char *text; enum part part; bool no_lower_after; } parts[] = {
	{ "January", LONG_MONTH, false }, { "Jan", MONTH, true }, { "Monday", LONG_WEEKDAY, false }, { "Mon", WEEKDAY, true },
		{ "MST", ZONE_NAME, false },
	{ "002", ZERO_YEARDAY, false }, { "01", ZERO_MONTH, false }, { "02", ZERO_DAY, false }, { "03", ZERO_HOUR12, false },
	{ "04", ZERO_MINUTE, false }, { "05", ZERO_SECOND, false }, { "06", YEAR, false }, { "15", HOUR, false },
	{ "1", NUM_MONTH, false },
	{ "2006", LONG_YEAR, false }, { "2", DAY, false }, { "__2", UNDER_YEARDAY, false }, { "_2", UNDER_DAY, false },
	{ "3", HOUR12, false },
	{ "4", MINUTE, false }, { "5", SECOND, false }, { "PM", UPPER_PM, false }, { "pm", LOWER_PM, false },
	{ "-070000", ZONE_OFFSET, false },
	{ "-07:00:00", ZONE_OFFSET, false }, { "-0700", ZONE_OFFSET, false }, { "-07:00", ZONE_OFFSET, false },
	{ "-07", ZONE_OFFSET, false },
	{ "Z070000", ZONE_Z, false }, { "Z07:00:00", ZONE_Z, false }, { "Z0700", ZONE_Z, false }, { "Z07:00", ZONE_Z, false },
	{ "Z07", ZONE_Z, false } };

static bool is_digit(struct str s, size_t i)
{
	return i < s.n && ascii_is_digit(s.p[i]);
}

/* ".000" or ",999" at the head; its length, 0: it is none. */
static size_t fraction_bytes(struct str s)
{
	size_t n = 1;
	if (s.n < 2 || (s.p[0] != '.' && s.p[0] != ',') || (s.p[1] != '0' && s.p[1] != '9'))
		return 0;
	while (n < s.n && s.p[n] == s.p[1])
		n++;
	return is_digit(s, n) ? 0 : n;
}

/* What begins at the head of s; its length. */
static size_t part_at(struct str s, enum part *part)
{
	size_t n = fraction_bytes(s);
	*part = n && s.p[1] == '0' ? FRACTION_0 : FRACTION_9;
	if (n || !memchr("JM0123456_PpZ-", s.p[0], 14))
		return n;
	if (str_starts(s, STR("_2006"))) /* a blank that stands for itself, and a year */
		return 0;
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		struct str text = str_of(parts[i].text);
		bool has_lower = s.n > text.n && s.p[text.n] >= 'a' && s.p[text.n] <= 'z';
		if (str_starts(s, text) && !(parts[i].no_lower_after && has_lower)) {
			*part = parts[i].part;
			return text.n;
		}
	}
	return 0;
}

bool layout_read(struct str layout, struct layout *out)
{
	enum part part;
	out->count = 0;
	for (size_t i = 0, n; i < layout.n; i += n ? 0 : 1) {
		struct str rest = str_skip(layout, i);
		n = part_at(rest, &part);
		if (n == 0)
			continue;
		if (out->count == LAYOUT_CHUNKS_MAX - 1)
			return false;
		out->at[out->count++] = (struct layout_chunk){ str_take(layout, i), str_take(rest, n), (int)part };
		layout = str_skip(rest, n);
		i = 0;
	}
	out->at[out->count++] = (struct layout_chunk){ .before = layout, .part = PART_NONE };
	return true;
}

/* Takes what must stand between two parts off the text. */
static bool skip(struct str *text, struct str before)
{
	while (before.n) {
		if (before.p[0] == ' ') {
			if (text->n && text->p[0] != ' ')
				return false;
			while (before.n && before.p[0] == ' ')
				before = str_skip(before, 1);
			while (text->n && text->p[0] == ' ')
				*text = str_skip(*text, 1);
			continue;
		}
		if (text->n == 0 || text->p[0] != before.p[0])
			return false;
		*text = str_skip(*text, 1);
		before = str_skip(before, 1);
	}
	return true;
}

/* One or two digits; two when they must be. */
static bool one_or_two(struct str *s, bool is_fixed, int *out)
{
	if (!is_digit(*s, 0) || (is_fixed && !is_digit(*s, 1)))
		return false;
	size_t n = is_digit(*s, 1) ? 2 : 1;
	*out = n == 2 ? (s->p[0] - '0') * 10 + (s->p[1] - '0') : s->p[0] - '0';
	*s = str_skip(*s, n);
	return true;
}

static bool year_day(struct str *s, bool is_under, int *out)
{
	size_t n = 0;
	for (size_t i = 0; i < 2 && is_under && s->n && s->p[0] == ' '; i++)
		*s = str_skip(*s, 1);
	for (*out = 0; n < 3 && is_digit(*s, n); n++)
		*out = *out * 10 + (s->p[n] - '0');
	*s = str_skip(*s, n);
	return n > 0 && (is_under || n == 3);
}

static bool year(struct str *s, size_t digits, int64_t *out)
{
	if (s->n < digits || (digits == 4 && !is_digit(*s, 0)) || !num_atoi(str_take(*s, digits), out))
		return false;
	*s = str_skip(*s, digits);
	*out += digits == 4 ? 0 : *out >= 69 ? 1900 : 2000;
	return true;
}

static bool name_of(struct str *s, const char *const *names, size_t count, size_t length, int *out)
{
	for (size_t i = 0; i < count; i++) {
		struct str name = length ? str_take(str_of(names[i]), length) : str_of(names[i]);
		if (s->n >= name.n && str_ieq(str_take(*s, name.n), name)) {
			*s = str_skip(*s, name.n);
			*out = (int)i + 1;
			return true;
		}
	}
	return false;
}

/* A point or comma and n-1 bytes behind it. */
static bool fraction(struct str *s, size_t n, int64_t *out)
{
	if (s->n < n || (s->p[0] != '.' && s->p[0] != ','))
		return false;
	size_t kept = n > 10 ? 10 : n;
	if (!num_atoi(str_skip(str_take(*s, kept), 1), out) || *out < 0)
		return false;
	for (size_t i = kept; i < 10; i++)
		*out *= 10;
	*s = str_skip(*s, n);
	return true;
}

static size_t fraction_digits(struct str s)
{
	size_t n = 0;
	while (is_digit(s, n + 1))
		n++;
	return s.n && (s.p[0] == '.' || s.p[0] == ',') ? n : 0;
}

/* The offset, written as long as `like`: the sign, then hours, minutes and seconds with or without colons. */
static bool offset(struct str *s, struct str like, int32_t *out)
{
	int part[3] = { 0 };
	if (s->n < like.n || (s->p[0] != '+' && s->p[0] != '-'))
		return false;
	struct str text = str_skip(str_take(*s, like.n), 1);
	bool is_negative = s->p[0] == '-';
	for (size_t i = 0; text.n; i++) {
		if (text.p[0] == ':' && like.p[like.n - text.n] == ':')
			text = str_skip(text, 1);
		if (i == 3 || !one_or_two(&text, true, &part[i]))
			return false;
	}
	if (part[0] > 24 || part[1] > 60 || part[2] > 60)
		return false;
	*out = (part[0] * 60 + part[1]) * 60 + part[2];
	*out = is_negative ? -*out : *out;
	*s = str_skip(*s, like.n);
	return true;
}

/* "+5" behind GMT: its length, 0: it is none. */
static size_t signed_offset(struct str s)
{
	size_t n = 1;
	int64_t hours = 0;
	if (s.n == 0 || (s.p[0] != '+' && s.p[0] != '-'))
		return 0;
	for (; is_digit(s, n) && hours < 1000; n++)
		hours = hours * 10 + (s.p[n] - '0');
	return n == 1 || hours > 23 ? 0 : n;
}

/* Length of the abbreviation of a zone at the head of s, 0: it is none. */
static size_t zone_name_bytes(struct str s)
{
	size_t upper = 0;
	if (s.n < 3)
		return 0;
	if (str_starts(s, STR("ChST")) || str_starts(s, STR("MeST")))
		return 4;
	if (str_starts(s, STR("GMT")))
		return 3 + signed_offset(str_skip(s, 3));
	if (s.p[0] == '+' || s.p[0] == '-')
		return signed_offset(s);
	while (upper < 6 && upper < s.n && s.p[upper] >= 'A' && s.p[upper] <= 'Z')
		upper++;
	bool is_good = upper == 3 || (upper == 4 && (s.p[3] == 'T' || str_starts(s, STR("WITA")))) || (upper == 5 && s.p[4] == 'T');
	return is_good ? upper : 0;
}

static bool zone_name(struct str *s, struct fields *f)
{
	if (str_starts(*s, STR("UTC"))) {
		f->is_utc = true;
		*s = str_skip(*s, 3);
		return true;
	}
	size_t n = zone_name_bytes(*s);
	f->t->zone_name = str_take(*s, n);
	*s = str_skip(*s, n);
	return n > 0;
}

static bool half_of_day(struct str *s, struct str am, struct str pm, struct fields *f)
{
	f->is_pm = f->is_pm || str_starts(*s, pm);
	f->is_am = f->is_am || str_starts(*s, am);
	bool is_there = str_starts(*s, pm) || str_starts(*s, am);
	*s = str_skip(*s, 2);
	return is_there;
}

/* Seconds may have a fraction that the layout says nothing of. */
static bool seconds(struct str *s, int next, bool is_fixed, struct layout_time *t)
{
	if (!one_or_two(s, is_fixed, &t->second) || t->second > 59)
		return false;
	size_t digits = fraction_digits(*s);
	if (digits == 0)
		return true;
	return next == FRACTION_0 || next == FRACTION_9 || fraction(s, digits + 1, &t->ns);
}

static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September",
	"October",
	"November", "December" };
static const char *const weekdays[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };

static bool read_date(struct str *s, const struct layout_chunk *c, struct fields *f)
{
	int ignored;
	switch ((enum part)c->part) {
	case YEAR:
	case LONG_YEAR:
		return year(s, c->part == YEAR ? 2 : 4, &f->t->year);
	case MONTH:
	case LONG_MONTH:
		return name_of(s, months, COUNT_OF(months), c->part == MONTH ? 3 : 0, &f->month);
	case NUM_MONTH:
	case ZERO_MONTH:
		return one_or_two(s, c->part == ZERO_MONTH, &f->month) && f->month >= 1 && f->month <= 12;
	case WEEKDAY:
	case LONG_WEEKDAY:
		return name_of(s, weekdays, COUNT_OF(weekdays), c->part == WEEKDAY ? 3 : 0, &ignored);
	case UNDER_DAY:
		if (s->n && s->p[0] == ' ')
			*s = str_skip(*s, 1);
		return one_or_two(s, false, &f->day);
	case DAY:
	case ZERO_DAY:
		return one_or_two(s, c->part == ZERO_DAY, &f->day);
	default:
		return year_day(s, c->part == UNDER_YEARDAY, &f->yday);
	}
}

static bool read_part(struct str *s, const struct layout_chunk *c, struct fields *f)
{
	struct layout_time *t = f->t;
	switch ((enum part)c->part) {
	case HOUR:
		return one_or_two(s, false, &t->hour) && t->hour < 24;
	case HOUR12:
	case ZERO_HOUR12:
		return one_or_two(s, c->part == ZERO_HOUR12, &t->hour) && t->hour <= 12;
	case MINUTE:
	case ZERO_MINUTE:
		return one_or_two(s, c->part == ZERO_MINUTE, &t->minute) && t->minute < 60;
	case SECOND:
	case ZERO_SECOND:
		return seconds(s, c[1].part, c->part == ZERO_SECOND, t);
	case UPPER_PM:
		return half_of_day(s, STR("AM"), STR("PM"), f);
	case LOWER_PM:
		return half_of_day(s, STR("am"), STR("pm"), f);
	case ZONE_NAME:
		return zone_name(s, f);
	case ZONE_Z:
		if (s->n && s->p[0] == 'Z') {
			*s = str_skip(*s, 1);
			return f->is_utc = true;
		}
		t->has_offset = true;
		return offset(s, c->text, &t->offset_s);
	case ZONE_OFFSET:
		t->has_offset = true;
		return offset(s, c->text, &t->offset_s);
	case FRACTION_0:
		return fraction(s, c->text.n, &t->ns);
	case FRACTION_9:
		return !(s->n > 1 && fraction_digits(*s)) || fraction(s, fraction_digits(*s) + 1, &t->ns);
	default:
		return read_date(s, c, f);
	}
}

static bool is_leap(int64_t y)
{
	return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

/* The day of the year, and what stood besides it, agree. */
static bool settle_date(struct fields *f)
{
	struct layout_time *t = f->t;
	int64_t y;
	if (f->yday >= 0) {
		int month, day;
		if (f->yday < 1 || f->yday > 365 + is_leap(t->year))
			return false;
		zone_date(zone_days(t->year, 1, 1) + f->yday - 1, &y, &month, &day);
		if ((f->month >= 0 && f->month != month) || (f->day >= 0 && f->day != day))
			return false;
		f->month = month;
		f->day = day;
	}
	t->month = f->month < 0 ? 1 : f->month;
	t->day = f->day < 0 ? 1 : f->day;
	static const signed char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return t->day >= 1 && t->day <= days[t->month - 1] + (t->month == 2 && is_leap(t->year));
}

bool layout_parse(const struct layout *layout, struct str text, struct layout_time *out)
{
	*out = (struct layout_time){ 0 };
	struct fields f = { .t = out, .yday = -1, .month = -1, .day = -1 };
	for (size_t i = 0; i < layout->count; i++) {
		const struct layout_chunk *c = &layout->at[i];
		if (!skip(&text, c->before) || (c->part != PART_NONE && !read_part(&text, c, &f)))
			return false;
	}
	if (text.n || !settle_date(&f))
		return false;
	if (f.is_pm && out->hour < 12)
		out->hour += 12;
	else if (f.is_am && out->hour == 12)
		out->hour = 0;
	if (f.is_utc) {
		out->has_offset = true;
		out->offset_s = 0;
		out->zone_name = (struct str){ 0 };
	}
	return true;
}

bool layout_unix_ns(const struct layout_time *t, const struct zone *zone, const struct zone *names, int64_t *out)
{
	int64_t clock_s = zone_days(t->year, t->month, t->day) * 86400 + t->hour * 3600 + t->minute * 60 + t->second, unix_s;
	int32_t named_s;
	if (t->has_offset)
		unix_s = clock_s - t->offset_s;
	else if (t->zone_name.n == 0)
		unix_s = zone_unix(zone, clock_s);
	else if (zone_offset_named(names, t->zone_name, clock_s, &named_s))
		unix_s = clock_s - named_s;
	else
		unix_s = clock_s;
	return !__builtin_mul_overflow(unix_s, INT64_C(1000000000), out) && !__builtin_add_overflow(*out, t->ns, out);
}
