/* Labels are found by their bytes: name and value with their lengths, one after the other. One allocation per series holds
 * everything. */
#include "parsers/stages/stage_series.h"

#include <stdlib.h>

#include "parsers/bytes/array.h"

void stage_series_init(struct stage_series_set *s, size_t bound_count)
{
	*s = (struct stage_series_set){ .bound_count = bound_count };
	buf_init(&s->key, SERIES_LABEL_BYTES_MAX);
}

static void forget(struct stage_series *s)
{
	free(s->exemplars);
	free(s);
}

void stage_series_fini(struct stage_series_set *s)
{
	for (size_t i = 0; i < s->count; i++)
		forget(s->all[i]);
	free(s->all);
	map_fini(&s->by_key);
	buf_fini(&s->key);
	*s = (struct stage_series_set){ 0 };
}

static bool is_shown(struct label l)
{
	return l.name.n > 0 && !str_starts(l.name, STR("__"));
}

static void put(struct buf *b, struct str s)
{
	uint32_t n = (uint32_t)s.n;
	buf_append(b, &n, sizeof n);
	buf_str(b, s);
}

/* Labels out of a key: views into it. */
static void read_labels(struct stage_series *s, size_t count)
{
	struct str rest = str_skip(s->key, 1);
	for (size_t i = 0; i < count; i++) {
		struct str *parts[] = { &s->labels.at[i].name, &s->labels.at[i].value };
		for (size_t k = 0; k < COUNT_OF(parts); k++) {
			uint32_t n;
			memcpy(&n, rest.p, sizeof n);
			*parts[k] = (struct str){ rest.p + sizeof n, n };
			rest = str_skip(rest, sizeof n + n);
		}
	}
	s->labels.count = s->labels.room = count;
}

static struct stage_series *make(const struct stage_series_set *set, size_t label_count)
{
	struct str key = buf_view(&set->key);
	struct stage_series *s = calloc(1, sizeof *s + label_count * sizeof(struct label) + set->bound_count * sizeof(uint64_t) + key.n);
	if (!s)
		abort();
	s->labels.at = (struct label *)(s + 1);
	s->counts = (uint64_t *)(s->labels.at + label_count);
	char *bytes = (char *)(s->counts + set->bound_count);
	memcpy(bytes, key.p, key.n);
	s->key = (struct str){ bytes, key.n };
	read_labels(s, label_count);
	return s;
}

static void add(struct stage_series_set *set, struct stage_series *s)
{
	set->all = array_room(set->all, set->count, &set->room, sizeof *set->all);
	set->all[set->count++] = s;
	map_put(&set->by_key, s->key, s);
}

struct stage_series *stage_series_get(struct stage_series_set *set, const struct labels *labels)
{
	size_t count = 0;
	buf_reset(&set->key);
	buf_char(&set->key, '{'); /* a map's key is never empty */
	for (size_t i = 0; i < labels->count; i++) {
		if (!is_shown(labels->at[i]))
			continue;
		put(&set->key, labels->at[i].name);
		put(&set->key, labels->at[i].value);
		count++;
	}
	struct stage_series *s = set->key.is_full ? NULL : map_get(&set->by_key, buf_view(&set->key));
	if (s)
		return s;
	if (set->key.is_full || set->count == SERIES_MAX) {
		set->refused++;
		return NULL;
	}
	s = make(set, count);
	add(set, s);
	return s;
}

size_t stage_series_observe(struct stage_series *s, const double *bounds, size_t bound_count, double value)
{
	size_t i = 0;
	while (i < bound_count && !(value <= bounds[i])) /* NaN is above all of them */
		i++;
	if (i < bound_count)
		s->counts[i]++;
	s->count++;
	s->value += value;
	return i;
}

void stage_series_trace(struct stage_series *s, size_t bound_count, size_t at, const struct stage_exemplar *exemplar)
{
	if (!s->exemplars)
		s->exemplars = calloc(bound_count + 1, sizeof *s->exemplars);
	if (!s->exemplars)
		abort();
	if (!s->exemplars[at].is_there || exemplar->timestamp_ns >= s->exemplars[at].timestamp_ns)
		s->exemplars[at] = *exemplar;
}

void stage_series_expire(struct stage_series_set *set, int64_t now_s, int64_t idle_s)
{
	size_t kept = 0;
	for (size_t i = 0; i < set->count; i++) {
		struct stage_series *s = set->all[i];
		if (now_s - s->modified_s < idle_s) {
			set->all[kept++] = s;
			continue;
		}
		map_remove(&set->by_key, s->key);
		forget(s);
	}
	set->count = kept;
}
