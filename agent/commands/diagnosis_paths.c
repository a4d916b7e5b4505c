/* Can this user read what the agent is told to read? Opened and closed again, not read: of folders the names, of a log its first bytes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "agent/commands/diagnosis.h"
#include "agent/os.h"
#include "parsers/glob.h"

enum { NAMES_MOST = 10000, PATH_ROOM = 4096, TMPFS_MAGIC_NUMBER = 0x01021994 };
static const uint64_t FREE_LEAST_BYTES = 100 << 20;
#define RIGHTS "run as a user that may: uid 0, with the capability DAC_READ_SEARCH where files belong to others, or a group of the files"

void diagnosis_age(int64_t s, char to[32])
{
	static const struct { int64_t s; const char *name; } units[] = { { 86400, "days" }, { 3600, "hours" }, { 60, "minutes" } };
	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (s >= 2 * units[i].s) {
			snprintf(to, 32, "%lld %s", (long long)(s / units[i].s), units[i].name);
			return;
		}
	snprintf(to, 32, "%lld seconds", (long long)s);
}

static bool name_of(struct str path, char to[PATH_ROOM])
{
	return snprintf(to, PATH_ROOM, STR_FMT, STR_ARG(path)) < PATH_ROOM;
}

bool diagnosis_file(struct diagnosis *d, const char *area, const char *what, struct str path)
{
	char name[PATH_ROOM], age[32];
	struct stat st;
	if (!name_of(path, name))
		return false;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		findings_add(d->findings, FINDING_FAIL, area, path,
			     errno == EACCES ? RIGHTS : "is it mounted, and is the path right?", "%s cannot be read: %s", what,
			     strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	close(fd);
	diagnosis_age((int64_t)time(NULL) - (int64_t)st.st_mtim.tv_sec, age);
	bool is_empty = S_ISREG(st.st_mode) && st.st_size == 0;
	findings_add(d->findings, is_empty ? FINDING_FAIL : FINDING_OK, area, path, is_empty ? "write the secret or certificate into it" : "",
		     is_empty ? "%s is empty" : "%s is readable, written %s ago", what, age);
	return !is_empty;
}

/* ---- logs ---- */

struct folder_look { size_t names; char first[256]; bool wants_folder; };

static bool on_name(void *ctx, const char *name, unsigned char d_type)
{
	struct folder_look *look = ctx;
	bool is_folder = d_type == DT_DIR;
	look->names++;
	if (!look->first[0] && (is_folder == look->wants_folder || d_type == DT_UNKNOWN))
		snprintf(look->first, sizeof look->first, "%s", name);
	return look->names < NAMES_MOST;
}

static int list(const char *path, bool wants_folder, struct folder_look *look)
{
	*look = (struct folder_look){ .wants_folder = wants_folder };
	int fd = os_open_root(path);
	if (fd < 0)
		return fd;
	int error = os_list(fd, "", on_name, look);
	os_close(fd);
	return error;
}

/* One log of one container: that its folder can be listed says nothing about the right to read it. */
static void try_container(struct diagnosis *d, const char *root)
{
	char path[PATH_ROOM + 256], next[PATH_ROOM + 256];
	struct folder_look look;
	snprintf(path, sizeof path, "%s", root);
	for (int depth = 0; depth < 3; depth++) {
		int error = list(path, depth < 2, &look);
		if (error < 0)
			findings_add(d->findings, FINDING_FAIL, "logs", str_of(path), RIGHTS, "cannot be listed: %s", strerror(-error));
		if (error < 0 || !look.first[0] || snprintf(next, sizeof next, "%.*s/%s", PATH_ROOM - 1, path, look.first) >= (int)sizeof next)
			return;
		memcpy(path, next, sizeof path);
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		findings_add(d->findings, FINDING_FAIL, "logs", str_of(path), RIGHTS, "cannot be opened: %s", strerror(errno));
	else
		close(fd);
}

static void look_at_pods(struct diagnosis *d)
{
	const char *root = d->ask->flags.path_pod_logs;
	struct folder_look look;
	int error = list(root, true, &look);
	if (error < 0) {
		findings_add(d->findings, FINDING_FAIL, "logs", str_of(root),
			     error == -EACCES ? RIGHTS : "mount the node's /var/log/pods there, or set --path.pod-logs",
			     "the pods' logs cannot be listed: %s", strerror(-error));
		return;
	}
	findings_add(d->findings, look.names ? FINDING_OK : FINDING_NOTE, "logs", str_of(root), "", "%zu pods", look.names);
	try_container(d, root);
}

static void look_at_pattern(struct diagnosis *d, const struct config_scrape *job, struct str pattern)
{
	char root[PATH_ROOM];
	struct folder_look look;
	struct str head = glob_root(pattern);
	while (head.n > 1 && head.p[head.n - 1] == '/')
		head.n--;
	if (!name_of(head, root))
		return;
	int error = list(root, false, &look);
	if (error < 0)
		findings_add(d->findings, error == -ENOENT ? FINDING_WARN : FINDING_FAIL, "logs", pattern,
			     error == -EACCES ? RIGHTS : "the folder may come later; else it is not mounted, or misspelt",
			     "job " STR_FMT ": %s cannot be listed: %s", STR_ARG(job->job_name), root, strerror(-error));
	else
		findings_add(d->findings, FINDING_OK, "logs", pattern, "", "job " STR_FMT ": %s can be listed", STR_ARG(job->job_name), root);
}

/* ---- metrics ---- */

static void look_at_roots(struct diagnosis *d)
{
	const struct flags *f = &d->ask->flags;
	const struct { const char *what, *path; } roots[] = {
		{ "procfs", f->path_procfs }, { "sysfs", f->path_sysfs }, { "cgroups", f->path_cgroupfs }, { "root file system", f->path_rootfs },
	};
	struct folder_look look;
	for (size_t i = 0; i < COUNT_OF(roots); i++) {
		const char *path = roots[i].path[0] ? roots[i].path : "/";
		int error = list(path, true, &look);
		if (error < 0)
			findings_add(d->findings, FINDING_FAIL, "metrics", str_of(path), "mount it, or set its --path flag",
				     "%s cannot be listed: %s", roots[i].what, strerror(-error));
		else
			findings_add(d->findings, look.names ? FINDING_OK : FINDING_WARN, "metrics", str_of(path),
				     look.names ? "" : "is it mounted?", "%s: %zu names", roots[i].what, look.names);
	}
}

void diagnosis_paths(struct diagnosis *d)
{
	const struct config *c = d->ask->settings.config;
	if (!c)
		return;
	bool has_builtin = false, has_pods = false;
	for (size_t i = 0; i < c->logs.scrape_count; i++) {
		const struct config_scrape *job = &c->logs.scrapes[i];
		if (job->is_pods && !has_pods)
			look_at_pods(d);
		has_pods |= job->is_pods;
		for (size_t k = 0; k < job->static_count && !job->relabel_configs.count; k++) /* rules may lead elsewhere */
			look_at_pattern(d, job, job->statics[k].path);
	}
	for (size_t i = 0; i < c->metrics.scrape_count; i++)
		has_builtin |= c->metrics.scrapes[i].builtin == BUILTIN_NODE || c->metrics.scrapes[i].builtin == BUILTIN_PODS;
	if (has_builtin)
		look_at_roots(d);
	if (d->ask->settings.web_config_file)
		diagnosis_file(d, "http", "the web configuration", str_of(d->ask->settings.web_config_file));
}

/* ---- state ---- */

static int64_t try_to_write(const char *dir, char *name, size_t room)
{
	int64_t began_ns = os_now_ns();
	snprintf(name, room, "%s/.diagnose-XXXXXX", dir);
	int fd = mkstemp(name);
	if (fd < 0)
		return -errno;
	bool is_written = write(fd, "spoor\n", 6) == 6 && fsync(fd) == 0;
	int error = errno;
	close(fd);
	unlink(name);
	return is_written ? os_now_ns() - began_ns : -error;
}

static void look_at_space(struct diagnosis *d, const char *dir)
{
	struct statvfs space;
	struct statfs kind;
	if (statvfs(dir, &space) < 0 || statfs(dir, &kind) < 0)
		return;
	uint64_t free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
	const struct config *c = d->ask->settings.config;
	uint64_t wanted = c && c->metrics.remote_count ? c->metrics.spool.max_bytes + FREE_LEAST_BYTES : FREE_LEAST_BYTES;
	if (free_bytes < wanted)
		findings_add(d->findings, FINDING_WARN, "state", str_of(dir), "make room, or lower metrics.spool.max_bytes",
			     "%llu MiB are free, up to %llu MiB may be used", (unsigned long long)(free_bytes >> 20),
			     (unsigned long long)(wanted >> 20));
	if ((uint64_t)space.f_files > 0 && space.f_favail < 100)
		findings_add(d->findings, FINDING_WARN, "state", str_of(dir), "remove files", "%llu inodes are free", (unsigned long long)space.f_favail);
	if ((uint32_t)kind.f_type == TMPFS_MAGIC_NUMBER)
		findings_add(d->findings, FINDING_WARN, "state", str_of(dir), "put it on a disk of the node: a hostPath",
			     "it lies in memory: a reboot repeats lines");
}

void diagnosis_state(struct diagnosis *d)
{
	const char *dir = d->ask->flags.state_dir;
	char name[PATH_ROOM];
	if (access(dir, F_OK) < 0 && errno == ENOENT) {
		findings_add(d->findings, FINDING_NOTE, "state", str_of(dir), "", "is not there yet: the agent makes it when it starts");
		return;
	}
	int64_t ns = try_to_write(dir, name, sizeof name);
	if (ns < 0) {
		findings_add(d->findings, FINDING_FAIL, "state", str_of(dir), "give --state.dir a directory that this user may write, on a disk of the node",
			     "cannot be written: %s: positions are not kept, a restart repeats lines", strerror((int)-ns));
		return;
	}
	bool is_slow = ns > 1000000000;
	findings_add(d->findings, is_slow ? FINDING_WARN : FINDING_OK, "state", str_of(dir),
		     is_slow ? "use a faster disk: offsets are written every second" : "", "writable, a sync takes %.1f ms",
		     (double)ns / 1e6);
	look_at_space(d, dir);
}
