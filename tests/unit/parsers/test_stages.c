/* A pipeline as a whole: what is refused and with which words, names, nesting, looking in, memory. */
#include "tests/unit/parsers/stage_cases.h"

static const struct {
	const char *stages, *words; /* of the first problem */
} refused[] = {
	{ "[{'jason':{}}]", "there is no stage \"jason\"; known are json" },
	{ "[{'json':{'expresions':{'a':''}}}]", "there is no key \"expresions\"; known are expressions" },
	{ "[{'json':{}}]", "expressions is missing" },
	{ "['json']", "a stage is one name" },
	{ "[{'json':{'expressions':{'a':'length(x)'}}}]", "functions" },
	{ "[{'json':{'expressions':{'a':'x | y'}}}]", "pipes" },
	{ "[{'json':{'expressions':{'a':'x[?y]'}}}]", "filters" },
	{ "[{'json':{'expressions':{'a':'x[*].y'}}}]", "wildcards" },
	{ "[{'json':{'expressions':{'a':'x[1:2]'}}}]", "slices" },
	{ "[{'json':{'expressions':{'a-b':''}}}]", "must be quoted" },
	{ "[{'json':{'expressions':{'a':'\\'x'}}}]", "quote without its end" },
	{ "[{'json':{'expressions':{'a':''},'source':''}}]", "source is empty" },
	{ "[{'json':{'expressions':{'a':''},'drop_malformed':'perhaps'}}]", "true or false" },
	{ "[{'logfmt':{}}]", "mapping is missing" },
	{ "[{'regex':{}}]", "expression is missing" },
	{ "[{'regex':{'expression':'(a'}}]", "refused at byte" },
	{ "[{'regex':{'expression':'a(?=b)'}}]", "refused at byte" },
	{ "[{'output':{}}]", "source is missing" },
	{ "[{'output':{'source':['a']}}]", "source must be a text" },
	{ "[{'template':{'source':'a','template':'{{ .x'}}]", "line 1 at byte" },
	{ "[{'template':{'source':'a','template':'x\\n{{ nope }}'}}]",
	"line 2 at byte 4: there is no function nope; known are ToLower" },
	{ "[{'template':{'source':'a','template':'{{ range . }}'}}]", "range is not supported" },
	{ "[{'template':{'source':'a','template':'{{ if .x }}'}}]", "an if without its end" },
	{ "[{'template':{'source':'a','template':'{{ end }}'}}]", "end without an if" },
	{ "[{'template':{'source':'a','template':'{{ $x }}'}}]", "variables" },
	{ "[{'template':{'source':'a','template':'{{ .a.b }}'}}]", "no fields" },
	{ "[{'template':{'source':'a','template':'{{ 1.5 }}'}}]", "whole decimal" },
	{ "[{'template':{'source':'a','template':'{{ ToUpper }}'}}]", "ToUpper takes 1 argument, not 0" },
	{ "[{'template':{'source':'a','template':'{{ printf \\'%f\\' .x }}'}}]", "formats" },
	{ "[{'template':{'source':'a','template':'{{ regexReplaceAll .x .y .z }}'}}]", "must be a text that stands here" },
	{ "[{'template':{'source':'a','template':'{{ ((((((((((.x)))))))))) }}'}}]", "parentheses inside" },
	{ "[{'template':{'template':'x'}}]", "source is missing" },
	{ "[{'replace':{'expression':'x','replace':'{{'}}]", "the template is refused" },
	{ "[{'template':{'source':'a','template':'{{ ToUpper`x` }}'}}]", "directly behind a name" },
	{ "[{'timestamp':{'source':'a'}}]", "format is missing" },
	{ "[{'timestamp':{'source':'a','format':'2006','action_on_failure':'x'}}]", "fudge or skip" },
	{ "[{'timestamp':{'source':'a','format':'2006','location':'No/Where'}}]", "no time zone" },
	{ "[{'geoip':{}}]", "not supported" },
	{ "[{'eventlogmessage':{}}]", "not supported" },
	{ "{'json':{}}", "must be a list" },
	{ "[{'decolorize':{'x':1}}]", "it takes no keys" },
};

START_TEST(refuses)
{
	struct arena arena = { 0 };
	char problem[256] = "";
	struct stage_node tree = tree_read(case_json(refused[_i].stages, &arena), &arena);
	struct stages *p = stages_compile(&tree, tree_first_problem, problem);
	ck_assert_msg(!p, "%s was taken", refused[_i].stages);
	ck_assert_msg(strstr(problem, refused[_i].words), "%s: got \"%s\", want \"%s\"", refused[_i].stages, problem,
		refused[_i].words);
	arena_fini(&arena);
}
END_TEST

static struct stages *compile(const char *stages, struct arena *arena)
{
	char problem[256] = "";
	struct stage_node tree = tree_read(case_json(stages, arena), arena);
	struct stages *p = stages_compile(&tree, tree_first_problem, problem);
	ck_assert_msg(p != NULL, "%s: %s", stages, problem);
	return p;
}

static void count_problem(void *ctx, const struct stage_problem *problem, const char *const *known)
{
	(void)problem, (void)known;
	++*(int *)ctx;
}

START_TEST(reports_each_problem)
{
	struct arena arena = { 0 };
	int count = 0;
	struct stage_node tree =
		tree_read(case_json("[{'jason':{}},{'output':{'sorce':'a'}},{'regex':{'expression':'(','source':''}}]", &arena),
		&arena);
	ck_assert_ptr_null(stages_compile(&tree, count_problem, &count));
	ck_assert_int_eq(count, 5);
	arena_fini(&arena);
}
END_TEST

START_TEST(nothing_is_a_pipeline)
{
	struct stage_node none = { .kind = STAGE_NULL };
	struct stages *p = stages_compile(&none, NULL, NULL), *q = stages_compile(NULL, NULL, NULL);
	ck_assert(p && q);
	stages_free(p);
	stages_free(q);
	stages_free(NULL);
}
END_TEST

START_TEST(each_name_is_known)
{
	const char *const *names;
	size_t count = stages_names(&names);
	ck_assert_uint_gt(count, 8);
	for (size_t i = 0; i < count; i++) {
		char problem[256] = "";
		struct str key = str_of(names[i]);
		struct stage_node config = { .kind = STAGE_MAP },
			item = { .kind = STAGE_MAP, .items = &config, .keys = &key, .count = 1 };
		struct stage_node list = { .kind = STAGE_LIST, .items = &item, .count = 1 };
		stages_free(stages_compile(&list, tree_first_problem, problem));
		ck_assert_msg(!strstr(problem, "there is no stage"), "%s", problem);
		ck_assert_msg(!problem[0] || strstr(problem, names[i]), "%s: %s", names[i], problem);
	}
	ck_assert_ptr_null(names[count]);
}
END_TEST

START_TEST(nesting_has_a_bound)
{
	struct arena arena = { 0 };
	for (size_t depth = 7; depth <= 9; depth++) {
		struct buf text;
		char problem[256] = "";
		buf_init(&text, 4096);
		for (size_t i = 0; i < depth; i++)
			buf_printf(&text, "[{'match':{'selector':'{app=~\\'.+\\'}','stages':");
		buf_printf(&text, "[{'decolorize':{}}]");
		for (size_t i = 0; i < depth; i++)
			buf_printf(&text, "}}]");
		buf_char(&text, '\0');
		struct stage_node tree = tree_read(case_json(text.p, &arena), &arena);
		struct stages *p = stages_compile(&tree, tree_first_problem, problem);
		ck_assert_msg((p != NULL) == (depth <= 8), "%zu deep: %s", depth, problem);
		ck_assert(p || strstr(problem, "at most 8 deep"));
		stages_free(p);
		buf_fini(&text);
	}
	arena_fini(&arena);
}
END_TEST

struct looks { char names[256]; size_t n; bool is_before_right; };

static void look(void *ctx, const char *stage, const struct entry *before, const struct entry *after)
{
	struct looks *l = ctx;
	memcpy(l->names + l->n, stage, strlen(stage));
	l->n += strlen(stage);
	l->names[l->n++] = ' ';
	l->is_before_right = l->is_before_right && (strcmp(stage, "json") != 0 ||
		after->extracted_count == before->extracted_count + 1) &&
		(strcmp(stage, "output") != 0 || (before->line.n == 9 && after->line.n == 1));
}

START_TEST(looks_before_and_after)
{
	struct arena arena = { 0 };
	struct buf out;
	struct looks looks = { .is_before_right = true };
	static const char *const lines[CASE_LINES] = { "{\"m\":\"x\"}" };
	buf_init(&out, CASE_OUTPUT);
	struct stages *p = compile("[{'json':{'expressions':{'m':''}}},{'output':{'source':'m'}}]", &arena);
	stages_set_look(p, look, &looks);
	case_run(p, lines, &out);
	ck_assert_str_eq(looks.names, "json output ");
	ck_assert(looks.is_before_right);
	stages_free(p);
	buf_fini(&out);
	arena_fini(&arena);
}
END_TEST

static void ignore(void *ctx, struct entry *e)
{
	(void)ctx, (void)e;
}

START_TEST(memory_does_not_grow)
{
	struct arena arena = { 0 }, text = { 0 };
	struct stages *p = compile("[{'json':{'expressions':{'m':'','o':''}}},{'template':{'source':'x','template':'{{ .m | ToUpper }}'}},"
				   "{'output':{'source':'o'}},{'pack':{'labels':['x']}}]", &text);
	struct stages_state *s = stages_state_new(p);
	struct arena_block *block = NULL;
	for (int i = 0; i < 100; i++) {
		struct entry e = { .line = STR("{\"m\":\"text\",\"o\":{\"a\":[1,2,3]}}"), .arena = &arena };
		stages_run(p, s, &e, 1, ignore, NULL);
		ck_assert(i < 3 || arena.newest == block);
		ck_assert(arena.used_bytes > 0);
		arena_reset(&arena);
		ck_assert_uint_eq(arena.used_bytes, 0);
		block = arena.newest;
	}
	stages_state_free(s);
	stages_free(p);
	arena_fini(&arena);
	arena_fini(&text);
}
END_TEST

START_TEST(a_result_has_a_ceiling)
{
	struct arena arena = { 0 }, text = { 0 };
	struct stages *p = compile("[{'replace':{'expression':'(x)','replace':'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'}}]", &text);
	struct stages_state *s = stages_state_new(p);
	enum { LONG = 100000 };
	char *line = malloc(LONG);
	ck_assert_ptr_nonnull(line);
	memset(line, 'x', LONG);
	struct entry e = { .line = { line, LONG }, .arena = &arena };
	stages_run(p, s, &e, 1, ignore, NULL);
	ck_assert(e.line.p == line && e.line.n == LONG); /* 3.2 MB are too much: it stays as it was */
	e.line.n = 10;
	stages_run(p, s, &e, 1, ignore, NULL);
	ck_assert_uint_eq(e.line.n, 320);
	free(line);
	stages_state_free(s);
	stages_free(p);
	arena_fini(&arena);
	arena_fini(&text);
}
END_TEST

/* Each place where a pipeline has a regular expression. */
static const char *const greedy[] = {
	"[{'regex':{'expression':'(?P<x>(a|aa)+)b$'}}]",
	"[{'drop':{'expression':'(a|aa)+b$'}}]",
	"[{'replace':{'expression':'((a|aa)+)b$','replace':'x'}}]",
	"[{'match':{'selector':'{app=`shop`} |~ `(a|aa)+b$`','stages':[{'labels':{'app':null}}]}}]",
	"[{'template':{'source':'x','template':'{{ regexReplaceAll `(a|aa)+b$` .Entry `y` }}'}}]",
	"[{'multiline':{'firstline':'(a|aa)+b$'}}]",
};

static void note_given_up(void *ctx, const char *stage, const struct entry *before, const struct entry *after)
{
	(void)stage, (void)before;
	*(bool *)ctx |= after->gave_up_regex;
}

START_TEST(counts_and_tells_what_a_regex_gave_up)
{
	enum { LONG = 100000 };
	struct arena arena = { 0 }, text = { 0 };
	struct stages *p = compile(greedy[_i], &arena);
	struct stages_state *s = stages_state_new(p);
	struct labels labels = { 0 };
	char *line = malloc(LONG);
	ck_assert_ptr_nonnull(line);
	memset(line, 'a', LONG);
	line[LONG - 1] = 'b';
	labels_set(&labels, STR("app"), STR("shop"));
	for (int is_long = 0; is_long <= 1; is_long++) {
		bool is_told = false;
		struct entry e = { .line = { line, is_long ? LONG : 10 }, .labels = labels, .arena = &text };
		stages_set_look(p, note_given_up, &is_told);
		stages_run(p, s, &e, 1, ignore, NULL);
		ck_assert_uint_eq(stages_regex_limits(p), (uint64_t)is_long);
		ck_assert_int_eq(is_told, is_long);
		labels = e.labels;
	}
	stages_state_free(s);
	stages_free(p);
	labels_fini(&labels);
	free(line);
	arena_fini(&arena);
	arena_fini(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stages");
	TCase *t = tcase_create("stages");
	tcase_add_loop_test(t, refuses, 0, COUNT_OF(refused));
	tcase_add_test(t, reports_each_problem);
	tcase_add_test(t, nothing_is_a_pipeline);
	tcase_add_test(t, each_name_is_known);
	tcase_add_test(t, nesting_has_a_bound);
	tcase_add_test(t, looks_before_and_after);
	tcase_add_test(t, memory_does_not_grow);
	tcase_add_test(t, a_result_has_a_ceiling);
	tcase_add_loop_test(t, counts_and_tells_what_a_regex_gave_up, 0, COUNT_OF(greedy));
	suite_add_tcase(suite, t);
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
