/* The specification names four statuses that are to be tried again and forbids it for all others. We keep to that for what was refused
 * because of its contents, and are more patient where the fault is the configuration's (credentials, address) or a proxy's: then nothing is
 * given up, and asking again now and then is not what the rule is about. 500 is between: Collectors say it to a batch that will never be
 * taken, others to any fault of their own; it is believed after some attempts.
 *
 * Loki's reasons stand in its answers here as well, so the texts of its push API are looked for. */
#include "exporters/otlp/otlp_reply.h"

#include "exporters/loki_reply.h"
#include "exporters/wire.h"

static const struct push_rule rules[] = {
	{ 200, 299, STR(""), REPLY_ACCEPTED, DROP_REJECTED },
	{ 400, 599, STR("message larger than max"), REPLY_TOO_LARGE, DROP_REQUEST_TOO_LARGE }, /* gRPC behind the receiver, Loki's among them */
	{ 400, 400, STR("request body too large"), REPLY_TOO_LARGE, DROP_REQUEST_TOO_LARGE },
	{ 400, 400, STR("message size too large"), REPLY_TOO_LARGE, DROP_REQUEST_TOO_LARGE },
	{ 413, 413, STR(""), REPLY_TOO_LARGE, DROP_REQUEST_TOO_LARGE },
	{ 429, 429, STR(""), REPLY_RATE_LIMITED, DROP_RATE_LIMITED },
	{ 400, 400, STR(""), REPLY_REFUSED, DROP_REJECTED },
	{ 422, 422, STR(""), REPLY_REFUSED, DROP_REJECTED },
	{ 408, 408, STR(""), REPLY_RETRY, DROP_REJECTED }, /* said by proxies, like 425 and 499: nobody has judged the lines */
	{ 425, 425, STR(""), REPLY_RETRY, DROP_REJECTED },
	{ 499, 499, STR(""), REPLY_RETRY, DROP_REJECTED },
	{ 300, 499, STR(""), REPLY_HOLD, DROP_REJECTED },
	{ 502, 504, STR(""), REPLY_RETRY, DROP_REJECTED },
	{ 500, 599, STR(""), REPLY_DOUBTFUL, DROP_REJECTED },
	{ 0, 999, STR(""), REPLY_RETRY, DROP_REJECTED },
};

/* google.rpc.Status, all of it: prose is never one by chance, since its letters are tags of other fields. */
static bool status_message(struct str body, struct str *message)
{
	struct wire_field field;
	*message = (struct str){ 0 };
	while (body.n) {
		if (!wire_read_field(&body, &field))
			return false;
		bool is_code = field.number == 1 && field.type == WIRE_VARINT, is_text = field.number > 1 && field.number < 4 && field.type == WIRE_BYTES;
		if (!is_code && !is_text)
			return false;
		if (field.number == 2)
			*message = field.bytes;
	}
	return true;
}

bool otlp_partial_success(struct str body, uint64_t *rejected, struct str *message)
{
	struct wire_field field;
	struct str words = { 0 };
	uint64_t count = 0;
	*rejected = 0;
	*message = (struct str){ 0 };
	while (body.n) {
		if (!wire_read_field(&body, &field))
			return false;
		if (field.number != 1 || field.type != WIRE_BYTES)
			continue;
		for (struct str rest = field.bytes; rest.n;) {
			if (!wire_read_field(&rest, &field))
				return false;
			if (field.number == 1 && field.type == WIRE_VARINT)
				count = (int64_t)field.value > 0 ? field.value : 0;
			if (field.number == 2 && field.type == WIRE_BYTES)
				words = field.bytes;
		}
	}
	*rejected = count;
	*message = words;
	return count || words.n;
}

struct str otlp_reply_text(int status, struct str body)
{
	struct str message;
	uint64_t rejected;
	if (status / 100 == 2)
		return otlp_partial_success(body, &rejected, &message) ? message : body;
	return status_message(body, &message) ? message : body;
}

struct push_reply otlp_logs_reply(int status, struct str body)
{
	struct str text = otlp_reply_text(status, body);
	struct push_reply out = push_rule_apply(rules, COUNT_OF(rules), status, text);
	if (out.action == REPLY_REFUSED)
		out.reason = loki_refusal_reason(text);
	if (out.action == REPLY_ACCEPTED && otlp_partial_success(body, &out.ignored, &text)) {
		out.action = REPLY_PARTIAL;
		out.reason = DROP_PARTIAL_SUCCESS;
	}
	return out;
}

const char otlp_metrics_not_found[] = "the path is not one for OTLP metrics, which is /v1/metrics as a rule, and /api/v1/otlp/v1/metrics at Prometheus";

enum rw_action otlp_metrics_reply(int status, struct str body, unsigned attempts)
{
	static const enum rw_action actions[REPLY_ACTIONS] = {
		[REPLY_RETRY] = RW_RETRY,          [REPLY_ACCEPTED] = RW_ACCEPTED,      [REPLY_PARTIAL] = RW_ACCEPTED,
		[REPLY_RATE_LIMITED] = RW_RATE_LIMITED, [REPLY_REFUSED] = RW_REFUSED,   [REPLY_DOUBTFUL] = RW_RETRY,
		[REPLY_TOO_LARGE] = RW_TOO_LARGE,  [REPLY_HOLD] = RW_MISPLACED,
	};
	enum reply_action action = otlp_logs_reply(status, body).action;
	if (action == REPLY_DOUBTFUL && attempts >= REPLY_DOUBTS_MAX)
		return RW_REFUSED;
	bool is_unknown = status == 401 || status == 403 || status == 407;
	return is_unknown ? RW_UNAUTHORIZED : actions[action];
}
