/* What the stages rest on: sizes, token buckets, and the table of them. */
#include <check.h>
#include <stdio.h>

#include "parsers/stages/byte_size.h"
#include "parsers/stages/token_table.h"

#define S INT64_C(1000000000)

START_TEST(sizes)
{
	static const struct { const char *text; bool want; uint64_t value; } cases[] = {
		{ "0", true, 0 }, { "512", true, 512 }, { "8b", true, 8 }, { "8kb", true, 8192 }, { "8K", true, 8192 }, { "1mB", true, 1 << 20 },
		{ "2 Megabytes", true, 2 << 20 }, { "1g", true, 1 << 30 }, { "1TB", true, UINT64_C(1) << 40 }, { "3p", true, UINT64_C(3) << 50 },
		{ "15EB", true, UINT64_C(15) << 60 }, { "16EB", false, 0 }, { "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 }, { "", false, 0 }, { "kb", false, 0 }, { "-1", false, 0 }, { "1.5kb", false, 0 }, { "1kib", false, 0 },
		{ "1 k b", false, 0 }, { " 1k", false, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t got = 77;
		bool is_size = byte_size_parse(str_of(cases[i].text), &got);
		ck_assert_msg(is_size == cases[i].want && got == (is_size ? cases[i].value : 77), "%s: %d, %llu", cases[i].text, is_size,
			(unsigned long long)got);
	}
}
END_TEST

START_TEST(bucket)
{
	const struct token_rate r = { 4, 2 };
	struct token_bucket b;
	token_bucket_init(&b, &r);
	ck_assert(token_bucket_allow(&b, &r, 0) && token_bucket_allow(&b, &r, 0) && !token_bucket_allow(&b, &r, 0));
	ck_assert(!token_bucket_allow(&b, &r, S / 4 - 2) && token_bucket_allow(&b, &r, S / 4));
	ck_assert_int_eq(token_bucket_reserve_ns(&b, &r, S / 4), S / 4);
	ck_assert_int_eq(token_bucket_reserve_ns(&b, &r, S / 4), S / 2);
	ck_assert_msg(!token_bucket_allow(&b, &r, S / 2), "what is owed is paid first");
	ck_assert_int_eq(token_bucket_reserve_ns(&b, &r, S), 0);
	ck_assert_msg(token_bucket_allow(&b, &r, INT64_MAX) && token_bucket_allow(&b, &r, INT64_MAX) && !token_bucket_allow(&b, &r, INT64_MAX),
		"never more than the burst");
	const struct token_rate slow = { 1e-12, 1 };
	token_bucket_init(&b, &slow);
	ck_assert_int_eq(token_bucket_reserve_ns(&b, &slow, 0), 0);
	ck_assert_msg(token_bucket_reserve_ns(&b, &slow, 0) == INT64_MAX, "longer than there is time");
}
END_TEST

struct sum { uint64_t refused; size_t keys; };

static void add_up(void *ctx, const struct token_slot *slot)
{
	struct sum *s = ctx;
	s->refused += slot->refused;
	s->keys++;
}

static bool allow(struct token_table *t, const struct token_rate *r, int key)
{
	char text[16];
	return token_table_allow(t, r, (struct str){ text, (size_t)snprintf(text, sizeof text, "key %d", key) }, 0);
}

START_TEST(table)
{
	const struct token_rate r = { 1, 1 };
	struct token_table t;
	struct sum sum = { 0 };
	token_table_init(&t, 1000);
	for (int i = 0; i < 999; i++)
		ck_assert(allow(&t, &r, i));
	for (int i = 0; i < 999; i++)
		ck_assert(!allow(&t, &r, i));
	token_table_each_refused(&t, add_up, &sum);
	ck_assert(sum.refused == 999 && sum.keys == 999);
	/* The 1000th ends the generation, which is remembered as the old one; its counts begin anew. */
	ck_assert(allow(&t, &r, 999));
	sum = (struct sum){ 0 };
	token_table_each_refused(&t, add_up, &sum);
	ck_assert(sum.keys == 0);
	ck_assert(!allow(&t, &r, 5) && !allow(&t, &r, 5));
	token_table_each_refused(&t, add_up, &sum);
	ck_assert_msg(sum.refused == 2 && sum.keys == 1, "%zu keys, %llu refused", sum.keys, (unsigned long long)sum.refused);
	/* Another full generation: who was not seen in it is forgotten, and may again. */
	for (int i = 1000; i < 1999; i++)
		ck_assert(allow(&t, &r, i));
	ck_assert_msg(!allow(&t, &r, 5), "seen in the last generation");
	ck_assert_msg(allow(&t, &r, 6), "not seen for a generation");
	ck_assert_msg(t.young.count + t.old.count <= 2000 && t.young.room + t.old.room <= 8192, "bounded");
	token_table_fini(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stage_parts");
	TCase *t = tcase_create("stage_parts");
	tcase_add_test(t, sizes);
	tcase_add_test(t, bucket);
	tcase_add_test(t, table);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
