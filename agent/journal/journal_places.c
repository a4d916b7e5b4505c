/* Names of jobs and destinations come from the configuration, which lets no control character into them: they stand there as they are. */
#include "agent/journal/journal_places.h"

#include <stdlib.h>

#include "agent/sealed_file.h"
#include "parsers/bytes/array.h"
#include "parsers/bytes/num.h"

enum { FILE_CAP_BYTES = 16 << 20 };
static const char WHAT[] = "spoor journal positions";
static const uint64_t VERSION = 1;

void journal_places_begin(struct buf *out)
{
	sealed_file_begin(out, WHAT, VERSION);
}

void journal_places_put(struct buf *out, const struct journal_place_row *row)
{
	size_t start = sealed_file_row(out);
	buf_str(out, row->job);
	buf_char(out, '\t');
	buf_str(out, row->destination);
	buf_printf(out, "\t%s\t%llu\t%lld", row->cursor[0] ? row->cursor : "-", (unsigned long long)row->since_us, (long long)row->seen_s);
	sealed_file_row_end(out, start);
}

static bool parse_row(struct str line, struct journal_place_row *row)
{
	struct journal_cursor ignored;
	if (!sealed_file_check(&line))
		return false;
	row->job = str_cut(&line, '\t');
	row->destination = str_cut(&line, '\t');
	struct str cursor = str_cut(&line, '\t');
	if (!num_u64(str_cut(&line, '\t'), &row->since_us) || !num_i64(line, &row->seen_s) || !row->job.n || !row->destination.n)
		return false;
	if (str_eq(cursor, STR("-")))
		return true;
	if (!journal_cursor_parse(cursor, &ignored))
		return false;
	memcpy(row->cursor, cursor.p, cursor.n);
	row->cursor[cursor.n] = '\0';
	return true;
}

struct journal_place_row *journal_places_find(const struct journal_places *p, struct str job, struct str destination)
{
	for (size_t i = 0; i < p->count; i++)
		if (str_eq(p->rows[i].job, job) && str_eq(p->rows[i].destination, destination))
			return &p->rows[i];
	return NULL;
}

struct journal_place_row *journal_places_add(struct journal_places *p, const struct journal_place_row *row)
{
	struct journal_place_row *place = journal_places_find(p, row->job, row->destination);
	if (!place) {
		p->rows = array_room(p->rows, p->count, &p->room, sizeof *p->rows);
		place = &p->rows[p->count++];
		*place = (struct journal_place_row){ .job = arena_copy(&p->arena, row->job), .destination = arena_copy(&p->arena, row->destination) };
	}
	memcpy(place->cursor, row->cursor, sizeof place->cursor);
	place->since_us = row->since_us;
	place->seen_s = row->seen_s;
	return place;
}

int journal_places_parse(struct journal_places *p, struct str text)
{
	uint64_t version;
	int result = sealed_file_head(&text, WHAT, VERSION, &version);
	if (result <= 0)
		return result;
	while (text.n) {
		struct journal_place_row row = { 0 };
		bool is_whole = str_find(text, '\n') < text.n; /* else the process ended while it wrote this line */
		if (parse_row(str_cut(&text, '\n'), &row) && p->count < JOURNAL_PLACES_MAX)
			journal_places_add(p, &row);
		else
			p->damaged += is_whole;
	}
	return 1;
}

static int parse(void *ctx, struct str text)
{
	return journal_places_parse(ctx, text);
}

int journal_places_load(struct journal_places *p, const char *path)
{
	const struct sealed_file file = { path, FILE_CAP_BYTES, parse, p };
	*p = (struct journal_places){ 0 };
	return sealed_file_load(&file, &p->damaged);
}

void journal_places_fini(struct journal_places *p)
{
	free(p->rows);
	arena_fini(&p->arena);
	*p = (struct journal_places){ 0 };
}
