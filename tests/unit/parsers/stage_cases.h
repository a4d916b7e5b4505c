/* For tests of stages: a pipeline, lines, and all that must come out. The labels of the stream are app="shop" and src, a text in
 * JSON. */
#ifndef TESTS_STAGE_CASES_H
#define TESTS_STAGE_CASES_H

#include <check.h>
#include <stdlib.h>

#include "tests/unit/parsers/stage_tree.h"

enum { CASE_LINES = 10, CASE_OUTPUT = 1 << 16 };
struct stage_case {
	const char *name, *stages; /* in JSON with ' for " */
	const char *lines[CASE_LINES];
	const char *want; /* as tree_print_entry writes it */
};

static inline void case_run(struct stages *p, const char *const *lines, struct buf *out)
{
	struct stages_state *s = stages_state_new(p);
	struct labels labels = { 0 };
	struct arena arena = { 0 };
	for (size_t i = 0; i < CASE_LINES && lines[i]; i++) {
		labels_reset(&labels);
		labels_set(&labels, STR("app"), STR("shop"));
		labels_set(&labels, STR("src"), STR("{\"a\":\"b\"}"));
		char *copy = malloc(strlen(lines[i]) + !lines[i][0]); /* of its own size: reading behind the end is noticed */
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, lines[i], strlen(lines[i]));
		struct entry e = { .line = { copy, strlen(lines[i]) },
			.timestamp_ns = TREE_TIME_NS, .labels = labels, .arena = &arena };
		stages_run(p, s, &e, e.timestamp_ns, tree_print_entry, out);
		labels = e.labels;
		free(copy);
		arena_reset(&arena);
	}
	stages_state_free(s);
	labels_fini(&labels);
	arena_fini(&arena);
}

static inline struct str case_json(const char *text, struct arena *a)
{
	struct str copy = str_of(text);
	char *at = arena_alloc(a, copy.n);
	for (size_t i = 0; i < copy.n; i++)
		at[i] = text[i] == '\'' ? '"' : text[i];
	return (struct str){ at, copy.n };
}

static inline void case_check(const struct stage_case *c)
{
	struct arena arena = { 0 };
	struct buf out;
	char problem[256] = "";
	buf_init(&out, CASE_OUTPUT);
	struct stage_node tree = tree_read(case_json(c->stages, &arena), &arena);
	struct stages *p = stages_compile(&tree, tree_first_problem, problem);
	ck_assert_msg(p != NULL, "%s: %s", c->name, problem);
	case_run(p, c->lines, &out);
	ck_assert_msg(str_eq(buf_view(&out), str_of(c->want)), "%s:\ngot  " STR_FMT "\nwant %s", c->name, STR_ARG(buf_view(&out)),
		c->want);
	stages_free(p);
	buf_fini(&out);
	arena_fini(&arena);
}

/* Runs the table of a file. */
static inline int case_main(const char *name, const TTest *test, int count)
{
	Suite *suite = suite_create(name);
	TCase *tests = tcase_create(name);
	tcase_add_loop_test(tests, test, 0, count);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
