/* A set of label names and values, sorted by name, each name once. Views: the bytes belong to whoever brought them. */
#ifndef PARSERS_LABELS_H
#define PARSERS_LABELS_H

#include "parsers/bytes/buf.h"

struct label { struct str name, value; };
struct labels { /* {0} is empty */
	struct label *at;
	size_t count, room;
};

#define LABELS_METRIC_NAME STR("__name__")

void labels_fini(struct labels *l);
void labels_reset(struct labels *l); /* empties, keeps the memory */
struct str labels_get(const struct labels *l, struct str name); /* empty when absent */
bool labels_has(const struct labels *l, struct str name);
/* Replaces or inserts. An empty value removes the label: to Prometheus the two are the same. */
void labels_set(struct labels *l, struct str name, struct str value);
void labels_copy(struct labels *to, const struct labels *from);

/* Many at once: append in any order (an empty value stays), then sort once. labels_sort is false when a name stands twice. Between
 * the two no other function may be called. */
void labels_append(struct labels *l, struct str name, struct str value);
bool labels_sort(struct labels *l);

/* The same names and values (FNV-1a over name 0xff value 0xff, in order): for sharding and for telling series apart. */
uint64_t labels_hash(const struct labels *l);
bool labels_eq(const struct labels *a, const struct labels *b);
/* name{a="b",c="d"} with the escapes of the text format; a __name__ stands before the brace, or quoted as the first thing inside
 * when it is not legacy; other names that are not legacy are quoted. For people and for keys. */
void labels_print(const struct labels *l, struct buf *out);
void labels_print_one(struct str name, struct str value, struct buf *out); /* a="b" */
void labels_escape(struct str s, struct buf *out);                          /* \ " and line feed, as the text format has them */
/* [a-zA-Z_][a-zA-Z0-9_]* ; metric names may also have ':' */
bool labels_name_is_legacy(struct str name, bool is_metric);

#endif
