/* /proc/sys/kernel/hung_task_detect_count, since Linux 6.14. */
#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"

static int update(void *state, struct collect *c)
{
	struct str text;
	uint64_t value;
	(void)state;
	int error = files_read(c->files, c->roots->proc, "/sys/kernel/hung_task_detect_count", true, &text);
	if (error)
		return error == -ENOENT ? -ENODATA : error;
	if (!fields_u64(&text, &value))
		return -EINVAL;
	families_counter(c->out, "node_kernel_hung_tasks_total",
		"Total number of tasks that have been detected as hung since the system booted.", (double)value);
	return 0;
}

const struct collector collector_kernel_hung = { .name = "kernel_hung", .is_default = true, .update = update };
