/* The collector "container" over trees of several kinds of node, against whole pages; then what changes from scrape to scrape. */
#include "tests/unit/agent/pod_tree.h"
#include "tests/unit/agent/recorded.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define D64 "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define POD "cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0b4dbd6a_8c35_4b2c_9a4e_6f1f3c1f0a11.slice"
#define BUNDLE "run/containerd/io.containerd.runtime.v2.task/k8s.io/"

static const struct collector *collector(const char *name)
{
	for (size_t i = 0; pod_collectors[i]; i++)
		if (strcmp(pod_collectors[i]->name, name) == 0)
			return pod_collectors[i];
	ck_abort_msg("no collector %s", name);
	return NULL;
}

static int update(struct pod_tree *t, void *state)
{
	struct families f;
	struct collect c = tree_scrape(t, &f);
	int got = collector("container")->update(state, &c);
	ck_assert(!t->out.is_full);
	ck_assert_uint_eq(f.dropped, 0);
	families_fini(&f);
	buf_char(&t->out, '\0');
	t->out.n--;
	return got;
}

static void *open_state(struct pod_tree *t)
{
	char err[256];
	void *state = collector("container")->open(NULL, &t->roots, err);
	ck_assert_ptr_nonnull(state);
	return state;
}

static const char *const trees[] = { "v2_systemd_containerd", "v2_systemd_crio_nested", "v1_cgroupfs_containerd",
	"hybrid_cgroupfs_containerd",
				     "v2_mixed_drivers" };

START_TEST(pages)
{
	struct pod_tree t;
	tree_open(&t, trees[_i]);
	void *state = open_state(&t);
	char name[64];
	ck_assert_int_eq(update(&t, state), 0);
	snprintf(name, sizeof name, "pods/%s.prom", trees[_i]);
	recorded_check(name, buf_view(&t.out));
	collector("container")->close(state);
	tree_close(&t);
}
END_TEST

static void has(struct pod_tree *t, const char *what, bool want)
{
	ck_assert_msg((strstr(t->out.p, what) != NULL) == want, "%s: %s\n%s", want ? "missing" : "there", what, t->out.p);
}

START_TEST(killed_and_gone_between_scrapes)
{
	struct pod_tree t;
	tree_open(&t, "v2_systemd_containerd");
	void *state = open_state(&t);
	ck_assert_int_eq(update(&t, state), 0);
	has(&t,
		"container_oom_events_total{container=\"server\",id=\"\",image=\"registry.example.com/shop/server:1.4.2\",name=\"\","
		"namespace=\"shop\",pod=\"checkout-6d4b75cb6d-hx2lm\"} 2\n", true);
	/* It is killed once more, is gone, and another one is there under the same name; only the pod's group has seen it. */
	tree_remove(&t, POD "/cri-containerd-" A64 ".scope");
	tree_write(&t, POD "/memory.events", "oom_kill 3\n");
	tree_write(&t, POD "/cri-containerd-" D64 ".scope/cpu.stat", "usage_usec 1\n");
	tree_write(&t, POD "/cri-containerd-" D64 ".scope/memory.events", "oom_kill 0\n");
	tree_write(&t, BUNDLE D64 "/config.json", "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"server\","
		"\"io.kubernetes.cri.image-name\":\"registry.example.com/shop/server:1.4.3\"}}");
	ck_assert_int_eq(update(&t, state), 0);
	has(&t,
		"container_oom_events_total{container=\"server\",id=\"\",image=\"registry.example.com/shop/server:1.4.3\",name=\"\","
		"namespace=\"shop\",pod=\"checkout-6d4b75cb6d-hx2lm\"} 3\n", true);
	has(&t, "container_exits_total{container=\"server\",namespace=\"shop\",pod=\"checkout-6d4b75cb6d-hx2lm\"} 1\n", true);
	has(&t, A64, false);
	/* The whole pod ends: the counts stay, nothing else does. */
	tree_remove(&t, POD);
	ck_assert_int_eq(update(&t, state), 0);
	has(&t, "container_oom_events_total{container=\"server\",id=\"\"", true);
	has(&t, "container_exits_total{container=\"server\",namespace=\"shop\",pod=\"checkout-6d4b75cb6d-hx2lm\"} 2\n", true);
	has(&t, "0b4dbd6a", false);
	collector("container")->close(state);
	tree_close(&t);
}
END_TEST

START_TEST(names_come_late)
{
	struct pod_tree t;
	tree_open(&t, "v2_systemd_containerd");
	tree_remove(&t, "run");
	tree_remove(&t, "log");
	void *state = open_state(&t);
	ck_assert_int_eq(update(&t, state), 0);
	has(&t,
		"container_memory_rss{container=\"\",id=\"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0b4dbd6a_8c35_4b2c_9a4e_"
		"6f1f3c1f0a11.slice/cri-containerd-" A64 ".scope\",image=\"\",name=\"" A64 "\",namespace=\"\",pod=\"\"}", true);
	tree_write(&t, BUNDLE A64 "/config.json",
		"{\"annotations\":{\"io.kubernetes.cri.container-name\":\"server\",\"io.kubernetes.cri."
		"image-name\":\"shop:1\",\"io.kubernetes.cri.sandbox-name\":\"p\",\"io.kubernetes.cri.sandbox-namespace\":\"n\"}}");
	ck_assert_int_eq(update(&t, state), 0);
	has(&t, ".scope\",image=\"shop:1\",name=\"" A64 "\",namespace=\"n\",pod=\"p\"}", true);
	/* Kills of before it had a name are counted to the name. */
	has(&t,
		"container_oom_events_total{container=\"server\",id=\"\",image=\"shop:1\",name=\"\",namespace=\"n\",pod=\"p\"} 2\n", true);
	collector("container")->close(state);
	tree_close(&t);
}
END_TEST

START_TEST(limits_change)
{
	struct pod_tree t;
	tree_open(&t, "v2_systemd_containerd");
	void *state = open_state(&t);
	const char *before = "pod=\"checkout-6d4b75cb6d-hx2lm\"} 31457280\n";
	ck_assert_int_eq(update(&t, state), 0);
	has(&t, before, true);
	tree_write(&t, POD "/cri-containerd-" A64 ".scope/memory.max", "62914560\n");
	ck_assert_int_eq(update(&t, state), 0);
	has(&t, before, true); /* read every half minute only */
	t.now_ns += INT64_C(31000000000);
	ck_assert_int_eq(update(&t, state), 0);
	has(&t, "pod=\"checkout-6d4b75cb6d-hx2lm\"} 62914560\n", true);
	collector("container")->close(state);
	tree_close(&t);
}
END_TEST

START_TEST(no_hierarchy)
{
	struct pod_tree t;
	tree_open(&t, NULL);
	void *state = open_state(&t);
	ck_assert_int_eq(update(&t, state), -ENODATA);
	ck_assert_uint_eq(t.out.n, 0);
	collector("container")->close(state);
	tree_close(&t);
}
END_TEST

/* A page that is nearly full keeps whole families of the first rank and says that there were more. */
START_TEST(page_without_room)
{
	struct pod_tree t;
	tree_open(&t, "v2_systemd_containerd");
	buf_fini(&t.out);
	buf_init(&t.out, (1 << 20) + 40000);
	void *state = open_state(&t);
	ck_assert_int_eq(update(&t, state), 0);
	has(&t, "container_memory_working_set_bytes{", true);
	has(&t, "container_memory_workingset_refault_anon_total{", false);
	has(&t, "container_scrape_error 1\n", true);
	collector("container")->close(state);
	tree_close(&t);
}
END_TEST

START_TEST(kube_pod_without_objects)
{
	struct pod_tree t;
	tree_open(&t, NULL);
	struct families f;
	struct collect c = tree_scrape(&t, &f);
	ck_assert_int_eq(collector("kube_pod")->update(NULL, &c), -ENODATA);
	families_fini(&f);
	tree_close(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("container");
	TCase *t = tcase_create("container");
	tcase_add_loop_test(t, pages, 0, COUNT_OF(trees));
	tcase_add_test(t, killed_and_gone_between_scrapes);
	tcase_add_test(t, names_come_late);
	tcase_add_test(t, limits_change);
	tcase_add_test(t, no_hierarchy);
	tcase_add_test(t, page_without_room);
	tcase_add_test(t, kube_pod_without_objects);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
