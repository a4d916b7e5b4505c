/* Finds folders that hold logs: the kubelet's tree (three known levels, grammar checked), the directories that glob patterns
 * reach, and the one kind of link that is followed: from a wanted name to a file below an allowed root. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/tail/pod_gate.h"
#include "agent/tail/pod_wants.h"
#include "agent/tail/tail.h"
#include "agent/tail/targets.h"
#include "parsers/glob.h"
#include "parsers/kubernetes/podpath.h"

enum { PATH_ROOM = 4096, WALK_DEPTH = 16, WALK_FOLDERS = 20000, LINK_HOPS = 4 };

struct pod_dir {
	int watch;
	bool was_seen;
	char path[];
};

/* The directory at path may be another one than *fd by now: removed and made anew, moved away, mounted over. Then *fd is that one. */
static bool renew_root(const char *path, int *fd)
{
	struct os_file before, now;
	int fresh = os_open_root(path);
	bool is_same = fresh >= 0 && os_stat_fd(*fd, &before) >= 0 && os_stat_fd(fresh, &now) >= 0 && before.dev == now.dev && before.ino == now.ino &&
		       before.birth_ns == now.birth_ns;
	if (fresh < 0 || is_same) {
		os_close(fresh);
		return false;
	}
	os_close(*fd);
	*fd = fresh;
	return true;
}

/* A folder's own directory, at its path. */
static void renew_folder(struct tail *t, struct folder *f)
{
	if (f->owns_root_fd && renew_root(f->path, &f->root_fd)) {
		if (f->watch > 0 && t->watch)
			watch_remove(t->watch, f->watch);
		f->watch = 0;
		f->needs_scan = true;
	}
	f->needs_scan |= f->is_gone; /* perhaps it is there again */
}

/* ---- pods ---- */

struct pod_walk {
	struct tail *tail;
	const char *pod; /* directory name below the pods root */
};

static struct folder *pod_folder(struct tail *t, const char *pod, const char *container)
{
	char path[PATH_ROOM];
	struct podpath names;
	if (snprintf(path, sizeof path, "%s/%s/%s", t->o.pods_path, pod, container) >= (int)sizeof path)
		return NULL;
	struct folder *f = tail_folder(t, path, false);
	if (f || !podpath_directory(str_of(pod), &names))
		return f;
	f = tail_folder(t, path, true);
	f->is_pod = true;
	f->root_fd = t->pods_fd;
	f->relative = strdup(f->path + strlen(t->o.pods_path) + 1);
	/* Views into the folder's own path instead of the caller's name. */
	const char *at = f->relative;
	f->namespace_ = (struct str){ at, names.namespace_.n };
	f->pod = (struct str){ at + names.namespace_.n + 1, names.pod.n };
	f->uid = (struct str){ f->pod.p + names.pod.n + 1, names.uid.n };
	f->container = str_of(strrchr(at, '/') + 1);
	pod_gate_make(f);
	pod_wants_make(f);
	targets_of_new_pod(f);
	return f;
}

static bool on_container(void *ctx, const char *name, unsigned char d_type)
{
	struct pod_walk *walk = ctx;
	struct tail *t = walk->tail;
	if (d_type != DT_DIR && d_type != DT_UNKNOWN)
		return true;
	if (!podpath_container(str_of(name))) {
		char path[PATH_ROOM];
		snprintf(path, sizeof path, "%s/%s/%s", t->o.pods_path, walk->pod, name);
		tail_refuse(t, path, "not a container name that a kubelet would make; nothing in it is read");
		return true;
	}
	struct folder *f = pod_folder(t, walk->pod, name);
	if (f) {
		f->was_seen = true;
		renew_folder(t, f);
	}
	return true;
}

void discover_pod(struct tail *t, const char *name)
{
	char path[PATH_ROOM];
	struct podpath names;
	if (snprintf(path, sizeof path, "%s/%s", t->o.pods_path, name) >= (int)sizeof path)
		return;
	if (!podpath_directory(str_of(name), &names)) {
		tail_refuse(t, path, "not a name of the form <namespace>_<pod>_<uid>; nothing in it is read");
		return;
	}
	struct pod_dir *dir = map_get(&t->pod_watches, str_of(path));
	if (!dir) {
		size_t n = strlen(path) + 1;
		dir = calloc(1, sizeof *dir + n);
		if (!dir)
			abort();
		memcpy(dir->path, path, n);
		map_put(&t->pod_watches, str_of(dir->path), dir);
	}
	dir->was_seen = true;
	/* Watch first, list second: what is made in between is seen by one of the two. Of the same directory it is the same watch; of one that was
	 * made anew under its name another. */
	int watch = t->watch ? watch_add(t->watch, path, t) : 0;
	if (t->watch && dir->watch > 0 && dir->watch != watch)
		watch_remove(t->watch, dir->watch);
	dir->watch = watch;
	struct pod_walk walk = { t, name };
	os_list(t->pods_fd, name, on_container, &walk);
}

static bool on_pod(void *ctx, const char *name, unsigned char d_type)
{
	if (d_type == DT_DIR || d_type == DT_UNKNOWN)
		discover_pod(ctx, name);
	return true;
}

static void forget_pod_dirs(struct tail *t)
{
	for (size_t i = 0; i < t->pod_watches.room;) {
		struct pod_dir *dir = t->pod_watches.slots[i].value;
		if (!dir || dir->was_seen) {
			i++;
			continue;
		}
		map_remove(&t->pod_watches, str_of(dir->path)); /* pulls another entry into slot i */
		if (t->watch)
			watch_remove(t->watch, dir->watch);
		free(dir);
	}
}

/* The pods root is not there yet: a node that has not run a pod so far. Its parent tells when it comes. */
static void watch_parent(struct tail *t)
{
	char path[PATH_ROOM];
	const char *slash = strrchr(t->o.pods_path, '/');
	if (!t->watch || !slash || slash == t->o.pods_path)
		return;
	snprintf(path, sizeof path, "%.*s", (int)(slash - t->o.pods_path), t->o.pods_path);
	watch_add(t->watch, path, t);
}

static void discover_pods(struct tail *t)
{
	if (!t->jobs.wants_pods)
		return;
	if (renew_root(t->o.pods_path, &t->pods_fd)) {
		for (struct folder *f = t->folders; f; f = f->next)
			f->root_fd = f->is_pod && !f->owns_root_fd ? t->pods_fd : f->root_fd;
		if (t->watch)
			watch_add(t->watch, t->o.pods_path, t);
	}
	if (t->pods_fd < 0) {
		watch_parent(t);
		return;
	}
	for (size_t i = 0; i < t->pod_watches.room; i++)
		if (t->pod_watches.slots[i].value)
			((struct pod_dir *)t->pod_watches.slots[i].value)->was_seen = false;
	if (os_list(t->pods_fd, "", on_pod, t) >= 0)
		forget_pod_dirs(t);
	else
		watch_parent(t); /* the root itself was removed: the one that is made anew is taken when it is there */
}

/* ---- patterns ---- */

struct glob_walk {
	struct tail *tail;
	const struct want *want;
	char path[PATH_ROOM];
	char **todo; /* directories still to look into */
	size_t todo_count, todo_room;
	int root_fd;
};

static void push(struct glob_walk *walk, const char *folder, const char *name)
{
	char path[PATH_ROOM];
	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path || walk->todo_count >= WALK_FOLDERS)
		return;
	if (walk->todo_count == walk->todo_room) {
		walk->todo_room = walk->todo_room ? walk->todo_room * 2 : 16;
		walk->todo = realloc(walk->todo, walk->todo_room * sizeof *walk->todo);
		if (!walk->todo)
			abort();
	}
	walk->todo[walk->todo_count] = strdup(path);
	if (!walk->todo[walk->todo_count++])
		abort();
}

static bool on_glob_name(void *ctx, const char *name, unsigned char d_type)
{
	struct glob_walk *walk = ctx;
	if (d_type == DT_DIR)
		push(walk, walk->path, name);
	return true;
}

static size_t depth_of(struct str path)
{
	size_t depth = 0;
	for (size_t i = 0; i < path.n; i++)
		depth += path.p[i] == '/';
	return depth;
}

static bool has_native_reader(const struct folder *f)
{
	for (const struct want *w = f->wants; w; w = w->next)
		if (w->is_native && !w->origin)
			return true;
	return false;
}

static void visit(struct glob_walk *walk, const char *path, bool has_deeper)
{
	struct tail *t = walk->tail;
	struct folder *f = tail_folder(t, path, false);
	if (!f) {
		int fd = os_open_root(path);
		if (fd < 0)
			return;
		f = tail_folder(t, path, true);
		f->root_fd = fd;
		f->owns_root_fd = true;
	}
	f->was_seen = true;
	renew_folder(t, f);
	/* What a native job of pods reads, another native one does not read again. */
	if (!f->is_pod || !walk->want->is_native || !has_native_reader(f))
		folder_want(f, walk->want, walk->want);
	if (!has_deeper)
		return;
	snprintf(walk->path, sizeof walk->path, "%s", path);
	os_list(f->root_fd, f->relative ? f->relative : "", on_glob_name, walk);
}

/* May it match at several depths: "**", or alternatives with a slash in them. */
static bool is_deep_pattern(struct str pattern)
{
	struct str braces = str_skip(pattern, str_find(pattern, '{'));
	return memmem(pattern.p, pattern.n, "**", 2) || str_find(braces, '/') < str_find(braces, '}');
}

static void discover_glob(struct tail *t, const struct want *want)
{
	struct glob_walk walk = { .tail = t, .want = want };
	char root[PATH_ROOM];
	struct str head = glob_root(want->glob);
	while (head.n > 1 && head.p[head.n - 1] == '/')
		head.n--;
	snprintf(root, sizeof root, STR_FMT, STR_ARG(head));
	bool is_deep = is_deep_pattern(want->glob);
	size_t levels = depth_of(want->glob), root_levels = depth_of(head) - (head.n == 1);
	visit(&walk, root, is_deep || levels > root_levels + 1);
	while (walk.todo_count) {
		char *path = walk.todo[--walk.todo_count];
		size_t depth = depth_of(str_of(path));
		visit(&walk, path, is_deep ? depth < root_levels + WALK_DEPTH : depth + 1 < levels);
		free(path);
	}
	free(walk.todo);
}

/* ---- links ---- */

static bool is_below(const char *path, const char *root)
{
	size_t n = strlen(root);
	return n && strncmp(path, root, n) == 0 && path[n] == '/';
}

/* A link may lead to the pod logs, the Docker folder, or stay below the folder where it was found. Nothing else: a tenant with a
 * writable log folder could otherwise have any file of the host shipped. */
static bool is_allowed(const struct tail *t, const struct folder *from, const char *path)
{
	if (strstr(path, "/../") || strstr(path, "/./"))
		return false;
	return is_below(path, t->o.pods_path) || is_below(path, t->o.docker_path) || (!from->is_pod && is_below(path, from->path));
}

/* Target of a link as an absolute path without "..", into to[PATH_ROOM]. */
static bool resolve(const char *folder, const char *target, char *to)
{
	char joined[PATH_ROOM * 2];
	int n = target[0] == '/' ? snprintf(joined, sizeof joined, "%s", target) : snprintf(joined, sizeof joined, "%s/%s", folder, target);
	if (n >= (int)sizeof joined)
		return false;
	size_t used = 0;
	struct str rest = { joined, (size_t)n };
	while (rest.n) {
		struct str part = str_cut(&rest, '/');
		if (part.n == 0 || str_eq(part, STR(".")))
			continue;
		if (str_eq(part, STR(".."))) {
			while (used && to[--used] != '/')
				;
			continue;
		}
		if (used + part.n + 2 > PATH_ROOM)
			return false;
		to[used++] = '/';
		memcpy(to + used, part.p, part.n);
		used += part.n;
	}
	to[used] = '\0';
	return used > 0;
}

/* Follows up to LINK_HOPS links, each of which must lead to an allowed place. */
static bool follow_link(struct tail *t, struct folder *from, const char *name, char *path)
{
	char target[PATH_ROOM], folder[PATH_ROOM];
	if (snprintf(path, PATH_ROOM, "%s/%s", from->path, name) >= PATH_ROOM)
		return false;
	for (int hop = 0; hop < LINK_HOPS; hop++) {
		int n = os_read_link_at(-100 /* AT_FDCWD: path is absolute */, path, target, sizeof target);
		if (n == -EINVAL)
			return hop > 0; /* not a link any more: this is the file */
		if (n < 0)
			return false;
		snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
		if (!resolve(folder, target, path) || !is_allowed(t, from, path))
			return false;
	}
	return false;
}

void discover_link(struct tail *t, struct folder *from, const char *name, const struct want *why)
{
	char path[PATH_ROOM], shown[PATH_ROOM];
	if (!follow_link(t, from, name, path)) {
		snprintf(shown, sizeof shown, "%s/%s", from->path, name);
		tail_refuse(t, shown, "a symbolic link that does not lead to a file below --path.pod-logs or --path.docker; it is not read");
		return;
	}
	char *slash = strrchr(path, '/');
	*slash = '\0';
	snprintf(shown, sizeof shown, "%s/%s", from->path, name);
	struct folder *f = tail_folder(t, path, false);
	if (f && f->is_pod && why->is_native && has_native_reader(f)) /* /var/log/containers: the pods job reads it already */
		return;
	if (!f) {
		int fd = os_open_root(path);
		if (fd < 0)
			return;
		f = tail_folder(t, path, true);
		f->root_fd = fd;
		f->owns_root_fd = true;
	}
	struct want want = *why;
	want.glob = want.exclude = (struct str){ 0 };
	want.base = str_of(slash + 1);
	want.shown_path = str_of(shown);
	want.target = why->is_native ? 0 : want_target(&why->labels, want.shown_path);
	want.is_frozen = want.is_unsaved = false; /* it is written down with the log that leads here */
	if (from->is_pod) {
		want.namespace_ = from->namespace_;
		want.pod = from->pod;
		want.uid = from->uid;
		want.container = from->container;
	}
	f->was_seen = true;
	renew_folder(t, f);
	folder_want(f, &want, why->origin);
}

void discover_all(struct tail *t)
{
	t->needs_discovery = false;
	discover_pods(t);
	for (const struct target *target = t->targets; target; target = target->next)
		if (!target->of || !str_starts(target->want->glob, str_of(t->o.pods_path))) /* those among pods' folders are offered to each */
			discover_glob(t, target->want);
}
