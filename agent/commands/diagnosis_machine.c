/* What the kernel allows: descriptors, inotify, the clock, and the features that the agent uses where it finds them. */
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/commands/diagnosis.h"
#include "agent/os.h"
#include "parsers/bytes/num.h"
#include "parsers/json.h"

enum { FILES_LEAST = 1024, WATCHES_LEAST = 8192, INSTANCES_LEAST = 16, CGROUP2_MAGIC = 0x63677270, TEXT_MOST = 64 << 10 };

static bool read_number(const char *path, uint64_t *value)
{
	struct buf text;
	buf_init(&text, TEXT_MOST);
	bool is_read = os_read_file(path, TEXT_MOST - 8192, &text) >= 0;
	struct str line = buf_view(&text);
	is_read = is_read && num_u64(str_take(line, str_find(line, '\n')), value);
	buf_fini(&text);
	return is_read;
}

/* "Max open files            1024                 4096                 files": the first number. */
static bool agents_limit(int pid, uint64_t *value)
{
	char path[64];
	struct buf text;
	bool is_found = false;
	snprintf(path, sizeof path, "/proc/%d/limits", pid);
	buf_init(&text, TEXT_MOST);
	if (os_read_file(path, TEXT_MOST - 8192, &text) >= 0)
		for (struct str rest = buf_view(&text); rest.n && !is_found;) {
			struct str line = str_cut(&rest, '\n');
			if (!str_starts(line, STR("Max open files")))
				continue;
			line = str_skip(line, 14);
			while (line.n && line.p[0] == ' ')
				line = str_skip(line, 1);
			is_found = num_u64(str_take(line, str_find(line, ' ')), value);
		}
	buf_fini(&text);
	return is_found;
}

static void open_files(struct diagnosis *d)
{
	struct rlimit own;
	uint64_t limit = 0;
	int pid = d->ask->running.pid;
	bool is_agents = pid && agents_limit(pid, &limit);
	if (!is_agents && getrlimit(RLIMIT_NOFILE, &own) == 0)
		limit = own.rlim_max; /* the agent raises its own to this */
	bool is_low = limit < FILES_LEAST;
	findings_add(d->findings, is_low ? FINDING_WARN : FINDING_OK, "limits", STR("open files"), is_low ? "raise LimitNOFILE, or the runtime's limit" : "",
		     "%llu %s", (unsigned long long)limit, is_agents ? "for the agent" : "for a process of this user");
}

/* What the agent uses now, 0 when none answers. */
static uint64_t watches_in_use(const struct diagnosis *d)
{
	struct json j;
	struct json_scope whole, data;
	int64_t value = 0;
	json_init(&j, buf_view(&d->status));
	for (json_object(&j, &whole); json_member(&j, &whole);)
		if (json_is(&j, "data"))
			for (json_object(&j, &data); json_member(&j, &data);)
				if (json_is(&j, "inotify_watches"))
					json_i64(&j, &value);
	return value > 0 ? (uint64_t)value : 0;
}

static void inotify(struct diagnosis *d)
{
	static const struct { const char *path, *name; uint64_t least; } limits[] = {
		{ "/proc/sys/fs/inotify/max_user_watches", "fs.inotify.max_user_watches", WATCHES_LEAST },
		{ "/proc/sys/fs/inotify/max_user_instances", "fs.inotify.max_user_instances", INSTANCES_LEAST },
		{ "/proc/sys/fs/inotify/max_queued_events", "fs.inotify.max_queued_events", 1024 },
	};
	uint64_t used = watches_in_use(d), value;
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		if (!read_number(limits[i].path, &value))
			continue;
		bool is_low = value < limits[i].least || (i == 0 && used > value / 2);
		findings_add(d->findings, is_low ? FINDING_WARN : FINDING_OK, "limits", str_of(limits[i].name),
			     is_low ? "raise it with sysctl; without inotify files are polled" : "",
			     i == 0 && used ? "%llu, %llu in use by the agent" : "%llu", (unsigned long long)value,
			     (unsigned long long)used);
	}
}

static const char *status_field(const char *name, char to[64])
{
	struct buf text;
	to[0] = '\0';
	buf_init(&text, TEXT_MOST);
	if (os_read_file("/proc/self/status", TEXT_MOST - 8192, &text) >= 0)
		for (struct str rest = buf_view(&text); rest.n;) {
			struct str line = str_cut(&rest, '\n'), key = str_cut(&line, ':');
			if (str_eq(key, str_of(name)))
				snprintf(to, 64, STR_FMT, STR_ARG(str_skip(line, 1)));
		}
	buf_fini(&text);
	return to[0] ? to : "?";
}

static void kernel(struct diagnosis *d)
{
	struct utsname name;
	struct statfs groups;
	char seccomp[64], caps[64];
	const char *root = d->ask->flags.path_cgroupfs;
	if (uname(&name) < 0)
		return;
	long landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	findings_add(d->findings, FINDING_OK, "kernel", str_of(name.release), "", "Landlock %s, seccomp mode %s, capabilities %s, user %u",
		     landlock > 0 ? "there" : "not there", status_field("Seccomp", seccomp), status_field("CapEff", caps), (unsigned)geteuid());
	if (statfs(root, &groups) == 0)
		findings_add(d->findings, FINDING_OK, "kernel", str_of(root), "", "control groups of version %d", groups.f_type == CGROUP2_MAGIC ? 2 : 1);
}

static void clock_state(struct diagnosis *d)
{
	struct timex t = { 0 };
	int state = adjtimex(&t);
	if (state < 0)
		return;
	bool is_wrong = state == TIME_ERROR || (t.status & STA_UNSYNC);
	findings_add(d->findings, is_wrong ? FINDING_NOTE : FINDING_OK, "clock", (struct str){ 0 },
		     is_wrong ? "run chrony or systemd-timesyncd on the node" : "",
		     is_wrong ? "the kernel does not know it to be synchronised" : "synchronised");
}

void diagnosis_machine(struct diagnosis *d)
{
	open_files(d);
	inotify(d);
	kernel(d);
	clock_state(d);
}
