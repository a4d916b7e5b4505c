/* The file of `spoor test`: lines, and what a pipeline is to make of them. Read by the loader of the configuration from a table of its own,
 * config/options/options_test.c, so that a slip in it is told with line, column and the nearest key. */
#ifndef CONFIG_TEST_FILE_H
#define CONFIG_TEST_FILE_H

#include "config/load.h"

struct test_record { /* cases[].expect[] : what is not given is not compared */
	struct str line, dropped, tenant, timestamp;
	int64_t timestamp_ns;
	struct config_labels labels, labels_include;     /* all of them; some of them, an empty value: there is none */
	struct config_labels structured_metadata, structured_metadata_include;
	bool has_line, has_dropped, has_tenant, has_timestamp, has_labels, has_structured_metadata;
	uint64_t at_line, at_column;                     /* of the test file */
};
struct test_case {
	struct str name, format;                         /* format: empty: that of the file */
	struct config_labels labels;                     /* on top of those of the file */
	struct config_strings input;                     /* lines */
	struct test_record *records; size_t record_count;
	struct config_labels metrics;                    /* 'name{label="value"}' to its value */
	uint64_t at_line, at_column;
};
struct test_file {
	struct config *memory;                           /* holds everything here; no configuration */
	struct str config, job, now, format;             /* config: path as it is written */
	int64_t now_ns;
	struct config_labels labels;
	struct config_stages stages;
	bool has_stages;
	struct test_case *cases; size_t case_count;
};

/* As config_load. */
struct test_file *test_file_load(struct str text, struct str name, struct config_problems *problems);
void test_file_free(struct test_file *t);

#endif
