/* The first byte says how the rest is cut into pieces. The lines are those of the whole, within the bound. */
#include <assert.h>

#include "parsers/kubernetes/event_lines.h"

enum { MOST = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk { struct str rest; uint64_t too_long; };

/* The next line of the whole that is neither empty nor too long. */
static struct str next(struct walk *w)
{
	while (str_find(w->rest, '\n') < w->rest.n) {
		struct str line = str_cut(&w->rest, '\n');
		if (line.n > MOST) {
			w->too_long++;
			continue;
		}
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n)
			return line;
	}
	return (struct str){ 0 };
}

static bool take(void *ctx, struct str line)
{
	assert(line.n > 0 && str_eq(line, next(ctx)));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct str all = { (const char *)data + 1, size - 1 };
	size_t step = data[0] ? data[0] : 1;
	struct walk w = { .rest = all };
	struct event_lines l;
	event_lines_init(&l, MOST);
	for (size_t at = 0; at < all.n; at += step)
		assert(event_lines_feed(&l, str_take(str_skip(all, at), step), take, &w));
	assert(next(&w).n == 0);
	assert(l.skipped == w.too_long + (w.rest.n > MOST) && l.line.room <= MOST);
	event_lines_fini(&l);
	return 0;
}
