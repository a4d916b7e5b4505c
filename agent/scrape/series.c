/* A scrape brings the same texts in the same order as the one before. So each row knows who followed it, and finding a series is one
 * comparison with the text that is expected; the hash table is for the others. Rows of a scrape that went well lie in the order in which
 * the target writes them, which keeps the comparison in the cache and the numbers in the journal in sequence.
 *
 * Rows that were not there are kept until they are a quarter of all, and then go in one sweep: a series that comes and goes costs nothing,
 * a target that makes up new ones at each scrape costs a constant factor. */
#include "agent/scrape/series.h"

#include <stdlib.h>

#include "parsers/bytes/hash.h"

enum { ROOM_MIN = 64, SLACK_ROWS = 256, FAILED_SLACK_ROWS = 1000 };

static void *grow(void *p, size_t n)
{
	void *q = realloc(p, n);
	if (!q)
		abort();
	return q;
}

void series_fini(struct series_cache *c)
{
	free(c->text);
	free(c->rows);
	free(c->by_text);
	free(c->by_identity);
	free(c->extras);
	*c = (struct series_cache){ .scrape = c->scrape, .succeeded = c->succeeded };
}

static void table_put(uint32_t *table, uint32_t room, uint32_t hash, uint32_t row)
{
	uint32_t at = hash & (room - 1);
	while (table[at])
		at = (at + 1) & (room - 1);
	table[at] = row + 1;
}

static uint32_t short_hash(uint64_t identity)
{
	return (uint32_t)(identity ^ identity >> 32);
}

/* Both tables anew, with room for so many rows. */
static void index_all(struct series_cache *c, uint32_t rows)
{
	uint32_t room = ROOM_MIN;
	while (room / 4 * 3 < rows)
		room *= 2;
	free(c->by_text);
	free(c->by_identity);
	c->by_text = calloc(room, sizeof *c->by_text);
	c->by_identity = calloc(room, sizeof *c->by_identity);
	if (!c->by_text || !c->by_identity)
		abort();
	c->table_room = room;
	for (uint32_t i = 0; i < c->count; i++) {
		table_put(c->by_text, room, c->rows[i].hash, i);
		if (c->rows[i].identity)
			table_put(c->by_identity, room, short_hash(c->rows[i].identity), i);
	}
}

uint32_t series_find_slow(const struct series_cache *c, struct str text)
{
	if (!c->table_room)
		return SERIES_NONE;
	uint32_t hash = (uint32_t)hash_bytes(text), mask = c->table_room - 1;
	for (uint32_t at = hash & mask; c->by_text[at]; at = (at + 1) & mask) {
		const struct series *s = &c->rows[c->by_text[at] - 1];
		if (s->hash == hash && str_eq(series_text(c, s), text))
			return c->by_text[at] - 1;
	}
	return SERIES_NONE;
}

uint32_t series_add(struct series_cache *c, struct str text)
{
	if (c->count >= SERIES_ROWS_MAX || text.n > SERIES_TEXT_BYTES_MAX - c->text_n)
		return SERIES_NONE;
	if (c->count == c->room) {
		c->room = c->room ? c->room + c->room / 2 : ROOM_MIN;
		c->rows = grow(c->rows, c->room * sizeof *c->rows);
	}
	if (c->text_room - c->text_n < text.n) {
		c->text_room = (c->text_n + text.n) + (c->text_n + text.n) / 2 + 4096;
		c->text = grow(c->text, c->text_room);
	}
	if (c->count >= c->table_room / 4 * 3)
		index_all(c, c->count + 1);
	uint32_t row = c->count++;
	c->rows[row] = (struct series){ .text_at = (uint32_t)c->text_n, .text_n = (uint32_t)text.n, .hash = (uint32_t)hash_bytes(text),
					.next = SERIES_NONE };
	if (text.n)
		memcpy(c->text + c->text_n, text.p, text.n);
	c->text_n += text.n;
	table_put(c->by_text, c->table_room, c->rows[row].hash, row);
	return row;
}

uint32_t series_identify(struct series_cache *c, uint32_t row, uint64_t identity)
{
	uint32_t mask = c->table_room - 1;
	identity |= identity == 0;
	for (uint32_t at = short_hash(identity) & mask; c->by_identity[at]; at = (at + 1) & mask)
		if (c->rows[c->by_identity[at] - 1].identity == identity)
			return c->by_identity[at] - 1;
	c->rows[row].identity = identity;
	table_put(c->by_identity, c->table_room, short_hash(identity), row);
	return SERIES_NONE;
}

struct series_extra *series_extra(struct series_cache *c, struct series *s)
{
	if (!s->extra) {
		if (c->extra_count == c->extra_room) {
			c->extra_room = c->extra_room ? c->extra_room * 2 : 16;
			c->extras = grow(c->extras, c->extra_room * sizeof *c->extras);
		}
		c->extras[c->extra_count++] = (struct series_extra){ 0 };
		s->extra = c->extra_count;
	}
	return &c->extras[s->extra - 1];
}

void series_forget_ids(struct series_cache *c)
{
	for (uint32_t i = 0; i < c->count; i++)
		if (!(c->rows[i].flags & SERIES_ALIAS))
			c->rows[i].id = 0;
}

/* A row stays when it was seen, when its end is still to be told, or when one that stays stands for its labels. */
static void mark_staying(const struct series_cache *c, char *stays, uint32_t since)
{
	for (uint32_t i = 0; i < c->count; i++)
		stays[i] = c->rows[i].seen >= since || c->rows[i].live;
	for (uint32_t i = 0; i < c->count; i++)
		if (stays[i] && c->rows[i].flags & SERIES_ALIAS)
			stays[c->rows[i].id] = 1;
}

/* The rows in the order in which they followed each other, then those that stand apart. */
static uint32_t order_rows(const struct series_cache *c, char *stays, uint32_t *order)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < c->count; i++)
		for (uint32_t row = i; row < c->count && stays[row] == 1; row = c->rows[row].next) {
			stays[row] = 2;
			order[n++] = row;
		}
	return n;
}

static void move_rows(struct series_cache *c, const uint32_t *order, uint32_t n)
{
	struct series_cache fresh = { .scrape = c->scrape, .succeeded = c->succeeded, .tracked = c->tracked, .live = c->live,
				      .successful = c->successful };
	uint32_t *place = malloc((c->count + 1) * sizeof *place);
	if (!place)
		abort();
	for (uint32_t i = 0; i < n; i++)
		place[order[i]] = i;
	size_t text_n = 0;
	for (uint32_t i = 0; i < n; i++)
		text_n += c->rows[order[i]].text_n;
	fresh.room = n + n / 8 + ROOM_MIN;
	fresh.rows = grow(NULL, fresh.room * sizeof *fresh.rows);
	fresh.text_room = text_n + text_n / 8 + 4096;
	fresh.text = grow(NULL, fresh.text_room);
	for (uint32_t i = 0; i < n; i++) {
		struct series *to = &fresh.rows[i];
		const struct series *from = &c->rows[order[i]];
		*to = *from;
		to->text_at = (uint32_t)fresh.text_n;
		memcpy(fresh.text + fresh.text_n, c->text + from->text_at, from->text_n);
		fresh.text_n += from->text_n;
		to->next = i + 1 < n ? i + 1 : 0;
		if (from->flags & SERIES_ALIAS)
			to->id = place[from->id];
		to->extra = 0;
		if (from->extra)
			*series_extra(&fresh, to) = c->extras[from->extra - 1];
	}
	fresh.count = n;
	index_all(&fresh, n + n / 8);
	free(place);
	series_fini(c);
	*c = fresh;
}

static void sweep(struct series_cache *c, uint32_t since)
{
	char *stays = calloc(c->count + 1, 1);
	uint32_t *order = malloc((c->count + 1) * sizeof *order);
	if (!stays || !order)
		abort();
	mark_staying(c, stays, since);
	move_rows(c, order, order_rows(c, stays, order));
	free(stays);
	free(order);
}

void series_settle(struct series_cache *c, bool good)
{
	if (!good) {
		/* Texts that differ at each scrape which then fails would fill the memory. */
		if (c->count / 2 > c->successful + FAILED_SLACK_ROWS / 2)
			sweep(c, c->succeeded);
		if (c->count / 2 > c->successful + FAILED_SLACK_ROWS / 2)
			series_fini(c);
		return;
	}
	uint32_t gone = 0;
	for (uint32_t i = 0; i < c->count; i++)
		gone += c->rows[i].seen != c->scrape;
	c->succeeded = c->scrape;
	if (gone > SLACK_ROWS + (c->count - gone) / 4)
		sweep(c, c->scrape);
	c->successful = c->count;
}

size_t series_bytes(const struct series_cache *c)
{
	return c->text_room + c->room * sizeof *c->rows + 2 * c->table_room * sizeof *c->by_text + c->extra_room * sizeof *c->extras;
}
