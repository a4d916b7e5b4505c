/* The schema agrees with the tables that it is made from. That it judges files as the loader does is tests/e2e/36_offline_commands. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/options/options.h"
#include "config/schema/schema.h"
#include "parsers/stages/stages.h"

static struct buf schema;

static void print_schema(void)
{
	buf_init(&schema, 1 << 20);
	config_schema_print(&schema);
	buf_char(&schema, '\0');
}

static void free_schema(void)
{
	buf_fini(&schema);
}

static bool has_row(const char *stage, const char *key)
{
	const struct schema_stage_key *row;
	for (size_t i = 0; (row = schema_stage_key_at(i)); i++)
		if (strcmp(row->stage, stage) == 0 && strcmp(row->key, key) == 0)
			return true;
	return false;
}

START_TEST(every_stage_key_has_a_row)
{
	const char *const *names;
	size_t count = stages_names(&names);
	for (size_t i = 0; i < count; i++) {
		const char *const *keys = stages_keys(str_of(names[i]));
		for (size_t k = 0; keys && keys[k]; k++)
			ck_assert_msg(has_row(names[i], keys[k]), "schema_stages.c has no row for %s of %s", keys[k], names[i]);
	}
}
END_TEST

START_TEST(every_row_is_a_stage_key)
{
	const struct schema_stage_key *row;
	for (size_t i = 0; (row = schema_stage_key_at(i)); i++) {
		const char *const *keys = stages_keys(str_of(row->stage));
		bool is_known = false;
		for (size_t k = 0; keys && keys[k]; k++)
			is_known = is_known || strcmp(keys[k], row->key) == 0;
		ck_assert_msg(is_known, "%s has no key %s", row->stage, row->key);
	}
}
END_TEST

/* A stage whose schema requires a key is refused without any. */
START_TEST(required_keys_are_required)
{
	const struct schema_stage_key *row;
	for (size_t i = 0; (row = schema_stage_key_at(i)); i++) {
		const struct str name = str_of(row->stage);
		const struct stage_node nothing = { .kind = STAGE_MAP }, stage = { .kind = STAGE_MAP, .keys = &name, .items = &nothing, .count = 1 };
		const struct stage_node list = { .kind = STAGE_LIST, .items = &stage, .count = 1 };
		struct stages *p = row->is_required ? stages_compile(&list, NULL, NULL) : NULL;
		ck_assert_msg(!p, "%s is taken without %s", row->stage, row->key);
	}
}
END_TEST

/* "#/$defs/x" is only written where "x": is defined. */
START_TEST(every_reference_is_there)
{
	static const char mark[] = "\"#/$defs/";
	int seen = 0;
	for (const char *at = schema.p; (at = strstr(at, mark)); seen++) {
		char wanted[256];
		at += sizeof mark - 1;
		size_t n = strcspn(at, "\"");
		ck_assert(n + 4 < sizeof wanted);
		snprintf(wanted, sizeof wanted, "\"%.*s\":", (int)n, at);
		ck_assert_msg(strstr(schema.p, wanted) != NULL, "no definition %.*s", (int)n, at);
	}
	ck_assert_int_ge(seen, 200);
}
END_TEST

START_TEST(every_key_is_there)
{
	const struct option *o;
	for (size_t i = 0; (o = option_at(i)); i++) {
		char wanted[256];
		snprintf(wanted, sizeof wanted, "\n \"%.*s\":{", STR_ARG(option_key(o)));
		ck_assert_msg(strstr(schema.p, wanted) != NULL, "%s is not in the schema", o->path);
	}
}
END_TEST

START_TEST(it_fits)
{
	ck_assert_uint_lt(schema.n, 512 << 10);
	ck_assert(strstr(schema.p, "\"batchwait\":{\"$ref\":\"#/$defs/duration\",\"default\":\"1s\",\"description\":\"Longest time a line waits for others before "
				   "it is sent. From 10ms to 5m.\"}"));
	ck_assert(strstr(schema.p, "\"log_level\":{\"enum\":[\"debug\",\"info\",\"warn\",\"error\",null],\"default\":\"info\""));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schema");
	TCase *tcase = tcase_create("schema");
	tcase_add_checked_fixture(tcase, print_schema, free_schema);
	tcase_add_test(tcase, every_stage_key_has_a_row);
	tcase_add_test(tcase, every_row_is_a_stage_key);
	tcase_add_test(tcase, required_keys_are_required);
	tcase_add_test(tcase, every_reference_is_there);
	tcase_add_test(tcase, every_key_is_there);
	tcase_add_test(tcase, it_fits);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
