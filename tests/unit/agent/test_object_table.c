/* Objects that come, say something else, and go; lists; bounds. */
#include "agent/kubernetes/object_table.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct object object(const char *namespace_, const char *name, const char *spec)
{
	return (struct object){ str_of(namespace_), str_of(name), STR("{}"), str_of(spec) };
}

static const char *show(const struct object_table *t)
{
	static char text[1024];
	const struct object *o;
	size_t n = 0;
	text[0] = '\0';
	for (size_t i = 0; (o = object_table_next(t, &i));)
		n += (size_t)snprintf(text + n, sizeof text - n, STR_FMT "/" STR_FMT "=" STR_FMT " ", STR_ARG(o->namespace_), STR_ARG(o->name), STR_ARG(o->spec));
	return text;
}

START_TEST(comes_changes_goes)
{
	struct object_table t = { 0 };
	const struct object first = object("a", "x", "1"), same = object("a", "x", "1"), other = object("a", "x", "2"), elsewhere = object("b", "x", "1");
	ck_assert(object_table_put(&t, &first) && !object_table_put(&t, &same) && object_table_put(&t, &other));
	ck_assert_str_eq(show(&t), "a/x=2 ");
	ck_assert(!object_table_remove(&t, &elsewhere) && object_table_remove(&t, &first));
	ck_assert_str_eq(show(&t), "");
	ck_assert_uint_eq(t.bytes, 0);
	object_table_fini(&t);
}
END_TEST

START_TEST(a_list_replaces)
{
	struct object_table t = { 0 };
	const struct object x = object("a", "x", "1"), y = object("a", "y", "1"), y2 = object("a", "y", "2");
	object_table_begin(&t);
	object_table_put(&t, &x);
	object_table_put(&t, &y);
	ck_assert(object_table_end(&t));
	object_table_begin(&t);
	object_table_put(&t, &x);
	object_table_put(&t, &y);
	ck_assert(!object_table_end(&t));
	object_table_begin(&t);
	object_table_put(&t, &y2);
	ck_assert(object_table_end(&t));
	ck_assert_str_eq(show(&t), "a/y=2 ");
	object_table_begin(&t);
	ck_assert(object_table_end(&t));
	ck_assert_str_eq(show(&t), "");
	object_table_fini(&t);
}
END_TEST

START_TEST(bounds)
{
	struct object_table t = { 0 };
	char *large = malloc(OBJECT_BYTES_MAX + 1), name[32];
	memset(large, 'x', OBJECT_BYTES_MAX);
	large[OBJECT_BYTES_MAX] = '\0';
	const struct object small = object("a", "x", "1"), grown = object("a", "x", large);
	ck_assert(object_table_put(&t, &small));
	ck_assert(object_table_put(&t, &grown)); /* what it said is over, what it says now is too much */
	ck_assert_str_eq(show(&t), "");
	ck_assert_uint_eq(t.skipped, 1);
	large[OBJECT_BYTES_MAX - 100] = '\0';
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "n%d", i);
		const struct object o = object("a", name, large);
		object_table_put(&t, &o);
	}
	ck_assert(t.bytes <= OBJECT_TABLE_BYTES_MAX && t.bytes > OBJECT_TABLE_BYTES_MAX - 2 * OBJECT_BYTES_MAX && t.skipped > 800);
	object_table_fini(&t);
	for (int i = 0; i < OBJECTS_MAX + 10; i++) {
		snprintf(name, sizeof name, "n%d", i);
		const struct object o = object("a", name, "1");
		object_table_put(&t, &o);
	}
	ck_assert(t.by_name.count == OBJECTS_MAX && t.skipped == 10);
	object_table_fini(&t);
	free(large);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("object_table");
	TCase *t = tcase_create("object_table");
	tcase_add_test(t, comes_changes_goes);
	tcase_add_test(t, a_list_replaces);
	tcase_add_test(t, bounds);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
