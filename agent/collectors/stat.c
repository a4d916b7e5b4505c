/* The lines of /proc/stat that are about the whole machine. Of `intr`, which is long, only the sum is read. */
#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"

enum { OPTION_SOFTIRQ };

static const struct collector_option options[] = {
	{ "softirq", "false", "Export softirq calls per vector" },
	{ NULL, NULL, NULL },
};

static const struct line {
	struct str key;
	const char *name, *help;
	enum metric_type type;
} table[] = {
	{ { "intr", 4 }, "node_intr_total", "Total number of interrupts serviced.", METRIC_COUNTER },
	{ { "ctxt", 4 }, "node_context_switches_total", "Total number of context switches.", METRIC_COUNTER },
	{ { "btime", 5 }, "node_boot_time_seconds", "Node boot time, in unixtime.", METRIC_GAUGE },
	{ { "processes", 9 }, "node_forks_total", "Total number of forks.", METRIC_COUNTER },
	{ { "procs_running", 13 }, "node_procs_running", "Number of processes in runnable state.", METRIC_GAUGE },
	{ { "procs_blocked", 13 }, "node_procs_blocked", "Number of processes blocked waiting for I/O to complete.", METRIC_GAUGE },
};

static void write_softirqs(struct families *f, struct str line)
{
	static const char *const vectors[] = { "hi", "timer", "net_tx", "net_rx", "block", "block_iopoll", "tasklet", "sched", "hrtimer",
		"rcu" };
	uint64_t value;
	if (!fields_u64(&line, &value)) /* the sum */
		return;
	families_begin(f, "node_softirqs_total", METRIC_COUNTER, "Number of softirq calls.");
	for (size_t i = 0; i < COUNT_OF(vectors) && fields_u64(&line, &value); i++)
		families_label1(f, "vector", str_of(vectors[i]), (double)value);
}

bool stat_write(struct families *f, struct str text, bool has_softirqs)
{
	size_t written = f->count;
	while (text.n) {
		struct str line = str_cut(&text, '\n'), key = fields_next(&line);
		uint64_t value;
		if (str_starts(key, STR("cpu")))
			continue;
		if (has_softirqs && str_eq(key, STR("softirq")))
			write_softirqs(f, line);
		for (size_t i = 0; i < COUNT_OF(table); i++) {
			if (!str_eq(key, table[i].key) || !fields_u64(&line, &value))
				continue;
			families_begin(f, table[i].name, table[i].type, table[i].help);
			families_value(f, (double)value);
			break;
		}
	}
	return f->count > written;
}

static void *open_stat(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	(void)err;
	static const bool yes = true;
	union { const bool *in; void *out; } state = { strcmp(values[OPTION_SOFTIRQ], "true") == 0 ? &yes : NULL };
	return state.out;
}

static int update(void *state, struct collect *c)
{
	struct str text;
	int error = files_read(c->files, c->roots->proc, "/stat", true, &text);
	if (error)
		return error;
	return stat_write(c->out, text, state != NULL) ? 0 : -EINVAL;
}

const struct collector collector_stat = { .name = "stat", .is_default = true, .options = options, .open = open_stat, .update = update };
