/* cgroup.controllers lies in every directory of version 2 and in none of version 1. Directories of version 1 are named after
 * their controllers, joined by commas, in whichever order; systemd adds links of the single names, which lead to the same place
 * and are passed over when it is known already. */
#include "agent/pods/hierarchy.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const struct {
	struct str name;
	enum cgroup_controller controller;
} names[] = {
	{ { "cpuacct", 7 }, CGROUP_CPUACCT }, { { "cpu", 3 }, CGROUP_CPU }, { { "memory", 6 }, CGROUP_MEMORY },
	{ { "blkio", 5 }, CGROUP_IO }, { { "pids", 4 }, CGROUP_PIDS },
};
enum { ALL = (1 << CGROUP_CONTROLLERS) - 1 };

static bool is_unified(const char *path)
{
	char file[HIERARCHY_PATH + 32];
	snprintf(file, sizeof file, "%s/cgroup.controllers", path);
	return access(file, F_OK) == 0;
}

static void add(struct hierarchies *h, const char *root, const char *name, enum cgroup_version version, unsigned controllers)
{
	struct hierarchy *to = &h->at[h->count];
	int n = snprintf(to->path, sizeof to->path, "%s%s%s", root, *name ? "/" : "", name);
	if (n < 0 || (size_t)n >= sizeof to->path)
		return;
	to->version = version;
	to->controllers = controllers;
	h->count++;
}

static unsigned controllers_of(const char *name)
{
	unsigned found = 0;
	for (struct str rest = str_of(name); rest.n;) {
		struct str word = str_cut(&rest, ',');
		for (size_t i = 0; i < COUNT_OF(names); i++)
			if (str_eq(word, names[i].name))
				found |= 1u << names[i].controller;
	}
	return found;
}

/* Mounts themselves; links to them come in a second round, for those who made only links. */
static void find_v1(struct hierarchies *h, const char *root, bool links)
{
	unsigned known = 0;
	for (size_t i = 0; i < h->count; i++)
		known |= h->at[i].controllers;
	DIR *d = opendir(root);
	for (struct dirent *e; d && (e = readdir(d)) && h->count < HIERARCHIES_MAX - 1;) {
		unsigned fresh = controllers_of(e->d_name) & ~known;
		if (!fresh || (e->d_type == DT_LNK) != links)
			continue;
		add(h, root, e->d_name, CGROUP_V1, fresh);
		known |= fresh;
	}
	if (d)
		closedir(d);
}

int hierarchies_find(struct hierarchies *h, const char *root)
{
	*h = (struct hierarchies){ 0 };
	if (is_unified(root)) {
		add(h, root, "", CGROUP_V2, ALL);
		return h->count ? 0 : -ENOENT;
	}
	find_v1(h, root, false);
	find_v1(h, root, true);
	char unified[HIERARCHY_PATH];
	int n = snprintf(unified, sizeof unified, "%s/unified", root);
	if (n > 0 && (size_t)n < sizeof unified && is_unified(unified))
		add(h, root, "unified", CGROUP_V2, ALL);
	for (size_t i = 0; i < h->count; i++) /* memory is the one that no runtime leaves out */
		if (h->at[i].controllers & 1u << CGROUP_MEMORY) {
			h->tree = i;
			break;
		}
	return h->count ? 0 : -ENOENT;
}
