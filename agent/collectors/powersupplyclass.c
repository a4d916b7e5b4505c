/* Batteries and power adapters: /sys/class/power_supply/NAME. kernel: Documentation/ABI/testing/sysfs-class-power
 * The kernel counts in micro-units and tenths of degrees. */
#include <stdio.h>
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"

static const struct { const char *file, *metric; double divisor; } numbers[] = {
	{ "authentic", "authentic", 1 },
	{ "calibrate", "calibrate", 1 },
	{ "capacity", "capacity", 1 },
	{ "capacity_alert_max", "capacity_alert_max", 1 },
	{ "capacity_alert_min", "capacity_alert_min", 1 },
	{ "cycle_count", "cyclecount", 1 },
	{ "online", "online", 1 },
	{ "present", "present", 1 },
	{ "time_to_empty_now", "time_to_empty_seconds", 1 },
	{ "time_to_full_now", "time_to_full_seconds", 1 },
	{ "current_boot", "current_boot", 1e6 },
	{ "current_max", "current_max", 1e6 },
	{ "current_now", "current_ampere", 1e6 },
	{ "energy_empty", "energy_empty", 1e6 },
	{ "energy_empty_design", "energy_empty_design", 1e6 },
	{ "energy_full", "energy_full", 1e6 },
	{ "energy_full_design", "energy_full_design", 1e6 },
	{ "energy_now", "energy_watthour", 1e6 },
	{ "voltage_boot", "voltage_boot", 1e6 },
	{ "voltage_max", "voltage_max", 1e6 },
	{ "voltage_max_design", "voltage_max_design", 1e6 },
	{ "voltage_min", "voltage_min", 1e6 },
	{ "voltage_min_design", "voltage_min_design", 1e6 },
	{ "voltage_now", "voltage_volt", 1e6 },
	{ "voltage_ocv", "voltage_ocv", 1e6 },
	{ "charge_control_limit", "charge_control_limit", 1e6 },
	{ "charge_control_limit_max", "charge_control_limit_max", 1e6 },
	{ "charge_counter", "charge_counter", 1e6 },
	{ "charge_empty", "charge_empty", 1e6 },
	{ "charge_empty_design", "charge_empty_design", 1e6 },
	{ "charge_full", "charge_full", 1e6 },
	{ "charge_full_design", "charge_full_design", 1e6 },
	{ "charge_now", "charge_ampere", 1e6 },
	{ "charge_term_current", "charge_term_current", 1e6 },
	{ "constant_charge_current", "constant_charge_current", 1e6 },
	{ "constant_charge_current_max", "constant_charge_current_max", 1e6 },
	{ "constant_charge_voltage", "constant_charge_voltage", 1e6 },
	{ "constant_charge_voltage_max", "constant_charge_voltage_max", 1e6 },
	{ "precharge_current", "precharge_current", 1e6 },
	{ "input_current_limit", "input_current_limit", 1e6 },
	{ "power_now", "power_watt", 1e6 },
	{ "temp", "temp_celsius", 10 },
	{ "temp_alert_max", "temp_alert_max_celsius", 10 },
	{ "temp_alert_min", "temp_alert_min_celsius", 10 },
	{ "temp_ambient", "temp_ambient_celsius", 10 },
	{ "temp_ambient_max", "temp_ambient_max_celsius", 10 },
	{ "temp_ambient_min", "temp_ambient_min_celsius", 10 },
	{ "temp_max", "temp_max_celsius", 10 },
	{ "temp_min", "temp_min_celsius", 10 },
};
static const char *const texts[] = { /* names of files and of labels */
	"capacity_level", "charge_type", "health", "manufacturer", "model_name", "scope", "serial_number", "status", "technology",
		"type",
	"usb_type",
};

static void add_supply(struct sheet *s, struct collect *c, const char *name)
{
	struct metric_label labels[COUNT_OF(texts) + 1] = { { "power_supply", str_of(name) } };
	size_t count = 1;
	struct str text;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		double number;
		if (files_attribute(c->files, &text, "%s/class/power_supply/%s/%s", c->roots->sys, name, numbers[i].file) == 0 &&
			words_based_signed(str_trim(text), &number))
			sheet_add(s, METRIC_GAUGE, sheet_text(s, "node_power_supply_%s", numbers[i].metric),
				sheet_text(s, "%s value of /sys/class/power_supply/<power_supply>.", numbers[i].metric),
				number / numbers[i].divisor, labels[0]);
	}
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (files_attribute(c->files, &text, "%s/class/power_supply/%s/%s", c->roots->sys, name, texts[i]) == 0) {
			text = sheet_copy(s, str_trim(text));
			labels[count] = (struct metric_label){ texts[i], text };
			count += text.n > 0;
		}
	sheet_put(s, METRIC_GAUGE, "node_power_supply_info", "info of /sys/class/power_supply/<power_supply>.", 1, labels, count);
}

static int update(void *state, struct collect *c)
{
	struct sheet s;
	sheet_init(&s, c->out);
	struct names supplies;
	int error = names_read(&supplies, &s.memory, "%s/class/power_supply", c->roots->sys);
	for (size_t i = 0; i < supplies.count; i++)
		if (!device_filter_ignores(state, str_of(supplies.at[i])))
			add_supply(&s, c, supplies.at[i]);
	sheet_write(&s);
	return error == -ENOENT ? -ENODATA : error;
}

static void *open_state(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	return device_filter_new("", values[0], err);
}

static const struct collector_option options[] = {
	{ "ignored-supplies", "^$", "Regexp of power supplies to ignore for powersupplyclass collector." },
	{ 0 },
};
const struct collector collector_powersupplyclass = { "powersupplyclass", true, options, open_state, update, device_filter_free };
