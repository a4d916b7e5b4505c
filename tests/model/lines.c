/* What a line that comes out is made of: pieces of the world's tables, found by their text. Included by the model, before life.c. */
#include <stdlib.h>
#include <string.h>

#include "parsers/bytes/str.h"
#include "tests/model/world.h"

/* Does line end with piece p, with the pieces of its message before it? The first of them, or NONE. Something else may stand in
 * front of a whole message where an earlier one was severed; and a piece may be missing in the middle that stood in a file which came and
 * went between two looks. */
static int first_piece(const struct world *w, int last, struct str line)
{
	bool is_severed = w->logs[w->pieces[last].log].is_severed[w->pieces[last].is_stderr];
	for (int p = last;; p = w->pieces[p].previous) {
		const struct piece *piece = &w->pieces[p];
		bool is_there = line.n >= piece->n && memcmp(line.p + line.n - piece->n, piece->text, piece->n) == 0;
		if (!is_there && (p == last || !w->files[piece->file].went_unseen))
			return NONE;
		line.n -= is_there ? piece->n : 0;
		if (line.n == 0)
			return p;
		if (piece->previous == NONE)
			return is_severed ? p : NONE;
	}
}

/* The last piece of a message that begins with piece p. */
static int last_piece(const struct world *w, int p, struct str line)
{
	for (size_t done = w->pieces[p].n; done < line.n; done += w->pieces[p].n) {
		int next = p + 1;
		while (next < w->piece_count && w->pieces[next].previous != p)
			next++;
		if (next == w->piece_count)
			return p;
		p = next;
	}
	return p;
}

/* As the stage sees it. */
static bool is_head(struct str line)
{
	size_t n = 0;
	while (n < line.n && line.p[n] >= '0' && line.p[n] <= '9')
		n++;
	return n && n < line.n && line.p[n] == ':' && (line.p[n - 1] - '0') % 5 == 0;
}

/* The piece that a line begins with, by its number; of one that was torn there may be less than that. */
static int begins_with(const struct world *w, int log, int stream, struct str line)
{
	int id = line.n ? (int)strtol(line.p, NULL, 10) : NONE;
	if (id >= 0 && id < w->piece_count && !w->pieces[id].is_torn && memchr(line.p, ':', line.n))
		return id;
	for (id = 0; id < w->piece_count; id++) {
		const struct piece *p = &w->pieces[id];
		if (p->is_torn && p->log == log && p->is_stderr == stream && str_eq(line, (struct str){ p->text, p->n }))
			return id;
	}
	return NONE;
}
