/* The values are in checkpoints on disk: a change here loses everyone's positions. */
#include "parsers/bytes/hash.h"

#include <check.h>
#include <stdlib.h>

START_TEST(pinned_values)
{
	static const struct {
		const char *in;
		uint64_t want;
	} cases[] = {
		{ "", 0xea1ae9bf81584ec3u }, { "a", 0xfe91ebb35b33be0bu }, { "12345678", 0x84440bfd2f45517au },
		{ "123456789", 0xad81e337679da6cbu }, { "2026-11-21T09:00:00.000000001Z stdout F message", 0xd2717b2a3eb9d6d1u },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t got = hash_bytes(str_of(cases[i].in));
		ck_assert_msg(got == cases[i].want, "\"%s\": got %#llx, want %#llx", cases[i].in, (unsigned long long)got,
			(unsigned long long)cases[i].want);
	}
}
END_TEST

static int by_value(const void *a, const void *b)
{
	uint64_t x, y;
	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

/* Heads of one text, zero bytes of every length, and texts that differ in one bit: 64 bits leave no excuse. */
START_TEST(near_inputs_differ)
{
	enum { MANY = 3 * 512 };
	static uint64_t seen[MANY + 512];
	static char zeros[512], text[512];
	size_t n = 0;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < 512; i++) {
		seen[n++] = hash_bytes((struct str){ zeros, i });
		if (i)
			seen[n++] = hash_bytes((struct str){ text, i });
		text[i] ^= 1;
		seen[n++] = hash_bytes((struct str){ text, sizeof text });
		text[i] ^= 1;
	}
	qsort(seen, n, sizeof *seen, by_value);
	for (size_t i = 1; i < n; i++)
		ck_assert_msg(seen[i] != seen[i - 1], "two of %zu near inputs have the value %#llx", n,
			(unsigned long long)seen[i]);
}
END_TEST

/* Tables use the low bits: counters as keys must spread over them. */
START_TEST(low_bits_spread)
{
	enum { SLOTS = 1024, EACH = 64 };
	unsigned hits[SLOTS] = { 0 }, most = 0;
	for (uint64_t i = 0; i < SLOTS * EACH; i++) {
		char key[8];
		memcpy(key, &i, sizeof key);
		hits[hash_bytes((struct str){ key, sizeof key }) % SLOTS]++;
	}
	for (size_t i = 0; i < SLOTS; i++)
		most = hits[i] > most ? hits[i] : most;
	ck_assert_msg(most < EACH * 2, "the fullest of %d slots has %u keys, %d on average", SLOTS, most, EACH);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hash");
	TCase *t = tcase_create("hash");
	tcase_add_test(t, pinned_values);
	tcase_add_test(t, near_inputs_differ);
	tcase_add_test(t, low_bits_spread);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
