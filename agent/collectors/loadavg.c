/* /proc/loadavg: "0.20 0.18 0.12 1/80 11206". */
#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"

bool loadavg_write(struct families *f, struct str text)
{
	static const struct {
		const char *name, *help;
	} table[] = { { "node_load1", "1m load average." }, { "node_load5", "5m load average." }, { "node_load15", "15m load average." } };
	double values[COUNT_OF(table)];
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (!fields_number(fields_next(&text), &values[i]))
			return false;
	for (size_t i = 0; i < COUNT_OF(table); i++)
		families_gauge(f, table[i].name, table[i].help, values[i]);
	return true;
}

static int update(void *state, struct collect *c)
{
	struct str text;
	(void)state;
	int error = files_read(c->files, c->roots->proc, "/loadavg", true, &text);
	if (error)
		return error;
	return loadavg_write(c->out, text) ? 0 : -EINVAL;
}

const struct collector collector_loadavg = { .name = "loadavg", .is_default = true, .update = update };
