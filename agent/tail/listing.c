#include "agent/tail/listing.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/tail/pod_wants.h"
#include "agent/tail/tail.h"
#include "parsers/kubernetes/podpath.h"

struct walk {
	struct listing *listing;
	struct folder *folder;
};

static struct listed *add(struct listing *l, const char *name)
{
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 8;
		l->at = realloc(l->at, l->room * sizeof *l->at);
		if (!l->at)
			abort();
	}
	struct listed *file = &l->at[l->count++];
	*file = (struct listed){ .name = strdup(name) };
	if (!file->name)
		abort();
	return file;
}

static bool stat_name(const struct folder *f, const char *name, struct os_file *st)
{
	char path[4096];
	if (snprintf(path, sizeof path, "%s%s%s", f->relative ? f->relative : "", f->relative && *f->relative ? "/" : "", name) >= (int)sizeof path)
		return false;
	return os_stat_at(f->root_fd, path, st) >= 0;
}

/* The kubelet's names. */
static bool classify_pod(const char *name, struct listed *out)
{
	struct podlog log;
	if (!podpath_log(str_of(name), &log) || log.is_tmp)
		return false;
	out->base = str_take(str_of(name), log.base_bytes);
	out->stamp = log.stamp ? log.stamp : UINT64_MAX;
	out->is_gz = log.is_gz;
	return true;
}

static bool is_wanted(const struct folder *f, const char *name, bool is_packed)
{
	for (const struct want *w = f->wants; w; w = w->next)
		if (want_is_packed(w) == is_packed && want_takes(w, f->path, str_of(name)))
			return true;
	return false;
}

/* The longest head of name that is a wanted live file of which name is a rotated generation: "app.log" of "app.log.2.gz". */
static bool classify_rotated(struct folder *f, const char *name, struct listed *out)
{
	char base[NAME_ROOM];
	struct rotation rotation;
	for (size_t n = strlen(name); n-- > 1;) {
		if (name[n] != '.' && name[n] != '-')
			continue;
		snprintf(base, sizeof base, "%.*s", (int)n, name);
		if (!rotated_name(str_of(base), str_of(name), &rotation))
			continue;
		if (!is_wanted(f, base, false))
			continue;
		*out = (struct listed){ .base = { name, n }, .is_gz = rotation.is_gz, .is_bz2 = rotation.is_bz2, .order = rotation.order };
		return true;
	}
	return false;
}

static bool classify_plain(struct folder *f, const char *name, struct listed *out)
{
	if (classify_rotated(f, name, out))
		return true;
	struct str whole = str_of(name);
	if (str_ends(whole, STR(".gz")) || str_ends(whole, STR(".bz2")) || str_ends(whole, STR(".tmp")) || !is_wanted(f, name, false))
		return false;
	*out = (struct listed){ .base = whole, .stamp = UINT64_MAX };
	return true;
}

/* Whoever takes the name takes what the link leads to. */
static void follow_link(struct folder *f, const char *name, struct str base, bool is_packed)
{
	if (f->is_pod && !is_packed)
		pod_wants_of(f, base);
	for (const struct want *w = f->wants; w; w = w->next)
		if (w->state == WANT_READ && want_is_packed(w) == is_packed && want_takes(w, f->path, base))
			discover_link(f->tail, f, name, w);
}

static void put(struct walk *walk, const char *name, struct listed found)
{
	struct folder *f = walk->folder;
	if (!stat_name(f, name, &found.st))
		return;
	if (found.st.is_link) {
		follow_link(f, name, found.base, found.is_packed);
		return;
	}
	struct listed *file = add(walk->listing, name);
	struct listed kept = found;
	kept.name = file->name;
	kept.base = (struct str){ file->name, found.base.n };
	/* The kubelet's stamps order what it rotated, whoever reads it: a copy that it compresses is written last of all. Else rotation numbers
	 * move with every rotation and dates have many spellings: the last write orders plain generations. */
	struct podlog log;
	if (!f->is_pod && found.stamp == 0)
		kept.stamp = podpath_log(str_of(name), &log) && log.stamp ? log.stamp : (uint64_t)found.st.mtime_ns;
	*file = kept;
}

static bool on_name(void *ctx, const char *name, unsigned char d_type)
{
	struct walk *walk = ctx;
	struct folder *f = walk->folder;
	struct listed found = { 0 };
	if (strlen(name) >= NAME_ROOM || d_type == DT_DIR || walk->listing->count >= LISTING_MAX)
		return walk->listing->count < LISTING_MAX;
	if (f->is_pod ? classify_pod(name, &found) : classify_plain(f, name, &found))
		put(walk, name, found);
	if (is_wanted(f, name, true))
		put(walk, name, (struct listed){ .base = str_of(name), .stamp = UINT64_MAX, .is_gz = true, .is_packed = true });
	return true;
}

static int by_log_and_age(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	int order = str_cmp(x->base, y->base);
	if (order || x->is_packed != y->is_packed)
		return order ? order : x->is_packed - y->is_packed;
	if (x->stamp != y->stamp)
		return x->stamp < y->stamp ? -1 : 1;
	if (x->order != y->order) /* bzip2 keeps the last write to the second only */
		return x->order > y->order ? -1 : 1;
	return (int)y->is_gz - (int)x->is_gz; /* X.gz beside X: the plain one is the one to match */
}

/* A file of the same log has two names: one is made before the other is taken away where logs are rotated by links. */
static bool is_named_before(const struct listing *l, size_t kept, const struct listed *file)
{
	for (size_t i = file->st.links > 1 ? kept : 0; i-- > 0;) {
		const struct listed *other = &l->at[i];
		if (!str_eq(other->base, file->base) || other->is_packed != file->is_packed)
			return false;
		if (other->st.ino == file->st.ino && other->st.dev == file->st.dev)
			return true;
	}
	return false;
}

/* While the kubelet compresses, X and X.gz are both there for a moment: the same bytes, so only one may count. */
static void drop_twins(struct listing *l)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->count; i++) {
		struct listed *file = &l->at[i];
		bool is_twin = i + 1 < l->count && file->is_gz && !file->is_packed && !file[1].is_gz &&
			       file->stamp == file[1].stamp && str_eq(file->base, file[1].base);
		if (is_twin || is_named_before(l, kept, file))
			free(file->name);
		else
			l->at[kept++] = *file;
	}
	l->count = kept;
}

int listing_read(struct listing *l, struct folder *f)
{
	struct walk walk = { l, f };
	int error = os_list(f->root_fd, f->relative ? f->relative : "", on_name, &walk);
	if (error < 0)
		return error;
	if (l->count)
		qsort(l->at, l->count, sizeof *l->at, by_log_and_age);
	drop_twins(l);
	return 0;
}

void listing_free(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->at[i].name);
	free(l->at);
	*l = (struct listing){ 0 };
}
