/* How log lines go over the wire to one kind of server: everything about it that batch, payload, delivery and refusal ask for. A new kind
 * is one of these and a row in log_protocols.
 *
 * What they have in common, and what is relied on: a request is groups, one for each stream, as field 1; a group is its head as field 1 and
 * its entries as field 2, or (is_nested) a message as field 2 that has the entries as its field 2.
 *
 *   Loki   PushRequest { streams=1 { labels=1, entries=2 } }
 *   OTLP   ExportLogsServiceRequest { resource_logs=1 { resource=1, scope_logs=2 { log_records=2 } } } */
#ifndef EXPORTERS_LOG_PROTOCOL_H
#define EXPORTERS_LOG_PROTOCOL_H

#include "exporters/pack.h"
#include "exporters/push_reply.h"
#include "parsers/record.h"

struct message_entry {
	int64_t timestamp_ns;
	struct str line;
};

struct log_protocol {
	const char *name;                    /* as the configuration has it */
	struct str content_type, content_encoding; /* header lines; the second may be empty */
	struct str nothing;                  /* a request without lines, for a look whether the server takes any; empty: not compressed either */
	struct str not_found;                /* what to say to a 404: which path it should be */
	enum packing packing;
	bool is_nested, learns_size;         /* learns_size: a request that was too large makes later ones smaller */
	/* Appends one entry as field 2: tag, length, message. with_metadata: what is known of the line beside its text. */
	void (*entry)(struct buf *out, const struct record *record, bool with_metadata);
	/* The head of a group from labels that loki_labels_render has written; NULL: the labels themselves. */
	void (*head)(struct str labels, struct buf *out);
	/* What stands in an entry. false: it is none. */
	bool (*entry_read)(struct str entry, struct message_entry *out);
	/* A head as people read it, {a="b"}; NULL: as it is. */
	void (*head_text)(struct str head, struct buf *out);
	struct push_reply (*reply)(int status, struct str body);
	/* The words in a body, for people; a view into it. NULL: the body. */
	struct str (*reply_text)(int status, struct str body);
};

extern const struct log_protocol log_protocol_loki, log_protocol_otlp;
/* NULL: there is none of the name. The empty name is Loki's. */
const struct log_protocol *log_protocol_find(struct str name);

#endif
