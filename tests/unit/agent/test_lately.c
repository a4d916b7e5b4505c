/* The streams of a log's newest lines: found by equal labels, whoever owns these; the ones that are asked for stay. */
#include "agent/logs/lately.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { MORE = 20 };

static struct log_stream streams[MORE];

/* Labels of stream i, in memory that does not last. */
static void with_labels(size_t i, void (*fn)(const struct labels *labels, size_t i, void *ctx), void *ctx)
{
	struct labels labels = { 0 };
	char *value = malloc(8);
	snprintf(value, 8, "v%zu", i);
	labels_set(&labels, STR("app"), STR("shop"));
	labels_set(&labels, STR("level"), str_of(value));
	fn(&labels, i, ctx);
	labels_fini(&labels);
	free(value);
}

static void add(const struct labels *labels, size_t i, void *ctx)
{
	lately_add(ctx, labels, &streams[i]);
}

static struct log_stream *found;
static void find(const struct labels *labels, size_t i, void *ctx)
{
	(void)i;
	found = lately_find(ctx, labels);
}

START_TEST(finds_by_labels)
{
	struct lately l = { 0 };
	with_labels(0, find, &l);
	ck_assert_ptr_null(found);
	for (size_t i = 0; i < LATELY_STREAMS; i++)
		with_labels(i, add, &l);
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < LATELY_STREAMS; i++) {
			with_labels(i, find, &l);
			ck_assert_msg(found == &streams[i], "round %d: stream %zu", round, i);
		}
	struct labels none = { 0 };
	ck_assert_ptr_null(lately_find(&l, &none));
	lately_add(&l, &none, &streams[MORE - 1]);
	ck_assert_ptr_eq(lately_find(&l, &none), &streams[MORE - 1]);
	lately_fini(&l);
	ck_assert_ptr_null(lately_find(&l, &none));
}
END_TEST

START_TEST(what_is_asked_for_stays)
{
	struct lately l = { 0 };
	with_labels(0, add, &l);
	for (size_t i = 1; i < MORE; i++) {
		with_labels(i, add, &l);
		with_labels(0, find, &l);
		ck_assert_msg(found == &streams[0], "after %zu others", i);
		with_labels(i, find, &l);
		ck_assert_msg(found == &streams[i], "stream %zu, just added", i);
	}
	lately_fini(&l);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lately");
	TCase *t = tcase_create("lately");
	tcase_add_test(t, finds_by_labels);
	tcase_add_test(t, what_is_asked_for_stays);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
