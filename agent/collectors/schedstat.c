/* /proc/schedstat: nine numbers per CPU, of which the last three are time running (ns), time waiting (ns) and timeslices.
 * kernel: Documentation/scheduler/sched-stats.rst */
#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"

enum { NUMBERS = 9 };

struct row {
	struct str cpu;
	uint64_t running_ns, waiting_ns, slices;
};

static bool parse_line(struct str line, struct row *out)
{
	struct str name = fields_next(&line);
	uint64_t numbers[NUMBERS];
	if (!str_starts(name, STR("cpu")) || name.n == 3)
		return false;
	for (size_t i = 0; i < NUMBERS; i++)
		if (!fields_u64(&line, &numbers[i]))
			return false;
	*out = (struct row){ str_skip(name, 3), numbers[6], numbers[7], numbers[8] };
	return true;
}

bool schedstat_write(struct families *f, struct str text, struct buf *rows)
{
	struct row row;
	while (text.n)
		if (parse_line(str_cut(&text, '\n'), &row))
			buf_append(rows, &row, sizeof row);
	const struct row *at = (const struct row *)(const void *)rows->p;
	size_t count = rows->n / sizeof *at;
	families_begin(f, "node_schedstat_running_seconds_total", METRIC_COUNTER, "Number of seconds CPU spent running a process.");
	for (size_t i = 0; i < count; i++)
		families_label1(f, "cpu", at[i].cpu, (double)at[i].running_ns / 1e9);
	families_begin(f, "node_schedstat_timeslices_total", METRIC_COUNTER, "Number of timeslices executed by CPU.");
	for (size_t i = 0; i < count; i++)
		families_label1(f, "cpu", at[i].cpu, (double)at[i].slices);
	families_begin(f, "node_schedstat_waiting_seconds_total", METRIC_COUNTER,
		"Number of seconds spent by processing waiting for this CPU.");
	for (size_t i = 0; i < count; i++)
		families_label1(f, "cpu", at[i].cpu, (double)at[i].waiting_ns / 1e9);
	return count > 0;
}

static int update(void *state, struct collect *c)
{
	struct str text;
	(void)state;
	int error = files_read(c->files, c->roots->proc, "/schedstat", true, &text);
	if (error)
		return error == -ENOENT ? -ENODATA : error;
	schedstat_write(c->out, text, c->scratch);
	return 0;
}

const struct collector collector_schedstat = { .name = "schedstat", .is_default = true, .update = update };
