/* Accept and Accept-Encoding: does the client take this? (RFC 9110 §12.5) */
#ifndef AGENT_WEB_WEB_ACCEPT_H
#define AGENT_WEB_WEB_ACCEPT_H

#include "parsers/bytes/buf.h"

/* Quality, 0 to 1000, that the header gives to `token` (a media type or a coding, without parameters); wildcards are not
 * looked at, 0 when it is not named. The best of several mentions counts. */
unsigned web_accept_quality(struct str header, struct str token);
/* Appends body in gzip form. false (and nothing appended) when it does not fit or zlib has no memory. */
bool web_gzip(struct str body, struct buf *out);

#endif
