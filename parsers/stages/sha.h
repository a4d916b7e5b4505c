/* SHA-256 (FIPS 180-4) and SHA3-256 (FIPS 202), for templates that replace what identifies people. */
#ifndef PARSERS_STAGES_SHA_H
#define PARSERS_STAGES_SHA_H

#include "parsers/bytes/str.h"

enum { SHA_BYTES = 32 };
/* Of the two texts put together. */
void sha_2(struct str head, struct str tail, unsigned char out[SHA_BYTES]);
void sha_3(struct str head, struct str tail, unsigned char out[SHA_BYTES]);

#endif
