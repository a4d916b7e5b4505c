/* The pure halves of the collectors of the system itself: text of a file in, rows or families out. No file, clock or state behind them;
 * what is not understood is left out. Rows are appended to a buf, one struct after the other. Views look into the text. */
#ifndef AGENT_COLLECTORS_SYSTEM_H
#define AGENT_COLLECTORS_SYSTEM_H

#include "agent/collectors/collector.h"

/* Families straight from the text; false: there was nothing in it. */
bool meminfo_write(struct families *f, struct str text);                     /* /proc/meminfo */
bool loadavg_write(struct families *f, struct str text);                     /* /proc/loadavg */
bool filefd_write(struct families *f, struct str text);                      /* /proc/sys/fs/file-nr */
bool stat_write(struct families *f, struct str text, bool has_softirqs);     /* /proc/stat */
bool schedstat_write(struct families *f, struct str text, struct buf *rows); /* /proc/schedstat; rows is for its own use */
bool softirqs_write(struct families *f, struct str text);                    /* /proc/softirqs */
bool interrupts_write(struct families *f, struct str text, const struct device_filter *filter, bool has_zeros); /* /proc/interrupts */

/* /proc/vmstat. A kernel's list of names never changes, so the verdict about the name in line i is kept with the name's hash. */
enum { VMSTAT_LINES_MAX = 512 };
struct vmstat_filter {
	const struct regex *wanted;
	uint64_t hash[VMSTAT_LINES_MAX];
	bool is_wanted[VMSTAT_LINES_MAX];
};
bool vmstat_write(struct families *f, struct str text, struct vmstat_filter *filter);

/* /proc/pressure/x: microseconds. */
struct pressure {
	bool has_some, has_full;
	uint64_t some_us, full_us;
};
void pressure_parse(struct str text, struct pressure *out);

/* The cpuN lines of /proc/stat, in jiffies of 1/100 s: user nice system idle iowait irq softirq steal guest guest_nice. */
enum cpu_mode { CPU_USER, CPU_NICE, CPU_SYSTEM, CPU_IDLE, CPU_IOWAIT, CPU_IRQ, CPU_SOFTIRQ, CPU_STEAL, CPU_GUEST, CPU_GUEST_NICE, CPU_MODES };
struct cpu_times {
	uint64_t number;
	uint64_t ticks[CPU_MODES];
};
void cpu_times_parse(struct str text, struct buf *rows);
/* Lays a reading over the ones before (rows of struct cpu_times): a counter never goes back, unless idle fell by three seconds or more:
 * then the CPU has been away, and begins anew. CPUs that are missing in the reading are forgotten. */
void cpu_times_merge(struct buf *known, const struct buf *reading);

/* /proc/cpuinfo, one row per processor. */
struct cpu_info {
	struct str processor, package, core, vendor, family, model, model_name, microcode, stepping, cachesize, flags, bugs;
	double mhz;
};
void cpuinfo_parse(struct str text, struct buf *rows);

/* /proc/diskstats: kernel Documentation/admin-guide/iostats.rst */
enum { DISK_VALUES = 17 };
struct disk_stats {
	uint64_t major, minor;
	struct str device;
	uint64_t values[DISK_VALUES];
	size_t count; /* of values in the line: 11, 15 or 17; more in kernels to come */
};
void diskstats_parse(struct str text, struct buf *rows);

/* A file of the udev database: "E:ID_MODEL=…" lines. Empty: not there. */
enum udev_key {
	UDEV_DM_LV_LAYER, UDEV_DM_LV_NAME, UDEV_DM_NAME, UDEV_DM_UUID, UDEV_DM_VG_NAME, UDEV_ID_ATA, UDEV_ID_ATA_ROTATION_RATE_RPM,
	UDEV_ID_ATA_WRITE_CACHE, UDEV_ID_ATA_WRITE_CACHE_ENABLED, UDEV_ID_FS_TYPE, UDEV_ID_FS_USAGE, UDEV_ID_FS_UUID, UDEV_ID_FS_VERSION,
	UDEV_ID_MODEL, UDEV_ID_PATH, UDEV_ID_REVISION, UDEV_ID_SERIAL, UDEV_ID_SERIAL_SHORT, UDEV_ID_WWN, UDEV_SCSI_IDENT_SERIAL, UDEV_KEYS
};
void udev_parse(struct str text, struct str out[UDEV_KEYS]);

/* A line of mountinfo. kernel: Documentation/filesystems/proc.rst, 3.5. Views as they stand, escapes and all. */
struct mount_line {
	uint64_t major, minor;
	struct str point, options, type, source, super_options;
};
bool mount_line_parse(struct str line, struct mount_line *out);
bool mount_line_is_read_only(const struct mount_line *m);
/* A mount point as a path: \040 and \011 as blank and tab; without the prefix `rootfs` (NULL or "/": none). Appends. */
void mount_point_path(struct str point, const char *rootfs, struct buf *out);
/* Appends s with each run of bytes that are no UTF-8 as one U+FFFD. */
void text_mend(struct str s, struct buf *out);

/* os-release(5): KEY=value, quoted or not. */
enum os_key {
	OS_BUILD_ID, OS_ID, OS_ID_LIKE, OS_IMAGE_ID, OS_IMAGE_VERSION, OS_NAME, OS_PRETTY_NAME, OS_VARIANT, OS_VARIANT_ID, OS_VERSION,
	OS_VERSION_CODENAME, OS_VERSION_ID, OS_SUPPORT_END, OS_KEYS
};
/* Values are unquoted into `room`, which must not be empty-handed: views into it. */
void os_release_parse(struct str text, struct str out[OS_KEYS], struct buf *room);
/* The number that a version begins with, "12" or "22.04"; 0: none. */
double os_release_version(struct str version_id);
/* Midnight UTC of "2026-11-21" in seconds since 1970; false: no date. */
bool os_release_date(struct str date, double *out);

/* /proc/<pid>/stat: the state's letter and the number of threads. */
struct process_stat {
	char state;
	uint64_t threads;
};
bool process_stat_parse(struct str text, struct process_stat *out);

/* A sysctl as it is configured, "kernel.seccomp.actions" or "fs.file-nr:total,unused,max". */
struct sysctl_spec {
	struct str name, keys;
	bool has_keys, is_info;
};
void sysctl_spec_parse(struct str text, bool is_info, struct sysctl_spec *out);
/* Its families out of its file's text. `scratch` holds names for the time of the call. */
bool sysctl_write(struct families *f, const struct sysctl_spec *spec, struct str text, struct buf *scratch);

#endif
