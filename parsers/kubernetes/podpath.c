/* Names come from a directory that a tenant may be able to fill, so they are checked against the grammar of Kubernetes byte by
 * byte: what passes here can go into labels and messages as it is. */
#include "parsers/kubernetes/podpath.h"

#include "parsers/bytes/num.h"

enum { LABEL_BYTES = 63, SUBDOMAIN_BYTES = 253, UID_BYTES = 64, COUNT_DIGITS = 9, STAMP_BYTES = 15 };
enum { NUMBER_DIGITS = 6, DATE_DIGITS = 8, ORDER_DIGITS = 18 };

static bool is_alphanumeric(char c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'z');
}

/* Lower-case letters, digits and inner dashes; no length but "not empty": a subdomain bounds only the whole. */
static bool is_label(struct str s)
{
	if (s.n == 0 || !is_alphanumeric(s.p[0]) || !is_alphanumeric(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alphanumeric(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

static bool is_subdomain(struct str s)
{
	if (s.n == 0 || s.n > SUBDOMAIN_BYTES || s.p[s.n - 1] == '.')
		return false;
	while (s.n)
		if (!is_label(str_cut(&s, '.')))
			return false;
	return true;
}

static bool is_uid(struct str s)
{
	if (s.n == 0 || s.n > UID_BYTES)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alphanumeric(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

bool podpath_container(struct str name)
{
	return name.n <= LABEL_BYTES && is_label(name);
}

bool podpath_directory(struct str name, struct podpath *out)
{
	struct str namespace_ = str_cut(&name, '_'), pod = str_cut(&name, '_'); /* an underscore is in none of the three */
	if (!podpath_container(namespace_) || !is_subdomain(pod) || !is_uid(name))
		return false;
	*out = (struct podpath){ namespace_, pod, name };
	return true;
}

/* The number in s[from, from + n), which must be digits. */
static bool field(struct str s, size_t from, size_t n, uint64_t low, uint64_t high, uint64_t *out)
{
	return num_u64(str_take(str_skip(s, from), n), out) && *out >= low && *out <= high;
}

/* "20261121-090000" as 20261121090000. */
static bool read_stamp(struct str s, uint64_t *stamp)
{
	uint64_t year, month, day, hour, minute, second;
	if (s.n != STAMP_BYTES || s.p[8] != '-')
		return false;
	if (!field(s, 0, 4, 0, 9999, &year) || !field(s, 4, 2, 1, 12, &month) || !field(s, 6, 2, 1, 31, &day))
		return false;
	if (!field(s, 9, 2, 0, 23, &hour) || !field(s, 11, 2, 0, 59, &minute) || !field(s, 13, 2, 0, 60, &second))
		return false;
	*stamp = ((((year * 100 + month) * 100 + day) * 100 + hour) * 100 + minute) * 100 + second;
	return true;
}

static bool cut_suffix(struct str *s, struct str suffix)
{
	if (!str_ends(*s, suffix))
		return false;
	s->n -= suffix.n;
	return true;
}

bool podpath_log(struct str name, struct podlog *out)
{
	struct podlog log = { 0 };
	uint64_t count;
	size_t count_digits = str_find(name, '.');
	struct str rest = str_skip(name, count_digits);
	if (count_digits > COUNT_DIGITS || !num_u64(str_take(name, count_digits), &count) || (count_digits > 1 && name.p[0] == '0'))
		return false;
	if (!str_starts(rest, STR(".log")))
		return false;
	log.restart_count = (uint32_t)count;
	log.base_bytes = count_digits + 4;
	rest = str_skip(rest, 4);
	if (rest.n) {
		log.is_tmp = cut_suffix(&rest, STR(".tmp"));
		log.is_gz = cut_suffix(&rest, STR(".gz"));
		if (rest.n == 0 || rest.p[0] != '.' || !read_stamp(str_skip(rest, 1), &log.stamp))
			return false;
	}
	*out = log;
	return true;
}

/* The digits of "2026-11-21" in a row, and how many they are; dashes must stand alone between digits. */
static bool read_digits(struct str s, uint64_t *value, size_t *count)
{
	*value = 0;
	*count = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '-' && i > 0 && i + 1 < s.n && s.p[i - 1] != '-')
			continue;
		if (!ascii_is_digit(s.p[i]) || ++*count > ORDER_DIGITS)
			return false;
		*value = *value * 10 + (uint64_t)(s.p[i] - '0');
	}
	return *count > 0;
}

bool rotated_name(struct str base, struct str name, struct rotation *out)
{
	static const uint64_t newest = 1000000000000000000u; /* above every date of ORDER_DIGITS digits */
	if (base.n == 0 || !str_starts(name, base))
		return false;
	struct str rest = str_skip(name, base.n);
	bool is_bz2 = cut_suffix(&rest, STR(".bz2")), is_gz = is_bz2 || cut_suffix(&rest, STR(".gz"));
	uint64_t value;
	size_t count;
	if (rest.n < 2 || (rest.p[0] != '.' && rest.p[0] != '-') || !read_digits(str_skip(rest, 1), &value, &count))
		return false;
	bool is_number = count <= NUMBER_DIGITS && count == rest.n - 1;
	if (is_number ? rest.p[0] == '-' : count < DATE_DIGITS)
		return false;
	/* Dates of one log have one spelling; filling up to the same width lets a day stand before its hours. */
	for (; !is_number && count < ORDER_DIGITS; count++)
		value *= 10;
	*out = (struct rotation){ .order = is_number ? value : newest - value, .is_gz = is_gz, .is_bz2 = is_bz2 };
	return true;
}
