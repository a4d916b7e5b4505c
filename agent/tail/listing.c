#include "agent/tail/listing.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/tail/tail.h"
#include "parsers/glob.h"
#include "parsers/podpath.h"

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
static bool classify_pod(struct folder *f, const char *name, struct listed *out)
{
	struct podlog log;
	if (!podpath_log(str_of(name), &log) || log.is_tmp)
		return false;
	out->base = str_take(str_of(name), log.base_bytes);
	out->stamp = log.stamp ? log.stamp : UINT64_MAX;
	out->is_gz = log.is_gz;
	out->job = f->job;
	return true;
}

static bool wants_path(const struct want *w, const struct folder *f, const char *name)
{
	char path[4096];
	if (w->base)
		return strcmp(w->base, name) == 0;
	if (w->glob.n == 0 || snprintf(path, sizeof path, "%s/%s", f->path, name) >= (int)sizeof path)
		return false;
	return glob_match(w->glob, str_of(path)) && !(w->exclude.n && glob_match(w->exclude, str_of(path)));
}

static const struct want *wanted(const struct folder *f, const char *name)
{
	const struct want *w = f->wants;
	while (w && !wants_path(w, f, name))
		w = w->next;
	return w;
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
		const struct want *w = wanted(f, base);
		if (!w)
			continue;
		*out = (struct listed){ .base = { name, n }, .is_gz = rotation.is_gz, .want = w, .job = w->job };
		return true;
	}
	return false;
}

static bool classify_plain(struct folder *f, const char *name, struct listed *out)
{
	if (classify_rotated(f, name, out))
		return true;
	const struct want *w = wanted(f, name);
	struct str whole = str_of(name);
	if (!w || str_ends(whole, STR(".gz")) || str_ends(whole, STR(".tmp")))
		return false;
	*out = (struct listed){ .base = whole, .stamp = UINT64_MAX, .want = w, .job = w->job };
	return true;
}

static bool on_name(void *ctx, const char *name, unsigned char d_type)
{
	struct walk *walk = ctx;
	struct folder *f = walk->folder;
	struct listed found = { 0 };
	if (strlen(name) >= NAME_ROOM || d_type == DT_DIR || walk->listing->count >= LISTING_MAX)
		return walk->listing->count < LISTING_MAX;
	if (!(f->is_pod ? classify_pod(f, name, &found) : classify_plain(f, name, &found)) || !stat_name(f, name, &found.st))
		return true;
	if (found.st.is_link) {
		discover_link(f->tail, f, name, found.want);
		return true;
	}
	struct listed *file = add(walk->listing, name);
	struct listed kept = found;
	kept.name = file->name;
	kept.base = (struct str){ file->name, found.base.n };
	/* Rotation numbers move with every rotation and dates have many spellings: the last write orders plain generations. */
	if (!f->is_pod && found.stamp == 0)
		kept.stamp = (uint64_t)found.st.mtime_ns;
	*file = kept;
	return true;
}

static int by_log_and_age(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	int order = str_cmp(x->base, y->base);
	if (order)
		return order;
	if (x->stamp != y->stamp)
		return x->stamp < y->stamp ? -1 : 1;
	return (int)y->is_gz - (int)x->is_gz; /* X.gz beside X: the plain one is the one to match */
}

/* While the kubelet compresses, X and X.gz are both there for a moment: the same bytes, so only one may count. */
static void drop_twins(struct listing *l)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->count; i++) {
		struct listed *file = &l->at[i];
		bool is_twin = i + 1 < l->count && file->is_gz && !file[1].is_gz && file->stamp == file[1].stamp && str_eq(file->base, file[1].base);
		if (is_twin)
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
