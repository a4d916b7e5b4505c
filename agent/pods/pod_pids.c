/* A control group names its processes, but by the numbers that they have in the reader's namespace of processes: an agent in a
 * container reads 0 or nothing. The host's /proc, mounted there, has all of them under the host's numbers, and says of each in
 * which group it is. So where the groups do not tell, /proc is gone through, which is dear: only while a pod is without a process,
 * not more often than every few seconds, a bounded number of processes at a time. What was found is asked at each scrape whether
 * it is still there, since numbers are used again. */
#include "agent/pods/pod_pids.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/collectors/words.h"
#include "parsers/bytes/map.h"
#include "parsers/bytes/num.h"

#define SECOND INT64_C(1000000000)

void pod_pids_init(struct pod_pids *p)
{
	*p = (struct pod_pids){ .looks_max = POD_PIDS_LOOKS_MAX };
}

/* "NSpid:	4711	1": our number in the namespace of this /proc, then in those below it, down to our own. */
static pid_t own_pid(const struct collect *c)
{
	struct str text, words[3];
	uint64_t pid;
	if (files_read(c->files, c->roots->proc, "/self/status", false, &text) < 0)
		return 0;
	while (text.n) {
		struct str line = str_cut(&text, '\n');
		if (str_starts(line, STR("NSpid:")))
			return words_split(line, words, COUNT_OF(words)) == 3 && num_u64(words[1], &pid) && pid <= INT32_MAX ? (pid_t)pid : 0;
	}
	return 0;
}

/* ---- what the groups tell ---- */

/* Groups are sorted, so a pod's containers follow it. */
static bool is_container_of(const struct cgroups *groups, size_t i, const struct cgroup *pod)
{
	return i < groups->count && groups->at[i]->is.kind == CGROUP_CONTAINER && strcmp(groups->at[i]->is.uid, pod->is.uid) == 0;
}

/* From another namespace only our own container's processes have numbers, and those are not the ones of roots.proc. Of all
 * others version 2 writes 0 and version 1 nothing, so that a group that looks empty is asked how many threads it has. */
static pid_t ask_group(const struct pod_pids *p, struct cgroups *groups, const struct cgroup *g)
{
	pid_t found = cgroup_first_pid(&groups->reader, &groups->hierarchies, g->path.p);
	if (!p->own || found < 0)
		return found;
	if (found > 0)
		return p->own;
	return cgroup_has(&g->stats, CG_THREADS) && g->stats.value[CG_THREADS] == 0 ? 0 : -1;
}

/* The sandbox speaks for the pod when it is there. */
static void ask_groups(const struct pod_pids *p, struct cgroups *groups, size_t at)
{
	struct cgroup *pod = groups->at[at];
	pid_t told = 0;
	pod->process.group = pod;
	for (size_t i = at + 1; is_container_of(groups, i, pod); i++) {
		const struct cgroup *g = groups->at[i];
		if (told && !g->name.is_sandbox)
			continue;
		pid_t found = ask_group(p, groups, g);
		if (!found)
			continue;
		told = found;
		if (!g->name.is_sandbox)
			continue;
		pod->process.group = g;
		break;
	}
	pod->process.is_sought = told < 0;
	if (told >= 0)
		pod->process.pid = told;
}

/* ---- what /proc tells ---- */

static bool read_groups(const struct collect *c, pid_t pid, struct str *out)
{
	char path[64];
	snprintf(path, sizeof path, "/%d/cgroup", (int)pid);
	return files_read(c->files, c->roots->proc, path, false, out) == 0;
}

/* One that has ended and is waited for has groups still, but no network. */
static bool has_network(const struct collect *c, pid_t pid)
{
	char path[4096];
	struct stat st;
	return snprintf(path, sizeof path, "%s/%d/net/dev", c->roots->proc, (int)pid) < (int)sizeof path && stat(path, &st) == 0;
}

static bool is_still_there(const struct collect *c, const struct pod_process *process)
{
	const struct str id = { process->container_id, CGROUP_ID_BYTES };
	struct str text;
	if (process->pid <= 0 || !read_groups(c, process->pid, &text))
		return false;
	while (text.n)
		if (str_eq(cgroup_path_of_process(str_cut(&text, '\n')), id))
			return has_network(c, process->pid);
	return false;
}

/* Container id -> pod: the sandbox's, where there is one, because nothing else is in its group and it lives as long as the pod. */
static size_t list_sought(struct cgroups *groups, struct map *sought)
{
	size_t pods = 0;
	for (size_t at = 0; at < groups->count; at++) {
		struct cgroup *pod = groups->at[at];
		if (pod->is.kind != CGROUP_POD || !pod->process.is_sought || pod->process.pid)
			continue;
		pods++;
		for (size_t i = at + 1; is_container_of(groups, i, pod); i++)
			if (pod->process.group == pod || pod->process.group == groups->at[i])
				map_put(sought, groups->at[i]->is.container_id, pod);
	}
	return pods;
}

/* Whether a pod that was sought has one now. */
static bool look(const struct collect *c, pid_t pid, const struct map *sought)
{
	struct str text;
	if (!read_groups(c, pid, &text))
		return false;
	while (text.n) {
		struct str id = cgroup_path_of_process(str_cut(&text, '\n'));
		struct cgroup *pod = id.n ? map_get(sought, id) : NULL;
		if (!pod)
			continue;
		if (pod->process.pid || !has_network(c, pid))
			return false;
		pod->process.pid = pid;
		memcpy(pod->process.container_id, id.p, CGROUP_ID_BYTES);
		return true;
	}
	return false;
}

/* Goes on where the scan before has stopped: in proc the place in the directory is the number of the process. Whether it came to
 * the end. */
static bool go_through(struct pod_pids *p, const struct collect *c, const struct map *sought, size_t pods)
{
	DIR *proc = opendir(c->roots->proc);
	if (!proc)
		return true;
	if (p->place)
		seekdir(proc, p->place);
	p->place = 0;
	struct dirent *entry;
	size_t looks = 0;
	while (pods && looks < p->looks_max && (entry = readdir(proc))) {
		uint64_t pid;
		if (!num_u64(str_of(entry->d_name), &pid) || pid > INT32_MAX)
			continue;
		looks++;
		pods -= look(c, (pid_t)pid, sought);
	}
	p->looks += looks;
	bool is_cut = pods && looks == p->looks_max;
	if (is_cut)
		p->place = telldir(proc);
	closedir(proc);
	return !is_cut;
}

static void scan(struct pod_pids *p, struct cgroups *groups, const struct collect *c)
{
	struct map sought = { 0 };
	bool is_whole = go_through(p, c, &sought, list_sought(groups, &sought));
	map_fini(&sought);
	p->scan_ns = c->now_ns + POD_PIDS_SCAN_S * SECOND;
	for (size_t i = 0; i < groups->count; i++) {
		struct pod_process *process = &groups->at[i]->process;
		if (!process->is_sought || process->pid || !is_whole)
			continue;
		int64_t wait_s = ++process->scans < POD_PIDS_SCANS_FAST ? POD_PIDS_SCAN_S : POD_PIDS_SCAN_LATER_S;
		process->scan_ns = c->now_ns + wait_s * SECOND;
	}
}

void pod_pids_update(struct pod_pids *p, struct cgroups *groups, const struct collect *scrape)
{
	bool is_due = false;
	if (!p->is_asked)
		p->own = own_pid(scrape);
	p->is_asked = true;
	for (size_t i = 0; i < groups->count; i++) {
		struct pod_process *process = &groups->at[i]->process;
		if (groups->at[i]->is.kind != CGROUP_POD)
			continue;
		ask_groups(p, groups, i);
		if (!process->is_sought)
			continue;
		if (!is_still_there(scrape, process))
			process->pid = 0;
		else
			process->scans = 0;
		is_due |= !process->pid && scrape->now_ns >= process->scan_ns;
	}
	if (is_due && scrape->now_ns >= p->scan_ns)
		scan(p, groups, scrape);
}
