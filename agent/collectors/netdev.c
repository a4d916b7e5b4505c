/* Traffic and errors per interface. rtnetlink tells the kinds of errors apart; unless the detailed names are asked for they are
 * added up under the names that /proc/net/dev made familiar: it adds missed packets to the dropped ones, and has one column for
 * all that is wrong with a frame. /proc/net/dev itself can be asked for; it has no column for packets without a handler. */
#include "agent/collectors/all.h"
#include "agent/collectors/links.h"
#include "agent/collectors/names.h"
#include "agent/collectors/netdev_addresses.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/num.h"

#include <linux/netlink.h>
#include <stdlib.h>

enum option { INCLUDE, EXCLUDE, OLD_INCLUDE, OLD_EXCLUDE, ADDRESS_INFO, DETAILED, NETLINK, IFALIAS };
static const struct collector_option options[] = {
	[INCLUDE] = { "device-include", "", "Regexp of net devices to include (mutually exclusive to device-exclude)." },
	[EXCLUDE] = { "device-exclude", "", "Regexp of net devices to exclude (mutually exclusive to device-include)." },
	[OLD_INCLUDE] = { "device-whitelist", "", "DEPRECATED: Use collector.netdev.device-include" },
	[OLD_EXCLUDE] = { "device-blacklist", "", "DEPRECATED: Use collector.netdev.device-exclude" },
	[ADDRESS_INFO] = { "address-info", "false", "Collect address-info for every device" },
	[DETAILED] = { "enable-detailed-metrics", "false",
		"Use (incompatible) metric names that provide more detailed stats on Linux" },
	[NETLINK] = { "netlink", "true", "Use netlink to gather stats instead of /proc/net/dev." },
	[IFALIAS] = { "label-ifalias", "false", "Add ifAlias label" },
	{ 0 },
};

/* Which of the four ways of asking has a family. */
enum { NL = 1, NL_DETAILED = 2, PROC = 4, PROC_DETAILED = 8, PLAIN = NL | PROC, ALL_WAYS = PLAIN | NL_DETAILED | PROC_DETAILED };
#define ROW(ways, key, count, ...) \
	{ ways, count, "node_network_" key "_total", "Network device statistic " key ".", { __VA_ARGS__ } }
static const struct {
	unsigned ways;
	size_t count;
	const char *name, *help;
	enum link_counter sum_of[4];
} families[] = {
	ROW(ALL_WAYS, "receive_bytes", 1, RX_BYTES),
	ROW(ALL_WAYS, "receive_compressed", 1, RX_COMPRESSED),
	ROW(ALL_WAYS, "receive_packets", 1, RX_PACKETS),
	ROW(ALL_WAYS, "transmit_bytes", 1, TX_BYTES),
	ROW(ALL_WAYS, "transmit_compressed", 1, TX_COMPRESSED),
	ROW(ALL_WAYS, "transmit_packets", 1, TX_PACKETS),
	ROW(PLAIN, "receive_drop", 2, RX_DROPPED, RX_MISSED_ERRORS),
	ROW(PLAIN, "receive_errs", 1, RX_ERRORS),
	ROW(PLAIN | PROC_DETAILED, "receive_fifo", 1, RX_FIFO_ERRORS),
	ROW(PLAIN | PROC_DETAILED, "receive_frame", 4, RX_FRAME_ERRORS, RX_LENGTH_ERRORS, RX_OVER_ERRORS, RX_CRC_ERRORS),
	ROW(PLAIN | PROC_DETAILED, "receive_multicast", 1, MULTICAST),
	ROW(NL | NL_DETAILED, "receive_nohandler", 1, RX_NOHANDLER),
	ROW(PLAIN | PROC_DETAILED, "transmit_carrier", 4, TX_CARRIER_ERRORS, TX_ABORTED_ERRORS, TX_HEARTBEAT_ERRORS,
		TX_WINDOW_ERRORS),
	ROW(PLAIN | PROC_DETAILED, "transmit_colls", 1, COLLISIONS),
	ROW(PLAIN, "transmit_drop", 1, TX_DROPPED),
	ROW(PLAIN, "transmit_errs", 1, TX_ERRORS),
	ROW(PLAIN | PROC_DETAILED, "transmit_fifo", 1, TX_FIFO_ERRORS),
	ROW(NL_DETAILED | PROC_DETAILED, "receive_errors", 1, RX_ERRORS),
	ROW(NL_DETAILED | PROC_DETAILED, "transmit_errors", 1, TX_ERRORS),
	ROW(NL_DETAILED | PROC_DETAILED, "receive_dropped", 1, RX_DROPPED),
	ROW(NL_DETAILED | PROC_DETAILED, "transmit_dropped", 1, TX_DROPPED),
	ROW(NL_DETAILED, "multicast", 1, MULTICAST),
	ROW(NL_DETAILED, "collisions", 1, COLLISIONS),
	ROW(NL_DETAILED, "receive_length_errors", 1, RX_LENGTH_ERRORS),
	ROW(NL_DETAILED, "receive_over_errors", 1, RX_OVER_ERRORS),
	ROW(NL_DETAILED, "receive_crc_errors", 1, RX_CRC_ERRORS),
	ROW(NL_DETAILED, "receive_frame_errors", 1, RX_FRAME_ERRORS),
	ROW(NL_DETAILED, "receive_fifo_errors", 1, RX_FIFO_ERRORS),
	ROW(NL_DETAILED, "receive_missed_errors", 1, RX_MISSED_ERRORS),
	ROW(NL_DETAILED, "transmit_aborted_errors", 1, TX_ABORTED_ERRORS),
	ROW(NL_DETAILED, "transmit_carrier_errors", 1, TX_CARRIER_ERRORS),
	ROW(NL_DETAILED, "transmit_fifo_errors", 1, TX_FIFO_ERRORS),
	ROW(NL_DETAILED, "transmit_heartbeat_errors", 1, TX_HEARTBEAT_ERRORS),
	ROW(NL_DETAILED, "transmit_window_errors", 1, TX_WINDOW_ERRORS),
};
#undef ROW

enum { HEADER_LINES = 2 };
/* The columns of /proc/net/dev. Its sums stand under the first of what they are a sum of. */
static const enum link_counter columns[] = {
	RX_BYTES, RX_PACKETS, RX_ERRORS, RX_DROPPED, RX_FIFO_ERRORS, RX_FRAME_ERRORS, RX_COMPRESSED, MULTICAST,
	TX_BYTES, TX_PACKETS, TX_ERRORS, TX_DROPPED, TX_FIFO_ERRORS, COLLISIONS, TX_CARRIER_ERRORS, TX_COMPRESSED,
};

struct netdev {
	struct device_filter filter;
	struct netlink *netlink;
	struct links links; /* of one update */
	unsigned way;
	bool has_addresses, has_alias;
};

/* "eth0: 1 2 3 …"; an alias such as eth0:1 has a colon of its own, so the last one counts. */
static bool read_line(struct str line, struct link *out)
{
	size_t colon = line.n;
	while (colon > 0 && line.p[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return false;
	*out = (struct link){ .name = str_trim(str_take(line, colon - 1)), .has_counters = true };
	struct str words[COUNT_OF(columns)];
	if (out->name.n == 0 || words_split(str_skip(line, colon), words, COUNT_OF(words)) < COUNT_OF(words))
		return false;
	for (size_t i = 0; i < COUNT_OF(columns); i++)
		if (!num_u64(words[i], &out->counters[columns[i]]))
			return false;
	return true;
}

static void add_link(struct sheet *s, struct collect *c, const struct netdev *n, const struct link *link)
{
	if (!link->has_counters || device_filter_ignores(&n->filter, link->name))
		return;
	struct metric_label labels[] = { { "device", link->name }, { "ifalias", { 0 } } };
	size_t label_count = 1;
	if (n->has_alias && names_is_directory("%s/class/net/" STR_FMT, c->roots->sys, STR_ARG(link->name))) {
		label_count = 2;
		if (files_attribute(c->files, &labels[1].value, "%s/class/net/" STR_FMT "/ifalias", c->roots->sys,
			STR_ARG(link->name)) < 0)
			labels[1].value = (struct str){ 0 };
		labels[1].value = sheet_copy(s, labels[1].value);
	}
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		if (!(families[i].ways & n->way))
			continue;
		uint64_t sum = 0;
		for (size_t j = 0; j < families[i].count; j++)
			sum += link->counters[families[i].sum_of[j]];
		sheet_put(s, METRIC_COUNTER, families[i].name, families[i].help, (double)sum, labels, label_count);
	}
}

static int add_proc(struct sheet *s, struct collect *c, const struct netdev *n)
{
	struct str text;
	int err = files_read(c->files, c->roots->proc, "/net/dev", true, &text);
	if (err < 0)
		return err;
	text = sheet_copy(s, text);
	for (size_t i = 0; text.n > 0; i++) {
		struct str line = str_cut(&text, '\n');
		struct link link;
		if (i >= HEADER_LINES && read_line(line, &link))
			add_link(s, c, n, &link);
	}
	return 0;
}

static int update(void *state, struct collect *c)
{
	struct netdev *n = state;
	struct sheet s;
	sheet_init(&s, c->out);
	const bool is_proc = n->way & (PROC | PROC_DETAILED);
	int err = is_proc ? add_proc(&s, c, n) : 0;
	if (err == 0 && (!is_proc || n->has_addresses))
		err = links_read(&n->links, n->netlink);
	for (size_t i = 0; !is_proc && i < n->links.count; i++)
		add_link(&s, c, n, &n->links.at[i]);
	if (err == 0 && n->has_addresses)
		err = netdev_addresses_add(&s, n->netlink, &n->links, &n->filter);
	sheet_write(&s);
	return err;
}

static void close_netdev(void *state)
{
	struct netdev *n = state;
	if (!n)
		return;
	device_filter_fini(&n->filter);
	netlink_free(n->netlink);
	links_fini(&n->links);
	free(n);
}

static void *open_netdev(const char *const *values, const struct roots *roots, char err[256])
{
	struct netdev *n = calloc(1, sizeof(*n));
	if (!n)
		abort();
	bool is[COUNT_OF(options)] = { false };
	for (size_t i = ADDRESS_INFO; i <= IFALIAS; i++)
		is[i] = str_eq(str_of(values[i]), STR("true"));
	const char *include = values[INCLUDE][0] ? values[INCLUDE] : values[OLD_INCLUDE];
	const char *exclude = values[EXCLUDE][0] ? values[EXCLUDE] : values[OLD_EXCLUDE];
	if (device_filter_init(&n->filter, include, exclude, err) < 0) {
		close_netdev(n);
		return NULL;
	}
	n->netlink = netlink_new(NETLINK_ROUTE);
	n->way = is[NETLINK] && !roots->is_net_foreign ? (is[DETAILED] ? NL_DETAILED : NL) : (is[DETAILED] ? PROC_DETAILED : PROC);
	n->has_addresses = is[ADDRESS_INFO] && !roots->is_net_foreign;
	n->has_alias = is[IFALIAS];
	return n;
}

const struct collector collector_netdev = { "netdev", true, options, open_netdev, update, close_netdev };
