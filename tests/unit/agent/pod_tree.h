/* A node's directories for a test, unpacked from tests/fixtures/pods/NAME.tree: "@file PATH" and its lines, or "@link PATH
 * TARGET". Below are proc, sys, root, cgroup, log/pods, run. */
#ifndef TESTS_UNIT_AGENT_POD_TREE_H
#define TESTS_UNIT_AGENT_POD_TREE_H

#include <errno.h>
#include <sys/stat.h>

#include "agent/pods/pods.h"
#include "tests/unit/agent/temp_dir.h"

enum { TREE_MADE_S = 1795260000 };

struct pod_tree {
	struct temp_dir dir;
	char paths[6][96];
	struct roots roots;
	struct files *files;
	struct buf out, scratch;
	int64_t now_ns;
};

static inline void tree_parents(const char *path)
{
	char part[4096];
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		ck_assert_msg(mkdir(part, 0755) == 0 || errno == EEXIST, "%s: %s", part, strerror(errno));
	}
}

/* name: "cgroup/kubepods/cpu.stat" */
static inline void tree_write(struct pod_tree *t, const char *name, const char *text)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", t->dir.path, name);
	tree_parents(path);
	FILE *f = fopen(path, "w");
	ck_assert_msg(f, "%s: %s", path, strerror(errno));
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

static inline void tree_unpack(struct pod_tree *t, FILE *from)
{
	char line[8192], path[4096], target[4096];
	FILE *to = NULL;
	while (fgets(line, sizeof line, from)) {
		line[strcspn(line, "\n")] = '\0';
		bool is_file = strncmp(line, "@file ", 6) == 0, is_link = strncmp(line, "@link ", 6) == 0;
		if (!is_file && !is_link) {
			fprintf(to, "%s\n", line);
			continue;
		}
		if (to)
			fclose(to);
		to = NULL;
		char *name = line + 6, *space = strchr(name, ' ');
		snprintf(target, sizeof target, "%s", is_link ? space + 1 : "");
		snprintf(path, sizeof path, "%s/%.*s", t->dir.path, (int)(is_link ? space - name : (long)strlen(name)), name);
		tree_parents(path);
		if (is_link)
			ck_assert_int_eq(symlink(target, path), 0);
		else
			ck_assert_ptr_nonnull(to = fopen(path, "w"));
	}
	if (to)
		fclose(to);
}

static inline void tree_open(struct pod_tree *t, const char *name)
{
	static const char *const below[] = { "proc", "sys", "root", "cgroup", "log/pods", "run" };
	*t = (struct pod_tree){ .dir = temp_dir_make(), .now_ns = 1000000000, .files = files_new() };
	char path[4096];
	for (size_t i = 0; i < COUNT_OF(below); i++)
		snprintf(t->paths[i], sizeof t->paths[i], "%s/%s", t->dir.path, below[i]);
	t->roots = (struct roots){ .proc = t->paths[0], .sys = t->paths[1], .rootfs = t->paths[2], .cgroup = t->paths[3],
				   .pod_logs = t->paths[4], .runtime_state = t->paths[5] };
	buf_init(&t->out, 8 << 20);
	buf_init(&t->scratch, 1 << 20);
	if (!name)
		return;
	snprintf(path, sizeof path, FIXTURES "/pods/%s.tree", name);
	FILE *f = fopen(path, "r");
	ck_assert_msg(f, "%s: %s", path, strerror(errno));
	tree_unpack(t, f);
	fclose(f);
	nftw(t->paths[3], tree_age, 16, FTW_DEPTH | FTW_PHYS);
}

/* What one scrape of it is: lent to the collector; the page is in t->out. */
static inline struct collect tree_scrape(struct pod_tree *t, struct families *f)
{
	buf_reset(&t->out);
	families_init(f, &t->out, false);
	t->now_ns += 1000000000;
	return (struct collect){ &t->roots, t->files, f, &t->scratch, INT64_C(1795269999500000000), t->now_ns };
}

static inline void tree_close(struct pod_tree *t)
{
	files_free(t->files);
	buf_fini(&t->out);
	buf_fini(&t->scratch);
	temp_dir_remove(&t->dir);
}

#endif
