/* One destination as the sources of lines see it ("lane"), and the way of a line to it, whatever it was read from: repaired, level and
 * trace id found, through the job's stages, into the ring of the newest records, to the destination. A source (agent/logs/reader.c: files)
 * reads at its own pace while lane_has_room, counts each line that it hands on as read, and puts marks between lines. */
#ifndef AGENT_LOGS_LANE_H
#define AGENT_LOGS_LANE_H

#include "agent/counters.h"
#include "agent/logs/line_counts.h"
#include "agent/logs/line_trace.h"
#include "agent/loop.h"
#include "agent/logs/mark.h"
#include "agent/logs/stage_drops.h"
#include "agent/logs/tap.h"
#include "exporters/destination.h"
#include "exporters/ring.h"
#include "parsers/stages/stages.h"

struct lane {
	struct destination *destination; /* NULL: the ring alone; everything read counts as sent */
	struct str name;                 /* for who looks at lines */
	uint64_t ring_sent;
	uint64_t ahead_lines; /* other lanes have read them, this one not yet: pending in the ledger */
	uint64_t earlier_sent; /* read now by another lane, acknowledged by this one in an earlier life */
	uint64_t lost_lines;  /* other lanes have read them, this one never will */
	uint64_t stage_dropped_lines; /* stages dropped them, */
	struct stage_drops stage_drops; /* by reason */
	uint64_t source_dropped[DROP_REASONS]; /* read, and made no line of, by a rule of the source: agent/journal */
	uint64_t sampled_lines; /* dropped: of traces that sampling leaves out */
	uint64_t surplus_lines; /* dropped: more in a second than their pod asks for */
	uint64_t held_lines;  /* stages hold them: pending */
	uint64_t joined_open; /* lines that went into entries of other lines, since the newest mark; */
	uint64_t joined_pending, joined_sent; /* of all those: before a mark that is not settled, and the rest */
	bool has_waiting;     /* some file waits for its parked stream: agent/logs/reader.c */
	int64_t flush_at_ns;  /* stages hold lines of some file until then (monotonic); 0: of none. agent/logs/reader.c */
};

struct lanes_options {
	struct counters *counters;
	struct ring *ring;
	struct loop *loop;
	struct taps *taps; /* who looks at lines as they pass; NULL: nobody can */
	const struct trace_rules *rules; /* NULL: ids are not looked for */
	size_t max_line_bytes;
};
struct lanes {
	struct lanes_options o;
	struct lane at[LANES_MAX];
	size_t count;
	struct buf repaired; /* scratch of one line */
};

/* room_bytes: of the longest line that may come. */
void lanes_init(struct lanes *l, const struct lanes_options *options, size_t room_bytes);
void lanes_fini(struct lanes *l); /* the destinations are the caller's */

/* Whose lines they are, in one lane; views. */
struct lane_source {
	struct log_stream *streams;   /* two: stdout and stderr; who knows no difference uses the first */
	struct source_stages *stages; /* NULL: the job has none */
	struct coverage_row *coverage;
	struct line_row *lines;       /* its row of log_lines_total; NULL: somebody else counts these lines */
	struct tap_origin origin;
	const struct line_asks *asks; /* of the pod; NULL: none */
	struct line_window *window;   /* where there are asks */
	struct log_memory *memory;    /* NULL: none. Each line's offset must be told then */
	int64_t bare_until_ns;        /* lines up to this time go out without level and trace id: another program may have sent them so before */
	struct entry_place *open[2];  /* of what the source itself has begun and not handed on yet; NULL or order 0: nothing. An entry that
	                               * goes across such a place moves it back to its own first line */
	void (*across)(void *ctx, const struct entry *e); /* an entry of several lines came out; NULL: nobody asks */
	void *across_ctx;
};
/* Where a line stands in its source, for stages that hold lines back (multiline): nothing behind the lowest place that is held may be
 * acknowledged. Orders ascend in one source and lane; notes are the source's. See lane_each_place. */
struct lane_place { struct entry_place first; uint64_t last; };
struct lane_line {
	struct str text;              /* without its line feed */
	int64_t timestamp_ns;
	const struct label *metadata; /* structured metadata that the source gives by itself */
	size_t metadata_count;
	uint64_t offset;              /* in its file; for the memory, like the next three */
	bool is_lasting;              /* the text stays where it is until the owner of the memory settles it */
	bool was_joined;              /* see struct memory_line */
	bool has_time;                /* its timestamp is the same at every reading */
	enum level level;             /* what the source says, where the line itself says nothing */
	const struct lane_place *place; /* NULL: lane_may_hold says no, or nobody keeps places */
	bool is_stderr;
	bool is_clean;                /* UTF-8 without NULs */
	bool was_cut;                 /* bytes of it were thrown away already */
	bool is_repeat;               /* another lane has read it before: what counts lines counted it then */
	bool is_newest;               /* worth a place in the ring: not a part of a long backlog */
};
struct lane_outcome { /* added up */
	size_t bytes;                 /* estimate of what went into the open batch */
};

/* At most 512 KiB may be appended while this is not asked again. */
bool lane_has_room(const struct lane *lane);
/* false: the lines of this source wait, for a stream that the server throttles or a limit stage. Ask again a little later. */
bool lane_takes(const struct lanes *l, size_t lane, const struct lane_source *from);
void lane_line(struct lanes *l, size_t lane, const struct lane_source *from, const struct lane_line *line, struct lane_outcome *out);
/* Stages may hold lines of this source back: give them places, and ask for flushes. */
bool lane_may_hold(const struct lane_source *from);
/* The places from which stages hold something. fn may write to the notes. */
void lane_each_place(const struct lane_source *from, void (*fn)(void *ctx, struct entry_place *place), void *ctx);
/* Lets out what has waited long enough, or all of it: only when nothing more can be read just now. Returns when to ask again (monotonic),
 * INT64_MAX when nothing is held. */
int64_t lane_flush(struct lanes *l, size_t lane, const struct lane_source *from, bool all, struct lane_outcome *out);
/* Everything that was given to the lane before is covered by the mark, but for what stages hold. */
void lane_mark(struct lane *lane, struct mark *mark);
void lane_settled(struct mark *mark); /* for the destination's hook */

/* The ledger of a lane whose destination counts sent, dropped and pending: lines read = sent + dropped + pending, with these added. */
uint64_t lane_more_sent(const struct lane *lane);
uint64_t lane_more_pending(const struct lane *lane);

#endif
