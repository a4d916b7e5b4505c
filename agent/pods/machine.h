/* machine_*: what the machine has, as cAdvisor tells it beside its containers (metrics/prometheus_machine.go). Memory in bytes.
 * What cannot be read is left out of the page. */
#ifndef AGENT_PODS_MACHINE_H
#define AGENT_PODS_MACHINE_H

#include "agent/collectors/collector.h"

enum { MACHINE_ID_ROOM = 64 };
struct machine { /* read once; the sizes anew at each scrape */
	char machine_id[MACHINE_ID_ROOM], system_uuid[MACHINE_ID_ROOM], boot_id[MACHINE_ID_ROOM];
	unsigned cpus, cores, sockets; /* 0: not known */
	uint64_t memory_bytes, swap_bytes;
	bool has_identity, has_sizes;
};

/* Pure: MemTotal and SwapTotal of /proc/meminfo. Whether the first was there. */
bool machine_parse_memory(struct str meminfo, struct machine *m);
void machine_read(struct machine *m, const struct collect *c);
void machine_write(const struct machine *m, struct families *f);

#endif
