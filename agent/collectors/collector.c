/* The filter that most collectors of devices have: a pattern of names to leave out, or one of names to take. */
#include "agent/collectors/collector.h"

#include <stdio.h>

static int compile(struct regex **out, const char *pattern, char err[256])
{
	if (!pattern || !*pattern)
		return 0;
	*out = regex_new(str_of(pattern), 0, err);
	return *out ? 0 : -1;
}

int device_filter_init(struct device_filter *f, const char *include, const char *exclude, char err[256])
{
	*f = (struct device_filter){ 0 };
	if (include && *include && exclude && *exclude) {
		snprintf(err, 256, "include \"%.80s\" and exclude \"%.80s\" are mutually exclusive: give one of them", include, exclude);
		return -1;
	}
	if (compile(&f->include, include, err) == 0 && compile(&f->exclude, exclude, err) == 0)
		return 0;
	device_filter_fini(f);
	return -1;
}

bool device_filter_ignores(const struct device_filter *f, struct str name)
{
	return (f->exclude && regex_match(f->exclude, name, 0, NULL) == REGEX_MATCH) ||
	       (f->include && regex_match(f->include, name, 0, NULL) != REGEX_MATCH);
}

void device_filter_fini(struct device_filter *f)
{
	regex_free(f->include);
	regex_free(f->exclude);
	*f = (struct device_filter){ 0 };
}
