/* What CPUs did with their time (/proc/stat), what they are (/proc/cpuinfo, when asked for), and how they are wired (cpu_topology). */
#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/cpu_topology.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"

enum { TIMES_MAX = 4 << 20 };
enum { OPTION_GUEST, OPTION_INFO, OPTION_FLAGS_INCLUDE, OPTION_BUGS_INCLUDE };

static const struct collector_option options[] = {
	{ "guest", "true", "Enables metric node_cpu_guest_seconds_total" },
	{ "info", "false", "Enables metric cpu_info" },
	{ "info.flags-include", "", "Filter the `flags` field in cpuInfo with a value that must be a regular expression" },
	{ "info.bugs-include", "", "Filter the `bugs` field in cpuInfo with a value that must be a regular expression" },
	{ NULL, NULL, NULL },
};

struct state {
	bool has_guest, has_info;
	struct regex *flags, *bugs; /* NULL: not shown */
	struct buf times;           /* of struct cpu_times: the largest values seen */
	struct buf isolated;        /* numbers with a NUL behind each; boot parameters do not change */
	struct cpu_topology topology;
};

static void close_cpu(void *state)
{
	struct state *s = state;
	regex_free(s->flags);
	regex_free(s->bugs);
	buf_fini(&s->times);
	buf_fini(&s->isolated);
	cpu_topology_fini(&s->topology);
	free(s);
}

static void add_isolated(void *ctx, unsigned number)
{
	buf_u64(ctx, number);
	buf_char(ctx, '\0');
}

static void read_isolated(struct state *s, const struct roots *roots)
{
	struct files *files = files_new();
	struct str text;
	if (files_read(files, roots->sys, "/devices/system/cpu/isolated", false, &text) == 0)
		fields_ranges(text, add_isolated, &s->isolated);
	files_free(files);
}

static void *open_cpu(const char *const *values, const struct roots *roots, char err[256])
{
	struct state *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	buf_init(&s->times, TIMES_MAX);
	buf_init(&s->isolated, TIMES_MAX);
	cpu_topology_init(&s->topology);
	const char *flags = values[OPTION_FLAGS_INCLUDE], *bugs = values[OPTION_BUGS_INCLUDE];
	s->has_guest = strcmp(values[OPTION_GUEST], "true") == 0;
	s->has_info = strcmp(values[OPTION_INFO], "true") == 0 || *flags || *bugs;
	if ((*flags && !(s->flags = regex_new(str_of(flags), 0, err))) || (*bugs && !(s->bugs = regex_new(str_of(bugs), 0, err)))) {
		close_cpu(s);
		return NULL;
	}
	read_isolated(s, roots);
	return s;
}

static void write_words(struct families *f, const char *name, const char *help, const char *label, struct str words,
	const struct regex *wanted)
{
	if (!wanted)
		return;
	families_begin(f, name, METRIC_GAUGE, help);
	for (struct str word; (word = fields_next(&words)).n;)
		if (regex_match(wanted, word, 0, NULL) == REGEX_MATCH)
			families_label1(f, label, word, 1);
}

static int write_info(const struct state *s, struct collect *c)
{
	struct str text;
	int error = files_read(c->files, c->roots->proc, "/cpuinfo", true, &text);
	if (error)
		return error;
	cpuinfo_parse(text, c->scratch);
	const struct cpu_info *rows = (const struct cpu_info *)(const void *)c->scratch->p;
	size_t count = c->scratch->n / sizeof *rows;
	families_begin(c->out, "node_cpu_info", METRIC_GAUGE, "CPU information from /proc/cpuinfo.");
	for (size_t i = 0; i < count; i++) {
		const struct cpu_info *r = &rows[i];
		const struct metric_label labels[] = { { "cachesize", r->cachesize }, { "core", r->core }, { "cpu", r->processor },
			{ "family", r->family }, { "microcode", r->microcode }, { "model", r->model }, { "model_name", r->model_name },
			{ "package", r->package }, { "stepping", r->stepping }, { "vendor", r->vendor } };
		families_sample(c->out, "", labels, COUNT_OF(labels), 1);
	}
	families_begin(c->out, "node_cpu_frequency_hertz", METRIC_GAUGE, "CPU frequency in hertz from /proc/cpuinfo.");
	for (size_t i = 0; i < count; i++) {
		const struct metric_label labels[] = { { "core", rows[i].core }, { "cpu", rows[i].processor },
			{ "package", rows[i].package } };
		families_sample(c->out, "", labels, COUNT_OF(labels), rows[i].mhz * 1e6);
	}
	write_words(c->out, "node_cpu_flag_info", "The `flags` field of CPU information from /proc/cpuinfo taken from the first core.",
		"flag", count ? rows->flags : (struct str){ 0 }, s->flags);
	write_words(c->out, "node_cpu_bug_info", "The `bugs` field of CPU information from /proc/cpuinfo taken from the first core.", "bug",
		count ? rows->bugs : (struct str){ 0 }, s->bugs);
	buf_reset(c->scratch);
	return 0;
}

/* Seconds out of jiffies: user and nice contain the time of guests. */
static void write_modes(struct collect *c, const struct state *s, const char *const *names, size_t from, size_t count)
{
	const struct cpu_times *rows = (const struct cpu_times *)(const void *)s->times.p;
	for (size_t i = 0; i < s->times.n / sizeof *rows; i++) {
		char number[24];
		int n = snprintf(number, sizeof number, "%llu", (unsigned long long)rows[i].number);
		for (size_t mode = 0; mode < count; mode++)
			families_label2(c->out, "cpu", (struct str){ number, (size_t)n }, "mode", str_of(names[mode]),
				(double)rows[i].ticks[from + mode] / 100);
	}
}

static int write_times(struct state *s, struct collect *c)
{
	static const char *const modes[] = { "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal" };
	static const char *const guest[] = { "user", "nice" };
	struct str text;
	int error = files_read(c->files, c->roots->proc, "/stat", true, &text);
	if (error)
		return error;
	cpu_times_parse(text, c->scratch);
	cpu_times_merge(&s->times, c->scratch);
	buf_reset(c->scratch);
	families_begin(c->out, "node_cpu_seconds_total", METRIC_COUNTER, "Seconds the CPUs spent in each mode.");
	write_modes(c, s, modes, CPU_USER, COUNT_OF(modes));
	if (s->has_guest) {
		families_begin(c->out, "node_cpu_guest_seconds_total", METRIC_COUNTER,
			"Seconds the CPUs spent in guests (VMs) for each mode.");
		write_modes(c, s, guest, CPU_GUEST, COUNT_OF(guest));
	}
	return 0;
}

static int update(void *state, struct collect *c)
{
	struct state *s = state;
	int info = s->has_info ? write_info(s, c) : 0, times = write_times(s, c);
	families_begin(c->out, "node_cpu_isolated", METRIC_GAUGE,
		"Whether each core is isolated, information from /sys/devices/system/cpu/isolated.");
	for (const char *p = s->isolated.p; p && p < s->isolated.p + s->isolated.n; p += strlen(p) + 1)
		families_label1(c->out, "cpu", str_of(p), 1);
	cpu_topology_write(&s->topology, c);
	return times ? times : info;
}

const struct collector collector_cpu = { .name = "cpu", .is_default = true, .options = options, .open = open_cpu, .update = update,
	.close = close_cpu };
