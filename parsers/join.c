/* A buffer that grows to the limit and a few facts about the message in it. It keeps its memory between small messages, because
 * who splits once splits often, but not that of large ones: a node has thousands of streams. */
#include "parsers/join.h"

#include <stdlib.h>

#include "parsers/bytes/utf8.h"

enum { KEPT_BYTES = 16384, CHARACTER_BYTES = 4 };

struct join *join_new(void)
{
	struct join *j = calloc(1, sizeof *j);
	if (!j)
		abort();
	return j;
}

void join_free(struct join *j)
{
	if (j)
		buf_fini(&j->piece);
	free(j);
}

/* How much of text fits into room bytes, in whole characters (bytes that are no UTF-8 are cut anywhere). */
static size_t fitting(struct str text, size_t room)
{
	size_t n = utf8_floor(text, room);
	return text.n <= room ? text.n : room - n < CHARACTER_BYTES ? n : room;
}

static void append(struct join *j, struct str text, size_t limit_bytes)
{
	size_t room = limit_bytes > j->piece.n ? limit_bytes - j->piece.n : 0;
	size_t n = j->is_over ? 0 : fitting(text, room), before = j->piece.n;
	j->piece.cap_bytes = limit_bytes;
	if (n)
		buf_append(&j->piece, text.p, n);
	j->dropped_bytes += text.n - (j->piece.n - before);
	j->is_over = j->dropped_bytes > 0;
}

bool join_add(struct join *j, const struct runtime_line *piece, size_t limit_bytes)
{
	if (!j->is_open) {
		buf_reset(&j->piece);
		j->dropped_bytes = 0;
		j->is_over = false;
		j->is_open = true;
	}
	append(j, piece->message, limit_bytes);
	j->timestamp_ns = piece->timestamp_ns;
	return !piece->is_partial;
}

bool join_take(struct join *j, struct str *line, int64_t *timestamp_ns)
{
	if (!j->is_open)
		return false;
	j->is_open = false;
	*line = buf_view(&j->piece);
	*timestamp_ns = j->timestamp_ns;
	return true;
}

void join_reset(struct join *j)
{
	struct buf piece = j->piece;
	if (piece.room > KEPT_BYTES)
		buf_fini(&piece);
	buf_reset(&piece);
	*j = (struct join){ .piece = piece };
}
