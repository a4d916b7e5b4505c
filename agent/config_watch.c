/* One small file read every few seconds. When its hash is new, a second look half a second later must find the same, so that a file
 * which somebody writes in two steps is judged once, and whole. */
#include "agent/config_watch.h"

#include "agent/os.h"
#include "config/load.h"
#include "parsers/bytes/hash.h"

static const int64_t SETTLE_NS = 500 * 1000000;

static void look(void *ctx)
{
	struct config_watch *w = ctx;
	struct buf text;
	int64_t wait_ns = w->interval_ns;
	buf_init(&text, CONFIG_MOST_BYTES + 1);
	uint64_t hash = os_read_file(w->path, CONFIG_MOST_BYTES, &text) < 0 ? w->judged : hash_bytes(buf_view(&text));
	buf_fini(&text);
	bool is_settled = hash == w->seen;
	w->seen = hash;
	if (hash != w->judged && !is_settled)
		wait_ns = SETTLE_NS < w->interval_ns ? SETTLE_NS : w->interval_ns;
	loop_arm(w->loop, &w->timer, loop_now_ns(w->loop) + wait_ns, look, w);
	if (hash == w->judged || !is_settled)
		return;
	w->judged = hash;
	w->changed(w->ctx, hash);
}

void config_watch_start(struct config_watch *w, struct loop *loop, const char *path, int64_t interval_ns, uint64_t hash)
{
	w->loop = loop;
	w->path = path;
	w->interval_ns = interval_ns;
	w->judged = w->seen = hash;
	loop_arm(loop, &w->timer, loop_now_ns(loop) + interval_ns, look, w);
}

void config_watch_stop(struct config_watch *w)
{
	if (w->loop)
		loop_disarm(w->loop, &w->timer);
	w->loop = NULL;
}
