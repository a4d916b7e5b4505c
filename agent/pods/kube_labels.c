/* The same name for two labels would make the sample invalid, so equal ones are numbered, in the order of what they were before. */
#include "agent/pods/kube_labels.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/map.h"

enum { CONFLICT_ROOM = 24 };

/* '*' stands for any bytes. Backs up to the last star only, so it is at most quadratic. */
static bool matches(struct str pattern, struct str s)
{
	size_t p = 0, i = 0, star = pattern.n, from = 0;
	while (i < s.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			from = i;
		} else if (p < pattern.n && pattern.p[p] == s.p[i]) {
			p++;
			i++;
		} else if (star < pattern.n) {
			p = star + 1;
			i = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static bool is_allowed(struct str name, const struct str *allow, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (matches(allow[i], name))
			return true;
	return false;
}

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || ascii_is_digit(c);
}

/* An underscore between a small letter or digit and a capital, then all in small letters; whatever else is no letter or digit
 * becomes an underscore too. NUL-terminated. */
static const char *convert(struct str prefix, struct str name, struct arena *arena)
{
	char *at = arena_alloc(arena, prefix.n + 2 * name.n + 2);
	size_t n = prefix.n;
	memcpy(at, prefix.p, prefix.n);
	at[n++] = '_';
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool is_capital = c >= 'A' && c <= 'Z';
		if (is_capital && i > 0 && is_lower_or_digit(name.p[i - 1]))
			at[n++] = '_';
		at[n++] = is_capital || is_lower_or_digit(c) ? ascii_lower(c) : '_';
	}
	return at;
}

struct taken { /* names given so far */
	struct map used;      /* name -> struct metric_label */
	struct map conflicts; /* name that several became -> the last number given, unsigned */
	struct arena *arena;
};

static void give(struct taken *t, struct metric_label *label, const char *name)
{
	label->name = name;
	map_put(&t->used, str_of(name), label);
}

/* The base with the next number that makes a name nobody has. */
static const char *number(struct taken *t, struct str base, unsigned *last)
{
	char *name = arena_alloc(t->arena, base.n + CONFLICT_ROOM);
	memcpy(name, base.p, base.n);
	do
		snprintf(name + base.n, CONFLICT_ROOM, "_conflict%u", ++*last);
	while (map_get(&t->used, str_of(name)));
	return name;
}

/* A name for the label that is to be called base: with a number when another one is called so, which then gets one, too. */
static void name_label(struct taken *t, struct metric_label *label, const char *base)
{
	struct str key = str_of(base);
	unsigned *last = map_get(&t->conflicts, key);
	struct metric_label *other = last ? NULL : map_get(&t->used, key);
	if (!last && !other) {
		give(t, label, base);
		return;
	}
	if (other) {
		last = arena_alloc(t->arena, sizeof *last);
		map_put(&t->conflicts, key, last);
		map_remove(&t->used, key);
		give(t, other, number(t, key, last));
	}
	give(t, label, number(t, key, last));
}

static int compare(const void *a, const void *b)
{
	const struct metric_label *x = a, *y = b;
	return strcmp(x->name, y->name);
}

size_t kube_labels(struct str prefix, const struct label *from, size_t count, const struct str *allow, size_t allow_count,
	struct metric_label **out, struct arena *arena)
{
	struct taken taken = { .arena = arena };
	struct metric_label *labels = arena_alloc(arena, (count + 1) * sizeof *labels);
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_allowed(from[i].name, allow, allow_count))
			continue;
		labels[n].value = from[i].value;
		name_label(&taken, &labels[n++], convert(prefix, from[i].name, arena));
	}
	map_fini(&taken.used);
	map_fini(&taken.conflicts);
	qsort(labels, n, sizeof *labels, compare);
	*out = labels;
	return n;
}
