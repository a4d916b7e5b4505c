/* The bytes of the spool's files. All integers are little-endian.
 *
 *   segment   0 "SPOORSM1"   8 number   16 sequence of the first sample   24 zero   28 CRC-32 of bytes 0..27   then frames
 *   frame     0 length of the payload   4 samples in it   8 CRC-32 of the payload   12 CRC-32 of bytes 0..11, of the segment's
 *             number and of the frame's offset, so that bytes from elsewhere are not taken for a frame   16 payload
 *   acked     two slots of 4096 bytes, each: 0 "SPOORAK1"   8 generation   16 count   24 rows   then CRC-32 of all before;
 *             row: hash of the name, segment, offset, sequence, samples known to be lost behind it, 8 bytes each */
#ifndef AGENT_SPOOL_SPOOL_FORMAT_H
#define AGENT_SPOOL_SPOOL_FORMAT_H

#include "agent/spool/spool.h"

enum {
	SPOOL_SEGMENT_HEAD = 32,
	SPOOL_FRAME_HEAD = 16,
	SPOOL_SLOT_BYTES = 4096,
	SPOOL_SLOTS = 2,
	SPOOL_NAME_ROOM = 32
};

struct spool_segment_head { uint64_t number, sequence; };
struct spool_frame_head { uint32_t length, samples, payload_crc; };
struct spool_row { uint64_t name_hash, segment, offset, sequence, shed_ahead; };
struct spool_acked {
	uint64_t generation; /* 0: there was no good slot */
	size_t count;
	struct spool_row rows[SPOOL_DESTINATIONS_MAX];
};

void spool_segment_head_write(const struct spool_segment_head *h, char to[SPOOL_SEGMENT_HEAD]);
bool spool_segment_head_read(struct str bytes, struct spool_segment_head *out);

/* Head of a frame at `offset` of segment `number`. */
void spool_frame_head_write(struct str payload, uint32_t samples, uint64_t number, uint64_t offset, char to[SPOOL_FRAME_HEAD]);
/* false: there is no frame here. The payload may still be damaged. */
bool spool_frame_head_read(struct str bytes, uint64_t number, uint64_t offset, struct spool_frame_head *out);
bool spool_payload_is_good(const struct spool_frame_head *h, struct str payload);

/* One slot, to be written at acked->generation % SPOOL_SLOTS * SPOOL_SLOT_BYTES; returns its length. */
size_t spool_acked_write(const struct spool_acked *acked, char to[SPOOL_SLOT_BYTES]);
/* The newer one of the slots that are whole. */
void spool_acked_read(struct str file, struct spool_acked *out);

/* "0000000000000001.samples"; names that are written in another way are not ours. */
void spool_name(uint64_t number, char to[SPOOL_NAME_ROOM]);
bool spool_name_read(struct str name, uint64_t *number);

#endif
