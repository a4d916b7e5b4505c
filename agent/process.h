/* What the kernel says about this process, for the process_* metrics. */
#ifndef AGENT_PROCESS_H
#define AGENT_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct process_stats {
	int64_t cpu_ns; /* user and system, all threads */
	uint64_t resident_bytes, virtual_bytes, max_virtual_bytes, open_fds, max_fds;
	bool has_memory, has_fds; /* false: /proc is not there or closed to us */
};
void process_stats_read(struct process_stats *out);

#endif
