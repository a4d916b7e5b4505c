/* A sealed batch: the compressed request as it goes over the wire. Retries send the same bytes again.
 * It says itself what is in it (streams, entries), so no table is kept beside it: whoever must look inside, which only
 * happens when a server refuses something, opens it and walks. */
#ifndef EXPORTERS_PAYLOAD_H
#define EXPORTERS_PAYLOAD_H

#include "exporters/log_protocol.h"
#include "exporters/log_stream.h"

struct payload {
	const struct log_protocol *protocol;
	char *body;        /* owned */
	size_t n;          /* its bytes */
	size_t raw_bytes;  /* uncompressed */
	uint64_t lines;
	bool has_metadata; /* may hold structured metadata */
	unsigned char tenant_bytes;
	char tenant[LOG_TENANT_MAX]; /* for whom it is; empty: the client's tenant */
};

static inline struct str payload_tenant(const struct payload *p)
{
	return (struct str){ p->tenant, p->tenant_bytes };
}
void payload_set_tenant(struct payload *p, struct str tenant);
void payload_free(struct payload *p); /* leaves a zeroed struct */
/* The uncompressed message into out (its ceiling is set here; buf_fini it). 0, -ENOMEM, or -EBADMSG. */
int payload_open(const struct payload *p, struct buf *out);

/* Walks the entries of an uncompressed message: for (c = message_walk(protocol, s); message_next(&c); ) … */
struct message_cursor {
	const struct log_protocol *protocol;
	struct str rest, stream, scope; /* what is left of the message, of the stream, of the message inside it where entries are nested */
	struct str labels;       /* of the entry's stream: the head of its group */
	struct str field;        /* the entry with its tag and length: field 2 */
	struct str entry;        /* the entry itself */
	bool is_broken;          /* the walk ended because the bytes are no such request */
};
struct message_cursor message_walk(const struct log_protocol *protocol, struct str message);
bool message_next(struct message_cursor *c);

#endif
