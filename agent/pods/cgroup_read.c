/* A directory is opened once and its files relative to it, which spares the kernel most of the path. No descriptor outlives the
 * call: with thousands of groups that come and go, keeping them would cost more than it spares. */
#include "agent/pods/cgroup_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parsers/bytes/num.h"

enum { PATH_ROOM = 4096 + HIERARCHY_PATH };

void cgroup_reader_init(struct cgroup_reader *r)
{
	*r = (struct cgroup_reader){ .bytes = malloc(CGROUP_FILE_MAX) };
	if (!r->bytes)
		abort();
}

void cgroup_reader_fini(struct cgroup_reader *r)
{
	free(r->bytes);
	*r = (struct cgroup_reader){ 0 };
}

static int open_group(const struct hierarchy *h, const char *path)
{
	char full[PATH_ROOM];
	int n = snprintf(full, sizeof full, "%s%s", h->path, path);
	if (n < 0 || (size_t)n >= sizeof full)
		return -ENAMETOOLONG;
	int fd = open(full, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool read_file(struct cgroup_reader *r, int dir, const char *name, struct str *out)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size_t n = 0;
	ssize_t got = 0;
	while (n < CGROUP_FILE_MAX && (got = read(fd, r->bytes + n, CGROUP_FILE_MAX - n)) > 0) {
		n += (size_t)got;
		if ((size_t)got < 4096 && r->bytes[n - 1] == '\n' && n < 3072)
			break; /* the kernel writes small files at once: no second call to see their end */
	}
	close(fd);
	if (got < 0)
		return false;
	while (n == CGROUP_FILE_MAX && n > 0 && r->bytes[n - 1] != '\n')
		n--;
	*out = (struct str){ r->bytes, n };
	return true;
}

static void read_files(struct cgroup_reader *r, int dir, enum cgroup_version version, unsigned controllers, bool with_spec,
	struct cgroup_stats *stats)
{
	bool was_found = false;
	for (const struct cgroup_file *f = cgroup_files(version); f->name; f++) {
		struct str content;
		if (!(controllers >> f->controller & 1) || (f->is_spec && !with_spec) || (f->is_substitute && was_found))
			continue;
		bool found = read_file(r, dir, f->name, &content) && cgroup_parse(f, content, stats, &r->io);
		was_found = found;
	}
}

int cgroup_read(struct cgroup_reader *r, const struct hierarchies *h, const char *path, bool with_spec, struct cgroup_stats *stats)
{
	unsigned wanted = (1u << CGROUP_CONTROLLERS) - 1;
	int error = -ENOENT;
	r->io.count = 0;
	for (size_t i = 0; i < h->count && wanted; i++) {
		unsigned here = h->at[i].controllers & wanted;
		int dir = here ? open_group(&h->at[i], path) : -ENOENT;
		if (dir < 0)
			continue;
		error = 0;
		read_files(r, dir, h->at[i].version, here, with_spec, stats);
		wanted &= ~here;
		close(dir);
	}
	if (error == 0)
		cgroup_derive(stats);
	return error;
}

static void take_older(int dir, const char *name, int64_t *oldest_s)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_EMPTY_PATH) == 0 && (*oldest_s == 0 || st.st_mtim.tv_sec < *oldest_s))
		*oldest_s = st.st_mtim.tv_sec;
}

int64_t cgroup_started_s(const struct hierarchies *h, const char *path)
{
	int64_t oldest_s = 0;
	for (size_t i = 0; i < h->count; i++) {
		int dir = open_group(&h->at[i], path);
		if (dir < 0)
			continue;
		take_older(dir, "", &oldest_s);
		take_older(dir, h->at[i].version == CGROUP_V2 ? "cgroup.events" : "cgroup.clone_children", &oldest_s);
		close(dir);
	}
	return oldest_s;
}

pid_t cgroup_first_pid(struct cgroup_reader *r, const struct hierarchies *h, const char *path)
{
	static const char *const files[] = { "cgroup.procs", "container/cgroup.procs", "init.scope/cgroup.procs" };
	int dir = open_group(&h->at[h->tree], path);
	pid_t pid = 0;
	for (size_t i = 0; dir >= 0 && i < COUNT_OF(files) && pid == 0; i++) {
		struct str content;
		uint64_t number;
		if (read_file(r, dir, files[i], &content) && num_u64(str_cut(&content, '\n'), &number) && number <= INT32_MAX)
			pid = number ? (pid_t)number : -1;
	}
	if (dir >= 0)
		close(dir);
	return pid;
}
