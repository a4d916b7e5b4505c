/* A unit's samples come from one table: which units have the property, where it is on the bus, what becomes of it. A start time is the
 * exception: a unit that is not active has none to ask for, and says 0. Numbers that systemd does not know are the largest there is; of
 * tasks such a one is left out, of the last trigger it is passed on, as those who read these metrics are used to. */
#include "agent/collectors/systemd_units.h"

#include "parsers/bytes/num.h"
#include "parsers/decimal.h"

#define SERVICE "org.freedesktop.systemd1.Service"
#define SOCKET "org.freedesktop.systemd1.Socket"

const struct systemd_property_row systemd_properties[SYSTEMD_PROPERTIES] = {
	[SYSTEMD_START_TIME] = { "", "org.freedesktop.systemd1.Unit", "ActiveEnterTimestamp", 't', false, METRIC_GAUGE, 1e6,
		"node_systemd_unit_start_time_seconds", "Start time of the unit since unix epoch in seconds." },
	[SYSTEMD_RESTARTS] = { ".service", SERVICE, "NRestarts", 'u', false, METRIC_COUNTER, 1, "node_systemd_service_restart_total",
		"Service unit count of Restart triggers" },
	[SYSTEMD_TASKS_CURRENT] = { ".service", SERVICE, "TasksCurrent", 't', false, METRIC_GAUGE, 1, "node_systemd_unit_tasks_current",
		"Current number of tasks per Systemd unit" },
	[SYSTEMD_TASKS_MAX] = { ".service", SERVICE, "TasksMax", 't', false, METRIC_GAUGE, 1, "node_systemd_unit_tasks_max",
		"Maximum number of tasks per Systemd unit" },
	[SYSTEMD_LAST_TRIGGER] = { ".timer", "org.freedesktop.systemd1.Timer", "LastTriggerUSec", 't', false, METRIC_GAUGE, 1e6,
		"node_systemd_timer_last_trigger_seconds", "Seconds since epoch of last trigger." },
	[SYSTEMD_ACCEPTED] = { ".socket", SOCKET, "NAccepted", 'u', true, METRIC_COUNTER, 1,
		"node_systemd_socket_accepted_connections_total", "Total number of accepted socket connections" },
	[SYSTEMD_CONNECTIONS] = { ".socket", SOCKET, "NConnections", 'u', true, METRIC_GAUGE, 1,
		"node_systemd_socket_current_connections", "Current number of socket connections" },
	[SYSTEMD_REFUSED] = { ".socket", SOCKET, "NRefused", 'u', false, METRIC_GAUGE, 1,
		"node_systemd_socket_refused_connections_total", "Total number of refused socket connections" },
};

static const char *const usual_states[] = { "active", "activating", "deactivating", "inactive", "failed" };

double systemd_units_version(struct str version)
{
	double number;
	for (; version.n > 0; version = str_skip(version, 1)) {
		size_t n = num_digits(version);
		if (n < 3) {
			version = str_skip(version, n); /* and the byte behind it */
			continue;
		}
		size_t fraction = n < version.n && version.p[n] == '.' ? num_digits(str_skip(version, n + 1)) : 0;
		return decimal_parse(str_take(version, fraction ? n + 1 + fraction : n), &number) ? number : 0;
	}
	return 0;
}

void systemd_units_manager(struct sheet *s, struct str version, const char *virtualization)
{
	const double number = systemd_units_version(version);
	sheet_add(s, METRIC_GAUGE, "node_systemd_version", "Detected systemd version", number,
		{ "version", number > 0 ? version : (struct str){ 0 } });
	struct str kind = !virtualization ? STR("unknown") : *virtualization ? str_of(virtualization) : STR("none");
	sheet_add(s, METRIC_GAUGE, "node_systemd_virtualization_info", "Detected virtualization technology", 1,
		{ "virtualization_type", kind });
}

void systemd_units_running(struct sheet *s, struct str state)
{
	sheet_put(s, METRIC_GAUGE, "node_systemd_system_running", "Whether the system is operational (see 'systemctl is-system-running')",
		str_eq(state, STR("running")), NULL, 0);
}

const char *systemd_units_type_interface(struct str name)
{
	if (str_ends(name, STR(".service")))
		return SERVICE;
	return str_ends(name, STR(".mount")) ? "org.freedesktop.systemd1.Mount" : NULL;
}

static bool is_switched_on(enum systemd_property p, const struct systemd_switches *switches)
{
	switch (p) {
	case SYSTEMD_START_TIME: return switches->has_start_times;
	case SYSTEMD_RESTARTS: return switches->has_restarts;
	case SYSTEMD_TASKS_CURRENT:
	case SYSTEMD_TASKS_MAX: return switches->has_tasks;
	case SYSTEMD_LAST_TRIGGER: return switches->has_timers;
	default: return true;
	}
}

static bool is_active(const struct systemd_unit *u)
{
	return str_eq(u->active_state, STR("active"));
}

bool systemd_units_asks(enum systemd_property p, const struct systemd_unit *u, const struct systemd_switches *switches)
{
	const struct str suffix = str_of(systemd_properties[p].suffix);
	if (!str_ends(u->name, suffix) || !is_switched_on(p, switches))
		return false;
	for (enum systemd_property key = 0; key < p; key++)
		if (systemd_properties[key].is_key && !(u->has & 1u << key) && str_eq(str_of(systemd_properties[key].suffix), suffix))
			return false;
	return p != SYSTEMD_START_TIME || is_active(u);
}

void systemd_units_write(struct sheet *s, const struct systemd_unit *u, const struct systemd_switches *switches)
{
	for (size_t i = 0; i < COUNT_OF(usual_states); i++)
		sheet_add(s, METRIC_GAUGE, "node_systemd_unit_state", "Systemd unit", str_eq(u->active_state, str_of(usual_states[i])),
			{ "name", u->name }, { "state", str_of(usual_states[i]) }, { "type", u->type });
	for (enum systemd_property p = 0; p < SYSTEMD_PROPERTIES; p++) {
		const struct systemd_property_row *row = &systemd_properties[p];
		const bool is_idle = p == SYSTEMD_START_TIME && switches->has_start_times && !is_active(u);
		const bool is_task = p == SYSTEMD_TASKS_CURRENT || p == SYSTEMD_TASKS_MAX;
		if ((!is_idle && !(u->has & 1u << p)) || (is_task && u->values[p] == UINT64_MAX))
			continue;
		sheet_add(s, row->metric_type, row->metric, row->help, is_idle ? 0 : (double)u->values[p] / row->divisor,
			{ "name", u->name });
	}
}

void systemd_states_init(struct systemd_states *s)
{
	*s = (struct systemd_states){ .n = COUNT_OF(usual_states) };
	for (size_t i = 0; i < s->n; i++)
		s->names[i] = str_of(usual_states[i]);
}

void systemd_states_count(struct systemd_states *s, struct str active_state)
{
	size_t i = 0;
	while (i < s->n && !str_eq(s->names[i], active_state))
		i++;
	if (i == SYSTEMD_STATES_MAX)
		return;
	if (i == s->n)
		s->names[s->n++] = active_state;
	s->counts[i]++;
}

void systemd_states_write(struct sheet *out, const struct systemd_states *s)
{
	for (size_t i = 0; i < s->n; i++)
		sheet_add(out, METRIC_GAUGE, "node_systemd_units", "Summary of systemd unit states", (double)s->counts[i],
			{ "state", s->names[i] });
}
