/* Any bytes: no crash; and what comes out is YAML that the loader takes, unless a variable stands in it. */
#include <stdint.h>
#include <stdlib.h>

#include "config/convert/convert.h"

static bool has_variable(struct str s)
{
	for (size_t i = 0; i + 1 < s.n; i++)
		if (s.p[i] == '$' && s.p[i + 1] == '{')
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct config_problems problems = { 0 }, again = { 0 };
	struct conversion c;
	struct buf report;
	bool is_good = config_convert(text, STR("fuzz.yaml"), NULL, &c, &problems);
	if (is_good == (problems.errors > 0))
		abort();
	if (is_good) {
		buf_init(&report, 1 << 22);
		conversion_report(&c, STR("fuzz.yaml"), &report);
		buf_fini(&report);
		struct config *loaded = config_load(buf_view(&c.text), STR("native"), &again);
		if (!loaded && !has_variable(text))
			abort();
		config_free(loaded);
	}
	conversion_fini(&c);
	config_problems_fini(&problems);
	config_problems_fini(&again);
	return 0;
}
