/* Positions must survive what disks do: cut files, flipped bits, NULs after a power loss, an older program. */
#include "agent/tail/checkpoint.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/agent/temp_dir.h"

enum { ROWS = 5 };

static struct checkpoint_row make_row(int i)
{
	static const struct str logs[ROWS] = {
		{ "/var/log/pods/a_b_c/d/0.log", 27 }, { "/logs/tab\there\nand \"quotes\"\\", 28 }, { "/logs/\x01\x7f\x1b[31m\r", 14 },
		{ "/var/log/pods/a_b_c/d/0.log", 27 }, { "/logs/\xff\xfe not UTF-8", 18 },
	};
	struct checkpoint_row row = { .log = logs[i], .name = logs[(i + 1) % ROWS], .seen_s = 1795000000 + i, .size_bytes = 1000u << i };
	row.identity = (struct identity){ .dev = UINT64_MAX, .ino = 7 + (unsigned)i, .birth_ns = -1 - i, .head_hash = 0xfedcba9876543210u, .head_bytes = 1024 };
	row.position_count = (size_t)i % 3;
	row.job = i % 2 ? STR("a \"job\"\twith a tab") : (struct str){ 0 };
	row.target = (uint64_t)i * UINT64_C(0x123456789abcdef);
	row.positions[0] = (struct checkpoint_position){ STR("loki"), { 100 + (unsigned)i, 1, 64 } };
	row.positions[1] = (struct checkpoint_position){ STR("a\tname\nof two"), { UINT64_MAX, UINT64_MAX, 0 } };
	return row;
}

static bool same_row(const struct checkpoint_row *a, const struct checkpoint_row *b)
{
	bool is_same = str_eq(a->log, b->log) && str_eq(a->name, b->name) && a->seen_s == b->seen_s && a->size_bytes == b->size_bytes &&
		       a->identity.dev == b->identity.dev && a->identity.ino == b->identity.ino && a->identity.birth_ns == b->identity.birth_ns &&
		       a->identity.head_hash == b->identity.head_hash && a->identity.head_bytes == b->identity.head_bytes &&
		       str_eq(a->job, b->job) && a->target == b->target &&
		       a->position_count == b->position_count;
	for (size_t i = 0; is_same && i < a->position_count; i++) {
		const struct checkpoint_position *x = &a->positions[i], *y = &b->positions[i];
		is_same = str_eq(x->destination, y->destination) && x->acked.offset == y->acked.offset && x->acked.hash == y->acked.hash &&
			  x->acked.bytes == y->acked.bytes;
	}
	return is_same;
}

static struct buf written(void)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	checkpoint_begin(&out);
	for (int i = 0; i < ROWS; i++) {
		struct checkpoint_row row = make_row(i);
		checkpoint_put(&out, &row);
	}
	ck_assert(!out.is_full);
	return out;
}

/* Every loaded row is one of ours, byte for byte; how many there are. */
static size_t count_ours(const struct checkpoint *c)
{
	size_t count = 0;
	const struct checkpoint_row *row;
	for (size_t i = 0; (row = map_next(&c->logs, &i));)
		for (; row; row = row->next) {
			bool is_ours = false;
			for (int k = 0; k < ROWS; k++) {
				struct checkpoint_row mine = make_row(k);
				is_ours |= same_row(row, &mine);
			}
			ck_assert_msg(is_ours, "a row that nobody wrote: " STR_FMT, STR_ARG(row->log));
			count++;
		}
	ck_assert_uint_eq(count, c->rows);
	return count;
}

START_TEST(round_trip)
{
	struct temp_dir d = temp_dir_make();
	struct buf out = written();
	struct checkpoint c;
	temp_write(&d, "positions", out.p, out.n);
	ck_assert_int_eq(checkpoint_load(&c, temp_path(&d, "positions")), 0);
	ck_assert_uint_eq(c.damaged, 0);
	ck_assert_uint_eq(count_ours(&c), ROWS);
	struct checkpoint_row *first = checkpoint_rows(&c, STR("/var/log/pods/a_b_c/d/0.log")), mine = make_row(0), second = make_row(3);
	ck_assert_msg(first && first->next && !first->next->next, "two generations of one log");
	ck_assert(same_row(first, &mine) && same_row(first->next, &second)); /* in the order of the file */
	ck_assert_ptr_null(checkpoint_rows(&c, STR("/nothing")));
	checkpoint_fini(&c);
	buf_fini(&out);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(cut_at_every_byte)
{
	struct temp_dir d = temp_dir_make();
	struct buf out = written();
	for (size_t n = 0; n < out.n; n++) {
		struct checkpoint c;
		temp_write(&d, "positions", out.p, n);
		unlink(temp_path(&d, "positions.bad"));
		ck_assert_int_eq(checkpoint_load(&c, temp_path(&d, "positions")), 0);
		size_t feeds = 0;
		for (size_t i = 0; i < n; i++)
			feeds += out.p[i] == '\n';
		size_t whole = feeds ? feeds - 1 : 0, got = count_ours(&c);
		/* A row that lacks only its line feed is whole. */
		ck_assert_msg(got == whole || (got == whole + 1 && out.p[n] == '\n'), "cut at %zu: %zu rows, want %zu", n, got, whole);
		checkpoint_fini(&c);
	}
	buf_fini(&out);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(every_bit_flipped)
{
	struct temp_dir d = temp_dir_make();
	struct buf out = written();
	size_t header = strcspn(out.p, "\n") + 1;
	for (size_t bit = 0; bit < out.n * 8; bit++) {
		struct checkpoint c;
		out.p[bit / 8] ^= (char)(1 << bit % 8);
		temp_write(&d, "positions", out.p, out.n);
		bool is_feed = out.p[bit / 8] == '\n' || (out.p[bit / 8] ^ (char)(1 << bit % 8)) == '\n';
		out.p[bit / 8] ^= (char)(1 << bit % 8);
		int result = checkpoint_load(&c, temp_path(&d, "positions"));
		size_t got = count_ours(&c);
		if (bit / 8 < header) /* no checkpoint at all, or one from the future: nothing is invented */
			ck_assert_msg(result == 0 || result == -EPROTONOSUPPORT, "bit %zu: got %d", bit, result);
		else /* a line feed that came or went touches two rows at most */
			ck_assert_msg(result == 0 && got + 1 + is_feed >= ROWS, "bit %zu: %zu rows left", bit, got);
		/* Hex digits mean the same in both cases: nothing is damaged then. Without its line feed the last row looks unfinished. */
		bool is_last_byte = bit / 8 == out.n - 1;
		ck_assert_msg(bit / 8 < header || c.damaged > 0 || got == ROWS || is_last_byte, "bit %zu: %zu rows, and damage was not counted", bit, got);
		checkpoint_fini(&c);
	}
	buf_fini(&out);
	temp_dir_remove(&d);
}
END_TEST

static const struct {
	const char *name, *bytes;
	size_t n, damaged;
	bool is_put_aside;
} foreign[] = {
	{ "empty file", "", 0, 1, true },
	{ "NUL bytes", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, 1, true },
	{ "Promtail's positions", "positions:\n  /var/log/a.log: \"100\"\n", 35, 1, true },
	{ "header alone, cut", "spoor check", 11, 1, true },
	{ "version is no number", "spoor checkpoint one\n", 21, 1, true },
};

START_TEST(what_is_no_checkpoint_is_put_aside_and_the_old_one_read)
{
	struct temp_dir d = temp_dir_make();
	struct buf out = written();
	struct checkpoint c;
	temp_write(&d, "positions", foreign[_i].bytes, foreign[_i].n);
	temp_write(&d, "positions.old", out.p, out.n);
	ck_assert_int_eq(checkpoint_load(&c, temp_path(&d, "positions")), 0);
	ck_assert_msg(count_ours(&c) == ROWS, "%s: the old one was not read", foreign[_i].name);
	ck_assert_msg(c.damaged == foreign[_i].damaged, "%s: damaged %zu", foreign[_i].name, c.damaged);
	bool is_aside = access(temp_path(&d, "positions.bad"), F_OK) == 0 && access(temp_path(&d, "positions"), F_OK) < 0;
	ck_assert_msg(is_aside == foreign[_i].is_put_aside, "%s: put aside %d", foreign[_i].name, is_aside);
	checkpoint_fini(&c);
	buf_fini(&out);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(missing_falls_back_to_the_old_one)
{
	struct temp_dir d = temp_dir_make();
	struct buf out = written();
	struct checkpoint c;
	ck_assert_int_eq(checkpoint_load(&c, temp_path(&d, "positions")), 0);
	ck_assert_uint_eq(c.rows + c.damaged, 0); /* the first start of all */
	checkpoint_fini(&c);
	temp_write(&d, "positions.old", out.p, out.n);
	ck_assert_int_eq(checkpoint_load(&c, temp_path(&d, "positions")), 0);
	ck_assert_uint_eq(count_ours(&c), ROWS);
	ck_assert_uint_eq(c.damaged, 0);
	checkpoint_fini(&c);
	buf_fini(&out);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(newer_version_is_refused_and_untouched)
{
	static const char text[] = "spoor checkpoint 3\nwhatever the future brings\n";
	struct temp_dir d = temp_dir_make();
	struct checkpoint c;
	temp_write(&d, "positions", text, sizeof text - 1);
	ck_assert_int_eq(checkpoint_load(&c, temp_path(&d, "positions")), -EPROTONOSUPPORT);
	checkpoint_fini(&c);
	ck_assert_str_eq(temp_read(&d, "positions"), text);
	ck_assert_int_eq(access(temp_path(&d, "positions.bad"), F_OK), -1);
	ck_assert_int_eq(unlink(temp_path(&d, "positions")), 0);
	temp_write(&d, "positions.old", text, sizeof text - 1); /* the same when only the old one is there */
	ck_assert_int_eq(checkpoint_load(&c, temp_path(&d, "positions")), -EPROTONOSUPPORT);
	checkpoint_fini(&c);
	temp_dir_remove(&d);
}
END_TEST

/* Rows with a right checksum and wrong content: written by a program with a mistake. */
START_TEST(nonsense_with_a_right_checksum)
{
	static const struct {
		const char *name;
		struct frontier acked;
		uint32_t head_bytes;
		const char *log;
	} cases[] = {
		{ "frontier longer than it can be", { 1000, 1, 65 }, 10, "/l" },
		{ "frontier before the start", { 5, 1, 6 }, 10, "/l" },
		{ "head longer than it can be", { 5, 1, 5 }, 1025, "/l" },
		{ "no log", { 5, 1, 5 }, 10, "" },
	};
	struct temp_dir d = temp_dir_make();
	struct buf out;
	struct checkpoint c;
	buf_init(&out, 4096);
	checkpoint_begin(&out);
	struct checkpoint_row row = { .log = str_of(cases[_i].log), .name = STR("n"), .position_count = 1 };
	row.identity.head_bytes = cases[_i].head_bytes;
	row.positions[0] = (struct checkpoint_position){ STR("loki"), cases[_i].acked };
	checkpoint_put(&out, &row);
	temp_write(&d, "positions", out.p, out.n);
	ck_assert_int_eq(checkpoint_load(&c, temp_path(&d, "positions")), 0);
	ck_assert_msg(c.rows == 0 && c.damaged == 1, "%s: %zu rows, %zu damaged", cases[_i].name, c.rows, c.damaged);
	checkpoint_fini(&c);
	buf_fini(&out);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(version_1_is_read)
{
	/* As it was written: no job, no target. */
	static const char text[] = "spoor checkpoint 1 9eea034b\n"
				   "b33fe8f3\t/l/0.log\t0.log\t1\t2\t3\t100\t4\t00000000000000ab\t1795000000\tloki\t50\t8\t00000000000000cd\n";
	struct temp_dir d = temp_dir_make();
	struct checkpoint c;
	temp_write(&d, "positions", text, sizeof text - 1);
	ck_assert_int_eq(checkpoint_load(&c, temp_path(&d, "positions")), 0);
	ck_assert_uint_eq(c.damaged, 0);
	const struct checkpoint_row *row = checkpoint_rows(&c, STR("/l/0.log"));
	ck_assert(row && row->job.n == 0 && row->target == 0 && row->position_count == 1 && row->positions[0].acked.offset == 50);
	checkpoint_fini(&c);
	temp_dir_remove(&d);
}
END_TEST

/* ---- labels ---- */

static struct label label_rows[] = { { STR("app"), STR("a\"b\tc\nd") }, { STR("x{y"), STR("") }, { STR("z"), STR("\xff") } };

static void put_set(struct buf *out, struct str job, uint64_t rules, uint32_t number, uint32_t count, size_t labels)
{
	checkpoint_put_labels(out, &(struct checkpoint_labels){ .log = STR("/l/0.log"), .job = job, .rules = rules, .number = number, .count = count,
								 .is_moved = true, .seen_s = 17, .at = label_rows, .label_count = labels });
}

static size_t sets_of(struct temp_dir *d, const struct buf *out, struct checkpoint *c, struct str job, uint64_t rules,
		      struct checkpoint_labels *sets[CHECKPOINT_LABEL_SETS])
{
	temp_write(d, "positions", out->p, out->n);
	ck_assert_int_eq(checkpoint_load(c, temp_path(d, "positions")), 0);
	ck_assert_uint_eq(c->damaged, 0);
	return checkpoint_label_sets(c, STR("/l/0.log"), job, rules, sets);
}

START_TEST(labels_come_back)
{
	struct temp_dir d = temp_dir_make();
	struct buf out;
	struct checkpoint c;
	struct checkpoint_labels *sets[CHECKPOINT_LABEL_SETS];
	buf_init(&out, 1 << 16);
	checkpoint_begin(&out);
	put_set(&out, STR("one"), 1, 0, 2, 3);
	put_set(&out, STR("one"), 1, 1, 2, 0);
	put_set(&out, STR("two"), 1, 0, 1, 1);
	put_set(&out, STR("half"), 1, 0, 2, 1);
	ck_assert_uint_eq(sets_of(&d, &out, &c, STR("one"), 1, sets), 2);
	ck_assert(sets[0]->label_count == 3 && sets[1]->label_count == 0 && sets[0]->is_moved && sets[0]->seen_s == 17);
	for (size_t i = 0; i < 3; i++)
		ck_assert(str_eq(sets[0]->at[i].name, label_rows[i].name) && str_eq(sets[0]->at[i].value, label_rows[i].value));
	ck_assert_uint_eq(checkpoint_label_sets(&c, STR("/l/0.log"), STR("one"), 2, sets), 0);  /* other rules */
	ck_assert_uint_eq(checkpoint_label_sets(&c, STR("/l/0.log"), STR("half"), 1, sets), 0); /* not all of them */
	ck_assert_uint_eq(checkpoint_label_sets(&c, STR("/l/1.log"), STR("one"), 1, sets), 0);
	checkpoint_use_labels(&c, STR("/l/0.log"), STR("one"));
	size_t unused = 0;
	for (const struct checkpoint_labels *l = map_get(&c.labels, STR("/l/0.log")); l; l = l->next)
		unused += !l->is_used;
	ck_assert_uint_eq(unused, 2);
	checkpoint_fini(&c);
	put_set(&out, STR("one"), 1, 0, 1, 2); /* decided anew: one instead of two */
	ck_assert_uint_eq(sets_of(&d, &out, &c, STR("one"), 1, sets), 1);
	ck_assert_uint_eq(sets[0]->label_count, 2);
	checkpoint_fini(&c);
	buf_fini(&out);
	temp_dir_remove(&d);
}
END_TEST

/* ---- claims ---- */

static bool is_job(const void *ctx, struct str name)
{
	return str_eq(name, str_of(ctx));
}

static const struct claim_case {
	const char *name, *rows; /* "job:target,..." */
	const char *job;
	uint64_t target;
	enum checkpoint_claim how;
	size_t want, left;
} claim_cases[] = {
	{ "its own", "a:1,a:1,a:2,b:1", "a", 1, CLAIM_EXACT, 2, 2 },
	{ "not another target's", "a:2", "a", 1, CLAIM_EXACT, 0, 1 },
	{ "the job's, of one target", "a:2,a:3,a:2", "a", 1, CLAIM_JOB, 2, 1 },
	{ "of a job that is gone", "b:1,known:1", "a", 1, CLAIM_RENAMED, 1, 1 },
	{ "of a job that is gone, another target", "b:2", "a", 1, CLAIM_RENAMED, 0, 1 },
	{ "of a job that is gone, any target", "b:2,c:3,b:2", "a", 1, CLAIM_ORPHAN, 2, 1 },
	{ "not of one that is there", "known:1", "a", 1, CLAIM_ORPHAN, 0, 1 },
	{ "nobody's: a copy", ":0,:0,b:1", "a", 1, CLAIM_NOBODY, 2, 3 },
	{ "nothing there", "", "a", 1, CLAIM_EXACT, 0, 0 },
};

START_TEST(claims)
{
	const struct claim_case *k = &claim_cases[_i];
	struct checkpoint c = { 0 };
	struct str rest = str_of(k->rows);
	for (uint64_t ino = 1; rest.n; ino++) {
		struct str one = str_cut(&rest, ','), job = str_cut(&one, ':');
		struct checkpoint_row row = { .log = STR("/l"), .name = STR("l"), .job = job, .target = (uint64_t)(one.p[0] - '0'), .position_count = 1 };
		row.identity.ino = ino;
		row.positions[0].destination = STR("loki");
		checkpoint_park(&c, &row);
	}
	const struct checkpoint_owner owner = { STR("/l"), str_of(k->job), k->target, is_job, "known" };
	struct checkpoint_row *rows = checkpoint_claim(&c, &owner, k->how), *row;
	size_t got = 0, left = 0;
	uint64_t last = 0;
	for (row = rows; row; row = row->next) {
		ck_assert_msg(row->identity.ino > last, "%s: out of order", k->name);
		last = row->identity.ino;
		got++;
	}
	for (row = checkpoint_rows(&c, STR("/l")); row; row = row->next)
		left++;
	ck_assert_msg(got == k->want && left == k->left, "%s: %zu claimed, %zu left", k->name, got, left);
	if (k->how != CLAIM_NOBODY)
		checkpoint_done(rows);
	checkpoint_fini(&c);
}
END_TEST

START_TEST(parked_rows_expire)
{
	struct checkpoint c = { 0 };
	for (int i = 0; i < 100; i++) {
		char log[32];
		snprintf(log, sizeof log, "/l/%d", i % 40);
		struct checkpoint_row row = { .log = str_of(log), .name = STR("l"), .job = STR("a"), .seen_s = i };
		checkpoint_park(&c, &row);
	}
	checkpoint_expire(&c, 70);
	size_t left = 0;
	struct checkpoint_row *row;
	for (size_t i = 0; (row = map_next(&c.logs, &i));)
		for (; row; row = row->next) {
			ck_assert(row->seen_s >= 70 && checkpoint_rows(&c, row->log));
			left++;
		}
	ck_assert_uint_eq(left, 30);
	checkpoint_fini(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("checkpoint");
	TCase *t = tcase_create("checkpoint");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, round_trip);
	tcase_add_test(t, cut_at_every_byte);
	tcase_add_test(t, every_bit_flipped);
	tcase_add_loop_test(t, what_is_no_checkpoint_is_put_aside_and_the_old_one_read, 0, COUNT_OF(foreign));
	tcase_add_test(t, missing_falls_back_to_the_old_one);
	tcase_add_test(t, newer_version_is_refused_and_untouched);
	tcase_add_loop_test(t, nonsense_with_a_right_checksum, 0, 4);
	tcase_add_test(t, version_1_is_read);
	tcase_add_test(t, labels_come_back);
	tcase_add_loop_test(t, claims, 0, COUNT_OF(claim_cases));
	tcase_add_test(t, parked_rows_expire);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
