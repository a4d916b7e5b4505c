/* /proc/meminfo: "MemTotal:  16384 kB". kernel: Documentation/filesystems/proc.rst, fs/proc/meminfo.c
 * The fields are a fixed list, in the order in which kernels write them, so that the next line is nearly always the next row. Fields with a
 * unit are kilobytes; what stands without one is a count or, in old kernels, bytes. */
#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"

#define FIELD(key, metric) { STR_INIT(key), "node_memory_" metric, "Memory information field " metric "." }
#define STR_INIT(literal) { literal, sizeof(literal) - 1 }

static const struct field {
	struct str key;
	const char *metric, *help;
} table[] = {
	FIELD("MemTotal", "MemTotal_bytes"),
	FIELD("MemFree", "MemFree_bytes"),
	FIELD("MemAvailable", "MemAvailable_bytes"),
	FIELD("Buffers", "Buffers_bytes"),
	FIELD("Cached", "Cached_bytes"),
	FIELD("SwapCached", "SwapCached_bytes"),
	FIELD("Active", "Active_bytes"),
	FIELD("Inactive", "Inactive_bytes"),
	FIELD("Active(anon)", "Active_anon_bytes"),
	FIELD("Inactive(anon)", "Inactive_anon_bytes"),
	FIELD("Active(file)", "Active_file_bytes"),
	FIELD("Inactive(file)", "Inactive_file_bytes"),
	FIELD("Unevictable", "Unevictable_bytes"),
	FIELD("Mlocked", "Mlocked_bytes"),
	FIELD("SwapTotal", "SwapTotal_bytes"),
	FIELD("SwapFree", "SwapFree_bytes"),
	FIELD("Zswap", "Zswap_bytes"),
	FIELD("Zswapped", "Zswapped_bytes"),
	FIELD("Dirty", "Dirty_bytes"),
	FIELD("Writeback", "Writeback_bytes"),
	FIELD("AnonPages", "AnonPages_bytes"),
	FIELD("Mapped", "Mapped_bytes"),
	FIELD("Shmem", "Shmem_bytes"),
	FIELD("Slab", "Slab_bytes"),
	FIELD("SReclaimable", "SReclaimable_bytes"),
	FIELD("SUnreclaim", "SUnreclaim_bytes"),
	FIELD("KernelStack", "KernelStack_bytes"),
	FIELD("PageTables", "PageTables_bytes"),
	FIELD("NFS_Unstable", "NFS_Unstable_bytes"),
	FIELD("Bounce", "Bounce_bytes"),
	FIELD("WritebackTmp", "WritebackTmp_bytes"),
	FIELD("CommitLimit", "CommitLimit_bytes"),
	FIELD("Committed_AS", "Committed_AS_bytes"),
	FIELD("VmallocTotal", "VmallocTotal_bytes"),
	FIELD("VmallocUsed", "VmallocUsed_bytes"),
	FIELD("VmallocChunk", "VmallocChunk_bytes"),
	FIELD("Percpu", "Percpu_bytes"),
	FIELD("HardwareCorrupted", "HardwareCorrupted_bytes"),
	FIELD("AnonHugePages", "AnonHugePages_bytes"),
	FIELD("ShmemHugePages", "ShmemHugePages_bytes"),
	FIELD("ShmemPmdMapped", "ShmemPmdMapped_bytes"),
	FIELD("CmaTotal", "CmaTotal_bytes"),
	FIELD("CmaFree", "CmaFree_bytes"),
	FIELD("HugePages_Total", "HugePages_Total"),
	FIELD("HugePages_Free", "HugePages_Free"),
	FIELD("HugePages_Rsvd", "HugePages_Rsvd"),
	FIELD("HugePages_Surp", "HugePages_Surp"),
	FIELD("Hugepagesize", "Hugepagesize_bytes"),
	FIELD("DirectMap4k", "DirectMap4k_bytes"),
	FIELD("DirectMap2M", "DirectMap2M_bytes"),
	FIELD("DirectMap1G", "DirectMap1G_bytes"),
};

/* Looks from the row behind the last hit, once around. */
static const struct field *find(struct str key, size_t *hint)
{
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		size_t at = (*hint + i) % COUNT_OF(table);
		if (str_eq(table[at].key, key)) {
			*hint = at + 1;
			return &table[at];
		}
	}
	return NULL;
}

bool meminfo_write(struct families *f, struct str text)
{
	size_t hint = 0, written = f->count;
	while (text.n) {
		struct str line = str_cut(&text, '\n'), key = str_cut(&line, ':');
		const struct field *field = find(key, &hint);
		uint64_t value;
		if (!field || !fields_u64(&line, &value))
			continue;
		struct str unit = fields_next(&line);
		if (unit.n && !str_eq(unit, STR("kB")))
			continue;
		families_gauge(f, field->metric, field->help, (double)(unit.n ? value * 1024 : value));
	}
	return f->count > written;
}

static int update(void *state, struct collect *c)
{
	struct str text;
	(void)state;
	int error = files_read(c->files, c->roots->proc, "/meminfo", true, &text);
	if (error)
		return error;
	return meminfo_write(c->out, text) ? 0 : -EINVAL;
}

const struct collector collector_meminfo = { .name = "meminfo", .is_default = true, .update = update };
