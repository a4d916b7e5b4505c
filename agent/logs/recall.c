/* A part of the file is read once more, line by line, into nothing but the memory. What cannot be read is not learnt: then a line may go
 * without its id, and no line is lost for it. */
#include "agent/logs/recall.h"

#include "agent/os.h"
#include "parsers/cri.h"
#include "parsers/dockerjson.h"

struct learner {
	const struct recall *r;
	bool in_pieces[2]; /* a line of stdout or stderr has begun that is not whole */
	int64_t last_ns;
	enum charset_units units;
};

static bool parse_as(const struct recall *r, int format, struct str line, struct runtime_line *out)
{
	if (format == FORMAT_CRI)
		return cri_parse(line, out);
	buf_reset(r->unescaped);
	return format == FORMAT_DOCKER && dockerjson_parse(line, r->unescaped, out);
}

static bool unwrap(const struct recall *r, struct str line, struct runtime_line *out)
{
	if (r->format == FORMAT_AUTO)
		return parse_as(r, FORMAT_CRI, line, out) || parse_as(r, FORMAT_DOCKER, line, out);
	return parse_as(r, r->format, line, out);
}

static void learn(struct learner *l, struct str text, bool is_long, uint64_t at)
{
	struct runtime_line piece = { .message = text, .timestamp_ns = l->last_ns };
	struct memory_line line = { .at = at, .was_joined = is_long };
	bool is_framed = unwrap(l->r, text, &piece);
	if (is_framed && (piece.is_partial || l->in_pieces[piece.is_stderr])) {
		line.was_joined = true;
		l->in_pieces[piece.is_stderr] = piece.is_partial;
		if (piece.is_partial)
			return;
	}
	l->last_ns = piece.timestamp_ns;
	line.timestamp_ns = l->r->format == FORMAT_RAW ? 0 : piece.timestamp_ns;
	line.is_stderr = is_framed && piece.is_stderr;
	if (piece.message.n && piece.message.p[piece.message.n - 1] == '\r')
		piece.message.n--;
	struct record record = { .line = piece.message, .level = line_trace_level(l->r->asks, piece.message) };
	enum level level;
	line_trace_find(l->r->rules, l->r->asks, l->r->memory, &line, &record, &level);
}

/* What a power loss or copytruncate leaves in front of a line is no part of it. */
static void learn_line(struct learner *l, struct str line, uint64_t at)
{
	size_t nuls = 0;
	bool is_long = line.n > RECALL_LINE_MOST;
	if (l->r->decoder)
		line = decoder_line(l->r->decoder, l->units, line, l->r->room);
	while (l->r->format != FORMAT_RAW && nuls < line.n && line.p[nuls] == '\0')
		nuls++;
	if (nuls == 0 || nuls < line.n)
		learn(l, str_skip(line, nuls), is_long, l->r->decoder ? at : at + nuls);
}

/* Returns the bytes of whole lines at the front of what was read. Without any it is all of it: a line that is too long. */
static size_t learn_lines(struct learner *l, struct str data, uint64_t at, bool *is_inside)
{
	size_t used = 0, n;
	for (struct str rest = data; (n = charset_feed(l->units, rest, at + used)) < rest.n; rest = str_skip(data, used)) {
		if (!*is_inside)
			learn_line(l, str_take(rest, n), at + used);
		*is_inside = false;
		used += n + charset_feed_bytes(l->units);
	}
	if (used)
		return used;
	if (!*is_inside)
		learn_line(l, data, at);
	*is_inside = true;
	return data.n;
}

void recall_before(const struct recall *r, const struct cursor *c)
{
	struct learner l = { .r = r, .units = c->generation->units };
	uint64_t at = c->read > TRACE_MEMORY_LEARN_BYTES ? c->read - TRACE_MEMORY_LEARN_BYTES - 1 : 0; /* the line feed before it, too */
	bool is_inside = at > 0;
	if (c->generation->is_gz)
		return;
	while (at < c->read) {
		size_t most = c->read - at < RECALL_ROOM ? (size_t)(c->read - at) : RECALL_ROOM;
		ssize_t got = os_pread(c->generation->fd, r->bytes, most, at);
		if (got <= 0)
			return;
		at += learn_lines(&l, (struct str){ r->bytes, (size_t)got }, at, &is_inside);
	}
}
