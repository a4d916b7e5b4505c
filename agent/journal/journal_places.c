/* Names of jobs and destinations come from the configuration, which lets no control character into them: they stand there as they are. */
#include "agent/journal/journal_places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "agent/os.h"
#include "parsers/bytes/num.h"

enum { FILE_CAP_BYTES = 16 << 20, CRC_DIGITS = 8, FIRST_ROOM = 16 };
#define HEADER "spoor journal positions "
static const uint64_t VERSION = 1;

static uint32_t checksum(struct str s)
{
	return (uint32_t)crc32(0, (const unsigned char *)s.p, (unsigned)s.n);
}

void journal_places_begin(struct buf *out)
{
	char head[64];
	int n = snprintf(head, sizeof head, HEADER "%llu", (unsigned long long)VERSION);
	buf_reset(out);
	buf_printf(out, "%s %08x\n", head, checksum((struct str){ head, (size_t)n }));
}

void journal_places_put(struct buf *out, const struct journal_place_row *row)
{
	size_t start = out->n;
	buf_append(out, "00000000\t", CRC_DIGITS + 1);
	buf_str(out, row->job);
	buf_char(out, '\t');
	buf_str(out, row->destination);
	buf_printf(out, "\t%s\t%llu\t%lld", row->cursor[0] ? row->cursor : "-", (unsigned long long)row->since_us, (long long)row->seen_s);
	if (out->is_full)
		return;
	char digits[CRC_DIGITS + 1];
	snprintf(digits, sizeof digits, "%08x", checksum(str_skip(buf_view(out), start + CRC_DIGITS + 1)));
	memcpy(out->p + start, digits, CRC_DIGITS);
	buf_char(out, '\n');
}

/* 1, 0 when it is none, -EPROTONOSUPPORT when it is one of a later version. */
static int parse_head(struct str *text)
{
	struct str line = str_cut(text, '\n'), rest = line;
	uint64_t version, sum;
	if (!str_starts(line, STR(HEADER)))
		return 0;
	rest = str_skip(rest, sizeof HEADER - 1);
	struct str number = str_cut(&rest, ' ');
	size_t head_n = (size_t)(number.p + number.n - line.p);
	if (!num_u64(number, &version) || rest.n != CRC_DIGITS || !num_hex64(rest, &sum) || sum != checksum(str_take(line, head_n)))
		return 0;
	return version > VERSION ? -EPROTONOSUPPORT : version == VERSION;
}

static bool parse_row(struct str line, struct journal_place_row *row)
{
	uint64_t sum;
	struct journal_cursor ignored;
	struct str digits = str_cut(&line, '\t');
	if (digits.n != CRC_DIGITS || !num_hex64(digits, &sum) || sum != checksum(line))
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
	if (!place && p->count == p->room) {
		p->room = p->room ? 2 * p->room : FIRST_ROOM;
		p->rows = realloc(p->rows, p->room * sizeof *p->rows);
		if (!p->rows)
			abort();
	}
	if (!place) {
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
	int result = parse_head(&text);
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

static int load_one(struct journal_places *p, const char *path)
{
	struct buf text;
	buf_init(&text, FILE_CAP_BYTES);
	int result = os_read_file(path, FILE_CAP_BYTES, &text);
	if (result == 0)
		result = journal_places_parse(p, buf_view(&text));
	buf_fini(&text);
	return result;
}

int journal_places_load(struct journal_places *p, const char *path)
{
	char other[4096];
	*p = (struct journal_places){ 0 };
	int result = load_one(p, path);
	if (result > 0 || result == -EPROTONOSUPPORT)
		return result > 0 ? 0 : result;
	bool is_foreign = result == 0;
	if (snprintf(other, sizeof other, "%s.old", path) >= (int)sizeof other)
		return 0;
	result = load_one(p, other);
	if (is_foreign) {
		p->damaged++;
		if (snprintf(other, sizeof other, "%s.bad", path) < (int)sizeof other)
			rename(path, other);
	}
	return result == -EPROTONOSUPPORT ? result : 0;
}

void journal_places_fini(struct journal_places *p)
{
	free(p->rows);
	arena_fini(&p->arena);
	*p = (struct journal_places){ 0 };
}
