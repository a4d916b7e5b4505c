/* From names in a folder to the generations that they are. Each function marks what it has recognised in `files` (field generation). */
#ifndef AGENT_TAIL_RECOGNISE_H
#define AGENT_TAIL_RECOGNISE_H

#include "agent/tail/listing.h"

/* A generation for a file that nobody knows; not in the source's list yet. */
struct generation *recognise_new(struct source *s, const struct listed *file);
/* Those that the source has already: follows them through renames, notes what grew or was cut. */
void recognise_known(struct folder *f, struct source *s, struct listed *files, size_t count);
/* The file is this large now. One that was cut keeps what was known of it: the next read finds out, and what went unread is counted. */
void recognise_size(struct generation *g, uint64_t size_bytes);
/* Those of an earlier life: makes a generation with the saved positions for each row that fits a plain file. */
void recognise_saved(struct folder *f, struct source *s, struct listed *files, size_t count, struct checkpoint_row *rows);
/* A compressed file as the copy of a generation or of a row. */
void recognise_gz(struct folder *f, struct source *s, struct listed *file, struct checkpoint_row *rows);
/* g went to .gz while its file was closed: what was not read of it is read there. */
void recognise_reopen(struct generation *g, const struct listed *file);
/* Files among those that rows fitted, for rows that fitted nothing: they were cut, and compressed since. was_cut is set. */
void recognise_between(struct listed *files, size_t count, const struct checkpoint_row *rows);
/* Rows that fitted nothing: what was not read of them is counted as lost, once. */
void recognise_lost(struct source *s, struct checkpoint_row *rows);

#endif
