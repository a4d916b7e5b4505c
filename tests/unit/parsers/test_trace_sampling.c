/* Shares to thresholds and their texts, as the specification and the collector of OpenTelemetry have them; randomness of ids and of
 * tracestates; and that a larger share keeps all that a smaller one keeps. */
#include "parsers/trace/trace_sampling.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct { double share; const char *th; uint64_t threshold; double count; } shares[] = {
	{ 1, "0", 0, 1 },
	{ 0.5, "8", 0x80000000000000, 2 },
	{ 0.25, "c", 0xc0000000000000, 4 },
	{ 0.75, "4", 0x40000000000000, 1.3333333 },
	{ 0.125, "e", 0xe0000000000000, 8 },
	{ 1.0 / 3, "aaaab", 0xaaaab000000000, 3 },
	{ 2.0 / 3, "55555", 0x55555000000000, 1.5 },
	{ 0.1, "e6666", 0xe6666000000000, 10 },
	{ 0.01, "fd70a4", 0xfd70a400000000, 100 }, /* the specification's own example */
	{ 0.001, "ffbe76d", 0xffbe76d0000000, 1000 },
	{ 0.9, "1999a", 0x1999a000000000, 1.1111111 },
	{ 0.99, "028f6", 0x028f6000000000, 1.010101 },
	{ 0x1p-28, "fffffff", 0xfffffff0000000, 0x1p28 },
	{ 0x1p-56, "ffffffffffffff", 0xffffffffffffff, 0x1p56 },
	{ 0x3p-56, "fffffffffffffd", 0xfffffffffffffd, 0x1p56 / 3 },
};

START_TEST(shares_become_thresholds)
{
	char text[TRACE_THRESHOLD_DIGITS];
	uint64_t got = trace_threshold(shares[_i].share);
	ck_assert_msg(got == shares[_i].threshold, "%g: got %014llx", shares[_i].share, (unsigned long long)got);
	struct str th = { text, trace_threshold_print(got, text) };
	ck_assert_msg(str_eq(th, str_of(shares[_i].th)), "%g: got " STR_FMT, shares[_i].share, STR_ARG(th));
	double count = trace_adjusted_count(got);
	ck_assert_msg(fabs(count / shares[_i].count - 1) < 1e-4, "%g: got %.17g", shares[_i].share, count);
}
END_TEST

START_TEST(shares_out_of_range)
{
	ck_assert_uint_eq(trace_threshold(0), TRACE_SAMPLING_RANGE);
	ck_assert_uint_eq(trace_threshold(-1), TRACE_SAMPLING_RANGE);
	ck_assert_uint_eq(trace_threshold(NAN), TRACE_SAMPLING_RANGE);
	ck_assert_uint_eq(trace_threshold(1e-300), TRACE_SAMPLING_RANGE);
	ck_assert_uint_eq(trace_threshold(7), 0);
}
END_TEST

/* A share keeps about its part of all ids, and all that a smaller share keeps. */
START_TEST(decisions_are_consistent)
{
	static const double steps[] = { 0.001, 0.01, 0.1, 1.0 / 3, 0.5, 0.9, 1 };
	enum { IDS = 100000 };
	unsigned kept[COUNT_OF(steps)] = { 0 };
	uint64_t thresholds[COUNT_OF(steps)];
	uint64_t seed = 0x9e3779b97f4a7c15;
	for (size_t k = 0; k < COUNT_OF(steps); k++)
		thresholds[k] = trace_threshold(steps[k]);
	for (int i = 0; i < IDS; i++) {
		char id[33];
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		snprintf(id, sizeof id, "4bf92f3577b34da6%016llx", (unsigned long long)(seed * 0x2545f4914f6cdd1d));
		uint64_t r = trace_randomness(id);
		bool was_kept = false;
		for (size_t k = 0; k < COUNT_OF(steps); k++) {
			bool is_kept = r >= thresholds[k];
			if (was_kept && !is_kept)
				ck_abort_msg("%s: kept by %g and not by %g", id, steps[k - 1], steps[k]);
			was_kept = is_kept;
			kept[k] += is_kept;
		}
	}
	for (size_t k = 0; k < COUNT_OF(steps); k++) {
		double want = steps[k] * IDS, off = fabs(kept[k] - want);
		ck_assert_msg(off <= 5 * sqrt(want) + 1, "%g: kept %u", steps[k], kept[k]);
	}
}
END_TEST

START_TEST(randomness_of_ids)
{
	ck_assert_uint_eq(trace_randomness("4bf92f3577b34da6a3ce929d0e0e4736"), 0xce929d0e0e4736);
	ck_assert_uint_eq(trace_randomness("ffffffffffffffffff00000000000000"), 0);
	ck_assert_uint_eq(trace_randomness("00000000000000000000000000000001"), 1);
	ck_assert_uint_eq(trace_randomness("000000000000000000ffffffffffffff"), TRACE_SAMPLING_RANGE - 1);
}
END_TEST

#define RV "d29d6a7215ced0"
static const struct { const char *line; bool is_there; } states[] = {
	{ "tracestate: ot=rv:" RV, true },
	{ "tracestate=ot=rv:" RV ",vendor=x", true },
	{ "\"tracestate\":\"ot=th:0;rv:" RV "\"", true },
	{ "vendor=rv:00000000000000,ot=th:fd70a4;rv:" RV ";p:8 rest", true },
	{ "ot=rv:" RV, true },
	{ "ot=rv:" RV ";", true },
	{ "foot=rv:" RV, false },
	{ "t@ot=rv:" RV, false },
	{ "ot=xrv:" RV, false },
	{ "ot=th:0,rv:" RV, false },
	{ "rv:" RV, false },
	{ "ot=rv:" RV "0", false },
	{ "ot=rv:D29D6A7215CED0", false },
	{ "ot=rv:d29d6a7215ced", false },
	{ "ot=rv:", false },
	{ "", false },
};

START_TEST(randomness_of_tracestates)
{
	uint64_t got = 0;
	size_t n = strlen(states[_i].line);
	char *copy = malloc(n ? n : 1);
	memcpy(copy, states[_i].line, n);
	bool is_there = trace_randomness_in((struct str){ copy, n }, &got);
	ck_assert_msg(is_there == states[_i].is_there, "%s: got %d", states[_i].line, is_there);
	if (is_there)
		ck_assert_msg(got == 0xd29d6a7215ced0, "%s: got %llx", states[_i].line, (unsigned long long)got);
	free(copy);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trace_sampling");
	TCase *c = tcase_create("all");
	tcase_add_loop_test(c, shares_become_thresholds, 0, COUNT_OF(shares));
	tcase_add_test(c, shares_out_of_range);
	tcase_add_test(c, decisions_are_consistent);
	tcase_add_test(c, randomness_of_ids);
	tcase_add_loop_test(c, randomness_of_tracestates, 0, COUNT_OF(states));
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
