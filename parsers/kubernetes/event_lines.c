/* A line that lies in one piece is handed out where it lies; only what goes from piece to piece is gathered. */
#include "parsers/kubernetes/event_lines.h"

void event_lines_init(struct event_lines *l, size_t most_bytes)
{
	*l = (struct event_lines){ 0 };
	buf_init(&l->line, most_bytes);
}

static void end_skipping(struct event_lines *l)
{
	l->is_skipping = false;
	l->skipping_bytes = 0;
}

void event_lines_fini(struct event_lines *l)
{
	buf_fini(&l->line);
	end_skipping(l);
}

void event_lines_reset(struct event_lines *l)
{
	event_lines_fini(l);
}

static void skip(struct event_lines *l)
{
	l->skipped += !l->is_skipping;
	l->is_skipping = true;
	buf_fini(&l->line);
}

static void gather(struct event_lines *l, struct str part)
{
	if (!l->is_skipping)
		buf_str(&l->line, part);
	if (l->line.is_full)
		skip(l);
	if (l->is_skipping)
		l->skipping_bytes += part.n;
}

static bool give(struct str line, bool (*take)(void *ctx, struct str line), void *ctx)
{
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line.n == 0 || take(ctx, line);
}

/* The line that ends with `part`. */
static bool end_line(struct event_lines *l, struct str part, bool (*take)(void *ctx, struct str line), void *ctx)
{
	bool goes_on = true;
	if (l->line.n == 0 && !l->is_skipping && part.n <= l->line.cap_bytes)
		return give(part, take, ctx);
	gather(l, part);
	if (!l->is_skipping)
		goes_on = give(buf_view(&l->line), take, ctx);
	end_skipping(l);
	buf_reset(&l->line);
	return goes_on;
}

bool event_lines_feed(struct event_lines *l, struct str piece, bool (*take)(void *ctx, struct str line), void *ctx)
{
	while (piece.n) {
		size_t end = str_find(piece, '\n');
		if (end == piece.n) {
			gather(l, piece);
			return true;
		}
		if (!end_line(l, str_take(piece, end), take, ctx))
			return false;
		piece = str_skip(piece, end + 1);
	}
	return true;
}
