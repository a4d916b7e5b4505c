/* Files of other encodings through the tailer: lines, restarts in the middle, compressed generations, what stages see. */
#include <check.h>
#include <stdlib.h>
#include <zlib.h>

#include "tests/unit/agent/log_rig.h"

#define JOB(encoding, more) "logs: { positions: { sync_period: 20ms }, scrape_configs: [{ job_name: e, encoding: " encoding ", static_configs: [{ labels: { __path__: '@/*.log' } }]" more " }] }"
#define LINE(text) "{filename=\"@/a.log\", job=\"e\"} " text "\n"

static void add(struct rig *r, const char *name, struct str bytes)
{
	FILE *f = fopen(temp_path(&r->dir, name), "a");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
	fclose(f);
}

static void pack(struct rig *r, const char *name, struct str bytes)
{
	gzFile f = gzopen(temp_path(&r->dir, name), "ab");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(gzwrite(f, bytes.p, (unsigned)bytes.n), (int)bytes.n);
	gzclose(f);
}

START_TEST(single_bytes)
{
	struct rig r;
	make(&r);
	add(&r, "a.log", STR("plain\ncaf\xe9\r\n\x80\xff"));
	start(&r, JOB("windows-1252", ""));
	want(&r, LINE("café") LINE("plain"));
	add(&r, "a.log", STR("\n"));
	want_only(&r, LINE("café") LINE("plain") LINE("€ÿ"));
	unmake(&r);
}
END_TEST

static const struct { const char *yaml; struct str one, two; } pairs[] = {
	{ JOB("utf-16", ""), STR("\xff\xfe" "1\0\xe9\0\r\0\n\0\n\n\0\n\n\0"), STR("2\0\n\0") }, /* U+0A0A, U+0A00 */
	{ JOB("utf-16", ""), STR("\xfe\xff\0001\0\xe9\0\r\0\n\n\n\n\0\0\n"), STR("\0002\0\n") },
	{ JOB("utf-16", ""), STR("\0001\0\xe9\0\r\0\n\n\n\n\0\0\n"), STR("\0002\0\n") },
	{ JOB("utf-16le", ""), STR("1\0\xe9\0\r\0\n\0\n\n\0\n\n\0"), STR("2\0\n\0") },
	{ JOB("utf-16be", ""), STR("\xfe\xff\0001\0\xe9\0\r\0\n\n\n\n\0\0\n"), STR("\0002\0\n") },
};

/* Also over a restart in the middle, where the mark is far away. */
START_TEST(pairs_of_bytes)
{
	struct rig r;
	const char *yaml = pairs[_i].yaml;
	make(&r);
	add(&r, "a.log", pairs[_i].one);
	start(&r, yaml);
	want_only(&r, LINE("1é") LINE("ਊ\xe0\xa8\x80"));
	stop(&r);
	add(&r, "a.log", str_take(pairs[_i].two, 3)); /* half a line feed */
	start(&r, yaml);
	want_only(&r, "");
	add(&r, "a.log", str_skip(pairs[_i].two, 3));
	want_only(&r, LINE("2"));
	unmake(&r);
}
END_TEST

/* Rotated and compressed while nobody looked. */
START_TEST(compressed)
{
	struct rig r;
	make(&r);
	add(&r, "a.log", STR("\xff\xfe" "1\0\n\0"));
	start(&r, JOB("utf-16", ""));
	want_only(&r, LINE("1"));
	stop(&r);
	unlink(temp_path(&r.dir, "a.log"));
	pack(&r, "a.log.1.gz", STR("\xff\xfe" "1\0\n\0" "2\0\xe9\0\n\0"));
	add(&r, "a.log", STR("\xff\xfe" "3\0\n\0"));
	start(&r, JOB("utf-16", ""));
	want_only(&r, LINE("2é") LINE("3"));
	unmake(&r);
}
END_TEST

/* Framing, stages and joined lines see UTF-8. */
START_TEST(stages)
{
	struct rig r;
	make(&r);
	add(&r, "a.log", STR("2026-11-21T09:00:00.000000001Z stdout P caf\n2026-11-21T09:00:00.000000001Z stdout F \xe9 f\xfcr\n"));
	start(&r, JOB("iso-8859-1", ", pipeline_stages: [{ cri: {} }, { regex: { expression: '(?P<word>é.*)' } }, { labels: { word: } }]"));
	want_only(&r, "{filename=\"@/a.log\", job=\"e\", stream=\"stdout\", word=\"é für\"} café für\n");
	unmake(&r);
}
END_TEST

/* A line that is longer than the buffer: its head goes out, and the next line is whole. */
START_TEST(long_line)
{
	enum { LONG = 1 << 20 };
	struct rig r;
	make(&r);
	char *text = malloc(LONG);
	for (size_t i = 0; i < LONG; i += 2) {
		text[i] = 'x';
		text[i + 1] = '\0';
	}
	add(&r, "a.log", (struct str){ text, LONG });
	free(text);
	start(&r, JOB("utf-16le", "") " \n");
	pass(&r, 300);
	add(&r, "a.log", STR("\n\0" "y\0\n\0"));
	for (int ms = 0; ms < PATIENCE_MS && !strstr(read_so_far(&r), LINE("y")); ms += 20)
		pass(&r, 20);
	ck_assert_ptr_nonnull(strstr(r.text, LINE("y")));
	ck_assert_ptr_nonnull(strstr(r.text, "} xxxx"));
	unmake(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("encoding");
	TCase *c = tcase_create("encoding");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, single_bytes);
	tcase_add_loop_test(c, pairs_of_bytes, 0, (int)COUNT_OF(pairs));
	tcase_add_test(c, compressed);
	tcase_add_test(c, stages);
	tcase_add_test(c, long_line);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
