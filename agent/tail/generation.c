/* Reading always starts a few bytes before the first unread one: the frontier comes with the data for free, so a file that was
 * cut and grew past our offset is unmasked by the very read that would have gone wrong. */
#include "agent/tail/generation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "agent/tail/tail.h"
#include "parsers/bytes/hash.h"

enum { HOLE_BYTES = 4096 };
/* Packed logs of a lane that hold an inflate window; of them those that end in the middle. The blocks of bzip2 are as large as many of those,
 * also where it is a generation that is unpacked. */
enum { UNPACKING_MOST = 64, CUT_MOST = 32, BZ2_WEIGHT = 16 };
static const uint64_t NONE = UINT64_MAX;

struct generation *generation_new(struct source *source, size_t lanes, const char *name)
{
	struct generation *g = calloc(1, sizeof *g + lanes * sizeof g->cursors[0]);
	if (!g || !(g->name = strdup(name)))
		abort();
	g->source = source;
	g->number = ++source->generation_count;
	g->fd = -1;
	g->limit_bytes = UINT64_MAX;
	g->lanes = lanes;
	for (size_t i = 0; i < lanes; i++) {
		struct cursor *c = &g->cursors[i];
		c->generation = g;
		cursor_release(c);
	}
	return g;
}

static size_t *unpacking(const struct cursor *c)
{
	return &c->generation->source->folder->tail->unpacking[c - c->generation->cursors];
}

static size_t weight(const struct cursor *c)
{
	return c->generation->is_bz2 ? BZ2_WEIGHT : c->generation->source->is_packed;
}

static void close_gz(struct cursor *c)
{
	if (c->gz && weight(c))
		*unpacking(c) -= weight(c);
	gz_close(c->gz);
	c->gz = NULL;
}

static bool open_gz(struct cursor *c)
{
	c->gz = gz_open(c->generation->fd, c->generation->is_bz2);
	if (c->gz && weight(c))
		*unpacking(c) += weight(c);
	return c->gz != NULL;
}

void cursor_close(struct cursor *c)
{
	close_gz(c);
	free(c->left);
	c->left = NULL;
	c->left_bytes = 0;
}

bool cursor_must_wait(const struct cursor *c)
{
	return weight(c) && !c->gz && *unpacking(c) + weight(c) > UNPACKING_MOST;
}

void generation_free(struct generation *g)
{
	for (size_t i = 0; i < g->lanes; i++)
		cursor_close(&g->cursors[i]);
	os_close(g->fd);
	free(g->name);
	free(g);
}

enum charset_units generation_units(struct generation *g)
{
	char bytes[IDENTITY_HEAD_BYTES];
	const struct decoder *decoder = g->source->decoder;
	if (!decoder || g->are_units_known)
		return g->units;
	struct str head = { bytes, 0 };
	if (decoder_charset(decoder)->units == CHARSET_PAIRS_MARKED) {
		ssize_t got = g->is_gz ? 0 : os_pread(g->fd, bytes, 2, 0);
		head = g->is_gz ? folder_gz_head(g->fd, g->is_bz2, bytes) : (struct str){ bytes, got > 0 ? (size_t)got : 0 };
	}
	g->units = charset_resolve(decoder_charset(decoder)->units, head);
	g->are_units_known = head.n >= 2 || decoder_charset(decoder)->units != CHARSET_PAIRS_MARKED;
	return g->units;
}

void cursor_release(struct cursor *c)
{
	for (int i = 0; i < HELD_SLOTS; i++)
		c->held[i].offset = NONE;
}

struct frontier cursor_frontier(const struct cursor *c)
{
	const struct frontier *first = &c->last_read;
	for (int i = 0; i < HELD_SLOTS; i++)
		if (c->held[i].offset < first->offset)
			first = &c->held[i];
	return *first;
}

bool cursor_is_finished(const struct cursor *c)
{
	bool is_holding = false;
	for (int i = 0; i < HELD_SLOTS; i++)
		is_holding |= c->held[i].offset != NONE;
	return c->is_at_end && !c->has_tail && !c->marks && !is_holding;
}

bool generation_is_finished(const struct generation *g)
{
	if (g->error[0] && !g->is_abandoned) /* its cursors only look as if they were at the end */
		return false;
	for (size_t i = 0; i < g->lanes; i++)
		if (!cursor_is_finished(&g->cursors[i]))
			return false;
	return true;
}

bool generation_is_over(const struct generation *g)
{
	return (g->is_abandoned || !g->is_unsaved) && generation_is_finished(g);
}

void cursor_set_start(struct cursor *c, const struct frontier *at)
{
	c->start = c->read = c->marked = at->offset;
	c->acked = c->last_read = *at;
}

/* A run of NUL bytes at the front: a hole (copytruncate under a writer that does not append, moby/moby#40584) is stepped over
 * without reading it; NULs that are really there are dropped one buffer at a time. */
static size_t leading_nuls(const struct cursor *c, struct str data)
{
	static const char zeros[HOLE_BYTES];
	if (data.n < HOLE_BYTES || memcmp(data.p, zeros, HOLE_BYTES) != 0)
		return 0;
	int64_t next = c->generation->is_gz ? 0 : os_next_data(c->generation->fd, c->read);
	if (next > (int64_t)(c->read + data.n))
		return (size_t)((uint64_t)next - c->read);
	size_t n = HOLE_BYTES;
	while (n < data.n && data.p[n] == '\0')
		n++;
	return c->generation->units == CHARSET_BYTES ? n : n - (c->read + n) % 2; /* not half of a character */
}

static void step_over(struct cursor *c, size_t nuls, struct counters *counters)
{
	counters->nul_bytes_skipped += nuls;
	c->read += nuls;
	c->last_read = (struct frontier){ .offset = c->read };
	c->is_at_end = false;
}

/* At offset 0 no frontier can tell: the head as it was when the file was last looked at does. */
static bool is_other_head(const struct cursor *c, struct str data)
{
	const struct identity *id = &c->generation->identity;
	return c->read == 0 && id->head_bytes && !identity_head_matches(id, data);
}

/* A position is worth nothing without the head that the file is told by: it is taken from the very bytes that are read. */
static void learn_head(struct cursor *c, struct str data)
{
	struct identity *id = &c->generation->identity;
	struct str head = str_take(data, IDENTITY_HEAD_BYTES);
	if (c->read || head.n <= id->head_bytes)
		return;
	source_note_unsaved(c->generation);
	id->head_bytes = (uint32_t)head.n;
	id->head_hash = hash_bytes(head);
}

/* The file ends before the place that was read up to. Behind a hole there are no bytes that would tell. */
static bool is_shorter(const struct cursor *c)
{
	struct os_file st;
	return c->read > 0 && os_stat_fd(c->generation->fd, &st) >= 0 && st.size_bytes < c->read;
}

static int fetch_plain(struct cursor *c, char *to, size_t room, struct str *data, struct counters *counters)
{
	for (int holes = 0;; holes++) {
		uint32_t before = c->last_read.bytes;
		ssize_t got = os_pread(c->generation->fd, to, room, c->read - before);
		if (got < 0)
			return (int)got;
		if (got < (ssize_t)before || !frontier_matches(&c->last_read, (struct str){ to, before }))
			return -ESTALE;
		if (got == 0 && is_shorter(c))
			return -ESTALE;
		*data = (struct str){ to + before, (size_t)got - before };
		if (is_other_head(c, *data))
			return -ESTALE;
		learn_head(c, *data);
		size_t nuls = leading_nuls(c, *data);
		if (nuls == 0)
			break;
		step_over(c, nuls, counters);
		*data = (struct str){ to, 0 };
		if (holes)
			return -EAGAIN;
	}
	c->is_at_end = data->n < room - IDENTITY_FRONTIER_BYTES;
	uint64_t limit = c->generation->limit_bytes;
	if (c->read + data->n >= limit) {
		data->n = limit > c->read ? (size_t)(limit - c->read) : 0;
		c->is_at_end = true;
	}
	return data->n > 0;
}

/* Inflates and throws away until the saved offset; true when there. A few MiB a turn, so that nobody waits for it. */
static int skip_to_start(struct cursor *c, char *scratch, size_t room)
{
	uint64_t todo = c->read - gz_offset(c->gz);
	for (int i = 0; i < 16 && todo; i++) {
		size_t n = todo < room ? (size_t)todo : room;
		ssize_t got = gz_read(c->gz, scratch, n);
		if (got < 0)
			return (int)got;
		if (got == 0)
			return -ESTALE;
		todo -= (size_t)got;
		struct str last = { scratch, (size_t)got };
		if (todo == 0 && last.n >= c->last_read.bytes && !frontier_matches(&c->last_read, last))
			return -ESTALE;
	}
	return todo ? -EAGAIN : 0;
}

/* Inflated bytes that were not used: the next fetch begins with them. */
static void keep(struct cursor *c, struct str rest)
{
	c->left_bytes = rest.n;
	c->left = malloc(rest.n);
	if (!c->left)
		abort();
	memcpy(c->left, rest.p, rest.n);
}

/* A packed log ends in the middle: it is still being written, or was left so. What is missing is waited for, in a few logs at a time. */
static int wait_for_rest(struct cursor *c, struct str *data)
{
	struct generation *g = c->generation;
	if (!g->source->is_packed)
		return -EBADMSG;
	if (*unpacking(c) > CUT_MOST) /* others need the room: it is unpacked anew when it has grown */
		close_gz(c);
	if (!g->is_cut)
		LOG_INFO("%s: ends in the middle; it is read on when it grows", g->source->path);
	g->is_cut = c->is_at_end = true;
	return data->n > 0;
}

/* Of a packed log what comes before the damage is read; of a generation that is damaged nothing more: what it was is not known any more. */
static ssize_t unpack(struct cursor *c, char *to, size_t n)
{
	size_t done = 0;
	ssize_t got = 1;
	bool is_packed = c->generation->source->is_packed;
	while (done < n && got > 0 && !(is_packed && done)) {
		got = gz_read(c->gz, to + done, n - done);
		done += got > 0 ? (size_t)got : 0;
	}
	return got < 0 && !(got == -EAGAIN && done) ? got : (ssize_t)done;
}

static int fetch_gz(struct cursor *c, char *to, size_t room, struct str *data, struct counters *counters)
{
	if (!c->gz) {
		free(c->left); /* of before it was closed: that comes again */
		c->left = NULL;
		c->left_bytes = 0;
		if (!open_gz(c))
			return -ENOMEM;
	}
	gz_set_fd(c->gz, c->generation->fd);
	if (gz_offset(c->gz) < c->read) {
		int result = skip_to_start(c, to, room);
		if (result < 0)
			return result == -ENODATA ? wait_for_rest(c, data) : result;
	}
	/* What is left may be of a larger turn, which had to find the end of a long line: then it is enough. */
	size_t have = c->left_bytes, want = room - IDENTITY_FRONTIER_BYTES;
	if (have)
		memcpy(to, c->left, have);
	free(c->left);
	c->left = NULL;
	c->left_bytes = 0;
	ssize_t got = have < want ? unpack(c, to + have, want - have) : 0;
	*data = (struct str){ to, have + (got > 0 ? (size_t)got : 0) };
	if (got == -ENODATA)
		return wait_for_rest(c, data);
	if (got == -EAGAIN && have)
		keep(c, *data);
	if (got < 0)
		return (int)got;
	c->generation->is_cut = false;
	if (c->generation->source->is_packed)
		learn_head(c, *data);
	size_t nuls = leading_nuls(c, *data); /* a hole was compressed along */
	if (nuls) {
		step_over(c, nuls, counters);
		if (data->n > nuls)
			keep(c, str_skip(*data, nuls));
		*data = (struct str){ to, 0 };
		return -EAGAIN;
	}
	c->is_at_end = data->n < want && gz_is_at_end(c->gz);
	return data->n > 0;
}

int cursor_fetch(struct cursor *c, char *to, size_t room, struct str *data, struct counters *counters)
{
	*data = (struct str){ to, 0 };
	return c->generation->is_gz ? fetch_gz(c, to, room, data, counters) : fetch_plain(c, to, room, data, counters);
}

/* Read further than the file reached at the last look. Without this a cut back to that size would not show; and since now the next look finds
 * nothing new, it is said to the other lanes here. */
static void grow(struct generation *g, const struct cursor *by)
{
	g->size_bytes = by->read;
	for (size_t lane = 0; lane < g->lanes; lane++)
		if (&g->cursors[lane] != by)
			g->cursors[lane].is_at_end = g->is_abandoned;
}

void cursor_consume(struct cursor *c, struct str data, size_t n, bool is_eof)
{
	struct generation *g = c->generation;
	c->read += n;
	if (!g->is_gz && c->read > g->size_bytes)
		grow(g, c);
	/* The bytes before `read` are in data, unless next to nothing was used: then the old frontier is extended by them. */
	if (n >= IDENTITY_FRONTIER_BYTES || (n > 0 && c->generation->is_gz))
		c->last_read = frontier_of(c->read, str_take(data, n));
	else if (n > 0) /* data.p is preceded in the buffer by the frontier bytes that were read along */
		c->last_read = frontier_of(c->read, (struct str){ data.p - c->last_read.bytes, c->last_read.bytes + n });
	c->has_tail = is_eof && n < data.n && c->generation->limit_bytes == UINT64_MAX; /* the rest of the line may come to who reads it later */
	if (c->generation->is_gz && n == data.n && c->is_at_end) { /* the inflate window has done its work */
		close_gz(c);
	}
	if (c->generation->is_gz && n < data.n)
		keep(c, str_skip(data, n));
}
