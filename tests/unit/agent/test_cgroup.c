/* The pure halves of container metrics: paths, files of both versions, notes of the runtimes, interfaces and devices. */
#include <check.h>

#include "agent/pods/bundle.h"
#include "agent/pods/cgroup_path.h"
#include "agent/pods/cgroup_stats.h"
#include "agent/pods/disks.h"
#include "agent/pods/network.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "0b4dbd6a-8c35-4b2c-9a4e-6f1f3c1f0a11"
#define UID_ "0b4dbd6a_8c35_4b2c_9a4e_6f1f3c1f0a11"
#define HASH "0123456789abcdef0123456789abcdef"
#define BURSTABLE "/kubepods.slice/kubepods-burstable.slice"

static const struct {
	const char *path;
	enum cgroup_kind kind;
	const char *uid;
} paths[] = {
	{ "/", CGROUP_OTHER, "" },
	{ "", CGROUP_OTHER, "" },
	{ "/system.slice", CGROUP_OTHER, "" },
	{ "/kubepods.slice", CGROUP_KUBEPODS, "" },
	{ "/kubepods", CGROUP_KUBEPODS, "" },
	{ "/kubelet.slice/kubelet-kubepods.slice", CGROUP_KUBEPODS, "" },
	{ "/mykubepods", CGROUP_OTHER, "" },
	{ BURSTABLE, CGROUP_QOS, "" },
	{ "/kubepods/besteffort", CGROUP_QOS, "" },
	{ "/system.slice/besteffort", CGROUP_OTHER, "" },
	{ "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice", CGROUP_QOS, "" },
	{ BURSTABLE "/kubepods-burstable-pod" UID_ ".slice", CGROUP_POD, UID },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice", CGROUP_POD, UID },
	{ "/kubepods/burstable/pod" UID, CGROUP_POD, UID },
	{ "/kubepods/pod" HASH, CGROUP_POD, HASH },
	{ BURSTABLE "/kubepods-burstable-pod" HASH ".slice", CGROUP_POD, HASH },
	{ BURSTABLE "/kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID ".scope", CGROUP_CONTAINER, UID },
	{ BURSTABLE "/kubepods-burstable-pod" UID_ ".slice/crio-" ID ".scope", CGROUP_CONTAINER, UID },
	{ BURSTABLE "/kubepods-burstable-pod" UID_ ".slice/docker-" ID ".scope", CGROUP_CONTAINER, UID },
	{ BURSTABLE "/kubepods-burstable-pod" UID_ ".slice/crio-" ID ".scope/container", CGROUP_OTHER, UID },
	{ BURSTABLE "/kubepods-burstable-pod" UID_ ".slice/crio-conmon-" ID ".scope", CGROUP_IGNORED, UID },
	{ BURSTABLE "/kubepods-burstable-pod" UID_ ".slice/crio-" ID, CGROUP_IGNORED, UID },
	{ BURSTABLE "/kubepods-burstable-pod" UID_ ".slice/var-lib-x.mount", CGROUP_IGNORED, UID },
	{ "/kubepods/burstable/pod" UID "/" ID, CGROUP_CONTAINER, UID },
	{ "/kubepods/burstable/pod" UID "/crio-" ID, CGROUP_CONTAINER, UID },
	{ "/kubepods/burstable/pod" UID "/" ID "/init.scope", CGROUP_OTHER, UID },
	{ "/kubepods/burstable/pod" UID "/x" ID, CGROUP_OTHER, UID },
	{ "/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID, CGROUP_CONTAINER, UID },
	{ "/system.slice/docker-" ID ".scope", CGROUP_OTHER, "" },
	{ "/docker/" ID "/kubepods/burstable/pod" UID "/" ID, CGROUP_CONTAINER, UID },
	{ "/docker/" ID "/kubelet.slice/kubelet-kubepods.slice", CGROUP_KUBEPODS, "" },
	{ "/kubepods/pod" HASH "/" ID "/kubepods/pod" UID, CGROUP_POD, UID },
	{ "/kubepods/podx", CGROUP_OTHER, "" },
	{ "/kubepods/podg123456789abcdef0123456789abcde", CGROUP_OTHER, "" },
	{ "/kubepods/xpod" UID, CGROUP_OTHER, "" },
	{ "/kubepods/pod0123456789abcdef0123456789abcde", CGROUP_OTHER, "" },
	{ "/kubepods/pod" UID "a", CGROUP_OTHER, "" },
	{ "//kubepods//burstable//pod" UID "//", CGROUP_POD, UID },
};

START_TEST(path)
{
	struct cgroup_path got = cgroup_path_parse(str_of(paths[_i].path));
	ck_assert_msg(got.kind == paths[_i].kind, "%s: got kind %d, want %d", paths[_i].path, got.kind, paths[_i].kind);
	ck_assert_msg(strcmp(got.uid, paths[_i].uid) == 0, "%s: got uid %s", paths[_i].path, got.uid);
	ck_assert_msg((got.kind == CGROUP_CONTAINER) == str_eq(got.container_id, STR(ID)), "%s: got id " STR_FMT, paths[_i].path,
		STR_ARG(got.container_id));
}
END_TEST

static const struct {
	const char *line;
	bool is_container;
} processes[] = {
	{ "0::" BURSTABLE "/kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID ".scope", true },
	{ "0::/../../kubepods-burstable-pod" UID_ ".slice/crio-" ID ".scope", true },
	{ "0::/../cri-containerd-" ID ".scope", true }, /* of the reader's own pod */
	{ "4:memory:/kubepods/besteffort/pod" UID "/" ID, true },
	{ "1:name=systemd:/kubepods/besteffort/pod" UID "/" ID "/init.scope", true },
	{ "0::/../../kubepods-burstable-pod" UID_ ".slice/crio-" ID ".scope/container", true },
	{ "0::/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID, true },
	{ "0::/", false }, /* the reader's own group */
	{ "0::/..", false },
	{ "", false },
	{ "0::", false },
	{ ID, false },
	{ "0::" ID, false },
	{ "0::/../../kubepods-burstable-pod" UID_ ".slice", false }, /* a shim */
	{ "0::/../../kubepods-burstable-pod" UID_ ".slice/crio-conmon-" ID ".scope", false },
	{ "0::/../../kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID ".scope/docker/x", false }, /* may be in another network */
	{ "0::/../../kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID ".scope (deleted)", false },
};

START_TEST(process)
{
	struct str got = cgroup_path_of_process(str_of(processes[_i].line)), want = processes[_i].is_container ? STR(ID) : STR("");
	ck_assert_msg(str_eq(got, want), "%s: got " STR_FMT, processes[_i].line, STR_ARG(got));
}
END_TEST

enum { NOT_THERE = -1 };
static const struct {
	enum cgroup_version version;
	const char *file, *content;
	enum cgroup_value value;
	int64_t want;
} contents[] = {
	{ CGROUP_V2, "cpu.stat", "usage_usec 5\nuser_usec 3\n", CG_CPU_USAGE, 5000 },
	{ CGROUP_V2, "cpu.stat", "usage_usec 5\nuser_usec 3\n", CG_CPU_USER, 3000 },
	{ CGROUP_V2, "cpu.stat", "usage_usec 5\n", CG_PERIODS, NOT_THERE },
	{ CGROUP_V2, "cpu.stat", "usage_usec -5\n", CG_CPU_USAGE, NOT_THERE },
	{ CGROUP_V2, "cpu.stat", "usage_usec\nusage_usec 1 2\n usage_usec 4\nusage_use 5", CG_CPU_USAGE, NOT_THERE },
	{ CGROUP_V2, "cpu.stat", "usage_usec 18446744073709551615", CG_CPU_USAGE, -1 /* at the end of the range */ },
	{ CGROUP_V2, "cpu.max", "max 100000\n", CG_QUOTA, NOT_THERE },
	{ CGROUP_V2, "cpu.max", "max 100000\n", CG_PERIOD, 100000 },
	{ CGROUP_V2, "cpu.max", "50000 100000\n", CG_QUOTA, 50000 },
	{ CGROUP_V2, "cpu.max", "50000\n", CG_QUOTA, NOT_THERE },
	{ CGROUP_V2, "cpu.weight", "1\n", CG_SHARES, 2 },
	{ CGROUP_V2, "cpu.weight", "39\n", CG_SHARES, 998 },
	{ CGROUP_V2, "cpu.weight", "10000\n", CG_SHARES, 262144 },
	{ CGROUP_V2, "cpu.weight", "0\n", CG_SHARES, NOT_THERE },
	{ CGROUP_V2, "cpu.weight", "10001\n", CG_SHARES, NOT_THERE },
	{ CGROUP_V2, "memory.current", "4096\n", CG_MEMORY, 4096 },
	{ CGROUP_V2, "memory.current", "", CG_MEMORY, NOT_THERE },
	{ CGROUP_V2, "memory.events", "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\n", CG_OOM_KILLS, 4 },
	{ CGROUP_V2, "memory.events", "max 2\n", CG_EVENTS_MAX, 2 },
	{ CGROUP_V2, "memory.stat", "anon 1\nanon_thp 7\n", CG_RSS, 1 },
	{ CGROUP_V2, "memory.stat", "file_mapped 3\nfile 2\n", CG_CACHE, 2 },
	{ CGROUP_V2, "pids.max", "max\n", CG_THREADS_MAX, 0 },
	{ CGROUP_V2, "pids.max", "512\n", CG_THREADS_MAX, 512 },
	{ CGROUP_V2, "cgroup.procs", "1\n2\n3\n", CG_PROCESSES, 3 },
	{ CGROUP_V2, "cgroup.procs", "", CG_PROCESSES, 0 },
	{ CGROUP_V2, "io.pressure",
	  "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", CG_IO_SOME, 7000 },
	{ CGROUP_V2, "io.pressure",
	  "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", CG_IO_FULL, 5000 },
	{ CGROUP_V2, "cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n", CG_CPU_FULL, NOT_THERE },
	{ CGROUP_V2, "cpu.pressure", "half total=7\nsome total=x\n", CG_CPU_SOME, NOT_THERE },
	{ CGROUP_V1, "cpuacct.usage", "123456789\n", CG_CPU_USAGE, 123456789 },
	{ CGROUP_V1, "cpuacct.stat", "user 150\nsystem 25\n", CG_CPU_USER, 1500000000 },
	{ CGROUP_V1, "cpu.stat", "nr_periods 3\nnr_throttled 2\nthrottled_time 99\n", CG_THROTTLED_TIME, 99 },
	{ CGROUP_V1, "cpu.cfs_quota_us", "-1\n", CG_QUOTA, NOT_THERE },
	{ CGROUP_V1, "cpu.cfs_quota_us", "20000\n", CG_QUOTA, 20000 },
	{ CGROUP_V1, "memory.stat", "rss 1\ntotal_rss 5\n", CG_RSS, 5 },
	{ CGROUP_V1, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 6\n", CG_OOM_KILLS, 6 },
	{ CGROUP_V1, "memory.limit_in_bytes", "9223372036854771712\n", CG_LIMIT, INT64_C(9223372036854771712) },
};

static const struct cgroup_file *file_called(enum cgroup_version version, const char *name)
{
	const struct cgroup_file *f = cgroup_files(version);
	while (f->name && strcmp(f->name, name) != 0)
		f++;
	ck_assert_msg(f->name, "no file %s", name);
	return f;
}

START_TEST(content)
{
	struct cgroup_stats stats = { 0 };
	struct cgroup_io io = { 0 };
	enum cgroup_value v = contents[_i].value;
	bool found = cgroup_parse(file_called(contents[_i].version, contents[_i].file), str_of(contents[_i].content), &stats, &io);
	bool is_huge = strstr(contents[_i].content, "18446744073709551615");
	ck_assert(!cgroup_has(&stats, v) || found);
	ck_assert_msg(cgroup_has(&stats, v) == (contents[_i].want != NOT_THERE || is_huge), "%s %s: got %d", contents[_i].file,
		contents[_i].content, cgroup_has(&stats, v));
	if (cgroup_has(&stats, v))
		ck_assert_msg(stats.value[v] == (uint64_t)contents[_i].want, "%s %s: got %llu", contents[_i].file,
			contents[_i].content,
			(unsigned long long)stats.value[v]);
}
END_TEST

START_TEST(memory_max_is_no_limit)
{
	struct cgroup_stats stats = { 0 };
	struct cgroup_io io = { 0 };
	ck_assert(cgroup_parse(file_called(CGROUP_V2, "memory.max"), STR("max\n"), &stats, &io));
	ck_assert_uint_eq(stats.value[CG_LIMIT], UINT64_MAX);
}
END_TEST

START_TEST(devices)
{
	static const struct {
		enum cgroup_version version;
		const char *file, *content;
		size_t count;
		struct cgroup_device first;
	} cases[] = {
		{ CGROUP_V2, "io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n", 1, { 8, 0, 1, 2, 3, 4 } },
		{ CGROUP_V2, "io.stat", "8:16 8:0 rbytes=1 wbytes=2 rios=3 wios=4\n", 1, { 8, 0, 1, 2, 3, 4 } },
		{ CGROUP_V2, "io.stat",
		  "8:16 \n8:0 rbytes=1 wbytes=2 rios=3 wios=4 cost.usage=9\n259:1 rbytes=0 wbytes=0 rios=0 wios=0\n", 2,
		  { 8, 0, 1, 2, 3, 4 } },
		{ CGROUP_V2, "io.stat", "x:0 rbytes=1\n8:y rbytes=1\nrbytes=1\n8:0 cost.usage=1\n", 0, { 0 } },
		{ CGROUP_V2, "io.stat", "", 0, { 0 } },
		{ CGROUP_V1, "blkio.throttle.io_service_bytes_recursive",
		  "8:0 Read 1\n8:0 Write 2\n8:0 Sync 3\n8:0 Total 3\nTotal 3\n", 1,
		  { 8, 0, 1, 2, 0, 0 } },
		{ CGROUP_V1, "blkio.bfq.io_serviced_recursive", "8:0 Read 1\n8:0 Write 2\n", 1, { 8, 0, 0, 0, 1, 2 } },
		{ CGROUP_V1, "blkio.bfq.io_serviced_recursive", "Total 0\n", 0, { 0 } },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cgroup_stats stats = { 0 };
		struct cgroup_io io = { 0 };
		bool found = cgroup_parse(file_called(cases[i].version, cases[i].file), str_of(cases[i].content), &stats, &io);
		ck_assert_msg(io.count == cases[i].count && found == (io.count > 0), "%s: got %zu", cases[i].content, io.count);
		ck_assert_msg(io.count == 0 || memcmp(&io.at[0], &cases[i].first, sizeof io.at[0]) == 0, "%s: other numbers",
			cases[i].content);
	}
}
END_TEST

START_TEST(derived)
{
	struct cgroup_stats s = { 0 };
	cgroup_set(&s, CG_RSS, 5);
	cgroup_set(&s, CG_CACHE, 7);
	cgroup_set(&s, CG_INACTIVE_FILE, 100);
	cgroup_derive(&s);
	ck_assert_uint_eq(s.value[CG_MEMORY], 12); /* the root of version 2 */
	ck_assert(cgroup_has(&s, CG_WORKING_SET) && s.value[CG_WORKING_SET] == 0); /* not below nothing */
	ck_assert(cgroup_has(&s, CG_SWAP) && s.value[CG_SWAP] == 0);
	struct cgroup_stats empty = { 0 };
	cgroup_derive(&empty);
	ck_assert_uint_eq(empty.has, 0);
}
END_TEST

START_TEST(bundles)
{
	static const struct {
		const char *name, *text;
		bool want, is_sandbox;
		const char *container, *image;
	} cases[] = {
		{ "containerd",
		  "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\",\"io.kubernetes.cri.container-name\":\"c\",\"io.kubernetes.cri.image-name\":\"i\"}}",
		  true, false, "c", "i" },
		{ "sandbox",
		  "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"sandbox\",\"io.kubernetes.cri.podsandbox.image-name\":\"pause\"}}", true, true, "", "pause" },
		{ "CRI-O",
		  "{\"annotations\":{\"io.kubernetes.container.name\":\"c\",\"io.kubernetes.cri-o.ImageName\":\"i\",\"io.kubernetes.cri-o.ContainerType\":\"container\"}}",
		  true, false, "c", "i" },
		{ "CRI-O's sandbox",
		  "{\"annotations\":{\"io.kubernetes.container.name\":\"POD\",\"io.kubernetes.cri-o.ContainerType\":\"sandbox\"}}", true, true, "", "" },
		{ "the better name wins",
		  "{\"annotations\":{\"io.kubernetes.cri-o.ImageName\":\"worse\",\"io.kubernetes.cri.image-name\":\"i\",\"io.kubernetes.cri.podsandbox.image-name\":\"p\"}}",
		  true, false, "", "i" },
		{ "escapes", "{\"annotations\":{\"io.kubernetes.cri.container-n\\u0061me\":\"\\u0063\"}}", true, false, "c", "" },
		{ "not text", "{\"annotations\":{\"io.kubernetes.cri.container-name\":7}}", true, false, "", "" },
		{ "elsewhere", "{\"x\":{\"annotations\":{\"io.kubernetes.cri.container-name\":\"c\"}}}", false, false, "", "" },
		{ "no annotations", "{\"ociVersion\":\"1.0\"}", false, false, "", "" },
		{ "cut", "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"c\"}", false, false, "", "" },
		{ "empty", "", false, false, "", "" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bundle b = { 0 };
		struct arena arena = { 0 };
		ck_assert_msg(bundle_parse(str_of(cases[i].text), &b, &arena) == cases[i].want, "%s", cases[i].name);
		ck_assert_msg(b.is_sandbox == cases[i].is_sandbox, "%s: sandbox %d", cases[i].name, b.is_sandbox);
		ck_assert_msg(str_eq(b.container, str_of(cases[i].container)), "%s: " STR_FMT, cases[i].name, STR_ARG(b.container));
		ck_assert_msg(str_eq(b.image, str_of(cases[i].image)), "%s: " STR_FMT, cases[i].name, STR_ARG(b.image));
		arena_fini(&arena);
	}
}
END_TEST

START_TEST(interfaces)
{
	struct network net;
	network_parse(STR("Inter-|   Receive  |  Transmit\n face |bytes\n    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
			  "  eth0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\nveth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
			  "Docker0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\neth0:1: 9 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
			  "short: 1 2 3\nlong: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\nbad: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 x\n"
			  "a-name-of-16-byt: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"),
		&net);
	ck_assert_uint_eq(net.count, 2);
	ck_assert_str_eq(net.at[0].name, "eth0");
	ck_assert_str_eq(net.at[1].name, "eth0:1");
	static const uint64_t want[NET_VALUES] = { 1, 2, 3, 4, 9, 10, 11, 12 };
	ck_assert_mem_eq(net.at[0].value, want, sizeof want);
}
END_TEST

START_TEST(device_names)
{
	struct disks disks;
	struct arena arena = { 0 };
	disks_parse(STR("   8       0 sda 1 2 3\n 259       1 nvme0n1p1 1\nbroken\n 8 x sdb 1\n 8 16\n   8      32 sdc"), &disks,
		&arena);
	ck_assert_uint_eq(disks.count, 3);
	ck_assert(str_eq(disks_path(&disks, 8, 0), STR("/dev/sda")));
	ck_assert(str_eq(disks_path(&disks, 259, 1), STR("/dev/nvme0n1p1")));
	ck_assert(str_eq(disks_path(&disks, 8, 32), STR("/dev/sdc")));
	ck_assert_uint_eq(disks_path(&disks, 7, 0).n, 0);
	arena_fini(&arena);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgroup");
	TCase *t = tcase_create("cgroup");
	tcase_add_loop_test(t, path, 0, COUNT_OF(paths));
	tcase_add_loop_test(t, process, 0, COUNT_OF(processes));
	tcase_add_loop_test(t, content, 0, COUNT_OF(contents));
	tcase_add_test(t, memory_max_is_no_limit);
	tcase_add_test(t, devices);
	tcase_add_test(t, derived);
	tcase_add_test(t, bundles);
	tcase_add_test(t, interfaces);
	tcase_add_test(t, device_names);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
