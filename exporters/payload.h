/* A sealed batch: the compressed push request as it goes over the wire. Retries send the same bytes again.
 * It says itself what is in it (streams, entries), so no table is kept beside it: whoever must look inside, which only
 * happens when a server refuses something, opens it and walks. */
#ifndef EXPORTERS_PAYLOAD_H
#define EXPORTERS_PAYLOAD_H

#include "parsers/bytes/buf.h"

struct payload {
	char *body;        /* snappy block, owned */
	size_t n;          /* its bytes */
	size_t raw_bytes;  /* uncompressed */
	uint64_t lines;
	bool has_metadata; /* may hold structured metadata */
};

void payload_free(struct payload *p); /* leaves a zeroed struct */
/* The uncompressed message into out (its ceiling is set here; buf_fini it). 0, -ENOMEM, or -EBADMSG. */
int payload_open(const struct payload *p, struct buf *out);

/* Walks the entries of an uncompressed message: for (c = message_walk(s); message_next(&c); ) … */
struct message_cursor {
	struct str rest, stream; /* what is left of the message, of the stream */
	struct str labels;       /* of the entry's stream */
	struct str field;        /* the entry with its tag and length: field 2 of StreamAdapter */
	struct str entry;        /* EntryAdapter */
	bool is_broken;          /* the walk ended because the bytes are no push request */
};
struct message_cursor message_walk(struct str message);
bool message_next(struct message_cursor *c);

struct message_entry {
	int64_t timestamp_ns;
	struct str line;
};
/* What stands in an EntryAdapter. false: it is none. */
bool message_entry_read(struct str entry, struct message_entry *out);

#endif
