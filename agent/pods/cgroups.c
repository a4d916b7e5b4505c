/* Where the pods are is searched for once a minute through the whole tree (more often while they are nowhere); a scrape walks
 * only what lies below. Each group costs an opening of its directory and a read of each file. Limits are read when a group is
 * new and then every half minute; names until they are known, first at every scrape and then once a minute. */
#include "agent/pods/cgroups.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parsers/bytes/array.h"
#include "parsers/bytes/map.h"
#include "parsers/bytes/num.h"

#define SECOND INT64_C(1000000000)
enum { SEARCH_S = 60, SEARCH_EMPTY_S = 10, SPEC_S = 30, NAME_S = 60, NAME_TRIES_FAST = 20, SEARCH_DEPTH = 8, SEARCH_MAX = 8192,
	TOPS_MAX = 64, PATH_ROOM = 4096 };

struct paths { /* texts owned */
	char **at;
	size_t count, room;
};
struct cgroups_state {
	struct map known;       /* path -> struct cgroup */
	struct paths tops;      /* where pods are looked for */
	struct paths stack;
	struct pod_names *names;
	int64_t search_ns, boot_s;
	size_t at_room, gone_room;
};

static void *checked(void *p)
{
	if (!p)
		abort();
	return p;
}

static void push(struct paths *to, const char *path)
{
	to->at = array_room(to->at, to->count, &to->room, sizeof *to->at);
	to->at[to->count++] = checked(strdup(path));
}

static void clear(struct paths *p)
{
	while (p->count)
		free(p->at[--p->count]);
}

static void cgroup_free(struct cgroup *g)
{
	union { const char *p; void *owned; } u = { .p = g->path.p };
	pod_name_fini(&g->name);
	free(g->devices);
	free(u.owned);
	free(g);
}

void cgroups_init(struct cgroups *c)
{
	*c = (struct cgroups){ .state = checked(calloc(1, sizeof *c->state)) };
	c->state->names = pod_names_new();
	cgroup_reader_init(&c->reader);
}

static void free_gone(struct cgroups *c)
{
	for (size_t i = 0; i < c->gone_count; i++)
		cgroup_free(c->gone[i]);
	c->gone_count = 0;
}

void cgroups_fini(struct cgroups *c)
{
	free_gone(c);
	for (size_t i = 0; i < c->count; i++)
		cgroup_free(c->at[i]);
	clear(&c->state->tops);
	clear(&c->state->stack);
	free(c->state->tops.at);
	free(c->state->stack.at);
	map_fini(&c->state->known);
	pod_names_free(c->state->names);
	free(c->state);
	free(c->at);
	free(c->gone);
	cgroup_reader_fini(&c->reader);
	*c = (struct cgroups){ 0 };
}

/* ---- the tree ---- */

static bool is_directory(DIR *d, const struct dirent *e)
{
	struct stat st;
	if (e->d_name[0] == '.')
		return false;
	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	return fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Calls fn for each group directly below. */
static void each_child(struct cgroups *c, const char *path, void (*fn)(struct cgroups *, const char *path))
{
	char full[HIERARCHY_PATH + PATH_ROOM], child[PATH_ROOM];
	snprintf(full, sizeof full, "%s%s", c->hierarchies.at[c->hierarchies.tree].path, path);
	DIR *d = opendir(full);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (!is_directory(d, e))
			continue;
		int n = snprintf(child, sizeof child, "%s/%s", path[1] ? path : "", e->d_name);
		if (n > 0 && (size_t)n < sizeof child)
			fn(c, child);
	}
	if (d)
		closedir(d);
}

static size_t depth(const char *path)
{
	size_t n = 0;
	for (; *path; path++)
		n += *path == '/';
	return n;
}

static void add_top(struct cgroups *c, const char *path)
{
	struct paths *tops = &c->state->tops;
	for (size_t i = 0; i < tops->count; i++)
		if (strcmp(tops->at[i], path) == 0)
			return;
	if (tops->count < TOPS_MAX)
		push(tops, path);
}

static void search_one(struct cgroups *c, const char *path)
{
	enum cgroup_kind kind = cgroup_path_parse(str_of(path)).kind;
	if (kind == CGROUP_KUBEPODS) {
		add_top(c, path);
	} else if (kind == CGROUP_CONTAINER) { /* runtime and kubelet disagree: its service has the containers */
		char parent[PATH_ROOM];
		const char *slash = strrchr(path, '/');
		snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
		add_top(c, parent);
	} else if (kind == CGROUP_OTHER && depth(path) < SEARCH_DEPTH) {
		push(&c->state->stack, path);
	}
}

static void search(struct cgroups *c)
{
	struct paths *stack = &c->state->stack;
	clear(&c->state->tops);
	push(stack, "/");
	for (size_t looked_at = 0; stack->count && looked_at < SEARCH_MAX; looked_at++) {
		char *path = stack->at[--stack->count];
		each_child(c, path, search_one);
		free(path);
	}
	clear(stack);
}

/* ---- one group ---- */

static struct cgroup *find_or_add(struct cgroups *c, const char *path)
{
	struct cgroup *g = map_get(&c->state->known, str_of(path));
	if (g)
		return g;
	if (c->state->known.count == CGROUPS_MAX) {
		c->is_incomplete = true;
		return NULL;
	}
	g = checked(calloc(1, sizeof *g));
	g->path = str_of(checked(strdup(path)));
	g->is = cgroup_path_parse(g->path);
	g->first_seen = c->scrape;
	map_put(&c->state->known, g->path, g);
	return g;
}

static void list(struct cgroups *c, struct cgroup *g)
{
	c->at = array_room(c->at, c->count, &c->state->at_room, sizeof(struct cgroup *));
	c->at[c->count++] = g;
}

static void visit(struct cgroups *c, const char *path)
{
	enum cgroup_kind kind = cgroup_path_parse(str_of(path)).kind;
	if (kind == CGROUP_OTHER || kind == CGROUP_IGNORED)
		return;
	if (kind != CGROUP_CONTAINER)
		push(&c->state->stack, path);
	struct cgroup *g = find_or_add(c, path);
	if (!g || g->seen == c->scrape)
		return;
	g->seen = c->scrape;
	list(c, g);
}

/* All that is there now. */
static void walk(struct cgroups *c)
{
	struct paths *stack = &c->state->stack;
	c->count = 0;
	struct cgroup *root = find_or_add(c, "/");
	if (root) {
		root->seen = c->scrape;
		list(c, root);
	}
	for (size_t i = 0; i < c->state->tops.count; i++) {
		const char *top = c->state->tops.at[i];
		char full[HIERARCHY_PATH + PATH_ROOM];
		snprintf(full, sizeof full, "%s%s", c->hierarchies.at[c->hierarchies.tree].path, top);
		if (access(full, F_OK) == 0 && cgroup_path_parse(str_of(top)).kind == CGROUP_KUBEPODS)
			visit(c, top);
		else
			push(stack, top);
		while (stack->count) {
			char *path = stack->at[--stack->count];
			each_child(c, path, visit);
			free(path);
		}
	}
}

static void keep_devices(struct cgroup *g, const struct cgroup_io *io)
{
	if (io->count > g->device_room) {
		g->device_room = io->count;
		g->devices = checked(realloc(g->devices, io->count * sizeof *g->devices));
	}
	if (io->count)
		memcpy(g->devices, io->at, io->count * sizeof *g->devices);
	g->device_count = io->count;
}

static void find_names(struct cgroups *c, struct cgroup *g, int64_t now_ns)
{
	bool has_names = g->is.kind == CGROUP_POD || g->is.kind == CGROUP_CONTAINER;
	if (!has_names || g->name.is_complete || now_ns < g->name_ns)
		return;
	pod_names_find(c->state->names, &g->is, &g->name);
	g->name_ns = ++g->name_tries < NAME_TRIES_FAST ? now_ns : now_ns + NAME_S * SECOND;
}

/* Values of limits stay from one reading to the next; all others are asked anew, so that a file which is gone leaves no number
 * behind. */
static const uint64_t spec_values = UINT64_C(1) << CG_QUOTA | UINT64_C(1) << CG_PERIOD | UINT64_C(1) << CG_SHARES |
	UINT64_C(1) << CG_LIMIT | UINT64_C(1) << CG_SWAP_LIMIT | UINT64_C(1) << CG_RESERVATION | UINT64_C(1) << CG_THREADS_MAX;

static bool refresh(struct cgroups *c, struct cgroup *g, int64_t now_ns)
{
	bool is_new = g->first_seen == c->scrape, with_spec = is_new || now_ns >= g->spec_ns;
	g->stats.has &= with_spec ? 0 : spec_values;
	if (cgroup_read(&c->reader, &c->hierarchies, g->path.n == 1 ? "" : g->path.p, with_spec, &g->stats) < 0)
		return false;
	if (with_spec)
		g->spec_ns = now_ns + SPEC_S * SECOND;
	if (is_new) {
		g->started_s = cgroup_started_s(&c->hierarchies, g->path.n == 1 ? "" : g->path.p);
		if (g->started_s < c->state->boot_s)
			g->started_s = c->state->boot_s;
	}
	keep_devices(g, &c->reader.io);
	find_names(c, g, now_ns);
	return true;
}

/* ---- what has ended ---- */

static void end(struct cgroups *c, struct cgroup *g)
{
	map_remove(&c->state->known, g->path);
	c->gone = array_room(c->gone, c->gone_count, &c->state->gone_room, sizeof(struct cgroup *));
	c->gone[c->gone_count++] = g;
}

/* Those that the walk before found and this one did not. */
static void sweep(struct cgroups *c, struct cgroup **before, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (before[i]->seen != c->scrape)
			end(c, before[i]);
}

static int compare(const void *a, const void *b)
{
	const struct cgroup *const *x = a, *const *y = b;
	return str_cmp((*x)->path, (*y)->path);
}

/* A pod's containers follow it. */
static void name_pods(struct cgroups *c)
{
	struct cgroup *pod = NULL;
	for (size_t i = 0; i < c->count; i++) {
		struct cgroup *g = c->at[i];
		if (g->is.kind != CGROUP_CONTAINER)
			pod = g->is.kind == CGROUP_POD ? g : NULL;
		else if (pod && !pod->name.pod.n && strcmp(pod->is.uid, g->is.uid) == 0)
			pod_name_of_container(&pod->name, &g->name);
	}
}

static int64_t boot_time_s(const struct collect *scrape)
{
	struct str text;
	uint64_t seconds = 0;
	if (files_read(scrape->files, scrape->roots->proc, "/stat", false, &text) < 0)
		return 0;
	while (text.n) {
		struct str value = str_cut(&text, '\n'), name = str_cut(&value, ' ');
		if (str_eq(name, STR("btime")) && num_u64(value, &seconds) && seconds < INT64_MAX)
			return (int64_t)seconds;
	}
	return 0;
}

static int prepare(struct cgroups *c, const struct collect *scrape)
{
	struct cgroups_state *s = c->state;
	if (c->hierarchies.count && scrape->now_ns < s->search_ns)
		return 0;
	if (hierarchies_find(&c->hierarchies, scrape->roots->cgroup) < 0)
		return -ENODATA;
	if (!s->boot_s)
		s->boot_s = boot_time_s(scrape);
	search(c);
	s->search_ns = scrape->now_ns + (s->tops.count ? SEARCH_S : SEARCH_EMPTY_S) * SECOND;
	return 0;
}

int cgroups_update(struct cgroups *c, const struct collect *scrape)
{
	free_gone(c);
	c->is_incomplete = false;
	c->scrape++;
	if (!scrape->roots->cgroup || prepare(c, scrape) < 0) {
		for (size_t i = 0; i < c->count; i++)
			end(c, c->at[i]);
		c->count = 0;
		return -ENODATA;
	}
	size_t before_count = c->count, kept = 0;
	struct cgroup **before = c->at;
	c->at = NULL;
	c->state->at_room = 0;
	walk(c);
	sweep(c, before, before_count);
	free(before);
	pod_names_begin(c->state->names, scrape->roots, scrape->pods);
	for (size_t i = 0; i < c->count; i++) {
		if (refresh(c, c->at[i], scrape->now_ns))
			c->at[kept++] = c->at[i];
		else
			end(c, c->at[i]);
	}
	c->count = kept;
	qsort(c->at, c->count, sizeof(struct cgroup *), compare);
	name_pods(c);
	return 0;
}
