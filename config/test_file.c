/* The walk is the loader's; what is here are the rules between keys, and which expectations were given. */
#include "config/test_file.h"

#include <stdlib.h>

#include "config/loader.h"
#include "config/problems.h"
#include "parsers/bytes/rfc3339.h"

/* Was the key given with a value, an empty one too? */
static bool is_given(struct loader *r, const void *field)
{
	const struct place *at = loader_field(r, field);
	return at && at->node->kind != NODE_NULL;
}

static void read_time(struct loader *r, const struct str *text, int64_t *out_ns)
{
	const struct place *at = loader_field(r, text);
	if (!rfc3339_parse(*text, out_ns) && at)
		loader_error(r, at, "expected a time such as 2025-01-31T09:00:00Z");
}

static void check_record(struct loader *r, struct test_record *record)
{
	const struct place *at = loader_element(r, record);
	record->at_line = at ? at->line : 0;
	record->at_column = at ? at->column : 0;
	record->has_line = is_given(r, &record->line);
	record->has_labels = is_given(r, &record->labels);
	record->has_structured_metadata = is_given(r, &record->structured_metadata);
	record->has_tenant = is_given(r, &record->tenant);
	record->has_dropped = is_given(r, &record->dropped);
	record->has_timestamp = is_given(r, &record->timestamp);
	if (record->has_timestamp)
		read_time(r, &record->timestamp, &record->timestamp_ns);
}

static void check_case(struct loader *r, struct test_case *c)
{
	const struct place *at = loader_element(r, c);
	c->at_line = at ? at->line : 0;
	c->at_column = at ? at->column : 0;
	for (size_t i = 0; i < c->record_count; i++)
		check_record(r, &c->records[i]);
	if (!at || at->node->kind != NODE_MAP)
		return;
	if (!is_given(r, &c->name))
		loader_key_error(r, at, "name is missing: what the case is about");
	if (!loader_field(r, &c->input))
		loader_key_error(r, at, "input is missing: the lines");
	if (!loader_field(r, &c->records) && !loader_field(r, &c->metrics))
		loader_key_error(r, at, "expect is missing: the records that come out; write expect: [] when there are none");
}

static void check_file(struct loader *r, struct test_file *t, const struct node *root)
{
	struct place top = { .line = 1, .column = 1, .node = root };
	const struct place *stages = loader_field(r, &t->stages), *config = loader_field(r, &t->config), *job = loader_field(r, &t->job);
	t->has_stages = stages != NULL;
	if (stages && config)
		loader_key_error(r, config, "not together with pipeline_stages: one of them says which pipeline it is");
	else if (stages && job)
		loader_key_error(r, job, "jobs are in a file: name it in config");
	else if (!stages && !config)
		loader_key_error(r, &top, "which pipeline? config names a file, pipeline_stages has it here");
	if (!t->case_count && root->kind == NODE_MAP && !loader_field(r, &t->cases))
		loader_key_error(r, &top, "cases are missing");
	read_time(r, &t->now, &t->now_ns);
	for (size_t i = 0; i < t->case_count; i++)
		check_case(r, &t->cases[i]);
}

static struct test_file *load_tree(struct loader *r, const struct node *root)
{
	struct place top = { .line = 1, .column = 1, .node = root };
	struct test_file *t = arena_alloc(&r->config->arena, sizeof *t);
	*t = (struct test_file){ .memory = r->config };
	loader_set_defaults(r, (struct str){ 0 }, (char *)t);
	if (root && root->kind != NODE_MAP && root->kind != NODE_NULL)
		loader_expected(r, &top, "cases and a pipeline");
	else if (root)
		loader_walk(r, root, (char *)t);
	if (root)
		check_file(r, t, root);
	return t;
}

struct test_file *test_file_load(struct str text, struct str name, struct config_problems *problems)
{
	struct arena arena = { 0 };
	struct config *memory = calloc(1, sizeof *memory);
	if (!memory)
		abort();
	memory->path = arena_copy(&memory->arena, name);
	struct loader r = { .config = memory, .problems = problems, .file = OPTIONS_TEST };
	const struct node *root = NULL;
	if (text.n > CONFIG_MOST_BYTES)
		problem_add(problems, false, 1, 1, (struct str){ 0 }, "more than 1 MiB are not read");
	else
		root = tree_parse(text, &arena, problems);
	struct test_file *t = load_tree(&r, root);
	problems_finish(problems, text);
	loader_fini(&r);
	arena_fini(&arena);
	if (!problems->errors)
		return t;
	config_free(memory);
	return NULL;
}

void test_file_free(struct test_file *t)
{
	if (t)
		config_free(t->memory);
}
