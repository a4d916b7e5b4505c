/* Which collectors run, and with which options: the command line laid over the table. */
#ifndef AGENT_COLLECTORS_CHOSEN_H
#define AGENT_COLLECTORS_CHOSEN_H

#include "agent/collectors/collection.h"

struct chosen_row {
	const struct collector *collector;
	unsigned part;           /* of enum collection_part */
	bool is_enabled, is_forced; /* forced: named on the command line */
	char **values;           /* one per option, owned; NULL when there are none */
	void *state;             /* what open gave */
};
struct chosen {
	struct chosen_row *rows; /* every collector that is known */
	size_t count;
};

/* Reads the flags and opens what is enabled. -1 and err: an unknown collector or option (with the nearest name), or one that cannot be
 * configured so. An option whose help ends with "(repeatable)" collects its values, one per line. */
int chosen_init(struct chosen *c, const struct collection_options *options, char err[256]);
void chosen_fini(struct chosen *c);
struct chosen_row *chosen_find(const struct chosen *c, struct str name); /* NULL: not known */
/* "unknown collector "cpuu", did you mean "cpu"?" */
void chosen_unknown(const struct chosen *c, struct str name, char err[256]);

#endif
