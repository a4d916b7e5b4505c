/* Sizes as Promtail's stages take them (c2h5oh/datasize, in any case): "8kb", "1M", "512", "2 megabytes". Always 1024s, also KB. */
#ifndef PARSERS_STAGES_BYTE_SIZE_H
#define PARSERS_STAGES_BYTE_SIZE_H

#include "parsers/bytes/str.h"

/* Digits and a unit, the whole view. false: none, or beyond 2^64 - 1; *out stays. */
bool byte_size_parse(struct str s, uint64_t *out);

#endif
