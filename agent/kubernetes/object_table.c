/* An object in one piece of memory: itself, then its key, namespace, name, labels and spec. */
#include "agent/kubernetes/object_table.h"

#include <stdlib.h>

struct entry {
	struct object object; /* first */
	struct str key;
	size_t bytes;
	uint64_t round;
	bool is_news;         /* of this round */
	char text[];
};
enum { KEY_MAX = 1024 };

/* "namespace/name": neither has a slash. Empty: longer than any there is. */
static struct str key_of(const struct object *o, char room[KEY_MAX])
{
	if (o->namespace_.n + o->name.n + 1 > KEY_MAX)
		return (struct str){ 0 };
	memcpy(room, o->namespace_.n ? o->namespace_.p : "", o->namespace_.n);
	room[o->namespace_.n] = '/';
	memcpy(room + o->namespace_.n + 1, o->name.p, o->name.n);
	return (struct str){ room, o->namespace_.n + 1 + o->name.n };
}

static struct str keep(char **to, struct str s)
{
	char *at = *to;
	if (s.n)
		memcpy(at, s.p, s.n);
	*to += s.n;
	return (struct str){ at, s.n };
}

static void forget(struct object_table *t, struct entry *e)
{
	map_remove(&t->by_name, e->key);
	t->bytes -= e->bytes;
	free(e);
}

void object_table_fini(struct object_table *t)
{
	struct entry *e;
	for (size_t i = 0; (e = map_next(&t->by_name, &i));)
		free(e);
	map_fini(&t->by_name);
	*t = (struct object_table){ 0 };
}

static bool is_same(const struct object *a, const struct object *b)
{
	return str_eq(a->labels, b->labels) && str_eq(a->spec, b->spec);
}

bool object_table_put(struct object_table *t, const struct object *o)
{
	char room[KEY_MAX];
	struct str key = key_of(o, room);
	struct entry *e = key.n ? map_get(&t->by_name, key) : NULL;
	size_t text = key.n + o->namespace_.n + o->name.n + o->labels.n + o->spec.n, bytes = sizeof *e + text;
	if (e && is_same(&e->object, o)) {
		e->round = t->round;
		return false;
	}
	bool had = e != NULL;
	if (e)
		forget(t, e);
	if (!key.n || text > OBJECT_BYTES_MAX || t->bytes + bytes > OBJECT_TABLE_BYTES_MAX || t->by_name.count >= OBJECTS_MAX) {
		t->skipped++;
		return had;
	}
	e = malloc(bytes);
	if (!e)
		abort();
	char *at = e->text;
	*e = (struct entry){ .bytes = bytes, .round = t->round, .is_news = true };
	e->key = keep(&at, key);
	e->object = (struct object){ .namespace_ = keep(&at, o->namespace_), .name = keep(&at, o->name), .labels = keep(&at, o->labels),
				     .spec = keep(&at, o->spec) };
	map_put(&t->by_name, e->key, e);
	t->bytes += bytes;
	return true;
}

bool object_table_remove(struct object_table *t, const struct object *o)
{
	char room[KEY_MAX];
	struct str key = key_of(o, room);
	struct entry *e = key.n ? map_get(&t->by_name, key) : NULL;
	if (e)
		forget(t, e);
	return e != NULL;
}

void object_table_begin(struct object_table *t)
{
	struct entry *e;
	t->round++;
	for (size_t i = 0; (e = map_next(&t->by_name, &i));)
		e->is_news = false;
}

bool object_table_end(struct object_table *t)
{
	struct entry **gone = calloc(t->by_name.count + 1, sizeof(struct entry *)), *e;
	size_t count = 0;
	bool has_changed = false;
	if (!gone)
		abort();
	for (size_t i = 0; (e = map_next(&t->by_name, &i));) {
		has_changed |= e->is_news;
		if (e->round != t->round)
			gone[count++] = e;
	}
	for (size_t i = 0; i < count; i++)
		forget(t, gone[i]);
	free(gone);
	return has_changed || count;
}

const struct object *object_table_next(const struct object_table *t, size_t *i)
{
	const struct entry *e = map_next(&t->by_name, i);
	return e ? &e->object : NULL;
}
