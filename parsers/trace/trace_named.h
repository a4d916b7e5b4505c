/* Trace ids under a key that somebody has named, beside those of docs/TRACE-IDS.md: a program that calls them otherwise. */
#ifndef PARSERS_TRACE_TRACE_NAMED_H
#define PARSERS_TRACE_TRACE_NAMED_H

#include "parsers/trace/trace.h"

/* As trace_find, but that a valid id under `key` (these bytes, whole) is the line's, whatever else it says. Its span and flags are those
 * that the line gives for the same trace. The key has letters, digits, '_', '-' and '.'. Linear in line.n. */
enum trace_result trace_find_named(struct str line, struct str key, struct trace_context *out);

#endif
