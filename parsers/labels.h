/* A set of label names and values, sorted by name, each name once. Views: the bytes belong to whoever brought them. */
#ifndef PARSERS_LABELS_H
#define PARSERS_LABELS_H

#include "parsers/bytes/buf.h"

struct label { struct str name, value; };
struct labels { /* {0} is empty */
	struct label *at;
	size_t count, room;
};

void labels_fini(struct labels *l);
void labels_reset(struct labels *l); /* empties, keeps the memory */
struct str labels_get(const struct labels *l, struct str name); /* empty when absent */
bool labels_has(const struct labels *l, struct str name);
/* Replaces or inserts. An empty value removes the label: to Prometheus the two are the same. */
void labels_set(struct labels *l, struct str name, struct str value);
void labels_copy(struct labels *to, const struct labels *from);
/* The same names and values (FNV-1a over name 0xff value 0xff, in order): for sharding and for telling series apart. */
uint64_t labels_hash(const struct labels *l);
bool labels_eq(const struct labels *a, const struct labels *b);
/* {a="b",c="d"} with the escapes of the text format; a __name__ stands before the brace. For people and for keys. */
void labels_print(const struct labels *l, struct buf *out);
/* [a-zA-Z_][a-zA-Z0-9_]* ; metric names may also have ':' */
bool labels_name_is_legacy(struct str name, bool is_metric);

#endif
