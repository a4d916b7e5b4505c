/* Loki answers in prose. A 400 is usually a partial success, and only the text tells how partial, so it is read by tables of
 * its fixed parts. Two layers speak, and they differ:
 *
 * - The distributor checks each entry, goes on with the valid ones and lists every refusal, grouped: complete and countable.
 * - The ingester answers for one stream of the request, the last one, with "total ignored: N out of M for stream: {…}";
 *   what it did with the other streams is not in the answer.
 *
 * Where a text is not one of these the answer is -1 or "names nobody", and the caller finds out by sending parts again.
 * Label values are foreign text inside the prose: label sets are skipped by their quotes, never searched through. */
#include "exporters/loki_reply.h"

#include "parsers/bytes/num.h"

static const struct push_rule rules[] = {
	{ 260, 260, STR(""), REPLY_BLOCKED, DROP_REJECTED },
	{ 200, 299, STR(""), REPLY_ACCEPTED, DROP_REJECTED },
	{ 300, 599, STR("ingestion blocked for user '"), REPLY_BLOCKED, DROP_REJECTED },
	{ 400, 599, STR("message larger than max"), REPLY_TOO_LARGE, DROP_REQUEST_TOO_LARGE },
	{ 413, 413, STR(""), REPLY_TOO_LARGE, DROP_REQUEST_TOO_LARGE },
	{ 400, 400, STR("request body too large"), REPLY_TOO_LARGE, DROP_REQUEST_TOO_LARGE },
	{ 400, 400, STR("compressed message size "), REPLY_TOO_LARGE, DROP_REQUEST_TOO_LARGE },
	{ 429, 429, STR("Per stream rate limit exceeded"), REPLY_THROTTLED, DROP_RATE_LIMITED },
	{ 429, 429, STR("aximum active stream limit exceeded"), REPLY_THROTTLED, DROP_STREAM_LIMIT }, /* older ones: "Maximum" */
	{ 429, 429, STR(""), REPLY_RATE_LIMITED, DROP_RATE_LIMITED },
	{ 400, 400, STR("' includes structured metadata, but this feature is disallowed"), REPLY_NO_METADATA,
	  DROP_STRUCTURED_METADATA },
	{ 400, 400, STR("' has structured metadata too large: '"), REPLY_NO_METADATA, DROP_STRUCTURED_METADATA },
	{ 400, 400, STR("' has too many structured metadata labels: '"), REPLY_NO_METADATA, DROP_STRUCTURED_METADATA },
	{ 400, 400, STR(""), REPLY_REFUSED, DROP_REJECTED },
	{ 422, 422, STR("at least one valid stream"), REPLY_INVALID, DROP_REJECTED },
	{ 408, 408, STR(""), REPLY_RETRY, DROP_REJECTED },
	{ 425, 425, STR(""), REPLY_RETRY, DROP_REJECTED },
	{ 499, 499, STR(""), REPLY_RETRY, DROP_REJECTED }, /* the server's word for "the client went away", said by proxies too */
	{ 300, 499, STR(""), REPLY_HOLD, DROP_REJECTED },
	{ 0, 999, STR(""), REPLY_RETRY, DROP_REJECTED },
};

/* One message of the distributor: HEAD LABELS TAIL…, where the label set stands in single quotes. */
static const struct message {
	struct str head, tail;
	enum drop_reason reason;
	bool is_stream;
} messages[] = {
	{ STR("entry for stream '"), STR("' has timestamp too old: "), DROP_TOO_OLD, false },
	{ STR("entry for stream '"), STR("' has timestamp too new: "), DROP_TOO_FAR_IN_FUTURE, false },
	{ STR("' bytes exceeded for stream '"), STR("' while adding an entry with length '"), DROP_LINE_TOO_LONG, false },
	{ STR("stream '"), STR("' includes structured metadata, but"), DROP_STRUCTURED_METADATA, false },
	{ STR("stream '"), STR("' has structured metadata too large: '"), DROP_STRUCTURED_METADATA, false },
	{ STR("stream '"), STR("' has too many structured metadata labels: '"), DROP_STRUCTURED_METADATA, false },
	{ STR("entry for stream '"), STR("' has "), DROP_INVALID_LABELS, true }, /* … N label names; limit M */
	{ STR("stream '"), STR("' has label name too long: '"), DROP_INVALID_LABELS, true },
	{ STR("stream '"), STR("' has label value too long: '"), DROP_INVALID_LABELS, true },
	{ STR("stream '"), STR("' has duplicate label name: '"), DROP_INVALID_LABELS, true },
	{ STR("' for stream '"), STR("' (policy: '"), DROP_INVALID_LABELS, true }, /* missing required labels '…' for user '…' */
	{ STR("error parsing labels '"), STR("' with error: "), DROP_INVALID_LABELS, true },
};

/* Texts that may stand before the head of a message. */
static const struct str openings[] = { STR("max entry size '"), STR("missing required labels '") };

static const struct reason {
	struct str text;
	enum drop_reason reason;
} reasons[] = {
	{ STR("has timestamp too old"), DROP_TOO_OLD },
	{ STR("has timestamp too new"), DROP_TOO_FAR_IN_FUTURE },
	{ STR("entry too far behind"), DROP_OUT_OF_ORDER },
	{ STR("entry out of order"), DROP_OUT_OF_ORDER },
	{ STR("max entry size"), DROP_LINE_TOO_LONG },
	{ STR("structured metadata"), DROP_STRUCTURED_METADATA },
	{ STR("parse labels"), DROP_INVALID_LABELS },
	{ STR("parsing labels"), DROP_INVALID_LABELS },
	{ STR("at least one label pair"), DROP_INVALID_LABELS },
	{ STR("label name"), DROP_INVALID_LABELS },
	{ STR("label value too long"), DROP_INVALID_LABELS },
	{ STR("missing required labels"), DROP_INVALID_LABELS },
};

static const struct str added_labels[] = { STR("service_name"), STR("__stream_shard__"), STR("__time_shard__") };

/* Offset of `needle`, or s.n. */
static size_t find(struct str s, struct str needle)
{
	const char *hit = needle.n && s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
	return hit ? (size_t)(hit - s.p) : s.n;
}

/* Bytes of the Go-quoted string that s starts with, quotes included; 0 when it is none. */
static size_t quoted_size(struct str s)
{
	if (s.n == 0 || s.p[0] != '"')
		return 0;
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

/* The label set that s starts with: {…}, quotes respected. Empty when it is none. */
static struct str label_set(struct str s)
{
	if (s.n == 0 || s.p[0] != '{')
		return (struct str){ 0 };
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '}')
			return str_take(s, i + 1);
		if (s.p[i] == '"') {
			size_t n = quoted_size(str_skip(s, i));
			if (n == 0)
				break;
			i += n - 1;
		}
	}
	return (struct str){ 0 };
}

/* The decimal number that s starts with; the digits are cut off. */
static bool take_number(struct str *s, uint64_t *out)
{
	size_t n = num_digits(*s);
	if (!num_u64(str_take(*s, n), out))
		return false;
	*s = str_skip(*s, n);
	return true;
}

static bool take_text(struct str *s, struct str text)
{
	if (!str_starts(*s, text))
		return false;
	*s = str_skip(*s, text.n);
	return true;
}

/* The number right behind `text`, 0 when there is none. */
static uint64_t number_behind(struct str body, struct str text)
{
	uint64_t value = 0;
	struct str rest = str_skip(body, find(body, text));
	if (take_text(&rest, text))
		take_number(&rest, &value);
	return value;
}

/* "total ignored: N out of M for stream: {…}" */
static void read_count(struct str body, struct push_reply *out)
{
	struct str rest = str_skip(body, find(body, STR("total ignored: ")));
	uint64_t ignored, total;
	if (!take_text(&rest, STR("total ignored: ")) || !take_number(&rest, &ignored) || !take_text(&rest, STR(" out of ")) ||
	    !take_number(&rest, &total) || !take_text(&rest, STR(" for stream: ")))
		return;
	out->stream = label_set(rest);
	out->has_count = ignored <= total;
	out->ignored = ignored;
	out->total = total;
}

static void read_stream(struct str body, struct push_reply *out)
{
	static const struct str before[] = { STR("when trying to create stream "), STR("while attempting to ingest for stream '") };
	for (size_t i = 0; i < COUNT_OF(before) && out->stream.n == 0; i++) {
		struct str rest = str_skip(body, find(body, before[i]));
		if (take_text(&rest, before[i]))
			out->stream = label_set(rest);
	}
}

struct push_reply loki_reply_read(int status, struct str body)
{
	struct push_reply out = push_rule_apply(rules, COUNT_OF(rules), status, body);
	if (out.action == REPLY_THROTTLED || out.action == REPLY_REFUSED) {
		read_count(body, &out);
		read_stream(body, &out);
	}
	if (out.action == REPLY_REFUSED)
		out.reason = loki_refusal_reason(body);
	if (out.action == REPLY_RATE_LIMITED) {
		out.limit_bytes = number_behind(body, STR("(limit: "));
		out.tried_bytes = number_behind(body, STR(" lines totaling '"));
	}
	return out;
}

enum drop_reason loki_refusal_reason(struct str body)
{
	for (size_t i = 0; i < COUNT_OF(reasons); i++)
		if (str_has(body, reasons[i].text))
			return reasons[i].reason;
	return DROP_REJECTED;
}

/* Up to the quoted label set: for most messages nothing, for two of them a few words with foreign text in quotes. */
static bool skip_opening(struct str *s, struct str head)
{
	if (head.p[0] != '\'')
		return true;
	for (size_t i = 0; i < COUNT_OF(openings); i++) {
		if (!str_starts(*s, openings[i]))
			continue;
		size_t at = find(*s, head);
		bool is_same_message = at < s->n && find(str_take(*s, at), STR("; ")) == at;
		*s = str_skip(*s, at);
		return is_same_message;
	}
	return false;
}

/* Where the message ends: before "; " with another message behind it, or at the end. What stands there is numbers and times; of
 * the stream messages also the offending name or value, where a wrong cut makes the next message unreadable, not miscounted. */
static size_t message_size(struct str s)
{
	for (size_t from = 0;;) {
		size_t at = from + find(str_skip(s, from), STR("; "));
		if (at >= s.n)
			return s.n;
		struct str rest = str_skip(s, at + 2);
		uint64_t count;
		if (take_number(&rest, &count) && take_text(&rest, STR(" errors like: ")))
			return at;
		from = at + 2;
	}
}

static bool read_message(struct str *rest, const struct message *m, struct loki_refusal *out)
{
	struct str s = *rest;
	if (!skip_opening(&s, m->head) || !take_text(&s, m->head))
		return false;
	struct str labels = label_set(s);
	if (labels.n == 0)
		return false;
	s = str_skip(s, labels.n);
	if (!take_text(&s, m->tail))
		return false;
	out->reason = m->reason;
	out->is_stream = m->is_stream;
	out->stream = labels;
	s = str_skip(s, message_size(s));
	out->text = str_take(*rest, rest->n - s.n);
	*rest = str_skip(s, 2);
	return true;
}

int loki_refusal_next(struct str *body, struct loki_refusal *out)
{
	while (body->n && (body->p[body->n - 1] == '\n' || body->p[body->n - 1] == '\r'))
		body->n--;
	if (body->n == 0)
		return 0;
	*out = (struct loki_refusal){ .count = 1 };
	struct str rest = *body;
	uint64_t count;
	if (take_number(&rest, &count) && take_text(&rest, STR(" errors like: ")))
		out->count = count;
	else
		rest = *body;
	for (size_t i = 0; i < COUNT_OF(messages); i++) {
		if (!read_message(&rest, &messages[i], out))
			continue;
		*body = rest;
		if (out->is_stream)
			out->count = 1;
		return out->count > 0 ? 1 : -1;
	}
	return -1;
}

/* The next name="value" of a label set. */
static bool take_pair(struct str *rest, struct str *name, struct str *value)
{
	while (rest->n && (rest->p[0] == '{' || rest->p[0] == ',' || rest->p[0] == ' '))
		*rest = str_skip(*rest, 1);
	*name = str_cut(rest, '=');
	size_t n = quoted_size(*rest);
	*value = str_take(*rest, n);
	*rest = str_skip(*rest, n);
	return n > 0;
}

static bool is_added(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(added_labels); i++)
		if (str_eq(name, added_labels[i]))
			return true;
	return false;
}

bool loki_labels_match(struct str ours, struct str theirs)
{
	if (str_eq(ours, theirs))
		return ours.n > 0;
	struct str name, value, their_name, their_value;
	bool has_ours = take_pair(&ours, &name, &value);
	while (take_pair(&theirs, &their_name, &their_value)) {
		if (has_ours && str_eq(name, their_name) && str_eq(value, their_value))
			has_ours = take_pair(&ours, &name, &value);
		else if (!is_added(their_name))
			return false;
	}
	return !has_ours;
}
