/* Kubernetes objects of any kind out of JSON: a list, or a watch event around one. Of each only what everybody needs is read; its labels and
 * its spec stay JSON, for a reader of that kind (parsers/kubernetes/monitor.h). Views into the input or the arena. */
#ifndef PARSERS_KUBERNETES_OBJECTS_H
#define PARSERS_KUBERNETES_OBJECTS_H

#include "parsers/bytes/arena.h"

enum { OBJECTS_MAX = 5000 /* of a list; the rest is left out */ };
struct object {
	struct str namespace_, name;
	struct str labels, spec;             /* JSON; empty: not there */
};
struct objects {
	struct object *at; size_t count;
	bool is_list;                        /* it says so, and has items (or null for none) */
	uint64_t left_out;
	struct str resource_version, continue_; /* of the list, or of an event's object */
	struct str event;                    /* of a watch event: ADDED, MODIFIED, DELETED, BOOKMARK, ERROR */
	int64_t status_code;                 /* of a Status object; 0: it is none */
	struct str status_reason, status_message;
};

/* false with *why (static sentence): not JSON. Objects without a name are skipped. */
bool objects_parse(struct str json, struct objects *out, struct arena *arena, const char **why);

#endif
