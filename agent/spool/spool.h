/* Samples on their way to remote-write, on disk: segments of checksummed frames (exporters/journal.h), capped by bytes, read by each
 * destination at its own pace. What was appended survives `kill -9` (written at once); a sync on the worker every few seconds is for the
 * machine. Without a usable directory the segments are memory files and the cap is small.
 *
 *   <dir>/0000000000000001.samples   header: magic, version, number, sequence of the first sample; then frames
 *   <dir>/acked                      per destination: segment, offset, sequence; rewritten in place at each acknowledgement, two slots,
 *                                    checksummed: a torn write leaves the older one
 *
 * Over the cap the oldest segment goes, whoever still needs it: what a destination had not sent of it is counted for it, exactly. */
#ifndef AGENT_SPOOL_SPOOL_H
#define AGENT_SPOOL_SPOOL_H

#include "exporters/journal.h"
#include "parsers/bytes/buf.h"

enum { SPOOL_DESTINATIONS_MAX = 16 };
struct spool_options {
	const char *directory;      /* NULL: memory */
	uint64_t cap_bytes;         /* of all segments; at least 4 segments */
	uint64_t segment_bytes;     /* 0: a fitting part of the cap, at most 16 MiB */
	size_t destination_count;
	const char *names[SPOOL_DESTINATIONS_MAX]; /* stable over restarts; a new one starts at the newest sample */
};
struct spool_frame {
	struct str payload;         /* until the next call */
	struct journal_mark end;    /* to be given to spool_ack */
	bool is_history;            /* acknowledged already, read again for its definitions (M, S, C) */
};
struct spool_status {
	uint64_t bytes, segments, frames_written, samples_written, write_errors, corrupt_frames, bytes_skipped;
	bool is_memory;
	/* shed: over the cap, or damaged, since the start; what an earlier life counted is not counted again */
	/* pending: not acknowledged; of these, unread: never given to it. found: pending when this was opened, and what had gone by then. */
	struct { uint64_t samples_pending, samples_unread, samples_found, samples_shed, bytes_pending; } destination[SPOOL_DESTINATIONS_MAX];
};

struct spool;
/* Never NULL: with a directory that cannot be used it works in memory, and err says why in one sentence (else it is ""). */
struct spool *spool_open(const struct spool_options *options, char err[256]);
void spool_close(struct spool *s); /* no spool_sync may be under way */
/* The segment that the next frame goes to: it rolls over here, when it is large. Numbers of series hold within one segment. Each
 * life of the program begins one of its own. */
uint64_t spool_segment(struct spool *s);
/* The next frame begins a segment. For the writer whose numbers are mostly of series that are gone. */
void spool_roll(struct spool *s);
/* So many bytes of the next frame define series. A segment that is large but mostly definitions goes on for a while: they would
 * only be written again at once. */
void spool_defined(struct spool *s, uint64_t bytes);
/* 0, or -errno: then it was not written, and spool_segment gives a new number, because the definitions in the frame are missing.
 * A full disk sheds the oldest segment first and is tried once more. */
int spool_append(struct spool *s, struct str payload, uint64_t samples);
/* The next frame for a destination. 1: there is one; 0: nothing new; a damaged rest of a segment is skipped and counted. */
int spool_read(struct spool *s, size_t destination, struct spool_frame *out);
void spool_ack(struct spool *s, size_t destination, const struct journal_mark *end);
/* Reads from the acknowledged place again (a destination that lost what it held in memory). */
void spool_rewind(struct spool *s, size_t destination);
void spool_sync(struct spool *s); /* blocks: for the worker */
void spool_status(const struct spool *s, struct spool_status *out);

#endif
