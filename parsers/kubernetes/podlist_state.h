/* What the files of the pod list share: the parser's state, and reading an object by a table of its fields (name, kind, place in
 * the struct). Texts and lists are of the arena or views into the input; a value of the wrong type leaves its place as it is. */
#ifndef PARSERS_KUBERNETES_PODLIST_STATE_H
#define PARSERS_KUBERNETES_PODLIST_STATE_H

#include "parsers/json.h"
#include "parsers/kubernetes/podlist.h"

struct podlist_parse {
	struct json j;
	struct arena *arena; /* lent by the caller of podlist_parse */
	bool is_too_long;    /* more than PODLIST_PODS_MAX */
};

#define PUSH(p, list, count) ((list) = arena_room((p)->arena, list, count, sizeof *(list)), (count)++, &(list)[(count) - 1])

enum podlist_kind { TEXT, TIME, INTEGER, COUNT, BOOL }; /* struct str; int64_t, seconds since 1970; int64_t; uint64_t; bool */
struct podlist_field {
	const char *name;
	enum podlist_kind kind;
	size_t offset;
};
/* The member that the parser stands at, when the table has it. */
bool podlist_read_field(struct podlist_parse *p, void *object, const struct podlist_field *fields, size_t count);
/* A whole object whose fields are all in the table. false: the value is no object. */
bool podlist_read_object(struct podlist_parse *p, void *object, const struct podlist_field *fields, size_t count);

/* Maps: appended, then sorted by name; of a name that stands twice, one stays. */
void podlist_read_labels(struct podlist_parse *p, struct label **out, size_t *count);
void podlist_read_quantities(struct podlist_parse *p, struct pod_quantity **out, size_t *count);

/* An entry of containers[], and one of containerStatuses[]; is_init: of initContainers[] and initContainerStatuses[]. */
void podlist_read_container_spec(struct podlist_parse *p, struct pod *pod, bool is_init);
void podlist_read_container_status(struct podlist_parse *p, struct pod *pod, bool is_init);

#endif
