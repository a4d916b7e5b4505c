/* What collectors share: the filter that most collectors of devices have, a pattern of names to leave out or one of names to take;
 * and a file with one number in it. */
#include "agent/collectors/collector.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/fields.h"

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

struct device_filter *device_filter_new(const char *include, const char *exclude, char err[256])
{
	struct device_filter *f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	if (device_filter_init(f, include, exclude, err) == 0)
		return f;
	free(f);
	return NULL;
}

void device_filter_free(void *filter)
{
	if (filter)
		device_filter_fini(filter);
	free(filter);
}

int collect_gauge(struct collect *c, const char *path, const char *name, const char *help)
{
	struct str text;
	uint64_t value;
	int error = files_read(c->files, c->roots->proc, path, true, &text);
	if (error)
		return error;
	if (!fields_u64(&text, &value))
		return -EINVAL;
	families_gauge(c->out, name, help, (double)value);
	return 0;
}
