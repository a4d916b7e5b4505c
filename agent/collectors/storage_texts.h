/* The parse halves of the collectors for hardware and storage: text in, samples on a sheet out; they touch nothing else.
 * The strings `device`, `pool` and the like become labels. What is not understood in a text is left out. */
#ifndef AGENT_COLLECTORS_STORAGE_TEXTS_H
#define AGENT_COLLECTORS_STORAGE_TEXTS_H

#include "agent/collectors/collector.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"

/* "temp1_input" into temp, 1, input; number and element may be empty. false: not such a name. Views. */
bool hwmon_parse_name(struct str file, struct str *type, struct str *number, struct str *element);
/* Lower case, with '_' for what a metric name cannot have, without '_' at the ends. */
struct str hwmon_clean(struct arena *arena, struct str text);
void mdadm_parse(struct sheet *s, struct str text);                                       /* /proc/mdstat */
void xfs_parse(struct sheet *s, struct str device, struct str text);                      /* fs/xfs/DEVICE/stats/stats */
void zfs_parse_kstat(struct sheet *s, const char *subsystem, const char *file, struct str text);
void zfs_parse_io(struct sheet *s, struct str pool, struct str text);
void zfs_parse_objset(struct sheet *s, struct str pool, struct str text);
void zfs_parse_state(struct sheet *s, struct str pool, struct str text);
void btrfs_parse_commits(struct sheet *s, struct str uuid, struct str text);              /* fs/btrfs/UUID/commit_stats */
/* Mount points of Btrfs out of a mountinfo, with rootfs in front, NUL-terminated; all in the arena. */
struct names btrfs_parse_mounts(struct arena *arena, const char *rootfs, struct str text);
bool bcache_parse_number(struct str text, double *out);                                   /* "1.1k", as bch_hprint writes */
void bcache_parse_writeback(struct sheet *s, struct str uuid, struct str device, struct str text);
void bcachefs_parse_compression(struct sheet *s, struct str uuid, struct str text);
void bcachefs_parse_errors(struct sheet *s, struct str uuid, struct str text);
void bcachefs_parse_counter(struct sheet *s, struct str uuid, struct str counter, struct str text);
void bcachefs_parse_writes(struct sheet *s, struct str uuid, struct str text);
void bcachefs_parse_io(struct sheet *s, struct str uuid, struct str device, struct str text);
void bcachefs_parse_io_errors(struct sheet *s, struct str uuid, struct str device, struct str text);
double selinux_parse_mode(struct str text);                                               /* etc/selinux/config: 1, 0, -1 */
void slabinfo_parse(struct sheet *s, const struct device_filter *slabs, struct str text); /* slabs may be NULL */
void buddyinfo_parse(struct sheet *s, struct str text);
void zoneinfo_parse(struct sheet *s, struct str text);
void meminfo_numa_parse(struct sheet *s, struct str text);
void meminfo_numa_parse_stat(struct sheet *s, struct str node, struct str text);
void cgroups_parse(struct sheet *s, struct str text);                                     /* /proc/cgroups */
void mountstats_parse(struct sheet *s, struct str text, struct str mountinfo);              /* /proc/self/mountstats */

#endif
