/* Any bytes: no crash; an error for each refusal; what is accepted prints to a file that is accepted and prints the same. */
#include <stdint.h>
#include <stdlib.h>

#include "config/load.h"

static struct config *load(struct str text)
{
	struct config_problems problems = { 0 };
	struct buf shown;
	struct config *c = config_load(text, STR("fuzz.yaml"), &problems);
	if ((c == NULL) != (problems.errors > 0))
		abort();
	buf_init(&shown, 1 << 22);
	config_problems_print(&problems, STR("fuzz.yaml"), &shown);
	buf_fini(&shown);
	config_problems_fini(&problems);
	return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once, twice;
	struct config *c = load((struct str){ (const char *)data, size });
	if (!c)
		return 0;
	buf_init(&once, 1 << 24);
	buf_init(&twice, 1 << 24);
	config_print(c, &once);
	config_free(c);
	c = once.n <= CONFIG_MOST_BYTES ? load(buf_view(&once)) : NULL;
	if (!c && once.n <= CONFIG_MOST_BYTES)
		abort();
	if (c)
		config_print(c, &twice);
	if (c && !str_eq(buf_view(&once), buf_view(&twice)))
		abort();
	config_free(c);
	buf_fini(&once);
	buf_fini(&twice);
	return 0;
}
