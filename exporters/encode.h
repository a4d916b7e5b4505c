/* Two encodings that credentials need. */
#ifndef EXPORTERS_ENCODE_H
#define EXPORTERS_ENCODE_H

#include "parsers/bytes/buf.h"

void encode_base64(struct buf *out, struct str s); /* RFC 4648 §4, padded */
void encode_form(struct buf *out, struct str s);   /* application/x-www-form-urlencoded: blank as '+', others as %XX */

#endif
