/* A 400 is partial: what was valid is stored. The task is to count exactly what was not, and to lose nothing else.
 *
 * 1. The distributor lists every refusal: if the whole text is understood, it is counted and the piece is done.
 * 2. The ingester names one stream, "N out of M": that stream is counted and done. Its answer covers only the last stream of the
 *    request, so the others go out again; what was stored is stored once, because identical entries are dropped there.
 * 3. Otherwise halves are sent, first by streams, then by entries, until the text is clear or a single entry is refused. That is
 *    bounded for each batch: beyond it, what is refused together is counted together.
 *
 * Which entries were refused is not told, only how many; the row in the ring shows the one that the reason must be about. */
#include <stdio.h>
#include <time.h>

#include "exporters/delivery.h"
#include "exporters/recut.h"

enum { BISECTS_MAX = 128, PEELS_MAX = 512 };

/* As they were rendered, or a head out of a message, which may have to be read for people first. */
static void note_labels(const struct destination *d, struct str labels, struct drop *drop)
{
	struct buf text;
	bool is_head = d->options.protocol->head_text && labels.n && labels.p[0] != '{';
	buf_init(&text, 64 * 1024);
	if (is_head)
		d->options.protocol->head_text(labels, &text);
	drops_text(drop->labels, sizeof drop->labels, is_head ? buf_view(&text) : labels);
	buf_fini(&text);
}

void refusal_note(struct destination *d, enum drop_reason reason, uint64_t lines, struct str labels, struct str entry)
{
	struct drop drop = { .reason = reason, .lines = lines };
	struct message_entry read = { 0 };
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	drop.at_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
	d->options.protocol->entry_read(entry, &read);
	drop.timestamp_ns = read.timestamp_ns;
	drops_text(drop.destination, sizeof drop.destination, d->options.endpoint.name);
	note_labels(d, labels, &drop);
	drops_text(drop.line, sizeof drop.line, read.line);
	drops_text(drop.error, sizeof drop.error, str_of(d->status.last_error));
	d->status.lines_dropped[reason] += lines;
	d->status.dropped_bytes[reason] += lines * entry.n;
	if (d->drops)
		drops_add(d->drops, &drop);
}

struct str refusal_sample(const struct destination *d, struct str message, struct str labels, enum drop_reason reason)
{
	struct str best = { 0 };
	struct message_entry best_read = { 0 }, read;
	for (struct message_cursor c = message_walk(d->options.protocol, message); message_next(&c);) {
		if ((labels.n && !str_eq(c.labels, labels)) || !d->options.protocol->entry_read(c.entry, &read))
			continue;
		bool wants_oldest = reason == DROP_TOO_OLD || reason == DROP_OUT_OF_ORDER;
		bool is_better = !best.p || (wants_oldest && read.timestamp_ns < best_read.timestamp_ns) ||
				 (reason == DROP_TOO_FAR_IN_FUTURE && read.timestamp_ns > best_read.timestamp_ns) ||
				 (reason == DROP_LINE_TOO_LONG && read.line.n > best_read.line.n);
		if (!is_better)
			continue;
		best = c.entry;
		best_read = read;
	}
	return best;
}

bool refusal_find_stream(const struct destination *d, struct str message, struct str theirs, struct named_stream *out)
{
	*out = (struct named_stream){ 0 };
	struct str checked = { 0 };
	bool is_named = false;
	for (struct message_cursor c = message_walk(d->options.protocol, message); theirs.n && message_next(&c);) {
		if (c.labels.p != checked.p) {
			checked = c.labels;
			is_named = loki_labels_match(c.labels, theirs);
		}
		if (!is_named)
			continue;
		if (out->lines && !str_eq(out->labels, c.labels))
			return false; /* two of ours look alike to the server's text: nobody is named for sure */
		out->labels = c.labels;
		out->lines++;
	}
	return out->lines > 0;
}

static bool is_of_stream(void *ctx, struct str labels, struct str entry, uint64_t index)
{
	(void)entry, (void)index;
	return str_eq(labels, *(const struct str *)ctx);
}

int refusal_peel(const struct piece *piece, struct str message, struct str labels, struct payload *stream, struct payload *rest)
{
	return recut_divide(piece->payload.protocol, message, piece->payload.has_metadata, is_of_stream, &labels, stream, rest);
}

void refusal_drop_all(struct destination *d, struct piece *piece, enum drop_reason reason)
{
	struct buf message;
	struct str labels = { 0 }, entry = { 0 };
	if (payload_open(&piece->payload, &message) == 0) {
		struct message_cursor c = message_walk(d->options.protocol, buf_view(&message));
		if (message_next(&c)) {
			labels = c.labels;
			entry = c.entry;
		}
	}
	uint64_t before = d->status.dropped_bytes[reason];
	refusal_note(d, reason, piece->payload.lines, labels, entry);
	d->status.dropped_bytes[reason] = before + piece->payload.n;
	buf_fini(&message);
	queue_done(&d->queue, piece);
}

static void split_at(struct destination *d, struct piece *piece, uint64_t lines, int64_t now_ns)
{
	struct payload head, tail;
	if (recut_split(&piece->payload, lines, &head, &tail) < 0) {
		delivery_failed(d, piece, DEST_BACKOFF, -1, now_ns);
		return;
	}
	d->status.splits++;
	queue_add_part(&d->queue, piece, &tail);
	queue_add_part(&d->queue, piece, &head);
	queue_done(&d->queue, piece);
}

void refusal_split(struct destination *d, struct piece *piece, int64_t now_ns)
{
	split_at(d, piece, piece->payload.lines / 2, now_ns);
}

/* Where to cut when a part of it is refused: at the border of streams that is nearest to the middle, else in the middle. */
static uint64_t border(const struct destination *d, struct str message, uint64_t lines)
{
	uint64_t best = 0, index = 0, middle = lines / 2;
	struct str labels = { 0 };
	for (struct message_cursor c = message_walk(d->options.protocol, message); message_next(&c); index++) {
		uint64_t far = index > middle ? index - middle : middle - index;
		uint64_t best_far = best > middle ? best - middle : middle - best;
		if (index && c.labels.p != labels.p && (best == 0 || far < best_far))
			best = index;
		labels = c.labels;
	}
	return best ? best : middle;
}

/* One group of the distributor's list: how many lines it stands for; 0: it cannot be told. */
static uint64_t refusal_lines(const struct destination *d, struct str message, const struct loki_refusal *refusal, struct named_stream *stream)
{
	bool is_named = refusal_find_stream(d, message, refusal->stream, stream);
	if (refusal->is_stream)
		return is_named ? stream->lines : 0;
	return is_named && refusal->count > stream->lines ? 0 : refusal->count;
}

/* Lines that the whole list stands for; 0 when a part of it is not clear. With note, they are dropped. */
static uint64_t count_list(struct destination *d, struct str message, struct str body, bool note)
{
	struct loki_refusal refusal;
	struct named_stream stream;
	uint64_t sum = 0;
	int status;
	while ((status = loki_refusal_next(&body, &refusal)) > 0) {
		uint64_t lines = refusal_lines(d, message, &refusal, &stream);
		if (lines == 0)
			return 0;
		sum += lines;
		if (note)
			refusal_note(d, refusal.reason, lines, stream.lines ? stream.labels : refusal.stream,
				     refusal_sample(d, message, stream.labels, refusal.reason));
	}
	return status < 0 ? 0 : sum;
}

static bool settle_by_list(struct destination *d, struct piece *piece, struct str message)
{
	struct str body = buf_view(&d->reply.body);
	if (d->options.protocol->reply_text)
		body = d->options.protocol->reply_text(d->reply.status, body);
	uint64_t refused = d->reply.is_cut ? 0 : count_list(d, message, body, false);
	if (refused == 0 || refused > piece->payload.lines)
		return false;
	count_list(d, message, body, true);
	delivery_sent(d, piece->payload.lines - refused);
	queue_done(&d->queue, piece);
	return true;
}

/* "total ignored: N out of M for stream": that stream is done, the others are sent again. */
static bool settle_stream(struct destination *d, struct piece *piece, struct str message, const struct push_reply *reply)
{
	struct named_stream stream;
	struct payload rest;
	if (!reply->has_count || !refusal_find_stream(d, message, reply->stream, &stream) || stream.lines != reply->total ||
	    piece->lot->peels >= PEELS_MAX || refusal_peel(piece, message, stream.labels, NULL, &rest) < 0)
		return false;
	piece->lot->peels++;
	struct str sample = refusal_sample(d, message, stream.labels, reply->reason);
	if (reply->ignored)
		refusal_note(d, reply->reason, reply->ignored, stream.labels, sample);
	delivery_sent(d, reply->total - reply->ignored);
	queue_add_part(&d->queue, piece, &rest);
	queue_done(&d->queue, piece);
	return true;
}

void refusal_sort_out(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns)
{
	struct buf message;
	if (piece->payload.lines == 1) {
		refusal_drop_all(d, piece, reply->reason);
		return;
	}
	if (payload_open(&piece->payload, &message) < 0) {
		delivery_failed(d, piece, DEST_BACKOFF, -1, now_ns);
	} else if (settle_by_list(d, piece, buf_view(&message)) || settle_stream(d, piece, buf_view(&message), reply)) {
		/* nothing is left to find out */
	} else if (piece->lot->bisects >= BISECTS_MAX) {
		refusal_drop_all(d, piece, reply->reason);
	} else {
		piece->lot->bisects += 2;
		split_at(d, piece, border(d, buf_view(&message), piece->payload.lines), now_ns);
	}
	buf_fini(&message);
}
