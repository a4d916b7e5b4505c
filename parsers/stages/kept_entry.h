/* An entry that outlives its turn: everything but the line, copied. For stages that hold lines back. */
#ifndef PARSERS_STAGES_KEPT_ENTRY_H
#define PARSERS_STAGES_KEPT_ENTRY_H

#include "parsers/stages/stage.h"

enum { KEPT_ENTRY_MAX = 1 << 20 /* bytes of what was extracted; values beyond it are not kept */ };

struct kept_entry { /* {0} is empty */
	struct arena bytes;
	struct labels labels, metadata;
	struct extracted *extracted;
	size_t extracted_count;
	struct str tenant;
	int64_t timestamp_ns;
	bool has_changed_labels, is_repeat;
	struct entry_place first;
	uint64_t last, lines; /* lines: not let out yet */
	struct entry_origin origin;
};

void kept_entry_set(struct kept_entry *k, const struct entry *e); /* but not how many lines it is of: kept_entry_join */
/* Another entry's line was put to its own; its lines count along. */
void kept_entry_join(struct kept_entry *k, const struct entry *e);
void kept_entry_fini(struct kept_entry *k);
/* Lets it out with this line, to the stage behind; the entry that goes on is a copy, so that it can be let out again. */
void kept_entry_forward(struct kept_entry *k, struct str line, bool with_metadata, struct stage_turn *turn);
/* Drops what has no text. */
void kept_entry_drop(struct kept_entry *k, const char *reason, struct stage_turn *turn);
/* For an entry in whose turn k was let out: like places that are held (stages_each_place), its own moves back when k goes across it. */
void kept_entry_move_back(const struct kept_entry *k, struct entry *e);
bool kept_entry_has_labels(const struct kept_entry *k, const struct entry *e); /* the same labels and tenant */

#endif
