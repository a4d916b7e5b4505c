/* Request ids in lines: the keys there are, the values that can only be one request's, and what is neither. */
#include "parsers/trace/request_id.h"

#include <check.h>
#include <stdlib.h>

#define UUID "3f2a9c1e-7b4d-4e8a-9c55-0d1e2f3a4b5c"
#define HEX "8f14e45fceea167a5a36dedd4bea2543"

static const struct { const char *line, *id; } cases[] = {
	{ "{\"request_id\":\"" UUID "\",\"msg\":\"x\"}", UUID },
	{ "{\"requestId\": \"" UUID "\"}", UUID },
	{ "{\"msg\":\"{\\\"request-id\\\":\\\"" UUID "\\\"}\"}", UUID },
	{ "level=info request_id=" UUID " msg=x", UUID },
	{ "req_id=" HEX, HEX },
	{ "reqId: '" HEX "'", HEX },
	{ "X-Request-ID: " UUID, UUID },
	{ "x-request-id=\"" UUID "\"", UUID },
	{ "x_request_id=" UUID, UUID },
	{ "http.request_id=" UUID, UUID },
	{ "HTTP_X_REqUEST_ID=" UUID, UUID },
	{ "RequestID=2VWDTS0ujsszwN8NRY24YaXiTIE", "2VWDTS0ujsszwN8NRY24YaXiTIE" },
	{ "request_id=req-9f8e7d6c5b4a3210 end", "req-9f8e7d6c5b4a3210" },
	{ "unique request request_id=none request_id=" UUID, UUID },
	{ "request_id = " UUID, UUID },
	{ "ts=1 request_id=" UUID ",b=2", UUID },
	{ "request_id=11111111-2222-3333-4444-555566667777", "11111111-2222-3333-4444-555566667777" },
	/* no key of ours */
	{ "parent_request_id=" UUID, NULL },
	{ "request_ids=" UUID, NULL },
	{ "request id " UUID, NULL },
	{ "request_id " UUID, NULL },
	{ "sequence=" UUID, NULL },
	{ "client-request-id=" UUID, NULL },
	{ "REQUEST_ID=" UUID, NULL }, /* no small q: the price of one memchr */
	{ "id=" UUID, NULL },
	/* no value of one request */
	{ "request_id=123", NULL },
	{ "request_id=\"\"", NULL },
	{ "request_id=20261121090000123456", NULL },
	{ "request_id=00000000-0000-0000-0000-000000000000", NULL },
	{ "request_id=aaaaaaaaaaaaaaaa1111", NULL },
	{ "request_id=not-available-for-this", NULL },
	{ "request_id=abcd1234", NULL },
	{ "request_id", NULL },
	{ "request_id=", NULL },
	{ "\"request_id\"", NULL },
	{ "q", NULL },
	{ "eq", NULL },
	{ "req", NULL },
	{ "", NULL },
};

START_TEST(lines)
{
	size_t n = strlen(cases[_i].line);
	char *copy = malloc(n ? n : 1);
	memcpy(copy, cases[_i].line, n);
	struct str id = { 0 };
	bool got = request_id_find((struct str){ copy, n }, &id);
	ck_assert_msg(got == (cases[_i].id != NULL), "%s: got %d", cases[_i].line, got);
	if (got)
		ck_assert_msg(str_eq(id, str_of(cases[_i].id)), "%s: got " STR_FMT, cases[_i].line, STR_ARG(id));
	free(copy);
}
END_TEST

START_TEST(too_long_a_value_is_none)
{
	char line[300] = "request_id=";
	for (size_t i = strlen(line); i < sizeof line - 1; i++)
		line[i] = "0a1b2c3d4e5f6g7h"[i % 16];
	struct str id;
	ck_assert(!request_id_find((struct str){ line, sizeof line - 1 }, &id));
	ck_assert(request_id_find((struct str){ line, 11 + 128 }, &id));
	ck_assert_uint_eq(id.n, 128);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("request_id");
	TCase *tests = tcase_create("all");
	tcase_add_loop_test(tests, lines, 0, COUNT_OF(cases));
	tcase_add_test(tests, too_long_a_value_is_none);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
