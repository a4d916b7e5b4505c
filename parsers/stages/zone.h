/* A time zone: what clocks there show. Out of a TZif file (RFC 9636), whose bytes somebody else has read, or of a fixed offset. */
#ifndef PARSERS_STAGES_ZONE_H
#define PARSERS_STAGES_ZONE_H

#include "parsers/bytes/str.h"

enum { ZONE_FILE_MAX = 1 << 20, ZONE_NAME_ROOM = 12 };

struct zone;
struct zone_span { /* a time without changes: [start_s, end_s) */
	int64_t start_s, end_s;
	int32_t offset_s; /* east of Greenwich */
	char name[ZONE_NAME_ROOM]; /* "CET"; longer ones are cut */
};

struct zone *zone_new(struct str tzif); /* NULL: it is no TZif file */
void zone_free(struct zone *z);
/* NULL is UTC. */
void zone_at(const struct zone *z, int64_t unix_s, struct zone_span *out);
/* Seconds since 1970 of what a clock there shows (as seconds since 1970, if it were UTC). Of two answers, or none, Go's. */
int64_t zone_unix(const struct zone *z, int64_t clock_s);
/* The offset that an abbreviation means there, at best at this time. */
bool zone_offset_named(const struct zone *z, struct str name, int64_t clock_s, int32_t *offset_s);

/* Days since 1970-01-01 of a date (month 1 to 12, any day), and back. */
int64_t zone_days(int64_t year, int month, int64_t day);
void zone_date(int64_t days, int64_t *year, int *month, int *day);

#endif
