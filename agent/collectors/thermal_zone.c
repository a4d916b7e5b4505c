/* Temperatures and cooling devices: /sys/class/thermal. kernel: Documentation/driver-api/thermal/sysfs-api.rst
 * A zone whose temperature cannot be read (a sensor that sleeps) is 0, as in the reference. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"

static bool number_of(struct collect *c, const char *directory, const char *file, double *out)
{
	struct str text;
	return files_attribute(c->files, &text, "%s/%s", directory, file) == 0 && words_signed(str_trim(text), out);
}

static bool type_of(struct sheet *s, struct collect *c, const char *directory, struct str *out)
{
	*out = (struct str){ 0 };
	struct str text;
	if (files_attribute(c->files, &text, "%s/type", directory) < 0)
		return false;
	*out = sheet_copy(s, str_trim(text));
	return true;
}

static void add_zone(struct sheet *s, struct collect *c, const char *directory, const char *zone)
{
	struct str type;
	double temperature = 0;
	type_of(s, c, directory, &type);
	number_of(c, directory, "temp", &temperature);
	sheet_add(s, METRIC_GAUGE, "node_thermal_zone_temp", "Zone temperature in Celsius", temperature / 1000.0, { "type", type },
		{ "zone", str_of(zone) });
}

static void add_cooling(struct sheet *s, struct collect *c, const char *directory, const char *name)
{
	struct str type;
	double most, now; /* -1: intel_powerclamp does not know */
	if (!type_of(s, c, directory, &type) || !number_of(c, directory, "max_state", &most) ||
		!number_of(c, directory, "cur_state", &now))
		return;
	const struct metric_label labels[] = { { "name", str_of(name) }, { "type", type } };
	sheet_put(s, METRIC_GAUGE, "node_cooling_device_cur_state", "Current throttle state of the cooling device", now, labels, 2);
	sheet_put(s, METRIC_GAUGE, "node_cooling_device_max_state", "Maximum throttle state of the cooling device", most, labels,
		2);
}

static int update(void *state, struct collect *c)
{
	(void)state;
	static const char zone[] = "thermal_zone", cooling[] = "cooling_device";
	struct sheet s;
	sheet_init(&s, c->out);
	struct names all;
	names_read(&all, &s.memory, "%s/class/thermal", c->roots->sys);
	for (size_t i = 0; i < all.count; i++) {
		const char *directory = sheet_text(&s, "%s/class/thermal/%s", c->roots->sys, all.at[i]);
		if (names_is_numbered(all.at[i], zone))
			add_zone(&s, c, directory, all.at[i] + strlen(zone));
		else if (names_is_numbered(all.at[i], cooling))
			add_cooling(&s, c, directory, all.at[i] + strlen(cooling));
	}
	sheet_write(&s);
	return 0;
}

const struct collector collector_thermal_zone = { .name = "thermal_zone", .is_default = true, .update = update };
