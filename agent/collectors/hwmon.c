/* Sensors: /sys/class/hwmon/hwmonN, files TYPE NUMBER "_" PROPERTY ("temp1_input"), in the directory itself or in its device (old
 * drivers). kernel: Documentation/hwmon/sysfs-interface.rst
 *
 * hwmonN depends on the order in which modules load; the label `chip` is therefore made of the device's path, bus and name
 * ("platform_coretemp_0"). Two hwmon of one device would collide there: they get the driver's name behind it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/storage_texts.h"
#include "parsers/bytes/num.h"

enum { HWMON_VALUES_MAX = 4096 };

struct hwmon { struct device_filter chips, sensors; };

struct value { /* one file */
	struct str sensor, type, element, text; /* temp1 temp input 42000 */
};
struct chip {
	const char *directory;
	struct str base, driver, name;
	struct value *values;
	size_t count, room;
};

static const char *const types[] = {
	"vrm", "beep_enable", "update_interval", "in", "cpu", "fan", "pwm", "temp", "curr", "power", "energy", "humidity",
		"intrusion", "freq",
};

bool hwmon_parse_name(struct str file, struct str *type, struct str *number, struct str *element)
{
	size_t n = 0;
	while (n < file.n && !ascii_is_digit(file.p[n]))
		n++;
	size_t digits = num_digits(str_skip(file, n));
	*type = str_take(file, n);
	*number = str_take(str_skip(file, n), digits);
	struct str rest = str_skip(file, n + digits);
	*element = str_skip(rest, 1);
	if (n == 0 || rest.n == 0 || (rest.p[0] == '_' && element->n > 0))
		return n > 0;
	while (n > 1 && file.p[n - 1] != '_') /* no number in front of the last underscore, digits behind it */
		n--;
	if (n < 2)
		return false;
	*type = str_take(file, n - 1);
	*number = (struct str){ 0 };
	*element = str_skip(file, n);
	return element->n > 0;
}

struct str hwmon_clean(struct arena *arena, struct str text)
{
	struct str copy = arena_copy(arena, text);
	char *bytes = arena_alloc(arena, copy.n + 1);
	for (size_t i = 0; i < copy.n; i++) {
		char c = ascii_lower(copy.p[i]);
		bool is_kept = (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == ':' || c == '_';
		bytes[i] = is_kept ? c : '_';
	}
	copy.p = bytes;
	while (copy.n > 0 && copy.p[0] == '_')
		copy = str_skip(copy, 1);
	while (copy.n > 0 && copy.p[copy.n - 1] == '_')
		copy.n--;
	return copy;
}

static const struct value *find(const struct chip *chip, struct str sensor, const char *element)
{
	for (size_t i = 0; i < chip->count; i++)
		if (str_eq(chip->values[i].sensor, sensor) && str_eq(chip->values[i].element, str_of(element)))
			return &chip->values[i];
	return NULL;
}

static void keep_value(struct sheet *s, struct chip *chip, struct value value)
{
	for (size_t i = 0; i < chip->count; i++)
		if (str_eq(chip->values[i].sensor, value.sensor) && str_eq(chip->values[i].element, value.element)) {
			chip->values[i] = value;
			return;
		}
	if (chip->count == HWMON_VALUES_MAX)
		return;
	if (chip->count == chip->room) {
		size_t room = chip->room ? chip->room * 2 : 32;
		struct value *values = arena_alloc(&s->memory, room * sizeof(*values));
		if (chip->count > 0)
			memcpy(values, chip->values, chip->count * sizeof(*values));
		chip->values = values;
		chip->room = room;
	}
	chip->values[chip->count++] = value;
}

static void read_values(struct sheet *s, struct collect *c, struct chip *chip, const char *directory)
{
	struct names files;
	names_read(&files, &s->memory, "%s", directory);
	for (size_t i = 0; i < files.count; i++) {
		struct value value;
		struct str number, text;
		if (!hwmon_parse_name(str_of(files.at[i]), &value.type, &number, &value.element))
			continue;
		bool is_known = false;
		for (size_t t = 0; t < COUNT_OF(types) && !is_known; t++)
			is_known = str_eq(value.type, str_of(types[t]));
		const char *path = sheet_text(s, "/%s", files.at[i]);
		uint64_t id = 0;
		if (!is_known || (number.n > 0 && !num_u64(number, &id)) || files_read(c->files, directory, path, false, &text) < 0)
			continue;
		while (text.n > 0 && text.p[text.n - 1] == '\n')
			text.n--;
		value.text = sheet_copy(s, text);
		value.sensor = str_of(sheet_text(s, "%.*s%llu", STR_ARG(value.type), (unsigned long long)id));
		keep_value(s, chip, value);
	}
}

/* What the value is and in which unit; the first row that fits. element NULL: any. */
static const struct unit {
	const char *type, *element, *suffix, *help;
	double divisor;
	enum metric_type kind;
} units[] = {
	{ "in", NULL, "_volts", "Hardware monitor for voltage (%.*s)", 1e3, METRIC_GAUGE },
	{ "cpu", NULL, "_volts", "Hardware monitor for voltage (%.*s)", 1e3, METRIC_GAUGE },
	{ "temp", "type", "", "Hardware monitor temp element %.*s", 1, METRIC_GAUGE },
	{ "temp", NULL, "_celsius", "Hardware monitor for temperature (%.*s)", 1e3, METRIC_GAUGE },
	{ "curr", NULL, "_amps", "Hardware monitor for current (%.*s)", 1e3, METRIC_GAUGE },
	{ "energy", NULL, "_joule_total", "Hardware monitor for joules used so far (%.*s)", 1e6, METRIC_COUNTER },
	{ "power", "accuracy", "", "Hardware monitor power meter accuracy, as a ratio", 1e6, METRIC_GAUGE },
	{ "power", "average_interval", "_seconds", "Hardware monitor power usage update interval (%.*s)", 1e3, METRIC_GAUGE },
	{ "power", "average_interval_min", "_seconds", "Hardware monitor power usage update interval (%.*s)", 1e3, METRIC_GAUGE },
	{ "power", "average_interval_max", "_seconds", "Hardware monitor power usage update interval (%.*s)", 1e3, METRIC_GAUGE },
	{ "power", NULL, "_watt", "Hardware monitor for power usage in watts (%.*s)", 1e6, METRIC_GAUGE },
	{ "humidity", NULL, "",
	  "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a percentage) (%.*s)", 1e6,
	  METRIC_GAUGE },
	{ "fan", "input", "_rpm", "Hardware monitor for fan revolutions per minute (%.*s)", 1, METRIC_GAUGE },
	{ "fan", "min", "_rpm", "Hardware monitor for fan revolutions per minute (%.*s)", 1, METRIC_GAUGE },
	{ "fan", "max", "_rpm", "Hardware monitor for fan revolutions per minute (%.*s)", 1, METRIC_GAUGE },
	{ "fan", "target", "_rpm", "Hardware monitor for fan revolutions per minute (%.*s)", 1, METRIC_GAUGE },
};

/* The reference multiplies by 0.001 where it turns thousandths into units, which is not always the same double as dividing by
 * 1000. */
static double scale(double value, double divisor)
{
	return divisor == 1e3 ? value * 0.001 : value / divisor;
}

static const char *name_of(struct sheet *s, const struct chip *chip, const struct value *v)
{
	const char *prefix = sheet_text(s, "node_hwmon_%.*s", STR_ARG(v->type));
	if (str_eq(v->element, STR("input")))
		return find(chip, v->sensor, "") ? sheet_text(s, "%s_input", prefix) : prefix;
	struct str clean = hwmon_clean(&s->memory, v->element);
	return v->element.n > 0 ? sheet_text(s, "%s_%.*s", prefix, STR_ARG(clean)) : prefix;
}

static const char *help_of(struct sheet *s, const struct unit *unit, struct str element)
{
	const char *place = strstr(unit->help, "%.*s");
	if (!place)
		return unit->help;
	return sheet_text(s, "%.*s%.*s%s", (int)(place - unit->help), unit->help, STR_ARG(element), place + strlen("%.*s"));
}

static void add_with_unit(struct sheet *s, const struct chip *chip, const struct value *v, const char *name, double number)
{
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		const struct unit *unit = &units[i];
		if (!str_eq(v->type, str_of(unit->type)) || (unit->element && !str_eq(v->element, str_of(unit->element))))
			continue;
		struct str element = v->element.n == 0 && str_eq(v->type, STR("temp")) ? STR("input") : v->element;
		sheet_add(s, unit->kind, sheet_text(s, "%s%s", name, unit->suffix), help_of(s, unit, element),
			scale(number, unit->divisor),
			{ "chip", chip->name }, { "sensor", v->sensor });
		return;
	}
	if (str_eq(v->type, STR("freq")) && str_eq(v->element, STR("input"))) {
		const struct value *label = find(chip, v->sensor, "label");
		if (label)
			sheet_add(s, METRIC_GAUGE, sheet_text(s, "%s_freq_mhz", name), "Hardware monitor for GPU frequency in MHz",
				number / 1e6,
				{ "chip", chip->name }, { "sensor", hwmon_clean(&s->memory, label->text) });
		return;
	}
	sheet_add(s, METRIC_GAUGE, name, sheet_text(s, "Hardware monitor %.*s element %.*s", STR_ARG(v->type), STR_ARG(v->element)),
		number,
		{ "chip", chip->name }, { "sensor", v->sensor });
}

/* Sensors that are one file: the name says it all. */
static bool add_single(struct sheet *s, const struct chip *chip, const struct value *v)
{
	bool is_beep = str_eq(v->type, STR("beep_enable")), is_vrm = str_eq(v->type, STR("vrm"));
	if (!is_beep && !is_vrm && !str_eq(v->type, STR("update_interval")))
		return false;
	double number = 0;
	if (v->element.n > 0 || (!is_beep && !fields_number(v->text, &number)))
		return true;
	const struct metric_label labels[] = { { "chip", chip->name }, { "sensor", v->sensor } };
	if (is_beep)
		sheet_put(s, METRIC_GAUGE, "node_hwmon_beep_enabled", "Hardware beep enabled", str_eq(v->text, STR("1")), labels,
			2);
	else if (is_vrm)
		sheet_put(s, METRIC_GAUGE, "node_hwmon_voltage_regulator_version", "Hardware voltage regulator", number, labels, 2);
	else
		sheet_put(s, METRIC_GAUGE, "node_hwmon_update_interval_seconds", "Hardware monitor update interval", number * 0.001,
			labels, 2);
	return true;
}

static void add_value(struct sheet *s, const struct chip *chip, const struct value *v)
{
	double number;
	if (str_eq(v->element, STR("label"))) {
		sheet_add(s, METRIC_GAUGE, "node_hwmon_sensor_label", "Label for given chip and sensor", 1, { "chip", chip->name },
			{ "sensor", v->sensor }, { "label", v->text });
		return;
	}
	if (add_single(s, chip, v) || !fields_number(v->text, &number))
		return;
	const char *name = name_of(s, chip, v);
	const struct metric_label labels[] = { { "chip", chip->name }, { "sensor", v->sensor } };
	if (str_eq(v->element, STR("fault")) || str_eq(v->element, STR("alarm")))
		sheet_put(s, METRIC_GAUGE, name, sheet_text(s, "Hardware sensor %.*s status (%.*s)", STR_ARG(v->element),
			STR_ARG(v->type)),
			number, labels, 2);
	else if (str_eq(v->element, STR("beep")))
		sheet_put(s, METRIC_GAUGE, sheet_text(s, "%s_enabled", name), "Hardware monitor sensor has beeping enabled", number,
			labels, 2);
	else
		add_with_unit(s, chip, v, name, number);
}

/* "platform_coretemp_0": the last two elements of the device's real path, else the driver's name, else hwmonN. */
static struct str base_of(struct sheet *s, const char *directory, struct str driver)
{
	char *device = realpath(sheet_text(s, "%s/device", directory), NULL);
	struct str base = { 0 };
	char *slash = device ? strrchr(device, '/') : NULL;
	if (slash) {
		struct str name = hwmon_clean(&s->memory, str_of(slash + 1));
		*slash = 0;
		char *parent = strrchr(device, '/');
		struct str bus = hwmon_clean(&s->memory, str_of(parent ? parent + 1 : ""));
		base = bus.n > 0 && name.n > 0 ? str_of(sheet_text(s, "%.*s_%.*s", STR_ARG(bus), STR_ARG(name))) : name;
	}
	free(device);
	if (base.n == 0)
		base = hwmon_clean(&s->memory, driver);
	if (base.n > 0)
		return base;
	char *real = realpath(directory, NULL);
	base = real ? hwmon_clean(&s->memory, str_of(strrchr(real, '/') + 1)) : base;
	free(real);
	return base;
}

static void tell_apart(struct sheet *s, struct chip *chips, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t same_base = 0, same_driver = 0;
		for (size_t j = 0; j < count; j++) {
			bool is_same = str_eq(chips[i].base, chips[j].base);
			same_base += is_same;
			same_driver += is_same && str_eq(chips[i].driver, chips[j].driver);
		}
		chips[i].name = chips[i].base;
		if (same_base < 2)
			continue;
		struct str suffix = hwmon_clean(&s->memory, chips[i].driver);
		if (suffix.n == 0 || same_driver > 1)
			suffix = hwmon_clean(&s->memory, str_of(strrchr(chips[i].directory, '/') + 1));
		chips[i].name = str_of(sheet_text(s, "%.*s_%.*s", STR_ARG(chips[i].base), STR_ARG(suffix)));
	}
}

static void add_chip(const struct hwmon *h, struct sheet *s, struct collect *c, struct chip *chip)
{
	if (device_filter_ignores(&h->chips, chip->name))
		return;
	read_values(s, c, chip, chip->directory);
	if (names_is_directory("%s/device", chip->directory))
		read_values(s, c, chip, sheet_text(s, "%s/device", chip->directory));
	struct str driver = hwmon_clean(&s->memory, chip->driver);
	if (driver.n > 0)
		sheet_add(s, METRIC_GAUGE, "node_hwmon_chip_names", "Annotation metric for human-readable chip names", 1,
			{ "chip", chip->name }, { "chip_name", driver });
	for (size_t i = 0; i < chip->count; i++) {
		const struct value *v = &chip->values[i];
		/* "platform_coretemp_0;temp3" names one sensor to the filter */
		if (!device_filter_ignores(&h->sensors,
			str_of(sheet_text(s, "%.*s;%.*s", STR_ARG(chip->name), STR_ARG(v->sensor)))))
			add_value(s, chip, v);
	}
}

static int update(void *state, struct collect *c)
{
	struct sheet s;
	sheet_init(&s, c->out);
	struct names all;
	int error = names_read(&all, &s.memory, "%s/class/hwmon", c->roots->sys);
	struct chip *chips = arena_alloc(&s.memory, (all.count + 1) * sizeof(*chips));
	size_t count = 0;
	for (size_t i = 0; i < all.count; i++) {
		const char *directory = sheet_text(&s, "%s/class/hwmon/%s", c->roots->sys, all.at[i]);
		struct str driver = { 0 };
		if (!names_is_directory("%s", directory))
			continue;
		if (files_attribute(c->files, &driver, "%s/name", directory) < 0)
			driver = (struct str){ 0 };
		driver = sheet_copy(&s, str_trim(driver));
		chips[count] = (struct chip){ .directory = directory, .driver = driver, .base = base_of(&s, directory, driver) };
		count += chips[count].base.n > 0;
	}
	tell_apart(&s, chips, count);
	for (size_t i = 0; i < count; i++)
		add_chip(state, &s, c, &chips[i]);
	sheet_write(&s);
	return error == -ENOENT ? -ENODATA : error;
}

static void close_state(void *state)
{
	struct hwmon *h = state;
	if (!h)
		return;
	device_filter_fini(&h->chips);
	device_filter_fini(&h->sensors);
	free(h);
}

static void *open_state(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	struct hwmon *h = calloc(1, sizeof(*h));
	if (!h)
		abort();
	if (device_filter_init(&h->chips, values[0], values[1], err) == 0 &&
		device_filter_init(&h->sensors, values[2], values[3], err) == 0)
		return h;
	close_state(h);
	return NULL;
}

static const struct collector_option options[] = {
	{ "chip-include", "", "Regexp of hwmon chip to include (mutually exclusive to device-exclude)." },
	{ "chip-exclude", "", "Regexp of hwmon chip to exclude (mutually exclusive to device-include)." },
	{ "sensor-include", "", "Regexp of hwmon sensor to include (mutually exclusive to sensor-exclude)." },
	{ "sensor-exclude", "", "Regexp of hwmon sensor to exclude (mutually exclusive to sensor-include)." },
	{ 0 },
};
const struct collector collector_hwmon = { "hwmon", true, options, open_state, update, close_state };
