/* Any bytes: no crash, and an error for each refusal. */
#include <stdint.h>
#include <stdlib.h>

#include "config/test_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_problems problems = { 0 };
	struct test_file *t = test_file_load((struct str){ (const char *)data, size }, STR("fuzz.yaml"), &problems);
	if ((t == NULL) != (problems.errors > 0))
		abort();
	test_file_free(t);
	config_problems_fini(&problems);
	return 0;
}
