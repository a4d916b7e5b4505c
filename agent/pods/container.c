/* The collector "container": brings the table of control groups up to date, joins what belongs to it, and has it written. */
#include <stdlib.h>

#include "agent/pods/container_metrics.h"
#include "agent/pods/machine.h"
#include "agent/pods/pod_pids.h"
#include "agent/pods/pods.h"

struct container {
	struct cgroups groups;
	struct pod_pids pids;
	struct exits *exits;
	struct machine machine;
};

static void *checked(void *p)
{
	if (!p)
		abort();
	return p;
}

static void *open_container(const char *const *values, const struct roots *roots, char err[256])
{
	(void)values, (void)roots, (void)err;
	struct container *s = checked(calloc(1, sizeof *s));
	cgroups_init(&s->groups);
	pod_pids_init(&s->pids);
	s->exits = exits_new();
	return s;
}

static void close_container(void *state)
{
	struct container *s = state;
	if (!s)
		return;
	cgroups_fini(&s->groups);
	exits_free(s->exits);
	free(s);
}

/* ---- networks ---- */

static bool add_network(const struct collect *c, struct arena *arena, pid_t pid, const struct cgroup *group,
	struct pod_network *out)
{
	struct network net;
	bool is_of_host;
	if (pid <= 0 || network_read(c, pid, &net, &is_of_host) < 0)
		return false;
	struct network_interface *at = arena_alloc(arena, net.count * sizeof *at + 1);
	memcpy(at, net.at, net.count * sizeof *at);
	*out = (struct pod_network){ group, at, net.count };
	return true;
}

static size_t read_networks(struct container *s, const struct collect *c, struct arena *arena, struct pod_network *out)
{
	size_t count = 0;
	for (size_t i = 0; i < s->groups.count; i++) {
		const struct cgroup *g = s->groups.at[i];
		if (g->path.n == 1)
			count += add_network(c, arena, 1, g, &out[count]);
		else if (g->is.kind == CGROUP_POD)
			count += add_network(c, arena, g->process.pid, g->process.group, &out[count]);
	}
	return count;
}

/* ---- the page ---- */

/* The root has no limits of its own: the machine is its limit. */
static void complete_root(struct container *s)
{
	for (size_t i = 0; i < s->groups.count && i < 1; i++) {
		struct cgroup *root = s->groups.at[i];
		if (root->path.n != 1 || !s->machine.has_sizes)
			continue;
		cgroup_set(&root->stats, CG_LIMIT, s->machine.memory_bytes);
		cgroup_set(&root->stats, CG_SWAP_LIMIT, s->machine.swap_bytes);
	}
}

/* Version 1 of control groups leaves out processes that have no number in our process table: what is counted then is nothing. */
static void forget_process_counts(struct container *s)
{
	const struct hierarchies *h = &s->groups.hierarchies;
	if (!s->pids.own || h->at[0].version != CGROUP_V1)
		return;
	for (size_t i = 0; i < s->groups.count; i++)
		s->groups.at[i]->stats.has &= ~(UINT64_C(1) << CG_PROCESSES);
}

static int update_container(void *state, struct collect *c)
{
	struct container *s = state;
	int error = cgroups_update(&s->groups, c);
	exits_update(s->exits, &s->groups);
	if (error < 0)
		return error;
	machine_read(&s->machine, c);
	complete_root(s);
	pod_pids_update(&s->pids, &s->groups, c);
	forget_process_counts(s);
	struct arena arena = { 0 };
	struct pod_network *networks = arena_alloc(&arena, (s->groups.count + 1) * sizeof *networks);
	struct container_view view = {
		.groups = s->groups.at, .group_count = s->groups.count, .networks = networks,
		.network_count = read_networks(s, c, &arena, networks), .now_s = c->now_wall_ns / 1000000000,
		.is_incomplete = s->groups.is_incomplete,
	};
	view.exits = exits_list(s->exits, &view.exit_count);
	struct str diskstats;
	if (files_read(c->files, c->roots->proc, "/diskstats", false, &diskstats) == 0)
		disks_parse(diskstats, &view.disks, &arena);
	container_metrics_write(c->out, &view);
	machine_write(&s->machine, c->out);
	arena_fini(&arena);
	return 0;
}

static const struct collector container = {
	.name = "container", .is_default = true, .open = open_container, .update = update_container, .close = close_container,
};

const struct collector *const pod_collectors[] = { &container, &kube_pod_collector, NULL };
