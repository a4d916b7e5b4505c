/* Looking at lines as they pass: at most TAPS_MAX people at a time, each with a filter, a place on the way (as read, behind a stage, as
 * sent, or where lines are dropped) and a ring of its own. While nobody looks a line costs one comparison (taps_any); who reads slowly loses
 * lines of the view, which are counted, and never holds up delivery. */
#ifndef AGENT_LOGS_TAP_H
#define AGENT_LOGS_TAP_H

#include "agent/logs/tap_ring.h"
#include "exporters/drops.h"
#include "parsers/record.h"
#include "parsers/stages/stages.h"

enum { TAPS_MAX = 4, TAP_SENT = -1, TAP_READ = 0, TAP_PATTERN_MAX = 256, TAP_RATE_MAX = 100000 };

struct tap_origin { struct str path, namespace_, pod, container; }; /* of a source of lines; what it has not is empty */
struct tap_place { /* where a line is on its way; views that live during the call */
	size_t lane;
	struct str destination;
	const struct tap_origin *origin;
	int64_t now_ns; /* monotonic */
	struct str tenant; /* for whom it is, as far as stages have said */
};
struct tap_options {
	struct str pattern;     /* "/path/glob", "NAMESPACE/POD", "NAMESPACE/POD/CONTAINER", "POD"; empty: everything. Copied */
	int stage;              /* TAP_SENT: as it goes out; TAP_READ: as it was read; N: behind stage N, where it was not dropped */
	bool is_dropped;        /* what was dropped instead, by stages or by the destination */
	uint64_t limit;         /* so many lines, then it is over; 0: no limit */
	uint64_t rate;          /* lines a second; 0: TAP_RATE_MAX */
	struct str destination; /* whose way is looked at; empty: the first. Copied */
	void (*wake)(void *ctx); /* there is something to read again */
	void *ctx;
};

struct tap;
struct taps { /* {0} is empty */
	size_t count, stage_count; /* stage_count: taps that look behind a stage */
	struct tap *at[TAPS_MAX];
	const struct tap_place *place; /* of the line that is in its stages; NULL: none is */
	void (*stages_wanted)(void *ctx, bool is_wanted); /* the first such tap came, the last one went; NULL: nobody cares */
	void *ctx;
};

static inline bool taps_any(const struct taps *t)
{
	return t && t->count;
}

/* NULL and err (one sentence): there are too many, or the pattern is none. */
struct tap *tap_open(struct taps *t, const struct tap_options *options, char err[256]);
void tap_close(struct tap *t);
/* Up to room bytes of JSON, an object on each line; 0: nothing now. */
size_t tap_read(struct tap *t, char *to, size_t room, int64_t now_ns);
bool tap_is_over(const struct tap *t); /* the limit is reached and everything was read */
/* An entry that a destination has refused. */
void tap_refused(struct tap *t, const struct drop *drop, int64_t now_ns);

/* From the way of a line, only when taps_any. place is set around a run of stages, for taps_look. */
void taps_line(struct taps *t, const struct tap_place *place, const struct record *record, struct str labels);
void taps_sent(struct taps *t, const struct tap_place *place, const struct record *record, struct str labels);
void taps_dropped(struct taps *t, const struct tap_place *place, const struct record *record, struct str labels, struct str reason);
/* For log_stages_set_look; who runs stages sets taps->place before and NULL behind. */
void taps_look(void *taps, size_t number, const char *stage, const struct entry *before, const struct entry *after);

#endif
