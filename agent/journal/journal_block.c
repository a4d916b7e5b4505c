/* A line is a head of fixed size, its labels (lengths and bytes, sorted by name, so that equal sets are equal bytes), its text. */
#include "agent/journal/journal_block.h"

#include <stdlib.h>

enum { LENGTHS_BYTES = 8, HEAD_ROOM = 256 };

struct head {
	int64_t timestamp_ns;
	uint32_t key_bytes, text_bytes;
	uint16_t level, was_cut;
};

void journal_block_init(struct journal_block *b, size_t line_max)
{
	*b = (struct journal_block){ 0 };
	buf_init(&b->bytes, JOURNAL_BLOCK_BYTES + line_max + JOURNAL_LABELS_MAX_BYTES + HEAD_ROOM);
}

void journal_block_fini(struct journal_block *b)
{
	buf_fini(&b->bytes);
}

void journal_block_reset(struct journal_block *b)
{
	struct journal_block empty = { .bytes = b->bytes };
	memcpy(empty.problem, b->problem, sizeof empty.problem);
	*b = empty;
	buf_reset(&b->bytes);
}

uint64_t journal_block_entries(const struct journal_block *b)
{
	uint64_t n = b->lines;
	for (size_t i = 0; i < JOURNAL_DROPS; i++)
		n += b->dropped[i];
	return n;
}

static void put_length(struct buf *out, size_t n)
{
	uint32_t length = (uint32_t)n;
	buf_append(out, &length, sizeof length);
}

static size_t key_size(const struct labels *labels)
{
	size_t n = 0;
	for (size_t i = 0; i < labels->count; i++)
		n += LENGTHS_BYTES + labels->at[i].name.n + labels->at[i].value.n;
	return n;
}

void journal_block_add(struct journal_block *b, const struct journal_line *line, const struct labels *labels)
{
	struct head head = { .timestamp_ns = line->timestamp_ns, .text_bytes = (uint32_t)line->text.n, .level = (uint16_t)line->level,
			     .was_cut = line->was_cut };
	size_t key_bytes = key_size(labels);
	if (key_bytes > JOURNAL_LABELS_MAX_BYTES) {
		b->dropped[JOURNAL_DROP_BAD_LABELS]++;
		return;
	}
	head.key_bytes = (uint32_t)key_bytes;
	buf_append(&b->bytes, &head, sizeof head);
	for (size_t i = 0; i < labels->count; i++) {
		put_length(&b->bytes, labels->at[i].name.n);
		put_length(&b->bytes, labels->at[i].value.n);
		buf_str(&b->bytes, labels->at[i].name);
		buf_str(&b->bytes, labels->at[i].value);
	}
	buf_str(&b->bytes, line->text);
	if (b->bytes.is_full) /* the caller has not asked whether it is large enough */
		abort();
	b->lines++;
}

bool journal_block_next(struct journal_block *b, struct journal_line *out)
{
	struct head head;
	if (b->at >= b->bytes.n)
		return false;
	memcpy(&head, b->bytes.p + b->at, sizeof head);
	const char *p = b->bytes.p + b->at + sizeof head;
	*out = (struct journal_line){ .timestamp_ns = head.timestamp_ns, .key = { p, head.key_bytes }, .text = { p + head.key_bytes, head.text_bytes },
				      .level = (enum level)head.level, .was_cut = head.was_cut };
	b->at += sizeof head + head.key_bytes + head.text_bytes;
	return true;
}

bool journal_block_label(struct str *key, struct label *out)
{
	uint32_t lengths[2];
	if (key->n < LENGTHS_BYTES)
		return false;
	memcpy(lengths, key->p, sizeof lengths);
	out->name = str_take(str_skip(*key, LENGTHS_BYTES), lengths[0]);
	out->value = str_take(str_skip(*key, LENGTHS_BYTES + lengths[0]), lengths[1]);
	*key = str_skip(*key, LENGTHS_BYTES + (size_t)lengths[0] + lengths[1]);
	return true;
}
