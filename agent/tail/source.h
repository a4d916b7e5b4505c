/* One log as a reader thinks of it: a container instance ("N.log" in its directory) or a plain file, with all generations of it
 * that are still of interest, oldest first. Order, identity and adoption from the checkpoint live here; bytes in generation.c. */
#ifndef AGENT_TAIL_SOURCE_H
#define AGENT_TAIL_SOURCE_H

#include "agent/logs/decoder.h"
#include "agent/logs/line_asks.h"
#include "agent/tail/checkpoint.h"
#include "agent/tail/generation.h"
#include "exporters/log_stream.h"
#include "parsers/join.h"
#include "parsers/stages/stages.h"

struct config_scrape;
struct folder;
struct source;

struct source_stages;
struct source_metadata { struct labels of[2]; struct arena arena; }; /* of stdout and stderr */
struct line_row;
struct log_memory;
struct lane_state { /* of one source in one lane */
	struct source_stages *stages; /* of a job that has stages, else NULL; owned */
	struct line_window window; /* of the rate that the pod asks for */
	bool must_restage;         /* its stages are to be made anew: joins_traces is another now */
	struct log_memory *memory; /* of trace ids for lines that have none, NULL: none wanted; owned */
	struct join *join[2];      /* unfinished pieces of stdout / stderr, NULL when none ever were */
	int64_t joined_since_ns[2]; /* monotonic, of the newest piece */
	struct entry_place joined_from[2]; /* the first piece, for stages that hold lines */
	uint64_t order;            /* of the newest line or piece, for the same */
	int64_t flush_at_ns;       /* stages hold something until then (monotonic); 0: nothing */
	struct tail_mark *oldest_mark, *youngest_mark;
	struct log_stream streams[2]; /* stdout, stderr; plain files use the first; labels are owned */
	int64_t last_timestamp_ns;  /* of the newest record */
	struct source *queue_next;
	bool is_queued;
	bool is_waiting;            /* the destination parks one of its streams: read on later */
};

struct source {
	struct source *next;       /* in its folder */
	struct folder *folder;
	char *base;                /* name of the live file: "0.log", "app.log" */
	char *path;                /* folder path + base: the log's name in the checkpoint */
	const struct config_scrape *scrape; /* the job */
	uint64_t target;           /* tells it from others of the job that read the same log */
	struct str job, namespace_, pod, container; /* views into the folder's path, the want or the configuration */
	struct want *want;         /* why it is read; NULL: retired */
	struct checkpoint_row *saved; /* of an earlier life, until the first look */
	struct coverage_row *coverage;
	struct line_row *lines;    /* of log_lines_total; it is one of its users. NULL: another one that reads the same log counts */
	uint64_t lines_read;       /* by the first of the lanes */
	struct source_metadata *metadata; /* structured metadata of every line; NULL: none. Owned */
	struct decoder *decoder;   /* of the job's encoding, lent by it; NULL: UTF-8 */
	int format;                /* enum log_format; FORMAT_AUTO until the first line tells */
	struct line_asks *asks;    /* of its pod; NULL: none. Owned */
	bool joins_traces;         /* stack traces become one entry: the job's word, or the pod's */
	bool is_overflow;          /* it shares the stream of those beyond the limit */
	bool is_pod, was_scanned, is_listed;
	bool is_packed;            /* its files are compressed, and logs of their own (the job's decompression) */
	bool is_bz2;               /* that, by bzip2 */
	bool has_bz2;              /* or a generation of it is: reading may have to wait (cursor_must_wait) */
	int64_t read_at_ns;        /* monotonic; nothing is read before */
	bool is_waiting;           /* for its pod's object: labels and target are not known, nothing is read */
	bool is_retired;           /* nobody wants it any more: agent/tail/retire.h */
	int64_t bare_until_ns;     /* lines up to this time: see struct lane_source */
	struct generation *oldest, *newest;
	uint64_t generation_count; /* ever */
	uint64_t listed_stamp;     /* of the youngest rotated file that was ever listed */
	size_t lanes;
	struct lane_state lane[];
};

void source_metadata_free(struct source_metadata *m); /* NULL does nothing */
struct source *source_new(struct folder *folder, const char *folder_path, const char *base, size_t lanes);
/* With its marks: there are none, or the destinations are gone and nobody settles them any more. */
void source_free(struct source *s);
/* Stages hold lines of it that were read: they are in nothing that is on its way yet. */
bool source_is_holding(const struct source *s);
int64_t source_oldest_ns(const struct source *s, const struct cursor *c); /* timestamp of c's oldest unsettled record, 0: none */

/* The generation that lane reads next, or NULL when there is nothing now. Older ones first; a newer one only when the older
 * is at its end. *flush_tail: take what has no line feed as a line, its writer is gone. */
struct generation *source_next(struct source *s, size_t lane, int64_t now_ns, bool *flush_tail);
/* A packed log, or one with a .bz2, waits: it was found just now, or others are being unpacked. */
bool source_is_delayed(const struct source *s, size_t lane, int64_t now_ns);
struct generation *source_find_name(const struct source *s, const char *name);
/* By g it is known what has been read: the newest one, and while everything newer is empty (an empty file is not known again once it is
 * renamed and compressed) the newest that is not. */
bool source_is_anchor(const struct generation *g);
/* Its row on disk does not tell it any more, or there is none: it is written along with the next one that is. */
void source_note_unsaved(struct generation *g);
/* Over, and of no use to tell what has been read. */
bool source_may_forget(const struct generation *g);
void source_append(struct source *s, struct generation *g, int64_t now_ns);
void source_insert(struct source *s, struct generation *older, struct generation *g); /* g follows older */
void source_unlink(struct source *s, struct generation *g); /* takes it out of the list; the caller frees */

#endif
