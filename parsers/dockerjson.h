/* A line of Docker's json-file driver: {"log":"text\n","stream":"stdout","time":"2026-11-21T09:00:00.000000001Z"}.
 * Format: moby/moby daemon/logger/jsonfilelog/jsonlog (jsonlogbytes.go). Docker cuts messages into pieces of 16 KiB: a
 * "log" that does not end with a line feed is such a piece. */
#ifndef PARSERS_DOCKERJSON_H
#define PARSERS_DOCKERJSON_H

#include "parsers/bytes/buf.h"
#include "parsers/cri.h"

/* line without its line feed. The keys "log" (text), "stream" ("stdout" or "stderr") and "time" must be there, in any order;
 * others ("attrs") are skipped; of a key that comes twice the last one counts, as in Go. Escapes are resolved, a lone
 * surrogate is U+FFFD. *scratch is reset first; the message is a view into it or into line, so it lives until either
 * changes. A ceiling of line.n bytes is always enough. false: not such a line, or no room in *scratch; *out undefined. */
bool dockerjson_parse(struct str line, struct buf *scratch, struct runtime_line *out);

#endif
