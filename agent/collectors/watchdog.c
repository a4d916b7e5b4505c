/* Watchdog timers: /sys/class/watchdog/watchdogN. kernel: Documentation/ABI/testing/sysfs-class-watchdog
 * Not every driver has every file. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"

static const struct { const char *file, *metric, *help; } numbers[] = {
	{ "bootstatus", "node_watchdog_bootstatus", "Value of /sys/class/watchdog/<watchdog>/bootstatus" },
	{ "fw_version", "node_watchdog_fw_version", "Value of /sys/class/watchdog/<watchdog>/fw_version" },
	{ "nowayout", "node_watchdog_nowayout", "Value of /sys/class/watchdog/<watchdog>/nowayout" },
	{ "timeleft", "node_watchdog_timeleft_seconds", "Value of /sys/class/watchdog/<watchdog>/timeleft" },
	{ "timeout", "node_watchdog_timeout_seconds", "Value of /sys/class/watchdog/<watchdog>/timeout" },
	{ "pretimeout", "node_watchdog_pretimeout_seconds", "Value of /sys/class/watchdog/<watchdog>/pretimeout" },
	{ "access_cs0", "node_watchdog_access_cs0", "Value of /sys/class/watchdog/<watchdog>/access_cs0" },
};
static const char *const texts[] = { "identity", "options", "pretimeout_governor", "state", "status" };

static void add_watchdog(struct sheet *s, struct collect *c, const char *name)
{
	struct metric_label labels[COUNT_OF(texts) + 1] = { { "name", str_of(name) } };
	struct str text;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		double number;
		if (files_attribute(c->files, &text, "%s/class/watchdog/%s/%s", c->roots->sys, name, numbers[i].file) == 0 &&
			words_based_signed(str_trim(text), &number))
			sheet_put(s, METRIC_GAUGE, numbers[i].metric, numbers[i].help, number, labels, 1);
	}
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (files_attribute(c->files, &text, "%s/class/watchdog/%s/%s", c->roots->sys, name, texts[i]) < 0)
			text = (struct str){ 0 };
		labels[i + 1] = (struct metric_label){ texts[i], sheet_copy(s, str_trim(text)) };
	}
	sheet_put(s, METRIC_GAUGE, "node_watchdog_info", "Info of /sys/class/watchdog/<watchdog>", 1, labels, COUNT_OF(labels));
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, c->out);
	struct names all;
	int error = names_read(&all, &s.memory, "%s/class/watchdog", c->roots->sys);
	for (size_t i = 0; i < all.count; i++)
		add_watchdog(&s, c, all.at[i]);
	sheet_write(&s);
	return error == -ENOENT || error == -EACCES ? -ENODATA : error;
}

const struct collector collector_watchdog = { .name = "watchdog", .is_default = true, .update = update };
