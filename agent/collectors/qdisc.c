/* Root queueing disciplines by device: RTM_GETQDISC. TCA_STATS2 is newer and more complete than TCA_STATS; whichever comes last
 * in the message counts, and the kernel writes both. Off by default. */
#include "agent/collectors/all.h"
#include "agent/collectors/links.h"
#include "agent/collectors/sheet.h"

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

enum field { BYTES, PACKETS, DROPS, REQUEUES, OVERLIMITS, QUEUE_LENGTH, BACKLOG, FIELDS };

static const struct {
	const char *name, *help;
	enum metric_type type;
} families[FIELDS] = {
	[BYTES] = { "node_qdisc_bytes_total", "Number of bytes sent.", METRIC_COUNTER },
	[PACKETS] = { "node_qdisc_packets_total", "Number of packets sent.", METRIC_COUNTER },
	[DROPS] = { "node_qdisc_drops_total", "Number of packets dropped.", METRIC_COUNTER },
	[REQUEUES] = { "node_qdisc_requeues_total", "Number of packets dequeued, not transmitted, and requeued.", METRIC_COUNTER },
	[OVERLIMITS] = { "node_qdisc_overlimits_total", "Number of overlimit packets.", METRIC_COUNTER },
	[QUEUE_LENGTH] = { "node_qdisc_current_queue_length", "Number of packets currently in queue to be sent.", METRIC_GAUGE },
	[BACKLOG] = { "node_qdisc_backlog", "Number of bytes currently in queue to be sent.", METRIC_GAUGE },
};

enum option { OPTION_FIXTURES, OPTION_INCLUDE, OPTION_EXCLUDE };
static const struct collector_option options[] = {
	[OPTION_FIXTURES] = { "fixtures", "", "Accepted and without effect." },
	[OPTION_INCLUDE] = { "device-include", "", "Regexp of qdisc devices to include (mutually exclusive to device-exclude)." },
	[OPTION_EXCLUDE] = { "device-exclude", "", "Regexp of qdisc devices to exclude (mutually exclusive to device-include)." },
	{ 0 },
};

struct qdisc {
	struct device_filter filter;
	struct netlink *netlink;
	struct links links;  /* of one update */
	struct sheet *sheet; /* of one update */
};

/* struct tc_stats: bytes, packets, drops, overlimits, bps, pps, qlen, backlog. */
static void read_stats(struct str value, uint64_t fields[FIELDS])
{
	fields[BYTES] = netlink_u64(value, 0);
	fields[PACKETS] = netlink_u32(value, 8);
	fields[DROPS] = netlink_u32(value, 12);
	fields[OVERLIMITS] = netlink_u32(value, 16);
	fields[QUEUE_LENGTH] = netlink_u32(value, 28);
	fields[BACKLOG] = netlink_u32(value, 32);
}

/* struct gnet_stats_basic: bytes, packets. struct gnet_stats_queue: qlen, backlog, drops, requeues, overlimits. */
static void read_stats2(struct str nested, uint64_t fields[FIELDS])
{
	static const enum field queue[] = { QUEUE_LENGTH, BACKLOG, DROPS, REQUEUES, OVERLIMITS };
	struct str value;
	for (uint16_t type; netlink_attribute(&nested, &type, &value);) {
		if (type == TCA_STATS_BASIC) {
			fields[BYTES] = netlink_u64(value, 0);
			fields[PACKETS] = netlink_u32(value, 8);
		}
		for (size_t i = 0; type == TCA_STATS_QUEUE && i < COUNT_OF(queue); i++)
			fields[queue[i]] = netlink_u32(value, i * 4);
	}
}

static void add(void *ctx, const struct netlink_message *m)
{
	const struct qdisc *q = ctx;
	struct tcmsg head;
	if (m->type != RTM_NEWQDISC || m->body.n < sizeof(head))
		return;
	memcpy(&head, m->body.p, sizeof(head));
	struct str device = links_name(&q->links, (uint32_t)head.tcm_ifindex), kind = { 0 }, value;
	if ((head.tcm_parent != 0 && head.tcm_parent != TC_H_ROOT) || device_filter_ignores(&q->filter, device))
		return;
	uint64_t fields[FIELDS] = { 0 };
	struct str rest = netlink_attributes(m->body, sizeof(head));
	for (uint16_t type; netlink_attribute(&rest, &type, &value);) {
		if (type == TCA_KIND)
			kind = netlink_text(value);
		else if (type == TCA_STATS)
			read_stats(value, fields);
		else if (type == TCA_STATS2)
			read_stats2(value, fields);
	}
	for (size_t i = 0; i < FIELDS; i++)
		sheet_add(q->sheet, families[i].type, families[i].name, families[i].help, (double)fields[i], { "device", device },
			{ "kind", kind });
}

static int update(void *state, struct collect *c)
{
	struct qdisc *q = state;
	if (c->roots->is_net_foreign)
		return -ENODATA;
	struct sheet s;
	sheet_init(&s, c->out);
	q->sheet = &s;
	int err = links_read(&q->links, q->netlink);
	if (err == 0)
		err = netlink_dump(q->netlink, RTM_GETQDISC, &(struct tcmsg){ 0 }, sizeof(struct tcmsg), add, q);
	sheet_write(&s);
	return err;
}

static void close_qdisc(void *state)
{
	struct qdisc *q = state;
	if (!q)
		return;
	device_filter_fini(&q->filter);
	netlink_free(q->netlink);
	links_fini(&q->links);
	free(q);
}

static void *open_qdisc(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	struct qdisc *q = calloc(1, sizeof(*q));
	if (!q)
		abort();
	if (device_filter_init(&q->filter, values[OPTION_INCLUDE], values[OPTION_EXCLUDE], err) < 0) {
		close_qdisc(q);
		return NULL;
	}
	q->netlink = netlink_new(NETLINK_ROUTE);
	return q;
}

const struct collector collector_qdisc = { "qdisc", false, options, open_qdisc, update, close_qdisc };
