/* Content negotiation as clients really send it. */
#include "agent/web/web_accept.h"

#include <check.h>

static const struct {
	const char *name, *header, *token;
	unsigned want;
} cases[] = {
	{ "absent", "", "gzip", 0 },
	{ "alone", "gzip", "gzip", 1000 },
	{ "in a list", "br, gzip, deflate", "gzip", 1000 },
	{ "any case", "GZip", "gzip", 1000 },
	{ "refused", "gzip;q=0", "gzip", 0 },
	{ "refused with decimals", "gzip; q=0.000", "gzip", 0 },
	{ "weight", "gzip;q=0.25, *;q=0", "gzip", 250 },
	{ "three decimals and one too many", "gzip;q=0.1239", "gzip", 123 },
	{ "part of a word is another word", "xgzip, gzipped", "gzip", 0 },
	{ "wildcard is not named", "*/*", "text/plain", 0 },
	{ "best of several", "text/plain;version=1;q=0.2,text/plain;version=0.0.4;q=0.7", "text/plain", 700 },
	{ "parameter before the weight", "application/openmetrics-text;version=1.0.0;charset=utf-8;q=0.6", "application/openmetrics-text", 600 },
	{ "no number", "gzip;q=x", "gzip", 1000 },
	{ "empty items", ",,;;,gzip;;q=0.5;,", "gzip", 500 },
};

START_TEST(quality)
{
	unsigned got = web_accept_quality(str_of(cases[_i].header), str_of(cases[_i].token));
	ck_assert_msg(got == cases[_i].want, "%s: got %u, want %u", cases[_i].name, got, cases[_i].want);
}
END_TEST

START_TEST(gzip_has_a_ceiling)
{
	struct buf out;
	buf_init(&out, 16);
	ck_assert(!web_gzip(STR("some text that does not fit"), &out));
	ck_assert_uint_eq(out.n, 0);
	buf_fini(&out);
	buf_init(&out, 4096);
	ck_assert(web_gzip((struct str){ 0 }, &out));
	ck_assert_uint_gt(out.n, 0);
	buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("web_accept");
	TCase *t = tcase_create("web_accept");
	tcase_add_loop_test(t, quality, 0, COUNT_OF(cases));
	tcase_add_test(t, gzip_has_a_ceiling);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
