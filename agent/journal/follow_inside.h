/* What follow.c and follow_seek.c share, and nobody else. */
#ifndef AGENT_JOURNAL_FOLLOW_INSIDE_H
#define AGENT_JOURNAL_FOLLOW_INSIDE_H

#include "agent/journal/follow.h"
#include "agent/journal/sdjournal_table.h"
#include "parsers/bytes/arena.h"
#include "parsers/journal/journal_entry.h"
#include "parsers/relabel.h"

struct follow {
	struct sdjournal library; /* a copy: the thread may outlive whoever loaded it */
	const struct sdjournal *l;
	sd_journal *j;            /* NULL: not open */
	int fd;                   /* of j; -1: the kernel has no watches left */
	struct arena kept;        /* what lives as long as this */
	struct str path, matches; /* NUL-terminated */
	struct labels own;        /* of the job's configuration */
	struct relabel *rules;
	size_t line_max, lane_count;
	struct journal_place places[LANES_MAX], place /* the last entry that was read */;
	unsigned behind;          /* lanes (bits) whose places may be in front of ours */
	char left_out_from[JOURNAL_CURSOR_MAX + 1];
	bool has_current;         /* j stands at an entry that is not taken yet */
	bool is_at_end, is_woken, must_look_at_files, is_gap_told;
	int64_t opened_ns, looked_ns, due_ns, reopen_ns;
	uint64_t entries_since_open;
	uint64_t usage_bytes;     /* of all files that libsystemd has */
	size_t damaged_told;
	struct journal_entry entry;
	struct labels labels;     /* of the entry at hand */
	struct arena arena;       /* of the same */
};

/* To f->place: the next entry is the first that is to be read. 0 or -errno; a gap goes into b. */
int follow_seek(struct follow *f, struct journal_block *b);
int follow_use_matches(struct follow *f, bool use);

#endif
