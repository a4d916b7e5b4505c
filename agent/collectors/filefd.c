/* /proc/sys/fs/file-nr: allocated, free (always 0 since Linux 2.6), maximum. */
#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"

bool filefd_write(struct families *f, struct str text)
{
	double values[3];
	for (size_t i = 0; i < COUNT_OF(values); i++)
		if (!fields_number(fields_next(&text), &values[i]))
			return false;
	families_gauge(f, "node_filefd_allocated", "File descriptor statistics: allocated.", values[0]);
	families_gauge(f, "node_filefd_maximum", "File descriptor statistics: maximum.", values[2]);
	return true;
}

static int update(void *state, struct collect *c)
{
	struct str text;
	(void)state;
	int error = files_read(c->files, c->roots->proc, "/sys/fs/file-nr", true, &text);
	if (error)
		return error;
	return filefd_write(c->out, text) ? 0 : -EINVAL;
}

const struct collector collector_filefd = { .name = "filefd", .is_default = true, .update = update };
