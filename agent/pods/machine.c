/* Processors come and go seldom enough that they are counted once; sockets and cores are told apart by their numbers in sysfs,
 * which every architecture has, unlike those in /proc/cpuinfo. */
#include "agent/pods/machine.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/num.h"

enum { CPUS_MAX = 4096 };

struct core {
	int64_t package, core;
};
struct cpus {
	struct files *files;
	const char *sys;
	struct core *at;
	size_t count, with_topology;
};

/* "MemTotal:        4017748 kB" */
static bool read_kib(struct str line, struct str name, uint64_t *bytes)
{
	if (!str_starts(line, name))
		return false;
	line = str_skip(line, name.n);
	while (line.n && line.p[0] == ' ')
		line = str_skip(line, 1);
	uint64_t kib;
	if (!num_u64(str_cut(&line, ' '), &kib) || kib > UINT64_MAX / 1024)
		return false;
	*bytes = kib * 1024;
	return true;
}

bool machine_parse_memory(struct str meminfo, struct machine *m)
{
	bool found = false;
	while (meminfo.n) {
		struct str line = str_cut(&meminfo, '\n');
		found |= read_kib(line, STR("MemTotal:"), &m->memory_bytes);
		read_kib(line, STR("SwapTotal:"), &m->swap_bytes);
	}
	return found;
}

static void keep(char to[MACHINE_ID_ROOM], struct str text)
{
	snprintf(to, MACHINE_ID_ROOM, STR_FMT, STR_ARG(str_take(text, MACHINE_ID_ROOM - 1)));
}

static void read_identity(struct machine *m, const struct collect *c)
{
	struct str text;
	if (files_attribute(c->files, &text, "%s/etc/machine-id", c->roots->rootfs) == 0)
		keep(m->machine_id, text);
	if (files_attribute(c->files, &text, "%s/class/dmi/id/product_uuid", c->roots->sys) == 0)
		keep(m->system_uuid, text);
	else
		keep(m->system_uuid, str_of(m->machine_id));
	if (files_attribute(c->files, &text, "%s/sys/kernel/random/boot_id", c->roots->proc) == 0)
		keep(m->boot_id, text);
	m->has_identity = true;
}

static bool take_cpu(void *ctx, const char *name)
{
	struct cpus *cpus = ctx;
	struct str digits = str_skip(str_of(name), 3);
	uint64_t number;
	double package, core, online;
	if (!str_starts(str_of(name), STR("cpu")) || !num_u64(digits, &number))
		return true;
	if (files_number(cpus->files, &online, "%s/devices/system/cpu/%s/online", cpus->sys, name) == 0 && online == 0)
		return true;
	if (files_number(cpus->files, &package, "%s/devices/system/cpu/%s/topology/physical_package_id", cpus->sys, name) == 0 &&
		files_number(cpus->files, &core, "%s/devices/system/cpu/%s/topology/core_id", cpus->sys, name) == 0)
		cpus->at[cpus->with_topology++] = (struct core){ (int64_t)package, (int64_t)core };
	return ++cpus->count < CPUS_MAX;
}

static int compare(const void *a, const void *b)
{
	const struct core *x = a, *y = b;
	if (x->package != y->package)
		return x->package < y->package ? -1 : 1;
	return (x->core > y->core) - (x->core < y->core);
}

static void count_cpus(struct machine *m, const struct collect *c)
{
	struct cpus cpus = { .files = c->files, .sys = c->roots->sys, .at = calloc(CPUS_MAX, sizeof *cpus.at) };
	if (!cpus.at)
		abort();
	files_list(c->roots->sys, "/devices/system/cpu", take_cpu, &cpus);
	m->cpus = (unsigned)cpus.count;
	if (cpus.with_topology)
		qsort(cpus.at, cpus.with_topology, sizeof *cpus.at, compare);
	for (size_t i = 0; i < cpus.with_topology; i++) {
		m->sockets += i == 0 || cpus.at[i].package != cpus.at[i - 1].package;
		m->cores += i == 0 || compare(&cpus.at[i], &cpus.at[i - 1]) != 0;
	}
	free(cpus.at);
}

void machine_read(struct machine *m, const struct collect *c)
{
	struct str text;
	if (!m->has_identity) {
		read_identity(m, c);
		count_cpus(m, c);
	}
	m->has_sizes = files_read(c->files, c->roots->proc, "/meminfo", false, &text) == 0 && machine_parse_memory(text, m);
}

static void write(const struct machine *m, struct families *f, const char *name, const char *help, bool is_known, double value)
{
	const struct metric_label labels[] = { { "boot_id", str_of(m->boot_id) }, { "machine_id", str_of(m->machine_id) },
					       { "system_uuid", str_of(m->system_uuid) } };
	if (!is_known)
		return;
	families_begin(f, name, METRIC_GAUGE, help);
	families_sample(f, "", labels, COUNT_OF(labels), value);
}

void machine_write(const struct machine *m, struct families *f)
{
	write(m, f, "machine_cpu_cores", "Number of logical CPU cores.", m->cpus > 0, m->cpus);
	write(m, f, "machine_cpu_physical_cores", "Number of physical CPU cores.", m->cores > 0, m->cores);
	write(m, f, "machine_cpu_sockets", "Number of CPU sockets.", m->sockets > 0, m->sockets);
	write(m, f, "machine_memory_bytes", "Amount of memory installed on the machine.", m->has_sizes, (double)m->memory_bytes);
	write(m, f, "machine_swap_bytes", "Amount of swap memory available on the machine.", m->has_sizes, (double)m->swap_bytes);
}
