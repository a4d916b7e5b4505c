/* The request id of a log line: what proxies and frameworks write under request_id, requestId, req_id, x-request-id and the like. */
#ifndef PARSERS_TRACE_REQUEST_ID_H
#define PARSERS_TRACE_REQUEST_ID_H

#include "parsers/bytes/str.h"

/* The first value under such a key that can only be one request's: a UUID, or 16 to 128 letters, digits, '-' and '_', mixed as chance
 * mixes them. JSON, logfmt, text, quotes escaped or not. A view into the line. Linear in line.n; lines without a 'q' cost one memchr. */
bool request_id_find(struct str line, struct str *out);

#endif
