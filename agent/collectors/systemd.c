/* Units of systemd: what state they are in, and on request how often they were restarted, when they were started, how many tasks they
 * have. Off by default. systemd is asked over the system bus, a connection per scrape, a question per property: the manager answers for
 * single properties at once, while all properties of a service are two hundred, some of which cost it a walk through its cgroup. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/systemd_bus.h"
#include "agent/collectors/systemd_units.h"

enum { UPDATE_MS = 8000 }; /* for all questions of a scrape together */
#define EVERY_UNIT ".+"
#define EXCLUDED_UNITS ".+\\.(automount|device|mount|scope|slice)"

enum option { INCLUDE, EXCLUDE, OLD_INCLUDE, OLD_EXCLUDE, PRIVATE, TASKS, RESTARTS, START_TIMES };
static const struct collector_option options[] = {
	[INCLUDE] = { "unit-include", EVERY_UNIT,
		"Regexp of systemd units to include. Units must both match include and not match exclude to be included." },
	[EXCLUDE] = { "unit-exclude", EXCLUDED_UNITS,
		"Regexp of systemd units to exclude. Units must both match include and not match exclude to be included." },
	[OLD_INCLUDE] = { "unit-whitelist", "", "DEPRECATED: Use --collector.systemd.unit-include" },
	[OLD_EXCLUDE] = { "unit-blacklist", "", "DEPRECATED: Use collector.systemd.unit-exclude" },
	[PRIVATE] = { "private", "false",
		"Establish a private, direct connection to systemd without dbus (Strongly discouraged since it requires root. "
		"For testing purposes only)." },
	[TASKS] = { "enable-task-metrics", "false", "Enables service unit tasks metrics unit_tasks_current and unit_tasks_max" },
	[RESTARTS] = { "enable-restarts-metrics", "false", "Enables service unit metric service_restart_total" },
	[START_TIMES] = { "enable-start-time-metrics", "false", "Enables service unit metric unit_start_time_seconds" },
	{ 0 },
};

struct systemd {
	struct systemd_library *library;
	struct regex *include, *exclude;
	struct systemd_switches switches;
	bool is_private;
};
struct reading { /* of one scrape */
	const struct systemd *systemd;
	struct systemd_bus *bus;
	struct sheet sheet;
	struct systemd_switches switches;
	struct systemd_states states;
};

/* -ENODATA is an answer: the value is missing. */
static int unless_silent(int err)
{
	return err == -ENODATA ? 0 : err;
}

static int read_type(struct reading *r, const char *path, struct systemd_unit *unit)
{
	char *type = NULL;
	const char *interface = systemd_units_type_interface(unit->name);
	int err = interface ? systemd_bus_text(r->bus, path, interface, "Type", &type) : 0;
	if (type)
		unit->type = sheet_copy(&r->sheet, str_of(type));
	free(type);
	return unless_silent(err);
}

static int read_properties(struct reading *r, const char *path, struct systemd_unit *unit)
{
	for (enum systemd_property p = 0; p < SYSTEMD_PROPERTIES; p++) {
		const struct systemd_property_row *row = &systemd_properties[p];
		if (!systemd_units_asks(p, unit, &r->switches))
			continue;
		int err = systemd_bus_number(r->bus, path, row->interface, row->member, row->type, &unit->values[p]);
		if (err == 0)
			unit->has |= 1u << p;
		else if (unless_silent(err) < 0)
			return err;
	}
	return 0;
}

static int read_unit(void *ctx, const struct systemd_bus_unit *from)
{
	struct reading *r = ctx;
	systemd_states_count(&r->states, from->active_state);
	if (!str_eq(from->load_state, STR("loaded")) || regex_match(r->systemd->include, from->name, 0, NULL) != REGEX_MATCH ||
		regex_match(r->systemd->exclude, from->name, 0, NULL) == REGEX_MATCH)
		return 0;
	struct systemd_unit unit = { .name = from->name, .load_state = from->load_state, .active_state = from->active_state };
	int err = read_type(r, from->path, &unit);
	if (err == 0)
		err = read_properties(r, from->path, &unit);
	if (err == 0)
		systemd_units_write(&r->sheet, &unit, &r->switches);
	return err;
}

static int read_manager(struct reading *r, bool *has_states)
{
	char *version, *virtualization = NULL;
	int err = systemd_bus_manager_text(r->bus, "Version", &version);
	if (unless_silent(err) == 0)
		err = systemd_bus_manager_text(r->bus, "Virtualization", &virtualization);
	if (unless_silent(err) == 0) {
		systemd_units_manager(&r->sheet, str_of(version ? version : ""), virtualization);
		*has_states = systemd_units_version(str_of(version ? version : "")) >= SYSTEMD_VERSION_OF_STATES;
	}
	free(version);
	free(virtualization);
	return unless_silent(err);
}

static int read_state(struct reading *r)
{
	char *state;
	int err = systemd_bus_manager_text(r->bus, "SystemState", &state);
	if (err == 0)
		systemd_units_running(&r->sheet, str_of(state));
	free(state);
	return err;
}

static int update(void *state, struct collect *c)
{
	const struct systemd *s = state;
	struct reading r = { .systemd = s, .switches = s->switches };
	int err = systemd_bus_open(&r.bus, s->library, s->is_private, UPDATE_MS);
	if (err < 0)
		return err;
	sheet_init(&r.sheet, c->out);
	systemd_states_init(&r.states);
	err = read_manager(&r, &r.switches.has_timers);
	if (err == 0) {
		err = systemd_bus_units(r.bus, read_unit, &r);
		if (err == 0)
			systemd_states_write(&r.sheet, &r.states);
	}
	if (err == 0 && r.switches.has_timers)
		err = read_state(&r);
	systemd_bus_close(r.bus);
	sheet_write(&r.sheet);
	return err;
}

static void close_systemd(void *state)
{
	struct systemd *s = state;
	regex_free(s->include);
	regex_free(s->exclude);
	systemd_library_close(s->library);
	free(s);
}

/* The pattern by its name of today or by the one before; both at once only when one of them says nothing new. */
static struct regex *compile(const char *const *values, enum option now, enum option before, char err[256])
{
	const bool is_old = values[before][0] != '\0';
	if (is_old && strcmp(values[now], options[now].fallback) != 0) {
		snprintf(err, 256, "%s and %s are mutually exclusive: use the second", options[before].name, options[now].name);
		return NULL;
	}
	return regex_new(str_of(values[is_old ? before : now]), REGEX_ANCHORED, err);
}

static void *open_systemd(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	struct systemd *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->is_private = strcmp(values[PRIVATE], "true") == 0;
	s->switches = (struct systemd_switches){ .has_tasks = strcmp(values[TASKS], "true") == 0,
		.has_restarts = strcmp(values[RESTARTS], "true") == 0, .has_start_times = strcmp(values[START_TIMES], "true") == 0 };
	if ((s->include = compile(values, INCLUDE, OLD_INCLUDE, err)) && (s->exclude = compile(values, EXCLUDE, OLD_EXCLUDE, err)) &&
		(s->library = systemd_library_open(err)))
		return s;
	close_systemd(s);
	return NULL;
}

const struct collector collector_systemd = { "systemd", false, options, open_systemd, update, close_systemd };
