/* A copy says the same as its pod, in memory of its own, and every change of a pod changes its number. */
#include "parsers/kubernetes/pod_copy.h"

#include <check.h>
#include <stdlib.h>

static const char text[] =
	"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-1\",\"namespace\":\"shop\",\"uid\":\"u-1\",\"creationTimestamp\":\"2026-11-21T09:00:00Z\","
	"\"deletionTimestamp\":\"2026-11-21T10:00:00Z\",\"labels\":{\"app\":\"web\",\"tier\":\"front\"},\"annotations\":{\"a\":\"b\"},"
	"\"ownerReferences\":[{\"kind\":\"ReplicaSet\",\"name\":\"web\",\"controller\":true}]},"
	"\"spec\":{\"nodeName\":\"n1\",\"hostNetwork\":true,\"priorityClassName\":\"high\",\"serviceAccountName\":\"sa\",\"schedulerName\":\"s\","
	"\"restartPolicy\":\"Always\",\"runtimeClassName\":\"gvisor\",\"overhead\":{\"cpu\":\"10m\"},"
	"\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"c\",\"readOnly\":true}}],"
	"\"containers\":[{\"name\":\"app\",\"image\":\"web:1\",\"ports\":[{\"name\":\"http\",\"containerPort\":80}],"
	"\"resources\":{\"requests\":{\"cpu\":\"100m\"},\"limits\":{\"memory\":\"1Gi\"}}}],"
	"\"initContainers\":[{\"name\":\"side\",\"image\":\"s:1\",\"restartPolicy\":\"Always\"}]},"
	"\"status\":{\"phase\":\"Running\",\"reason\":\"r\",\"hostIP\":\"10.0.0.1\",\"podIP\":\"10.1.0.1\",\"qosClass\":\"Burstable\","
	"\"startTime\":\"2026-11-21T09:00:01Z\",\"podIPs\":[{\"ip\":\"10.1.0.1\"},{\"ip\":\"fd00::1\"}],"
	"\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"reason\":\"x\",\"lastTransitionTime\":\"2026-11-21T09:00:02Z\"}],"
	"\"containerStatuses\":[{\"name\":\"app\",\"image\":\"web:1\",\"imageID\":\"sha\",\"containerID\":\"containerd://1\",\"restartCount\":2,"
	"\"ready\":true,\"state\":{\"running\":{\"startedAt\":\"2026-11-21T09:00:03Z\"}},"
	"\"lastState\":{\"terminated\":{\"reason\":\"OOMKilled\",\"exitCode\":137,\"finishedAt\":\"2026-11-21T09:00:03Z\"}}}]}}";

/* What stands in the pod, and another value of as many bytes. */
static const char *const changes[][2] = {
	{ "web-1", "web-2" }, { "shop", "shed" }, { "u-1", "u-2" }, { "T09:00:00Z", "T09:00:59Z" }, { "T10:00", "T11:00" },
	{ "\"app\":\"web\"", "\"app\":\"bew\"" }, { "tier", "teer" }, { "\"a\":\"b\"", "\"a\":\"c\"" }, { "ReplicaSet", "StatefulSt" },
	{ "\"controller\":true", "\"controllxr\":true" }, { "\"n1\"", "\"n2\"" }, { "hostNetwork", "hostNetwxrk" }, { "high", "lowl" },
	{ "\"sa\"", "\"sb\"" }, { "\"s\"", "\"t\"" }, { "gvisor", "kata-x" }, { "10m", "20m" }, { "\"v\"", "\"w\"" }, { "\"c\"", "\"d\"" },
	{ "readOnly", "readOnlx" }, { "web:1\",\"ports", "web:2\",\"ports" }, { "http", "grpc" }, { ":80", ":81" }, { "100m", "200m" },
	{ "1Gi", "2Gi" }, { "side", "sidf" }, { "Running", "Pending" }, { "\"r\"", "\"q\"" }, { "10.0.0.1", "10.0.0.2" },
	{ "podIP\":\"10.1.0.1", "podIP\":\"10.1.0.2" }, { "Burstable", "Guaranted" }, { "09:00:01", "09:00:09" }, { "fd00::1", "fd00::2" },
	{ "Ready", "Raedy" }, { "True", "Flse" }, { "\"x\"", "\"y\"" }, { "09:00:02", "09:00:08" }, { "web:1\",\"imageID", "web:3\",\"imageID" },
	{ "\"sha\"", "\"shb\"" }, { "containerd://1", "containerd://2" }, { "Count\":2", "Count\":3" }, { "ready\":true", "readx\":true" },
	{ "running", "waiting" }, { "OOMKilled", "Completed" }, { "137", "138" }, { "finishedAt\":\"2026", "finishedAt\":\"2025" },
	{ "startedAt\":\"2026", "startedAt\":\"2025" }, { "UNCHANGED", "UNCHANGED" },
};

static struct pod parse(const char *json, struct arena *arena)
{
	struct podlist list;
	const char *why = NULL;
	ck_assert_msg(podlist_parse(str_of(json), &list, arena, &why), "%s", why);
	ck_assert_uint_eq(list.count, 1);
	return list.at[0];
}

START_TEST(each_change_is_another_number)
{
	char changed[sizeof text];
	struct arena arena = { 0 };
	const char *from = changes[_i][0], *to = changes[_i][1];
	memcpy(changed, text, sizeof text);
	char *at = strstr(changed, from);
	ck_assert_msg(strlen(from) == strlen(to) && (at || strcmp(from, to) == 0), "%s", from);
	if (at)
		memcpy(at, to, strlen(to));
	struct pod a = parse(text, &arena), b = parse(changed, &arena);
	ck_assert_msg((pod_hash(&a) == pod_hash(&b)) == (at == NULL), "%s", from);
	arena_fini(&arena);
}
END_TEST

START_TEST(a_copy_outlives_what_it_was_made_of)
{
	struct arena arena = { 0 };
	char *json = malloc(sizeof text);
	memcpy(json, text, sizeof text);
	struct pod pod = parse(json, &arena), copy, again;
	uint64_t hash = pod_hash(&pod);
	size_t bytes = pod_copy_bytes(&pod);
	char *room = malloc(bytes), *second = malloc(bytes);
	memset(room, 0xa5, bytes);
	pod_copy(&pod, &copy, room);
	memset(json, 'x', sizeof text);
	free(json);
	arena_fini(&arena); /* the sanitizer finds whoever still looks there */
	memset(&pod, 0x5a, sizeof pod);
	ck_assert(pod_hash(&copy) == hash);
	ck_assert_uint_eq(pod_copy_bytes(&copy), bytes);
	ck_assert(str_eq(copy.containers[0].ports[0].name, STR("http")));
	ck_assert(str_eq(copy.containers[0].last_terminated_reason, STR("OOMKilled")));
	ck_assert(str_eq(copy.ips[1], STR("fd00::1")) && str_eq(copy.volumes[0].claim, STR("c")));
	pod_copy(&copy, &again, second);
	free(room);
	ck_assert(pod_hash(&again) == hash);
	free(second);
}
END_TEST

START_TEST(an_empty_pod_has_no_lists)
{
	struct pod pod = { 0 }, copy;
	size_t bytes = pod_copy_bytes(&pod);
	char *room = malloc(bytes + 1);
	pod_copy(&pod, &copy, room);
	ck_assert(copy.labels == NULL && copy.containers == NULL && copy.name.p == NULL);
	ck_assert(pod_hash(&copy) == pod_hash(&pod));
	free(room);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pod_copy");
	TCase *tests = tcase_create("all");
	tcase_add_loop_test(tests, each_change_is_another_number, 0, (int)COUNT_OF(changes));
	tcase_add_test(tests, a_copy_outlives_what_it_was_made_of);
	tcase_add_test(tests, an_empty_pod_has_no_lists);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
