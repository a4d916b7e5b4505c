/* A recorded list field by field; then lists, events and single objects of every shape, right and wrong. */
#include "parsers/kubernetes/podlist.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *text;
	bool want;
	double value;
} quantities[] = {
	{ "0", true, 0 }, { "1", true, 1 }, { "250m", true, 0.25 }, { "100m", true, 0.1 }, { "1.5", true, 1.5 }, { ".5", true,
	  0.5 },
	{ "5.", true, 5 }, { "+2", true, 2 }, { "-2", true, -2 }, { "1e3", true, 1000 }, { "1E3", true, 1000 }, { "1e-3", true,
	  0.001 },
	{ "12e+2", true, 1200 }, { "1E", true, 1e18 }, { "12E", true, 12e18 }, { "1k", true, 1000 }, { "1M", true, 1e6 }, { "1G",
	  true, 1e9 },
	{ "1T", true, 1e12 }, { "1P", true, 1e15 }, { "1Ki", true, 1024 }, { "128Mi", true, 134217728 }, { "1.5Gi", true,
	  1610612736 },
	{ "1Ti", true, 1099511627776. }, { "1Pi", true, 1125899906842624. }, { "1Ei", true, 1152921504606846976. }, { "500u",
	  true, 0.0005 },
	{ "7n", true, 7e-9 }, { "128974848", true, 128974848 }, { "0.1", true, 0.1 }, { "123456789012345678901", true,
	  123456789012345678901. },
	{ "0.00000000000000000000001", true, 1e-23 }, { "00012", true, 12 }, { "0e9999", true, 0 },
	{ "", false, 0 }, { "-", false, 0 }, { ".", false, 0 }, { "1.2.3", false, 0 }, { "1 Gi", false, 0 }, { "1ki", false, 0 },
	{ "1mi", false, 0 }, { "1K", false, 0 }, { "1e", false, 0 }, { "1e+", false, 0 }, { "1e-", false, 0 }, { "1e1e1", false,
	  0 },
	{ "1e3Mi", false, 0 }, { "Mi", false, 0 }, { "--1", false, 0 }, { "1x", false, 0 }, { "0x10", false, 0 }, { "1e400",
	  false, 0 },
	{ "1e99999", false, 0 }, { "NaN", false, 0 }, { "Inf", false, 0 }, { " 1", false, 0 }, { "1e 3", false, 0 },
};

START_TEST(quantity)
{
	double got = -99;
	bool ok = pod_quantity_parse(str_of(quantities[_i].text), &got);
	ck_assert_msg(ok == quantities[_i].want, "%s: got %d", quantities[_i].text, ok);
	double want = ok ? quantities[_i].value : -99, off = got > want ? got - want : want - got;
	ck_assert_msg(off <= (want < 0 ? -want : want) * 1e-15, "%s: got %.17g, want %.17g", quantities[_i].text, got, want);
}
END_TEST

START_TEST(decimal_fractions_are_the_nearest)
{
	double got;
	ck_assert(pod_quantity_parse(STR("100m"), &got) && got == 0.1);
	ck_assert(pod_quantity_parse(STR("333m"), &got) && got == 0.333);
	ck_assert(pod_quantity_parse(STR("0.7"), &got) && got == 0.7);
}
END_TEST

static struct str load(const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, FIXTURES "/pods/%s", name);
	FILE *f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	char *text = malloc(1 << 20);
	size_t n = fread(text, 1, 1 << 20, f);
	fclose(f);
	return (struct str){ text, n };
}

#define CK_STR(got, want) ck_assert_msg(str_eq(got, STR(want)), #got ": got " STR_FMT, STR_ARG(got))

static void check_deployment(const struct pod *p)
{
	CK_STR(p->namespace_, "shop");
	CK_STR(p->name, "checkout-6d4b75cb6d-hx2lm");
	CK_STR(p->uid, "0b4dbd6a-8c35-4b2c-9a4e-6f1f3c1f0a11");
	CK_STR(p->node, "node1");
	CK_STR(p->ip, "10.244.1.7");
	CK_STR(p->runtime_class, "gvisor");
	ck_assert_int_eq(p->created_s, 1795248000);
	ck_assert_int_eq(p->started_s, 1795248000);
	ck_assert_int_eq(p->deleted_s, 0);
	ck_assert_uint_eq(p->ip_count, 2);
	CK_STR(p->ips[1], "fd00:10:244:1::7");
	ck_assert_uint_eq(p->label_count, 5);
	CK_STR(p->labels[0].name, "Team"); /* capitals first */
	CK_STR(p->labels[4].value, "a");
	ck_assert_uint_eq(p->annotation_count, 4);
	CK_STR(p->annotations[1].value, "Gr\xc3\xbc\xc3\x9f" "e, \"Welt\"\n");
	ck_assert_uint_eq(p->owner_count, 1);
	ck_assert(p->owners[0].is_controller);
	CK_STR(p->owners[0].kind, "ReplicaSet");
	ck_assert_uint_eq(p->condition_count, 5);
	CK_STR(p->conditions[2].reason, "ContainersNotReady");
	ck_assert_int_eq(p->conditions[2].since_s, 1795248300);
	ck_assert_uint_eq(p->overhead_count, 2);
	ck_assert_uint_eq(p->volume_count, 2);
	CK_STR(p->volumes[0].claim, "checkout-data");
	ck_assert(p->volumes[0].is_read_only && !p->volumes[0].is_ephemeral && p->volumes[1].is_ephemeral);
	ck_assert_uint_eq(p->container_count, 4);
}

static void check_containers(const struct pod *p)
{
	const struct pod_container *migrate = &p->containers[0], *mesh = &p->containers[1], *server = &p->containers[2];
	CK_STR(migrate->name, "migrate");
	ck_assert(migrate->is_init && mesh->is_init && !server->is_init);
	ck_assert_int_eq(migrate->state, POD_STATE_TERMINATED);
	ck_assert_int_eq(migrate->finished_s - migrate->started_s, 5);
	CK_STR(mesh->restart_policy, "Always");
	CK_STR(server->image, "registry.example.com/shop/server:1.4.2");
	ck_assert(str_starts(server->id, STR("containerd://aaaa")));
	ck_assert_int_eq(server->state, POD_STATE_WAITING);
	CK_STR(server->reason, "CrashLoopBackOff");
	CK_STR(server->last_terminated_reason, "OOMKilled");
	ck_assert_int_eq(server->last_exit_code, 137);
	ck_assert_uint_eq(server->restarts, 3);
	ck_assert(server->has_spec && server->has_status && server->has_last_terminated && !server->is_ready);
	ck_assert_uint_eq(server->port_count, 2);
	CK_STR(server->ports[1].protocol, "TCP"); /* when it is not said */
	ck_assert_uint_eq(server->ports[1].number, 9090);
	ck_assert_uint_eq(server->request_count, 5);
	CK_STR(server->requests[0].resource, "cpu");
	ck_assert(server->requests[0].value == 0.25 && server->limits[1].value == 1073741824);
}

START_TEST(recorded_list)
{
	struct arena arena = { 0 };
	struct podlist list;
	const char *why;
	struct str text = load("podlist.json");
	ck_assert_msg(podlist_parse(text, &list, &arena, &why), "%s", why);
	ck_assert_uint_eq(list.count, 5);
	CK_STR(list.resource_version, "123456");
	CK_STR(list.continue_, "abc");
	check_deployment(&list.at[0]);
	check_containers(&list.at[0]);
	ck_assert(list.at[1].host_network && !list.at[0].host_network);
	ck_assert(list.at[2].containers[0].requests[0].value == 1); /* a number, not a text */
	ck_assert_int_eq(list.at[2].deleted_s, 1795251600);
	CK_STR(list.at[4].reason, "Evicted");
	ck_assert(!list.at[4].containers[0].has_status);
	arena_fini(&arena);
	union { const char *p; void *owned; } u = { .p = text.p };
	free(u.owned);
}
END_TEST

#define POD(name) "{\"metadata\":{\"name\":\"" name "\"}}"
static const struct {
	const char *text;
	int want; /* pods; -1: an error */
	const char *first;
} shapes[] = {
	{ "{\"kind\":\"PodList\",\"items\":[" POD("a") "," POD("b") "]}", 2, "a" },
	{ "{\"items\":[" POD("a") "],\"kind\":\"PodList\"}", 1, "a" },
	{ "{\"kind\":\"List\",\"items\":[{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}},{\"kind\":\"Service\",\"metadata\":{\"name\":\"s\"}}]}", 1, "a" },
	{ "{\"items\":[{\"metadata\":{\"name\":\"s\"},\"kind\":\"Service\"}]}", 0, NULL },
	{ "{\"items\":[" POD("a") "],\"kind\":\"ServiceList\"}", 0, NULL },
	{ "{\"kind\":\"PodList\",\"items\":null}", 0, NULL },
	{ "{\"kind\":\"PodList\",\"items\":[null,1,\"x\",[],{}," POD("a") "]}", 1, "a" },
	{ "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}", 1, "a" },
	{ "{\"metadata\":{\"name\":\"a\"},\"kind\":\"Pod\"}", 1, "a" },
	{ "{\"kind\":\"Status\",\"metadata\":{},\"status\":\"Failure\",\"code\":403}", 0, NULL },
	{ "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}}", 1, "a" },
	{ "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"9\"}}}", 0, NULL },
	{ "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"metadata\":{\"name\":\"x\"}}}", 0, NULL },
	{ "{}", 0, NULL }, { "[]", 0, NULL }, { "null", 0, NULL }, { "7", 0, NULL },
	{ "", -1, NULL }, { "{", -1, NULL }, { "{\"items\":[" POD("a") "]", -1, NULL }, { POD("a") POD("b"), -1, NULL },
	{ "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":1,\"y\":\"2\"},\"creationTimestamp\":\"yesterday\"},\"spec\":[],\"status\":{\"podIPs\":{}}}", 1, "a" },
	{ "{\"metadata\":{\"name\":7}}", 0, NULL },
};

START_TEST(shape)
{
	struct arena arena = { 0 };
	struct podlist list = { .count = 77 };
	const char *why;
	bool got = podlist_parse(str_of(shapes[_i].text), &list, &arena, &why);
	ck_assert_msg(got == (shapes[_i].want >= 0), "%s: %s", shapes[_i].text, why ? why : "good");
	ck_assert(got == (why == NULL));
	ck_assert_msg(list.count == (size_t)(got ? shapes[_i].want : 0), "%s: got %zu", shapes[_i].text, list.count);
	if (shapes[_i].first)
		ck_assert(str_eq(list.at[0].name, str_of(shapes[_i].first)));
	arena_fini(&arena);
}
END_TEST

START_TEST(bookmark_moves_on)
{
	struct arena arena = { 0 };
	struct podlist list;
	const char *why;
	ck_assert(podlist_parse(str_of(shapes[11].text), &list, &arena, &why));
	CK_STR(list.resource_version, "9");
	arena_fini(&arena);
}
END_TEST

START_TEST(status_before_spec)
{
	struct arena arena = { 0 };
	struct podlist list;
	const char *why;
	ck_assert(podlist_parse(STR("{\"status\":{\"containerStatuses\":[{\"name\":\"c\",\"restartCount\":2},{\"name\":\"d\"}]},\"spec\":{\"containers\":["
				    "{\"name\":\"c\",\"image\":\"i\"}],\"initContainers\":[{\"name\":\"c\"}]},\"metadata\":{\"name\":\"p\"}}"),
		&list, &arena, &why));
	const struct pod *p = &list.at[0];
	ck_assert_uint_eq(p->container_count, 3);
	ck_assert(p->containers[0].has_spec && p->containers[0].has_status && p->containers[0].restarts == 2);
	CK_STR(p->containers[0].image, "i");
	ck_assert(!p->containers[1].has_spec && p->containers[2].is_init && !p->containers[2].has_status);
	arena_fini(&arena);
}
END_TEST

static void repeat(struct buf *b, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_printf(b, "%s%s", i ? "," : "", text);
}

START_TEST(bounds)
{
	struct arena arena = { 0 };
	struct podlist list;
	struct buf b;
	const char *why;
	buf_init(&b, 1 << 20);
	buf_str(&b, STR("{\"items\":["));
	repeat(&b, POD("a"), PODLIST_PODS_MAX);
	size_t full = b.n;
	buf_str(&b, STR("]}"));
	ck_assert(podlist_parse(buf_view(&b), &list, &arena, &why));
	ck_assert_uint_eq(list.count, PODLIST_PODS_MAX);
	b.n = full;
	buf_str(&b, STR("," POD("a") "]}"));
	ck_assert(!podlist_parse(buf_view(&b), &list, &arena, &why));
	ck_assert_str_eq(why, "more pods than one node can have");
	buf_reset(&b);
	buf_str(&b, STR("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":["));
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%s{\"name\":\"c%d\"}", i ? "," : "", i);
	buf_str(&b, STR("]}}"));
	ck_assert(podlist_parse(buf_view(&b), &list, &arena, &why));
	ck_assert_uint_eq(list.at[0].container_count, PODLIST_CONTAINERS_MAX);
	buf_fini(&b);
	arena_fini(&arena);
}
END_TEST

static const struct {
	const char *name, *json, *event, *reason, *message, *version;
	int64_t code;
	size_t pods;
} answers[] = {
	{ "a pod is added", "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"resourceVersion\":\"7\"}}}", "ADDED", "", "",
	  "7", 0, 1 },
	{ "the object first", "{\"object\":{\"metadata\":{\"name\":\"p\",\"resourceVersion\":\"7\"},\"kind\":\"Pod\"},\"type\":\"DELETED\"}", "DELETED", "",
	  "", "7", 0, 1 },
	{ "the version is too old",
	  "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
	  "\"message\":\"too old\",\"reason\":\"Expired\",\"code\":410}}", "ERROR", "Expired", "too old", "", 410, 0 },
	{ "forbidden",
	  "{\"kind\":\"Status\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"pods is forbidden\",\"reason\":\"Forbidden\","
	  "\"details\":{\"kind\":\"pods\"},\"code\":403}", "", "Forbidden", "pods is forbidden", "", 403, 0 },
	{ "a pod says no reasons of its own", "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"code\":403,\"reason\":\"x\"}", "", "", "", "", 0, 1 },
	{ "nor does one in an event", "{\"type\":\"MODIFIED\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"code\":410}}", "MODIFIED", "",
	  "", "", 0, 1 },
	{ "of another type", "{\"type\":7,\"object\":{\"kind\":\"Status\",\"code\":\"410\",\"reason\":[]}}", "", "", "", "", 0, 0 },
};

static const struct { const char *json; bool is_list; size_t pods; } lists[] = {
	{ "{\"kind\":\"PodList\",\"metadata\":{},\"items\":null}", true, 0 },
	{ "{\"items\":[{\"metadata\":{\"name\":\"p\"}}],\"kind\":\"PodList\"}", true, 1 },
	{ "{\"kind\":\"PodList\"}", false, 0 },
	{ "{}", false, 0 },
	{ "{\"items\":[{\"metadata\":{\"name\":\"p\"}}]}", false, 1 },
	{ "{\"kind\":\"SecretList\",\"items\":[{\"metadata\":{\"name\":\"p\"}}]}", false, 0 },
};

START_TEST(what_says_that_it_is_a_list)
{
	struct podlist list;
	struct arena arena = { 0 };
	const char *why;
	ck_assert_msg(podlist_parse(str_of(lists[_i].json), &list, &arena, &why), "%s: %s", lists[_i].json, why);
	ck_assert_msg(list.is_list == lists[_i].is_list && list.count == lists[_i].pods, "%s", lists[_i].json);
	arena_fini(&arena);
}
END_TEST

START_TEST(what_is_around_pods)
{
	struct podlist list;
	struct arena arena = { 0 };
	const char *why;
	ck_assert_msg(podlist_parse(str_of(answers[_i].json), &list, &arena, &why), "%s: %s", answers[_i].name, why);
	ck_assert_msg(list.count == answers[_i].pods && list.status_code == answers[_i].code &&
		      str_eq(list.event, str_of(answers[_i].event)) && str_eq(list.status_reason, str_of(answers[_i].reason)) &&
		      str_eq(list.status_message, str_of(answers[_i].message)) &&
		      str_eq(list.resource_version, str_of(answers[_i].version)), "%s: event \"" STR_FMT "\", code %lld", answers[_i].name,
		      STR_ARG(list.event), (long long)list.status_code);
	arena_fini(&arena);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("podlist");
	TCase *t = tcase_create("podlist");
	tcase_add_loop_test(t, quantity, 0, COUNT_OF(quantities));
	tcase_add_test(t, decimal_fractions_are_the_nearest);
	tcase_add_test(t, recorded_list);
	tcase_add_loop_test(t, shape, 0, COUNT_OF(shapes));
	tcase_add_loop_test(t, what_says_that_it_is_a_list, 0, (int)COUNT_OF(lists));
	tcase_add_loop_test(t, what_is_around_pods, 0, (int)COUNT_OF(answers));
	tcase_add_test(t, bookmark_moves_on);
	tcase_add_test(t, status_before_spec);
	tcase_add_test(t, bounds);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
