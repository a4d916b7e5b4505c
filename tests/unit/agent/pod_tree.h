/* A node's directories for a test, out of tests/fixtures/pods/NAME.tree (tree.h says how it is written). Below are proc, sys, root,
 * cgroup, log/pods, run. */
#ifndef TESTS_UNIT_AGENT_POD_TREE_H
#define TESTS_UNIT_AGENT_POD_TREE_H

#include <errno.h>

#include "agent/pods/pods.h"
#include "tests/unit/agent/tree.h"

enum { TREE_MADE_S = 1795260000 };

struct pod_tree {
	struct temp_dir dir;
	char paths[6][96];
	struct roots roots;
	struct files *files;
	struct buf out, scratch;
	int64_t now_ns;
};

/* name: "cgroup/kubepods/cpu.stat" */
static inline void tree_write(struct pod_tree *t, const char *name, const char *text)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", t->dir.path, name);
	FILE *f = tree_create(path);
	fputs(text, f);
	fclose(f);
}

static inline void tree_remove(struct pod_tree *t, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", t->dir.path, name);
	nftw(path, temp_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int tree_age(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	const struct timespec times[2] = { { TREE_MADE_S, 0 }, { TREE_MADE_S, 0 } };
	return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) && errno != ENOENT;
}

static inline void tree_open(struct pod_tree *t, const char *name)
{
	static const char *const below[] = { "proc", "sys", "root", "cgroup", "log/pods", "run" };
	char path[256];
	snprintf(path, sizeof path, "pods/%s.tree", name ? name : "");
	*t = (struct pod_tree){ .dir = name ? tree_load(path) : temp_dir_make(), .now_ns = 1000000000, .files = files_new() };
	for (size_t i = 0; i < COUNT_OF(below); i++)
		snprintf(t->paths[i], sizeof t->paths[i], "%s/%s", t->dir.path, below[i]);
	t->roots = (struct roots){ .proc = t->paths[0], .sys = t->paths[1], .rootfs = t->paths[2], .cgroup = t->paths[3],
				   .pod_logs = t->paths[4], .runtime_state = t->paths[5] };
	buf_init(&t->out, 8 << 20);
	buf_init(&t->scratch, 1 << 20);
	if (name)
		nftw(t->paths[3], tree_age, 16, FTW_DEPTH | FTW_PHYS);
}

/* What one scrape of it is: lent to the collector; the page is in t->out. */
static inline struct collect tree_scrape(struct pod_tree *t, struct families *f)
{
	buf_reset(&t->out);
	families_init(f, &t->out, false);
	t->now_ns += 1000000000;
	return (struct collect){ .roots = &t->roots, .files = t->files, .out = f, .scratch = &t->scratch, .now_wall_ns = INT64_C(1795269999500000000),
				 .now_ns = t->now_ns };
}

static inline void tree_close(struct pod_tree *t)
{
	files_free(t->files);
	buf_fini(&t->out);
	buf_fini(&t->scratch);
	temp_dir_remove(&t->dir);
}

#endif
