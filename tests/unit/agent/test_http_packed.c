/* Replies that are packed, too large, or that carry headers somebody wants: the HTTP client as scrapes use it, against a real server. */
#include "exporters/http.h"

#include <zlib.h>

#include "tests/unit/exporters/http_rig.h"

/* Compressed bodies. */
struct packed {
	struct buf body;
	const char *headers;
	size_t repeat;
};

/* n bytes of the letter x, gzipped `times` over. */
static void pack(struct buf *out, size_t n, int times)
{
	char *plain = malloc(n);
	memset(plain, 'x', n);
	buf_init(out, 64 << 20);
	buf_append(out, plain, n);
	free(plain);
	for (int i = 0; i < times; i++) {
		z_stream z = { 0 };
		ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
		size_t room = deflateBound(&z, out->n);
		unsigned char *packed = malloc(room);
		z.next_in = (unsigned char *)out->p;
		z.avail_in = (unsigned)out->n;
		z.next_out = packed;
		z.avail_out = (unsigned)room;
		ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
		buf_reset(out);
		buf_append(out, packed, z.total_out);
		deflateEnd(&z);
		free(packed);
	}
}

static void send_packed(void *ctx, const struct server_request *request, struct server_answer *out)
{
	const struct packed *p = ctx;
	(void)request;
	server_reply(out, 200, p->headers, buf_view(&p->body));
}

static const struct gzip_case {
	const char *name, *headers;
	size_t plain;
	int times;
	bool accepts;
	int status;
	size_t body_n; /* 0: not looked at */
	bool is_too_large;
} gzip_cases[] = {
	{ "packed", "Content-Encoding: gzip\r\n", 1000, 1, true, 200, 1000, false },
	{ "packed, odd case", "content-encoding:GZip\r\n", 1000, 1, true, 200, 1000, false },
	{ "not packed", "", 1000, 0, true, 200, 1000, false },
	{ "exactly as much as wanted", "Content-Encoding: gzip\r\n", 60000, 1, true, 200, 60000, false },
	{ "one byte more", "Content-Encoding: gzip\r\n", 60001, 1, true, 200, 0, true },
	{ "one byte more, not packed", "", 60001, 0, true, 200, 0, true },
	{ "a bomb", "Content-Encoding: gzip\r\n", 50 << 20, 1, true, 200, 0, true },
	{ "packed twice", "Content-Encoding: gzip, gzip\r\n", 1000, 2, true, 0, 0, false },
	{ "packed twice, two lines", "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", 1000, 2, true, 0, 0, false },
	{ "packed in another way", "Content-Encoding: br\r\n", 1000, 1, true, 0, 0, false },
	{ "transfer coding", "Transfer-Encoding: gzip\r\n", 1000, 1, true, 0, 0, false },
	{ "says gzip, is not", "Content-Encoding: gzip\r\n", 1000, 0, true, 0, 0, false },
};

START_TEST(packed_replies)
{
	const struct gzip_case *c = &gzip_cases[_i];
	struct packed p = { .headers = c->headers };
	struct rig r;
	pack(&p.body, c->plain, c->times);
	rig_open(&r, send_packed, &p);
	int64_t start = now_ms();
	const struct outcome *o = run(&r, (struct http_request){
		.accept_gzip = c->accepts, .fail_when_larger = true, .max_reply_bytes = 60000 });
	ck_assert_msg(o->status == c->status, "%s: status %d, %s", c->name, o->status, o->error);
	ck_assert_msg(o->is_too_large == c->is_too_large, "%s: is_too_large %d", c->name, o->is_too_large);
	ck_assert_msg(!c->body_n || o->body_n == c->body_n, "%s: %zu bytes", c->name, o->body_n);
	ck_assert_msg(!c->is_too_large || o->body_n == 0, "%s: %zu bytes", c->name, o->body_n);
	ck_assert_int_lt(now_ms() - start, 2000);
	buf_fini(&p.body);
	rig_close(&r);
}
END_TEST

START_TEST(wanted_headers)
{
	struct packed p = { .headers = "X-Two: 2\r\ncontent-TYPE:  text/plain; version=0.0.4 \r\nX-Two: 3\r\nX-Empty:\r\n" };
	struct rig r;
	buf_init(&p.body, 16);
	rig_open(&r, send_packed, &p);
	const struct str names[] = { STR("Content-Type"), STR("X-Absent"), STR("x-two"), STR("X-Empty") };
	const struct outcome *o = run(&r, (struct http_request){ .want_headers = names, .want_header_count = 4 });
	ck_assert_int_eq(o->status, 200);
	ck_assert_str_eq(o->headers[0], "text/plain; version=0.0.4");
	ck_assert_str_eq(o->headers[1], "-");
	ck_assert_str_eq(o->headers[2], "2");
	ck_assert_str_eq(o->headers[3], "");
	rig_close(&r);
}
END_TEST

static void interim(void *ctx, const struct server_request *request, struct server_answer *out)
{
	(void)ctx, (void)request;
	buf_str(&out->bytes, STR("HTTP/1.1 103 Early\r\nContent-Type: early\r\nContent-Encoding: gzip\r\n\r\n"));
	server_reply(out, 200, "X: y\r\n", STR("plain"));
}

START_TEST(headers_of_an_interim_answer_do_not_count)
{
	struct rig r;
	rig_open(&r, interim, NULL);
	const struct str names[] = { STR("Content-Type") };
	const struct outcome *o = run(&r, (struct http_request){ .want_headers = names, .want_header_count = 1, .accept_gzip = true });
	ck_assert_str_eq(o->headers[0], "-");
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http_packed");
	TCase *t = tcase_create("http_packed");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, packed_replies, 0, COUNT_OF(gzip_cases));
	tcase_add_test(t, wanted_headers);
	tcase_add_test(t, headers_of_an_interim_answer_do_not_count);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
