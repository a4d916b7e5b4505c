/* Why lines were not delivered: the closed list of reasons (metric label values), and a small ring that keeps the newest
 * refused entries readable for people (GET /api/v1/drops). */
#ifndef EXPORTERS_DROPS_H
#define EXPORTERS_DROPS_H

#include "parsers/bytes/str.h"

enum drop_reason {
	DROP_LINE_TOO_LONG,
	DROP_TOO_OLD,            /* greater_than_max_sample_age */
	DROP_TOO_FAR_IN_FUTURE,
	DROP_OUT_OF_ORDER,       /* too_far_behind */
	DROP_INVALID_LABELS,
	DROP_STRUCTURED_METADATA,
	DROP_STREAM_LIMIT,       /* only with drop_rate_limited_batches */
	DROP_RATE_LIMITED,       /* only with drop_rate_limited_batches */
	DROP_REQUEST_TOO_LARGE,  /* one entry alone is larger than the server takes */
	DROP_REJECTED,           /* refused with a reason that we do not know: the text is in the ring */
	DROP_LOST,               /* was read by another destination, gone before this one could read it */
	DROP_PIPELINE,           /* a stage of the pipeline dropped it, as it was told to */
	DROP_NO_MESSAGE,         /* an entry of the journal without MESSAGE */
	DROP_RELABEL,            /* relabel_configs dropped it: an entry of the journal */
	DROP_NO_LABELS,          /* it has no label in the end, so there is no stream for it */
	DROP_PARTIAL_SUCCESS,    /* refused by an OTLP receiver that has taken the rest: its words are in the ring */
	DROP_SAMPLED,            /* of a trace whose lines trace.sampling leaves out */
	DROP_POD_RATE,           /* more lines in a second than its pod asks for (annotation spoor.io/logs.rate) */
	DROP_REASONS
};
extern const char *const drop_reason_names[DROP_REASONS]; /* Loki's names where Loki has one, snake_case */

struct drop {
	int64_t at_ns;             /* wall clock of the refusal */
	int64_t timestamp_ns;      /* of the entry, 0 when unknown */
	enum drop_reason reason;
	uint64_t lines;            /* how many entries this row stands for */
	char destination[64], labels[256], line[256], error[256]; /* cut to fit, NUL-terminated, always valid UTF-8 */
};

struct drops; /* ring of the newest 256 */
struct drops *drops_new(void);
void drops_free(struct drops *d);
void drops_add(struct drops *d, const struct drop *drop); /* copied */
/* i = 0 is the newest; NULL behind the oldest. Valid until the next drops_add. */
const struct drop *drops_at(const struct drops *d, size_t i);
uint64_t drops_count(const struct drops *d); /* that were ever added */
/* Fills a text field of struct drop: cut to room - 1 bytes, invalid UTF-8 repaired, control bytes as blanks, NUL-terminated. */
void drops_text(char *to, size_t room, struct str from);

#endif
