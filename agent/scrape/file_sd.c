/* Files are looked at by the clock, every two seconds: names, sizes, times, inodes. That finds what inotify would, on every file system,
 * and through the links in which Kubernetes puts ConfigMaps, where the file that is named never changes but the link above it does.
 * JSON is read by the same reader as YAML. */
#include "agent/scrape/file_sd.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/log.h"
#include "agent/os.h"
#include "config/tree.h"
#include "parsers/bytes/array.h"

struct sd_file {
	char *path;
	struct { uint64_t dev, ino, size; int64_t mtime_ns, ctime_ns; } seen;
	struct discovered_set set;
	bool is_there; /* in this look */
};
struct file_sd {
	const struct config_file_sd *config;
	struct sd_file *files;
	size_t count, room;
	int64_t refreshed_ns;
};

/* ---- parsing ---- */

static bool bad(char err[256], const struct node *node, const char *what)
{
	snprintf(err, 256, "line %llu: %s", (unsigned long long)node->line, what);
	return false;
}

static bool check_group(const struct node *group, char err[256])
{
	if (group->kind != NODE_MAP)
		return bad(err, group, "expected a mapping with targets and labels");
	for (const struct node_entry *e = group->first; e; e = e->next) {
		bool is_targets = str_eq(e->key, STR("targets")), is_labels = str_eq(e->key, STR("labels"));
		if (!is_targets && !is_labels)
			return bad(err, group, "a group has the keys targets and labels, nothing else");
		if (e->value->kind == NODE_NULL)
			continue;
		if (e->value->kind != (is_targets ? NODE_LIST : NODE_MAP))
			return bad(err, e->value, is_targets ? "targets must be a list" : "labels must be a mapping");
		for (const struct node_entry *v = e->value->first; v; v = v->next)
			if (v->value->kind != NODE_SCALAR && !(v->value->kind == NODE_NULL && is_labels))
				return bad(err, v->value, is_targets ? "a target must be text" : "the value of a label must be text");
	}
	return true;
}

static void add_group(struct discovered_set *out, const struct node *group, struct str path)
{
	const struct node *targets = tree_get(group, STR("targets")), *labels = tree_get(group, STR("labels"));
	for (const struct node_entry *t = targets ? targets->first : NULL; t; t = t->next) {
		struct discovered *d = discovered_add(out);
		for (const struct node_entry *l = labels ? labels->first : NULL; l; l = l->next)
			discovered_label(out, d, l->key, l->value->text);
		discovered_label(out, d, STR("__meta_filepath"), path);
		discovered_label(out, d, STR("__address__"), t->value->text);
	}
}

static bool parse_tree(const struct node *root, struct str path, struct discovered_set *out, char err[256])
{
	if (root->kind == NODE_NULL)
		return true;
	if (root->kind != NODE_LIST)
		return bad(err, root, "expected a list of groups");
	for (const struct node_entry *e = root->first; e; e = e->next)
		if (!check_group(e->value, err))
			return false;
	for (const struct node_entry *e = root->first; e; e = e->next)
		add_group(out, e->value, path);
	return true;
}

bool file_sd_parse(struct str text, struct str path, struct discovered_set *out, char err[256])
{
	struct config_problems problems = { 0 };
	struct arena arena = { 0 };
	const struct node *root = tree_parse(text, &arena, &problems);
	bool is_good = root && problems.errors == 0;
	if (is_good) {
		is_good = parse_tree(root, path, out, err);
	} else {
		problems_finish(&problems, text);
		const struct config_problem *p = problems.count ? &problems.at[0] : NULL;
		snprintf(err, 256, "line %llu: " STR_FMT, p ? (unsigned long long)p->line : 0, STR_ARG(str_take(p ? p->message : STR("not understood"), 200)));
	}
	config_problems_fini(&problems);
	arena_fini(&arena);
	return is_good;
}

/* ---- files ---- */

struct file_sd *file_sd_new(const struct config_file_sd *config)
{
	struct file_sd *f = calloc(1, sizeof *f);
	if (!f)
		abort();
	f->config = config;
	return f;
}

static void file_fini(struct sd_file *file)
{
	free(file->path);
	discovered_reset(&file->set);
}

void file_sd_free(struct file_sd *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++)
		file_fini(&f->files[i]);
	free(f->files);
	free(f);
}

static struct sd_file *file_of(struct file_sd *f, const char *path)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->files[i].path, path) == 0)
			return &f->files[i];
	if (f->count == FILE_SD_FILES_MAX) {
		LOG_WARN("file_sd_configs: more than %d files; %s is not read", FILE_SD_FILES_MAX, path);
		return NULL;
	}
	f->files = array_room(f->files, f->count, &f->room, sizeof *f->files);
	struct sd_file *file = &f->files[f->count++];
	*file = (struct sd_file){ .path = strdup(path) };
	if (!file->path)
		abort();
	return file;
}

/* true: the file's targets are other ones now. */
static bool read_file(struct sd_file *file)
{
	struct discovered_set set = { 0 };
	struct buf text;
	char err[256] = "";
	buf_init(&text, FILE_SD_BYTES_MAX + 4096); /* read in pieces of so much */
	int error = os_read_file(file->path, FILE_SD_BYTES_MAX, &text);
	if (error < 0)
		snprintf(err, sizeof err, "%s", strerror(-error));
	bool is_good = error >= 0 && file_sd_parse(buf_view(&text), str_of(file->path), &set, err);
	buf_fini(&text);
	if (is_good) {
		discovered_reset(&file->set);
		file->set = set;
		return true;
	}
	discovered_reset(&set);
	LOG_WARN("file_sd_configs: %s: %s; its %zu targets stay as they are", file->path, err, file->set.count);
	return false;
}

static bool look_at(struct file_sd *f, const char *path, bool is_due)
{
	struct stat st;
	struct sd_file *file = file_of(f, path);
	if (!file)
		return false;
	file->is_there = true;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	int64_t mtime = st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec, ctime = st.st_ctim.tv_sec * 1000000000ll + st.st_ctim.tv_nsec;
	bool is_same = file->seen.dev == st.st_dev && file->seen.ino == st.st_ino && file->seen.size == (uint64_t)st.st_size &&
		       file->seen.mtime_ns == mtime && file->seen.ctime_ns == ctime;
	if (is_same && !is_due)
		return false;
	file->seen.dev = st.st_dev;
	file->seen.ino = st.st_ino;
	file->seen.size = (uint64_t)st.st_size;
	file->seen.mtime_ns = mtime;
	file->seen.ctime_ns = ctime;
	return read_file(file);
}

static bool look_for(struct file_sd *f, struct str pattern, bool is_due)
{
	char z[4096];
	glob_t found;
	bool has_changed = false;
	if (snprintf(z, sizeof z, STR_FMT, STR_ARG(pattern)) >= (int)sizeof z)
		return false;
	if (glob(z, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			has_changed |= look_at(f, found.gl_pathv[i], is_due);
		globfree(&found);
	}
	return has_changed;
}

bool file_sd_look(struct file_sd *f, int64_t now_ns)
{
	bool is_due = now_ns - f->refreshed_ns >= f->config->refresh_interval_ms * 1000000, has_changed = false;
	if (is_due)
		f->refreshed_ns = now_ns;
	for (size_t i = 0; i < f->count; i++)
		f->files[i].is_there = false;
	for (size_t i = 0; i < f->config->files.count; i++)
		has_changed |= look_for(f, f->config->files.at[i], is_due);
	for (size_t i = 0; i < f->count;) {
		if (f->files[i].is_there) {
			i++;
			continue;
		}
		has_changed |= f->files[i].set.count > 0;
		file_fini(&f->files[i]);
		f->files[i] = f->files[--f->count];
	}
	return has_changed;
}

size_t file_sd_count(const struct file_sd *f)
{
	return f->count;
}

const struct discovered_set *file_sd_set(const struct file_sd *f, size_t i)
{
	return &f->files[i].set;
}
