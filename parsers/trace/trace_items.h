/* What a line says about trace context: each key with its value, each form without a key. Internal to parsers/trace/trace*.c. */
#ifndef PARSERS_TRACE_TRACE_ITEMS_H
#define PARSERS_TRACE_TRACE_ITEMS_H

#include "parsers/trace/trace_keys.h"
#include "parsers/trace/trace_structure.h"
#include "parsers/trace/trace_values.h"

struct trace_item {
	const struct trace_key *key; /* NULL: a form that describes itself */
	enum trace_group group;
	enum trace_family family;
	size_t from, value;   /* offsets of the key (with its quote) and of the value */
	unsigned path;        /* names before the key */
	bool is_quoted;       /* the key has quotes of its own */
	size_t object;        /* offset of the brace, when the value is a member of an object under the key; else TRACE_NO_BRACE */
	struct trace_value v; /* valid, or a number that a Datadog object around it would make valid */
	struct trace_place place;
};

enum { TRACE_ITEMS_MAX = 64 }; /* a line that says more is read so far */

struct trace_items {
	size_t n;
	unsigned objects;              /* how many were walked through */
	bool has_number;               /* one of them waits for its place: decimal digits under a generic key */
	bool has_zero, has_malformed; /* keys that were left out */
	struct trace_item at[TRACE_ITEMS_MAX];
};

/* Only the counters of *items need to be zero before. */
void trace_collect_ids(struct str line, struct trace_items *items);
/* Keys of spans and flags; with rare, the span keys that have no "span" in them, and the upper half of Datadog's ids. */
void trace_collect_spans(struct str line, struct trace_items *items, bool rare);

#endif
