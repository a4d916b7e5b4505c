/* The spool's files. Each life of the program begins a segment of its own: series are numbered anew then, and a frame that was
 * torn by the end of the life before is simply the end of its segment. */
#include "agent/spool/spool_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/os.h"
#include "parsers/bytes/array.h"

static const char acked_name[] = "acked";

struct listing {
	uint64_t *numbers;
	size_t count, room;
};

static bool list_one(void *ctx, const char *entry, unsigned char d_type)
{
	(void)d_type;
	struct listing *l = ctx;
	uint64_t number;
	if (!spool_name_read(str_of(entry), &number))
		return true;
	l->numbers = array_room(l->numbers, l->count, &l->room, sizeof *l->numbers);
	l->numbers[l->count++] = number;
	return true;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x, y;
	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x < y ? -1 : x > y;
}

/* The frames of a segment up to the first place where there is none: its length and its samples. */
static void measure(struct spool *s, struct segment *segment, uint64_t file_bytes)
{
	uint64_t offset = SPOOL_SEGMENT_HEAD, sequence = segment->sequence;
	struct spool_frame_head head;
	char bytes[SPOOL_FRAME_HEAD];
	while (offset + SPOOL_FRAME_HEAD <= file_bytes) {
		ssize_t n = os_pread(segment->fd, bytes, sizeof bytes, offset);
		if (n < (ssize_t)sizeof bytes ||
		    !spool_frame_head_read((struct str){ bytes, sizeof bytes }, segment->number, offset, &head) ||
		    offset + SPOOL_FRAME_HEAD + head.length > file_bytes)
			break;
		offset += SPOOL_FRAME_HEAD + head.length;
		sequence += head.samples;
	}
	if (offset < file_bytes) {
		s->corrupt_frames++;
		s->bytes_skipped += file_bytes - offset;
	}
	segment->bytes = offset;
	segment->end_sequence = sequence;
}

/* A file that was found: into the table, or away with it when it says nothing. */
static void adopt(struct spool *s, uint64_t number, bool is_newest)
{
	char name[SPOOL_NAME_ROOM], bytes[SPOOL_SEGMENT_HEAD];
	struct spool_segment_head head;
	struct os_file file = { 0 };
	spool_name(number, name);
	struct segment segment = { .number = number, .fd = is_newest ? os_create_beneath(s->root, name) : os_open_beneath(s->root, name) };
	ssize_t n = segment.fd < 0 ? -1 : os_pread(segment.fd, bytes, sizeof bytes, 0);
	bool is_good = n == (ssize_t)sizeof bytes && spool_segment_head_read((struct str){ bytes, sizeof bytes }, &head) &&
		       head.number == number && os_stat_fd(segment.fd, &file) == 0;
	if (!is_good) {
		s->corrupt_frames++;
		s->bytes_skipped += n > 0 ? (uint64_t)n : 0;
		os_close(segment.fd);
		if (n >= 0)
			os_unlink_at(s->root, name);
		return;
	}
	segment.sequence = segment.end_sequence = head.sequence;
	segment.bytes = file.size_bytes;
	if (is_newest) {
		measure(s, &segment, file.size_bytes);
		if (segment.bytes < file.size_bytes)
			os_truncate(segment.fd, segment.bytes);
	}
	os_close(segment.fd);
	segment.fd = -1;
	if (s->segment_count) /* what lies between the two was in the older one */
		s->segments[s->segment_count - 1].end_sequence = head.sequence;
	s->segments[s->segment_count++] = segment;
	s->bytes += segment.bytes;
	s->next_number = number + 1;
	s->sequence = segment.end_sequence;
}

static int find_segments(struct spool *s)
{
	struct listing l = { 0 };
	int result = os_list(s->root, "", list_one, &l);
	if (l.count)
		qsort(l.numbers, l.count, sizeof *l.numbers, by_number);
	for (size_t i = 0; i < l.count; i++) {
		if (l.count - i >= SPOOL_SEGMENTS_MAX) { /* more than this program leaves behind */
			char name[SPOOL_NAME_ROOM];
			spool_name(l.numbers[i], name);
			os_unlink_at(s->root, name);
			continue;
		}
		adopt(s, l.numbers[i], i + 1 == l.count);
	}
	free(l.numbers);
	return result;
}

/* Where a destination goes on, after the files that are there. */
static void place(struct spool *s, struct reader *r, const struct spool_row *row)
{
	/* After the machine went down, acknowledgements may be newer than what is left of the samples. */
	r->acked = (struct journal_mark){ row->segment, row->offset, row->sequence < s->sequence ? row->sequence : s->sequence };
	struct segment *segment = spool_find(s, row->segment);
	if (segment && segment->number == row->segment && row->offset < segment->bytes) {
		r->at = (struct journal_mark){ segment->number, SPOOL_SEGMENT_HEAD, segment->sequence };
		return;
	}
	if (segment && segment->number == row->segment)
		segment = spool_find(s, row->segment + 1);
	r->at = segment ? (struct journal_mark){ segment->number, SPOOL_SEGMENT_HEAD, segment->sequence }
			: (struct journal_mark){ s->next_number, SPOOL_SEGMENT_HEAD, s->sequence };
	/* What went missing meanwhile, without what was counted when it was shed. */
	uint64_t missing = r->at.sequence > row->sequence ? r->at.sequence - row->sequence : 0;
	if (missing > row->shed_ahead)
		r->samples_shed += missing - row->shed_ahead;
	if (missing)
		r->gaps[r->gap_count++] = (struct gap){ row->sequence, r->at.sequence, true };
}

static void place_all(struct spool *s, const struct spool_acked *acked)
{
	for (size_t i = 0; i < acked->count; i++) { /* all segments may be gone: numbers go on nevertheless */
		const struct spool_row *row = &acked->rows[i];
		if (row->segment >= s->next_number)
			s->next_number = row->segment + 1;
		if (s->segment_count == 0 && row->sequence + row->shed_ahead > s->sequence)
			s->sequence = row->sequence + row->shed_ahead;
	}
	for (size_t i = 0; i < s->reader_count; i++) {
		struct reader *r = &s->readers[i];
		const struct spool_row *row = NULL;
		for (size_t k = 0; k < acked->count; k++)
			if (acked->rows[k].name_hash == r->name_hash)
				row = &acked->rows[k];
		/* New: the newest sample. But without any acknowledgement on record it is the record that was lost. */
		struct spool_row fresh = { r->name_hash, s->next_number, 0, s->sequence, 0 };
		if (!row && acked->generation == 0 && s->segment_count)
			fresh = (struct spool_row){ r->name_hash, s->segments[0].number, 0, s->segments[0].sequence, 0 };
		place(s, r, row ? row : &fresh);
	}
	s->acked_generation = acked->generation;
}

static int read_acked(struct spool *s, struct spool_acked *out)
{
	char slots[SPOOL_SLOTS * SPOOL_SLOT_BYTES];
	s->acked_fd = os_create_beneath(s->root, acked_name);
	if (s->acked_fd < 0)
		return s->acked_fd;
	ssize_t n = os_pread(s->acked_fd, slots, sizeof slots, 0);
	if (n < 0)
		return (int)n;
	spool_acked_read((struct str){ slots, (size_t)n }, out);
	return 0;
}

int spool_disk_open(struct spool *s, const struct spool_options *options)
{
	struct spool_acked acked = { 0 };
	int result = os_make_directory(options->directory);
	if (result == 0)
		result = s->root = os_open_root(options->directory);
	if (result >= 0)
		result = read_acked(s, &acked);
	if (result >= 0)
		result = find_segments(s);
	if (result < 0)
		return result;
	place_all(s, &acked);
	/* Both slots are there from the start: an acknowledgement never needs a new block on a full disk. */
	for (size_t i = 0; i < SPOOL_SLOTS; i++)
		spool_disk_save_acked(s);
	return 0;
}

void spool_disk_close(struct spool *s)
{
	for (size_t i = 0; i < s->segment_count; i++)
		os_close(s->segments[i].fd);
	for (size_t i = 0; i < s->unsynced_count; i++)
		os_close(s->unsynced[i]);
	os_close(s->acked_fd);
	os_close(s->root);
}

int spool_disk_begin(struct spool *s)
{
	char name[SPOOL_NAME_ROOM], bytes[SPOOL_SEGMENT_HEAD];
	spool_name(s->next_number, name);
	const struct spool_segment_head head = { s->next_number, s->sequence };
	spool_segment_head_write(&head, bytes);
	int fd = s->is_memory ? os_memory_file("spoor samples") : os_create_beneath(s->root, name);
	if (fd < 0)
		return fd;
	int result = os_truncate(fd, 0); /* a file that could not be deleted would look like ours further on */
	if (result == 0)
		result = os_write_at(fd, &(struct str){ bytes, sizeof bytes }, 1, 0);
	if (result < 0) {
		os_close(fd);
		if (!s->is_memory)
			os_unlink_at(s->root, name);
		return result;
	}
	pthread_mutex_lock(&s->lock);
	s->segments[s->segment_count++] = (struct segment){ s->next_number, sizeof bytes, s->sequence, s->sequence, fd };
	s->has_new_names = true;
	s->is_open = true;
	pthread_mutex_unlock(&s->lock);
	s->next_number++;
	s->bytes += sizeof bytes;
	return 0;
}

void spool_disk_end(struct spool *s)
{
	if (!s->is_open)
		return;
	struct segment *newest = &s->segments[s->segment_count - 1];
	pthread_mutex_lock(&s->lock);
	s->is_open = false;
	if (!s->is_memory) {
		if (s->unsynced_count < SPOOL_UNSYNCED_MAX)
			s->unsynced[s->unsynced_count++] = newest->fd;
		else /* the worker is far behind: the kernel writes it out in its own time */
			os_close(newest->fd);
		newest->fd = -1;
	}
	pthread_mutex_unlock(&s->lock);
}

void spool_disk_delete_oldest(struct spool *s)
{
	struct segment *oldest = &s->segments[0];
	char name[SPOOL_NAME_ROOM];
	spool_name(oldest->number, name);
	for (size_t i = 0; i < s->reader_count; i++) {
		struct reader *r = &s->readers[i];
		if (r->at.segment > oldest->number)
			continue;
		if (!s->is_memory)
			os_close(r->fd);
		r->fd = -1;
	}
	pthread_mutex_lock(&s->lock);
	os_close(oldest->fd);
	s->bytes -= oldest->bytes;
	memmove(s->segments, s->segments + 1, --s->segment_count * sizeof *s->segments);
	pthread_mutex_unlock(&s->lock);
	if (!s->is_memory)
		os_unlink_at(s->root, name);
}

/* A gap may reach to both sides of what is acknowledged: a frame without samples can lie in the middle of it. */
static uint64_t known_lost(const struct reader *r)
{
	uint64_t n = 0;
	for (size_t i = 0; i < r->gap_count; i++) {
		uint64_t from = r->gaps[i].from > r->acked.sequence ? r->gaps[i].from : r->acked.sequence;
		n += r->gaps[i].is_shed && r->gaps[i].to > from ? r->gaps[i].to - from : 0;
	}
	return n;
}

void spool_disk_save_acked(struct spool *s)
{
	char slot[SPOOL_SLOT_BYTES] = { 0 };
	if (s->is_memory)
		return;
	struct spool_acked acked = { .generation = ++s->acked_generation, .count = s->reader_count };
	for (size_t i = 0; i < s->reader_count; i++) {
		const struct reader *r = &s->readers[i];
		acked.rows[i] = (struct spool_row){ r->name_hash, r->acked.segment, r->acked.offset, r->acked.sequence, known_lost(r) };
	}
	size_t n = spool_acked_write(&acked, slot);
	if (os_write_at(s->acked_fd, &(struct str){ slot, n }, 1, acked.generation % SPOOL_SLOTS * SPOOL_SLOT_BYTES) < 0)
		s->write_errors++;
}

int spool_disk_open_for_reading(struct spool *s, const struct segment *segment)
{
	char name[SPOOL_NAME_ROOM];
	if (s->is_memory)
		return segment->fd;
	spool_name(segment->number, name);
	return os_open_beneath(s->root, name);
}
