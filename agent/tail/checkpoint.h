/* Acknowledged offsets on disk. A text file, one generation a line, each line with its own checksum: a damaged line costs
 * only itself. Version 2, fields between tabs:
 *   crc32  log  name  dev  ino  birth  size  head_bytes  head_hash  seen  job  target  {destination offset bytes hash}...
 *   crc32  =  log  job  rules  number  count  is_moved  seen  {name value}...
 * Strings are JSON-escaped; numbers decimal, hashes hex; `seen` is the wall clock of the save in seconds. Version 1, which is still read,
 * has neither `job` and `target` nor lines of the second kind: the stream labels of a log that could come out otherwise the next time. */
#ifndef AGENT_TAIL_CHECKPOINT_H
#define AGENT_TAIL_CHECKPOINT_H

#include "agent/tail/identity.h"
#include "parsers/bytes/arena.h"
#include "parsers/bytes/map.h"
#include "parsers/labels.h"

enum { CHECKPOINT_DESTINATIONS = 8, CHECKPOINT_LABELS = 64, CHECKPOINT_LABEL_SETS = 100 };

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
	struct str job;              /* who reads it; empty: whoever does, as version 1 and other programs have it */
	uint64_t target;             /* among several of the job: agent/tail/want.h */
	struct checkpoint_position positions[CHECKPOINT_DESTINATIONS];
	size_t position_count;
	bool is_adopted;             /* a generation has taken it over */
	bool is_parked;              /* of this life: nobody wants it any more, and nothing of it is lost */
};
struct checkpoint_labels { /* one set for a log and a job */
	struct checkpoint_labels *next; /* of the same log */
	struct str log, job;
	uint64_t rules;              /* a hash of those that made them */
	uint32_t number, count;      /* which of how many sets, from 0 */
	bool is_moved;               /* shown under /var/log/pods */
	bool is_used;                /* somebody has them now and writes them */
	int64_t seen_s;
	struct label *at;
	size_t label_count;
};
struct checkpoint {
	struct arena arena;
	struct map logs; /* log -> first checkpoint_row, whoever reads it */
	struct map labels; /* log -> first checkpoint_labels */
	size_t rows, damaged; /* damaged: lines whose checksum did not fit */
};

/* Reads path; when it is missing, empty or unreadable as a checkpoint, path.old. 0, or -EPROTONOSUPPORT when a newer version wrote it
 * (nothing may be overwritten then). A file that is no checkpoint at all is moved to path.bad and counts as damaged. */
int checkpoint_load(struct checkpoint *c, const char *path);
void checkpoint_fini(struct checkpoint *c);
uint64_t checkpoint_unread(const struct checkpoint_row *row); /* bytes that were there and that not every destination had */
struct checkpoint_row *checkpoint_rows(const struct checkpoint *c, struct str log); /* first of the log, or NULL */
/* The sets of a log for a job, made by these rules, into out: how many, 0 unless all of them are there. */
size_t checkpoint_label_sets(const struct checkpoint *c, struct str log, struct str job, uint64_t rules,
			     struct checkpoint_labels *out[CHECKPOINT_LABEL_SETS]);

void checkpoint_use_labels(struct checkpoint *c, struct str log, struct str job); /* whatever made them: is_used from now on */

/* What a log was when it was saved belongs to one who reads it now. The rows are taken out of c->logs and are the caller's list (of
 * c's memory); they have to be claimed from EXACT on until there are some. */
enum checkpoint_claim {
	CLAIM_EXACT,   /* the same job and target */
	CLAIM_RENAMED, /* the same target, of a job that is_job does not know any more: it has another name now */
	CLAIM_JOB,     /* the same job, whose labels were others then; to be tried when all of the kinds above are through */
	CLAIM_ORPHAN,  /* a job that is gone, and another target */
	CLAIM_NOBODY,  /* rows without a job: everyone gets a copy */
	CLAIMS
};
struct checkpoint_owner {
	struct str log, job;
	uint64_t target;
	bool (*is_job)(const void *ctx, struct str name);
	const void *ctx;
};
struct checkpoint_row *checkpoint_claim(struct checkpoint *c, const struct checkpoint_owner *owner, enum checkpoint_claim how);
void checkpoint_done(struct checkpoint_row *rows); /* claimed, and no use any more */
/* Puts a row back: nobody reads it for now. Copied. */
void checkpoint_park(struct checkpoint *c, const struct checkpoint_row *row);
void checkpoint_expire(struct checkpoint *c, int64_t before_s); /* parked rows that are older are forgotten */

/* Writing: begin, put every row, then hand the bytes to os_replace_file. Between two such snapshots, rows of what changed may be
 * added at the end (os_append_file): of several rows for one file the last one counts. */
void checkpoint_begin(struct buf *out);
/* In front of rows that are added at the end: they count only when all of them are there. */
void checkpoint_batch(struct buf *out, size_t rows);
void checkpoint_put(struct buf *out, const struct checkpoint_row *row);
void checkpoint_put_labels(struct buf *out, const struct checkpoint_labels *labels);

#endif
