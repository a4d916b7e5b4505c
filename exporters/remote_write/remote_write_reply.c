/* The specifications leave receivers one decision, again or never, and make it depend on the status alone. The text only says
 * why, for the counters and for people. */
#include "exporters/remote_write/remote_write_reply.h"

#include "parsers/bytes/num.h"

const struct str rw_written_headers[RW_WRITTEN] = {
	[RW_WRITTEN_SAMPLES] = { "X-Prometheus-Remote-Write-Samples-Written", 41 },
	[RW_WRITTEN_HISTOGRAMS] = { "X-Prometheus-Remote-Write-Histograms-Written", 44 },
	[RW_WRITTEN_EXEMPLARS] = { "X-Prometheus-Remote-Write-Exemplars-Written", 43 },
};

static const struct { int status; enum rw_action action; } special[] = {
	{ 401, RW_UNAUTHORIZED }, { 403, RW_UNAUTHORIZED }, { 404, RW_MISPLACED }, { 407, RW_UNAUTHORIZED },
	{ 413, RW_TOO_LARGE },    { 415, RW_UNSUPPORTED },  { 429, RW_RATE_LIMITED },
};

enum rw_action rw_reply_action(int status)
{
	for (size_t i = 0; i < COUNT_OF(special); i++)
		if (special[i].status == status)
			return special[i].action;
	static const enum rw_action by_class[] = { RW_RETRY, RW_RETRY, RW_ACCEPTED, RW_MISPLACED, RW_REFUSED, RW_RETRY };
	return status >= 0 && (size_t)status / 100 < COUNT_OF(by_class) ? by_class[status / 100] : RW_RETRY;
}

static const struct { const char *text; enum sample_drop reason; } texts[] = {
	{ "out of order", SAMPLE_DROP_OUT_OF_ORDER },
	{ "out-of-order", SAMPLE_DROP_OUT_OF_ORDER },
	{ "duplicate sample", SAMPLE_DROP_DUPLICATE },
	{ "duplicate-timestamp", SAMPLE_DROP_DUPLICATE },
	{ "different value but same timestamp", SAMPLE_DROP_DUPLICATE },
	{ "too old", SAMPLE_DROP_TOO_OLD },
	{ "too-old", SAMPLE_DROP_TOO_OLD },
	{ "out of bounds", SAMPLE_DROP_TOO_OLD },
	{ "too far in the past", SAMPLE_DROP_TOO_OLD },
	{ "too-far-in-past", SAMPLE_DROP_TOO_OLD },
};

static const char *find_text(struct str body, struct str text)
{
	for (size_t i = 0; i + text.n <= body.n; i++)
		if (str_ieq((struct str){ body.p + i, text.n }, text))
			return body.p + i;
	return NULL;
}

enum sample_drop rw_reply_reason(struct str body)
{
	enum sample_drop reason = SAMPLE_DROP_REJECTED;
	const char *first = NULL;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const char *at = find_text(body, str_of(texts[i].text));
		if (at && (!first || at < first)) {
			first = at;
			reason = texts[i].reason;
		}
	}
	return reason;
}

int64_t rw_reply_written(struct str value)
{
	uint64_t n;
	while (value.n && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\r'))
		value.n--;
	return value.p && num_u64(value, &n) && n <= INT64_MAX ? (int64_t)n : -1;
}
