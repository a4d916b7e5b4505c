/* The collectors of the system itself: a whole machine out of a fixture against the page that it must give, and the parts on their own
 * with lines as they should not be. recorded.h says how the page is written anew. */
#include <errno.h>

#include "agent/collectors/fields.h"
#include "agent/collectors/round.h"
#include "agent/collectors/system.h"
#include "tests/unit/agent/recorded.h"

static const char *const flags[] = { "collector.disable-defaults", "collector.cpu", "collector.cpufreq", "collector.diskstats",
	"collector.dmi", "collector.entropy", "collector.filefd", "collector.filesystem", "collector.interrupts", "collector.kernel_hung",
	"collector.loadavg", "collector.meminfo", "collector.os", "collector.pressure", "collector.processes", "collector.schedstat",
	"collector.softirqs", "collector.stat", "collector.sysctl", "collector.time", "collector.timex", "collector.uname",
	"collector.vmstat", "collector.cpu.info", "collector.cpu.info.flags-include=^(avx|aes)", "collector.cpu.info.bugs-include=mds",
	"collector.stat.softirq", "collector.sysctl.include=kernel.printk", "collector.sysctl.include=fs.file-nr:total,unused,max",
	"collector.sysctl.include=kernel.pid_max", "collector.sysctl.include-info=kernel.seccomp.actions_avail" };

struct machine {
	struct temp_dir dir;
	struct round round;
	char proc[100], sys[100], rootfs[100], udev[100];
};

static void machine_make(struct machine *m, const char *tree, const char *const *all, size_t count)
{
	char err[256] = "";
	m->dir = tree ? tree_load(tree) : temp_dir_make();
	snprintf(m->proc, sizeof m->proc, "%s/proc", m->dir.path);
	snprintf(m->sys, sizeof m->sys, "%s/sys", m->dir.path);
	snprintf(m->rootfs, sizeof m->rootfs, "%s/rootfs", m->dir.path);
	snprintf(m->udev, sizeof m->udev, "%s/udev/data", m->dir.path);
	struct collection_options options = { .roots = { .proc = m->proc, .sys = m->sys, .rootfs = m->rootfs, .udev_data = m->udev,
							 .cgroup = m->sys, .pod_logs = m->sys, .runtime_state = m->sys },
		.flags = all, .flag_count = count };
	ck_assert_msg(round_init(&m->round, &options, err) == 0, "%s", err);
}

static void machine_end(struct machine *m)
{
	round_fini(&m->round);
	temp_dir_remove(&m->dir);
}

/* What depends on the machine the test runs on, or on the time. */
static bool is_fixed(struct str line)
{
	static const char *const moving[] = { "duration_seconds{", "node_time_seconds ", "node_time_zone", "node_timex_", "node_uname_info{",
		"node_exporter_build_info{", "device_error=\"\"" };
	for (size_t i = 0; i < COUNT_OF(moving); i++)
		if (memmem(line.p, line.n, moving[i], strlen(moving[i])))
			return str_starts(line, STR("#"));
	return true;
}

static struct buf fixed_lines(struct str page)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	while (page.n) {
		struct str line = str_cut(&page, '\n');
		if (!is_fixed(line))
			continue;
		buf_str(&out, line);
		buf_char(&out, '\n');
	}
	return out;
}

START_TEST(a_machine_gives_its_page)
{
	struct machine m;
	struct buf page;
	machine_make(&m, "collectors/system.tree", flags, COUNT_OF(flags));
	buf_init(&page, 1 << 20);
	/* Twice: what is kept from the first round must not change the second. */
	for (int i = 0; i < 2; i++) {
		buf_reset(&page);
		round_run(&m.round, &(struct collect_request){ .parts = COLLECT_NODE }, &page);
	}
	struct buf got = fixed_lines(buf_view(&page));
	recorded_check("collectors/system.prom", buf_view(&got));
	buf_fini(&got);
	buf_fini(&page);
	machine_end(&m);
}
END_TEST

/* No /proc, no /sys: everybody fails for themselves, and the page tells. */
START_TEST(a_machine_without_anything_still_gives_a_page)
{
	struct machine m;
	struct buf page;
	machine_make(&m, NULL, flags, COUNT_OF(flags));
	buf_init(&page, 1 << 20);
	round_run(&m.round, &(struct collect_request){ .parts = COLLECT_NODE }, &page);
	buf_char(&page, '\0');
	ck_assert_ptr_nonnull(strstr(page.p, "node_scrape_collector_success{collector=\"cpu\"} 0\n"));
	ck_assert_ptr_nonnull(strstr(page.p, "node_scrape_collector_success{collector=\"uname\"} 1\n"));
	ck_assert_ptr_null(strstr(page.p, "node_load1"));
	buf_fini(&page);
	machine_end(&m);
}
END_TEST

/* ---- parse halves: text to page ---- */

static struct buf scratch;
static void meminfo(struct families *f, struct str t) { meminfo_write(f, t); }
static void loadavg(struct families *f, struct str t) { loadavg_write(f, t); }
static void filefd(struct families *f, struct str t) { filefd_write(f, t); }
static void stat_(struct families *f, struct str t) { stat_write(f, t, true); }
static void softirqs(struct families *f, struct str t) { softirqs_write(f, t); }
static void interrupts(struct families *f, struct str t) { interrupts_write(f, t, NULL, true); }

static void schedstat(struct families *f, struct str t)
{
	buf_reset(&scratch);
	schedstat_write(f, t, &scratch);
}

static const struct {
	const char *name;
	void (*write)(struct families *f, struct str text);
	const char *text, *want; /* without comments */
} texts[] = {
	{ "meminfo, odd lines", meminfo,
		"MemTotal: 5 kB\nMemFree:\nMemFree: x kB\nBuffers: 7 MB\nNew_thing: 8 kB\nCached 9 kB\nHugePages_Free: 3\nDirty: 1",
		"node_memory_MemTotal_bytes 5120\nnode_memory_HugePages_Free 3\nnode_memory_Dirty_bytes 1\n" },
	{ "meminfo, the same twice", meminfo, "MemTotal: 5 kB\nMemTotal: 6 kB\n", "node_memory_MemTotal_bytes 5120\n" },
	{ "meminfo, empty", meminfo, "", "" },
	{ "loadavg, two numbers", loadavg, "1 2", "" },
	{ "loadavg, no numbers", loadavg, "a b c", "" },
	{ "loadavg, no more than it needs", loadavg, "1 2 3", "node_load1 1\nnode_load5 2\nnode_load15 3\n" },
	{ "filefd, cut", filefd, "12\t0", "" },
	{ "filefd, a huge maximum", filefd, "12\t0\t9223372036854775807\n",
		"node_filefd_allocated 12\nnode_filefd_maximum 9.223372036854776e+18\n" },
	{ "stat, a line is cut", stat_, "ctxt 12\nbtime", "node_context_switches_total 12\n" },
	{ "stat, more than 64 bits", stat_, "ctxt 99999999999999999999\nprocesses 4\n", "node_forks_total 4\n" },
	{ "stat, fewer softirqs", stat_, "softirq 9 4 5\n", "node_softirqs_total{vector=\"hi\"} 4\nnode_softirqs_total{vector=\"timer\"} 5\n" },
	{ "softirqs, a number is none", softirqs, "CPU0 CPU1\nHI: 1 x 3\nRCU: 4\n",
		"node_softirqs_functions_total{cpu=\"0\",type=\"HI\"} 1\nnode_softirqs_functions_total{cpu=\"0\",type=\"RCU\"} 4\n" },
	{ "interrupts, no blank behind the name", interrupts, " CPU0\n12:34 ctl dev a,  b\nERR: 1\n",
		"node_interrupts_total{cpu=\"0\",devices=\"dev a, b\",info=\"ctl\",type=\"12\"} 34\n" },
	{ "interrupts, empty", interrupts, "", "" },
	{ "schedstat, a CPU is cut", schedstat, "cpu0 1 2 3 4 5 6 7000000000 8 9\ncpu1 1 2 3\ncpux\ncpu",
		"node_schedstat_running_seconds_total{cpu=\"0\"} 7\nnode_schedstat_timeslices_total{cpu=\"0\"} 9\n"
		"node_schedstat_waiting_seconds_total{cpu=\"0\"} 0.000000008\n" },
};

START_TEST(odd_texts)
{
	struct buf page, samples;
	struct families f;
	buf_init(&page, 1 << 16);
	buf_init(&samples, 1 << 16);
	buf_init(&scratch, 1 << 16);
	families_init(&f, &page, false);
	texts[_i].write(&f, str_of(texts[_i].text));
	for (struct str rest = buf_view(&page); rest.n;) {
		struct str line = str_cut(&rest, '\n');
		if (line.p[0] == '#')
			continue;
		buf_str(&samples, line);
		buf_char(&samples, '\n');
	}
	ck_assert_msg(str_eq(buf_view(&samples), str_of(texts[_i].want)), "%s: got\n" STR_FMT, texts[_i].name, STR_ARG(buf_view(&samples)));
	families_fini(&f);
	buf_fini(&page);
	buf_fini(&samples);
	buf_fini(&scratch);
}
END_TEST

START_TEST(counters_of_a_cpu_do_not_go_back)
{
	static const struct {
		const char *name, *text;
		uint64_t idle, iowait, count;
	} steps[] = {
		{ "the first", "cpu  1\ncpu0 1 2 3 1000 50\n", 1000, 50, 1 },
		{ "iowait falls", "cpu0 1 2 3 1010 40\n", 1010, 50, 1 },
		{ "idle falls a little", "cpu0 1 2 3 900 40\n", 1010, 50, 1 },
		{ "a CPU joins", "cpu0 1 2 3 1020 60\ncpu1 1 2 3 4 5 6\n", 1020, 60, 2 },
		{ "idle falls by three seconds", "cpu0 1 2 3 720 6\n", 720, 6, 1 },
		{ "all are gone", "intr 5\n", 0, 0, 0 },
	};
	struct buf known, reading;
	buf_init(&known, 1 << 16);
	buf_init(&reading, 1 << 16);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		buf_reset(&reading);
		cpu_times_parse(str_of(steps[i].text), &reading);
		cpu_times_merge(&known, &reading);
		const struct cpu_times *rows = (const struct cpu_times *)(const void *)known.p;
		ck_assert_msg(known.n / sizeof *rows == steps[i].count, "%s: got %zu CPUs", steps[i].name, known.n / sizeof *rows);
		if (steps[i].count == 0)
			continue;
		ck_assert_msg(rows[0].ticks[CPU_IDLE] == steps[i].idle, "%s: idle %lu", steps[i].name, rows[0].ticks[CPU_IDLE]);
		ck_assert_msg(rows[0].ticks[CPU_IOWAIT] == steps[i].iowait, "%s: iowait %lu", steps[i].name, rows[0].ticks[CPU_IOWAIT]);
	}
	buf_fini(&known);
	buf_fini(&reading);
}
END_TEST

static const struct {
	const char *name, *line, *point, *source; /* point NULL: no mount line */
	bool is_read_only;
} mounts[] = {
	{ "usual", "36 35 98:0 /r /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=ro", "/mnt", "/dev/root", false },
	{ "no tags", "36 35 98:0 / /mnt rw - ext3 dev rw", "/mnt", "dev", false },
	{ "read-only mount", "36 35 98:0 / /mnt ro - ext3 dev rw", "/mnt", "dev", true },
	{ "read-only file system", "36 35 98:0 / /mnt rw - ext3 dev x,ro", "/mnt", "dev", true },
	{ "stopped by an error", "36 35 98:0 / /mnt rw - ext3 dev emergency_ro,x", "/mnt", "dev", true },
	{ "an option that looks like it", "36 35 98:0 / /mnt rw - ext3 dev errors=remount-ro,roo", "/mnt", "dev", false },
	{ "no source", "36 35 98:0 / /mnt rw - ext3  rw", "/mnt", "", false },
	{ "no hyphen", "36 35 98:0 / /mnt rw x ext3 dev rw", NULL, NULL, false },
	{ "no device", "36 35 98 / /mnt rw - ext3 dev rw", NULL, NULL, false },
	{ "cut", "36 35 98:0 / /mnt rw - ext3 dev", NULL, NULL, false },
	{ "cut early", "36 35 98:0 /", NULL, NULL, false },
	{ "empty", "", NULL, NULL, false },
};

START_TEST(mount_lines)
{
	struct mount_line m;
	bool got = mount_line_parse(str_of(mounts[_i].line), &m);
	ck_assert_msg(got == (mounts[_i].point != NULL), "%s: got %d", mounts[_i].name, got);
	if (!got)
		return;
	ck_assert_msg(str_eq(m.point, str_of(mounts[_i].point)), "%s: got " STR_FMT, mounts[_i].name, STR_ARG(m.point));
	ck_assert_msg(str_eq(m.source, str_of(mounts[_i].source)), "%s: got " STR_FMT, mounts[_i].name, STR_ARG(m.source));
	ck_assert_msg(mount_line_is_read_only(&m) == mounts[_i].is_read_only, "%s", mounts[_i].name);
	ck_assert_uint_eq(m.major, 98);
}
END_TEST

static const struct {
	const char *point, *rootfs, *want;
} paths[] = {
	{ "/a", "", "/a" },
	{ "/a\\040b\\011c\\134", "", "/a b\tc\\134" },
	{ "/host/a", "/host", "/a" },
	{ "/host", "/host", "/" },
	{ "/host/a", "/", "/host/a" },
	{ "/other", "/host", "/other" },
	{ "", "/host", "" },
	{ "\\04", NULL, "\\04" },
};

START_TEST(mount_points_as_paths)
{
	struct buf out;
	buf_init(&out, 100);
	mount_point_path(str_of(paths[_i].point), paths[_i].rootfs, &out);
	ck_assert_msg(str_eq(buf_view(&out), str_of(paths[_i].want)), "%s: got " STR_FMT, paths[_i].want, STR_ARG(buf_view(&out)));
	buf_fini(&out);
}
END_TEST

static const struct {
	const char *name, *text, *id, *variant;
} releases[] = {
	{ "plain", "ID=debian\nVARIANT=a b\n", "debian", "a b" },
	{ "quotes", "ID=\"de\\\"b\\\\ian\"\nVARIANT='$x\\n'\n", "de\"b\\ian", "$x\\n" },
	{ "comment behind", "ID=debian   # yes\n# ID=no\nVARIANT=\"# no\" # yes", "debian", "# no" },
	{ "blanks and export", "  export ID = debian  \r\n\nVARIANT=", "debian", "" },
	{ "an open quote spoils its line alone", "ID=\"deb\nVARIANT=x\n", "", "x" },
	{ "a bad escape spoils its line alone", "ID=\"d\\q\"\nVARIANT=x", "", "x" },
	{ "code points", "ID=\"\\u0041\\u00e9\\u20ac\"\nVARIANT=\"\\ud800\"", "A\xc3\xa9\xe2\x82\xac", "" },
	{ "the last one counts", "ID=a\nID=b\nVARIANT\n", "b", "" },
};

START_TEST(os_releases)
{
	struct str os[OS_KEYS];
	struct buf room;
	buf_init(&room, 10000);
	os_release_parse(str_of(releases[_i].text), os, &room);
	ck_assert_msg(str_eq(os[OS_ID], str_of(releases[_i].id)), "%s: got \"" STR_FMT "\"", releases[_i].name, STR_ARG(os[OS_ID]));
	ck_assert_msg(str_eq(os[OS_VARIANT], str_of(releases[_i].variant)), "%s: got \"" STR_FMT "\"", releases[_i].name,
		STR_ARG(os[OS_VARIANT]));
	buf_fini(&room);
}
END_TEST

START_TEST(versions_and_dates)
{
	double at = -1;
	ck_assert(os_release_version(STR("12")) == 12);
	ck_assert(os_release_version(STR("22.04.5")) == 22.04);
	ck_assert(os_release_version(STR("9.")) == 9);
	ck_assert(os_release_version(STR("rolling")) == 0);
	ck_assert(os_release_version(STR("")) == 0);
	ck_assert(os_release_version(STR(".5")) == 0);
	ck_assert(os_release_date(STR("1970-01-01"), &at) && at == 0);
	ck_assert(os_release_date(STR("2024-02-29"), &at) && at == 1709164800);
	ck_assert(os_release_date(STR("2026-11-21"), &at) && at == 1795219200);
	ck_assert(!os_release_date(STR("2026-13-21"), &at) && !os_release_date(STR("2026-1-21"), &at) && !os_release_date(STR(""), &at));
}
END_TEST

START_TEST(processes_with_odd_names)
{
	struct process_stat s;
	ck_assert(process_stat_parse(STR("1 (a) R (b)) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 99 1"), &s) == true);
	ck_assert_int_eq(s.state, 'S');
	ck_assert_uint_eq(s.threads, 99);
	ck_assert(!process_stat_parse(STR("1 (a) S 1 2"), &s));
	ck_assert(!process_stat_parse(STR("1 a S 1 2"), &s));
	ck_assert(!process_stat_parse(STR(""), &s));
}
END_TEST

START_TEST(numbers)
{
	static const struct {
		const char *text;
		bool is_number;
		double value;
	} cases[] = { { "1", true, 1 }, { "0.07", true, 0.07 }, { "-3.5", true, -3.5 }, { "1e3", true, 1000 },
		{ "123456789012345678", true, 123456789012345678.0 }, { "0.1234567890123456789", true, 0.1234567890123456789 },
		{ "1.", true, 1 }, { ".5", true, 0.5 }, { "", false, 0 }, { " 1", false, 0 }, { "1 ", false, 0 }, { "0x10", false, 0 },
		{ "1.2.3", false, 0 }, { "x", false, 0 }, { "nan(1)", false, 0 } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		double value = 0;
		ck_assert_msg(fields_number(str_of(cases[i].text), &value) == cases[i].is_number, "\"%s\"", cases[i].text);
		ck_assert_msg(value == cases[i].value, "\"%s\": got %.17g", cases[i].text, value);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("system collectors");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, a_machine_gives_its_page);
	tcase_add_test(tests, a_machine_without_anything_still_gives_a_page);
	tcase_add_loop_test(tests, odd_texts, 0, COUNT_OF(texts));
	tcase_add_test(tests, counters_of_a_cpu_do_not_go_back);
	tcase_add_loop_test(tests, mount_lines, 0, COUNT_OF(mounts));
	tcase_add_loop_test(tests, mount_points_as_paths, 0, COUNT_OF(paths));
	tcase_add_loop_test(tests, os_releases, 0, COUNT_OF(releases));
	tcase_add_test(tests, versions_and_dates);
	tcase_add_test(tests, processes_with_odd_names);
	tcase_add_test(tests, numbers);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
