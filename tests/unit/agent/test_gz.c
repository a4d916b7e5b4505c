/* Compressed generations: what gzip and bzip2 may hold, and what a disk may have made of it. */
#include "agent/tail/gz.h"

#include <bzlib.h>
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "tests/unit/agent/temp_dir.h"

enum { TEXT = 300000 };

/* Each test runs for both. */
static const char *const names[] = { "x.gz", "x.bz2" };
enum { FORMS = 2 };

static bool is_bz2(const char *name)
{
	return strstr(name, ".bz2") != NULL;
}

static void add_plain(struct temp_dir *d, const char *name, const char *bytes, size_t n)
{
	FILE *f = fopen(temp_path(d, name), "a");
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static void add_bz2_member(struct temp_dir *d, const char *name, const char *bytes, size_t n)
{
	unsigned room = (unsigned)n + (unsigned)n / 10 + 600;
	char *to = malloc(room), *from = malloc(n + 1);
	memcpy(from, bytes, n);
	ck_assert_int_eq(BZ2_bzBuffToBuffCompress(to, &room, from, (unsigned)n, 1, 0, 0), BZ_OK);
	add_plain(d, name, to, room);
	free(from);
	free(to);
}

/* One member with n bytes of text from offset on; appended to name. */
static void add_member(struct temp_dir *d, const char *name, const char *bytes, size_t n)
{
	if (is_bz2(name)) {
		add_bz2_member(d, name, bytes, n);
		return;
	}
	gzFile f = gzopen(temp_path(d, name), "ab");
	ck_assert_ptr_nonnull(f);
	if (n)
		ck_assert_int_eq(gzwrite(f, bytes, (unsigned)n), (int)n);
	ck_assert_int_eq(gzclose(f), Z_OK);
}

static char *make_text(void)
{
	char *text = malloc(TEXT);
	uint64_t x = 1;
	for (size_t i = 0; i < TEXT; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		text[i] = (char)('a' + (x >> 60));
	}
	return text;
}

/* Reads to the end in pieces of `piece`; the result of the last call, what came in to[0..*got). */
static ssize_t read_all(struct temp_dir *d, const char *name, size_t piece, char *to, size_t *got)
{
	int fd = open(temp_path(d, name), O_RDONLY);
	struct gz *g = gz_open(fd, is_bz2(name));
	ssize_t n;
	for (*got = 0; (n = gz_read(g, to + *got, piece)) > 0; *got += (size_t)n)
		ck_assert_uint_eq(gz_offset(g), *got + (size_t)n);
	gz_close(g);
	close(fd);
	return n;
}

START_TEST(members_are_one_stream)
{
	const char *name = names[_i % FORMS];
	static const size_t pieces[] = { 1, 7, 4096, 70000, TEXT };
	struct temp_dir d = temp_dir_make();
	char *text = make_text(), *got = malloc(2 * TEXT);
	size_t n;
	add_member(&d, name, text, 1);
	add_member(&d, name, text + 1, 99999);
	add_member(&d, name, text, 0);
	add_member(&d, name, text + 100000, TEXT - 100000);
	ck_assert_int_eq(read_all(&d, name, pieces[_i / FORMS], got, &n), 0);
	ck_assert_uint_eq(n, TEXT);
	ck_assert_int_eq(memcmp(got, text, TEXT), 0);
	free(text);
	free(got);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(ends_that_are_none)
{
	const char *name = names[_i % FORMS], *cut_name = _i % FORMS ? "cut.bz2" : "cut.gz";
	struct temp_dir d = temp_dir_make();
	char *text = make_text(), *got = malloc(2 * TEXT), whole[2048];
	size_t n;
	add_member(&d, name, text, 1000);
	FILE *f = fopen(temp_path(&d, name), "r");
	size_t bytes = fread(whole, 1, sizeof whole, f);
	fclose(f);
	for (size_t cut = 0; cut < bytes; cut++) { /* also the empty file: a member is missing */
		temp_write(&d, cut_name, whole, cut);
		ssize_t result = read_all(&d, cut_name, 4096, got, &n);
		size_t n_in_pieces;
		ssize_t in_pieces = read_all(&d, cut_name, 7, got, &n_in_pieces);
		ck_assert_msg(in_pieces == result && n_in_pieces == n, "cut at %zu: %zu bytes, %zu in pieces", cut, n, n_in_pieces);
		ck_assert_msg(result == -ENODATA, "cut at %zu of %zu: got %zd", cut, bytes, result);
		ck_assert_msg(n <= 1000 && memcmp(got, text, n) == 0, "cut at %zu: %zu wrong bytes", cut, n);
	}
	free(text);
	free(got);
	temp_dir_remove(&d);
}
END_TEST

/* A block of bzip2 comes out in many reads; the end of its member is missing. */
START_TEST(all_before_the_cut)
{
	struct temp_dir d = temp_dir_make();
	char *text = make_text(), *got = malloc(2 * TEXT), *whole = malloc(TEXT);
	size_t n;
	add_member(&d, "x.bz2", text, TEXT);
	FILE *f = fopen(temp_path(&d, "x.bz2"), "r");
	size_t bytes = fread(whole, 1, TEXT, f);
	fclose(f);
	temp_write(&d, "cut.bz2", whole, bytes - 12); /* the last 10 bytes and a few bits are the member's end */
	ck_assert_int_eq(read_all(&d, "cut.bz2", 4096, got, &n), -ENODATA);
	ck_assert_msg(n >= 2 * (TEXT / 3) && memcmp(got, text, n) == 0, "%zu bytes", n);
	temp_write(&d, "cut.bz2", whole, bytes - 4);
	ck_assert_int_eq(read_all(&d, "cut.bz2", 4096, got, &n), -ENODATA);
	ck_assert_msg(n == TEXT && memcmp(got, text, n) == 0, "%zu bytes", n);
	free(text);
	free(got);
	free(whole);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(every_damaged_byte_is_noticed_or_harmless)
{
	const char *name = names[_i % FORMS], *bad_name = _i % FORMS ? "bad.bz2" : "bad.gz";
	struct temp_dir d = temp_dir_make();
	char *text = make_text(), *got = malloc(2 * TEXT), whole[2048];
	size_t n, noticed = 0;
	add_member(&d, name, text, 400);
	FILE *f = fopen(temp_path(&d, name), "r");
	size_t bytes = fread(whole, 1, sizeof whole, f);
	fclose(f);
	for (size_t i = 0; i < bytes; i++) {
		whole[i] ^= 0x10;
		temp_write(&d, bad_name, whole, bytes);
		whole[i] ^= 0x10;
		ssize_t result = read_all(&d, bad_name, TEXT, got, &n);
		ck_assert_msg(result == 0 || result == -EBADMSG || result == -ENODATA, "byte %zu: got %zd", i, result);
		ck_assert_msg(result < 0 || (n == 400 && memcmp(got, text, n) == 0), "byte %zu: damaged text taken for good", i);
		noticed += result < 0;
	}
	ck_assert_uint_ge(noticed, bytes - 10); /* time, flags and system in the header say nothing about the text */
	free(text);
	free(got);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(what_is_not_gzip)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
	} cases[] = {
		{ "text", "2026-11-21T09:00:00Z stdout F hello\n", 36 },
		{ "NUL bytes", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20 },
		{ "unknown method", "\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\x03", 10 },
		{ "bzip2", "BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0", 14 },
	};
	struct temp_dir d = temp_dir_make();
	char got[64];
	size_t n;
	temp_write(&d, "x.gz", cases[_i].bytes, cases[_i].n);
	ssize_t result = read_all(&d, "x.gz", sizeof got, got, &n);
	ck_assert_msg(result == -EBADMSG && n == 0, "%s: got %zd", cases[_i].name, result);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(what_is_not_bzip2)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
	} cases[] = {
		{ "text", "2026-11-21T09:00:00Z stdout F hello\n", 36 },
		{ "NUL bytes", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20 },
		{ "a block size of 0", "BZh0\x17\x72\x45\x38\x50\x90\0\0\0\0", 14 },
		{ "neither a block nor the end", "BZh9\x17\x72\x45\x38\x50\x91\0\0\0\0", 14 },
		{ "gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\0\0\0\0\0\0\0\0", 20 },
	};
	struct temp_dir d = temp_dir_make();
	char got[64];
	size_t n;
	temp_write(&d, "x.bz2", cases[_i].bytes, cases[_i].n);
	ssize_t result = read_all(&d, "x.bz2", sizeof got, got, &n);
	ck_assert_msg(result == -EBADMSG && n == 0, "%s: got %zd", cases[_i].name, result);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(garbage_behind_a_member)
{
	const char *name = names[_i % FORMS];
	struct temp_dir d = temp_dir_make();
	char got[64];
	size_t n;
	add_member(&d, name, "hello\n", 6);
	add_plain(&d, name, "garbage", 7);
	ck_assert_int_eq(read_all(&d, name, 6, got, &n), -EBADMSG);
	ck_assert_msg(n == 6 && memcmp(got, "hello\n", 6) == 0, "what stood before it is good");
	temp_dir_remove(&d);
}
END_TEST

/* A lot of input for nothing: it comes back, and is there in the end. */
START_TEST(many_members_of_nothing)
{
	enum { MEMBERS = 500000, BZ2_MEMBERS = 20000 };
	const char *name = names[_i % FORMS], *one_name = _i % FORMS ? "one.bz2" : "one.gz";
	struct temp_dir d = temp_dir_make();
	char got[64], empty[64];
	size_t n = 0, again = 0;
	add_member(&d, one_name, "", 0);
	FILE *f = fopen(temp_path(&d, one_name), "r");
	size_t bytes = fread(empty, 1, sizeof empty, f);
	fclose(f);
	size_t members = is_bz2(name) ? BZ2_MEMBERS : MEMBERS;
	char *many = malloc(members * bytes);
	for (size_t i = 0; i < members; i++)
		memcpy(many + i * bytes, empty, bytes);
	temp_write(&d, name, many, members * bytes);
	add_member(&d, name, "end", 3);
	int fd = open(temp_path(&d, name), O_RDONLY);
	struct gz *g = gz_open(fd, is_bz2(name));
	ssize_t result;
	while ((result = gz_read(g, got + n, sizeof got - n)) != 0) {
		again += result == -EAGAIN;
		n += result > 0 ? (size_t)result : 0;
		ck_assert(result > 0 || result == -EAGAIN);
	}
	ck_assert(n == 3 && memcmp(got, "end", 3) == 0 && gz_is_at_end(g));
	ck_assert_uint_ge(again, 2);
	gz_close(g);
	close(fd);
	free(many);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(a_member_of_nothing)
{
	const char *name = names[_i % FORMS];
	struct temp_dir d = temp_dir_make();
	char got[64];
	size_t n;
	add_member(&d, name, "", 0);
	ck_assert_int_eq(read_all(&d, name, sizeof got, got, &n), 0);
	ck_assert_uint_eq(n, 0);
	temp_dir_remove(&d);
}
END_TEST

/* As the tailer resumes: throws away up to the offset, reads on from there. */
START_TEST(resumes_at_any_offset)
{
	const char *name = names[_i % FORMS];
	static const size_t offsets[] = { 0, 1, 32767, 32768, 149999, 150000, 150001, TEXT - 1, TEXT };
	struct temp_dir d = temp_dir_make();
	char *text = make_text(), *got = malloc(TEXT);
	add_member(&d, name, text, 150000);
	add_member(&d, name, text + 150000, TEXT - 150000);
	int fd = open(temp_path(&d, name), O_RDONLY);
	struct gz *g = gz_open(fd, is_bz2(name));
	ck_assert_int_eq(gz_read(g, got, offsets[_i / FORMS]), (ssize_t)offsets[_i / FORMS]);
	ck_assert_uint_eq(gz_offset(g), offsets[_i / FORMS]);
	size_t rest = TEXT - offsets[_i / FORMS];
	ck_assert_int_eq(gz_read(g, got, TEXT), (ssize_t)rest);
	ck_assert_int_eq(memcmp(got, text + offsets[_i / FORMS], rest), 0);
	ck_assert_int_eq(gz_read(g, got, TEXT), 0);
	gz_close(g);
	gz_close(NULL);
	close(fd);
	free(text);
	free(got);
	temp_dir_remove(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("gz");
	TCase *t = tcase_create("gz");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, members_are_one_stream, 0, 5 * FORMS);
	tcase_add_loop_test(t, ends_that_are_none, 0, FORMS);
	tcase_add_test(t, all_before_the_cut);
	tcase_add_loop_test(t, every_damaged_byte_is_noticed_or_harmless, 0, FORMS);
	tcase_add_loop_test(t, what_is_not_gzip, 0, 4);
	tcase_add_loop_test(t, what_is_not_bzip2, 0, 5);
	tcase_add_loop_test(t, garbage_behind_a_member, 0, FORMS);
	tcase_add_loop_test(t, a_member_of_nothing, 0, FORMS);
	tcase_add_loop_test(t, many_members_of_nothing, 0, FORMS);
	tcase_add_loop_test(t, resumes_at_any_offset, 0, 9 * FORMS);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
