/* How far each destination has acknowledged each job's journal, on disk. A text file, one job and destination a line, each line with
 * its own checksum: a damaged line costs only itself, and the later of two lines for the same counts. Version 1, between tabs:
 *   crc32  job  destination  cursor  since  seen
 * cursor as libsystemd writes it, - before the first acknowledgement: then `since`, wall clock in microseconds, is where it began.
 * `seen` is the wall clock of the save in seconds. */
#ifndef AGENT_JOURNAL_JOURNAL_PLACES_H
#define AGENT_JOURNAL_JOURNAL_PLACES_H

#include "parsers/bytes/arena.h"
#include "parsers/bytes/buf.h"
#include "parsers/journal/journal_cursor.h"

enum { JOURNAL_PLACES_MAX = 10000 };

struct journal_place_row {
	struct str job, destination;
	char cursor[JOURNAL_CURSOR_MAX + 1]; /* empty: none */
	uint64_t since_us;
	int64_t seen_s;
	bool is_taken; /* for whoever looks them up: this one has an owner */
};
struct journal_places {
	struct arena arena;
	struct journal_place_row *rows; /* owned */
	size_t count, room, damaged;
};

/* Reads path; when it is missing or not such a file, path.old. 0 (with no rows when there is neither), or -EPROTONOSUPPORT when a newer
 * version wrote it: nothing may be overwritten then. What is no such file at all is moved to path.bad and counts as damaged. */
int journal_places_load(struct journal_places *p, const char *path);
int journal_places_parse(struct journal_places *p, struct str text); /* 1: read, 0: no such file, or -EPROTONOSUPPORT */
void journal_places_fini(struct journal_places *p);
struct journal_place_row *journal_places_find(const struct journal_places *p, struct str job, struct str destination); /* or NULL */

struct journal_place_row *journal_places_add(struct journal_places *p, const struct journal_place_row *row); /* or what was there, changed; never NULL */

/* Writing: begin, then every row. Rows alone may be added at the end of the file. */
void journal_places_begin(struct buf *out);
void journal_places_put(struct buf *out, const struct journal_place_row *row);

#endif
