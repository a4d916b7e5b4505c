/* What the files of a control group say, of either version: numbers under common names. Pure: file contents in, values out.
 * kernel: Documentation/admin-guide/cgroup-v2.rst, Documentation/admin-guide/cgroup-v1/ */
#ifndef AGENT_PODS_CGROUP_STATS_H
#define AGENT_PODS_CGROUP_STATS_H

#include "parsers/bytes/str.h"

enum cgroup_version { CGROUP_V1, CGROUP_V2, CGROUP_VERSIONS };
/* Each may live in another hierarchy. CGROUP_PRESSURE is no controller, but like one: only version 2 has it. */
enum cgroup_controller { CGROUP_CPUACCT, CGROUP_CPU, CGROUP_MEMORY, CGROUP_IO, CGROUP_PIDS, CGROUP_PRESSURE, CGROUP_CONTROLLERS };

enum cgroup_value { /* times in nanoseconds, sizes in bytes */
	CG_CPU_USAGE, CG_CPU_USER, CG_CPU_SYSTEM, CG_PERIODS, CG_THROTTLED, CG_THROTTLED_TIME, CG_BURSTS, CG_BURST_TIME,
	CG_QUOTA, CG_PERIOD, CG_SHARES, /* microseconds; shares as version 1 counts them */
	CG_MEMORY, CG_MEMORY_PEAK, CG_RSS, CG_CACHE, CG_MAPPED, CG_KERNEL, CG_SWAP, CG_FAILURES, CG_ACTIVE_FILE, CG_INACTIVE_FILE,
	CG_WORKING_SET, CG_PGFAULT, CG_PGMAJFAULT, CG_TOTAL_PGFAULT, CG_TOTAL_PGMAJFAULT, CG_EVENTS_HIGH, CG_EVENTS_MAX, CG_DIRTY,
	CG_WRITEBACK, CG_PGSCAN, CG_PGSTEAL, CG_REFAULT_FILE, CG_REFAULT_ANON, CG_OOM_KILLS,
	CG_LIMIT, CG_SWAP_LIMIT, CG_RESERVATION, /* UINT64_MAX: none */
	CG_PROCESSES, CG_THREADS, CG_THREADS_MAX, /* 0: no limit */
	CG_CPU_SOME, CG_CPU_FULL, CG_MEMORY_SOME, CG_MEMORY_FULL, CG_IO_SOME, CG_IO_FULL,
	CG_VALUES
};
struct cgroup_stats {
	uint64_t has; /* a bit for each value that is known */
	uint64_t value[CG_VALUES];
};
struct cgroup_device {
	uint32_t major, minor;
	uint64_t read_bytes, written_bytes, reads, writes;
};
enum { CGROUP_DEVICES_MAX = 64 };
struct cgroup_io { /* what does not fit is left out */
	struct cgroup_device at[CGROUP_DEVICES_MAX];
	size_t count;
};

struct cgroup_file {
	enum cgroup_controller controller;
	const char *name;
	bool is_spec;       /* limits: they seldom change */
	bool is_substitute; /* not read when the file before it had something to say */
	/* private: how to read it */
	unsigned kind, value;
	const struct cgroup_key *keys;
};
/* Ends with a row without a name. */
const struct cgroup_file *cgroup_files(enum cgroup_version version);
/* Adds what the content says; lines that are not understood are left out. Whether there was anything. */
bool cgroup_parse(const struct cgroup_file *file, struct str content, struct cgroup_stats *stats, struct cgroup_io *io);
/* When all files are read: what follows from them. */
void cgroup_derive(struct cgroup_stats *stats);

static inline bool cgroup_has(const struct cgroup_stats *s, enum cgroup_value v)
{
	return s->has >> v & 1;
}

static inline void cgroup_set(struct cgroup_stats *s, enum cgroup_value v, uint64_t value)
{
	s->value[v] = value;
	s->has |= UINT64_C(1) << v;
}

#endif
