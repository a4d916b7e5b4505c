/* What a remote-write receiver's answer means: status, headers and text to one action.
 * prometheus/docs: specs/remote-write 1.0 "Retries", 2.0 "Responses". The texts are Prometheus', Mimir's, Cortex' and Thanos'. */
#ifndef EXPORTERS_REMOTE_WRITE_REMOTE_WRITE_REPLY_H
#define EXPORTERS_REMOTE_WRITE_REMOTE_WRITE_REPLY_H

#include "exporters/remote_write/remote_write.h"

enum { RW_WRITTEN_SAMPLES, RW_WRITTEN_HISTOGRAMS, RW_WRITTEN_EXEMPLARS, RW_WRITTEN };
extern const struct str rw_written_headers[RW_WRITTEN];

enum rw_action {
	RW_ACCEPTED,
	RW_RETRY,        /* no answer, 5xx */
	RW_RATE_LIMITED, /* 429 */
	RW_UNSUPPORTED,  /* 415: another version, please */
	RW_UNAUTHORIZED, /* 401, 403: keep everything, try again slowly */
	RW_MISPLACED,    /* 404, a redirect: the same, it may be the version too */
	RW_TOO_LARGE,    /* 413 */
	RW_REFUSED,      /* other 4xx: not to be sent again */
	RW_ACTIONS
};
enum rw_action rw_reply_action(int status);
/* Why samples are refused, from the text; the reason that is named first. */
enum sample_drop rw_reply_reason(struct str body);
/* Value of a Written header: digits; anything else is -1, like its absence (p == NULL). */
int64_t rw_reply_written(struct str value);

#endif
