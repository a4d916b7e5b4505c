/* Acknowledged offsets on disk. A text file, one generation a line, each line with its own checksum: a damaged line costs
 * only itself. Version 1, fields between tabs:
 *   crc32  log  name  dev  ino  birth  size  head_bytes  head_hash  seen  {destination offset bytes hash}...
 * Strings are JSON-escaped; numbers decimal, hashes hex; `seen` is the wall clock of the save in seconds. */
#ifndef AGENT_TAIL_CHECKPOINT_H
#define AGENT_TAIL_CHECKPOINT_H

#include "agent/tail/identity.h"
#include "parsers/bytes/arena.h"
#include "parsers/bytes/map.h"

enum { CHECKPOINT_DESTINATIONS = 8 };

struct checkpoint_position {
	struct str destination;
	struct frontier acked;
};
struct checkpoint_row {
	struct checkpoint_row *next; /* of the same log */
	struct str log;              /* path of the live file: the log's name, whatever the generation is called */
	struct str name;             /* of the generation, in the log's folder, when it was saved */
	struct identity identity;
	uint64_t size_bytes;
	int64_t seen_s;
	struct checkpoint_position positions[CHECKPOINT_DESTINATIONS];
	size_t position_count;
	bool is_adopted;             /* a generation has taken it over */
};
struct checkpoint {
	struct arena arena;
	struct map logs; /* log -> first checkpoint_row */
	size_t rows, damaged; /* damaged: lines whose checksum did not fit */
};

/* Reads path; when it is missing, empty or unreadable as a checkpoint, path.old. 0, or -EPROTONOSUPPORT when a newer version wrote it
 * (nothing may be overwritten then). A file that is no checkpoint at all is moved to path.bad and counts as damaged. */
int checkpoint_load(struct checkpoint *c, const char *path);
void checkpoint_fini(struct checkpoint *c);
uint64_t checkpoint_unread(const struct checkpoint_row *row); /* bytes that were there and that not every destination had */
struct checkpoint_row *checkpoint_rows(const struct checkpoint *c, struct str log); /* first of the log, or NULL */

/* Writing: begin, put every row, then hand the bytes to os_replace_file. Between two such snapshots, rows of what changed may be
 * added at the end (os_append_file): of several rows for one file the last one counts. */
void checkpoint_begin(struct buf *out);
/* In front of rows that are added at the end: they count only when all of them are there. */
void checkpoint_batch(struct buf *out, size_t rows);
void checkpoint_put(struct buf *out, const struct checkpoint_row *row);

#endif
