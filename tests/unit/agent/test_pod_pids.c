/* A process of each pod, as the agent finds it in another namespace of processes than the host's: control groups say 0, the
 * host's /proc is there with all numbers. */
#include "agent/pods/pod_pids.h"
#include "tests/unit/agent/pod_tree.h"
#include "tests/unit/agent/recorded.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C64 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define D64 "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define SHOP "kubepods-burstable-pod0b4dbd6a_8c35_4b2c_9a4e_6f1f3c1f0a11.slice/"
#define PROXY "kubepods-pod7f0c2d4e_1111_4222_8333_944455556666.slice/"
#define SHOP_GROUP "cgroup/kubepods.slice/kubepods-burstable.slice/" SHOP
#define PROXY_GROUP "cgroup/kubepods.slice/" PROXY
#define SECOND INT64_C(1000000000)

struct rig {
	struct pod_tree tree;
	struct cgroups groups;
	struct pod_pids pids;
};

/* shop: an application (A64) and its sandbox (B64, process 101); proxy: a container (C64, process 201) and no sandbox. */
static void set_up(struct rig *r)
{
	struct pod_tree *t = &r->tree;
	tree_open(t, "v2_systemd_containerd");
	tree_write(t, "proc/self/status", "Name:\tspoor\nNStgid:\t4711\t1\nNSpid:\t4711\t1\n");
	tree_write(t, SHOP_GROUP "cri-containerd-" A64 ".scope/cgroup.procs", "0\n0\n");
	tree_write(t, SHOP_GROUP "cri-containerd-" B64 ".scope/cgroup.procs", "0\n");
	tree_write(t, PROXY_GROUP "cri-containerd-" C64 ".scope/cgroup.procs", "0\n");
	tree_write(t, "proc/1/cgroup", "0::/../../../../init.scope\n");
	tree_write(t, "proc/101/cgroup", "0::/../../" SHOP "cri-containerd-" B64 ".scope\n");
	tree_write(t, "proc/201/cgroup", "0::/../../../" PROXY "cri-containerd-" C64 ".scope\n");
	cgroups_init(&r->groups);
	pod_pids_init(&r->pids);
}

static void tear_down(struct rig *r)
{
	cgroups_fini(&r->groups);
	tree_close(&r->tree);
}

/* One scrape, a second after the one before. */
static void turn(struct rig *r)
{
	struct families f;
	struct collect c = tree_scrape(&r->tree, &f);
	ck_assert_int_eq(cgroups_update(&r->groups, &c), 0);
	pod_pids_update(&r->pids, &r->groups, &c);
	families_fini(&f);
}

static const struct pod_process *process_of(const struct rig *r, const char *uid)
{
	for (size_t i = 0; i < r->groups.count; i++)
		if (r->groups.at[i]->is.kind == CGROUP_POD && strncmp(r->groups.at[i]->is.uid, uid, strlen(uid)) == 0)
			return &r->groups.at[i]->process;
	ck_abort_msg("no pod %s", uid);
	return NULL;
}

static int shop(const struct rig *r)
{
	return process_of(r, "0b4dbd6a")->pid;
}

static int proxy(const struct rig *r)
{
	return process_of(r, "7f0c2d4e")->pid;
}

/* The page is the one that it is on the host itself. */
START_TEST(the_same_page_from_another_namespace)
{
	struct rig r;
	set_up(&r);
	char err[256];
	void *state = pod_collectors[0]->open(NULL, &r.tree.roots, err);
	for (int i = 0; i < 2; i++) {
		struct families f;
		struct collect c = tree_scrape(&r.tree, &f);
		ck_assert_int_eq(pod_collectors[0]->update(state, &c), 0);
		families_fini(&f);
		recorded_check("pods/v2_systemd_containerd.prom", buf_view(&r.tree.out));
	}
	pod_collectors[0]->close(state);
	tear_down(&r);
}
END_TEST

/* Version 1 leaves out what it has no number for, so processes cannot be counted either. */
START_TEST(version_1)
{
	static const char *const groups[] = { "memory/kubepods/pod0b4dbd6a-8c35-4b2c-9a4e-6f1f3c1f0a11/" C64,
		"cpu,cpuacct/kubepods/pod0b4dbd6a-8c35-4b2c-9a4e-6f1f3c1f0a11/" C64 };
	struct pod_tree t;
	char name[256], err[256];
	tree_open(&t, "v1_cgroupfs_containerd");
	tree_write(&t, "proc/self/status", "NSpid:\t4711\t1\n");
	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		snprintf(name, sizeof name, "cgroup/%s/cgroup.procs", groups[i]);
		tree_write(&t, name, "");
	}
	tree_write(&t, "proc/101/cgroup", "9:cpuset:/\n4:memory:/kubepods/pod0b4dbd6a-8c35-4b2c-9a4e-6f1f3c1f0a11/" C64 "\n");
	void *state = pod_collectors[0]->open(NULL, &t.roots, err);
	struct families f;
	struct collect c = tree_scrape(&t, &f);
	ck_assert_int_eq(pod_collectors[0]->update(state, &c), 0);
	families_fini(&f);
	buf_char(&t.out, '\0');
	ck_assert_msg(strstr(t.out.p, "interface=\"eth0\",name=\"\",namespace=\"shop\",pod=\"web-0\"} 5001\n"), "%s", t.out.p);
	ck_assert_msg(!strstr(t.out.p, "container_processes{"), "%s", t.out.p);
	ck_assert_msg(strstr(t.out.p, "container_threads{"), "%s", t.out.p);
	pod_collectors[0]->close(state);
	tree_close(&t);
}
END_TEST

START_TEST(nothing_is_scanned_where_groups_tell)
{
	struct rig r;
	set_up(&r);
	tree_remove(&r.tree, "proc/self/status");
	tree_write(&r.tree, SHOP_GROUP "cri-containerd-" B64 ".scope/cgroup.procs", "101\n");
	tree_write(&r.tree, PROXY_GROUP "cri-containerd-" C64 ".scope/cgroup.procs", "");
	turn(&r);
	ck_assert_int_eq(shop(&r), 101);
	ck_assert_int_eq(proxy(&r), 0); /* has no process at all */
	ck_assert_uint_eq(r.pids.looks, 0);
	tear_down(&r);
}
END_TEST

START_TEST(found_once_and_kept)
{
	struct rig r;
	set_up(&r);
	turn(&r);
	ck_assert_int_eq(shop(&r), 101);
	ck_assert_int_eq(proxy(&r), 201);
	ck_assert(str_eq(process_of(&r, "0b4dbd6a")->group->is.container_id, STR(B64)));
	ck_assert_int_eq(process_of(&r, "7f0c2d4e")->group->is.kind, CGROUP_POD);
	size_t looks = r.pids.looks;
	for (int i = 0; i < 20; i++)
		turn(&r);
	ck_assert_uint_eq(r.pids.looks, looks);
	ck_assert_int_eq(shop(&r), 101);
	tear_down(&r);
}
END_TEST

static const struct {
	const char *name, *cgroup; /* NULL: the process is gone */
	bool has_network;
} ends[] = {
	{ "gone", NULL, true },
	{ "its number has another process", "0::/../../../system.slice/cron.service\n", true },
	{ "its number has a process of another pod", "0::/../../../" PROXY "cri-containerd-" C64 ".scope\n", true },
	{ "dead, and not waited for", "0::/../../" SHOP "cri-containerd-" B64 ".scope\n", false },
};

START_TEST(a_process_ends)
{
	struct rig r;
	set_up(&r);
	turn(&r);
	ck_assert_int_eq(shop(&r), 101);
	if (!ends[_i].has_network)
		tree_remove(&r.tree, "proc/101/net");
	if (!ends[_i].cgroup)
		tree_remove(&r.tree, "proc/101");
	else
		tree_write(&r.tree, "proc/101/cgroup", ends[_i].cgroup);
	tree_write(&r.tree, "proc/150/cgroup", "0::/../../" SHOP "cri-containerd-" B64 ".scope\n");
	tree_write(&r.tree, "proc/150/net/dev", "eth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
	turn(&r);
	ck_assert_msg(shop(&r) == 0, "%s: still %d", ends[_i].name, shop(&r));
	for (int i = 0; i < POD_PIDS_SCAN_S && !shop(&r); i++)
		turn(&r);
	ck_assert_msg(shop(&r) == 150, "%s: got %d", ends[_i].name, shop(&r));
	ck_assert_int_eq(proxy(&r), 201);
	tear_down(&r);
}
END_TEST

/* Three processes at a time, among forty others: each scan goes on where the one before has stopped. */
START_TEST(many_processes)
{
	struct rig r;
	set_up(&r);
	r.pids.looks_max = 3;
	for (int i = 0; i < 40; i++) {
		char name[64];
		snprintf(name, sizeof name, "proc/%d/cgroup", 1000 + i);
		tree_write(&r.tree, name, "0::/../../../system.slice/cron.service\n");
	}
	for (int i = 0; i < 15; i++) { /* enough for 43 */
		size_t before = r.pids.looks;
		turn(&r);
		ck_assert_uint_le(r.pids.looks - before, 3);
		r.tree.now_ns += POD_PIDS_SCAN_S * SECOND;
	}
	ck_assert_int_eq(shop(&r), 101);
	ck_assert_int_eq(proxy(&r), 201);
	tear_down(&r);
}
END_TEST

/* A pod whose process cannot be seen costs a scan every five seconds, then one a minute; a new pod is looked for at once again. */
START_TEST(nowhere_to_be_found)
{
	struct rig r;
	set_up(&r);
	tree_remove(&r.tree, "proc/201");
	size_t scans = 0, before = 0;
	for (int i = 0; i < 48; i++) { /* four minutes */
		turn(&r);
		r.tree.now_ns += 4 * SECOND;
		scans += r.pids.looks > before;
		before = r.pids.looks;
	}
	ck_assert_uint_ge(scans, POD_PIDS_SCANS_FAST);
	ck_assert_uint_le(scans, POD_PIDS_SCANS_FAST + 240 / POD_PIDS_SCAN_LATER_S);
	ck_assert_int_eq(shop(&r), 101);
	tree_write(&r.tree, "proc/301/cgroup", "0::/../../kubepods-burstable-pod11111111_8c35_4b2c_9a4e_6f1f3c1f0a11.slice/" D64 "\n");
	tree_write(&r.tree, "proc/301/net/dev", "");
	tree_write(&r.tree, "cgroup/kubepods.slice/kubepods-burstable.slice/"
		"kubepods-burstable-pod11111111_8c35_4b2c_9a4e_6f1f3c1f0a11.slice/cri-containerd-" D64 ".scope/cgroup.procs", "0\n");
	r.tree.now_ns += POD_PIDS_SCAN_S * SECOND;
	turn(&r);
	ck_assert_int_eq(process_of(&r, "11111111")->pid, 301);
	tear_down(&r);
}
END_TEST

/* Nothing is in them any more, and the kernel says so: nothing to look for. */
START_TEST(empty_groups)
{
	struct rig r;
	set_up(&r);
	tree_write(&r.tree, PROXY_GROUP "cri-containerd-" C64 ".scope/cgroup.procs", "");
	tree_write(&r.tree, PROXY_GROUP "cri-containerd-" C64 ".scope/pids.current", "0\n");
	tree_remove(&r.tree, SHOP_GROUP);
	for (int i = 0; i < 10; i++)
		turn(&r);
	ck_assert_int_eq(proxy(&r), 0);
	ck_assert_uint_eq(r.pids.looks, 0);
	tear_down(&r);
}
END_TEST

/* Only the agent's own container has processes with numbers for it, and these mean somebody else below the host's /proc. */
START_TEST(own_container)
{
	struct rig r;
	set_up(&r);
	tree_write(&r.tree, PROXY_GROUP "cri-containerd-" C64 ".scope/cgroup.procs", "1\n");
	tree_write(&r.tree, "proc/201/cgroup", "0::/\n");
	turn(&r);
	ck_assert_int_eq(proxy(&r), 4711);
	ck_assert_int_eq(shop(&r), 101);
	tear_down(&r);
}
END_TEST

/* An agent that has a /proc of its own namespace beside control groups of the host: there is nothing to find, and that is all. */
START_TEST(proc_of_another_namespace)
{
	struct rig r;
	set_up(&r);
	tree_remove(&r.tree, "proc");
	turn(&r);
	ck_assert_int_eq(shop(&r), 0);
	ck_assert_int_eq(proxy(&r), 0);
	tear_down(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pod_pids");
	TCase *t = tcase_create("pod_pids");
	tcase_add_test(t, the_same_page_from_another_namespace);
	tcase_add_test(t, version_1);
	tcase_add_test(t, nothing_is_scanned_where_groups_tell);
	tcase_add_test(t, found_once_and_kept);
	tcase_add_loop_test(t, a_process_ends, 0, COUNT_OF(ends));
	tcase_add_test(t, many_processes);
	tcase_add_test(t, nowhere_to_be_found);
	tcase_add_test(t, empty_groups);
	tcase_add_test(t, own_container);
	tcase_add_test(t, proc_of_another_namespace);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
