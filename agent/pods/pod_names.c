/* Three sources. /var/log/pods/<namespace>_<pod>_<uid>/ names pods; links
 * /var/log/containers/<pod>_<namespace>_<container>-<id>.log name containers (their directory is beside the pods'); config.json
 * of the runtime names both, and the image, which nothing else on the disk does. Listings are read when somebody asks, so a
 * scrape without new groups reads none. */
#include "agent/pods/pod_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/kubernetes/node_pods.h"
#include "agent/pods/bundle.h"
#include "parsers/bytes/map.h"
#include "parsers/kubernetes/podpath.h"

enum { ENTRIES_MAX = 20000 };

/* Below the runtime state directory: what stands before and behind the container's id. */
static const char *const bundles[][2] = {
	{ "/containerd/io.containerd.runtime.v2.task/k8s.io/", "/config.json" },
	{ "/containers/storage/overlay-containers/", "/userdata/config.json" },
	{ "/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/", "/config.json" },
	{ "/containers/storage/vfs-containers/", "/userdata/config.json" },
};

struct entry { /* of a pod: container is empty; key is the uid or the id */
	struct str key, namespace_, pod, container, image;
};
struct pod_names {
	const struct roots *roots;
	struct arena arena; /* of the listings */
	struct map pods, containers;
	bool has_pods, has_containers;
	const struct podlist *objects;    /* NULL: none are known */
	struct map object_pods, object_containers; /* log UID -> struct entry; container id -> struct entry */
	bool has_objects;
};

static void set(struct str *to, struct str from)
{
	if (to->n || !from.n)
		return;
	char *copy = malloc(from.n);
	if (!copy)
		abort();
	memcpy(copy, from.p, from.n);
	*to = (struct str){ copy, from.n };
}

static void drop(struct str *s)
{
	union { const char *p; void *owned; } u = { .p = s->p };
	free(u.owned);
	*s = (struct str){ 0 };
}

void pod_name_fini(struct pod_name *n)
{
	drop(&n->namespace_);
	drop(&n->pod);
	drop(&n->container);
	drop(&n->image);
	drop(&n->name);
	*n = (struct pod_name){ 0 };
}

void pod_name_of_container(struct pod_name *pod, const struct pod_name *container)
{
	set(&pod->namespace_, container->namespace_);
	set(&pod->pod, container->pod);
	pod->is_complete = pod->pod.n > 0;
}

struct pod_names *pod_names_new(void)
{
	struct pod_names *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	return p;
}

static void forget(struct pod_names *p)
{
	map_fini(&p->pods);
	map_fini(&p->containers);
	map_fini(&p->object_pods);
	map_fini(&p->object_containers);
	arena_fini(&p->arena);
	p->pods = p->containers = p->object_pods = p->object_containers = (struct map){ 0 };
	p->has_pods = p->has_containers = p->has_objects = false;
}

void pod_names_free(struct pod_names *p)
{
	if (!p)
		return;
	forget(p);
	free(p);
}

void pod_names_begin(struct pod_names *p, const struct roots *roots, const struct podlist *pods)
{
	forget(p);
	p->roots = roots;
	p->objects = pods;
}

/* ---- directories ---- */

static void add(struct pod_names *p, struct map *to, struct entry e)
{
	struct entry *kept = arena_alloc(&p->arena, sizeof *kept);
	*kept = e;
	map_put(to, kept->key, kept);
}

static void add_pod(struct pod_names *p, struct str name)
{
	struct podpath path;
	if (podpath_directory(name, &path))
		add(p, &p->pods, (struct entry){ .key = path.uid, .namespace_ = path.namespace_, .pod = path.pod });
}

/* "<pod>_<namespace>_<container>-<id>.log" */
static void add_container(struct pod_names *p, struct str name)
{
	struct str rest = name, pod = str_cut(&rest, '_'), namespace_ = str_cut(&rest, '_');
	if (!str_ends(rest, STR(".log")) || rest.n < CGROUP_ID_BYTES + 6)
		return;
	rest = str_take(rest, rest.n - 4);
	struct str container = str_take(rest, rest.n - CGROUP_ID_BYTES - 1), id = str_skip(rest, rest.n - CGROUP_ID_BYTES);
	if (!pod.n || !podpath_container(namespace_) || !podpath_container(container) || id.p[-1] != '-')
		return;
	add(p, &p->containers, (struct entry){ .key = id, .namespace_ = namespace_, .pod = pod, .container = container });
}

static void list(struct pod_names *p, const char *path, void (*take)(struct pod_names *, struct str))
{
	DIR *d = opendir(path);
	size_t count = 0;
	for (struct dirent *e; d && count < ENTRIES_MAX && (e = readdir(d)); count++)
		if (e->d_name[0] != '.')
			take(p, arena_copy(&p->arena, str_of(e->d_name)));
	if (d)
		closedir(d);
}

static void list_pods(struct pod_names *p)
{
	if (!p->has_pods)
		list(p, p->roots->pod_logs, add_pod);
	p->has_pods = true;
}

static void list_containers(struct pod_names *p)
{
	char path[4096];
	struct str pods = str_of(p->roots->pod_logs);
	const char *slash = pods.n ? memrchr(pods.p, '/', pods.n) : NULL;
	int n = snprintf(path, sizeof path, STR_FMT "/containers", (int)(slash ? slash - pods.p : 0), pods.p);
	if (!p->has_containers && slash && n > 0 && (size_t)n < sizeof path)
		list(p, path, add_container);
	p->has_containers = true;
}

/* ---- the runtime's notes ---- */

/* Not more than a bound; a file of another size than regular ones have is no bundle. */
static bool read_file(struct arena *a, const char *path, struct str *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return false;
	size_t room = 64 << 10, n = 0;
	char *at = malloc(room);
	ssize_t got = 1;
	while (at && got > 0 && n < POD_NAMES_BUNDLE_MAX) {
		if (n == room) {
			char *more = realloc(at, room *= 2);
			if (!more)
				abort();
			at = more;
		}
		got = read(fd, at + n, room - n);
		n += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	if (!at)
		abort();
	bool is_whole = got == 0;
	if (is_whole)
		*out = arena_copy(a, (struct str){ at, n });
	free(at);
	return is_whole;
}

static bool read_bundle(const struct roots *roots, struct str id, struct pod_name *out)
{
	struct arena arena = { 0 };
	struct bundle b;
	bool found = false;
	for (size_t i = 0; i < COUNT_OF(bundles) && !found; i++) {
		char path[4096];
		struct str text;
		int n = snprintf(path, sizeof path, "%s%s" STR_FMT "%s", roots->runtime_state, bundles[i][0], STR_ARG(id),
			bundles[i][1]);
		found = n > 0 && (size_t)n < sizeof path && read_file(&arena, path, &text) && bundle_parse(text, &b, &arena);
	}
	if (found) {
		set(&out->namespace_, b.namespace_);
		set(&out->pod, b.pod);
		set(&out->container, b.container);
		set(&out->image, b.image);
		drop(&out->name);
		set(&out->name, b.name);
		out->is_sandbox = b.is_sandbox;
	}
	arena_fini(&arena);
	return found;
}

/* ---- pod objects ---- */

/* "containerd://0123…" */
static struct str id_without_scheme(struct str id)
{
	for (size_t i = 0; i + 2 < id.n; i++)
		if (memcmp(id.p + i, "://", 3) == 0)
			return str_skip(id, i + 3);
	return (struct str){ 0 };
}

static void add_object(struct pod_names *p, const struct pod *pod)
{
	struct entry e = { .key = node_pods_log_uid(pod), .namespace_ = pod->namespace_, .pod = pod->name };
	if (e.key.n)
		add(p, &p->object_pods, e);
	for (size_t i = 0; i < pod->container_count; i++) {
		const struct pod_container *c = &pod->containers[i];
		e.key = id_without_scheme(c->id);
		e.container = c->name;
		e.image = c->status_image.n ? c->status_image : c->image;
		if (e.key.n)
			add(p, &p->object_containers, e);
	}
}

static const struct entry *find_object(struct pod_names *p, const struct map *in, struct str key)
{
	for (size_t i = 0; !p->has_objects && p->objects && i < p->objects->count; i++)
		add_object(p, &p->objects->at[i]);
	p->has_objects = true;
	return map_get(in, key);
}

static void ask_object(struct pod_names *p, const struct map *in, struct str key, struct pod_name *out)
{
	const struct entry *e = find_object(p, in, key);
	if (!e)
		return;
	set(&out->namespace_, e->namespace_);
	set(&out->pod, e->pod);
	set(&out->container, e->container);
	set(&out->image, e->image);
}

static void find_container(struct pod_names *p, struct str id, struct pod_name *out)
{
	bool has_bundle = p->roots->runtime_state && read_bundle(p->roots, id, out);
	if (!has_bundle || (!out->is_sandbox && !out->container.n)) {
		list_containers(p);
		const struct entry *e = map_get(&p->containers, id);
		if (e) {
			set(&out->namespace_, e->namespace_);
			set(&out->pod, e->pod);
			set(&out->container, e->container);
		}
	}
	if (!out->is_sandbox && (!out->container.n || !out->image.n))
		ask_object(p, &p->object_containers, id, out);
	set(&out->name, id);
	bool is_sure = has_bundle || out->image.n; /* without both, it may be a sandbox that has not said so */
	out->is_complete = is_sure && out->pod.n && (out->is_sandbox || (out->container.n && out->image.n));
}

void pod_names_find(struct pod_names *p, const struct cgroup_path *path, struct pod_name *out)
{
	if (out->is_complete || !path->uid[0])
		return;
	if (path->kind == CGROUP_CONTAINER)
		find_container(p, path->container_id, out);
	if (!out->pod.n || !out->namespace_.n) {
		list_pods(p);
		const struct entry *e = map_get(&p->pods, str_of(path->uid));
		if (e) {
			set(&out->namespace_, e->namespace_);
			set(&out->pod, e->pod);
		} else {
			ask_object(p, &p->object_pods, str_of(path->uid), out);
		}
	}
	if (path->kind == CGROUP_POD)
		out->is_complete = out->pod.n > 0;
}
