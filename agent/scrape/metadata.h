/* Type, help and unit of a target's families, as its last answers said. */
#ifndef AGENT_SCRAPE_METADATA_H
#define AGENT_SCRAPE_METADATA_H

#include "exporters/journal.h"
#include "parsers/exposition/exposition.h"

enum { METADATA_ROWS_MAX = 1 << 16, METADATA_HELP_MAX = 4096 /* the rest of a longer text is cut off */ };
struct metadata_row {
	uint32_t text_at, name_n, help_n, unit_n; /* one behind the other */
	uint32_t hash;    /* of the name */
	uint32_t id;      /* in the segment; 0: not defined there yet */
	uint32_t seen, changed; /* numbers of scrapes */
	uint64_t content; /* hash of everything */
	enum metric_type type;
};
struct metadata_cache { /* {0} is empty */
	char *text;
	size_t text_n, text_room, garbage;
	struct metadata_row *rows;
	uint32_t count, room, expected;
	uint32_t *by_name; /* row plus one; room is a power of two */
	uint32_t table_room;
};

void metadata_fini(struct metadata_cache *c);
/* The row of a family, made or changed as needed; plus one. 0: no name, or too many. `is_new`: it was not known, or something else. */
uint32_t metadata_put(struct metadata_cache *c, struct str name, struct str help, struct str unit, enum metric_type type, uint32_t scrape,
		      bool *is_new);
/* The number in the segment, after writing the record when there was none. *next: the last number given. */
uint32_t metadata_define(struct metadata_cache *c, uint32_t row_plus_one, struct journal_writer *w, uint32_t *next);
void metadata_forget_ids(struct metadata_cache *c);
/* So much of it is of families that are gone that it should be emptied. */
bool metadata_is_stale(const struct metadata_cache *c, uint32_t scrape);

#endif
