/* /proc/softirqs: a line per kind, a column per CPU that is possible. */
#include <stdio.h>

#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"

bool softirqs_write(struct families *f, struct str text)
{
	static const char *const kinds[] = { "HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU" };
	bool is_there = false;
	families_begin(f, "node_softirqs_functions_total", METRIC_COUNTER, "Softirq counts per CPU.");
	str_cut(&text, '\n'); /* the CPUs' names */
	while (text.n) {
		struct str line = str_cut(&text, '\n'), kind = str_trim(str_cut(&line, ':'));
		for (size_t i = 0; i < COUNT_OF(kinds); i++) {
			uint64_t value;
			if (!str_eq(kind, str_of(kinds[i])))
				continue;
			for (unsigned cpu = 0; fields_u64(&line, &value); cpu++) {
				char number[16];
				snprintf(number, sizeof number, "%u", cpu);
				families_label2(f, "cpu", str_of(number), "type", kind, (double)value);
				is_there = true;
			}
		}
	}
	return is_there;
}

static int update(void *state, struct collect *c)
{
	struct str text;
	(void)state;
	int error = files_read(c->files, c->roots->proc, "/softirqs", true, &text);
	if (error)
		return error;
	return softirqs_write(c->out, text) ? 0 : -EINVAL;
}

const struct collector collector_softirqs = { .name = "softirqs", .update = update };
