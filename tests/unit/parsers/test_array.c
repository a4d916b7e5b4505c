/* What is in an array stays in it while it grows, and it grows by doubling. */
#include "parsers/bytes/array.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

START_TEST(grows)
{
	enum { MANY = 10000 };
	uint32_t *at = NULL;
	size_t room = 0, moves = 0;
	for (size_t count = 0; count < MANY; count++) {
		size_t before = room;
		at = array_room(at, count, &room, sizeof *at);
		moves += room != before;
		ck_assert_msg(room > count, "no room for number %zu: %zu", count, room);
		at[count] = (uint32_t)(count * 2654435761u);
	}
	ck_assert_uint_eq(moves, 11); /* 16 to 16384 */
	for (size_t i = 0; i < MANY; i++)
		ck_assert_uint_eq(at[i], (uint32_t)(i * 2654435761u));
	free(at);
}
END_TEST

START_TEST(room_is_used_again)
{
	size_t room = 0;
	char *at = array_room(NULL, 0, &room, 1);
	ck_assert_ptr_eq(array_room(at, 0, &room, 1), at);
	ck_assert_ptr_eq(array_room(at, room - 1, &room, 1), at);
	free(at);
}
END_TEST

START_TEST(more_than_memory_ends_the_process)
{
	size_t room = SIZE_MAX / 8;
	free(array_room(NULL, room, &room, 16));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("array");
	TCase *t = tcase_create("array");
	tcase_add_test(t, grows);
	tcase_add_test(t, room_is_used_again);
	tcase_add_test_raise_signal(t, more_than_memory_ends_the_process, 6);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
