/* Streams by their labels: who has a say, which are the same, and that there is an end to them. */
#include "agent/journal/journal_streams.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/journal/journal_block.h"

/* The key of the labels: through a block, as they come. */
static struct str key_of(struct journal_block *b, const struct label *at, size_t count)
{
	struct labels labels = { 0 };
	struct journal_line line = { .text = STR("x") };
	for (size_t i = 0; i < count; i++)
		labels_set(&labels, at[i].name, at[i].value);
	journal_block_add(b, &line, &labels);
	labels_fini(&labels);
	ck_assert(journal_block_next(b, &line));
	ck_assert(str_eq(line.text, STR("x")));
	return line.key;
}

#define ASSERT_LABELS(source, want) \
	ck_assert_msg(str_eq((source)->streams[0].labels, str_of(want)), "got " STR_FMT ", want %s", STR_ARG((source)->streams[0].labels), want)

START_TEST(the_entrys_own_labels_win)
{
	struct config_label everywhere[] = { { STR("cluster"), STR("c") }, { STR("a"), STR("everywhere") } }, client[] = { { STR("a"), STR("client") } };
	struct config_labels all = { everywhere, 2 }, own = { client, 1 };
	struct journal_streams s;
	struct journal_block b;
	journal_block_init(&b, 1000);
	journal_streams_init(&s, &(struct journal_streams_options){ .is_native = true, .node_name = STR("n"), .everywhere = &all, .of_client = &own });
	ASSERT_LABELS(journal_streams_get(&s, key_of(&b, (struct label[]){ { STR("unit"), STR("u") } }, 1)),
		      "{a=\"client\", cluster=\"c\", node_name=\"n\", unit=\"u\"}");
	ASSERT_LABELS(journal_streams_get(&s, key_of(&b, (struct label[]){ { STR("a"), STR("entry \"") }, { STR("node_name"), STR("m") } }, 2)),
		      "{a=\"entry \\\"\", cluster=\"c\", node_name=\"m\"}");
	journal_streams_fini(&s);
	journal_streams_init(&s, &(struct journal_streams_options){ .node_name = STR("n"), .everywhere = &all, .of_client = &own });
	ASSERT_LABELS(journal_streams_get(&s, key_of(&b, (struct label[]){ { STR("unit"), STR("u") } }, 1)),
		      "{a=\"client\", cluster=\"c\", unit=\"u\"}"); /* as Promtail: no name of the node */
	journal_streams_fini(&s);
	journal_block_fini(&b);
}
END_TEST

START_TEST(equal_labels_are_one_stream)
{
	struct journal_streams s;
	struct journal_block b;
	struct label ab[] = { { STR("a"), STR("1") }, { STR("b"), STR("2") } }, ba[] = { { STR("b"), STR("2") }, { STR("a"), STR("1") } },
		     other[] = { { STR("a"), STR("1b") }, { STR("b"), STR("2") } };
	journal_block_init(&b, 1000);
	journal_streams_init(&s, &(struct journal_streams_options){ 0 });
	const struct journal_stream *one = journal_streams_get(&s, key_of(&b, ab, 2));
	ck_assert_ptr_ne(one, journal_streams_get(&s, key_of(&b, other, 2)));
	ck_assert_ptr_eq(one, journal_streams_get(&s, key_of(&b, ba, 2)));
	ck_assert_uint_eq(s.by_key.count, 2);
	journal_streams_fini(&s);
	journal_block_fini(&b);
}
END_TEST

static const struct journal_stream *numbered(struct journal_streams *s, struct journal_block *b, int i, size_t bytes)
{
	char *value = calloc(1, bytes + 16);
	memset(value, 'x', bytes);
	snprintf(value + bytes, 16, "%d", i);
	journal_block_reset(b);
	const struct journal_stream *source = journal_streams_get(s, key_of(b, (struct label[]){ { STR("a"), str_of(value) } }, 1));
	free(value);
	return source;
}

START_TEST(there_is_an_end_to_them)
{
	static const struct { int streams; size_t bytes; } rows[] = { { JOURNAL_STREAMS_MAX + 300, 0 }, { 500, 30000 } };
	for (size_t k = 0; k < COUNT_OF(rows); k++) {
		struct journal_streams s;
		struct journal_block b;
		journal_block_init(&b, 1000);
		journal_streams_init(&s, &(struct journal_streams_options){ 0 });
		for (int i = 0; i < rows[k].streams; i++) {
			numbered(&s, &b, i, rows[k].bytes);
			ASSERT_LABELS(numbered(&s, &b, 0, 0), "{a=\"0\"}"); /* in use all the time: never the oldest */
			ck_assert_uint_le(s.by_key.count, JOURNAL_STREAMS_MAX);
			ck_assert_uint_le(s.bytes, JOURNAL_STREAMS_BYTES + 100000);
		}
		const struct journal_stream *oldest = s.oldest;
		ck_assert(oldest->older == NULL && s.newest->newer == NULL);
		journal_streams_fini(&s);
		ck_assert_uint_eq(s.bytes, 0);
		journal_block_fini(&b);
	}
}
END_TEST

START_TEST(max_streams_has_an_overflow)
{
	struct journal_streams s;
	struct journal_block b;
	journal_block_init(&b, 1000);
	journal_streams_init(&s, &(struct journal_streams_options){ .limit = 2, .is_native = true, .node_name = STR("n") });
	ASSERT_LABELS(numbered(&s, &b, 1, 0), "{a=\"1\", node_name=\"n\"}");
	ASSERT_LABELS(numbered(&s, &b, 2, 0), "{a=\"2\", node_name=\"n\"}");
	ASSERT_LABELS(numbered(&s, &b, 3, 0), "{container=\"__overflow__\", node_name=\"n\"}");
	ASSERT_LABELS(numbered(&s, &b, 4, 0), "{container=\"__overflow__\", node_name=\"n\"}");
	ASSERT_LABELS(numbered(&s, &b, 1, 0), "{a=\"1\", node_name=\"n\"}");
	journal_streams_fini(&s);
	journal_block_fini(&b);
}
END_TEST

START_TEST(labels_that_are_too_large_drop_the_entry)
{
	struct journal_block b;
	struct labels labels = { 0 };
	char *big = calloc(1, JOURNAL_LABELS_MAX_BYTES);
	memset(big, 'x', JOURNAL_LABELS_MAX_BYTES);
	journal_block_init(&b, 1000);
	labels_set(&labels, STR("a"), (struct str){ big, JOURNAL_LABELS_MAX_BYTES });
	journal_block_add(&b, &(struct journal_line){ .text = STR("x") }, &labels);
	ck_assert_uint_eq(b.lines, 0);
	ck_assert_uint_eq(b.dropped[JOURNAL_DROP_BAD_LABELS], 1);
	ck_assert_uint_eq(journal_block_entries(&b), 1);
	labels_fini(&labels);
	free(big);
	journal_block_fini(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_streams");
	TCase *tc = tcase_create("all");
	tcase_add_test(tc, the_entrys_own_labels_win);
	tcase_add_test(tc, equal_labels_are_one_stream);
	tcase_add_test(tc, there_is_an_end_to_them);
	tcase_add_test(tc, max_streams_has_an_overflow);
	tcase_add_test(tc, labels_that_are_too_large_drop_the_entry);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
