/* Names of block devices by their numbers, out of /proc/diskstats (kernel: Documentation/admin-guide/iostats.rst). Control groups
 * tell devices by number only. Pure. */
#ifndef AGENT_PODS_DISKS_H
#define AGENT_PODS_DISKS_H

#include "parsers/bytes/arena.h"

struct disk {
	uint32_t major, minor;
	struct str path; /* "/dev/sda"; in the arena */
};
struct disks {
	struct disk *at;
	size_t count;
};
enum { DISKS_MAX = 4096 };

void disks_parse(struct str diskstats, struct disks *out, struct arena *arena);
/* Empty when no device has these numbers. */
struct str disks_path(const struct disks *d, uint32_t major, uint32_t minor);

#endif
