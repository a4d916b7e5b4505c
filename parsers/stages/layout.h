/* Instants out of text, by an example of how the reference time Mon Jan 2 15:04:05 MST 2006 is written: Go's time.Parse. */
#ifndef PARSERS_STAGES_LAYOUT_H
#define PARSERS_STAGES_LAYOUT_H

#include "parsers/stages/zone.h"

struct layout_time { /* what a clock shows, and where it hangs */
	int64_t year;
	int month, day, hour, minute, second; /* month and day from 1 */
	int64_t ns;
	bool has_offset; /* an offset stood in the text */
	int32_t offset_s;
	struct str zone_name; /* an abbreviation stood in the text; view into it */
};

enum { LAYOUT_CHUNKS_MAX = 32 };
struct layout_chunk { /* what stands before a part, and the part; views into the layout */
	struct str before, text;
	int part;
};
struct layout {
	struct layout_chunk at[LAYOUT_CHUNKS_MAX]; /* the last one has no part */
	size_t count;
};

/* false: it has too many parts. The text is kept as a view. */
bool layout_read(struct str text, struct layout *out);
/* false: the text is not written so, or a part is out of range. */
bool layout_parse(const struct layout *layout, struct str text, struct layout_time *out);
/* Nanoseconds since 1970; false: out of the years 1678 to 2262. zone: where neither offset nor name stood. names: where an
 * abbreviation is looked up; one that is not found there is taken as UTC. */
bool layout_unix_ns(const struct layout_time *t, const struct zone *zone, const struct zone *names, int64_t *out);

#endif
