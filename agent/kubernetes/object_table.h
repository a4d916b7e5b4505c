/* Objects of one kind, by namespace and name: the newest text of each. On the loop only. Views until the next change. */
#ifndef AGENT_KUBERNETES_OBJECT_TABLE_H
#define AGENT_KUBERNETES_OBJECT_TABLE_H

#include "parsers/bytes/map.h"
#include "parsers/kubernetes/objects.h"

enum { OBJECT_BYTES_MAX = 128 << 10, OBJECT_TABLE_BYTES_MAX = 16 << 20 };
struct object_table { /* {0} is empty */
	struct map by_name;
	size_t bytes;
	uint64_t skipped;   /* too large, or too many */
	uint64_t round;     /* of the list that is being put */
};

void object_table_fini(struct object_table *t);
/* A full list: begin, put each, end; what was not put is gone. end: something has changed since begin. */
void object_table_begin(struct object_table *t);
bool object_table_end(struct object_table *t);
bool object_table_put(struct object_table *t, const struct object *o); /* true: it is new, or says something else */
bool object_table_remove(struct object_table *t, const struct object *o);
/* In no order. */
const struct object *object_table_next(const struct object_table *t, size_t *i);

#endif
