/* What a stage changed in an entry, piece by piece. */
#ifndef AGENT_COMMANDS_CHANGES_H
#define AGENT_COMMANDS_CHANGES_H

#include "parsers/bytes/buf.h"
#include "parsers/stages/stages.h"

struct change { /* views, during the call */
	const char *what;        /* "line", "timestamp", "label", "structured_metadata", "extracted", "metric", "tenant", "joined", "dropped" */
	struct str name;         /* of the label or value; empty where there is only one */
	struct str before, after;
	bool was_there, is_there;
};
typedef void change_fn(void *ctx, const struct change *c);

/* What is new and what is another one first, in the order of `after`; what is gone last. */
void changes_each(const struct entry *before, const struct entry *after, change_fn *fn, void *ctx);

#endif
