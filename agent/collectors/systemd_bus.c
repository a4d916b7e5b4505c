/* libsystemd behind a table of functions: what the header declares is what the table holds, so a prototype that changes does not
 * compile. sd-bus bounds single calls by itself; for the way to the first one (connect, authentication, Hello) it would wait 25 s,
 * so that is driven from here. A bus that let one call run into its time is not asked again: a hundred units would make minutes of it. */
#include "agent/collectors/systemd_bus.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "agent/os.h"

#define LIBRARY "libsystemd.so.0"
#define SERVICE "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define PRIVATE_ADDRESS "unix:path=/run/systemd/private"

#define FUNCTIONS(X) \
	X(sd_bus_call_method) X(sd_bus_close_unref) X(sd_bus_get_property_string) X(sd_bus_get_property_trivial) X(sd_bus_is_ready) \
	X(sd_bus_message_enter_container) X(sd_bus_message_read) X(sd_bus_message_unref) X(sd_bus_new) X(sd_bus_open_system) \
	X(sd_bus_process) X(sd_bus_set_address) X(sd_bus_set_method_call_timeout) X(sd_bus_start) X(sd_bus_wait)

struct systemd_library {
	void *handle;
#define FIELD(name) __typeof__(name) *name;
	FUNCTIONS(FIELD)
#undef FIELD
};
struct systemd_bus {
	const struct systemd_library *l;
	sd_bus *bus;
	sd_bus_message *units; /* the answer that views look into */
	int64_t deadline_ns;
};

static const struct { const char *name; size_t offset; } functions[] = {
#define ROW(name) { #name, offsetof(struct systemd_library, name) },
	FUNCTIONS(ROW)
#undef ROW
};

struct systemd_library *systemd_library_open(char err[256])
{
	struct systemd_library *l = calloc(1, sizeof(*l));
	if (!l)
		abort();
	/* A reload closes and opens it again; libraries of this size are not made to be unloaded. */
	l->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	for (size_t i = 0; l->handle && i < sizeof(functions) / sizeof(*functions); i++) {
		void *symbol = dlsym(l->handle, functions[i].name);
		if (!symbol) {
			snprintf(err, 256, LIBRARY " is too old: it has no %s (systemd 240 brings all that is needed)", functions[i].name);
			systemd_library_close(l);
			return NULL;
		}
		memcpy((char *)l + functions[i].offset, &symbol, sizeof(symbol));
	}
	if (l->handle)
		return l;
	const char *why = dlerror();
	snprintf(err, 256, "needs " LIBRARY " (Debian package libsystemd0): %.120s", why ? why : "not found");
	free(l);
	return NULL;
}

void systemd_library_close(struct systemd_library *l)
{
	if (!l)
		return;
	dlclose(l->handle);
	free(l);
}

/* What a call may take, in microseconds; 0: nothing any more. */
static uint64_t patience_us(const struct systemd_bus *b)
{
	const int64_t left_us = (b->deadline_ns - os_now_ns()) / 1000;
	return left_us <= 0 ? 0 : left_us < SYSTEMD_CALL_MS * 1000 ? (uint64_t)left_us : SYSTEMD_CALL_MS * 1000;
}

static int become_ready(struct systemd_bus *b)
{
	const int64_t whole_ns = b->deadline_ns, limit_ns = os_now_ns() + SYSTEMD_CALL_MS * 1000000ll;
	b->deadline_ns = limit_ns < whole_ns ? limit_ns : whole_ns;
	int err = 0;
	while (err >= 0 && (err = b->l->sd_bus_is_ready(b->bus)) == 0) {
		err = b->l->sd_bus_process(b->bus, NULL);
		const uint64_t left_us = patience_us(b);
		if (left_us == 0)
			err = -ETIMEDOUT;
		else if (err == 0)
			err = b->l->sd_bus_wait(b->bus, left_us);
	}
	b->deadline_ns = whole_ns;
	return err < 0 ? err : 0;
}

static int connect_private(struct systemd_bus *b)
{
	int err = b->l->sd_bus_new(&b->bus);
	if (err >= 0)
		err = b->l->sd_bus_set_address(b->bus, PRIVATE_ADDRESS);
	return err < 0 ? err : b->l->sd_bus_start(b->bus);
}

static int connect_bus(struct systemd_bus *b, bool is_private)
{
	int err = is_private ? connect_private(b) : b->l->sd_bus_open_system(&b->bus);
	if (err >= 0)
		err = become_ready(b);
	if (err < 0)
		b->bus = b->l->sd_bus_close_unref(b->bus);
	return err;
}

int systemd_bus_open(struct systemd_bus **out, const struct systemd_library *l, bool is_private, int total_ms)
{
	struct systemd_bus *b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->l = l;
	b->deadline_ns = os_now_ns() + total_ms * 1000000ll;
	int err = connect_bus(b, is_private);
	if (err < 0 && err != -ETIMEDOUT && !is_private && geteuid() == 0)
		err = connect_bus(b, true);
	if (err < 0) {
		free(b);
		return err == -ENOENT || err == -ECONNREFUSED ? -ENODATA : err;
	}
	*out = b;
	return 0;
}

void systemd_bus_close(struct systemd_bus *b)
{
	if (!b)
		return;
	b->l->sd_bus_message_unref(b->units);
	b->l->sd_bus_close_unref(b->bus);
	free(b);
}

static int prepare(struct systemd_bus *b)
{
	const uint64_t left_us = patience_us(b);
	return left_us == 0 ? -ETIMEDOUT : b->l->sd_bus_set_method_call_timeout(b->bus, left_us);
}

/* What a failed question means: time is up or the line is cut, or systemd merely has no answer. */
static int judge(const struct systemd_bus *b, int err)
{
	if (err >= 0)
		return 0;
	return err == -ETIMEDOUT || b->l->sd_bus_is_ready(b->bus) <= 0 ? err : -ENODATA;
}

int systemd_bus_text(struct systemd_bus *b, const char *path, const char *interface, const char *member, char **out)
{
	*out = NULL;
	int err = prepare(b);
	if (err < 0)
		return err;
	return judge(b, b->l->sd_bus_get_property_string(b->bus, SERVICE, path, interface, member, NULL, out));
}

int systemd_bus_manager_text(struct systemd_bus *b, const char *member, char **out)
{
	return systemd_bus_text(b, MANAGER_PATH, MANAGER, member, out);
}

int systemd_bus_number(struct systemd_bus *b, const char *path, const char *interface, const char *member, char type,
	uint64_t *out)
{
	int err = prepare(b);
	if (err < 0)
		return err;
	union { uint32_t u; uint64_t t; } value = { .t = 0 };
	err = b->l->sd_bus_get_property_trivial(b->bus, SERVICE, path, interface, member, NULL, type, &value);
	*out = type == 'u' ? value.u : value.t;
	return judge(b, err);
}

int systemd_bus_units(struct systemd_bus *b, int (*fn)(void *ctx, const struct systemd_bus_unit *unit), void *ctx)
{
	int err = prepare(b);
	if (err >= 0)
		err = b->l->sd_bus_call_method(b->bus, SERVICE, MANAGER_PATH, MANAGER, "ListUnits", NULL, &b->units, "");
	if (err >= 0)
		err = b->l->sd_bus_message_enter_container(b->units, 'a', "(ssssssouso)");
	for (int i = 0; err >= 0 && i < SYSTEMD_UNITS_MAX; i++) {
		const char *name, *load_state, *active_state, *path;
		err = b->l->sd_bus_message_read(b->units, "(ssssssouso)", &name, NULL, &load_state, &active_state, NULL, NULL, &path,
			NULL, NULL, NULL);
		if (err <= 0)
			break;
		const struct systemd_bus_unit unit = { str_of(name), str_of(load_state), str_of(active_state), path };
		err = fn(ctx, &unit);
	}
	return err == -EHOSTUNREACH ? -ENODATA : err < 0 ? err : 0; /* nobody has the name, nobody can be started for it */
}
