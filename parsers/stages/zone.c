/* The file lists the changes there were; the line at its end (a POSIX TZ rule) says how it goes on. */
#include "parsers/stages/zone.h"

#include <stdlib.h>

enum { CHANGES_MAX = 4096, KINDS_MAX = 256, HEAD_BYTES = 44, DAY_S = 86400 };

struct kind {
	int32_t offset_s;
	bool is_dst;
	char name[ZONE_NAME_ROOM];
};
struct day_rule { /* of a POSIX rule */
	char form; /* 'M' month, week, weekday; 'J' day 1 to 365 without February 29th; '0' day 0 to 365 */
	int month, week, day;
	int64_t time_s;
};
struct rule {
	bool is_there, has_dst;
	struct kind standard, summer;
	struct day_rule start, end;
};
struct zone {
	size_t change_count, kind_count;
	struct kind *kinds;
	int64_t *changes;
	unsigned char *change_kinds;
	struct rule rule;
};

/* ---- dates ---- */

int64_t zone_days(int64_t year, int month, int64_t day)
{
	/* Years that begin in March, in periods of 400 of them. */
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400, of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void zone_date(int64_t days, int64_t *year, int *month, int *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097, of_era = days - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365, of_year = of_era - (365 * y +
		y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;
	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = y + era * 400 + (*month <= 2);
}

static bool is_leap(int64_t y)
{
	return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

/* ---- the rule ---- */

static bool number(struct str *s, int64_t *out)
{
	size_t n = 0;
	*out = 0;
	for (; n < s->n && n < 6 && ascii_is_digit(s->p[n]); n++)
		*out = *out * 10 + (s->p[n] - '0');
	*s = str_skip(*s, n);
	return n > 0;
}

static bool taken(struct str *s, char c)
{
	bool is_there = s->n && s->p[0] == c;
	*s = str_skip(*s, is_there);
	return is_there;
}

/* [+-]hh[:mm[:ss]] */
static bool clock_time(struct str *s, int64_t *out)
{
	int64_t part, scale = 3600;
	bool is_negative = taken(s, '-');
	if (!is_negative)
		taken(s, '+');
	*out = 0;
	do {
		if (!number(s, &part))
			return false;
		*out += part * scale;
		scale /= 60;
	} while (scale && taken(s, ':'));
	*out = is_negative ? -*out : *out;
	return true;
}

static void set_name(struct kind *k, struct str name)
{
	struct str cut = str_take(name, ZONE_NAME_ROOM - 1);
	memcpy(k->name, cut.p, cut.n);
}

static bool abbreviation(struct str *s, struct kind *k)
{
	bool is_quoted = taken(s, '<');
	size_t n = 0;
	while (n < s->n && (is_quoted ? s->p[n] != '>' : ascii_is_letter(s->p[n])))
		n++;
	if (n == 0)
		return false;
	set_name(k, str_take(*s, n));
	*s = str_skip(*s, n + is_quoted);
	return true;
}

static bool day_rule(struct str *s, struct day_rule *r)
{
	int64_t month = 0, week = 0, day;
	if (!taken(s, ','))
		return false;
	r->form = taken(s, 'M') ? 'M' : taken(s, 'J') ? 'J' : '0';
	if (r->form == 'M' && !(number(s, &month) && taken(s, '.') && number(s, &week) && taken(s, '.')))
		return false;
	if (!number(s, &day) || day > 366 || (r->form == 'M' && (month < 1 || month > 12 || week < 1 || week > 5 || day > 6)))
		return false;
	r->month = (int)month;
	r->week = (int)week;
	r->day = (int)day;
	r->time_s = 7200;
	return !taken(s, '/') || clock_time(s, &r->time_s);
}

static void read_rule(struct rule *r, struct str s)
{
	int64_t offset_s;
	if (!abbreviation(&s, &r->standard) || !clock_time(&s, &offset_s))
		return;
	r->standard.offset_s = (int32_t)-offset_s;
	r->is_there = s.n == 0;
	if (s.n == 0 || !abbreviation(&s, &r->summer))
		return;
	r->summer.offset_s = r->standard.offset_s + 3600;
	if (s.n && s.p[0] != ',' && clock_time(&s, &offset_s))
		r->summer.offset_s = (int32_t)-offset_s;
	r->summer.is_dst = true;
	r->has_dst = r->is_there = day_rule(&s, &r->start) && day_rule(&s, &r->end) && s.n == 0;
}

/* When it is in this year, on the clock that is valid until then. */
static int64_t day_rule_clock_s(const struct day_rule *r, int64_t year)
{
	int64_t first = zone_days(year, 1, 1), day;
	if (r->form == 'M') {
		int64_t month_first = zone_days(year, r->month, 1), next = r->month == 12 ? zone_days(year + 1, 1, 1) :
			zone_days(year, r->month + 1, 1);
		int64_t weekday = ((month_first + 4) % 7 + 7) % 7;
		day = month_first + (r->day - weekday + 7) % 7 + 7 * (r->week - 1);
		day -= day >= next ? 7 : 0;
	} else {
		day = first + r->day - (r->form == 'J') + (r->form == 'J' && r->day >= 60 && is_leap(year));
	}
	return day * DAY_S + r->time_s;
}

static void rule_at(const struct rule *r, int64_t unix_s, struct zone_span *out)
{
	int64_t year, from, to;
	int month, day;
	zone_date((unix_s >= 0 ? unix_s : unix_s - DAY_S + 1) / DAY_S, &year, &month, &day);
	bool is_dst = false;
	out->start_s = zone_days(year, 1, 1) * DAY_S;
	out->end_s = zone_days(year + 1, 1, 1) * DAY_S;
	if (r->has_dst) {
		from = day_rule_clock_s(&r->start, year) - r->standard.offset_s;
		to = day_rule_clock_s(&r->end, year) - r->summer.offset_s;
		bool is_southern = to < from;
		int64_t first = is_southern ? to : from, second = is_southern ? from : to;
		is_dst = is_southern != (unix_s >= first && unix_s < second);
		if (unix_s < first)
			out->end_s = first;
		else if (unix_s < second)
			out->start_s = first, out->end_s = second;
		else
			out->start_s = second;
	}
	const struct kind *k = is_dst ? &r->summer : &r->standard;
	out->offset_s = k->offset_s;
	memcpy(out->name, k->name, sizeof out->name);
}

/* ---- the file ---- */

static int64_t big_endian(const char *p, size_t n)
{
	uint64_t value = (unsigned char)p[0] & 0x80 ? UINT64_MAX : 0;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | (unsigned char)p[i];
	return (int64_t)value;
}

struct counts { uint64_t utc, standard, leaps, changes, kinds, chars; };

static bool read_head(struct str s, struct counts *c)
{
	if (s.n < HEAD_BYTES || memcmp(s.p, "TZif", 4) != 0)
		return false;
	uint64_t *const all[] = { &c->utc, &c->standard, &c->leaps, &c->changes, &c->kinds, &c->chars };
	for (size_t i = 0; i < COUNT_OF(all); i++)
		*all[i] = (uint64_t)big_endian(s.p + 20 + 4 * i, 4) & 0xffffffff;
	return true;
}

static uint64_t body_bytes(const struct counts *c, size_t time_bytes)
{
	return c->changes * (time_bytes + 1) + c->kinds * 6 + c->chars + c->leaps * (time_bytes + 4) + c->standard + c->utc;
}

static bool read_kinds(struct zone *z, const char *kinds, struct str chars)
{
	for (size_t i = 0; i < z->kind_count; i++) {
		const char *p = kinds + 6 * i;
		z->kinds[i].offset_s = (int32_t)big_endian(p, 4);
		z->kinds[i].is_dst = p[4] != 0;
		if ((unsigned char)p[5] >= chars.n || z->kinds[i].offset_s < -2 * DAY_S || z->kinds[i].offset_s > 2 * DAY_S)
			return false;
		struct str name = str_skip(chars, (unsigned char)p[5]);
		set_name(&z->kinds[i], str_take(name, str_find(name, '\0')));
	}
	return true;
}

static bool read_body(struct zone *z, struct str s, const struct counts *c, size_t time_bytes)
{
	z->change_count = c->changes;
	z->kind_count = c->kinds;
	z->changes = calloc(c->changes + 1, sizeof *z->changes);
	z->change_kinds = calloc(c->changes + 1, 1);
	z->kinds = calloc(c->kinds, sizeof *z->kinds);
	if (!z->changes || !z->change_kinds || !z->kinds)
		abort();
	const char *kinds = s.p + c->changes * (time_bytes + 1);
	for (size_t i = 0; i < c->changes; i++) {
		z->changes[i] = big_endian(s.p + i * time_bytes, time_bytes);
		z->change_kinds[i] = (unsigned char)s.p[c->changes * time_bytes + i];
		if (z->change_kinds[i] >= c->kinds || (i > 0 && z->changes[i] <= z->changes[i - 1]))
			return false;
	}
	return read_kinds(z, kinds, (struct str){ kinds + 6 * c->kinds, c->chars });
}

struct zone *zone_new(struct str s)
{
	struct counts c;
	size_t time_bytes = 4;
	if (s.n > ZONE_FILE_MAX || !read_head(s, &c))
		return NULL;
	if (s.p[4] >= '2') { /* the same once more with 64 bits */
		uint64_t skipped = HEAD_BYTES + body_bytes(&c, 4);
		if (skipped > s.n || !read_head(str_skip(s, skipped), &c))
			return NULL;
		s = str_skip(s, skipped);
		time_bytes = 8;
	}
	s = str_skip(s, HEAD_BYTES);
	uint64_t bytes = body_bytes(&c, time_bytes);
	if (bytes > s.n || c.changes > CHANGES_MAX || c.kinds == 0 || c.kinds > KINDS_MAX)
		return NULL;
	struct zone *z = calloc(1, sizeof *z);
	if (!z)
		abort();
	if (!read_body(z, s, &c, time_bytes)) {
		zone_free(z);
		return NULL;
	}
	struct str foot = str_skip(s, bytes);
	if (time_bytes == 8 && taken(&foot, '\n'))
		read_rule(&z->rule, str_take(foot, str_find(foot, '\n')));
	return z;
}

void zone_free(struct zone *z)
{
	if (!z)
		return;
	free(z->changes);
	free(z->change_kinds);
	free(z->kinds);
	free(z);
}

/* ---- asking ---- */

/* What is valid before the first change. */
static const struct kind *first_kind(const struct zone *z)
{
	bool is_used = false;
	for (size_t i = 0; i < z->change_count; i++)
		is_used = is_used || z->change_kinds[i] == 0;
	if (!is_used)
		return &z->kinds[0];
	if (z->change_count && z->kinds[z->change_kinds[0]].is_dst)
		for (size_t i = z->change_kinds[0]; i-- > 0;)
			if (!z->kinds[i].is_dst)
				return &z->kinds[i];
	for (size_t i = 0; i < z->kind_count; i++)
		if (!z->kinds[i].is_dst)
			return &z->kinds[i];
	return &z->kinds[0];
}

void zone_at(const struct zone *z, int64_t unix_s, struct zone_span *out)
{
	*out = (struct zone_span){ INT64_MIN, INT64_MAX, 0, "UTC" };
	if (!z)
		return;
	size_t low = 0, high = z->change_count; /* low: changes at or before unix_s */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (z->changes[middle] <= unix_s)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == z->change_count && z->rule.is_there) {
		rule_at(&z->rule, unix_s, out);
		return;
	}
	const struct kind *k = low ? &z->kinds[z->change_kinds[low - 1]] : first_kind(z);
	out->start_s = low ? z->changes[low - 1] : INT64_MIN;
	out->end_s = low < z->change_count ? z->changes[low] : INT64_MAX;
	out->offset_s = k->offset_s;
	memcpy(out->name, k->name, sizeof out->name);
}

int64_t zone_unix(const struct zone *z, int64_t clock_s)
{
	struct zone_span span;
	zone_at(z, clock_s, &span);
	int64_t unix_s = clock_s - span.offset_s;
	if (span.offset_s && (unix_s < span.start_s || unix_s >= span.end_s)) {
		zone_at(z, unix_s, &span);
		unix_s = clock_s - span.offset_s;
	}
	return unix_s;
}

bool zone_offset_named(const struct zone *z, struct str name, int64_t clock_s, int32_t *offset_s)
{
	struct zone_span span;
	if (!z && str_eq(name, STR("UTC"))) {
		*offset_s = 0;
		return true;
	}
	for (size_t round = 0; z && round < 2; round++)
		for (size_t i = 0; i < z->kind_count; i++) {
			if (!str_eq(name, str_of(z->kinds[i].name)))
				continue;
			zone_at(z, clock_s - z->kinds[i].offset_s, &span);
			*offset_s = round ? z->kinds[i].offset_s : span.offset_s;
			if (round || str_eq(name, str_of(span.name)))
				return true;
		}
	return false;
}
