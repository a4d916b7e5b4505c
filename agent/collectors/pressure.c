/* How long work stood still for want of a resource: /proc/pressure. kernel: Documentation/accounting/psi.rst
 *
 *   some avg10=0.00 avg60=0.00 avg300=0.00 total=40501
 *   full avg10=0.00 avg60=0.00 avg300=0.00 total=40501
 *
 * CPU has no meaningful "full" for the whole machine, interrupts have no "some". */
#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"
#include "parsers/bytes/num.h"

static const struct resource {
	const char *path, *some, *some_help, *full, *full_help; /* NULL: not shown */
} resources[] = {
	{ "/pressure/cpu", "node_pressure_cpu_waiting_seconds_total", "Total time in seconds that processes have waited for CPU time", NULL,
		NULL },
	{ "/pressure/io", "node_pressure_io_waiting_seconds_total", "Total time in seconds that processes have waited due to IO congestion",
		"node_pressure_io_stalled_seconds_total", "Total time in seconds no process could make progress due to IO congestion" },
	{ "/pressure/memory", "node_pressure_memory_waiting_seconds_total",
		"Total time in seconds that processes have waited for memory", "node_pressure_memory_stalled_seconds_total",
		"Total time in seconds no process could make progress due to memory congestion" },
	{ "/pressure/irq", NULL, NULL, "node_pressure_irq_stalled_seconds_total",
		"Total time in seconds no process could make progress due to IRQ congestion" },
};

static bool total_of(struct str line, uint64_t *out)
{
	while (line.n) {
		struct str word = fields_next(&line);
		if (str_starts(word, STR("total=")))
			return num_u64(str_skip(word, sizeof "total=" - 1), out);
	}
	return false;
}

void pressure_parse(struct str text, struct pressure *out)
{
	*out = (struct pressure){ 0 };
	while (text.n) {
		struct str line = str_cut(&text, '\n'), kind = fields_next(&line);
		if (str_eq(kind, STR("some")))
			out->has_some = total_of(line, &out->some_us);
		else if (str_eq(kind, STR("full")))
			out->has_full = total_of(line, &out->full_us);
	}
}

/* 1: written, 0: not there, or -errno. */
static int write_resource(struct collect *c, const struct resource *r)
{
	struct str text;
	struct pressure p;
	int error = files_read(c->files, c->roots->proc, r->path, true, &text);
	if (error == -ENOENT)
		return 0;
	if (error)
		return error == -EOPNOTSUPP ? -ENODATA : error; /* compiled in, but not switched on with psi=1 */
	pressure_parse(text, &p);
	if ((r->some && !p.has_some) || (r->full && !p.has_full))
		return -ENODATA;
	if (r->some)
		families_counter(c->out, r->some, r->some_help, (double)p.some_us / 1e6);
	if (r->full)
		families_counter(c->out, r->full, r->full_help, (double)p.full_us / 1e6);
	return 1;
}

static int update(void *state, struct collect *c)
{
	int found = 0, failed = 0;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(resources); i++) {
		int result = write_resource(c, &resources[i]);
		found += result > 0;
		failed = result < 0 ? result : failed;
	}
	return failed ? failed : found ? 0 : -ENODATA;
}

const struct collector collector_pressure = { .name = "pressure", .is_default = true, .update = update };
