/* MD5 (RFC 1321), for the relabelling action hashmod, whose result every Prometheus must agree on. For nothing that has an enemy. */
#ifndef PARSERS_MD5_H
#define PARSERS_MD5_H

#include "parsers/bytes/str.h"

enum { MD5_BYTES = 16 };

void md5(struct str s, unsigned char out[MD5_BYTES]);

#endif
