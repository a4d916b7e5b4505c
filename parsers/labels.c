/* A sorted array with views: sets are small (a dozen of labels), are read far more often than changed, and go to the wire in
 * this order. A scrape's labels arrive unsorted; parsers/exposition/exposition.c appends and sorts once. */
#include "parsers/labels.h"

#include <stdlib.h>

enum { FIRST_ROOM = 16 };

#define FNV_OFFSET UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

/* Index of the first label whose name is not before `name`. */
static size_t lower_bound(const struct labels *l, struct str name)
{
	size_t low = 0, high = l->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_cmp(l->at[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool stands_at(const struct labels *l, size_t i, struct str name)
{
	return i < l->count && str_eq(l->at[i].name, name);
}

static void reserve(struct labels *l, size_t count)
{
	if (count <= l->room)
		return;
	size_t room = l->room ? l->room : FIRST_ROOM;
	while (room < count)
		room *= 2;
	struct label *at = room > SIZE_MAX / sizeof *at ? NULL : realloc(l->at, room * sizeof *at);
	if (!at)
		abort();
	l->at = at;
	l->room = room;
}

static void remove_at(struct labels *l, size_t i)
{
	memmove(l->at + i, l->at + i + 1, (l->count - i - 1) * sizeof *l->at);
	l->count--;
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

void labels_fini(struct labels *l)
{
	free(l->at);
	*l = (struct labels){ 0 };
}

void labels_reset(struct labels *l)
{
	l->count = 0;
}

struct str labels_get(const struct labels *l, struct str name)
{
	size_t i = lower_bound(l, name);
	return stands_at(l, i, name) ? l->at[i].value : (struct str){ 0 };
}

bool labels_has(const struct labels *l, struct str name)
{
	return stands_at(l, lower_bound(l, name), name);
}

void labels_set(struct labels *l, struct str name, struct str value)
{
	size_t i = lower_bound(l, name);
	if (stands_at(l, i, name)) {
		if (value.n)
			l->at[i].value = value;
		else
			remove_at(l, i);
		return;
	}
	if (value.n == 0)
		return;
	reserve(l, l->count + 1);
	memmove(l->at + i + 1, l->at + i, (l->count - i) * sizeof *l->at);
	l->at[i] = (struct label){ name, value };
	l->count++;
}

void labels_append(struct labels *l, struct str name, struct str value)
{
	reserve(l, l->count + 1);
	l->at[l->count++] = (struct label){ name, value };
}

bool labels_sort(struct labels *l)
{
	bool is_sorted = true;
	for (size_t i = 1; i < l->count && is_sorted; i++)
		is_sorted = str_cmp(l->at[i - 1].name, l->at[i].name) < 0;
	if (is_sorted)
		return true;
	qsort(l->at, l->count, sizeof *l->at, by_name);
	for (size_t i = 1; i < l->count; i++)
		if (str_eq(l->at[i - 1].name, l->at[i].name))
			return false;
	return true;
}

void labels_copy(struct labels *to, const struct labels *from)
{
	reserve(to, from->count);
	if (from->count)
		memcpy(to->at, from->at, from->count * sizeof *from->at);
	to->count = from->count;
}

static uint64_t fnv(uint64_t hash, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		hash = (hash ^ (unsigned char)s.p[i]) * FNV_PRIME;
	return (hash ^ 0xff) * FNV_PRIME;
}

uint64_t labels_hash(const struct labels *l)
{
	uint64_t hash = FNV_OFFSET;
	for (size_t i = 0; i < l->count; i++)
		hash = fnv(fnv(hash, l->at[i].name), l->at[i].value);
	return hash;
}

bool labels_eq(const struct labels *a, const struct labels *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!str_eq(a->at[i].name, b->at[i].name) || !str_eq(a->at[i].value, b->at[i].value))
			return false;
	return true;
}

void labels_escape(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n') {
			buf_str(out, STR("\\n"));
			continue;
		}
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_char(out, '\\');
		buf_char(out, s.p[i]);
	}
}

static void print_quoted(struct str s, struct buf *out)
{
	buf_char(out, '"');
	labels_escape(s, out);
	buf_char(out, '"');
}

void labels_print_one(struct str name, struct str value, struct buf *out)
{
	if (labels_name_is_legacy(name, false))
		buf_str(out, name);
	else
		print_quoted(name, out);
	buf_char(out, '=');
	print_quoted(value, out);
}

void labels_print(const struct labels *l, struct buf *out)
{
	struct str metric = labels_get(l, LABELS_METRIC_NAME);
	bool is_legacy = labels_name_is_legacy(metric, true), has_printed = false;
	if (is_legacy)
		buf_str(out, metric);
	if (is_legacy && l->count == 1)
		return;
	buf_char(out, '{');
	if (!is_legacy && metric.n) {
		print_quoted(metric, out);
		has_printed = true;
	}
	for (size_t i = 0; i < l->count; i++) {
		if (str_eq(l->at[i].name, LABELS_METRIC_NAME))
			continue;
		if (has_printed)
			buf_char(out, ',');
		labels_print_one(l->at[i].name, l->at[i].value, out);
		has_printed = true;
	}
	buf_char(out, '}');
}

bool labels_name_is_legacy(struct str name, bool is_metric)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool is_letter = ascii_is_letter(c);
		bool is_digit = i > 0 && ascii_is_digit(c);
		if (!is_letter && !is_digit && c != '_' && !(is_metric && c == ':'))
			return false;
	}
	return name.n > 0;
}
