/* A ring of fixed rows: what people read when they ask which lines a server refused. Untouched rows cost no memory, since the
 * kernel gives pages of a large zeroed allocation only when they are written. */
#include "exporters/drops.h"

#include <stdlib.h>

#include "parsers/bytes/utf8.h"

enum { RING_ROWS = 256 };

const char *const drop_reason_names[DROP_REASONS] = {
	[DROP_LINE_TOO_LONG] = "line_too_long",
	[DROP_TOO_OLD] = "greater_than_max_sample_age",
	[DROP_TOO_FAR_IN_FUTURE] = "too_far_in_future",
	[DROP_OUT_OF_ORDER] = "too_far_behind",
	[DROP_INVALID_LABELS] = "invalid_labels",
	[DROP_STRUCTURED_METADATA] = "structured_metadata",
	[DROP_STREAM_LIMIT] = "stream_limit",
	[DROP_RATE_LIMITED] = "rate_limited",
	[DROP_REQUEST_TOO_LARGE] = "request_body_too_large",
	[DROP_REJECTED] = "rejected",
	[DROP_LOST] = "lost",
	[DROP_PIPELINE] = "pipeline",
	[DROP_NO_MESSAGE] = "no_message",
	[DROP_RELABEL] = "relabel",
	[DROP_NO_LABELS] = "no_labels",
	[DROP_PARTIAL_SUCCESS] = "partial_success",
	[DROP_SAMPLED] = "sampled",
	[DROP_POD_RATE] = "pod_rate",
};

struct drops {
	struct drop rows[RING_ROWS];
	uint64_t added;
};

struct drops *drops_new(void)
{
	struct drops *d = calloc(1, sizeof *d);
	if (!d)
		abort();
	return d;
}

void drops_free(struct drops *d)
{
	free(d);
}

void drops_add(struct drops *d, const struct drop *drop)
{
	d->rows[d->added++ % RING_ROWS] = *drop;
}

const struct drop *drops_at(const struct drops *d, size_t i)
{
	if (i >= RING_ROWS || i >= d->added)
		return NULL;
	return &d->rows[(d->added - 1 - i) % RING_ROWS];
}

uint64_t drops_count(const struct drops *d)
{
	return d->added;
}

void drops_text(char *to, size_t room, struct str from)
{
	/* Repair may triple the length: three bytes of U+FFFD for one bad one. */
	struct buf text;
	buf_init(&text, room * 3 + 3);
	utf8_repair(str_take(from, room), &text);
	struct str kept = buf_view(&text);
	if (kept.n >= room)
		kept.n = utf8_floor(kept, room - 1);
	for (size_t i = 0; i < kept.n; i++)
		to[i] = (unsigned char)kept.p[i] < 0x20 || kept.p[i] == 0x7f ? ' ' : kept.p[i];
	to[kept.n] = '\0';
	buf_fini(&text);
}
