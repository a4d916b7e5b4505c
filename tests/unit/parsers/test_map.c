/* The map against an array that is searched from the front, under random operations. */
#include "parsers/bytes/map.h"

#include <check.h>
#include <stdio.h>

enum { KEYS = 700, OPERATIONS = 60000 };

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void compare_all(const struct map *m, void *const *model, char (*names)[16])
{
	size_t want = 0, walked = 0, i = 0;
	for (size_t k = 0; k < KEYS; k++) {
		want += model[k] != NULL;
		ck_assert_msg(map_get(m, str_of(names[k])) == model[k], "key %s: wrong value", names[k]);
	}
	for (const void *v; (v = map_next(m, &i)); walked++) {
		bool is_known = false;
		for (size_t k = 0; k < KEYS && !is_known; k++)
			is_known = model[k] == v;
		ck_assert_msg(is_known, "the walk found what is not there");
	}
	ck_assert_msg(m->count == want && walked == want, "got %zu entries, walked %zu, want %zu", m->count, walked, want);
}

/* Each seed prefers adding or removing in turns, so that the map fills, empties and keeps long runs in between. */
START_TEST(random_operations)
{
	static char names[KEYS][16], values[2 * KEYS];
	void *model[KEYS] = { 0 };
	struct map m = { 0 };
	uint64_t x = 0x9e3779b97f4a7c15u * (uint64_t)(_i + 1);
	for (size_t k = 0; k < KEYS; k++)
		snprintf(names[k], sizeof names[k], k % 2 ? "%zu" : "key-number-%zu", k);
	for (int i = 0; i < OPERATIONS; i++) {
		size_t k = next_random(&x) % KEYS;
		bool is_put = next_random(&x) % 10 < (i / 3000 % 2 ? 2 : 8);
		if (is_put) {
			model[k] = &values[next_random(&x) % COUNT_OF(values)];
			map_put(&m, str_of(names[k]), model[k]);
		} else {
			ck_assert_msg(map_remove(&m, str_of(names[k])) == model[k], "seed %d, step %d: wrong value removed", _i, i);
			model[k] = NULL;
		}
		if (i % 997 == 0)
			compare_all(&m, model, names);
	}
	compare_all(&m, model, names);
	for (size_t k = 0; k < KEYS; k++)
		map_remove(&m, str_of(names[k]));
	ck_assert_uint_eq(m.count, 0);
	map_fini(&m);
	ck_assert(!m.slots && m.room == 0);
}
END_TEST

START_TEST(empty_map)
{
	struct map m = { 0 };
	size_t i = 0;
	ck_assert_ptr_null(map_get(&m, STR("a")));
	ck_assert_ptr_null(map_remove(&m, STR("a")));
	ck_assert_ptr_null(map_next(&m, &i));
	map_fini(&m);
}
END_TEST

/* The key is the caller's: the entry must look at the newest one, because the older may go. */
START_TEST(put_replaces_key_and_value)
{
	struct map m = { 0 };
	char first[] = "key", second[] = "key", value = 1, other = 2;
	map_put(&m, str_of(first), &value);
	map_put(&m, str_of(second), &other);
	first[0] = 'x';
	ck_assert_ptr_eq(map_get(&m, STR("key")), &other);
	ck_assert_uint_eq(m.count, 1);
	map_fini(&m);
}
END_TEST

START_TEST(keys_are_bytes)
{
	struct map m = { 0 };
	char a = 1, b = 2, c = 3;
	map_put(&m, (struct str){ "k\0a", 3 }, &a);
	map_put(&m, (struct str){ "k\0b", 3 }, &b);
	map_put(&m, (struct str){ "k", 1 }, &c);
	ck_assert_ptr_eq(map_get(&m, (struct str){ "k\0a", 3 }), &a);
	ck_assert_ptr_eq(map_get(&m, (struct str){ "k\0b", 3 }), &b);
	ck_assert_ptr_eq(map_get(&m, STR("k")), &c);
	ck_assert_ptr_null(map_get(&m, (struct str){ "k\0", 2 }));
	map_fini(&m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("map");
	TCase *t = tcase_create("map");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, random_operations, 0, 8);
	tcase_add_test(t, empty_map);
	tcase_add_test(t, put_replaces_key_and_value);
	tcase_add_test(t, keys_are_bytes);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
