/* Families come in the same order at each scrape, so the row that is expected is compared first. What a family says is told by one hash:
 * texts are compared only when they are new. */
#include "agent/scrape/metadata.h"

#include <stdlib.h>

#include "parsers/bytes/hash.h"
#include "parsers/bytes/utf8.h"

enum { ROOM_MIN = 32, STALE_ROWS = 256, STALE_BYTES = 256 << 10 };

static void *grow(void *p, size_t n)
{
	void *q = realloc(p, n);
	if (!q)
		abort();
	return q;
}

void metadata_fini(struct metadata_cache *c)
{
	free(c->text);
	free(c->rows);
	free(c->by_name);
	*c = (struct metadata_cache){ 0 };
}

static struct str name_of(const struct metadata_cache *c, const struct metadata_row *row)
{
	return (struct str){ c->text + row->text_at, row->name_n };
}

static void table_put(struct metadata_cache *c, uint32_t row)
{
	uint32_t mask = c->table_room - 1, at = c->rows[row].hash & mask;
	while (c->by_name[at])
		at = (at + 1) & mask;
	c->by_name[at] = row + 1;
}

static void index_all(struct metadata_cache *c)
{
	c->table_room = c->table_room ? c->table_room * 2 : ROOM_MIN * 2;
	free(c->by_name);
	c->by_name = calloc(c->table_room, sizeof *c->by_name);
	if (!c->by_name)
		abort();
	for (uint32_t i = 0; i < c->count; i++)
		table_put(c, i);
}

static uint32_t find(const struct metadata_cache *c, struct str name, uint32_t hash)
{
	if (c->expected < c->count && str_eq(name_of(c, &c->rows[c->expected]), name))
		return c->expected;
	for (uint32_t mask = c->table_room - 1, at = hash & mask; c->table_room && c->by_name[at]; at = (at + 1) & mask) {
		const struct metadata_row *row = &c->rows[c->by_name[at] - 1];
		if (row->hash == hash && str_eq(name_of(c, row), name))
			return c->by_name[at] - 1;
	}
	return UINT32_MAX;
}

static uint32_t add(struct metadata_cache *c, uint32_t hash)
{
	if (c->count == c->room) {
		c->room = c->room ? c->room * 2 : ROOM_MIN;
		c->rows = grow(c->rows, c->room * sizeof *c->rows);
	}
	c->rows[c->count] = (struct metadata_row){ .hash = hash };
	return c->count++;
}

static uint32_t put_text(struct metadata_cache *c, struct str s)
{
	struct buf repaired;
	buf_init(&repaired, s.n * 3 + 1);
	if (utf8_valid(s) < s.n) {
		utf8_repair(s, &repaired);
		s = buf_view(&repaired);
	}
	if (c->text_room - c->text_n < s.n) {
		c->text_room = (c->text_n + s.n) * 3 / 2 + 1024;
		c->text = grow(c->text, c->text_room);
	}
	if (s.n)
		memcpy(c->text + c->text_n, s.p, s.n);
	c->text_n += s.n;
	buf_fini(&repaired);
	return (uint32_t)s.n;
}

static uint64_t content_hash(struct str name, struct str help, struct str unit, enum metric_type type)
{
	return hash_u64(hash_u64(hash_bytes(name) ^ hash_bytes(help)) ^ hash_bytes(unit) ^ (uint64_t)type);
}

uint32_t metadata_put(struct metadata_cache *c, struct str name, struct str help, struct str unit, enum metric_type type, uint32_t scrape,
		      bool *is_new)
{
	*is_new = false;
	if (!name.n || c->text_n > UINT32_MAX / 4)
		return 0;
	help = str_take(help, utf8_floor(help, help.n < METADATA_HELP_MAX ? help.n : METADATA_HELP_MAX));
	uint64_t content = content_hash(name, help, unit, type);
	uint32_t hash = (uint32_t)hash_bytes(name), i = find(c, name, hash);
	bool is_known = i != UINT32_MAX;
	if (!is_known && c->count >= METADATA_ROWS_MAX)
		return 0;
	if (!is_known)
		i = add(c, hash);
	struct metadata_row *row = &c->rows[i];
	row->seen = scrape;
	c->expected = i + 1;
	if (row->content != content || !is_known) {
		*is_new = true;
		c->garbage += row->name_n + row->help_n + row->unit_n;
		row->text_at = (uint32_t)c->text_n;
		row->name_n = put_text(c, name);
		row->help_n = put_text(c, help);
		row->unit_n = put_text(c, unit);
		row->type = type;
		row->content = content;
		row->changed = scrape;
		row->id = 0;
	}
	if (!is_known && c->count > c->table_room / 2)
		index_all(c);
	else if (!is_known)
		table_put(c, i);
	return i + 1;
}

uint32_t metadata_define(struct metadata_cache *c, uint32_t row_plus_one, struct journal_writer *w, uint32_t *next)
{
	if (row_plus_one == 0 || row_plus_one > c->count)
		return 0;
	struct metadata_row *row = &c->rows[row_plus_one - 1];
	struct str name = name_of(c, row), help = { name.p + name.n, row->help_n }, unit = { help.p + help.n, row->unit_n };
	if (!row->id) {
		row->id = ++*next;
		journal_metadata(w, row->id, row->type, name, help, unit);
	}
	return row->id;
}

void metadata_forget_ids(struct metadata_cache *c)
{
	for (uint32_t i = 0; i < c->count; i++)
		c->rows[i].id = 0;
}

bool metadata_is_stale(const struct metadata_cache *c, uint32_t scrape)
{
	uint32_t gone = 0;
	for (uint32_t i = 0; i < c->count; i++)
		gone += c->rows[i].seen != scrape;
	return gone > STALE_ROWS + c->count / 2 || c->garbage > STALE_BYTES + c->text_n / 2;
}
