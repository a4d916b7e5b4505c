/* Which keys name trace context, and finding the key that a place in the line belongs to. Internal to parsers/trace/trace*.c. */
#ifndef PARSERS_TRACE_TRACE_KEYS_H
#define PARSERS_TRACE_TRACE_KEYS_H

#include "parsers/bytes/str.h"

enum trace_role { ROLE_NONE, ROLE_TRACE, ROLE_SPAN, ROLE_TRANSACTION /* a span when there is none */, ROLE_FLAG, ROLE_UPPER };
enum trace_group { GROUP_GENERIC, GROUP_VENDOR, GROUP_HEADER }; /* in order of precedence (rule 6) */
enum trace_family { FAMILY_GENERIC, FAMILY_DATADOG, FAMILY_B3, FAMILY_OPENTRACING, FAMILY_XRAY, FAMILY_GCP, FAMILY_AZURE,
	FAMILY_SERILOG, FAMILY_BARE, FAMILY_HEADER };

/* How the value under a key is read; functions of trace_values.c. */
enum trace_reading { READ_ANY, READ_PLAIN, READ_HEX32, READ_DATADOG, READ_DECIMAL, READ_W3C, READ_B3, READ_JAEGER, READ_SENTRY,
	READ_XRAY, READ_CLOUD, READ_SPAN, READ_SPAN16, READ_SPAN_DECIMAL, READ_FLAGS, READ_BOOL, READ_PRIORITY, READ_UPPER,
	READ_NOTHING };

struct trace_key {
	struct str name; /* lower case, without separators */
	enum trace_role role;
	enum trace_group group;
	enum trace_family family;
	enum trace_reading reading;
	bool is_bare;     /* an everyday word: other values than ids say nothing */
	bool is_one_word; /* "TraceID 4bf9...": a blank is enough */
	bool is_unsampled;
};

struct trace_key_match {
	const struct trace_key *key;
	size_t from, to;  /* the whole run in the line: path and key */
	size_t value;     /* where the value begins, behind separator, blanks, quotes and opening brackets */
	unsigned path;    /* how many names stand before the key: labels.trace_id has 1 */
	bool is_quoted;   /* the key stands in quotes of its own: from is the opening quote */
	bool by_blank;    /* no separator but a blank */
	bool has_brace;   /* an opening brace stands directly behind the separator, at value - 1 or before */
	char separator;
};

/* The key with s.p[at] in it, whole, with its separator. false: no key of ours, or nothing follows it. Either way m->to is
 * behind the run, for the search to go on. */
bool trace_key_at(struct str s, size_t at, struct trace_key_match *m);
/* The key whose value begins at s.p[value], looking backwards over brackets, quotes and separator. */
bool trace_key_before(struct str s, size_t value, struct trace_key_match *m);
/* The run of key bytes before an opening bracket at s.p[open] ("dd": {), empty when there is none. */
struct str trace_container_key(struct str s, size_t open);
/* name, compared as keys are, equals plain (lower case, without separators). */
bool trace_key_is(struct str name, struct str plain);

#endif
