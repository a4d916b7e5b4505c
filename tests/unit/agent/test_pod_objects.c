/* What collectors make of pod objects: names of containers that nothing on the disk tells, and kube_pod_*. */
#include "agent/kubernetes/pod_shelf.h"

#include <check.h>

#include "agent/collectors/collection.h"
#include "agent/pods/pod_names.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SANDBOX "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define UID "12345678-1234-1234-1234-123456789abc"
#define HASH "0123456789abcdef0123456789abcdef"

static struct pod_container containers[] = {
	{ .name = STR("init"), .is_init = true },
	{ .name = STR("app"), .image = STR("web:1"), .status_image = STR("docker.io/library/web:1"), .id = STR("containerd://" ID) },
};
static struct label labels[] = { { STR("app"), STR("web") }, { STR("tier"), STR("front") } },
		    mirror[] = { { STR("kubernetes.io/config.hash"), STR(HASH) }, { STR("kubernetes.io/config.mirror"), STR(HASH) } };
static struct pod objects[] = {
	{ .name = STR("web-1"), .namespace_ = STR("shop"), .uid = STR(UID), .phase = STR("Running"), .containers = containers, .container_count = 2,
	  .labels = labels, .label_count = 2 },
	{ .name = STR("etcd-n1"), .namespace_ = STR("kube-system"), .uid = STR("aaaaaaaa-1234-1234-1234-123456789abc"), .annotations = mirror,
	  .annotation_count = 2 },
};
static const struct podlist list = { .at = objects, .count = COUNT_OF(objects) };
static const struct roots roots = { .proc = "/nonexistent", .sys = "/nonexistent", .rootfs = "", .udev_data = "", .cgroup = "/nonexistent",
				    .pod_logs = "/nonexistent", .runtime_state = "/nonexistent" };

static const struct question {
	const char *name, *path;
	const struct podlist *pods;
	const char *namespace_, *pod, *container, *image;
	bool is_complete;
} questions[] = {
	{ "a container", "/kubepods/pod" UID "/" ID, &list, "shop", "web-1", "app", "docker.io/library/web:1", true },
	{ "its sandbox", "/kubepods/pod" UID "/" SANDBOX, &list, "shop", "web-1", "", "", false },
	{ "a pod", "/kubepods/pod" UID, &list, "shop", "web-1", "", "", true },
	{ "a static pod", "/kubepods/pod" HASH, &list, "kube-system", "etcd-n1", "", "", true },
	{ "one that nobody knows", "/kubepods/pod99999999-1234-1234-1234-123456789abc", &list, "", "", "", "", false },
	{ "without objects", "/kubepods/pod" UID "/" ID, NULL, "", "", "", "", false },
};

START_TEST(names)
{
	const struct question *q = &questions[_i];
	struct pod_names *p = pod_names_new();
	struct pod_name got = { 0 };
	struct cgroup_path path = cgroup_path_parse(str_of(q->path));
	pod_names_begin(p, &roots, q->pods);
	pod_names_find(p, &path, &got);
	ck_assert_msg(str_eq(got.namespace_, str_of(q->namespace_)) && str_eq(got.pod, str_of(q->pod)) &&
		      str_eq(got.container, str_of(q->container)) && str_eq(got.image, str_of(q->image)) && got.is_complete == q->is_complete,
		      "%s: got " STR_FMT " " STR_FMT " " STR_FMT " " STR_FMT " %d", q->name, STR_ARG(got.namespace_), STR_ARG(got.pod), STR_ARG(got.container),
		      STR_ARG(got.image), got.is_complete);
	pod_name_fini(&got);
	pod_names_free(p);
}
END_TEST

struct page { struct loop *loop; struct buf text; };

static void on_page(void *ctx, struct str text, const char *error)
{
	struct page *p = ctx;
	buf_reset(&p->text);
	buf_str(&p->text, error ? str_of(error) : text);
	loop_stop(p->loop);
}

/* The page of the collector kube_pod. */
static void collect(struct page *p, struct pod_shelf *shelf, const char *const *flags, size_t flag_count)
{
	char err[256] = "";
	const struct str only = STR("kube_pod");
	struct collection *c = collection_new(&(struct collection_options){ .roots = roots, .flags = flags, .flag_count = flag_count, .loop = p->loop,
									    .shelf = shelf }, err);
	ck_assert_msg(c != NULL, "%s", err);
	collection_run(c, &(struct collect_request){ .parts = COLLECT_PODS, .only = &only, .only_count = 1 }, INT64_MAX, on_page, p);
	loop_run(p->loop);
	collection_free(c);
}

static bool has(const struct page *p, const char *text)
{
	return p->text.n && memmem(p->text.p, p->text.n, text, strlen(text));
}

START_TEST(kube_pod)
{
	const char *on[] = { "collector.kube_pod", "collector.kube_pod.labels=app,nothing" };
	struct page p = { .loop = loop_new() };
	struct pod_shelf *shelf = pod_shelf_new();
	struct node_pods *pods = node_pods_new(1000);
	buf_init(&p.text, 1 << 20);
	collect(&p, shelf, NULL, 0);
	ck_assert(has(&p, "collector \"kube_pod\" is disabled"));
	collect(&p, shelf, on, 2);
	ck_assert_uint_eq(p.text.n, 0); /* not known yet: nothing is said, not "no pods" */
	for (size_t i = 0; i < COUNT_OF(objects); i++)
		node_pods_put(pods, &objects[i]);
	pod_shelf_put(shelf, pods);
	collect(&p, shelf, on, 2);
	ck_assert(has(&p, "kube_pod_status_phase{namespace=\"shop\",phase=\"Running\",pod=\"web-1\",uid=\"" UID "\"} 1\n"));
	ck_assert(has(&p, "label_app=\"web\"") && !has(&p, "tier"));
	ck_assert(has(&p, "pod=\"etcd-n1\""));
	node_pods_free(pods);
	pod_shelf_let_go(shelf);
	buf_fini(&p.text);
	loop_free(p.loop);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pod_objects");
	TCase *t = tcase_create("pod_objects");
	tcase_add_loop_test(t, names, 0, (int)COUNT_OF(questions));
	tcase_add_test(t, kube_pod);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
