/* New payloads out of a sealed one: parts of it, or the same without structured metadata. */
#ifndef EXPORTERS_RECUT_H
#define EXPORTERS_RECUT_H

#include "exporters/payload.h"

/* Which entries of an uncompressed message go into the first part. labels are those of the entry's stream, index counts the
 * entries from 0 in the order of message_next. */
typedef bool recut_choose(void *ctx, struct str labels, struct str entry, uint64_t index);

/* Divides a message: chosen entries to *yes, the others to *no; a part without entries stays zeroed. Either may be NULL: those
 * entries are left out. 0, or -ENOMEM or -EBADMSG with nothing left behind. has_metadata is copied to both. */
int recut_divide(const struct log_protocol *protocol, struct str message, bool has_metadata, recut_choose *choose, void *ctx,
		 struct payload *yes, struct payload *no);
/* Entries [0, lines) and the rest. */
int recut_split(const struct payload *p, uint64_t lines, struct payload *head, struct payload *tail);
/* The same entries without their structured metadata; Loki's only. */
int recut_strip(const struct payload *p, struct payload *out);

#endif
