/* The spool's files as bytes. A checksum of its own for the head of a frame tells "this frame is damaged, the next one begins
 * there" from "nothing that follows can be trusted". */
#include "agent/spool/spool_format.h"

#include <stdio.h>
#include <zlib.h>

#include "exporters/journal.h"
#include "parsers/bytes/num.h"

static const char segment_magic[8] = { 'S', 'P', 'O', 'O', 'R', 'S', 'M', '1' };
static const char acked_magic[8] = { 'S', 'P', 'O', 'O', 'R', 'A', 'K', '1' };

static void put32(char *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof v);
}

static void put64(char *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof v);
}

static uint32_t get32(const char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return le32toh(v);
}

static uint64_t get64(const char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return le64toh(v);
}

static uint32_t checksum(uint32_t from, const char *p, size_t n)
{
	return (uint32_t)crc32_z(from, (const unsigned char *)p, n);
}

void spool_segment_head_write(const struct spool_segment_head *h, char to[SPOOL_SEGMENT_HEAD])
{
	memset(to, 0, SPOOL_SEGMENT_HEAD);
	memcpy(to, segment_magic, sizeof segment_magic);
	put64(to + 8, h->number);
	put64(to + 16, h->sequence);
	put32(to + 28, checksum(0, to, 28));
}

bool spool_segment_head_read(struct str bytes, struct spool_segment_head *out)
{
	if (bytes.n < SPOOL_SEGMENT_HEAD || memcmp(bytes.p, segment_magic, sizeof segment_magic) != 0 ||
	    get32(bytes.p + 28) != checksum(0, bytes.p, 28))
		return false;
	*out = (struct spool_segment_head){ get64(bytes.p + 8), get64(bytes.p + 16) };
	return true;
}

static uint32_t head_checksum(const char *head, uint64_t number, uint64_t offset)
{
	char place[16];
	put64(place, number);
	put64(place + 8, offset);
	return checksum(checksum(0, head, 12), place, sizeof place);
}

void spool_frame_head_write(struct str payload, uint32_t samples, uint64_t number, uint64_t offset, char to[SPOOL_FRAME_HEAD])
{
	put32(to, (uint32_t)payload.n);
	put32(to + 4, samples);
	put32(to + 8, checksum(0, payload.p, payload.n));
	put32(to + 12, head_checksum(to, number, offset));
}

bool spool_frame_head_read(struct str bytes, uint64_t number, uint64_t offset, struct spool_frame_head *out)
{
	if (bytes.n < SPOOL_FRAME_HEAD || get32(bytes.p + 12) != head_checksum(bytes.p, number, offset))
		return false;
	*out = (struct spool_frame_head){ get32(bytes.p), get32(bytes.p + 4), get32(bytes.p + 8) };
	return out->length <= JOURNAL_FRAME_MAX;
}

bool spool_payload_is_good(const struct spool_frame_head *h, struct str payload)
{
	return payload.n == h->length && checksum(0, payload.p, payload.n) == h->payload_crc;
}

enum { ACKED_HEAD = 24, ROW_BYTES = 40 };

size_t spool_acked_write(const struct spool_acked *acked, char to[SPOOL_SLOT_BYTES])
{
	memcpy(to, acked_magic, sizeof acked_magic);
	put64(to + 8, acked->generation);
	put64(to + 16, acked->count);
	char *p = to + ACKED_HEAD;
	for (size_t i = 0; i < acked->count; i++, p += ROW_BYTES) {
		const struct spool_row *r = &acked->rows[i];
		put64(p, r->name_hash);
		put64(p + 8, r->segment);
		put64(p + 16, r->offset);
		put64(p + 24, r->sequence);
		put64(p + 32, r->shed_ahead);
	}
	put32(p, checksum(0, to, (size_t)(p - to)));
	return (size_t)(p + 4 - to);
}

static bool read_slot(struct str slot, struct spool_acked *out)
{
	if (slot.n < ACKED_HEAD + 4 || memcmp(slot.p, acked_magic, sizeof acked_magic) != 0)
		return false;
	uint64_t count = get64(slot.p + 16);
	if (count > SPOOL_DESTINATIONS_MAX || slot.n < ACKED_HEAD + count * ROW_BYTES + 4)
		return false;
	const char *end = slot.p + ACKED_HEAD + count * ROW_BYTES;
	if (get32(end) != checksum(0, slot.p, (size_t)(end - slot.p)))
		return false;
	*out = (struct spool_acked){ .generation = get64(slot.p + 8), .count = (size_t)count };
	const char *p = slot.p + ACKED_HEAD;
	for (size_t i = 0; i < count; i++, p += ROW_BYTES)
		out->rows[i] = (struct spool_row){ get64(p), get64(p + 8), get64(p + 16), get64(p + 24), get64(p + 32) };
	return true;
}

void spool_acked_read(struct str file, struct spool_acked *out)
{
	*out = (struct spool_acked){ 0 };
	for (size_t i = 0; i < SPOOL_SLOTS; i++) {
		struct spool_acked one;
		if (read_slot(str_take(str_skip(file, i * SPOOL_SLOT_BYTES), SPOOL_SLOT_BYTES), &one) &&
		    one.generation > out->generation)
			*out = one;
	}
}

enum { NAME_DIGITS = 16 };

void spool_name(uint64_t number, char to[SPOOL_NAME_ROOM])
{
	snprintf(to, SPOOL_NAME_ROOM, "%0*llu.samples", NAME_DIGITS, (unsigned long long)number);
}

bool spool_name_read(struct str name, uint64_t *number)
{
	char again[SPOOL_NAME_ROOM];
	uint64_t n;
	if (name.n < NAME_DIGITS || name.n >= SPOOL_NAME_ROOM || !num_u64(str_take(name, str_find(name, '.')), &n) || n == 0)
		return false;
	spool_name(n, again);
	if (!str_eq(name, str_of(again)))
		return false;
	*number = n;
	return true;
}
