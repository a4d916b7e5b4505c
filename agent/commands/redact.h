/* Blots secrets out of text that leaves the machine: those that the configuration has, and what looks like one wherever it stands. */
#ifndef AGENT_COMMANDS_REDACT_H
#define AGENT_COMMANDS_REDACT_H

#include "config/config.h"
#include "parsers/bytes/buf.h"

struct redact { /* {0} is empty */
	struct arena arena;
	struct str *secrets;
	size_t count, room;
};

/* A secret, however it is written: as it is, as part of a URL, in base64 as basic authentication does. Shorter ones than 4 bytes are left. */
void redact_add(struct redact *r, struct str secret);
/* All that a configuration holds, those in files included (files that cannot be read have nothing to hide). NULL: none. */
void redact_add_config(struct redact *r, const struct config *c);
void redact_fini(struct redact *r);
/* Appends text with "<secret>" for each of them; also for the user part of URLs, for the values of query arguments, and for what stands behind
 * "Authorization:", "Bearer" and "Basic". */
void redact_text(const struct redact *r, struct str text, struct buf *out);

#endif
