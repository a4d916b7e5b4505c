/* Which file is it: real files, real inodes. */
#include "agent/tail/identity.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/agent/temp_dir.h"

static struct identity read_identity(struct temp_dir *d, const char *name)
{
	struct identity id = { 0 };
	int fd = os_open_root(d->path), file = os_open_beneath(fd, name);
	ck_assert_int_eq(identity_read(file, &id), 0);
	os_close(file);
	os_close(fd);
	return id;
}

static struct os_file stat_file(struct temp_dir *d, const char *name)
{
	struct os_file st;
	int fd = os_open_root(d->path);
	ck_assert_int_eq(os_stat_at(fd, name, &st), 0);
	os_close(fd);
	return st;
}

static const struct {
	const char *name, *before, *after;
	bool matches;
} heads[] = {
	{ "same bytes", "first line\n", "first line\n", true },
	{ "grown", "first", "first line\nsecond\n", true },
	{ "empty head fits everything", "", "anything", true },
	{ "other first byte", "first line\n", "First line\n", false },
	{ "other last byte", "first line\n", "first line\r", false },
	{ "shorter than the head", "first line\n", "first", false },
	{ "emptied", "first line\n", "", false },
};

START_TEST(head_matches)
{
	struct temp_dir d = temp_dir_make();
	temp_write(&d, "0.log", heads[_i].before, strlen(heads[_i].before));
	struct identity id = read_identity(&d, "0.log");
	ck_assert_uint_eq(id.head_bytes, strlen(heads[_i].before));
	bool got = identity_head_matches(&id, str_of(heads[_i].after));
	ck_assert_msg(got == heads[_i].matches, "%s: got %d", heads[_i].name, got);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(head_is_a_kilobyte_at_most)
{
	char bytes[IDENTITY_HEAD_BYTES + 10];
	memset(bytes, 'x', sizeof bytes);
	struct temp_dir d = temp_dir_make();
	temp_write(&d, "0.log", bytes, sizeof bytes);
	struct identity id = read_identity(&d, "0.log");
	ck_assert_uint_eq(id.head_bytes, IDENTITY_HEAD_BYTES);
	bytes[IDENTITY_HEAD_BYTES] = 'y'; /* behind the head: not its business */
	ck_assert(identity_head_matches(&id, (struct str){ bytes, sizeof bytes }));
	bytes[IDENTITY_HEAD_BYTES - 1] = 'y';
	ck_assert(!identity_head_matches(&id, (struct str){ bytes, sizeof bytes }));
	temp_dir_remove(&d);
}
END_TEST

START_TEST(inode_follows_a_rename_and_not_a_name)
{
	struct temp_dir d = temp_dir_make();
	char from[128];
	temp_write(&d, "0.log", "a\n", 2);
	struct identity id = read_identity(&d, "0.log");
	snprintf(from, sizeof from, "%s", temp_path(&d, "0.log"));
	ck_assert_int_eq(rename(from, temp_path(&d, "0.log.20261121-090000")), 0);
	temp_write(&d, "0.log", "a\n", 2);
	struct os_file renamed = stat_file(&d, "0.log.20261121-090000"), fresh = stat_file(&d, "0.log");
	ck_assert(identity_same_inode(&id, &renamed));
	ck_assert_msg(!identity_same_inode(&id, &fresh), "a new file under the old name is another file");
	temp_dir_remove(&d);
}
END_TEST

static const struct {
	const char *name;
	struct identity known;
	struct os_file seen;
	bool is_same;
} inodes[] = {
	{ "all the same", { .dev = 1, .ino = 2, .birth_ns = 3 }, { .dev = 1, .ino = 2, .birth_ns = 3 }, true },
	{ "other device", { .dev = 1, .ino = 2, .birth_ns = 3 }, { .dev = 9, .ino = 2, .birth_ns = 3 }, false },
	{ "other inode", { .dev = 1, .ino = 2, .birth_ns = 3 }, { .dev = 1, .ino = 9, .birth_ns = 3 }, false },
	{ "inode used again, later birth", { .dev = 1, .ino = 2, .birth_ns = 3 }, { .dev = 1, .ino = 2, .birth_ns = 4 }, false },
	{ "birth not known before", { .dev = 1, .ino = 2 }, { .dev = 1, .ino = 2, .birth_ns = 4 }, true },
	{ "birth not known now", { .dev = 1, .ino = 2, .birth_ns = 3 }, { .dev = 1, .ino = 2 }, true },
};

START_TEST(same_inode)
{
	bool got = identity_same_inode(&inodes[_i].known, &inodes[_i].seen);
	ck_assert_msg(got == inodes[_i].is_same, "%s: got %d", inodes[_i].name, got);
}
END_TEST

START_TEST(frontier_tells_every_changed_byte)
{
	char text[200];
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + i % 26);
	static const uint64_t offsets[] = { 1, 5, 63, 64, 65, 128, 200 };
	struct temp_dir d = temp_dir_make();
	for (size_t k = 0; k < COUNT_OF(offsets); k++) {
		uint64_t offset = offsets[k];
		struct frontier f = frontier_of(offset, (struct str){ text, (size_t)offset });
		ck_assert_uint_eq(f.bytes, offset < IDENTITY_FRONTIER_BYTES ? offset : IDENTITY_FRONTIER_BYTES);
		for (uint64_t changed = 0; changed < sizeof text; changed++) {
			text[changed] ^= 1;
			temp_write(&d, "f", text, sizeof text);
			text[changed] ^= 1;
			int fd = open(temp_path(&d, "f"), O_RDONLY);
			bool is_inside = changed < offset && changed + f.bytes >= offset;
			ck_assert_msg(frontier_check(fd, &f) == !is_inside, "offset %d, byte %d changed", (int)offset, (int)changed);
			close(fd);
		}
	}
	temp_dir_remove(&d);
}
END_TEST

START_TEST(frontier_of_a_cut_file_does_not_match)
{
	struct temp_dir d = temp_dir_make();
	temp_write(&d, "f", "0123456789", 10);
	struct frontier f = frontier_of(10, STR("0123456789")), start = { 0 }, broken = { .offset = 3, .bytes = 9 };
	int fd = open(temp_path(&d, "f"), O_RDWR);
	ck_assert(frontier_check(fd, &f));
	ck_assert_int_eq(ftruncate(fd, 9), 0);
	ck_assert(!frontier_check(fd, &f));
	ck_assert_int_eq(pwrite(fd, "ABCDEFGHIJKLMNO", 15, 0), 15); /* it grew past our offset */
	ck_assert(!frontier_check(fd, &f));
	ck_assert_msg(frontier_check(fd, &start), "at the start there is nothing to compare");
	ck_assert_msg(!frontier_check(fd, &broken), "more bytes than offset: damaged, not a read before the start");
	close(fd);
	temp_dir_remove(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("identity");
	TCase *t = tcase_create("identity");
	tcase_add_loop_test(t, head_matches, 0, COUNT_OF(heads));
	tcase_add_test(t, head_is_a_kilobyte_at_most);
	tcase_add_test(t, inode_follows_a_rename_and_not_a_name);
	tcase_add_loop_test(t, same_inode, 0, COUNT_OF(inodes));
	tcase_add_test(t, frontier_tells_every_changed_byte);
	tcase_add_test(t, frontier_of_a_cut_file_does_not_match);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
