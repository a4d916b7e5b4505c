/* The open batch: entries in the order of their arrival, as final protobuf bytes, and what belongs to which stream.
 * {0} with a protocol and an id is a valid empty batch; nothing is allocated before the first entry. */
#ifndef EXPORTERS_BATCH_H
#define EXPORTERS_BATCH_H

#include "exporters/log_stream.h"
#include "exporters/payload.h"
#include "parsers/bytes/arena.h"
#include "parsers/bytes/buf.h"
#include "parsers/bytes/map.h"
#include "parsers/record.h"

struct batch_stream;
struct batch_extent;
struct batch {
	const struct log_protocol *protocol;
	uint64_t id;       /* never 0 once used: batch_open sets it */
	struct buf bytes;  /* entries */
	struct batch_stream *streams;
	size_t stream_count, stream_room;
	struct batch_extent *extents; /* runs of `bytes`, chained per stream */
	size_t extent_count, extent_room;
	struct arena labels;
	struct map by_labels; /* labels -> slot + 1 */
	size_t label_bytes;
	uint64_t lines;
	bool has_metadata;
	char *window;      /* of the compressor */
};

/* ceiling_bytes: memory that entries may take; an entry beyond it is refused. */
void batch_open(struct batch *b, const struct log_protocol *protocol, uint64_t id, size_t ceiling_bytes);
void batch_close(struct batch *b); /* frees all */

/* Encodes the record. false: over the ceiling, nothing was appended. */
bool batch_append(struct batch *b, struct log_stream *stream, const struct record *record, bool with_metadata);
/* Takes an entry that is encoded already (tag and length included), and of its stream the head in place of the labels. */
bool batch_append_field(struct batch *b, struct log_stream *stream, struct str field);

static inline size_t batch_bytes(const struct batch *b)
{
	return b->bytes.n + b->label_bytes;
}

/* Compresses all of it and empties the batch under a new id; memory is kept for the next one. One payload for each tenant, the client's
 * own first, in *out, which the caller frees (the payloads are his too). Returns how many; 0, with the batch untouched: no memory. Do not
 * call with no lines. */
size_t batch_seal_tenants(struct batch *b, struct payload **out);
/* The same of a batch that was filled for one tenant. false: no memory. */
bool batch_seal(struct batch *b, struct payload *out);
void batch_trim(struct batch *b); /* an empty batch gives its memory back */

#endif
