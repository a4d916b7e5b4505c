/* How samples lie in the spool between scrape and remote-write: frames of records, written by one hand, read by each destination.
 *
 * Series are defined once per segment and then named by number, so a segment can be understood from its start on and by itself.
 * A frame is what one scrape (or a part of a large one) brought. All integers are varints unless said.
 *
 * A record is its letter and what follows; texts and messages have their length before them.
 *
 *   M id type name help unit      metadata of a family; type as in remote-write (0 unknown, 1 counter, 2 gauge, 3 histogram, …)
 *   S id metadata labels          a series; labels are the Label messages of remote-write (field 1), sorted, nothing empty;
 *                                 metadata is the id of an M, 0: none
 *   T zigzag(ms)                  the time of all that follows in this frame
 *   C id zigzag(ms)               start timestamp of a series, from here on
 *   E id exemplar                 prometheus.Exemplar (1.0), belongs to the next sample or histogram of the series
 *   H id histogram                prometheus.Histogram without timestamp
 *   R id n n*8 bytes              n samples of the series id, id+1, …: values as little-endian doubles */
#ifndef EXPORTERS_JOURNAL_H
#define EXPORTERS_JOURNAL_H

#include <endian.h>

#include "parsers/bytes/buf.h"
#include "parsers/labels.h"

enum {
	JOURNAL_FRAME_BYTES = 256 * 1024, /* close a frame at about this size */
	JOURNAL_FRAME_MAX = 8 * 1024 * 1024 /* no frame is larger: a record that would pass it is left out */
};

struct journal_mark { uint64_t segment, offset, sequence; }; /* the end of a frame; sequence: samples ever written up to there */

struct journal_writer {
	struct buf frame;       /* the payload so far; its ceiling is set by journal_begin */
	uint64_t samples;       /* in it, histograms included */
	size_t run_at;          /* where the open run's header stands, 0: none is open */
	uint64_t run_first, run_n;
	int64_t now_ms;
	bool has_time;
	uint64_t left_out;      /* records that did not fit, ever; samples among them are not in `samples` */
};
/* A writer is zeroed before its first journal_begin. */
void journal_begin(struct journal_writer *w);
void journal_metadata(struct journal_writer *w, uint64_t id, unsigned type, struct str name, struct str help, struct str unit);
void journal_series(struct journal_writer *w, uint64_t id, uint64_t metadata, const struct labels *labels);
void journal_time(struct journal_writer *w, int64_t ms); /* cheap when it is the same as before */
void journal_start(struct journal_writer *w, uint64_t id, int64_t ms);
void journal_exemplar(struct journal_writer *w, uint64_t id, const struct labels *labels, double value, int64_t timestamp_ms);
void journal_histogram(struct journal_writer *w, uint64_t id, struct str message);
void journal_sample(struct journal_writer *w, uint64_t id, uint64_t value_bits);
/* The payload, valid until journal_begin; empty when nothing was written. */
struct str journal_end(struct journal_writer *w);
void journal_fini(struct journal_writer *w);

struct journal_record {
	char tag;               /* 'M' 'S' 'T' 'C' 'E' 'H' 'R' */
	uint64_t id, n;         /* n: of a run */
	uint64_t metadata;      /* of a series */
	unsigned type;          /* of metadata */
	int64_t ms;             /* of T and C */
	struct str name, help, unit; /* of metadata */
	struct str bytes;       /* labels, exemplar, histogram, or the n*8 bytes of a run */
};
/* Cuts one record off; views into the frame. false with *rest empty: the end; false otherwise: damaged. */
bool journal_next(struct str *rest, struct journal_record *out);
/* Value i of a run. */
static inline uint64_t journal_value(struct str run, size_t i)
{
	uint64_t bits;
	memcpy(&bits, run.p + 8 * i, 8);
	return le64toh(bits);
}

#endif
