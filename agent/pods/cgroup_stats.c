/* Tables: which file, in which form, which of its keys is which value. The forms are few: one number, "key number" lines,
 * limits, pressure, and two ways to count input and output. Where the kernel says "max", the value is what cAdvisor makes of it. */
#include "agent/pods/cgroup_stats.h"

#include "parsers/bytes/num.h"

enum kind { NUMBER, KEYED, CPU_MAX, WEIGHT, QUOTA, LINES, PRESSURE, IO_STAT, BLKIO_BYTES, BLKIO_OPS };

struct cgroup_key {
	const char *name;
	enum cgroup_value value;
	uint64_t factor;
};

enum { US = 1000, TICK = 10000000 /* USER_HZ is 100 everywhere */ };

_Static_assert(CG_VALUES <= 64, "one bit for each value");

static const struct cgroup_key cpu_v2[] = {
	{ "usage_usec", CG_CPU_USAGE, US }, { "user_usec", CG_CPU_USER, US }, { "system_usec", CG_CPU_SYSTEM, US },
	{ "nr_periods", CG_PERIODS, 1 }, { "nr_throttled", CG_THROTTLED, 1 }, { "throttled_usec", CG_THROTTLED_TIME, US },
	{ "nr_bursts", CG_BURSTS, 1 }, { "burst_usec", CG_BURST_TIME, US }, { 0 }
};
static const struct cgroup_key memory_v2[] = {
	{ "anon", CG_RSS, 1 }, { "file", CG_CACHE, 1 }, { "kernel", CG_KERNEL, 1 }, { "file_mapped", CG_MAPPED, 1 },
	{ "file_dirty", CG_DIRTY, 1 }, { "file_writeback", CG_WRITEBACK, 1 }, { "active_file", CG_ACTIVE_FILE, 1 },
	{ "inactive_file", CG_INACTIVE_FILE, 1 }, { "pgfault", CG_PGFAULT, 1 }, { "pgmajfault", CG_PGMAJFAULT, 1 },
	{ "pgscan", CG_PGSCAN, 1 }, { "pgsteal", CG_PGSTEAL, 1 }, { "workingset_refault_file", CG_REFAULT_FILE, 1 },
	{ "workingset_refault_anon", CG_REFAULT_ANON, 1 }, { 0 }
};
static const struct cgroup_key events_v2[] = {
	{ "high", CG_EVENTS_HIGH, 1 }, { "max", CG_EVENTS_MAX, 1 }, { "oom_kill", CG_OOM_KILLS, 1 }, { 0 }
};
static const struct cgroup_file files_v2[] = {
	{ CGROUP_CPUACCT, "cpu.stat", false, false, KEYED, 0, cpu_v2 },
	{ CGROUP_CPU, "cpu.max", true, false, CPU_MAX, 0, NULL },
	{ CGROUP_CPU, "cpu.weight", true, false, WEIGHT, CG_SHARES, NULL },
	{ CGROUP_CPU, "cgroup.procs", false, false, LINES, CG_PROCESSES, NULL },
	{ CGROUP_MEMORY, "memory.current", false, false, NUMBER, CG_MEMORY, NULL },
	{ CGROUP_MEMORY, "memory.peak", false, false, NUMBER, CG_MEMORY_PEAK, NULL },
	{ CGROUP_MEMORY, "memory.swap.current", false, false, NUMBER, CG_SWAP, NULL },
	{ CGROUP_MEMORY, "memory.stat", false, false, KEYED, 0, memory_v2 },
	{ CGROUP_MEMORY, "memory.events", false, false, KEYED, 0, events_v2 },
	{ CGROUP_MEMORY, "memory.max", true, false, NUMBER, CG_LIMIT, NULL },
	{ CGROUP_MEMORY, "memory.swap.max", true, false, NUMBER, CG_SWAP_LIMIT, NULL },
	{ CGROUP_MEMORY, "memory.min", true, false, NUMBER, CG_RESERVATION, NULL },
	{ CGROUP_IO, "io.stat", false, false, IO_STAT, 0, NULL },
	{ CGROUP_PIDS, "pids.current", false, false, NUMBER, CG_THREADS, NULL },
	{ CGROUP_PIDS, "pids.max", true, false, NUMBER, CG_THREADS_MAX, NULL },
	{ CGROUP_PRESSURE, "cpu.pressure", false, false, PRESSURE, CG_CPU_SOME, NULL },
	{ CGROUP_PRESSURE, "memory.pressure", false, false, PRESSURE, CG_MEMORY_SOME, NULL },
	{ CGROUP_PRESSURE, "io.pressure", false, false, PRESSURE, CG_IO_SOME, NULL },
	{ 0 }
};

static const struct cgroup_key usage_v1[] = { { "user", CG_CPU_USER, TICK }, { "system", CG_CPU_SYSTEM, TICK }, { 0 } };
static const struct cgroup_key cpu_v1[] = {
	{ "nr_periods", CG_PERIODS, 1 }, { "nr_throttled", CG_THROTTLED, 1 }, { "throttled_time", CG_THROTTLED_TIME, 1 },
	{ "nr_bursts", CG_BURSTS, 1 }, { "burst_time", CG_BURST_TIME, 1 }, { 0 }
};
static const struct cgroup_key memory_v1[] = {
	{ "total_rss", CG_RSS, 1 }, { "total_cache", CG_CACHE, 1 }, { "total_mapped_file", CG_MAPPED, 1 }, { "total_swap",
	  CG_SWAP, 1 },
	{ "total_active_file", CG_ACTIVE_FILE, 1 }, { "total_inactive_file", CG_INACTIVE_FILE, 1 }, { "total_dirty", CG_DIRTY, 1 },
	{ "total_writeback", CG_WRITEBACK, 1 }, { "pgfault", CG_PGFAULT, 1 }, { "pgmajfault", CG_PGMAJFAULT, 1 },
	{ "total_pgfault", CG_TOTAL_PGFAULT, 1 }, { "total_pgmajfault", CG_TOTAL_PGMAJFAULT, 1 }, { 0 }
};
static const struct cgroup_key oom_v1[] = { { "oom_kill", CG_OOM_KILLS, 1 }, { 0 } };
static const struct cgroup_file files_v1[] = {
	{ CGROUP_CPUACCT, "cpuacct.usage", false, false, NUMBER, CG_CPU_USAGE, NULL },
	{ CGROUP_CPUACCT, "cpuacct.stat", false, false, KEYED, 0, usage_v1 },
	{ CGROUP_CPU, "cpu.stat", false, false, KEYED, 0, cpu_v1 },
	{ CGROUP_CPU, "cpu.shares", true, false, NUMBER, CG_SHARES, NULL },
	{ CGROUP_CPU, "cpu.cfs_period_us", true, false, NUMBER, CG_PERIOD, NULL },
	{ CGROUP_CPU, "cpu.cfs_quota_us", true, false, QUOTA, CG_QUOTA, NULL },
	{ CGROUP_CPU, "cgroup.procs", false, false, LINES, CG_PROCESSES, NULL },
	{ CGROUP_MEMORY, "memory.usage_in_bytes", false, false, NUMBER, CG_MEMORY, NULL },
	{ CGROUP_MEMORY, "memory.max_usage_in_bytes", false, false, NUMBER, CG_MEMORY_PEAK, NULL },
	{ CGROUP_MEMORY, "memory.failcnt", false, false, NUMBER, CG_FAILURES, NULL },
	{ CGROUP_MEMORY, "memory.kmem.usage_in_bytes", false, false, NUMBER, CG_KERNEL, NULL },
	{ CGROUP_MEMORY, "memory.stat", false, false, KEYED, 0, memory_v1 },
	{ CGROUP_MEMORY, "memory.oom_control", false, false, KEYED, 0, oom_v1 },
	{ CGROUP_MEMORY, "memory.limit_in_bytes", true, false, NUMBER, CG_LIMIT, NULL },
	{ CGROUP_MEMORY, "memory.memsw.limit_in_bytes", true, false, NUMBER, CG_SWAP_LIMIT, NULL },
	{ CGROUP_MEMORY, "memory.soft_limit_in_bytes", true, false, NUMBER, CG_RESERVATION, NULL },
	{ CGROUP_IO, "blkio.bfq.io_service_bytes_recursive", false, false, BLKIO_BYTES, 0, NULL },
	{ CGROUP_IO, "blkio.io_service_bytes_recursive", false, true, BLKIO_BYTES, 0, NULL },
	{ CGROUP_IO, "blkio.throttle.io_service_bytes_recursive", false, true, BLKIO_BYTES, 0, NULL },
	{ CGROUP_IO, "blkio.throttle.io_service_bytes", false, true, BLKIO_BYTES, 0, NULL },
	{ CGROUP_IO, "blkio.bfq.io_serviced_recursive", false, false, BLKIO_OPS, 0, NULL },
	{ CGROUP_IO, "blkio.io_serviced_recursive", false, true, BLKIO_OPS, 0, NULL },
	{ CGROUP_IO, "blkio.throttle.io_serviced_recursive", false, true, BLKIO_OPS, 0, NULL },
	{ CGROUP_IO, "blkio.throttle.io_serviced", false, true, BLKIO_OPS, 0, NULL },
	{ CGROUP_PIDS, "pids.current", false, false, NUMBER, CG_THREADS, NULL },
	{ CGROUP_PIDS, "pids.max", true, false, NUMBER, CG_THREADS_MAX, NULL },
	{ 0 }
};

const struct cgroup_file *cgroup_files(enum cgroup_version version)
{
	return version == CGROUP_V2 ? files_v2 : files_v1;
}

/* A number, or "max". */
static bool read_number(struct str text, enum cgroup_value value, struct cgroup_stats *out)
{
	uint64_t number;
	if (str_eq(text, STR("max")))
		number = value == CG_THREADS_MAX ? 0 : UINT64_MAX;
	else if (!num_u64(text, &number))
		return false;
	cgroup_set(out, value, number);
	return true;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
	uint64_t product;
	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static bool read_keyed(struct str content, const struct cgroup_key *keys, struct cgroup_stats *out)
{
	bool found = false;
	while (content.n) {
		struct str number = str_cut(&content, '\n'), name = str_cut(&number, ' ');
		uint64_t value;
		for (const struct cgroup_key *k = keys; k->name; k++)
			if (str_eq(name, str_of(k->name)) && num_u64(number, &value)) {
				cgroup_set(out, k->value, multiply(value, k->factor));
				found = true;
			}
	}
	return found;
}

/* "max 100000" or "50000 100000" */
static bool read_cpu_max(struct str text, struct cgroup_stats *out)
{
	struct str quota = str_cut(&text, ' ');
	uint64_t value, period;
	if (!num_u64(text, &period))
		return false;
	cgroup_set(out, CG_PERIOD, period);
	if (num_u64(quota, &value))
		cgroup_set(out, CG_QUOTA, value);
	return true;
}

/* 1..10000 to 2..262144, as the kubelet does it the other way round */
static bool read_weight(struct str text, struct cgroup_stats *out)
{
	uint64_t weight;
	if (!num_u64(text, &weight) || weight < 1 || weight > 10000)
		return false;
	cgroup_set(out, CG_SHARES, 2 + (weight - 1) * 262142 / 9999);
	return true;
}

static uint64_t count_lines(struct str content)
{
	uint64_t lines = 0;
	while (content.n)
		lines += str_cut(&content, '\n').n > 0;
	return lines;
}

/* The number of "key=number" in a line of such words. */
static bool find_word(struct str words, struct str key, uint64_t *out)
{
	while (words.n) {
		struct str value = str_cut(&words, ' '), name = str_cut(&value, '=');
		if (str_eq(name, key))
			return num_u64(value, out);
	}
	return false;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=123" and the same with "full"; microseconds */
static bool read_pressure(struct str content, enum cgroup_value some, struct cgroup_stats *out)
{
	bool found = false;
	while (content.n) {
		struct str words = str_cut(&content, '\n'), which = str_cut(&words, ' ');
		bool is_full = str_eq(which, STR("full"));
		uint64_t total;
		if ((!is_full && !str_eq(which, STR("some"))) || !find_word(words, STR("total"), &total))
			continue;
		cgroup_set(out, some + is_full, multiply(total, US));
		found = true;
	}
	return found;
}

/* ---- input and output ---- */

static bool read_device(struct str text, uint32_t *major, uint32_t *minor)
{
	struct str head = str_cut(&text, ':');
	uint64_t a, b;
	if (!num_u64(head, &a) || !num_u64(text, &b) || a > UINT32_MAX || b > UINT32_MAX)
		return false;
	*major = (uint32_t)a;
	*minor = (uint32_t)b;
	return true;
}

static struct cgroup_device *device(struct cgroup_io *io, uint32_t major, uint32_t minor)
{
	for (size_t i = 0; i < io->count; i++)
		if (io->at[i].major == major && io->at[i].minor == minor)
			return &io->at[i];
	if (io->count == CGROUP_DEVICES_MAX)
		return NULL;
	io->at[io->count] = (struct cgroup_device){ .major = major, .minor = minor };
	return &io->at[io->count++];
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0"; a device without numbers has done nothing, and some kernels put several
 * such in front of one that has. */
static bool read_io_stat(struct str content, struct cgroup_io *io)
{
	while (content.n) {
		struct str words = str_cut(&content, '\n');
		uint32_t major, minor;
		struct str name = { 0 };
		while (words.n && (name.n == 0 || !memchr(words.p, '=', str_find(words, ' '))))
			name = str_cut(&words, ' ');
		struct cgroup_device *d;
		uint64_t seen;
		if (!words.n || !read_device(name, &major, &minor) || !find_word(words, STR("rbytes"), &seen))
			continue;
		d = device(io, major, minor);
		if (!d)
			break;
		find_word(words, STR("rbytes"), &d->read_bytes);
		find_word(words, STR("wbytes"), &d->written_bytes);
		find_word(words, STR("rios"), &d->reads);
		find_word(words, STR("wios"), &d->writes);
	}
	return io->count > 0;
}

/* "8:0 Read 4096", "8:0 Write 0", other operations that are sums of these, and "Total 4096" */
static bool read_blkio(struct str content, bool is_bytes, struct cgroup_io *io)
{
	bool found = false;
	while (content.n) {
		struct str number = str_cut(&content, '\n'), name = str_cut(&number, ' ');
		bool is_read = str_starts(number, STR("Read "));
		uint32_t major, minor;
		uint64_t value;
		if (!is_read && !str_starts(number, STR("Write ")))
			continue;
		if (!read_device(name, &major, &minor) || !num_u64(str_skip(number, is_read ? 5 : 6), &value))
			continue;
		struct cgroup_device *d = device(io, major, minor);
		if (!d)
			break;
		*(is_bytes ? is_read ? &d->read_bytes : &d->written_bytes : is_read ? &d->reads : &d->writes) = value;
		found = true;
	}
	return found;
}

bool cgroup_parse(const struct cgroup_file *file, struct str content, struct cgroup_stats *stats, struct cgroup_io *io)
{
	struct str line = str_take(content, str_find(content, '\n'));
	switch ((enum kind)file->kind) {
	case NUMBER:
		return read_number(line, file->value, stats);
	case KEYED:
		return read_keyed(content, file->keys, stats);
	case CPU_MAX:
		return read_cpu_max(line, stats);
	case WEIGHT:
		return read_weight(line, stats);
	case QUOTA: /* -1 is none: no number to num_u64 */
		return read_number(line, file->value, stats);
	case LINES:
		cgroup_set(stats, file->value, count_lines(content));
		return true;
	case PRESSURE:
		return read_pressure(content, file->value, stats);
	case IO_STAT:
		return read_io_stat(content, io);
	case BLKIO_BYTES:
	case BLKIO_OPS:
		return read_blkio(content, file->kind == BLKIO_BYTES, io);
	}
	return false;
}

void cgroup_derive(struct cgroup_stats *s)
{
	if (!cgroup_has(s, CG_MEMORY) && cgroup_has(s, CG_RSS) && cgroup_has(s, CG_CACHE))
		cgroup_set(s, CG_MEMORY, s->value[CG_RSS] + s->value[CG_CACHE]); /* the root of version 2 has no memory.current */
	if (!cgroup_has(s, CG_SWAP) && cgroup_has(s, CG_RSS))
		cgroup_set(s, CG_SWAP, 0); /* the kernel does not account for swap */
	if (!cgroup_has(s, CG_FAILURES) && cgroup_has(s, CG_EVENTS_MAX))
		cgroup_set(s, CG_FAILURES, s->value[CG_EVENTS_MAX]);
	if (!cgroup_has(s, CG_TOTAL_PGFAULT) && cgroup_has(s, CG_PGFAULT))
		cgroup_set(s, CG_TOTAL_PGFAULT, s->value[CG_PGFAULT]);
	if (!cgroup_has(s, CG_TOTAL_PGMAJFAULT) && cgroup_has(s, CG_PGMAJFAULT))
		cgroup_set(s, CG_TOTAL_PGMAJFAULT, s->value[CG_PGMAJFAULT]);
	if (cgroup_has(s, CG_MEMORY)) {
		uint64_t inactive = cgroup_has(s, CG_INACTIVE_FILE) ? s->value[CG_INACTIVE_FILE] : 0, used = s->value[CG_MEMORY];
		cgroup_set(s, CG_WORKING_SET, used > inactive ? used - inactive : 0);
	}
}
