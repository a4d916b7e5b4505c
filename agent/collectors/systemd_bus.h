/* Questions to systemd's manager over D-Bus, by way of libsystemd (sd-bus). The library comes into memory when it is opened and
 * not before: it is worth 0.4 MiB, and few agents ask. No call waits longer than SYSTEMD_CALL_MS, and all of them together not
 * longer than is said when the bus is opened. */
#ifndef AGENT_COLLECTORS_SYSTEMD_BUS_H
#define AGENT_COLLECTORS_SYSTEMD_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "parsers/bytes/str.h"

enum { SYSTEMD_CALL_MS = 2000, SYSTEMD_UNITS_MAX = 1 << 14 /* looked at; those beyond are left out */ };

struct systemd_library;
struct systemd_library *systemd_library_open(char err[256]); /* NULL and err: it is not on this machine */
void systemd_library_close(struct systemd_library *l);

struct systemd_bus;
struct systemd_bus_unit { /* views; until systemd_bus_close */
	struct str name, load_state, active_state;
	const char *path;
};
/* DBUS_SYSTEM_BUS_ADDRESS or the usual socket; where there is none, root tries the manager's own socket, with is_private at once.
 * total_ms: for everything that is asked here. 0 or -errno; -ENODATA: there is no bus. */
int systemd_bus_open(struct systemd_bus **out, const struct systemd_library *l, bool is_private, int total_ms);
void systemd_bus_close(struct systemd_bus *b);
/* A property of the object at path; of the manager. -ENODATA: systemd does not say, because it does not know it or the unit is
 * gone; other -errno: there is no use in asking on. Texts are to be freed. type: 'u' or 't' as on the bus. */
int systemd_bus_text(struct systemd_bus *b, const char *path, const char *interface, const char *member, char **out);
int systemd_bus_number(struct systemd_bus *b, const char *path, const char *interface, const char *member, char type,
	uint64_t *out);
int systemd_bus_manager_text(struct systemd_bus *b, const char *member, char **out);
/* ListUnits, once per bus; fn may ask for properties, and returns -errno to end the list. 0 or -errno; -ENODATA: no systemd on
 * this bus. */
int systemd_bus_units(struct systemd_bus *b, int (*fn)(void *ctx, const struct systemd_bus_unit *unit), void *ctx);

#endif
