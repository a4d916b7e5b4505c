/* Energy counters of the processor: /sys/class/powercap/ZONE/{name,energy_uj}. kernel: Documentation/power/powercap/powercap.rst
 * Since Linux 5.10 only root may read them. Zones of one name are told apart by an index: the number at the end of "package-0", or
 * one that is counted up for names without it ("dram" of each package). */
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/num.h"

struct rapl { bool has_zone_label; };
struct zone {
	struct str name;
	const char *path;
	uint64_t index;
};

static void name_zone(struct zone *zones, size_t count, struct str name)
{
	struct zone *z = &zones[count];
	struct str number = name, head = str_cut(&number, '-');
	int64_t index;
	if (head.n < name.n && str_find(number, '-') == number.n && num_i64(number, &index) && index >= 0) {
		z->name = head;
		z->index = (uint64_t)index;
		return;
	}
	z->name = name;
	z->index = 0;
	for (size_t i = 0; i < count; i++)
		if (str_eq(zones[i].name, name))
			z->index = zones[i].index + 1;
}

static void add_zone(const struct rapl *r, struct sheet *s, const struct zone *z, double micro_joules)
{
	struct str index = str_of(sheet_text(s, "%llu", (unsigned long long)z->index)), path = str_of(z->path);
	if (r->has_zone_label)
		sheet_add(s, METRIC_COUNTER, "node_rapl_joules_total", "Current RAPL value in joules", micro_joules / 1e6,
			{ "index", index },
			{ "path", path }, { "rapl_zone", z->name });
	else
		sheet_add(s, METRIC_COUNTER, sheet_name(s, "rapl_", z->name, "_joules_total"),
			sheet_text(s, "Current RAPL %.*s value in joules", STR_ARG(z->name)), micro_joules / 1e6,
				{ "index", index },
			{ "path", path });
}

static int update(void *state, struct collect *c)
{
	struct sheet s;
	sheet_init(&s, c->out);
	struct names all;
	int error = names_read(&all, &s.memory, "%s/class/powercap", c->roots->sys);
	struct zone *zones = arena_alloc(&s.memory, (all.count + 1) * sizeof(*zones));
	size_t count = 0, denied = 0;
	for (size_t i = 0; i < all.count; i++) {
		struct str text;
		zones[count].path = sheet_text(&s, "%s/class/powercap/%s", c->roots->sys, all.at[i]);
		if (files_attribute(c->files, &text, "%s/name", zones[count].path) < 0)
			continue;
		name_zone(zones, count, sheet_copy(&s, str_trim(text)));
		double micro_joules;
		int read = files_attribute(c->files, &text, "%s/energy_uj", zones[count].path);
		if (read == 0 && words_unsigned(str_trim(text), &micro_joules))
			add_zone(state, &s, &zones[count], micro_joules);
		denied += read == -EACCES || read == -EPERM;
		count++;
	}
	bool has_nothing = s.count == 0;
	sheet_write(&s);
	return error == -ENOENT || error == -EACCES || (denied > 0 && has_nothing) ? -ENODATA : error;
}

static void *open_state(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots, (void)err;
	struct rapl *r = calloc(1, sizeof(*r));
	if (!r)
		abort();
	r->has_zone_label = strcmp(values[0], "true") == 0;
	return r;
}

static const struct collector_option options[] = {
	{ "enable-zone-label", "false", "Enables service unit metric unit_start_time_seconds" }, /* the reference's own words */
	{ 0 },
};
const struct collector collector_rapl = { "rapl", true, options, open_state, update, free };
