/* The clock, its zone, and which hardware the kernel reads it from: /sys/devices/system/clocksource. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"

enum { SOURCES_MAX = 16, NAME_MAX_BYTES = 64 };
#define FOLDER "/devices/system/clocksource"

struct sources { /* found once: they do not come and go */
	char names[SOURCES_MAX][NAME_MAX_BYTES];
	size_t count;
};

static bool add(void *ctx, const char *name)
{
	struct sources *s = ctx;
	static const char prefix[] = "clocksource";
	const char *digit = name + sizeof prefix - 1;
	if (strncmp(name, prefix, sizeof prefix - 1) == 0 && ascii_is_digit(*digit) && strlen(name) < NAME_MAX_BYTES) {
		memcpy(s->names[s->count++], name, strlen(name) + 1);
	}
	return s->count < SOURCES_MAX;
}

static void *open_time(const char *const *values, const struct roots *roots, char err[256])
{
	(void)values;
	(void)err;
	struct sources *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	files_list(roots->sys, FOLDER, add, s);
	return s;
}

static int read_source(const struct sources *s, struct collect *c, size_t i, const char *file, struct str *out)
{
	char path[sizeof FOLDER + NAME_MAX_BYTES + 64];
	snprintf(path, sizeof path, FOLDER "/%s/%s", s->names[i], file);
	return files_read(c->files, c->roots->sys, path, true, out);
}

static int write_sources(const struct sources *s, struct collect *c, bool is_current)
{
	int failed = 0;
	families_begin(c->out, is_current ? "node_time_clocksource_current_info" : "node_time_clocksource_available_info", METRIC_GAUGE,
		is_current ? "Current clocksource read from '/sys/devices/system/clocksource'."
			   : "Available clocksources read from '/sys/devices/system/clocksource'.");
	for (size_t i = 0; i < s->count; i++) {
		struct str text;
		char device[24];
		snprintf(device, sizeof device, "%zu", i);
		int error = read_source(s, c, i, is_current ? "current_clocksource" : "available_clocksource", &text);
		failed = error ? error : failed;
		for (struct str source; (source = fields_next(&text)).n;)
			families_label2(c->out, "clocksource", source, "device", str_of(device), 1);
	}
	return failed;
}

static int update(void *state, struct collect *c)
{
	time_t now = (time_t)(c->now_wall_ns / 1000000000);
	struct tm local;
	families_gauge(c->out, "node_time_seconds", "System time in seconds since epoch (1970).", (double)c->now_wall_ns / 1e9);
	if (localtime_r(&now, &local)) {
		families_begin(c->out, "node_time_zone_offset_seconds", METRIC_GAUGE, "System time zone offset in seconds.");
		families_label1(c->out, "time_zone", str_of(local.tm_zone), (double)local.tm_gmtoff);
	}
	int available = write_sources(state, c, false), current = write_sources(state, c, true);
	return available ? available : current;
}

const struct collector collector_time = { .name = "time", .is_default = true, .open = open_time, .update = update, .close = free };
