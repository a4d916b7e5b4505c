/* Hardware and storage collectors against small trees of /proc and /sys: everything they say, byte for byte, is in a file next to
 * the tree. A tree called NAME_bad holds what a driver should never write: it costs its own samples and no others. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/storage_texts.h"
#include "tests/unit/agent/recorded.h"

static struct roots roots_of(const struct temp_dir *d, char room[3][128])
{
	snprintf(room[0], sizeof room[0], "%s/proc", d->path);
	snprintf(room[1], sizeof room[1], "%s/sys", d->path);
	snprintf(room[2], sizeof room[2], "%s/rootfs", d->path);
	return (struct roots){ .proc = room[0], .sys = room[1], .rootfs = room[2], .udev_data = "", .cgroup = "", .pod_logs = "",
		.runtime_state = "" };
}

struct option { const char *name, *value; }; /* "ROOT" at the beginning of a value is the tree's path */
enum { OPTIONS_MAX = 2 };

static void *open_collector(const struct collector *collector, const struct option *given, const struct temp_dir *d,
	const struct roots *roots)
{
	const char *values[16] = { 0 };
	char value[OPTIONS_MAX][256], err[256] = "";
	for (size_t i = 0; collector->options && collector->options[i].name; i++) {
		values[i] = collector->options[i].fallback;
		for (size_t g = 0; given && g < OPTIONS_MAX && given[g].name; g++) {
			if (strcmp(given[g].name, collector->options[i].name) != 0)
				continue;
			bool is_path = strncmp(given[g].value, "ROOT", 4) == 0;
			snprintf(value[g], sizeof value[g], "%s%s", is_path ? d->path : "", given[g].value + (is_path ? 4 : 0));
			values[i] = value[g];
		}
	}
	void *state = collector->open ? collector->open(values, roots, err) : NULL;
	ck_assert_msg(!collector->open || state, "%s does not open: %s", collector->name, err);
	return state;
}

/* What the collector writes, with ROOT for the tree's path; to be freed. */
static char *run(const struct collector *collector, const struct option *options, const struct temp_dir *d, int *result)
{
	char room[3][128];
	struct roots roots = roots_of(d, room);
	struct buf out, scratch, clean;
	struct families families;
	buf_init(&out, TREE_TEXT_MAX);
	buf_init(&scratch, TREE_TEXT_MAX);
	buf_init(&clean, TREE_TEXT_MAX);
	families_init(&families, &out, false);
	struct collect c = { .roots = &roots, .files = files_new(), .out = &families, .scratch = &scratch };
	void *state = open_collector(collector, options, d, &roots);
	*result = collector->update(state, &c);
	if (collector->close)
		collector->close(state);
	for (struct str rest = buf_view(&out), root = str_of(d->path); rest.n > 0; ) {
		bool is_root = str_starts(rest, root);
		buf_str(&clean, is_root ? STR("ROOT") : str_take(rest, 1));
		rest = str_skip(rest, is_root ? root.n : 1);
	}
	buf_char(&clean, 0);
	char *text = strdup(clean.p);
	families_fini(&families);
	files_free(c.files);
	buf_fini(&out);
	buf_fini(&scratch);
	buf_fini(&clean);
	return text;
}

static const struct {
	const struct collector *collector;
	const char *tree, *want;
	struct option options[OPTIONS_MAX];
} trees[] = {
	{ &collector_bcache, "bcache", "bcache", { { 0 } } },
	{ &collector_bcache, "bcache", "bcache_priority", { { "priorityStats", "true" } } },
	{ &collector_bcache, "bcache_bad", "bcache_bad", { { 0 } } },
	{ &collector_bcachefs, "bcachefs", "bcachefs", { { 0 } } },
	{ &collector_bcachefs, "bcachefs_bad", "bcachefs_bad", { { 0 } } },
	{ &collector_btrfs, "btrfs", "btrfs", { { 0 } } },
	{ &collector_btrfs, "btrfs_bad", "btrfs_bad", { { 0 } } },
	{ &collector_buddyinfo, "buddyinfo", "buddyinfo", { { 0 } } },
	{ &collector_cgroups, "cgroups", "cgroups", { { 0 } } },
	{ &collector_dmmultipath, "dmmultipath", "dmmultipath", { { 0 } } },
	{ &collector_drm, "drm", "drm", { { 0 } } },
	{ &collector_edac, "edac", "edac", { { 0 } } },
	{ &collector_edac, "edac_bad", "edac_bad", { { 0 } } },
	{ &collector_fibrechannel, "fibrechannel", "fibrechannel", { { 0 } } },
	{ &collector_fibrechannel, "fibrechannel_bad", "fibrechannel_bad", { { 0 } } },
	{ &collector_hwmon, "hwmon", "hwmon", { { 0 } } },
	{ &collector_hwmon, "hwmon", "hwmon_sensors", { { "sensor-include", ";temp1$" } } },
	{ &collector_hwmon, "hwmon_bad", "hwmon_bad", { { 0 } } },
	{ &collector_infiniband, "infiniband", "infiniband", { { 0 } } },
	{ &collector_ksmd, "ksmd", "ksmd", { { 0 } } },
	{ &collector_mdadm, "mdadm", "mdadm", { { 0 } } },
	{ &collector_mdadm, "mdadm_bad", "mdadm_bad", { { 0 } } },
	{ &collector_meminfo_numa, "meminfo_numa", "meminfo_numa", { { 0 } } },
	{ &collector_meminfo_numa, "meminfo_numa_bad", "meminfo_numa_bad", { { 0 } } },
	{ &collector_mountstats, "mountstats", "mountstats", { { 0 } } },
	{ &collector_mountstats, "mountstats_bad", "mountstats_bad", { { 0 } } },
	{ &collector_nvme, "nvme", "nvme", { { 0 } } },
	{ &collector_pcidevice, "pcidevice", "pcidevice", { { 0 } } },
	{ &collector_pcidevice, "pcidevice", "pcidevice_names", { { "idsfile", "ROOT/usr/pci.ids" }, { "names", "true" } } },
	{ &collector_pcidevice, "pcidevice_bad", "pcidevice_bad", { { 0 } } },
	{ &collector_powersupplyclass, "powersupplyclass", "powersupplyclass", { { 0 } } },
	{ &collector_rapl, "rapl", "rapl", { { 0 } } },
	{ &collector_rapl, "rapl", "rapl_zone", { { "enable-zone-label", "true" } } },
	{ &collector_selinux, "selinux", "selinux", { { 0 } } }, /* a directory of that name is no selinuxfs */
	{ &collector_slabinfo, "slabinfo", "slabinfo", { { 0 } } },
	{ &collector_slabinfo, "slabinfo", "slabinfo_few", { { "slabs-exclude", "^kmalloc" } } },
	{ &collector_slabinfo, "slabinfo_bad", "slabinfo_bad", { { 0 } } },
	{ &collector_tapestats, "tapestats", "tapestats", { { 0 } } },
	{ &collector_thermal_zone, "thermal_zone", "thermal_zone", { { 0 } } },
	{ &collector_watchdog, "watchdog", "watchdog", { { 0 } } },
	{ &collector_xfs, "xfs", "xfs", { { 0 } } },
	{ &collector_xfs, "xfs_bad", "xfs_bad", { { 0 } } },
	{ &collector_zfs, "zfs", "zfs", { { 0 } } },
	{ &collector_zfs, "zfs_bad", "zfs_bad", { { 0 } } },
	{ &collector_zoneinfo, "zoneinfo", "zoneinfo", { { 0 } } },
	{ &collector_zoneinfo, "zoneinfo_bad", "zoneinfo_bad", { { 0 } } },
};

START_TEST(test_trees)
{
	char path[512];
	int result;
	snprintf(path, sizeof path, "collectors/%s.tree", trees[_i].tree);
	struct temp_dir d = tree_load(path);
	char *got = run(trees[_i].collector, trees[_i].options, &d, &result);
	temp_dir_remove(&d);
	ck_assert_msg(result == 0, "%s: %d", trees[_i].tree, result);
	snprintf(path, sizeof path, "collectors/%s.txt", trees[_i].want);
	recorded_check(path, str_of(got));
	free(got);
}
END_TEST

/* On a host that has nothing of it. 0: success without samples, as the reference reports it. */
static const struct { const struct collector *collector; int want; } absent[] = {
	{ &collector_bcache, 0 }, { &collector_bcachefs, -ENODATA }, { &collector_btrfs, 0 }, { &collector_buddyinfo, -ENOENT },
	{ &collector_cgroups, -ENOENT }, { &collector_dmmultipath, -ENODATA }, { &collector_drm, 0 }, { &collector_edac, 0 },
	{ &collector_fibrechannel, -ENODATA }, { &collector_hwmon, -ENODATA }, { &collector_infiniband, -ENODATA },
	{ &collector_ksmd, -ENODATA }, { &collector_mdadm, -ENODATA }, { &collector_meminfo_numa, 0 }, { &collector_mountstats,
	  -ENOENT },
	{ &collector_nvme, -ENODATA }, { &collector_pcidevice, -ENODATA }, { &collector_powersupplyclass, -ENODATA },
	{ &collector_rapl, -ENODATA }, { &collector_slabinfo, -ENOENT }, { &collector_tapestats, -ENODATA },
	{ &collector_thermal_zone, 0 }, { &collector_watchdog, -ENODATA }, { &collector_xfs, 0 }, { &collector_zfs, -ENODATA },
	{ &collector_zoneinfo, -ENOENT },
};

START_TEST(test_absent)
{
	struct temp_dir d = temp_dir_make();
	for (size_t i = 0; i < COUNT_OF(absent); i++) {
		int result;
		char *got = run(absent[i].collector, NULL, &d, &result);
		ck_assert_msg(result == absent[i].want, "%s: got %d, want %d", absent[i].collector->name, result, absent[i].want);
		ck_assert_msg(!*got, "%s: %s", absent[i].collector->name, got);
		free(got);
	}
	temp_dir_remove(&d);
}
END_TEST

static const struct { const char *file, *type, *number, *element; } names[] = { /* type NULL: no */
	{ "temp1_input", "temp", "1", "input" },
	{ "fan2", "fan", "2", "" },
	{ "update_interval", "update_interval", "", "" },
	{ "beep_enable", "beep_enable", "", "" },
	{ "pwm1_auto_point1_temp", "pwm", "1", "auto_point1_temp" },
	{ "in_0x", "in", "", "0x" },
	{ "temp1input", NULL, "", "" },
	{ "temp1_", NULL, "", "" },
	{ "1_input", NULL, "", "" },
	{ "_1x", NULL, "", "" },
	{ "", NULL, "", "" },
};

START_TEST(test_hwmon_names)
{
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct str type, number, element;
		bool is_sensor = hwmon_parse_name(str_of(names[i].file), &type, &number, &element);
		ck_assert_msg(is_sensor == (names[i].type != NULL), "%s", names[i].file);
		if (!is_sensor)
			continue;
		ck_assert_msg(str_eq(type, str_of(names[i].type)), "%s: type " STR_FMT, names[i].file, STR_ARG(type));
		ck_assert_msg(str_eq(number, str_of(names[i].number)), "%s: number " STR_FMT, names[i].file, STR_ARG(number));
		ck_assert_msg(str_eq(element, str_of(names[i].element)), "%s: element " STR_FMT, names[i].file, STR_ARG(element));
	}
}
END_TEST

static const struct { const char *text; bool is_number; double want; } humans[] = {
	{ "0", true, 0 }, { "546", true, 546 }, { "1.5k", true, 1524 }, { "2k", true, 2048 }, { "3.900T", true, 99935299043328 },
	{ "12Q", true, 0 }, { "", false, 0 }, { "k", false, 0 }, { "1.k", false, 0 }, { "-3", false, 0 },
	{ "many", false, 0 }, { "999999Y", false, 0 }, { "nan", false, 0 },
};

START_TEST(test_bcache_numbers)
{
	for (size_t i = 0; i < COUNT_OF(humans); i++) {
		double got = -1;
		bool is_number = bcache_parse_number(str_of(humans[i].text), &got);
		ck_assert_msg(is_number == humans[i].is_number, "%s: %d, %f", humans[i].text, is_number, got);
		ck_assert_msg(!is_number || got == humans[i].want, "%s: got %f, want %f", humans[i].text, got, humans[i].want);
	}
}
END_TEST

static const struct { const char *text; double want; } modes[] = {
	{ "# a comment\nSELINUX=enforcing\nSELINUXTYPE=targeted\n", 1 },
	{ "SELINUXTYPE=enforcing\nSELINUX=permissive", 0 },
	{ "SELINUX=\"enforcing\"\nSELINUX=permissive\n", 1 },
	{ "  SELINUX=disabled  \n", -1 },
	{ "", -1 },
	{ "SELINUX", -1 },
};

START_TEST(test_selinux_modes)
{
	for (size_t i = 0; i < COUNT_OF(modes); i++)
		ck_assert_msg(selinux_parse_mode(str_of(modes[i].text)) == modes[i].want, "%s", modes[i].text);
}
END_TEST

static const struct { const char *line, *want; } mounts[] = { /* want NULL: none */
	{ "36 35 98:0 / /mnt rw,noatime shared:1 - btrfs /dev/sda rw", "/host/mnt" },
	{ "36 35 98:0 / /mnt rw,noatime - btrfs /dev/sda rw", "/host/mnt" },
	{ "36 35 98:0 / /a\\040b\\134c rw,noatime - btrfs /dev/sda rw", "/host/a b\\c" },
	{ "36 35 98:0 / /a\\04 rw,noatime - btrfs /dev/sda rw", "/host/a\\04" },
	{ "36 35 98:0 / /mnt rw,noatime shared:1 - ext4 btrfs rw", NULL },
	{ "36 35 98:0 / /mnt rw,noatime shared:1 btrfs", NULL },
	{ "36 35 98:0 / /mnt rw,noatime shared:1 -", NULL },
	{ "", NULL },
};

START_TEST(test_btrfs_mounts)
{
	for (size_t i = 0; i < COUNT_OF(mounts); i++) {
		struct arena arena = { 0 };
		struct names got = btrfs_parse_mounts(&arena, "/host", str_of(mounts[i].line));
		ck_assert_msg(got.count == (mounts[i].want ? 1 : 0), "%s: %zu", mounts[i].line, got.count);
		if (mounts[i].want)
			ck_assert_str_eq(got.at[0], mounts[i].want);
		arena_fini(&arena);
	}
}
END_TEST

static const struct {
	const struct collector *collector;
	const char *tree;
	struct option options[OPTIONS_MAX];
	const char *has, *lacks;
} filters[] = {
	{ &collector_hwmon, "hwmon", { { "chip-exclude", "coretemp" } }, "chip=\"acpitz\"", "chip=\"platform_coretemp_0\"" },
	{ &collector_hwmon, "hwmon", { { "chip-include", "coretemp" } }, "chip=\"platform_coretemp_0\"", "chip=\"acpitz\"" },
	{ &collector_hwmon, "hwmon", { { "sensor-exclude", "coretemp_0;temp2$" } }, "sensor=\"temp1\"", "sensor=\"temp2\"" },
	{ &collector_infiniband, "infiniband", { { "device-include", "^irdma" } }, "device=\"irdma0\"", "device=\"mlx5_0\"" },
	{ &collector_infiniband, "infiniband", { { "device-exclude", "^irdma" } }, "device=\"mlx5_0\"", "device=\"irdma0\"" },
	{ &collector_powersupplyclass, "powersupplyclass", { { "ignored-supplies", "^AC$" } }, "power_supply=\"BAT0\"",
	  "power_supply=\"AC\"" },
	{ &collector_slabinfo, "slabinfo", { { "slabs-include", "^tw" } }, "slab=\"tw_sock_TCP\"", "slab=\"kmalloc-8192\"" },
	{ &collector_tapestats, "tapestats", { { "ignored-devices", "^st1$" } }, "device=\"st0\"", "device=\"st1\"" },
	{ &collector_tapestats, "tapestats", { { "ignored-devices", "^st0$" } }, "", "device=\"st0\"" },
};

START_TEST(test_filters)
{
	for (size_t i = 0; i < COUNT_OF(filters); i++) {
		char path[512];
		int result;
		snprintf(path, sizeof path, "collectors/%s.tree", filters[i].tree);
		struct temp_dir d = tree_load(path);
		char *got = run(filters[i].collector, filters[i].options, &d, &result);
		temp_dir_remove(&d);
		ck_assert_msg(strstr(got, filters[i].has), "%s: no %s", filters[i].options[0].name, filters[i].has);
		ck_assert_msg(!strstr(got, filters[i].lacks), "%s: there is %s", filters[i].options[0].name, filters[i].lacks);
		free(got);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("storage_collectors");
	TCase *tc = tcase_create("all");
	tcase_add_loop_test(tc, test_trees, 0, COUNT_OF(trees));
	tcase_add_test(tc, test_absent);
	tcase_add_test(tc, test_btrfs_mounts);
	tcase_add_test(tc, test_filters);
	tcase_add_test(tc, test_hwmon_names);
	tcase_add_test(tc, test_bcache_numbers);
	tcase_add_test(tc, test_selinux_modes);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
