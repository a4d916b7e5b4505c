/* Btrfs: /sys/fs/btrfs/UUID for space and commits; errors and sizes per device come from ioctls on a mount point (linux/btrfs.h),
 * as far as we are let: without them the size of a device comes from sysfs, and its labels are fewer. kernel: fs/btrfs/sysfs.c */
#include <fcntl.h>
#include <linux/btrfs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"

enum { BTRFS_DEVICES_MAX = 1024, BTRFS_MOUNTS_MAX = 1024 };

static const struct { const char *word, *metric, *help; enum metric_type type; double divisor; } commits[] = {
	{ "commits", "node_btrfs_commits_total", "The total number of commits that have occurred.", METRIC_COUNTER, 1 },
	{ "last_commit_ms", "node_btrfs_last_commit_seconds", "Duration of the most recent commit, in seconds.", METRIC_GAUGE,
	  1000 },
	{ "max_commit_ms", "node_btrfs_max_commit_seconds", "Duration of the slowest commit, in seconds.", METRIC_GAUGE, 1000 },
	{ "total_commit_ms", "node_btrfs_commit_seconds_total", "Sum of the duration of all commits, in seconds.", METRIC_COUNTER,
	  1000 },
};

static double number_of(struct sheet *s, struct collect *c, const char *directory, const char *file)
{
	double value;
	return words_unsigned(sheet_attribute(s, c->files, directory, file), &value) ? value : 0;
}

/* Before Linux 6.0 there is no such file: zeros. */
void btrfs_parse_commits(struct sheet *s, struct str uuid, struct str text)
{
	double values[COUNT_OF(commits)] = { 0 };
	while (text.n > 0) {
		struct str words[3];
		double value;
		if (words_split(str_cut(&text, '\n'), words, COUNT_OF(words)) != 2 || !words_unsigned(words[1], &value))
			continue;
		for (size_t i = 0; i < COUNT_OF(commits); i++)
			if (str_eq(words[0], str_of(commits[i].word)))
				values[i] = value;
	}
	for (size_t i = 0; i < COUNT_OF(commits); i++)
		sheet_add(s, commits[i].type, commits[i].metric, commits[i].help, values[i] / commits[i].divisor, { "uuid", uuid });
}

/* How many bytes of disk a byte of data takes. */
static double ratio_of(const char *layout, size_t devices)
{
	static const struct { const char *layout; double ratio; } fixed[] = {
		{ "single", 1 }, { "raid0", 1 }, { "dup", 2 }, { "raid1", 2 }, { "raid10", 2 }, { "raid1c3", 3 }, { "raid1c4", 4 },
	};
	double n = (double)devices;
	for (size_t i = 0; i < COUNT_OF(fixed); i++)
		if (strcmp(layout, fixed[i].layout) == 0)
			return fixed[i].ratio;
	if (strcmp(layout, "raid5") == 0)
		return n / (n - 1);
	return strcmp(layout, "raid6") == 0 ? n / (n - 2) : 0;
}

static void add_group(struct sheet *s, struct collect *c, const char *directory, struct str uuid, const char *type, size_t devices)
{
	const char *group = sheet_text(s, "%s/allocation/%s", directory, type);
	sheet_add(s, METRIC_GAUGE, "node_btrfs_reserved_bytes", "Amount of space reserved for a data type",
		number_of(s, c, group, "bytes_reserved"), { "block_group_type", str_of(type) }, { "uuid", uuid });
	struct names layouts;
	names_read(&layouts, &s->memory, "%s", group);
	for (size_t i = 0; i < layouts.count; i++) {
		const char *layout = sheet_text(s, "%s/%s", group, layouts.at[i]);
		if (!names_is_directory("%s", layout))
			continue;
		const struct metric_label labels[] = {
			{ "block_group_type", str_of(type) }, { "mode", str_of(layouts.at[i]) }, { "uuid", uuid },
		};
		sheet_put(s, METRIC_GAUGE, "node_btrfs_used_bytes", "Amount of used space by a layout/data type",
			number_of(s, c, layout, "used_bytes"), labels, COUNT_OF(labels));
		sheet_put(s, METRIC_GAUGE, "node_btrfs_size_bytes", "Amount of space allocated for a layout/data type",
			number_of(s, c, layout, "total_bytes"), labels, COUNT_OF(labels));
		sheet_put(s, METRIC_GAUGE, "node_btrfs_allocation_ratio", "Data allocation ratio for a layout/data type",
			ratio_of(layouts.at[i], devices), labels, COUNT_OF(labels));
	}
}

static struct str hex(struct sheet *s, const uint8_t bytes[16])
{
	static const char digits[] = "0123456789abcdef";
	char text[36];
	size_t n = 0;
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[n++] = '-';
		text[n++] = digits[bytes[i] >> 4];
		text[n++] = digits[bytes[i] & 15];
	}
	return sheet_copy(s, (struct str){ text, n });
}

static void add_device(struct sheet *s, struct str uuid, const struct btrfs_ioctl_dev_info_args *info,
	const struct btrfs_ioctl_get_dev_stats *stats)
{
	static const struct { const char *type; enum btrfs_dev_stat_values index; } errors[] = {
		{ "write", BTRFS_DEV_STAT_WRITE_ERRS }, { "read", BTRFS_DEV_STAT_READ_ERRS },
		  { "flush", BTRFS_DEV_STAT_FLUSH_ERRS },
		{ "corruption", BTRFS_DEV_STAT_CORRUPTION_ERRS }, { "generation", BTRFS_DEV_STAT_GENERATION_ERRS },
	};
	const char *path = (const char *)info->path;
	size_t n = strnlen(path, sizeof(info->path)), name = n; /* /dev/sda -> sda, as sysfs has it */
	while (name > 0 && path[name - 1] != '/')
		name--;
	struct str device = { path + name, n - name };
	const struct metric_label labels[] = { { "btrfs_dev_uuid", hex(s, info->uuid) }, { "device", device }, { "uuid", uuid } };
	sheet_put(s, METRIC_GAUGE, "node_btrfs_device_size_bytes", "Size of a device that is part of the filesystem.",
		(double)info->total_bytes, labels, COUNT_OF(labels));
	sheet_put(s, METRIC_GAUGE, "node_btrfs_device_unused_bytes",
		"Unused bytes unused on a device that is part of the filesystem.",
		(double)(info->total_bytes - info->bytes_used), labels, COUNT_OF(labels));
	for (size_t i = 0; i < COUNT_OF(errors); i++)
		sheet_add(s, METRIC_COUNTER, "node_btrfs_device_errors_total", "Errors reported for the device",
			(double)stats->values[errors[i].index], labels[0], labels[1], { "type", str_of(errors[i].type) },
				labels[2]);
}

/* false: not let, or not this filesystem. Devices are numbered with gaps. */
static bool add_devices_of(struct sheet *s, struct str uuid, const char *mount)
{
	int fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	struct btrfs_ioctl_fs_info_args about = { 0 };
	bool is_same = ioctl(fd, BTRFS_IOC_FS_INFO, &about) == 0 && str_eq(hex(s, about.fsid), uuid);
	size_t found = 0;
	for (uint64_t id = 0; is_same && id <= about.max_id && id < BTRFS_DEVICES_MAX && found < about.num_devices; id++) {
		struct btrfs_ioctl_dev_info_args info = { .devid = id };
		struct btrfs_ioctl_get_dev_stats stats = { .devid = id, .nr_items = BTRFS_DEV_STAT_VALUES_MAX };
		if (ioctl(fd, BTRFS_IOC_DEV_INFO, &info) < 0 || ioctl(fd, BTRFS_IOC_GET_DEV_STATS, &stats) < 0)
			continue;
		add_device(s, uuid, &info, &stats);
		found++;
	}
	close(fd);
	return found > 0;
}

/* "\040" and the like, as the kernel writes them into mount points. */
static struct str unescape(struct arena *arena, struct str text)
{
	char *path = arena_alloc(arena, text.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		struct str rest = str_skip(text, i);
		unsigned code = 0, digits = 0;
		while (rest.p[0] == '\\' && digits < 3 && digits + 1 < rest.n && rest.p[digits + 1] >= '0' && rest.p[digits + 1] <= '7')
			code = code * 8 + (unsigned)(rest.p[++digits] - '0');
		path[n++] = digits == 3 ? (char)code : text.p[i];
		i += digits == 3 ? 3 : 0;
	}
	return (struct str){ path, n };
}

/* "36 35 98:0 / /mnt rw,noatime shared:1 - btrfs /dev/sda rw": what stands behind the lone '-' is the type. */
struct names btrfs_parse_mounts(struct arena *arena, const char *rootfs, struct str text)
{
	struct names mounts = { .at = arena_alloc(arena, BTRFS_MOUNTS_MAX * sizeof(*mounts.at)) };
	while (text.n > 0 && mounts.count < BTRFS_MOUNTS_MAX) {
		struct str words[32];
		size_t count = words_split(str_cut(&text, '\n'), words, COUNT_OF(words)), dash = 6;
		while (dash < count && !str_eq(words[dash], STR("-")))
			dash++;
		if (dash + 1 >= count || !str_eq(words[dash + 1], STR("btrfs")))
			continue;
		struct str root = str_of(rootfs), point = unescape(arena, words[4]);
		char *path = arena_alloc(arena, root.n + point.n + 1);
		memcpy(path, root.p, root.n);
		memcpy(path + root.n, point.p, point.n);
		mounts.at[mounts.count++] = path;
	}
	return mounts;
}

static struct names mounts_of(struct sheet *s, struct collect *c)
{
	struct str text;
	if (files_read(c->files, c->roots->proc, "/1/mountinfo", false, &text) < 0 &&
		files_read(c->files, c->roots->proc, "/self/mountinfo", false, &text) < 0)
		return (struct names){ 0 };
	return btrfs_parse_mounts(&s->memory, c->roots->rootfs, text);
}

static void add_filesystem(struct sheet *s, struct collect *c, const char *name, const struct names *mounts)
{
	static const char *const groups[] = { "data", "metadata", "system" };
	const char *directory = sheet_text(s, "%s/fs/btrfs/%s", c->roots->sys, name);
	struct str uuid = sheet_attribute(s, c->files, directory, "metadata_uuid"), text;
	uuid = uuid.n > 0 ? uuid : str_of(name);
	struct names devices;
	if (names_read(&devices, &s->memory, "%s/devices", directory) < 0)
		return;
	sheet_add(s, METRIC_GAUGE, "node_btrfs_info", "Filesystem information", 1, { "label", sheet_attribute(s, c->files, directory, "label") },
		{ "uuid", uuid });
	sheet_add(s, METRIC_GAUGE, "node_btrfs_global_rsv_size_bytes", "Size of global reserve.",
		number_of(s, c, directory, "allocation/global_rsv_size"), { "uuid", uuid });
	if (files_read(c->files, directory, "/commit_stats", false, &text) < 0)
		text = (struct str){ 0 };
	btrfs_parse_commits(s, uuid, text);
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		add_group(s, c, directory, uuid, groups[i], devices.count);
	for (size_t i = 0; i < mounts->count; i++)
		if (add_devices_of(s, uuid, mounts->at[i]))
			return;
	for (size_t i = 0; i < devices.count; i++)
		sheet_add(s, METRIC_GAUGE, "node_btrfs_device_size_bytes", "Size of a device that is part of the filesystem.",
			512 * number_of(s, c, directory, sheet_text(s, "devices/%s/size", devices.at[i])),
			{ "device", str_of(devices.at[i]) }, { "uuid", uuid });
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, c->out);
	struct names all, mounts = { 0 };
	names_read(&all, &s.memory, "%s/fs/btrfs", c->roots->sys);
	bool has_mounts = false;
	for (size_t i = 0; i < all.count; i++) {
		if (!strchr(all.at[i], '-'))
			continue; /* "features" */
		if (!has_mounts)
			mounts = mounts_of(&s, c);
		has_mounts = true;
		add_filesystem(&s, c, all.at[i], &mounts);
	}
	sheet_write(&s);
	return 0;
}

const struct collector collector_btrfs = { .name = "btrfs", .is_default = true, .update = update };
