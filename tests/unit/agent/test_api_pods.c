/* List and watch against a server that plays a script: what is asked, what is known afterwards, and what happens when answers are late,
 * refused, cut, too large or no answers at all. */
#include "agent/kubernetes/api_pods.h"

#include "tests/unit/agent/kube_rig.h"

#define SELECTOR "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1"
#define WATCH_AT(version) "&resourceVersion=" version " HTTP"
#define OPEN { "watch=true", 200, "", STREAM_OPEN, 0 }

static const struct play {
	const char *name;
	struct step steps[8];
	const char *told;        /* of pods, in the end */
	enum node_pods_state state;
	const char *error;       /* part of the last one; "": none */
} plays[] = {
	{ "a list, a watch, and one that goes on where it ended",
	  { { SELECTOR "&resourceVersion=0 HTTP", 200, LIST("5", POD("a", "Running", "3") "," POD("b", "Pending", "4")), WHOLE, 0 },
	    { WATCH_AT("5"), 200, EVENT("MODIFIED", POD("b", "Running", "6")) EVENT("ADDED", POD("c", "Pending", "7")) EVENT("DELETED", POD("a", "Running", "8"))
	      BOOKMARK("9"), STREAM_ENDS, 0 },
	    { WATCH_AT("9"), 200, EVENT("DELETED", POD("b", "Failed", "10")), STREAM_OPEN, 0 } },
	  "+a=Running +b=Pending ~b=Running +c=Pending -a=Running -b=Running ", NODE_PODS_COMPLETE, "" },
	{ "no pods",
	  { { NULL, 200, "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":null}", WHOLE, 0 }, { WATCH_AT("1"), 200, "", STREAM_OPEN, 0 } },
	  "", NODE_PODS_COMPLETE, "" },
	{ "half an event, then the connection breaks: it comes again",
	  { { NULL, 200, LIST("5", ""), WHOLE, 0 },
	    { WATCH_AT("5"), 200, EVENT("ADDED", POD("a", "Running", "6")) "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"meta", STREAM_BREAKS, 0 },
	    { WATCH_AT("6"), 200, EVENT("ADDED", POD("b", "Running", "7")), STREAM_OPEN, 0 } },
	  "+a=Running +b=Running ", NODE_PODS_COMPLETE, "" },
	{ "the version is too old, said by the status",
	  { { NULL, 200, LIST("5", POD("a", "Running", "3") "," POD("b", "Running", "4")), WHOLE, 0 },
	    { WATCH_AT("5"), 410, STATUS("410", "Expired", "too old"), WHOLE, 0 },
	    { "&resourceVersion=0 HTTP", 200, LIST("50", POD("b", "Running", "4") "," POD("c", "Running", "40")), WHOLE, 0 },
	    { WATCH_AT("50"), 200, "", STREAM_OPEN, 0 } },
	  "+a=Running +b=Running +c=Running -a=Running ", NODE_PODS_COMPLETE, "" },
	{ "the version is too old, said by an event",
	  { { NULL, 200, LIST("5", POD("a", "Running", "3")), WHOLE, 0 },
	    { WATCH_AT("5"), 200, EVENT("ERROR", STATUS("410", "Expired", "too old")), STREAM_ENDS, 0 },
	    { "&resourceVersion=0 HTTP", 200, LIST("50", ""), WHOLE, 0 },
	    { WATCH_AT("50"), 200, "", STREAM_OPEN, 0 } },
	  "+a=Running -a=Running ", NODE_PODS_COMPLETE, "" },
	{ "another error ends the watch and nothing else",
	  { { NULL, 200, LIST("5", ""), WHOLE, 0 },
	    { WATCH_AT("5"), 200, EVENT("ADDED", POD("a", "Running", "6")) EVENT("ERROR", STATUS("500", "InternalError", "storage is away")), STREAM_ENDS, 0 },
	    { WATCH_AT("6"), 200, "", STREAM_OPEN, 0 } },
	  "+a=Running ", NODE_PODS_COMPLETE, "" },
	{ "junk in the watch: only a list helps",
	  { { NULL, 200, LIST("5", POD("a", "Running", "3")), WHOLE, 0 },
	    { WATCH_AT("5"), 200, EVENT("MODIFIED", POD("a", "Failed", "6")) "<html>\n", STREAM_OPEN, 0 },
	    { "&resourceVersion=0 HTTP", 200, LIST("50", POD("b", "Running", "4")), WHOLE, 0 },
	    { WATCH_AT("50"), 200, EVENT("ADDED", POD("c", "Running", "51")), STREAM_OPEN, 0 } },
	  "+a=Running ~a=Failed +b=Running -a=Failed +c=Running ", NODE_PODS_COMPLETE, "no JSON value" },
	{ "an event of no kind",
	  { { NULL, 200, LIST("5", ""), WHOLE, 0 },
	    { WATCH_AT("5"), 200, "{\"type\":\"EXPLODED\",\"object\":{}}\n", STREAM_ENDS, 0 },
	    { "&resourceVersion=0 HTTP", 200, LIST("50", ""), WHOLE, 0 },
	    OPEN },
	  "", NODE_PODS_COMPLETE, "no event" },
	{ "an event without a version",
	  { { NULL, 200, LIST("5", ""), WHOLE, 0 },
	    { WATCH_AT("5"), 200, "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\",\"uid\":\"x\"}}}\n", STREAM_ENDS, 0 },
	    { "&resourceVersion=0 HTTP", 200, LIST("50", ""), WHOLE, 0 },
	    OPEN },
	  "+x= -x= ", NODE_PODS_COMPLETE, "without resourceVersion" },
	{ "a line without an end is skipped, the next one is not",
	  { { NULL, 200, LIST("5", ""), WHOLE, 0 },
	    { WATCH_AT("5"), 200, "\n" EVENT("ADDED", POD("a", "Running", "6")), STREAM_OPEN, 5 << 20 } },
	  "+a=Running ", NODE_PODS_COMPLETE, "" },
	{ "a list that is none, then one",
	  { { NULL, 200, "<html>hello</html>", WHOLE, 0 }, { NULL, 200, LIST("5", POD("a", "Running", "3")), WHOLE, 0 }, OPEN },
	  "+a=Running ", NODE_PODS_COMPLETE, "" },
	{ "an answer that is good for nothing takes no pod away",
	  { { NULL, 200, LIST("5", POD("a", "Running", "3")), WHOLE, 0 },
	    { NULL, 410, "", WHOLE, 0 },
	    { "&resourceVersion=0 HTTP", 200, "{}", WHOLE, 0 },
	    { "&resourceVersion=0 HTTP", 200, "", NOTHING, 0 } },
	  "+a=Running ", NODE_PODS_AWAY, "no PodList" },
	{ "a server in trouble",
	  { { NULL, 503, "later", WHOLE, 0 }, { NULL, 200, LIST("5", ""), WHOLE, 0 }, OPEN }, "", NODE_PODS_COMPLETE, "" },
	{ "no right",
	  { { NULL, 403, STATUS("403", "Forbidden", "pods is forbidden: User x cannot list"), WHOLE, 0 }, { NULL, 200, "", NOTHING, 0 } },
	  "", NODE_PODS_OFF, "403: pods is forbidden: User x cannot list: give its service account a ClusterRole" },
	{ "the right is given later",
	  { { NULL, 403, STATUS("403", "Forbidden", "no"), WHOLE, 0 }, { NULL, 200, LIST("5", POD("a", "Running", "3")), WHOLE, 0 }, OPEN },
	  "+a=Running ", NODE_PODS_COMPLETE, "" },
	{ "the right is taken away: what is known stays",
	  { { NULL, 200, LIST("5", POD("a", "Running", "3")), WHOLE, 0 }, { NULL, 403, STATUS("403", "Forbidden", "no"), WHOLE, 0 },
	    { NULL, 200, "", NOTHING, 0 } },
	  "+a=Running ", NODE_PODS_OFF, "403" },
	{ "pages, for what is too large at once",
	  { { "&resourceVersion=0 HTTP", 200, "", HUGE_, 0 },
	    { SELECTOR "&limit=64 HTTP", 200, PAGE("7", "a+b/c=", POD("a", "Running", "3")), WHOLE, 0 },
	    { "&limit=64&continue=a%2Bb%2Fc%3D HTTP", 200, LIST("7", POD("b", "Running", "4")), WHOLE, 0 },
	    { WATCH_AT("7"), 200, "", STREAM_OPEN, 0 } },
	  "+a=Running +b=Running ", NODE_PODS_COMPLETE, "" },
	{ "the token of a page is too old: from the beginning",
	  { { NULL, 200, PAGE("7", "t", POD("a", "Running", "3")), WHOLE, 0 },
	    { "&continue=t HTTP", 410, STATUS("410", "Expired", "x"), WHOLE, 0 },
	    { "&resourceVersion=0 HTTP", 200, LIST("9", POD("b", "Running", "8")), WHOLE, 0 },
	    { WATCH_AT("9"), 200, "", STREAM_OPEN, 0 } },
	  "+a=Running +b=Running -a=Running ", NODE_PODS_COMPLETE, "" },
};

static size_t steps_of(const struct play *p)
{
	size_t n = 0;
	while (n < COUNT_OF(p->steps) && p->steps[n].status)
		n++;
	return n;
}

static bool tells_error(const struct play *p, const struct kubernetes_status *s)
{
	return p->error[0] ? strstr(s->error, p->error) != NULL : s->error[0] == '\0';
}

/* The last request has come, and its answer is read: what it says of the pods, and that all is well again. */
static bool is_over(struct kube_rig *r)
{
	struct kubernetes_status s;
	const struct play *p = (const struct play *)(const void *)((const char *)r->steps - offsetof(struct play, steps));
	if (!r->kubernetes)
		return false;
	kubernetes_status(r->kubernetes, &s);
	return r->wrong[0] || ((size_t)r->server.requests >= r->step_count && s.pods.state == p->state && str_eq(buf_view(&r->told), str_of(p->told)) &&
				  tells_error(p, &s));
}

START_TEST(play)
{
	struct kube_rig r;
	struct kubernetes_status s;
	const struct play *p = &plays[_i];
	rig_open(&r, p->steps, steps_of(p));
	rig_start(&r);
	bool is_done = rig_run(&r, is_over);
	kubernetes_status(r.kubernetes, &s);
	ck_assert_msg(!r.wrong[0], "%s: %s", p->name, r.wrong);
	ck_assert_msg(is_done, "%s: told \"" STR_FMT "\", state %d, error \"%s\"; asked:\n" STR_FMT, p->name, STR_ARG(buf_view(&r.told)), s.pods.state,
		      s.error, STR_ARG(buf_view(&r.asked)));
	rig_close(&r);
}
END_TEST

/* ---- pages without end ---- */

static bool has_given_up(struct kube_rig *r)
{
	struct kubernetes_status s;
	kubernetes_status(r->kubernetes, &s);
	return s.error[0] != '\0';
}

START_TEST(an_object_that_is_too_large)
{
	struct kube_rig r;
	const struct step steps[] = { { NULL, 200, "", HUGE_, 0 } };
	rig_open(&r, steps, 1);
	rig_start(&r);
	ck_assert(rig_run(&r, has_given_up));
	struct kubernetes_status s;
	kubernetes_status(r.kubernetes, &s);
	ck_assert_msg(strstr(s.error, "larger than 16 MiB") != NULL, "%s", s.error);
	ck_assert(s.pods.state == NODE_PODS_AWAY && r.server.requests == 8); /* all, 64, 32, 16, 8, 4, 2, 1 */
	rig_close(&r);
}
END_TEST

/* ---- tokens ---- */

struct token_rig { struct kube_rig rig; struct temp_dir dir; };

static void token_script(void *ctx, const struct server_request *request, struct server_answer *out)
{
	struct token_rig *r = ctx;
	if (request->number == 1)
		temp_write(&r->dir, "token", "second\n", 7);
	if (contains(request->head, "Authorization: Bearer second\r\n"))
		server_reply(out, 200, "", STR(LIST("5", POD("a", "Running", "3"))));
	else
		server_reply(out, 401, "", STR(STATUS("401", "Unauthorized", "Unauthorized")));
}

static bool knows_a(struct kube_rig *r)
{
	return node_pods_find(kubernetes_pods(r->kubernetes), STR("a")) != NULL;
}

START_TEST(a_new_token_is_read_at_once)
{
	struct token_rig t;
	struct kubernetes_status s;
	rig_open(&t.rig, NULL, 0);
	t.dir = temp_dir_make();
	temp_write(&t.dir, "token", "first", 5);
	char path[128];
	snprintf(path, sizeof path, "%s", temp_path(&t.dir, "token"));
	t.rig.server.script = token_script;
	t.rig.server.ctx = &t;
	t.rig.config.kubernetes.http.bearer_token_file = str_of(path);
	rig_start(&t.rig);
	ck_assert(rig_run(&t.rig, knows_a));
	kubernetes_status(t.rig.kubernetes, &s);
	ck_assert(s.requests[PODS_CODE_401] == 1 && s.requests[PODS_CODE_200] >= 1);
	rig_close(&t.rig);
	temp_dir_remove(&t.dir);
}
END_TEST

/* ---- many changes, one list ---- */

static bool was_told_thrice(struct kube_rig *r)
{
	return r->lists >= 2 && r->last_count == 4;
}

START_TEST(changes_that_come_together_are_told_together)
{
	struct kube_rig r;
	const struct step steps[] = {
		{ NULL, 200, LIST("5", POD("a", "Running", "3")), WHOLE, 0 },
		{ NULL, 200, EVENT("ADDED", POD("b", "Running", "6")) EVENT("ADDED", POD("c", "Running", "7")) EVENT("ADDED", POD("d", "Running", "8")),
		  STREAM_OPEN, 0 },
	};
	rig_open(&r, steps, COUNT_OF(steps));
	rig_start(&r);
	ck_assert(rig_run(&r, was_told_thrice));
	ck_assert_uint_le(r.lists, 3);
	rig_close(&r);
}
END_TEST

/* ---- somebody waits while the server is away ---- */

START_TEST(who_waits_for_a_pod_does_not_wait_for_the_backoff)
{
	const int64_t s_ns = INT64_C(1000000000);
	struct pods_client c = { .asked_ns = 100 * s_ns, .failures = 30, .random = 7 };
	for (int i = 0; i < 50; i++) {
		int64_t at_ns = pods_client_wanted_ns(&c);
		ck_assert(at_ns >= 103 * s_ns && at_ns <= 104 * s_ns);
	}
	c.not_before_ns = 190 * s_ns; /* Retry-After holds */
	ck_assert_int_eq(pods_client_wanted_ns(&c), 190 * s_ns);
}
END_TEST

/* Refused six times the waits would add up to half a minute; somebody asks for the pod again and again. */
static bool has_pod_a(struct kube_rig *r)
{
	if (!node_pods_find(kubernetes_pods(r->kubernetes), STR("a"))) {
		node_pods_hold(kubernetes_pods(r->kubernetes), STR("a"));
		return false;
	}
	return true;
}

START_TEST(a_wanted_pod_cuts_the_wait_short)
{
	struct kube_rig r;
	static const struct step no = { NULL, 503, "later", WHOLE, 0 };
	const struct step steps[] = { no, no, no, no, { NULL, 200, LIST("5", POD("a", "Running", "3")), WHOLE, 0 }, OPEN };
	rig_open(&r, steps, COUNT_OF(steps));
	rig_start(&r);
	const int64_t began_ns = loop_now_ns(r.loop);
	ck_assert(rig_run(&r, has_pod_a));
	ck_assert_int_le((loop_now_ns(r.loop) - began_ns) / 1000000, 1000 + 2000 + 4000 + 4000 + 500);
	rig_close(&r);
}
END_TEST

int main(void)
{
	log_setup(LOG_ERROR_, false);
	Suite *s = suite_create("api_pods");
	TCase *t = tcase_create("api_pods");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, play, 0, (int)COUNT_OF(plays));
	tcase_add_test(t, an_object_that_is_too_large);
	tcase_add_test(t, a_new_token_is_read_at_once);
	tcase_add_test(t, changes_that_come_together_are_told_together);
	tcase_add_test(t, who_waits_for_a_pod_does_not_wait_for_the_backoff);
	tcase_add_test(t, a_wanted_pod_cuts_the_wait_short);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
