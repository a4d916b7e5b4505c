/* Jobs with decompression: compressed files as logs of their own, each read once, over restarts; beside jobs that have them as rotated
 * generations; and what a disk may have made of them. */
#include <bzlib.h>
#include <check.h>
#include <stdlib.h>
#include <zlib.h>

#include "tests/unit/agent/log_rig.h"

#define JOB(more) "{ job_name: p, decompression: { enabled: true, format: gz " more "}, static_configs: [{ labels: { __path__: '@/*.gz' } }] }"
#define BZ2_JOB "{ job_name: p, decompression: { enabled: true, format: bz2 }, static_configs: [{ labels: { __path__: '@/*.bz2' } }] }"
#define YAML(jobs) "logs: { positions: { sync_period: 20ms }, scrape_configs: [" jobs "] }"
#define LINE(file, text) "{filename=\"@/" file "\", job=\"p\"} " text "\n"

static void add(struct rig *r, const char *name, const void *bytes, size_t n)
{
	FILE *f = fopen(temp_path(&r->dir, name), "a");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static void pack_bz2(struct rig *r, const char *name, const char *text)
{
	char packed[40000], copy[20000];
	unsigned n = sizeof packed;
	snprintf(copy, sizeof copy, "%s", text);
	ck_assert_int_eq(BZ2_bzBuffToBuffCompress(packed, &n, copy, (unsigned)strlen(copy), 1, 0, 0), BZ_OK);
	add(r, name, packed, n);
}

static void pack(struct rig *r, const char *name, const char *text)
{
	if (strstr(name, ".bz2")) {
		pack_bz2(r, name, text);
		return;
	}
	gzFile f = gzopen(temp_path(&r->dir, name), "ab");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(gzwrite(f, text, (unsigned)strlen(text)), (int)strlen(text));
	gzclose(f);
}

static size_t read_file(struct rig *r, const char *name, char *to, size_t room)
{
	FILE *f = fopen(temp_path(&r->dir, name), "r");
	ck_assert_ptr_nonnull(f);
	size_t n = fread(to, 1, room, f);
	fclose(f);
	return n;
}

START_TEST(once)
{
	struct rig r;
	make(&r);
	pack(&r, "a.gz", "one\ntwo\nno line feed");
	start(&r, YAML(JOB("")));
	want_only(&r, LINE("a.gz", "no line feed") LINE("a.gz", "one") LINE("a.gz", "two"));
	pack(&r, "b.gz", "three\n"); /* one that comes later */
	want_only(&r, LINE("a.gz", "no line feed") LINE("a.gz", "one") LINE("a.gz", "two") LINE("b.gz", "three"));
	pack(&r, "b.gz", "four\n"); /* a member more */
	want_only(&r, LINE("a.gz", "no line feed") LINE("a.gz", "one") LINE("a.gz", "two") LINE("b.gz", "four") LINE("b.gz", "three"));
	stop(&r);
	start(&r, YAML(JOB("")));
	want_only(&r, "");
	stop(&r);
	pack(&r, "a.gz", "five\n");
	start(&r, YAML(JOB("")));
	want_only(&r, LINE("a.gz", "five"));
	unmake(&r);
}
END_TEST

/* Another file under the same name is another log, whether anybody looked or not. */
START_TEST(replaced)
{
	struct rig r;
	make(&r);
	pack(&r, "a.gz", "one\n");
	start(&r, YAML(JOB("")));
	want_only(&r, LINE("a.gz", "one"));
	unlink(temp_path(&r.dir, "a.gz"));
	pack(&r, "a.gz", "two\n");
	want_only(&r, LINE("a.gz", "one") LINE("a.gz", "two"));
	stop(&r);
	unlink(temp_path(&r.dir, "a.gz"));
	pack(&r, "a.gz", "three\n");
	start(&r, YAML(JOB("")));
	want_only(&r, LINE("a.gz", "three"));
	unmake(&r);
}
END_TEST

/* The same name is a generation to one job and a log to the other; a plain file has nothing to do with it. */
START_TEST(beside_the_live_file)
{
	struct rig r;
	make(&r);
	const char *yaml = YAML(JOB("") ", { job_name: l, static_configs: [{ labels: { __path__: '@/a.log*' } }] }");
	append(&r, "a.log", "live\n");
	pack(&r, "a.log.1.gz", "old\n");
	start(&r, yaml);
	want_only(&r, "{filename=\"@/a.log\", job=\"l\"} live\n" LINE("a.log.1.gz", "old"));
	stop(&r);
	start(&r, yaml);
	want_only(&r, "");
	append(&r, "a.log", "more\n");
	want_only(&r, "{filename=\"@/a.log\", job=\"l\"} more\n");
	unmake(&r);
}
END_TEST

START_TEST(initial_delay)
{
	struct rig r;
	make(&r);
	pack(&r, "a.gz", "one\n");
	start(&r, YAML(JOB(", initial_delay: 1200ms ")));
	pass(&r, 700);
	ck_assert_str_eq(read_so_far(&r), "");
	want_only(&r, LINE("a.gz", "one"));
	unmake(&r);
}
END_TEST

START_TEST(zlib_stream)
{
	struct rig r;
	unsigned char packed[64];
	uLongf n = sizeof packed;
	make(&r);
	ck_assert_int_eq(compress(packed, &n, (const Bytef *)"one\ntwo\n", 8), Z_OK);
	add(&r, "a.z", packed, n);
	start(&r, YAML("{ job_name: p, decompression: { enabled: true, format: z }, static_configs: [{ labels: { __path__: '@/*.z' } }] }"));
	want_only(&r, LINE("a.z", "one") LINE("a.z", "two"));
	unmake(&r);
}
END_TEST

START_TEST(bzip2)
{
	struct rig r;
	make(&r);
	pack(&r, "a.bz2", "one\ntwo\nno line feed");
	pack(&r, "b.bz2", "three\n");
	pack(&r, "c.gz", "not of this job\n");
	add(&r, "gz.bz2", "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
	start(&r, YAML(BZ2_JOB));
	want_only(&r, LINE("a.bz2", "no line feed") LINE("a.bz2", "one") LINE("a.bz2", "two") LINE("b.bz2", "three"));
	pack(&r, "b.bz2", "four\n"); /* a member more */
	want_only(&r, LINE("a.bz2", "no line feed") LINE("a.bz2", "one") LINE("a.bz2", "two") LINE("b.bz2", "four") LINE("b.bz2", "three"));
	stop(&r);
	pack(&r, "a.bz2", "five\n");
	unlink(temp_path(&r.dir, "b.bz2"));
	pack(&r, "b.bz2", "six\n");
	start(&r, YAML(BZ2_JOB));
	want_only(&r, LINE("a.bz2", "five") LINE("b.bz2", "six"));
	unmake(&r);
}
END_TEST

START_TEST(many_bzip2)
{
	struct rig r;
	char name[32];
	make(&r);
	for (int i = 0; i < 30; i++) { /* many more than are unpacked at a time */
		snprintf(name, sizeof name, "%02d.bz2", i);
		pack(&r, name, "line\n");
	}
	start(&r, YAML(BZ2_JOB));
	size_t lines = 0;
	for (int ms = 0; ms < PATIENCE_MS && lines < 30; ms += 20) {
		pass(&r, 20);
		lines = 0;
		for (const char *at = read_so_far(&r); (at = strstr(at, "} line\n")); at++)
			lines++;
	}
	ck_assert_uint_eq(lines, 30);
	unmake(&r);
}
END_TEST

/* A log is followed, and bzip2 packs what logrotate took away: while the agent runs, and while it does not. */
START_TEST(rotated_bzip2)
{
	struct rig r;
	const char *yaml = YAML("{ job_name: l, static_configs: [{ labels: { __path__: '@/*.log' } }] }");
	make(&r);
	append(&r, "a.log", "one\n");
	start(&r, yaml);
	want(&r, "{filename=\"@/a.log\", job=\"l\"} one\n");
	pass(&r, 300);
	stop(&r);
	append(&r, "a.log", "two\n"); /* unread when it goes */
	pack(&r, "a.log.1.bz2", "one\ntwo\n");
	replace(&r, "a.log", "three\n");
	start(&r, yaml);
	want_only(&r, "{filename=\"@/a.log\", job=\"l\"} three\n{filename=\"@/a.log\", job=\"l\"} two\n");
	char older[256];
	snprintf(older, sizeof older, "%s", temp_path(&r.dir, "a.log.2.bz2"));
	ck_assert_int_eq(rename(temp_path(&r.dir, "a.log.1.bz2"), older), 0);
	pack(&r, "a.log.1.bz2", "three\n");
	replace(&r, "a.log", "four\n");
	want_only(&r, "{filename=\"@/a.log\", job=\"l\"} four\n{filename=\"@/a.log\", job=\"l\"} three\n{filename=\"@/a.log\", job=\"l\"} two\n");
	unmake(&r);
}
END_TEST

/* Half of it is there, the other half comes; over a restart, too. */
START_TEST(still_written)
{
	struct rig r;
	char text[1600], whole[4000]; /* of a part that others follow the ring shows the last KiB */
	make(&r);
	for (size_t i = 0, x = 1; i < sizeof text; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		text[i] = (char)('a' + (x >> 60));
	}
	memcpy(text, "one\n", 4);
	memcpy(text + sizeof text - 6, "\nend\n", 6);
	pack(&r, "whole", text);
	size_t n = read_file(&r, "whole", whole, sizeof whole), half = n / 2;
	add(&r, "a.gz", whole, half);
	start(&r, YAML(JOB("")));
	want_only(&r, LINE("a.gz", "one"));
	if (_i) {
		stop(&r);
		start(&r, YAML(JOB("")));
		want_only(&r, "");
	}
	add(&r, "a.gz", whole + half, n - half);
	for (int ms = 0; ms < PATIENCE_MS && !strstr(read_so_far(&r), LINE("a.gz", "end")); ms += 20)
		pass(&r, 20);
	ck_assert_ptr_nonnull(strstr(r.text, LINE("a.gz", "end")));
	size_t lines = 0;
	for (const char *at = r.text; (at = strstr(at, "{filename")); at++)
		lines++;
	ck_assert_uint_eq(lines, _i ? 2 : 3);
	unmake(&r);
}
END_TEST

/* A block of bzip2 comes when all of it is there; each of its members is one. */
START_TEST(bzip2_still_written)
{
	struct rig r;
	char whole[512];
	make(&r);
	pack(&r, "whole.bz2", "one\n");
	size_t first = read_file(&r, "whole.bz2", whole, sizeof whole);
	pack(&r, "whole.bz2", "two\nend\n");
	size_t n = read_file(&r, "whole.bz2", whole, sizeof whole), cut = first + (n - first) / 2;
	unlink(temp_path(&r.dir, "whole.bz2"));
	add(&r, "a.bz2", whole, cut);
	start(&r, YAML(BZ2_JOB));
	want_only(&r, LINE("a.bz2", "one"));
	stop(&r);
	start(&r, YAML(BZ2_JOB));
	want_only(&r, "");
	add(&r, "a.bz2", whole + cut, n - cut);
	want_only(&r, LINE("a.bz2", "end") LINE("a.bz2", "two"));
	unmake(&r);
}
END_TEST

/* What can be unpacked is read, once; it is not tried for ever, and no other file waits for it. */
START_TEST(damaged)
{
	struct rig r;
	make(&r);
	pack(&r, "a.gz", "one\n");
	add(&r, "a.gz", "garbage behind it", 17);
	add(&r, "no.gz", "this is no gzip at all\n", 23);
	start(&r, YAML(JOB("")));
	want(&r, LINE("a.gz", "one"));
	pack(&r, "c.gz", "two\n");
	pass(&r, 600);
	want_only(&r, LINE("a.gz", "one") LINE("c.gz", "two"));
	stop(&r);
	start(&r, YAML(JOB("")));
	want_only(&r, "");
	unmake(&r);
}
END_TEST

/* More files that end in the middle than are waited for. */
START_TEST(many_cut)
{
	struct rig r;
	char name[32], whole[256];
	make(&r);
	pack(&r, "whole", "one\n");
	size_t n = read_file(&r, "whole", whole, sizeof whole);
	for (int i = 0; i < 150; i++) {
		snprintf(name, sizeof name, "cut%d.gz", i);
		add(&r, name, whole, n - 6);
	}
	pack(&r, "z.gz", "whole\n");
	start(&r, YAML(JOB("")));
	for (int ms = 0; ms < PATIENCE_MS && !strstr(read_so_far(&r), LINE("z.gz", "whole")); ms += 20)
		pass(&r, 20);
	ck_assert_ptr_nonnull(strstr(r.text, LINE("z.gz", "whole")));
	unmake(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("packed");
	TCase *c = tcase_create("packed");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, once);
	tcase_add_test(c, replaced);
	tcase_add_test(c, beside_the_live_file);
	tcase_add_test(c, initial_delay);
	tcase_add_test(c, zlib_stream);
	tcase_add_test(c, bzip2);
	tcase_add_test(c, many_bzip2);
	tcase_add_test(c, rotated_bzip2);
	tcase_add_test(c, bzip2_still_written);
	tcase_add_loop_test(c, still_written, 0, 2);
	tcase_add_test(c, damaged);
	tcase_add_test(c, many_cut);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
