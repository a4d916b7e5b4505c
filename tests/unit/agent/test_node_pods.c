/* The table of pods: who is known, who waits and how long, who is told what, what is kept after its end, and what does not fit. */
#include "agent/kubernetes/node_pods.h"

#include <check.h>
#include <stdio.h>

#include "agent/kubernetes/node_pods_blocks.h"

enum { WAIT_MS = 10000 };
#define S INT64_C(1000000000)

struct story { /* what listeners were told, in words */
	struct buf text;
	struct node_pods *pods;
	struct node_pods_listener listener;
	bool lets_go;
};

static void on_changed(void *ctx, struct str uid, const struct pod *pod, enum pod_change change)
{
	struct story *s = ctx;
	buf_printf(&s->text, "%c" STR_FMT "=" STR_FMT " ", "+~-"[change], STR_ARG(uid), STR_ARG(pod->phase));
	if (s->lets_go && change == POD_GONE)
		node_pods_let_go(s->pods, uid);
}

static void on_answered(void *ctx)
{
	struct story *s = ctx;
	buf_str(&s->text, STR("answered "));
}

static void begin(struct story *s)
{
	*s = (struct story){ .pods = node_pods_new(WAIT_MS) };
	buf_init(&s->text, 1 << 16);
	s->listener = (struct node_pods_listener){ .changed = on_changed, .answered = on_answered, .ctx = s };
	node_pods_listen(s->pods, &s->listener);
}

static void end(struct story *s)
{
	node_pods_free(s->pods);
	buf_fini(&s->text);
}

static void expect(struct story *s, const char *want)
{
	ck_assert_msg(str_eq(buf_view(&s->text), str_of(want)), "got \"" STR_FMT "\", want \"%s\"", STR_ARG(buf_view(&s->text)), want);
	buf_reset(&s->text);
}

static void put(struct node_pods *n, const char *uid, const char *phase)
{
	struct pod pod = { .name = STR("pod"), .namespace_ = STR("ns"), .uid = str_of(uid), .phase = str_of(phase) };
	node_pods_put(n, &pod);
}

START_TEST(changes_are_told_once)
{
	struct story s;
	begin(&s);
	put(s.pods, "a", "Pending");
	put(s.pods, "a", "Pending");
	put(s.pods, "a", "Running");
	expect(&s, "+a=Pending ~a=Running ");
	node_pods_remove(s.pods, STR("a"));
	node_pods_remove(s.pods, STR("a"));
	node_pods_remove(s.pods, STR("b"));
	expect(&s, "-a=Running ");
	ck_assert_ptr_null(node_pods_find(s.pods, STR("a")));
	node_pods_unlisten(s.pods, &s.listener);
	put(s.pods, "a", "Pending");
	expect(&s, "");
	end(&s);
}
END_TEST

START_TEST(a_list_says_who_is_gone)
{
	struct story s;
	struct node_pods_status status;
	begin(&s);
	node_pods_set_state(s.pods, NODE_PODS_ASKING);
	node_pods_begin(s.pods);
	put(s.pods, "a", "Running");
	put(s.pods, "b", "Running");
	put(s.pods, "c", "Running");
	node_pods_end(s.pods);
	expect(&s, "+a=Running +b=Running +c=Running answered ");
	node_pods_begin(s.pods);
	put(s.pods, "b", "Running");
	put(s.pods, "d", "Pending");
	put(s.pods, "c", "Succeeded");
	node_pods_end(s.pods);
	expect(&s, "+d=Pending ~c=Succeeded -a=Running ");
	node_pods_status(s.pods, &status);
	ck_assert_uint_eq(status.pods, 3);
	ck_assert_int_eq(status.state, NODE_PODS_COMPLETE);
	end(&s);
}
END_TEST

static const struct {
	const char *name;
	enum node_pods_state state;
	const char *uid;
	int64_t after_ns;
	enum pod_answer want;
} questions[] = {
	{ "nobody is asked", NODE_PODS_OFF, "x", 0, POD_NEVER },
	{ "nobody is asked any more, but it is known", NODE_PODS_OFF, "a", 0, POD_KNOWN },
	{ "no answer yet", NODE_PODS_ASKING, "x", 0, POD_WAIT },
	{ "no answer yet, shortly before the end of patience", NODE_PODS_ASKING, "x", 10 * S - 1, POD_WAIT },
	{ "no answer, the time is over", NODE_PODS_ASKING, "x", 10 * S, POD_NEVER },
	{ "the last attempt failed, patience is as long", NODE_PODS_AWAY, "x", 10 * S - 1, POD_WAIT },
	{ "no answer yet, after the time that the polite wait", NODE_PODS_ASKING, "x", 2 * S, POD_WAIT },
	{ "known, whatever the state", NODE_PODS_ASKING, "a", 100 * S, POD_KNOWN },
	{ "not on the list, which may be a moment behind", NODE_PODS_COMPLETE, "x", 5 * S - 1, POD_WAIT },
	{ "not on the list", NODE_PODS_COMPLETE, "x", 5 * S, POD_NEVER },
	{ "on the list", NODE_PODS_COMPLETE, "a", 100 * S, POD_KNOWN },
	{ "no UID", NODE_PODS_COMPLETE, "", 0, POD_NEVER },
};

START_TEST(answers)
{
	struct node_pods *n = node_pods_new(WAIT_MS);
	int64_t since_ns = 77 * S;
	put(n, "a", "Running");
	node_pods_set_state(n, questions[_i].state);
	struct str uid = str_of(questions[_i].uid);
	enum pod_answer got = node_pods_ask(n, uid, since_ns, since_ns + questions[_i].after_ns);
	ck_assert_msg(got == questions[_i].want, "%s: got %d", questions[_i].name, got);
	enum pod_answer polite = node_pods_ask_politely(n, uid, since_ns, since_ns + questions[_i].after_ns);
	bool gives_up = questions[_i].state == NODE_PODS_AWAY || questions[_i].after_ns >= 2 * S;
	ck_assert_msg(polite == (got == POD_WAIT && gives_up ? POD_NEVER : got), "%s: politely %d", questions[_i].name, polite);
	if (got == POD_WAIT)
		ck_assert_int_eq(node_pods_ask(n, uid, since_ns, node_pods_deadline_ns(n, since_ns)), POD_NEVER);
	node_pods_free(n);
}
END_TEST

START_TEST(those_who_wait_are_told)
{
	struct story s;
	begin(&s);
	node_pods_set_state(s.pods, NODE_PODS_ASKING);
	expect(&s, "");
	node_pods_set_state(s.pods, NODE_PODS_OFF);
	expect(&s, "answered ");
	end(&s);
}
END_TEST

START_TEST(held_until_the_last_line)
{
	struct story s;
	struct node_pods_status status;
	begin(&s);
	node_pods_hold(s.pods, STR("a")); /* before it is known */
	put(s.pods, "a", "Running");
	node_pods_hold(s.pods, STR("a"));
	node_pods_begin(s.pods);
	node_pods_end(s.pods);
	expect(&s, "+a=Running -a=Running answered ");
	ck_assert_int_eq(node_pods_ask(s.pods, STR("a"), 0, 100 * S), POD_KNOWN);
	node_pods_status(s.pods, &status);
	ck_assert(status.pods == 0 && status.pods_held == 1);
	node_pods_let_go(s.pods, STR("a"));
	ck_assert_ptr_nonnull(node_pods_find(s.pods, STR("a")));
	node_pods_let_go(s.pods, STR("a"));
	ck_assert_ptr_null(node_pods_find(s.pods, STR("a")));
	node_pods_let_go(s.pods, STR("a")); /* once too often: nothing */
	node_pods_status(s.pods, &status);
	ck_assert(status.pods_held == 0 && status.bytes == 0);
	end(&s);
}
END_TEST

START_TEST(let_go_while_it_is_told)
{
	struct story s;
	begin(&s);
	s.lets_go = true;
	put(s.pods, "a", "Running");
	node_pods_hold(s.pods, STR("a"));
	node_pods_remove(s.pods, STR("a"));
	ck_assert_ptr_null(node_pods_find(s.pods, STR("a")));
	end(&s);
}
END_TEST

START_TEST(a_held_pod_that_comes_back)
{
	struct story s;
	begin(&s);
	put(s.pods, "a", "Running");
	node_pods_hold(s.pods, STR("a"));
	node_pods_remove(s.pods, STR("a"));
	put(s.pods, "a", "Running");
	expect(&s, "+a=Running -a=Running +a=Running ");
	node_pods_let_go(s.pods, STR("a"));
	ck_assert_ptr_nonnull(node_pods_find(s.pods, STR("a")));
	end(&s);
}
END_TEST

static void put_mirror(struct node_pods *n, const char *uid, struct str hash)
{
	struct label annotations[] = { { STR("kubernetes.io/config.hash"), hash }, { STR("kubernetes.io/config.mirror"), hash } };
	struct pod pod = { .name = str_of(uid), .namespace_ = STR("kube-system"), .uid = str_of(uid), .annotations = annotations,
			   .annotation_count = COUNT_OF(annotations) };
	node_pods_put(n, &pod);
}

START_TEST(static_pods_are_found_by_their_hash)
{
	struct story s;
	begin(&s);
	put_mirror(s.pods, "uid-1", STR("hash"));
	expect(&s, "+hash= ");
	ck_assert_ptr_nonnull(node_pods_find(s.pods, STR("uid-1")));
	ck_assert_ptr_nonnull(node_pods_find(s.pods, STR("hash")));
	/* The mirror is made anew under another UID, and the old one's end is told late. */
	put_mirror(s.pods, "uid-2", STR("hash"));
	node_pods_remove(s.pods, STR("uid-1"));
	ck_assert(str_eq(node_pods_find(s.pods, STR("hash"))->uid, STR("uid-2")));
	node_pods_hold(s.pods, STR("hash"));
	node_pods_remove(s.pods, STR("uid-2"));
	ck_assert_ptr_nonnull(node_pods_find(s.pods, STR("hash")));
	node_pods_let_go(s.pods, STR("hash"));
	ck_assert_ptr_null(node_pods_find(s.pods, STR("hash")));
	/* config.hash alone makes no mirror: the kubelet puts it on static pods themselves. */
	struct label hash = { STR("kubernetes.io/config.hash"), STR("h2") };
	struct pod pod = { .name = STR("p"), .uid = STR("uid-3"), .annotations = &hash, .annotation_count = 1 };
	ck_assert(str_eq(node_pods_log_uid(&pod), STR("uid-3")));
	end(&s);
}
END_TEST

static void put_numbered(struct node_pods *n, int i)
{
	char uid[32];
	snprintf(uid, sizeof uid, "uid-%d", i);
	put(n, uid, "Running");
}

START_TEST(no_more_pods_than_there_may_be)
{
	struct node_pods *n = node_pods_new(WAIT_MS);
	struct node_pods_status status;
	for (int i = 0; i < NODE_PODS_MAX + 5; i++)
		put_numbered(n, i);
	node_pods_status(n, &status);
	ck_assert_uint_eq(status.pods, NODE_PODS_MAX);
	ck_assert_uint_eq(status.skipped, 5);
	/* Those that are only held make room, the first that went first. */
	for (int i = 1; i >= 0; i--) {
		char uid[32];
		snprintf(uid, sizeof uid, "uid-%d", i);
		node_pods_hold(n, str_of(uid));
		node_pods_remove(n, str_of(uid));
	}
	put_numbered(n, 5000);
	ck_assert_ptr_null(node_pods_find(n, STR("uid-1")));
	ck_assert_ptr_nonnull(node_pods_find(n, STR("uid-0")));
	node_pods_status(n, &status);
	ck_assert(status.pods == NODE_PODS_MAX - 1 && status.pods_held == 1 && status.skipped == 5);
	node_pods_free(n);
}
END_TEST

START_TEST(large_objects)
{
	struct node_pods *n = node_pods_new(WAIT_MS);
	struct node_pods_status status;
	static char large[300 << 10];
	memset(large, 'x', sizeof large);
	struct label annotations[] = {
		{ STR("keep"), STR("v") },
		{ STR("kubectl.kubernetes.io/last-applied-configuration"), STR("{}") },
		{ STR("large"), { large, 5000 } },
	};
	struct pod pod = { .name = STR("p"), .uid = STR("u"), .annotations = annotations, .annotation_count = 3, .labels = annotations,
			   .label_count = 3 };
	node_pods_put(n, &pod);
	const struct pod *kept = node_pods_find(n, STR("u"));
	ck_assert(kept && kept->annotation_count == 1 && kept->label_count == 1 && str_eq(kept->annotations[0].name, STR("keep")));
	/* Too many annotations: all of them go; too large all the same: the pod stays as it was. */
	static struct label many[100];
	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i] = (struct label){ { large, i + 1 }, { large, 4000 } };
	pod = (struct pod){ .name = STR("q"), .uid = STR("u"), .annotations = many, .annotation_count = COUNT_OF(many) };
	node_pods_put(n, &pod);
	kept = node_pods_find(n, STR("u"));
	ck_assert(str_eq(kept->name, STR("q")) && kept->annotation_count == 0);
	pod = (struct pod){ .name = STR("r"), .uid = STR("u"), .phase = { large, sizeof large } };
	node_pods_begin(n);
	node_pods_put(n, &pod);
	node_pods_end(n);
	ck_assert(str_eq(node_pods_find(n, STR("u"))->name, STR("q")));
	pod.uid = (struct str){ large, NODE_PODS_UID_MAX + 1 };
	pod.phase = (struct str){ 0 };
	node_pods_put(n, &pod);
	node_pods_status(n, &status);
	ck_assert_uint_eq(status.skipped, 2);
	ck_assert(status.pods == 1 && status.bytes < 4096);
	node_pods_free(n);
}
END_TEST

START_TEST(memory_has_an_end)
{
	struct node_pods *n = node_pods_new(WAIT_MS);
	struct node_pods_status status;
	static char large[200 << 10];
	memset(large, 'x', sizeof large);
	for (int i = 0; i < 400; i++) {
		char uid[32];
		snprintf(uid, sizeof uid, "uid-%d", i);
		struct pod pod = { .name = STR("p"), .uid = str_of(uid), .phase = { large, sizeof large } };
		node_pods_put(n, &pod);
	}
	node_pods_status(n, &status);
	ck_assert_msg(status.bytes <= 32 << 20 && status.bytes > 30 << 20, "%llu", (unsigned long long)status.bytes);
	ck_assert_uint_eq(status.pods + status.skipped, 400);
	node_pods_free(n);
}
END_TEST

static void on_wanted(void *ctx)
{
	(*(int *)ctx)++;
}

START_TEST(unknown_ones_are_asked_for)
{
	struct node_pods *n = node_pods_new(WAIT_MS);
	int wanted = 0;
	node_pods_on_wanted(n, on_wanted, &wanted);
	node_pods_hold(n, STR("x"));
	ck_assert_int_eq(wanted, 0); /* nobody to ask */
	node_pods_set_state(n, NODE_PODS_ASKING);
	put(n, "a", "Running");
	node_pods_hold(n, STR("a"));
	ck_assert_int_eq(wanted, 0);
	node_pods_hold(n, STR("y"));
	ck_assert_int_eq(wanted, 1);
	node_pods_free(n);
}
END_TEST

START_TEST(blocks_outlive_the_table)
{
	struct node_pods *n = node_pods_new(WAIT_MS);
	static struct pod_block *blocks[NODE_PODS_MAX];
	put(n, "a", "Running");
	put(n, "b", "Running");
	node_pods_hold(n, STR("b"));
	node_pods_remove(n, STR("b"));
	size_t count = node_pods_blocks(n, blocks);
	ck_assert_uint_eq(count, 1);
	node_pods_free(n);
	ck_assert(str_eq(blocks[0]->pod.uid, STR("a")));
	pod_block_let_go(blocks[0]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("node_pods");
	TCase *t = tcase_create("node_pods");
	tcase_add_test(t, changes_are_told_once);
	tcase_add_test(t, a_list_says_who_is_gone);
	tcase_add_loop_test(t, answers, 0, (int)COUNT_OF(questions));
	tcase_add_test(t, those_who_wait_are_told);
	tcase_add_test(t, held_until_the_last_line);
	tcase_add_test(t, let_go_while_it_is_told);
	tcase_add_test(t, a_held_pod_that_comes_back);
	tcase_add_test(t, static_pods_are_found_by_their_hash);
	tcase_add_test(t, no_more_pods_than_there_may_be);
	tcase_add_test(t, large_objects);
	tcase_add_test(t, memory_has_an_end);
	tcase_add_test(t, unknown_ones_are_asked_for);
	tcase_add_test(t, blocks_outlive_the_table);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
