/* CPUs share cores, and cores share packages: a counter is read from the first CPU that has it. */
#include "agent/collectors/cpu_topology.h"

#include <stdio.h>

#include "parsers/bytes/num.h"

enum { LISTS_MAX = 64 << 10, PLACES_MAX = 4 << 20, NUMBER_MAX = 12 };
#define FOLDER "/devices/system/cpu"

struct cpu_place {
	char number[NUMBER_MAX];
	bool has_place, is_online, counts_core, counts_package;
	uint64_t package, core;
};
struct walk {
	struct cpu_topology *topology;
	struct collect *collect;
};

void cpu_topology_init(struct cpu_topology *t)
{
	*t = (struct cpu_topology){ 0 };
	buf_init(&t->lists, LISTS_MAX);
	buf_init(&t->places, PLACES_MAX);
}

void cpu_topology_fini(struct cpu_topology *t)
{
	buf_fini(&t->lists);
	buf_fini(&t->places);
}

static struct cpu_place *places(const struct cpu_topology *t, size_t *count)
{
	*count = t->places.n / sizeof(struct cpu_place);
	return (struct cpu_place *)(void *)t->places.p;
}

static bool read_u64(struct collect *c, const struct cpu_place *p, const char *file, uint64_t *out)
{
	struct str text;
	return files_attribute(c->files, &text, "%s" FOLDER "/cpu%s/%s", c->roots->sys, p->number, file) == 0 && num_u64(text, out);
}

/* Whether this is the first CPU whose counter counts for its core (or its whole package). */
static bool is_first(const struct cpu_topology *t, const struct cpu_place *p, bool is_package)
{
	size_t count;
	const struct cpu_place *all = places(t, &count);
	for (size_t i = 0; i < count; i++)
		if (all[i].package == p->package && (is_package ? all[i].counts_package : all[i].counts_core && all[i].core == p->core))
			return false;
	return true;
}

static bool add_place(void *ctx, const char *name)
{
	const struct walk *w = ctx;
	struct cpu_place p = { 0 };
	struct str text;
	uint64_t ignored;
	if (strncmp(name, "cpu", 3) != 0 || !ascii_is_digit(name[3]) || strlen(name + 3) >= sizeof p.number)
		return true;
	memcpy(p.number, name + 3, strlen(name + 3) + 1);
	int error = files_attribute(w->collect->files, &text, "%s" FOLDER "/%s/online", w->collect->roots->sys, name);
	p.is_online = error == 0 && str_eq(text, STR("1"));
	if (w->topology->places.n == 0)
		w->topology->has_online_files = error != -ENOENT;
	p.has_place = read_u64(w->collect, &p, "topology/physical_package_id", &p.package) &&
		      read_u64(w->collect, &p, "topology/core_id", &p.core);
	p.counts_core = p.has_place && is_first(w->topology, &p, false) &&
			read_u64(w->collect, &p, "thermal_throttle/core_throttle_count", &ignored);
	p.counts_package = p.has_place && is_first(w->topology, &p, true) &&
			   read_u64(w->collect, &p, "thermal_throttle/package_throttle_count", &ignored);
	buf_append(&w->topology->places, &p, sizeof p);
	return true;
}

static void refresh(struct cpu_topology *t, struct collect *c)
{
	struct str text;
	size_t start = c->scratch->n;
	int present = files_read(c->files, c->roots->sys, FOLDER "/present", true, &text);
	buf_str(c->scratch, text);
	int online = files_read(c->files, c->roots->sys, FOLDER "/online", true, &text);
	buf_str(c->scratch, text);
	struct str lists = str_skip(buf_view(c->scratch), start);
	if (!t->is_read || present || online || !str_eq(buf_view(&t->lists), lists)) {
		buf_reset(&t->lists);
		buf_str(&t->lists, lists);
		buf_reset(&t->places);
		files_list(c->roots->sys, FOLDER, add_place, &(struct walk){ t, c });
		t->is_read = true;
	}
	c->scratch->n = start;
}

static bool counter(struct collect *c, const struct cpu_place *p, const char *file, uint64_t *out)
{
	struct str text;
	char path[128];
	snprintf(path, sizeof path, FOLDER "/cpu%s/thermal_throttle/%s", p->number, file);
	if (files_read(c->files, c->roots->sys, path, true, &text))
		return false;
	return num_u64(str_cut(&text, '\n'), out);
}

static void write_throttles(struct cpu_topology *t, struct collect *c, bool is_package)
{
	size_t count;
	const struct cpu_place *all = places(t, &count);
	families_begin(c->out, is_package ? "node_cpu_package_throttles_total" : "node_cpu_core_throttles_total", METRIC_COUNTER,
		is_package ? "Number of times this CPU package has been throttled." : "Number of times this CPU core has been throttled.");
	for (size_t i = 0; i < count; i++) {
		uint64_t value;
		char package[24], core[24];
		if (!(is_package ? all[i].counts_package : all[i].counts_core) ||
			!counter(c, &all[i], is_package ? "package_throttle_count" : "core_throttle_count", &value))
			continue;
		snprintf(package, sizeof package, "%llu", (unsigned long long)all[i].package);
		snprintf(core, sizeof core, "%llu", (unsigned long long)all[i].core);
		if (is_package)
			families_label1(c->out, "package", str_of(package), (double)value);
		else
			families_label2(c->out, "core", str_of(core), "package", str_of(package), (double)value);
	}
}

void cpu_topology_write(struct cpu_topology *t, struct collect *c)
{
	size_t count;
	refresh(t, c);
	const struct cpu_place *all = places(t, &count);
	write_throttles(t, c, false);
	write_throttles(t, c, true);
	if (!t->has_online_files)
		return;
	families_begin(c->out, "node_cpu_online", METRIC_GAUGE, "CPUs that are online and being scheduled.");
	for (size_t i = 0; i < count; i++)
		families_label1(c->out, "cpu", str_of(all[i].number), all[i].is_online);
}
