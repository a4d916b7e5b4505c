/* Device-mapper multipath: /sys/block/dm-N whose dm/uuid begins with "mpath-"; paths are its slaves and their device/state.
 * kernel: Documentation/ABI/testing/sysfs-block-dm */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"

static void add_paths(struct sheet *s, struct collect *c, const char *directory, const struct metric_label *labels)
{
	struct names paths;
	names_read(&paths, &s->memory, "%s/slaves", directory);
	size_t active = 0;
	for (size_t i = 0; i < paths.count; i++) {
		const char *path = sheet_text(s, "%s/block/%s/device", c->roots->sys, paths.at[i]);
		struct str state = sheet_attribute(s, c->files, path, "state"); /* SCSI says running, NVMe says live */
		active += str_eq(state, STR("running")) || str_eq(state, STR("live"));
		sheet_add(s, METRIC_GAUGE, "node_dmmultipath_path_state",
			"Reports the underlying device state for a multipath path, as read from /sys/block/<dev>/device/state.", 1,
				labels[0],
			{ "path", str_of(paths.at[i]) }, { "state", state });
	}
	sheet_put(s, METRIC_GAUGE, "node_dmmultipath_device_paths", "Number of paths for a multipath device.", (double)paths.count,
		labels, 2);
	sheet_put(s, METRIC_GAUGE, "node_dmmultipath_device_paths_active",
		"Number of paths in active state (SCSI running or NVMe live) for a multipath device.", (double)active, labels, 2);
	sheet_put(s, METRIC_GAUGE, "node_dmmultipath_device_paths_failed",
		"Number of paths not in active state for a multipath device.",
		(double)(paths.count - active), labels, 2);
}

static void add_device(struct sheet *s, struct collect *c, const char *name)
{
	const char *directory = sheet_text(s, "%s/block/%s", c->roots->sys, name);
	struct str uuid = sheet_attribute(s, c->files, directory, "dm/uuid");
	if (!str_starts(uuid, STR("mpath-")))
		return;
	const struct metric_label labels[] = { { "device", sheet_attribute(s, c->files, directory, "dm/name") }, { "sysfs_name", str_of(name) } };
	double suspended, sectors;
	sheet_add(s, METRIC_GAUGE, "node_dmmultipath_device_info", "Non-numeric information about a DM-multipath device.", 1,
		labels[0],
		labels[1], { "uuid", uuid });
	if (words_unsigned(sheet_attribute(s, c->files, directory, "dm/suspended"), &suspended))
		sheet_put(s, METRIC_GAUGE, "node_dmmultipath_device_active",
			"Whether the multipath device-mapper device is active (1) or suspended (0).", suspended != 1, labels, 2);
	if (words_unsigned(sheet_attribute(s, c->files, directory, "size"), &sectors))
		sheet_put(s, METRIC_GAUGE, "node_dmmultipath_device_size_bytes",
			"Size of the multipath device in bytes, read from /sys/block/<dm>/size.", sectors * 512, labels, 2);
	add_paths(s, c, directory, labels);
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, c->out);
	struct names blocks;
	int error = names_read(&blocks, &s.memory, "%s/block", c->roots->sys);
	for (size_t i = 0; i < blocks.count; i++)
		if (strncmp(blocks.at[i], "dm-", 3) == 0)
			add_device(&s, c, blocks.at[i]);
	sheet_write(&s);
	return error == -ENOENT || error == -EACCES ? -ENODATA : error;
}

const struct collector collector_dmmultipath = { .name = "dmmultipath", .is_default = true, .update = update };
