/* Counts beyond the end of containers, without files: kills that nobody saw, and more names than there is room for. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/pods/exits.h"

#define UID "0b4dbd6a-8c35-4b2c-9a4e-6f1f3c1f0a11"

static struct cgroup group(enum cgroup_kind kind, const char *container, uint64_t kills)
{
	struct cgroup g = { .is = { .kind = kind, .uid = UID }, .name = { .namespace_ = STR("n"), .pod = STR("p"),
		.container = str_of(container) } };
	cgroup_set(&g.stats, CG_OOM_KILLS, kills);
	return g;
}

/* One scrape: groups that are there, groups that are gone. */
static void scrape(struct exits *e, struct cgroups *c, struct cgroup **at, size_t count, struct cgroup **gone, size_t gone_count)
{
	c->at = at;
	c->count = count;
	c->gone = gone;
	c->gone_count = gone_count;
	c->scrape++;
	exits_update(e, c);
}

static const struct exit_count *find(const struct exits *e, const char *container)
{
	size_t count;
	struct exit_count *const *at = exits_list(e, &count);
	for (size_t i = 0; i < count; i++)
		if (str_eq(at[i]->container, str_of(container)))
			return at[i];
	return NULL;
}

START_TEST(kills_of_before_are_nobodys)
{
	struct exits *e = exits_new();
	struct cgroups c = { 0 };
	struct cgroup pod = group(CGROUP_POD, "", 7), a = group(CGROUP_CONTAINER, "a", 2);
	struct cgroup *at[] = { &pod, &a };
	scrape(e, &c, at, 2, NULL, 0);
	ck_assert_uint_eq(find(e, "a")->oom_kills, 2);
	ck_assert_ptr_null(find(e, ""));
	exits_free(e);
}
END_TEST

START_TEST(killed_where_it_can_be_seen)
{
	struct exits *e = exits_new();
	struct cgroups c = { 0 };
	struct cgroup pod = group(CGROUP_POD, "", 0), a = group(CGROUP_CONTAINER, "a", 0), b = group(CGROUP_CONTAINER, "b", 0);
	struct cgroup *at[] = { &pod, &a, &b };
	scrape(e, &c, at, 3, NULL, 0);
	cgroup_set(&pod.stats, CG_OOM_KILLS, 1);
	cgroup_set(&b.stats, CG_OOM_KILLS, 1);
	scrape(e, &c, at, 3, NULL, 0);
	ck_assert_uint_eq(find(e, "a")->oom_kills, 0);
	ck_assert_uint_eq(find(e, "b")->oom_kills, 1);
	ck_assert_ptr_null(find(e, ""));
	scrape(e, &c, at, 3, NULL, 0);
	ck_assert_uint_eq(find(e, "b")->oom_kills, 1);
	exits_free(e);
}
END_TEST

START_TEST(killed_and_gone)
{
	struct exits *e = exits_new();
	struct cgroups c = { 0 };
	struct cgroup pod = group(CGROUP_POD, "", 0), a = group(CGROUP_CONTAINER, "a", 0), again = group(CGROUP_CONTAINER, "a", 0);
	struct cgroup *before[] = { &pod, &a }, *after[] = { &pod, &again }, *gone[] = { &a };
	scrape(e, &c, before, 2, NULL, 0);
	cgroup_set(&pod.stats, CG_OOM_KILLS, 2);
	scrape(e, &c, after, 2, gone, 1);
	ck_assert_uint_eq(find(e, "a")->oom_kills, 2);
	ck_assert_uint_eq(find(e, "a")->exits, 1);
	exits_free(e);
}
END_TEST

/* It came and went between two scrapes: only the pod is known. */
START_TEST(never_seen)
{
	struct exits *e = exits_new();
	struct cgroups c = { 0 };
	struct cgroup pod = group(CGROUP_POD, "", 0);
	struct cgroup *at[] = { &pod };
	scrape(e, &c, at, 1, NULL, 0);
	cgroup_set(&pod.stats, CG_OOM_KILLS, 1);
	scrape(e, &c, at, 1, NULL, 0);
	ck_assert_uint_eq(find(e, "")->oom_kills, 1);
	exits_free(e);
}
END_TEST

START_TEST(sandboxes_and_nameless_are_not_counted)
{
	struct exits *e = exits_new();
	struct cgroups c = { 0 };
	struct cgroup sandbox = group(CGROUP_CONTAINER, "", 1);
	struct cgroup *at[] = { &sandbox };
	size_t count;
	scrape(e, &c, at, 1, NULL, 0);
	scrape(e, &c, NULL, 0, at, 1);
	exits_list(e, &count);
	ck_assert_uint_eq(count, 0);
	exits_free(e);
}
END_TEST

START_TEST(bounded)
{
	enum { HALF = 3000 };
	struct exits *e = exits_new();
	struct cgroups c = { 0 };
	struct cgroup *groups = calloc(2 * HALF, sizeof *groups), **at = calloc(2 * HALF, sizeof(struct cgroup *));
	char(*names)[16] = calloc(2 * HALF, sizeof *names);
	size_t count;
	for (size_t i = 0; i < 2 * HALF; i++) {
		snprintf(names[i], sizeof names[i], "c%zu", i);
		groups[i] = group(CGROUP_CONTAINER, names[i], i);
		at[i] = &groups[i];
	}
	scrape(e, &c, at, HALF, NULL, 0);
	scrape(e, &c, at + HALF, HALF, at, HALF);
	exits_list(e, &count);
	ck_assert_uint_eq(count, EXITS_MAX);
	for (size_t i = HALF; i < 2 * HALF; i += 100) /* who lives is kept */
		ck_assert(find(e, names[i]) && find(e, names[i])->oom_kills == i);
	free(names);
	free(groups);
	free(at);
	exits_free(e);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exits");
	TCase *t = tcase_create("exits");
	tcase_add_test(t, kills_of_before_are_nobodys);
	tcase_add_test(t, killed_where_it_can_be_seen);
	tcase_add_test(t, killed_and_gone);
	tcase_add_test(t, never_seen);
	tcase_add_test(t, sandboxes_and_nameless_are_not_counted);
	tcase_add_test(t, bounded);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
