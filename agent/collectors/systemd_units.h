/* What systemd's manager says about itself and its units, as samples. Pure: answers in, samples out; nobody is asked here.
 * Properties: org.freedesktop.systemd1(5). */
#ifndef AGENT_COLLECTORS_SYSTEMD_UNITS_H
#define AGENT_COLLECTORS_SYSTEMD_UNITS_H

#include "agent/collectors/sheet.h"

enum { SYSTEMD_STATES_MAX = 16, SYSTEMD_VERSION_OF_STATES = 212 /* knows SystemState and LastTriggerUSec */ };

/* What is asked about a unit beyond its state, in the order of asking. */
enum systemd_property {
	SYSTEMD_START_TIME, SYSTEMD_RESTARTS, SYSTEMD_TASKS_CURRENT, SYSTEMD_TASKS_MAX, SYSTEMD_LAST_TRIGGER, SYSTEMD_ACCEPTED,
	SYSTEMD_CONNECTIONS, SYSTEMD_REFUSED, SYSTEMD_PROPERTIES
};
struct systemd_property_row {
	const char *suffix;             /* of the units that have it; "": all */
	const char *interface, *member; /* "org.freedesktop.systemd1.Timer", "LastTriggerUSec" */
	char type;                      /* on the bus: 'u' or 't' */
	bool is_key;                    /* a unit that does not tell it is not asked for those that follow under its suffix */
	enum metric_type metric_type;
	double divisor;
	const char *metric, *help;
};
extern const struct systemd_property_row systemd_properties[SYSTEMD_PROPERTIES];

struct systemd_switches { bool has_tasks, has_restarts, has_start_times, has_timers; };
struct systemd_unit {
	struct str name, load_state, active_state, type;
	uint64_t values[SYSTEMD_PROPERTIES];
	unsigned has; /* a bit for each value that is known */
};
struct systemd_states { /* how many units are in each state; views */
	struct str names[SYSTEMD_STATES_MAX];
	uint64_t counts[SYSTEMD_STATES_MAX];
	size_t n;
};

/* The number in "252.39-1~deb12u2" or "systemd 255-1": the first with three digits or more; 0: there is none. */
double systemd_units_version(struct str version);
/* virtualization NULL: it could not be read. */
void systemd_units_manager(struct sheet *s, struct str version, const char *virtualization);
void systemd_units_running(struct sheet *s, struct str state);
/* Interface of the unit's property "Type"; NULL: units of this kind have none. */
const char *systemd_units_type_interface(struct str name);
/* Properties are asked for in their order: what is known of the ones before decides too. */
bool systemd_units_asks(enum systemd_property p, const struct systemd_unit *u, const struct systemd_switches *switches);
void systemd_units_write(struct sheet *s, const struct systemd_unit *u, const struct systemd_switches *switches);
/* The five usual states are there from the beginning. States beyond SYSTEMD_STATES_MAX are not counted. */
void systemd_states_init(struct systemd_states *s);
void systemd_states_count(struct systemd_states *s, struct str active_state);
void systemd_states_write(struct sheet *out, const struct systemd_states *s);

#endif
