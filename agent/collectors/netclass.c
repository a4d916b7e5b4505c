/* /sys/class/net: what the kernel says about each interface that is no counter. A family is one attribute, so the loop goes over
 * families and, inside, over devices. Attributes that a device does not have, or does not tell while it is down (EINVAL), are
 * left out. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "parsers/bytes/num.h"

#include <stdlib.h>

enum { FLAG_UP = 1 /* IFF_UP */ };

static const struct collector_option options[] = {
	{ "ignored-devices", "^$", "Regexp of net devices to ignore for netclass collector." },
	{ "ignore-invalid-speed", "false", "Ignore devices where the speed is invalid. This will be the default behavior in 2.x." },
	{ "netlink", "false", "Accepted and without effect: the attributes are always read from /sys/class/net." },
	{ 0 },
};

#define ROW(attribute, type, key) { attribute, "node_network_" key, "Network device property: " key, type }
static const struct {
	const char *attribute, *name, *help;
	enum metric_type type;
} fields[] = {
	ROW("addr_assign_type", METRIC_GAUGE, "address_assign_type"),
	ROW("carrier", METRIC_GAUGE, "carrier"),
	ROW("carrier_changes", METRIC_COUNTER, "carrier_changes_total"),
	ROW("carrier_up_count", METRIC_COUNTER, "carrier_up_changes_total"),
	ROW("carrier_down_count", METRIC_COUNTER, "carrier_down_changes_total"),
	ROW("dev_id", METRIC_GAUGE, "device_id"),
	ROW("dormant", METRIC_GAUGE, "dormant"),
	ROW("flags", METRIC_GAUGE, "flags"),
	ROW("ifindex", METRIC_GAUGE, "iface_id"),
	ROW("iflink", METRIC_GAUGE, "iface_link"),
	ROW("link_mode", METRIC_GAUGE, "iface_link_mode"),
	ROW("mtu", METRIC_GAUGE, "mtu_bytes"),
	ROW("name_assign_type", METRIC_GAUGE, "name_assign_type"),
	ROW("netdev_group", METRIC_GAUGE, "net_dev_group"),
	ROW("tx_queue_len", METRIC_GAUGE, "transmit_queue_length"),
	ROW("type", METRIC_GAUGE, "protocol_type"),
};
#undef ROW

struct netclass {
	struct regex *ignored; /* NULL: none */
	bool is_invalid_speed_ignored;
};

/* Decimal, or hexadecimal with 0x. */
static bool read_number(struct collect *c, const char *device, const char *attribute, int64_t *out)
{
	struct str text;
	uint64_t hex;
	if (files_attribute(c->files, &text, "%s/class/net/%s/%s", c->roots->sys, device, attribute) < 0)
		return false;
	if (!str_starts(text, STR("0x")))
		return num_i64(text, out);
	if (!num_hex64(str_skip(text, 2), &hex) || hex > INT64_MAX)
		return false;
	*out = (int64_t)hex;
	return true;
}

/* A copy that lives as long as the sheet; empty when there is none. */
static struct str read_text(struct sheet *s, struct collect *c, const char *device, const char *attribute)
{
	struct str text;
	int err = files_attribute(c->files, &text, "%s/class/net/%s/%s", c->roots->sys, device, attribute);
	return err < 0 ? (struct str){ 0 } : sheet_copy(s, text);
}

static void add_info(struct sheet *s, struct collect *c, const char *device, const char *adminstate)
{
	struct str operstate = read_text(s, c, device, "operstate");
	sheet_add(s, METRIC_GAUGE, "node_network_up", "Value is 1 if operstate is 'up', 0 otherwise.", str_eq(operstate, STR("up")),
		{ "device", str_of(device) });
	sheet_add(s, METRIC_GAUGE, "node_network_info", "Non-numeric data from /sys/class/net/<iface>, value is always 1.", 1,
		{ "address", read_text(s, c, device, "address") }, { "adminstate", str_of(adminstate) },
		{ "broadcast", read_text(s, c, device, "broadcast") }, { "device", str_of(device) },
		{ "duplex", read_text(s, c, device, "duplex") }, { "ifalias", read_text(s, c, device, "ifalias") },
		{ "operstate", operstate });
}

static void add_device(struct sheet *s, struct collect *c, const struct netclass *n, const char *device)
{
	const char *adminstate = "unknown";
	int64_t value;
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		if (!read_number(c, device, fields[i].attribute, &value))
			continue;
		sheet_add(s, fields[i].type, fields[i].name, fields[i].help, (double)value, { "device", str_of(device) });
		if (strcmp(fields[i].attribute, "flags") == 0)
			adminstate = value & FLAG_UP ? "up" : "down";
	}
	add_info(s, c, device, adminstate);
	/* In Mbit/s; some drivers say -1 when they do not know. */
	if (read_number(c, device, "speed", &value) && (value >= 0 || !n->is_invalid_speed_ignored))
		sheet_add(s, METRIC_GAUGE, "node_network_speed_bytes", "Network device property: speed_bytes",
			(double)value * 125000,
			{ "device", str_of(device) });
}

static int update(void *state, struct collect *c)
{
	const struct netclass *n = state;
	struct sheet s;
	struct names devices;
	sheet_init(&s, c->out);
	int err = names_read(&devices, &s.memory, "%s/class/net", c->roots->sys);
	for (size_t i = 0; i < devices.count; i++) {
		const char *device = devices.at[i];
		if (n->ignored && regex_match(n->ignored, str_of(device), 0, NULL) == REGEX_MATCH)
			continue;
		if (names_is_directory("%s/class/net/%s", c->roots->sys, device)) /* bonding_masters is a file */
			add_device(&s, c, n, device);
	}
	sheet_write(&s);
	return err == -ENOENT || err == -EACCES || err == -EPERM ? -ENODATA : err;
}

static void close_netclass(void *state)
{
	struct netclass *n = state;
	if (!n)
		return;
	regex_free(n->ignored);
	free(n);
}

static void *open_netclass(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	struct netclass *n = calloc(1, sizeof(*n));
	if (!n)
		abort();
	n->is_invalid_speed_ignored = str_eq(str_of(values[1]), STR("true"));
	n->ignored = regex_new(str_of(values[0]), 0, err);
	if (!n->ignored) {
		close_netclass(n);
		return NULL;
	}
	return n;
}

const struct collector collector_netclass = { "netclass", true, options, open_netclass, update, close_netclass };
