/* RFC 3339 instants to and from nanoseconds since 1970-01-01 UTC. */
#ifndef PARSERS_BYTES_RFC3339_H
#define PARSERS_BYTES_RFC3339_H

#include "parsers/bytes/str.h"

enum { RFC3339_ROOM = 32 };

/* The whole view must be one instant: years 1970 to 2261, fraction of 0 to 9 digits (kubelets cut trailing zeros), 'Z' or
 * an offset such as +02:00; ' ' is taken for 'T' too. A leap second is read as the second after. false: *ns untouched. */
bool rfc3339_parse(struct str s, int64_t *ns);
/* "2026-11-21T09:00:00.000000001Z" (always nine digits) into at[RFC3339_ROOM]; returns the length. */
size_t rfc3339_format(int64_t ns, char at[RFC3339_ROOM]);

#endif
