/* What /sys/devices/system/cpu tells about each CPU. It is looked at anew only when the kernel's lists of CPUs that are present and online
 * have changed; the counters of throttling are read at every scrape. kernel: Documentation/admin-guide/cputopology.rst */
#ifndef AGENT_COLLECTORS_CPU_TOPOLOGY_H
#define AGENT_COLLECTORS_CPU_TOPOLOGY_H

#include "agent/collectors/collector.h"

struct cpu_place;
struct cpu_topology {
	struct buf lists;  /* the text of both lists when the places were read */
	struct buf places; /* of struct cpu_place */
	bool is_read, has_online_files;
};

void cpu_topology_init(struct cpu_topology *t);
void cpu_topology_fini(struct cpu_topology *t);
/* node_cpu_online, node_cpu_core_throttles_total, node_cpu_package_throttles_total. */
void cpu_topology_write(struct cpu_topology *t, struct collect *c);

#endif
