/* Text of another encoding to UTF-8, a line at a time, by libc's iconv. What is no character becomes U+FFFD; a line never fails. Not for several
 * threads. */
#ifndef AGENT_LOGS_DECODER_H
#define AGENT_LOGS_DECODER_H

#include "parsers/bytes/buf.h"
#include "parsers/charset.h"

struct decoder;
/* NULL with one sentence in err: libc has no table for it on this machine. charset->iconv is not NULL. */
struct decoder *decoder_new(const struct charset *charset, char err[256]);
void decoder_free(struct decoder *d); /* NULL does nothing */
const struct charset *decoder_charset(const struct decoder *d);
/* One line without its line feed. units: of its file, resolved. Valid UTF-8 of at most `most` bytes (what is more is left out), a view into the
 * decoder until the next call, or into `line` where there is nothing to do. */
struct str decoder_line(struct decoder *d, enum charset_units units, struct str line, size_t most);

#endif
