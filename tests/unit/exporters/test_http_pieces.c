/* Bodies that are handed out as they come: whole, cut by their reader, cut by the server, and those that are not to be handed out. */
#include "exporters/http.h"

#include "tests/unit/exporters/http_rig.h"

struct reader { /* first member: what on_done fills */
	struct outcome out;
	char text[4096];
	size_t n, total, until; /* until: bytes after which it wants no more; 0: all */
	int heads;
	bool stops_at_head;
};

static bool piece(void *ctx, struct str bytes)
{
	struct reader *r = ctx;
	r->heads += bytes.n == 0;
	r->total += bytes.n;
	for (size_t i = 0; i < bytes.n && r->n < sizeof r->text - 1; i++)
		r->text[r->n++] = bytes.p[i];
	return !(r->stops_at_head && bytes.n == 0) && (r->until == 0 || r->total < r->until);
}

static const struct piece_case {
	const char *name, *bytes;
	bool closes, stops_at_head;
	int status;
	const char *text, *body;
	int heads;
} piece_cases[] = {
	{ "a body of known length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, false, 200, "hello", "", 1 },
	{ "chunked, with trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n", false, false,
	  200, "abcde", "", 1 },
	{ "up to the close", "HTTP/1.0 200 OK\r\n\r\nabc", true, false, 200, "abc", "", 1 },
	{ "no body", "HTTP/1.1 204 No Content\r\n\r\n", false, false, 204, "", "", 1 },
	{ "an interim answer first", "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", false, false, 200, "a", "", 1 },
	{ "what is refused is kept", "HTTP/1.1 403 X\r\nContent-Length: 2\r\n\r\nno", false, false, 403, "", "no", 0 },
	{ "a redirect is none of it", "HTTP/1.1 302 X\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nno", false, false, 302, "", "no", 0 },
	{ "cut by the server", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", true, false, 0, "abc", "", 1 },
	{ "packed all the same", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", false, false, 0, "", "", 0 },
	{ "the reader wants none", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, true, 200, "", "", 1 },
};

static void canned(void *ctx, const struct server_request *request, struct server_answer *out)
{
	const struct piece_case *c = ctx;
	(void)request;
	out->kind = c->closes ? ANSWER_SEND_AND_CLOSE : ANSWER_SEND;
	buf_str(&out->bytes, str_of(c->bytes));
}

static void run_reader(struct rig *r, struct reader *reader, struct http_request request)
{
	request.url = str_of(r->url);
	request.timeout_ms = 5000;
	request.piece = piece;
	ck_assert_ptr_nonnull(http_start(r->host.http, &request, on_done, reader));
	for (int64_t end = now_ms() + 20000; reader->out.calls == 0 && now_ms() < end;)
		host_turn(&r->host, 100);
	ck_assert_int_eq(reader->out.calls, 1);
}

START_TEST(pieces)
{
	struct piece_case c = piece_cases[_i];
	struct rig r;
	static struct reader reader;
	memset(&reader, 0, sizeof reader);
	reader.stops_at_head = c.stops_at_head;
	rig_open(&r, canned, &c);
	run_reader(&r, &reader, (struct http_request){ .max_reply_bytes = 2, .fail_when_larger = true });
	ck_assert_msg(reader.out.status == c.status, "%s: status %d (%s)", c.name, reader.out.status, reader.out.error);
	ck_assert_msg(strcmp(reader.text, c.text) == 0, "%s: got %s", c.name, reader.text);
	ck_assert_msg(reader.out.body_n == strlen(c.body) && memcmp(reader.out.body, c.body, reader.out.body_n) == 0, "%s: body", c.name);
	ck_assert_msg(reader.heads == c.heads && !reader.out.is_too_large, "%s: %d heads", c.name, reader.heads);
	rig_close(&r);
}
END_TEST

static void endless(void *ctx, const struct server_request *request, struct server_answer *out)
{
	(void)ctx, (void)request;
	buf_str(&out->bytes, STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n"));
	for (int i = 0; i < 1024; i++)
		buf_char(&out->bytes, 'x');
	buf_str(&out->bytes, STR("\r\n"));
	out->repeat_bytes = 1026 + 5;
	out->repeat = 1 << 20;
}

START_TEST(its_reader_ends_a_body_without_end)
{
	struct rig r;
	static struct reader reader;
	memset(&reader, 0, sizeof reader);
	reader.until = 1 << 20;
	rig_open(&r, endless, NULL);
	run_reader(&r, &reader, (struct http_request){ .max_reply_bytes = 1024 });
	ck_assert_int_eq(reader.out.status, 200);
	ck_assert(reader.total >= reader.until && reader.total < 4 * reader.until);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http_pieces");
	TCase *t = tcase_create("http_pieces");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, pieces, 0, COUNT_OF(piece_cases));
	tcase_add_test(t, its_reader_ends_a_body_without_end);
	suite_add_tcase(s, t);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
