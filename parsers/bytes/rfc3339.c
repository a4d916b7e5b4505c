/* Dates by counting days (the calendar repeats every 400 years = 146097 days); no time zone tables, no libc calls. */
#include "parsers/bytes/rfc3339.h"

enum { DAYS_PER_ERA = 146097, EPOCH_DAYS = 719468 /* 0000-03-01 to 1970-01-01 */ };
static const int64_t SECOND_NS = 1000000000;

/* Days before each month of a common year, from March on one more in leap years. */
static const short days_before[] = { 0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };

/* Days since 1970-01-01, -1 when there is no such date. Years 1970 to 2261, month 1 to 12. */
static int64_t days_from_civil(unsigned year, unsigned month, unsigned day)
{
	/* In these years a year is a leap year when four divides it, but for 2100 and 2200. */
	bool is_leap = year % 4 == 0 && year != 2100 && year != 2200;
	unsigned leaps = (year - 1969) / 4 - (year > 2100) - (year > 2200);
	unsigned last = (unsigned)(days_before[month + 1] - days_before[month]) + (month == 2 && is_leap);
	if (day == 0 || day > last)
		return -1;
	return (int64_t)((year - 1970) * 365 + leaps + (unsigned)days_before[month] + (month > 2 && is_leap) + day - 1);
}

static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
	days += EPOCH_DAYS;
	int era = (int)(days / DAYS_PER_ERA), day_of_era = (int)(days - (int64_t)era * DAYS_PER_ERA);
	int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int shifted = (5 * day_of_year + 2) / 153;
	*day = day_of_year - (153 * shifted + 2) / 5 + 1;
	*month = shifted < 10 ? shifted + 3 : shifted - 9;
	*year = era * 400 + year_of_era + (*month <= 2);
}

/* Two digits, or a number above 99 so that every range check fails. */
static inline unsigned two(const char *p)
{
	unsigned tens = (unsigned)(p[0] - '0'), ones = (unsigned)(p[1] - '0');
	return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}

struct fields {
	unsigned year, month, day, hour, minute, second;
};

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static inline uint64_t load(const char *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof word);
	return word;
}

/* The eight bytes at p less those of the shape, in which '0' stands for any digit and other characters for themselves: digits
 * become their values, the others 0. *bad gets bits when p has another shape: adding `limit` carries into the top bit of a byte
 * above 9 where there must be a digit, above 0 elsewhere. */
static inline uint64_t shaped(const char *p, const char *shape, const char *limit, uint64_t *bad)
{
	uint64_t x = load(p) ^ load(shape);
	*bad |= (x | (x + load(limit))) & 0x8080808080808080u;
	return x;
}

/* In each byte of a digit: ten times it plus the digit behind it. */
static inline uint64_t pairs(uint64_t digits)
{
	return digits * 10 + (digits >> 8);
}

#define DIGIT "\x76"
#define OTHER "\x7f"
#define BYTE(word, i) ((unsigned)((word) >> 8 * (i)) & 0xff)

/* "YYYY-MM-DDxHH:MM:SS" eight bytes at a time. Plainly, and on other machines: see below. */
static inline bool read_fields(const char *p, struct fields *f)
{
	uint64_t bad = 0;
	uint64_t year = pairs(shaped(p, "0000-00-", DIGIT DIGIT DIGIT DIGIT OTHER DIGIT DIGIT OTHER, &bad));
	uint64_t date = pairs(shaped(p + 2, "00-00-00", DIGIT DIGIT OTHER DIGIT DIGIT OTHER DIGIT DIGIT, &bad));
	uint64_t time = pairs(shaped(p + 11, "00:00:00", DIGIT DIGIT OTHER DIGIT DIGIT OTHER DIGIT DIGIT, &bad));
	*f = (struct fields){
		BYTE(year, 0) * 100 + BYTE(year, 2), BYTE(date, 3), BYTE(date, 6), BYTE(time, 0), BYTE(time, 3), BYTE(time, 6),
	};
	return bad == 0;
}

/* Eight digits: to pairs, pairs to fours, fours to the number. */
static inline bool read_eight(const char *p, uint64_t *out)
{
	uint64_t bad = 0, x = shaped(p, "00000000", DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT, &bad);
	x = pairs(x) & 0x00ff00ff00ff00ffu;
	x = (x * 100 + (x >> 16)) & 0x0000ffff0000ffffu;
	*out = (x * 10000 + (x >> 32)) & 0xffffffffu;
	return bad == 0;
}
#else
static inline bool read_fields(const char *p, struct fields *f)
{
	*f = (struct fields){ two(p) * 100 + two(p + 2), two(p + 5), two(p + 8), two(p + 11), two(p + 14), two(p + 17) };
	return p[4] == '-' && p[7] == '-' && p[13] == ':' && p[16] == ':';
}

static inline bool read_eight(const char *p, uint64_t *out)
{
	*out = ((two(p) * 100 + two(p + 2)) * 100 + two(p + 4)) * 100ull + two(p + 6);
	return two(p) < 100 && two(p + 2) < 100 && two(p + 4) < 100 && two(p + 6) < 100;
}
#endif

static bool offset_seconds(struct str s, int *seconds)
{
	if (s.n == 1 && (s.p[0] == 'Z' || s.p[0] == 'z')) {
		*seconds = 0;
		return true;
	}
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':')
		return false;
	unsigned hours = two(s.p + 1), minutes = two(s.p + 4);
	if (hours > 23 || minutes > 59)
		return false;
	*seconds = (s.p[0] == '-' ? -1 : 1) * (int)(hours * 3600 + minutes * 60);
	return true;
}

/* ".123" off the front of *rest as nanoseconds; no point means 0. */
static bool fraction_ns(struct str *rest, int64_t *ns)
{
	int64_t value = 0, scale = SECOND_NS;
	size_t i = 1;
	*ns = 0;
	if (rest->n == 0 || rest->p[0] != '.')
		return true;
	for (; i < rest->n && i <= 9 && (unsigned)(rest->p[i] - '0') <= 9; i++, scale /= 10)
		value = value * 10 + (rest->p[i] - '0');
	if (i == 1)
		return false;
	*ns = value * scale;
	*rest = str_skip(*rest, i);
	return true;
}

/* What follows the seconds. Nine digits and Z, as most runtimes write, in one step; other widths and zones one by one. */
static inline bool read_rest(struct str rest, int64_t *fraction, int *offset)
{
	uint64_t eight;
	bool is_usual = rest.n == 11 && rest.p[0] == '.' && rest.p[10] == 'Z' && (unsigned)(rest.p[9] - '0') <= 9;
	if (is_usual && read_eight(rest.p + 1, &eight)) {
		*fraction = (int64_t)eight * 10 + (rest.p[9] - '0');
		*offset = 0;
		return true;
	}
	return fraction_ns(&rest, fraction) && offset_seconds(rest, offset);
}

bool rfc3339_parse(struct str s, int64_t *ns)
{
	struct fields f;
	int64_t fraction;
	int offset;
	if (s.n < 20 || !read_fields(s.p, &f) || (s.p[10] != 'T' && s.p[10] != 't' && s.p[10] != ' '))
		return false;
	if (f.year < 1970 || f.year > 2261 || f.month < 1 || f.month > 12 || f.hour > 23 || f.minute > 59 || f.second > 60)
		return false;
	int64_t days = days_from_civil(f.year, f.month, f.day);
	if (days < 0 || !read_rest((struct str){ s.p + 19, s.n - 19 }, &fraction, &offset))
		return false;
	*ns = (days * 86400 + (int64_t)(f.hour * 3600 + f.minute * 60 + f.second) - offset) * SECOND_NS + fraction;
	return true;
}

static char *put(char *at, unsigned value, int width)
{
	for (int i = width - 1; i >= 0; i--, value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + width;
}

size_t rfc3339_format(int64_t ns, char at[RFC3339_ROOM])
{
	int64_t seconds = ns / SECOND_NS - (ns % SECOND_NS < 0), days = seconds / 86400 - (seconds % 86400 < 0);
	int64_t rest = ns % SECOND_NS; /* not ns - seconds * SECOND_NS: that overflows near INT64_MIN */
	unsigned of_day = (unsigned)(seconds - days * 86400), fraction = (unsigned)(rest + (rest < 0 ? SECOND_NS : 0));
	int year, month, day;
	civil_from_days(days, &year, &month, &day);
	char *to = put(at, (unsigned)year, 4);
	*to++ = '-';
	to = put(to, (unsigned)month, 2);
	*to++ = '-';
	to = put(to, (unsigned)day, 2);
	*to++ = 'T';
	to = put(to, of_day / 3600, 2);
	*to++ = ':';
	to = put(to, of_day / 60 % 60, 2);
	*to++ = ':';
	to = put(to, of_day % 60, 2);
	*to++ = '.';
	to = put(to, fraction, 9);
	*to++ = 'Z';
	return (size_t)(to - at);
}
