/* Watch numbers are small and handed out in order, so a table by number is the whole index. A number may be reported once more
 * after its removal (events already queued): its owner is NULL then and the event is dropped. */
#include "agent/tail/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
	EVENTS = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
		 IN_DONT_FOLLOW | IN_EXCL_UNLINK
};
enum { READ_BYTES = 64 << 10 };

struct watch {
	int fd;
	void **owners; /* by watch number */
	size_t room;
	uint64_t count;
	_Alignas(struct inotify_event) char bytes[READ_BYTES];
};

struct watch *watch_new(void)
{
	struct watch *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0) {
		int error = errno;
		free(w);
		errno = error;
		return NULL;
	}
	return w;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	close(w->fd);
	free(w->owners);
	free(w);
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

uint64_t watch_count(const struct watch *w)
{
	return w->count;
}

int watch_add(struct watch *w, const char *path, void *owner)
{
	return watch_writes(w, path, owner, true);
}

int watch_writes(struct watch *w, const char *path, void *owner, bool is_wanted)
{
	/* The same directory again replaces the mask of its watch and keeps the number. */
	int number = inotify_add_watch(w->fd, path, is_wanted ? EVENTS | IN_MODIFY : EVENTS);
	if (number < 0)
		return -errno;
	if ((size_t)number >= w->room) {
		size_t room = w->room ? w->room : 64;
		while (room <= (size_t)number)
			room *= 2;
		void **owners = realloc(w->owners, room * sizeof *owners);
		if (!owners)
			abort();
		for (size_t i = w->room; i < room; i++)
			owners[i] = NULL;
		w->owners = owners;
		w->room = room;
	}
	w->count += w->owners[number] == NULL;
	w->owners[number] = owner;
	return number;
}

static void forget(struct watch *w, int number)
{
	if (number > 0 && (size_t)number < w->room && w->owners[number]) {
		w->owners[number] = NULL;
		w->count--;
	}
}

void watch_remove(struct watch *w, int number)
{
	if (number <= 0)
		return;
	inotify_rm_watch(w->fd, number);
	forget(w, number);
}

static void report(struct watch *w, const struct inotify_event *e, void (*fn)(void *, const struct watch_event *), void *ctx)
{
	void *owner = e->wd > 0 && (size_t)e->wd < w->room ? w->owners[e->wd] : NULL;
	if (!owner)
		return;
	struct watch_event event = { .owner = owner, .change = WATCH_LISTING, .name = e->len ? e->name : "" };
	if (e->mask & (IN_IGNORED | IN_DELETE_SELF | IN_UNMOUNT | IN_MOVE_SELF)) {
		if (e->mask & IN_MOVE_SELF)
			inotify_rm_watch(w->fd, e->wd);
		event.change = WATCH_GONE;
		forget(w, e->wd);
	} else if (e->mask & IN_MODIFY) {
		event.change = WATCH_WRITTEN;
	} else if (e->mask & IN_ATTRIB && e->len == 0) {
		return; /* of the directory itself: nothing to read came of it */
	}
	fn(ctx, &event);
}

bool watch_drain(struct watch *w, void (*fn)(void *ctx, const struct watch_event *event), void *ctx)
{
	bool has_overflowed = false;
	for (;;) {
		ssize_t got = read(w->fd, w->bytes, sizeof w->bytes);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return has_overflowed;
		const struct inotify_event *e;
		for (ssize_t at = 0; at < got; at += (ssize_t)(sizeof *e + e->len)) {
			e = (const struct inotify_event *)(const void *)(w->bytes + at);
			if (e->mask & IN_Q_OVERFLOW)
				has_overflowed = true;
			else
				report(w, e, fn, ctx);
		}
	}
}
