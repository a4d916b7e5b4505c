/* What came out of one case against what was expected, as text: one block for each difference. */
#ifndef AGENT_COMMANDS_TEST_COMPARE_H
#define AGENT_COMMANDS_TEST_COMPARE_H

#include "agent/commands/trial.h"
#include "config/test_file.h"
#include "parsers/bytes/buf.h"

struct comparison {
	const char *path;        /* of the test file */
	const struct test_case *test;
	size_t seen;             /* records that came out */
	size_t differences;
	struct buf out;
};

void comparison_begin(struct comparison *c, const char *path, const struct test_case *test);
void comparison_record(void *comparison, const struct trial_record *r); /* as trial_options.on_record */
void comparison_end(struct comparison *c, const struct trial *trial);   /* records that did not come, and metrics */
void comparison_fini(struct comparison *c);

#endif
