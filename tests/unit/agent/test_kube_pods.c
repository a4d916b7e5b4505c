/* kube_pod_* of a recorded list against a whole page; labels and their conflicts. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/pods/kube_labels.h"
#include "agent/pods/pods.h"
#include "tests/unit/agent/recorded.h"

static void write_page(struct buf *out, struct podlist *list, const struct str *allow, size_t count)
{
	struct families f;
	families_init(&f, out, false);
	kube_pods_write(&f, list, allow, count);
	ck_assert_uint_eq(f.dropped, 0);
	families_fini(&f);
}

START_TEST(recorded_page)
{
	size_t n;
	char *text = tree_read(FIXTURES "/pods/podlist.json", &n);
	struct arena arena = { 0 };
	struct podlist list;
	struct buf out;
	const char *why;
	const struct str allow[] = { STR("*") };
	buf_init(&out, 1 << 20);
	ck_assert(podlist_parse((struct str){ text, n }, &list, &arena, &why));
	write_page(&out, &list, allow, 1);
	recorded_check("pods/podlist.prom", buf_view(&out));
	buf_fini(&out);
	arena_fini(&arena);
	free(text);
}
END_TEST

START_TEST(no_pods_no_page)
{
	struct podlist none = { 0 };
	struct buf out;
	buf_init(&out, 1 << 20);
	write_page(&out, &none, NULL, 0);
	ck_assert_uint_eq(out.n, 0);
	buf_fini(&out);
}
END_TEST

START_TEST(amounts_are_rounded_up)
{
	static const struct {
		const char *resource, *amount, *want;
	} cases[] = {
		{ "cpu", "100n", "resource=\"cpu\",uid=\"\",unit=\"core\"} 0.001\n" },
		{ "cpu", "57m", "unit=\"core\"} 0.057\n" }, { "cpu", "1.1", "unit=\"core\"} 1.1\n" }, { "cpu", "0.0005",
		  "unit=\"core\"} 0.001\n" },
		{ "memory", "100m", "resource=\"memory\",uid=\"\",unit=\"byte\"} 1\n" }, { "memory", "1.5Gi",
		  "unit=\"byte\"} 1610612736\n" },
		{ "hugepages-2Mi", "4Mi", "resource=\"hugepages_2Mi\",uid=\"\",unit=\"byte\"} 4194304\n" },
		{ "nvidia.com/gpu", "2", "resource=\"nvidia_com_gpu\",uid=\"\",unit=\"integer\"} 2\n" },
		{ "kubernetes.io/x", "2", NULL }, { "requests.nvidia.com/gpu", "2", NULL }, { "pods", "2", NULL },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pod_quantity q = { str_of(cases[i].resource), 0 };
		ck_assert(pod_quantity_parse(str_of(cases[i].amount), &q.value));
		struct pod_container c = { .name = STR("c"), .requests = &q, .request_count = 1, .has_spec = true };
		struct pod pod = { .name = STR("p"), .containers = &c, .container_count = 1 };
		struct podlist list = { .at = &pod, .count = 1 };
		struct buf out;
		buf_init(&out, 1 << 20);
		write_page(&out, &list, NULL, 0);
		buf_char(&out, '\0');
		const char *want = cases[i].want ? cases[i].want : "resource_requests";
		ck_assert_msg((strstr(out.p, want) != NULL) == (cases[i].want != NULL), "%s %s:\n%s", cases[i].resource,
			cases[i].amount, out.p);
		buf_fini(&out);
	}
}
END_TEST

static const struct {
	const char *name;
	struct label from[6];
	const char *allow[4], *want;
} label_cases[] = {
	{ "all", { { { "app", 3 }, { "x", 1 } } }, { "*" }, "label_app=x" },
	{ "none allowed", { { { "app", 3 }, { "x", 1 } } }, { "other" }, "" },
	{ "by name", { { { "app", 3 }, { "x", 1 } }, { { "tier", 4 }, { "y", 1 } } }, { "tier" }, "label_tier=y" },
	{ "by pattern", { { { "a/app", 5 }, { "x", 1 } }, { { "b/app", 5 }, { "y", 1 } }, { { "b/tier", 6 }, { "z", 1 } } },
	  { "*/app" },
	  "label_a_app=x label_b_app=y" },
	{ "snake", { { { "app.kubernetes.io/partOf", 24 }, { "x", 1 } } }, { "*" }, "label_app_kubernetes_io_part_of=x" },
	{ "capitals in a row", { { { "myHTTPPort", 10 }, { "x", 1 } } }, { "*" }, "label_my_httpport=x" },
	{ "conflict", { { { "a-b", 3 }, { "1", 1 } }, { { "a.b", 3 }, { "2", 1 } }, { { "a_b", 3 }, { "3", 1 } } }, { "*" },
	  "label_a_b_conflict1=1 label_a_b_conflict2=2 label_a_b_conflict3=3" },
	{ "conflict with a numbered one", { { { "a-b", 3 }, { "1", 1 } }, { { "a.b", 3 }, { "2", 1 } }, { { "a_b_conflict1", 13 },
	  { "3", 1 } } }, { "*" },
	  "label_a_b_conflict1_conflict1=1 label_a_b_conflict1_conflict2=3 label_a_b_conflict2=2" },
	{ "sorted after conversion", { { { "B", 1 }, { "1", 1 } }, { { "a", 1 }, { "2", 1 } } }, { "*" }, "label_a=2 label_b=1" },
};

START_TEST(labels)
{
	struct str allow[4];
	size_t count = 0, allow_count = 0;
	struct metric_label *got;
	struct arena arena = { 0 };
	struct buf text;
	while (label_cases[_i].from[count].name.n)
		count++;
	for (; label_cases[_i].allow[allow_count]; allow_count++)
		allow[allow_count] = str_of(label_cases[_i].allow[allow_count]);
	size_t n = kube_labels(STR("label"), label_cases[_i].from, count, allow, allow_count, &got, &arena);
	buf_init(&text, 4096);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%s=" STR_FMT, i ? " " : "", got[i].name, STR_ARG(got[i].value));
	ck_assert_msg(str_eq(buf_view(&text), str_of(label_cases[_i].want)), "%s: got " STR_FMT, label_cases[_i].name,
		STR_ARG(buf_view(&text)));
	buf_fini(&text);
	arena_fini(&arena);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube_pods");
	TCase *t = tcase_create("kube_pods");
	tcase_add_test(t, recorded_page);
	tcase_add_test(t, no_pods_no_page);
	tcase_add_test(t, amounts_are_rounded_up);
	tcase_add_loop_test(t, labels, 0, COUNT_OF(label_cases));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
