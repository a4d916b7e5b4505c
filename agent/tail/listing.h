/* The names of a folder that are of interest, as log files: grouped by log, oldest first. */
#ifndef AGENT_TAIL_LISTING_H
#define AGENT_TAIL_LISTING_H

#include "agent/tail/folder.h"

enum { NAME_ROOM = 256, LISTING_MAX = 100000 };

struct listed {
	char *name;
	struct str base;               /* of the log; a view into name */
	uint64_t stamp;                /* larger is newer; UINT64_MAX: the live file */
	uint64_t order;                /* of files of the same stamp: larger is older, by the name */
	bool is_gz, is_bz2;            /* compressed; by bzip2 */
	bool is_packed;                /* a compressed log of its own; the name may stand in the listing a second time, as a generation */
	struct os_file st;
	struct generation *generation; /* what it turned out to be */
	const struct checkpoint_row *row; /* of an earlier life, by which it was known */
	bool is_empty;                 /* unpacked; of one that rows were compared with */
	bool was_cut;                  /* it was saved, but what was read of it is not in it any more */
};
struct listing {
	struct listed *at;
	size_t count, room;
};

/* 0 or -errno. Links are handed to discover_link and not listed. */
int listing_read(struct listing *l, struct folder *f);
void listing_free(struct listing *l);

#endif
