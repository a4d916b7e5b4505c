/* Samples on disk: one writer, several readers at their own pace.
 *
 * What is on disk is only what the kernel was given in one call for each frame, so the end of this process loses nothing. Readers never
 * look behind what was written as a whole (segment.bytes). A frame that cannot be written leaves no trace, but the definitions in it
 * are missing: the next frame begins a new segment, in which everything is defined again.
 *
 * A damaged payload costs its frame; a damaged head costs the rest of its segment, since nobody knows where the next frame begins.
 * Both are counted as shed for each destination that comes across them: the samples in between are known from the sequences. */
#include "agent/spool/spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/os.h"
#include "agent/spool/spool_state.h"
#include "parsers/bytes/hash.h"

enum {
	SEGMENT_BYTES_MAX = 16 * 1024 * 1024,
	SEGMENT_BYTES_MIN = 64 * 1024,
	SEGMENTS_IN_CAP = 8,
	SEGMENTS_AT_LEAST = 4,
	SAMPLES_PER_DEFINITION = 4, /* bytes of a segment for each byte of definitions, before it is worth while to write these again */
	MEMORY_CAP_BYTES = 16 * 1024 * 1024,
	FIRST_READ_BYTES = 4096,
	PAYLOAD_KEEP_BYTES = 1024 * 1024
};

struct segment *spool_find(struct spool *s, uint64_t number)
{
	size_t low = 0, high = s->segment_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (s->segments[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->segment_count ? &s->segments[low] : NULL;
}

static struct segment *newest_open(struct spool *s)
{
	return s->is_open ? &s->segments[s->segment_count - 1] : NULL;
}

static void set_sizes(struct spool *s, const struct spool_options *options)
{
	s->cap_bytes = options->cap_bytes;
	if (s->is_memory && s->cap_bytes > MEMORY_CAP_BYTES)
		s->cap_bytes = MEMORY_CAP_BYTES;
	if (s->cap_bytes < SEGMENTS_AT_LEAST * SEGMENT_BYTES_MIN)
		s->cap_bytes = SEGMENTS_AT_LEAST * SEGMENT_BYTES_MIN;
	s->segment_bytes = options->segment_bytes ? options->segment_bytes : s->cap_bytes / SEGMENTS_IN_CAP;
	if (s->segment_bytes > SEGMENT_BYTES_MAX)
		s->segment_bytes = SEGMENT_BYTES_MAX;
	if (s->segment_bytes > s->cap_bytes / SEGMENTS_AT_LEAST)
		s->segment_bytes = s->cap_bytes / SEGMENTS_AT_LEAST;
	s->segment_bytes_most = s->is_memory ? s->segment_bytes : s->cap_bytes / SEGMENTS_AT_LEAST;
	if (s->segment_bytes_most > SAMPLES_PER_DEFINITION * s->segment_bytes)
		s->segment_bytes_most = SAMPLES_PER_DEFINITION * s->segment_bytes;
}

static struct spool *new_spool(const struct spool_options *options)
{
	struct spool *s = calloc(1, sizeof *s);
	if (!s || pthread_mutex_init(&s->lock, NULL))
		abort();
	s->root = s->acked_fd = -1;
	s->next_number = 1;
	buf_init(&s->payload, (size_t)JOURNAL_FRAME_MAX + SPOOL_FRAME_HEAD + FIRST_READ_BYTES);
	s->reader_count = options->destination_count < SPOOL_DESTINATIONS_MAX ? options->destination_count : SPOOL_DESTINATIONS_MAX;
	for (size_t i = 0; i < s->reader_count; i++)
		s->readers[i] = (struct reader){ .name_hash = hash_bytes(str_of(options->names[i])),
						 .acked = { 1, 0, 0 },
						 .at = { 1, SPOOL_SEGMENT_HEAD, 0 },
						 .fd = -1 };
	return s;
}

/* What is behind both places: acknowledged samples are read again for their definitions. Gaps lie before the next frame. */
static uint64_t unread_samples(const struct spool *s, const struct reader *r)
{
	uint64_t from = r->at.sequence > r->acked.sequence ? r->at.sequence : r->acked.sequence;
	return s->sequence > from ? s->sequence - from : 0;
}

struct spool *spool_open(const struct spool_options *options, char err[256])
{
	err[0] = '\0';
	struct spool *s = new_spool(options);
	int result = options->directory ? spool_disk_open(s, options) : 0;
	if (result < 0) {
		snprintf(err, 256, "%s cannot be used for samples (%s): they are kept in memory until it can and the program is started again.",
			 options->directory, strerror(-result));
		spool_close(s);
		s = new_spool(options);
	}
	s->is_memory = !options->directory || result < 0;
	set_sizes(s, options);
	for (size_t i = 0; i < s->reader_count; i++)
		s->readers[i].samples_found = unread_samples(s, &s->readers[i]) + s->readers[i].samples_shed;
	return s;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->reader_count && !s->is_memory; i++)
		os_close(s->readers[i].fd);
	spool_disk_close(s);
	buf_fini(&s->payload);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static bool is_large(const struct spool *s, const struct segment *segment)
{
	return segment->bytes >= s->segment_bytes &&
	       (segment->bytes >= SAMPLES_PER_DEFINITION * s->defined_bytes || segment->bytes >= s->segment_bytes_most);
}

uint64_t spool_segment(struct spool *s)
{
	const struct segment *newest = newest_open(s);
	if (newest && is_large(s, newest)) {
		spool_roll(s);
		newest = NULL;
	}
	return newest ? newest->number : s->next_number;
}

void spool_roll(struct spool *s)
{
	spool_disk_end(s);
	s->defined_bytes = 0;
}

void spool_defined(struct spool *s, uint64_t bytes)
{
	s->defined_bytes += bytes;
}

/* Gaps are kept in order and do not overlap; neighbours of one kind are one. */
static void add_gap(struct reader *r, size_t at, struct gap gap)
{
	struct gap *before = at ? &r->gaps[at - 1] : NULL, *after = at < r->gap_count ? &r->gaps[at] : NULL;
	if (before && before->to == gap.from && before->is_shed == gap.is_shed) {
		before->to = gap.to;
	} else if (after && gap.to == after->from && after->is_shed == gap.is_shed) {
		after->from = gap.from;
	} else if (r->gap_count < SPOOL_GAPS_MAX) {
		memmove(r->gaps + at + 1, r->gaps + at, (r->gap_count - at) * sizeof *r->gaps);
		r->gaps[at] = gap;
		r->gap_count++;
	} else if (before) { /* what is in flight between the two no longer shows as pending */
		before->to = gap.to;
	} else {
		after->from = gap.from;
	}
}

/* Samples that the reader will not get, apart from those that are counted already. */
static void lose(struct reader *r, uint64_t from, uint64_t to, bool is_shed)
{
	if (from < r->acked.sequence)
		from = r->acked.sequence;
	while (from < to) {
		size_t at = 0;
		while (at < r->gap_count && r->gaps[at].to <= from)
			at++;
		uint64_t next = at < r->gap_count && r->gaps[at].from < to ? r->gaps[at].from : to;
		uint64_t behind = next < to ? r->gaps[at].to : to;
		if (next > from) {
			r->samples_shed += next - from;
			add_gap(r, at, (struct gap){ from, next, is_shed });
		}
		from = behind;
	}
}

static void move_to(struct spool *s, struct reader *r, uint64_t number, uint64_t sequence)
{
	if (!s->is_memory)
		os_close(r->fd);
	r->fd = -1;
	r->at = (struct journal_mark){ number, SPOOL_SEGMENT_HEAD, sequence };
}

/* The oldest segment goes, whoever still needs it. false: there is none to go. */
static bool shed_oldest(struct spool *s)
{
	if (s->segment_count == 0 || (s->is_open && s->segment_count == 1))
		return false;
	const struct segment oldest = s->segments[0];
	spool_disk_delete_oldest(s);
	uint64_t next = s->segment_count ? s->segments[0].number : s->next_number;
	for (size_t i = 0; i < s->reader_count; i++) {
		struct reader *r = &s->readers[i];
		if (r->at.segment > oldest.number)
			continue;
		lose(r, r->at.sequence, oldest.end_sequence, true);
		move_to(s, r, next, oldest.end_sequence);
	}
	spool_disk_save_acked(s);
	return true;
}

static int write_frame(struct spool *s, struct str payload, uint32_t samples)
{
	char head[SPOOL_FRAME_HEAD];
	int result = s->is_open ? 0 : spool_disk_begin(s);
	if (result < 0)
		return result;
	struct segment *newest = newest_open(s);
	spool_frame_head_write(payload, samples, newest->number, newest->bytes, head);
	const struct str parts[] = { { head, sizeof head }, payload };
	result = os_write_at(newest->fd, parts, COUNT_OF(parts), newest->bytes);
	if (result < 0) {
		os_truncate(newest->fd, newest->bytes); /* gives the room back; the reader would not look there anyway */
		return result;
	}
	newest->bytes += sizeof head + payload.n;
	newest->end_sequence += samples;
	s->bytes += sizeof head + payload.n;
	s->sequence += samples;
	s->frames_written++;
	s->samples_written += samples;
	return 0;
}

int spool_append(struct spool *s, struct str payload, uint64_t samples)
{
	uint64_t need = SPOOL_FRAME_HEAD + payload.n + (s->is_open ? 0 : SPOOL_SEGMENT_HEAD);
	int result = payload.n > JOURNAL_FRAME_MAX || samples > UINT32_MAX ? -EMSGSIZE : 0;
	while (result == 0 && (s->bytes + need > s->cap_bytes || (!s->is_open && s->segment_count == SPOOL_SEGMENTS_MAX)))
		if (!shed_oldest(s))
			result = -ENOSPC;
	if (result == 0)
		result = write_frame(s, payload, (uint32_t)samples);
	if ((result == -ENOSPC || result == -EDQUOT) && shed_oldest(s))
		result = write_frame(s, payload, (uint32_t)samples);
	if (result < 0) {
		s->write_errors++;
		spool_roll(s);
	}
	return result;
}

/* What is left of the segment cannot be read. */
static void skip_rest(struct spool *s, struct reader *r, const struct segment *segment)
{
	if (mark_is_before(&r->acked, &(struct journal_mark){ segment->number, segment->bytes, 0 })) {
		s->corrupt_frames++;
		s->bytes_skipped += segment->bytes - r->at.offset;
		lose(r, r->at.sequence, segment->end_sequence, false);
	}
	r->at.offset = segment->bytes;
	r->at.sequence = segment->end_sequence;
}

/* The bytes of the frame at r->at, head included, in s->payload. false: not to be had. */
static bool load(struct spool *s, struct reader *r, const struct segment *segment, struct spool_frame_head *head)
{
	if (r->fd < 0)
		r->fd = spool_disk_open_for_reading(s, segment);
	if (s->payload.room > PAYLOAD_KEEP_BYTES)
		buf_fini(&s->payload);
	buf_reset(&s->payload);
	uint64_t left = segment->bytes - r->at.offset;
	size_t first = left < FIRST_READ_BYTES ? (size_t)left : FIRST_READ_BYTES;
	char *at = buf_reserve(&s->payload, FIRST_READ_BYTES);
	if (!at)
		abort();
	ssize_t n = r->fd < 0 ? r->fd : os_pread(r->fd, at, first, r->at.offset);
	if (n < SPOOL_FRAME_HEAD || !spool_frame_head_read((struct str){ at, (size_t)n }, segment->number, r->at.offset, head) ||
	    SPOOL_FRAME_HEAD + (uint64_t)head->length > left)
		return false;
	size_t whole = SPOOL_FRAME_HEAD + (size_t)head->length;
	buf_grow(&s->payload, (size_t)n < whole ? (size_t)n : whole);
	while (s->payload.n < whole) {
		size_t rest = whole - s->payload.n;
		at = buf_reserve(&s->payload, rest);
		if (!at)
			abort();
		n = os_pread(r->fd, at, rest, r->at.offset + s->payload.n);
		if (n <= 0)
			break; /* the checksum will tell */
		buf_grow(&s->payload, (size_t)n);
	}
	return true;
}

/* The segment with the next frame for the reader, or NULL. */
static struct segment *segment_to_read(struct spool *s, struct reader *r)
{
	for (;;) {
		struct segment *segment = spool_find(s, r->at.segment);
		if (!segment)
			return NULL;
		if (segment->number != r->at.segment) /* numbers have holes where a file was unusable */
			move_to(s, r, segment->number, segment->sequence);
		if (r->at.offset < segment->bytes)
			return segment;
		if (segment == newest_open(s))
			return NULL;
		move_to(s, r, segment->number + 1, segment->end_sequence);
	}
}

int spool_read(struct spool *s, size_t destination, struct spool_frame *out)
{
	struct reader *r = &s->readers[destination];
	struct segment *segment;
	while ((segment = segment_to_read(s, r))) {
		struct spool_frame_head head;
		if (!load(s, r, segment, &head)) {
			skip_rest(s, r, segment);
			continue;
		}
		uint64_t before = r->at.sequence;
		r->at.offset += SPOOL_FRAME_HEAD + head.length;
		r->at.sequence += head.samples;
		bool is_history = !mark_is_before(&r->acked, &r->at);
		struct str payload = str_skip(buf_view(&s->payload), SPOOL_FRAME_HEAD);
		if (spool_payload_is_good(&head, payload)) {
			*out = (struct spool_frame){ payload, r->at, is_history };
			return 1;
		}
		if (!is_history) {
			s->corrupt_frames++;
			s->bytes_skipped += SPOOL_FRAME_HEAD + head.length;
			lose(r, before, r->at.sequence, false);
		}
	}
	return 0;
}

/* Everything in the segment is done for the reader. */
static bool is_through(const struct reader *r, const struct segment *segment)
{
	return r->at.segment > segment->number &&
	       (r->acked.segment > segment->number || (r->acked.segment == segment->number && r->acked.offset >= segment->bytes));
}

static bool oldest_is_done(const struct spool *s)
{
	if (s->segment_count == 0 || (s->is_open && s->segment_count == 1))
		return false;
	for (size_t i = 0; i < s->reader_count; i++)
		if (!is_through(&s->readers[i], &s->segments[0]))
			return false;
	return true;
}

static void forget_gaps(struct reader *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->gap_count; i++)
		if (r->gaps[i].to > r->acked.sequence)
			r->gaps[kept++] = r->gaps[i];
	r->gap_count = kept;
}

void spool_ack(struct spool *s, size_t destination, const struct journal_mark *end)
{
	struct reader *r = &s->readers[destination];
	if (!mark_is_before(&r->acked, end))
		return;
	r->acked = *end;
	forget_gaps(r);
	segment_to_read(s, r); /* leaves a segment that is read to its end, so that it can go */
	while (oldest_is_done(s))
		spool_disk_delete_oldest(s);
	spool_disk_save_acked(s);
}

void spool_rewind(struct spool *s, size_t destination)
{
	struct reader *r = &s->readers[destination];
	const struct segment *segment = spool_find(s, r->acked.segment);
	/* The newest one is read from its start, even when all of it is acknowledged: what comes next needs its definitions. */
	if (segment && segment != newest_open(s) && segment->number == r->acked.segment && r->acked.offset >= segment->bytes)
		segment = spool_find(s, segment->number + 1);
	uint64_t sequence = segment ? segment->sequence : s->sequence;
	move_to(s, r, segment ? segment->number : s->next_number, sequence);
	uint64_t before = r->samples_shed;
	lose(r, r->acked.sequence, sequence, true); /* what was on its way and is gone here */
	if (r->samples_shed != before)
		spool_disk_save_acked(s);
}

void spool_sync(struct spool *s)
{
	int fds[SPOOL_UNSYNCED_MAX + 2], names = -1;
	size_t n = 0;
	if (s->is_memory)
		return;
	pthread_mutex_lock(&s->lock);
	for (; n < s->unsynced_count; n++)
		fds[n] = s->unsynced[n];
	s->unsynced_count = 0;
	if (s->is_open)
		fds[n++] = os_duplicate(s->segments[s->segment_count - 1].fd);
	fds[n++] = os_duplicate(s->acked_fd);
	if (s->has_new_names)
		names = os_open_beneath(s->root, "");
	s->has_new_names = false;
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < n; i++) {
		os_sync(fds[i]);
		os_close(fds[i]);
	}
	os_sync(names);
	os_close(names);
}

static uint64_t pending_samples(const struct spool *s, const struct reader *r)
{
	uint64_t n = s->sequence > r->acked.sequence ? s->sequence - r->acked.sequence : 0;
	for (size_t i = 0; i < r->gap_count; i++) {
		uint64_t from = r->gaps[i].from > r->acked.sequence ? r->gaps[i].from : r->acked.sequence;
		uint64_t lost = r->gaps[i].to > from ? r->gaps[i].to - from : 0;
		n -= lost < n ? lost : n;
	}
	return n;
}

static uint64_t pending_bytes(const struct spool *s, const struct reader *r)
{
	uint64_t n = 0;
	for (size_t i = 0; i < s->segment_count; i++) {
		const struct segment *segment = &s->segments[i];
		uint64_t from = segment->number == r->acked.segment && r->acked.offset > SPOOL_SEGMENT_HEAD ? r->acked.offset
												  : SPOOL_SEGMENT_HEAD;
		if (segment->number >= r->acked.segment && segment->bytes > from)
			n += segment->bytes - from;
	}
	return n;
}

void spool_status(const struct spool *s, struct spool_status *out)
{
	*out = (struct spool_status){
		.bytes = s->bytes,
		.segments = s->segment_count,
		.frames_written = s->frames_written,
		.samples_written = s->samples_written,
		.write_errors = s->write_errors,
		.corrupt_frames = s->corrupt_frames,
		.bytes_skipped = s->bytes_skipped,
		.is_memory = s->is_memory,
	};
	for (size_t i = 0; i < s->reader_count; i++) {
		const struct reader *r = &s->readers[i];
		out->destination[i].samples_pending = pending_samples(s, r);
		out->destination[i].samples_unread = unread_samples(s, r);
		out->destination[i].samples_found = r->samples_found;
		out->destination[i].samples_shed = r->samples_shed;
		out->destination[i].bytes_pending = pending_bytes(s, r);
	}
}
