/* Entries of the journal on their way from the thread that reads them to the loop: one run of bytes, filled by the one, then read by the
 * other, then filled again. Who has it at a time is agreed upon elsewhere (journal_thread.h). */
#ifndef AGENT_JOURNAL_JOURNAL_BLOCK_H
#define AGENT_JOURNAL_JOURNAL_BLOCK_H

#include "agent/counters.h"
#include "agent/logs/mark.h"
#include "parsers/journal/journal_cursor.h"
#include "parsers/labels.h"
#include "parsers/level.h"

/* A block ends with the entry that passes this: two of them fit into what a lane takes at once, long lines apart. */
enum { JOURNAL_BLOCK_BYTES = 128 << 10, JOURNAL_LABELS_MAX_BYTES = 64 << 10 /* of one entry */, JOURNAL_NOTE_ROOM = 320 };

enum journal_drop { /* entries that make no line */
	JOURNAL_DROP_NO_MESSAGE, JOURNAL_DROP_RELABEL, JOURNAL_DROP_NO_LABELS, JOURNAL_DROP_BAD_LABELS, JOURNAL_DROPS
};

struct journal_line { /* views into the block */
	int64_t timestamp_ns;
	struct str key;         /* its labels, packed: for finding its stream (journal_block_label) */
	struct str text;
	enum level level;       /* of its priority */
	bool was_cut;
};
struct journal_block {
	struct buf bytes;
	size_t lines, at;       /* lines put in; offset of the next one to take */
	uint64_t dropped[JOURNAL_DROPS], damaged_entries;
	uint64_t gaps[JOURNAL_GAPS];
	unsigned acknowledged;  /* lanes (bits) that have acknowledged these entries in an earlier life */
	bool is_at_end;         /* there was nothing more */
	char cursor[JOURNAL_CURSOR_MAX + 1]; /* of the last entry; empty: there is none */
	char note[JOURNAL_NOTE_ROOM];    /* something to tell once; empty: nothing */
	char problem[JOURNAL_NOTE_ROOM]; /* why it is not read now; empty: it is */
};

void journal_block_init(struct journal_block *b, size_t line_max);
void journal_block_fini(struct journal_block *b);
void journal_block_reset(struct journal_block *b); /* but for the problem, which lasts */
uint64_t journal_block_entries(const struct journal_block *b); /* lines and dropped ones */

/* The key is made of labels. Labels that are too large together make it a dropped entry. */
void journal_block_add(struct journal_block *b, const struct journal_line *line, const struct labels *labels);
bool journal_block_next(struct journal_block *b, struct journal_line *out); /* false: no more */
/* The labels of a key, one after the other: false at the end. */
bool journal_block_label(struct str *key, struct label *out);

#endif
