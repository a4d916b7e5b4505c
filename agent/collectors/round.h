/* One round of collecting: each collector in turn, and how it went. */
#ifndef AGENT_COLLECTORS_ROUND_H
#define AGENT_COLLECTORS_ROUND_H

#include "agent/collectors/chosen.h"

struct round { /* what is used again from round to round */
	struct chosen chosen;
	struct files *files;
	struct buf scratch;
	struct roots roots;
	struct pod_shelf *shelf; /* held; NULL: none */
};

/* -1 and err as chosen_init. The strings of the roots must live longer. */
int round_init(struct round *r, const struct collection_options *options, char err[256]);
void round_fini(struct round *r);
/* Appends the families that are asked for; `deadline_ns` and `done` of the request mean nothing here. */
void round_run(struct round *r, const struct collect_request *request, struct buf *out);

#endif
