/* Lines that stages dropped, by the reason that the configuration gives them (drop_counter_reason). Bounded: reasons beyond the last row count
 * as "pipeline" alone. */
#ifndef AGENT_LOGS_STAGE_DROPS_H
#define AGENT_LOGS_STAGE_DROPS_H

#include <stdint.h>

#include "parsers/bytes/str.h"

#define STAGE_DROPS_PREFIX "pipeline/"
enum { STAGE_DROPS_MAX = 64, STAGE_DROPS_NAME_ROOM = 64 };
struct stage_drop { char name[STAGE_DROPS_NAME_ROOM]; uint64_t lines, entries; }; /* "pipeline/health": never one of drop_reason_names */
struct stage_drops { /* {0} is empty */
	struct stage_drop at[STAGE_DROPS_MAX];
	size_t count, last; /* last: the row of the line before */
	uint64_t lines;     /* of all rows */
};

/* The reason as the configuration has it. */
static inline struct str stage_drop_reason(const struct stage_drop *row)
{
	return str_skip(str_of(row->name), sizeof STAGE_DROPS_PREFIX - 1);
}
/* One entry, made of so many lines. */
void stage_drops_count(struct stage_drops *d, struct str reason, uint64_t lines);

#endif
