/* Bytes come zeroed, aligned, apart from each other, and stay where they are. */
#include "parsers/bytes/arena.h"

#include <check.h>
#include <stdalign.h>

START_TEST(pieces_are_apart_and_stay)
{
	enum { PIECES = 2000 };
	struct arena a = { 0 };
	unsigned char *at[PIECES];
	size_t sizes[PIECES], sum = 0;
	for (size_t i = 0; i < PIECES; i++) {
		sizes[i] = i % 97 == 0 ? 4000 + i * 5 : i % 53;
		at[i] = arena_alloc(&a, sizes[i]);
		ck_assert_msg((uintptr_t)at[i] % alignof(max_align_t) == 0, "piece %zu at %p", i, (void *)at[i]);
		for (size_t k = 0; k < sizes[i]; k++)
			ck_assert_msg(at[i][k] == 0, "piece %zu: byte %zu is not zero", i, k);
		memset(at[i], (int)(i % 255 + 1), sizes[i]);
		sum += sizes[i];
	}
	for (size_t i = 0; i < PIECES; i++)
		for (size_t k = 0; k < sizes[i]; k++)
			ck_assert_msg(at[i][k] == i % 255 + 1, "piece %zu: byte %zu was overwritten", i, k);
	ck_assert_msg(a.used_bytes >= sum && a.used_bytes < sum + PIECES * alignof(max_align_t), "counts %zu of %zu",
		a.used_bytes, sum);
	arena_fini(&a);
	ck_assert(!a.newest && a.used_bytes == 0);
	arena_fini(&a);
}
END_TEST

START_TEST(copies)
{
	struct arena a = { 0 };
	char text[] = "hello";
	struct str copy = arena_copy(&a, (struct str){ text, 5 }), empty = arena_copy(&a, (struct str){ 0 });
	text[0] = 'x';
	ck_assert_str_eq(copy.p, "hello");
	ck_assert_uint_eq(copy.n, 5);
	ck_assert_str_eq(empty.p, "");
	ck_assert_uint_eq(empty.n, 0);
	arena_fini(&a);
}
END_TEST

START_TEST(arrays_grow)
{
	struct arena a = { 0 };
	size_t *at = NULL;
	for (size_t i = 0; i < 1000; i++) {
		at = arena_room(&a, at, i, sizeof *at);
		ck_assert_msg(at[i] == 0, "element %zu is not zero", i);
		at[i] = i + 1;
	}
	for (size_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(at[i], i + 1);
	ck_assert_msg(a.used_bytes <= 4096 * sizeof *at, "%zu bytes for 1000 elements", a.used_bytes);
	arena_fini(&a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("arena");
	TCase *t = tcase_create("arena");
	tcase_add_test(t, pieces_are_apart_and_stay);
	tcase_add_test(t, copies);
	tcase_add_test(t, arrays_grow);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
