/* Reading on in one file of a log: what a hole at the front costs, in a plain file and in a compressed one. */
#include "agent/tail/generation.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "agent/tail/source.h"
#include "tests/unit/agent/temp_dir.h"

enum { ROOM = 256 << 10 };

static const struct {
	const char *name;
	size_t hole_bytes;
	bool is_gz;
} cases[] = {
	{ "no hole", 0, false },
	{ "no hole, compressed", 0, true },
	{ "a small one is the reader's", 100, true },
	{ "just large enough", 4096, true },
	{ "larger than a turn reads", 3 << 20, false },
	{ "larger than a turn reads, compressed", 3 << 20, true },
};

static void write_file(struct temp_dir *d, size_t hole_bytes, bool is_gz)
{
	static const char line[] = "behind the hole\n";
	size_t n = hole_bytes + sizeof line - 1;
	char *bytes = calloc(1, n);
	memcpy(bytes + hole_bytes, line, sizeof line - 1);
	if (is_gz) {
		gzFile f = gzopen(temp_path(d, "log"), "wb");
		ck_assert_int_eq(gzwrite(f, bytes, (unsigned)n), (int)n);
		ck_assert_int_eq(gzclose(f), Z_OK);
	} else {
		temp_write(d, "log", bytes, n);
	}
	free(bytes);
}

/* Of a hole no line is made, and the line behind it comes whole. */
START_TEST(holes)
{
	struct temp_dir d = temp_dir_make();
	struct source *s = source_new(NULL, "/logs", "0.log", 1);
	struct generation *g = generation_new(s, 1, "0.log.1");
	struct cursor *c = &g->cursors[0];
	struct counters counters = { 0 };
	struct str data;
	char *to = malloc(ROOM);
	int got, turns = 0;
	write_file(&d, cases[_i].hole_bytes, cases[_i].is_gz);
	source_append(s, g, 0);
	g->is_gz = cases[_i].is_gz;
	g->fd = open(temp_path(&d, "log"), O_RDONLY);
	while ((got = cursor_fetch(c, to, ROOM, &data, &counters)) == -EAGAIN && turns < 1000)
		turns++;
	size_t left = 0; /* less than a page of it: what makes lines skips that */
	while (left < data.n && data.p[left] == '\0')
		left++;
	ck_assert_msg(got > 0 && str_eq(str_skip(data, left), STR("behind the hole\n")), "%s: got %d, %zu bytes", cases[_i].name, got, data.n);
	ck_assert_msg(left < 4096, "%s: %zu bytes of the hole are left", cases[_i].name, left);
	ck_assert_uint_eq(counters.nul_bytes_skipped, cases[_i].hole_bytes - left);
	ck_assert_uint_eq(c->read, cases[_i].hole_bytes - left);
	cursor_consume(c, data, data.n, true);
	ck_assert_int_eq(cursor_fetch(c, to, ROOM, &data, &counters), 0);
	source_free(s);
	free(to);
	temp_dir_remove(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("generation");
	TCase *t = tcase_create("generation");
	tcase_add_loop_test(t, holes, 0, COUNT_OF(cases));
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
