/* Where to begin again in a container's log that somebody else has read up to some place. */
#ifndef PARSERS_CRI_RESUME_H
#define PARSERS_CRI_RESUME_H

#include "parsers/bytes/str.h"

/* text: what stands before that place, from the beginning of a line on. Returns how many bytes of it were done for good: reading on
 * from there meets every line from since_ns on, the whole of a line that the place is in the middle of, and all pieces of a message that
 * had not ended. */
size_t cri_resume(struct str text, int64_t since_ns);

#endif
