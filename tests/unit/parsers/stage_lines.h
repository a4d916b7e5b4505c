/* For tests of pipeline stages: a pipeline in YAML's flow style, lines in, entries out as text.
 *	stage_lines_open(&t, "[{labels: {app: , level: lvl}}]", "job=x") … stage_lines_put(&t, "a line") … t.out … stage_lines_close(&t)
 * An entry is printed as  line{labels}[metadata]@tenant !reason;  with what is empty left out. */
#ifndef TESTS_STAGE_LINES_H
#define TESTS_STAGE_LINES_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/stages/stages.h"

struct stage_lines {
	struct arena tree, turn;
	struct stages *stages;
	struct stages_state *state;
	struct labels labels, metadata;
	struct buf out;
	char problem[256];
	size_t problems;
	int64_t now_ns, timestamp_ns;
	bool shows_time; /* as <seconds> in front of the line */
};

static inline void stage_lines_problem(void *ctx, const struct stage_problem *problem, const char *const *known)
{
	struct stage_lines *t = ctx;
	(void)known;
	if (t->problems++ == 0)
		memcpy(t->problem, problem->text, sizeof t->problem);
}

static inline void stage_lines_blank(struct str *s)
{
	while (s->n && (s->p[0] == ' ' || s->p[0] == '\t' || s->p[0] == '\n'))
		*s = str_skip(*s, 1);
}

static inline struct str stage_lines_scalar(struct arena *a, struct str *s, bool *is_quoted)
{
	char quote = s->n && (s->p[0] == '\'' || s->p[0] == '"') ? s->p[0] : 0;
	*is_quoted = quote != 0;
	if (quote) {
		*s = str_skip(*s, 1);
		return arena_copy(a, str_cut(s, quote));
	}
	size_t n = 0;
	while (n < s->n && !memchr(",{}[]", s->p[n], 5) && !(s->p[n] == ':' && (n + 1 == s->n || s->p[n + 1] == ' ')))
		n++;
	struct str text = str_take(*s, n);
	*s = str_skip(*s, n);
	return text;
}

static inline struct stage_node stage_lines_node(struct arena *a, struct str *s)
{
	enum { MOST = 64 };
	struct stage_node n = { .line = 1, .column = 1 }, *items;
	struct str *keys;
	stage_lines_blank(s);
	if (s->n == 0 || (s->p[0] != '{' && s->p[0] != '[')) {
		n.text = stage_lines_scalar(a, s, &n.is_quoted);
		n.kind = n.text.n || n.is_quoted ? STAGE_SCALAR : STAGE_NULL;
		return n;
	}
	n.kind = s->p[0] == '{' ? STAGE_MAP : STAGE_LIST;
	char end = s->p[0] == '{' ? '}' : ']';
	n.items = items = arena_alloc(a, MOST * sizeof *items);
	n.keys = keys = arena_alloc(a, MOST * sizeof *keys);
	*s = str_skip(*s, 1);
	for (;;) {
		bool is_quoted;
		stage_lines_blank(s);
		ck_assert_msg(s->n > 0 && n.count < MOST, "the test's pipeline is not closed");
		if (s->p[0] == end)
			break;
		if (n.kind == STAGE_MAP) {
			keys[n.count] = stage_lines_scalar(a, s, &is_quoted);
			ck_assert_msg(s->n && s->p[0] == ':', "no colon in the test's pipeline at " STR_FMT, STR_ARG(*s));
			*s = str_skip(*s, 1);
		}
		items[n.count++] = stage_lines_node(a, s);
		stage_lines_blank(s);
		if (s->n && s->p[0] == ',')
			*s = str_skip(*s, 1);
	}
	*s = str_skip(*s, 1);
	return n;
}

/* false: problems were reported, the first is in t->problem. labels: "a=b c=d" */
static inline bool stage_lines_open(struct stage_lines *t, const char *pipeline, const char *labels)
{
	*t = (struct stage_lines){ .now_ns = INT64_C(1700000000000000000), .timestamp_ns = INT64_C(1700000000000000000) };
	struct str text = str_of(pipeline), rest = str_of(labels);
	struct stage_node *root = arena_alloc(&t->tree, sizeof *root);
	*root = stage_lines_node(&t->tree, &text);
	buf_init(&t->out, 1 << 24);
	while (rest.n) {
		struct str pair = str_cut(&rest, ' '), name = str_cut(&pair, '=');
		labels_set(&t->labels, name, pair);
	}
	t->stages = stages_compile(root, stage_lines_problem, t);
	if (t->stages)
		t->state = stages_state_new(t->stages);
	return t->stages != NULL;
}

static inline void stage_lines_close(struct stage_lines *t)
{
	stages_state_free(t->state);
	stages_free(t->stages);
	labels_fini(&t->labels);
	labels_fini(&t->metadata);
	buf_fini(&t->out);
	arena_fini(&t->tree);
	arena_fini(&t->turn);
}

static inline void stage_lines_emit(void *ctx, struct entry *e)
{
	struct stage_lines *t = ctx;
	if (t->shows_time)
		buf_printf(&t->out, "<%lld>", (long long)(e->timestamp_ns / 1000000000));
	buf_str(&t->out, e->line);
	if (e->labels.count)
		labels_print(&e->labels, &t->out);
	if (e->metadata.count) {
		size_t at = t->out.n;
		labels_print(&e->metadata, &t->out);
		t->out.p[at] = '[';
		t->out.p[t->out.n - 1] = ']';
	}
	if (e->tenant.n)
		buf_printf(&t->out, "@" STR_FMT, STR_ARG(e->tenant));
	if (e->drop_reason)
		buf_printf(&t->out, " !%s", e->drop_reason);
	buf_char(&t->out, ';');
}

static inline void stage_lines_put(struct stage_lines *t, struct str line)
{
	/* A copy of its own length: a view that outlives it is found by the sanitizer. */
	char *copy = malloc(line.n ? line.n : 1);
	ck_assert(copy != NULL);
	memcpy(copy, line.p, line.n);
	struct entry e = { .line = { copy, line.n }, .timestamp_ns = t->timestamp_ns, .arena = &t->turn };
	labels_copy(&e.labels, &t->labels);
	stages_run(t->stages, t->state, &e, t->now_ns, stage_lines_emit, t);
	labels_fini(&e.labels);
	labels_fini(&e.metadata);
	arena_reset(&t->turn);
	free(copy);
}

static inline int64_t stage_lines_flush(struct stage_lines *t, bool all)
{
	return stages_flush(t->stages, t->state, t->now_ns, all, stage_lines_emit, t);
}

struct stage_lines_case { const char *name, *pipeline, *labels, *lines /* with \n between */, *want; };

static inline void stage_lines_check(const struct stage_lines_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct stage_lines t;
		struct str rest = str_of(cases[i].lines);
		ck_assert_msg(stage_lines_open(&t, cases[i].pipeline, cases[i].labels), "%s: %s", cases[i].name, t.problem);
		do
			stage_lines_put(&t, str_cut(&rest, '\n'));
		while (rest.n);
		stage_lines_flush(&t, true);
		ck_assert_msg(!stages_is_holding(t.state), "%s: still holding", cases[i].name);
		ck_assert_msg(str_eq(buf_view(&t.out), str_of(cases[i].want)), "%s: got\n" STR_FMT "\nwant\n%s", cases[i].name,
			STR_ARG(buf_view(&t.out)), cases[i].want);
		stage_lines_close(&t);
	}
}

/* Pipelines that cannot be, and a part of the sentence. */
struct stage_lines_refusal { const char *pipeline, *want; };

static inline void stage_lines_refuse(const struct stage_lines_refusal *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct stage_lines t;
		bool is_open = stage_lines_open(&t, cases[i].pipeline, "");
		ck_assert_msg(!is_open, "taken: %s", cases[i].pipeline);
		ck_assert_msg(strstr(t.problem, cases[i].want), "%s: got \"%s\", want \"%s\"", cases[i].pipeline, t.problem, cases[i].want);
		stage_lines_close(&t);
	}
}

static inline int stage_lines_main(const char *name, void (*add)(TCase *t))
{
	Suite *s = suite_create(name);
	TCase *t = tcase_create(name);
	add(t);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

#endif
