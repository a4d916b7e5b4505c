/* Netlink messages taken apart, and the collectors that ask for them. netlink.c is stood in for: each dump is answered out of a
 * table. */
#include <arpa/inet.h>
#include <check.h>
#include <linux/gen_stats.h>
#include <linux/inet_diag.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/collectors/all.h"
#include "agent/collectors/links.h"

enum { SEQUENCE = 7, ROOM = 16 << 10 };

/* ---- building ---- */

struct datagram {
	char bytes[ROOM];
	size_t n, start; /* of the message that is open */
};

static void put(struct datagram *d, const void *bytes, size_t n)
{
	ck_assert_uint_le(d->n + n + 4, ROOM);
	memcpy(d->bytes + d->n, bytes, n);
	d->n += n;
	while (d->n % 4)
		d->bytes[d->n++] = 0;
}

static void close_message(struct datagram *d)
{
	const uint32_t length = (uint32_t)(d->n - d->start);
	memcpy(d->bytes + d->start, &length, sizeof(length));
}

static void open_message(struct datagram *d, uint16_t type, const void *fixed, size_t n)
{
	d->start = d->n;
	put(d, &(struct nlmsghdr){ .nlmsg_type = type, .nlmsg_seq = SEQUENCE }, sizeof(struct nlmsghdr));
	put(d, fixed, n);
	close_message(d);
}

static void nested_attribute(struct datagram *d, uint16_t type, const void *value, size_t n)
{
	put(d, &(struct nlattr){ .nla_type = type, .nla_len = (uint16_t)(sizeof(struct nlattr) + n) }, sizeof(struct nlattr));
	put(d, value, n);
}

static void attribute(struct datagram *d, uint16_t type, const void *value, size_t n)
{
	nested_attribute(d, type, value, n);
	close_message(d);
}

static void number(struct datagram *d, uint16_t type, uint32_t value)
{
	attribute(d, type, &value, sizeof(value));
}

static void address(struct datagram *d, uint16_t type, const char *text)
{
	unsigned char bytes[16];
	const bool is_ipv6 = strchr(text, ':') != NULL;
	ck_assert_int_eq(inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text, bytes), 1);
	attribute(d, type, bytes, is_ipv6 ? 16 : 4);
}

/* ---- what the kernel says ---- */

static void add_link(struct datagram *d, int index, const char *name, uint64_t first)
{
	uint64_t counters[LINK_COUNTERS + 1];
	for (size_t i = 0; i < COUNT_OF(counters); i++)
		counters[i] = first + i;
	open_message(d, RTM_NEWLINK, &(struct ifinfomsg){ .ifi_index = index }, sizeof(struct ifinfomsg));
	attribute(d, IFLA_IFNAME, name, strlen(name) + 1);
	attribute(d, IFLA_STATS64, counters, sizeof(counters));
}

static void links(struct datagram *d)
{
	uint32_t narrow[LINK_COUNTERS] = { [RX_BYTES] = 77, [RX_NOHANDLER] = 5 };
	add_link(d, 1, "lo", 0);
	add_link(d, 2, "eth0", 100);
	open_message(d, RTM_NEWLINK, &(struct ifinfomsg){ .ifi_index = 3 }, sizeof(struct ifinfomsg));
	attribute(d, IFLA_IFNAME, "old0", 5);
	attribute(d, IFLA_STATS, narrow, sizeof(narrow));
	open_message(d, RTM_NEWLINK, &(struct ifinfomsg){ .ifi_index = 4 }, sizeof(struct ifinfomsg));
	attribute(d, IFLA_IFNAME, "none0", 6);
	open_message(d, RTM_NEWLINK, "short", 5);
}

static void neighbours(struct datagram *d)
{
	static const struct { int index; uint16_t state; uint8_t family; } entries[] = { { 2, NUD_REACHABLE, AF_INET }, { 2,
		NUD_STALE, AF_INET },
		{ 2, NUD_NOARP, AF_INET }, { 1, NUD_NOARP, AF_INET }, { 3, NUD_PERMANENT, AF_INET }, { 2, NUD_REACHABLE, AF_INET6 },
		{ 99, NUD_REACHABLE, AF_INET } };
	for (size_t i = 0; i < COUNT_OF(entries); i++)
		open_message(d, RTM_NEWNEIGH, &(struct ndmsg){ .ndm_family = entries[i].family, .ndm_ifindex = entries[i].index,
			.ndm_state = entries[i].state }, sizeof(struct ndmsg));
}

static void addresses(struct datagram *d)
{
	static const struct { int index; uint8_t bits; const char *address, *local; } rows[] = { { 1, 8, "127.0.0.1", NULL },
		{ 2, 24, "192.0.2.7", NULL }, { 2, 64, "fe80::1", NULL }, { 2, 64, "2001:db8::7", NULL }, { 3, 32, "10.0.0.2",
			"10.0.0.1" },
		{ 3, 4, "239.1.1.1", NULL }, { 77, 24, "10.9.9.9", NULL } };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const bool is_ipv6 = strchr(rows[i].address, ':') != NULL;
		open_message(d, RTM_NEWADDR, &(struct ifaddrmsg){ .ifa_family = is_ipv6 ? AF_INET6 : AF_INET,
			.ifa_prefixlen = rows[i].bits,
			.ifa_index = (uint32_t)rows[i].index }, sizeof(struct ifaddrmsg));
		address(d, IFA_ADDRESS, rows[i].address);
		if (rows[i].local)
			address(d, IFA_LOCAL, rows[i].local);
	}
}

static void routes(struct datagram *d)
{
	open_message(d, RTM_NEWROUTE, &(struct rtmsg){ .rtm_type = RTN_UNICAST, .rtm_protocol = 16 }, sizeof(struct rtmsg));
	number(d, RTA_OIF, 2);
	number(d, RTA_PRIORITY, 100);
	address(d, RTA_GATEWAY, "192.0.2.1");
	address(d, RTA_PREFSRC, "192.0.2.7");
	open_message(d, RTM_NEWROUTE, &(struct rtmsg){ .rtm_type = RTN_UNICAST, .rtm_protocol = 2, .rtm_dst_len = 64 },
		sizeof(struct rtmsg));
	number(d, RTA_OIF, 2);
	address(d, RTA_DST, "fe80::");
	open_message(d, RTM_NEWROUTE, &(struct rtmsg){ .rtm_type = RTN_LOCAL }, sizeof(struct rtmsg));
	number(d, RTA_OIF, 1);
	struct { struct rtnexthop hop; struct nlattr head; unsigned char gateway[4]; } hops[] = {
		{ { 16, 0, 2, 2 }, { 8, RTA_GATEWAY }, { 192, 0, 2, 3 } },
		{ { 16, 0, 0, 55 }, { 8, RTA_GATEWAY }, { 192, 0, 2, 4 } },
		{ { 200, 0, 0, 2 }, { 8, RTA_GATEWAY }, { 192, 0, 2, 5 } }, /* longer than there are bytes */
	};
	open_message(d, RTM_NEWROUTE, &(struct rtmsg){ .rtm_type = RTN_UNICAST, .rtm_protocol = 200, .rtm_dst_len = 8 },
		sizeof(struct rtmsg));
	address(d, RTA_DST, "10.0.0.0");
	attribute(d, RTA_MULTIPATH, hops, sizeof(hops));
}

static void queues(struct datagram *d)
{
	const uint32_t basic[] = { 1000, 1, 30, 0 }, queue[] = { 4, 5, 6, 7, 8 };
	struct datagram nested = { .n = 0 };
	nested_attribute(&nested, TCA_STATS_BASIC, basic, sizeof(basic));
	nested_attribute(&nested, TCA_STATS_QUEUE, queue, sizeof(queue));
	open_message(d, RTM_NEWQDISC, &(struct tcmsg){ .tcm_ifindex = 2, .tcm_parent = TC_H_ROOT }, sizeof(struct tcmsg));
	attribute(d, TCA_KIND, "fq_codel", 9);
	attribute(d, TCA_STATS2 | NLA_F_NESTED, nested.bytes, nested.n);
	open_message(d, RTM_NEWQDISC, &(struct tcmsg){ .tcm_ifindex = 2, .tcm_parent = 0x10001 }, sizeof(struct tcmsg));
	attribute(d, TCA_KIND, "inner", 6);
	const uint32_t old[] = { 9, 0, 10, 11, 12, 0, 0, 13, 14 };
	open_message(d, RTM_NEWQDISC, &(struct tcmsg){ .tcm_ifindex = 1 }, sizeof(struct tcmsg));
	attribute(d, TCA_KIND, "noqueue", 8);
	attribute(d, TCA_STATS, old, sizeof(old));
}

static void sockets(struct datagram *d)
{
	static const struct { uint8_t state; uint32_t rx, tx; } rows[] = { { 1, 10, 2 }, { 1, 0, 3 }, { 10, 128, 0 }, { 6, 0, 0 },
		{ 12, 0, 0 },
		{ 0, 0, 0 } };
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		open_message(d, SOCK_DIAG_BY_FAMILY, &(struct inet_diag_msg){ .idiag_state = rows[i].state,
			.idiag_rqueue = rows[i].rx,
			.idiag_wqueue = rows[i].tx }, sizeof(struct inet_diag_msg));
}

static const struct { uint16_t type; void (*fill)(struct datagram *d); } answers[] = { { RTM_GETLINK, links }, { RTM_GETNEIGH,
	neighbours },
	{ RTM_GETADDR, addresses }, { RTM_GETROUTE, routes }, { RTM_GETQDISC, queues }, { SOCK_DIAG_BY_FAMILY, sockets } };

/* ---- in place of netlink.c ---- */

struct netlink { int protocol; };

struct netlink *netlink_new(int protocol)
{
	struct netlink *n = calloc(1, sizeof(*n));
	ck_assert_ptr_nonnull(n);
	n->protocol = protocol;
	return n;
}

void netlink_free(struct netlink *n)
{
	free(n);
}

int netlink_dump(struct netlink *n, uint16_t type, const void *fixed, size_t size, void (*fn)(void *ctx,
	const struct netlink_message *m),
	void *ctx)
{
	static struct datagram d;
	ck_assert_int_eq(n->protocol, type == SOCK_DIAG_BY_FAMILY ? NETLINK_SOCK_DIAG : NETLINK_ROUTE);
	ck_assert(fixed && size > 0);
	d.n = 0;
	for (size_t i = 0; i < COUNT_OF(answers); i++)
		if (answers[i].type == type)
			answers[i].fill(&d);
	struct str rest = { d.bytes, d.n };
	for (struct netlink_message m; netlink_next(&rest, SEQUENCE, &m) == NETLINK_MESSAGE;)
		fn(ctx, &m);
	return 0;
}

/* ---- pages ---- */

static const struct {
	const char *name;
	const struct collector *collector;
	const char *option, *value;
	const char *lines[8];     /* each of them stands on the page */
	const char *absent;       /* this does not */
	size_t samples;
} cases[] = {
	{ "arp", &collector_arp, NULL, NULL, { "node_arp_entries{device=\"eth0\"} 2\n", "node_arp_entries{device=\"old0\"} 1\n" },
		"\"lo\"", 2 },
	{ "arp filter", &collector_arp, "device-include", "^old", { "node_arp_entries{device=\"old0\"} 1\n" }, "eth0", 1 },
	{ "netdev", &collector_netdev, NULL, NULL,
		{ "# HELP node_network_receive_bytes_total Network device statistic receive_bytes.\n# TYPE node_network_receive_bytes_total counter\n",
			"node_network_receive_bytes_total{device=\"old0\"} 77\n",
				"node_network_receive_nohandler_total{device=\"old0\"} 5\n",
			/* 106 dropped and 115 missed; 113 frame, 110 length, 111 over, 112 crc; 117 carrier, 116 aborted, 119
			 * heartbeat, 120 window */
			"node_network_receive_drop_total{device=\"eth0\"} 221\n",
				"node_network_receive_frame_total{device=\"eth0\"} 446\n",
			"node_network_transmit_carrier_total{device=\"eth0\"} 472\n",
				"node_network_transmit_colls_total{device=\"eth0\"} 109\n",
			"node_network_receive_multicast_total{device=\"eth0\"} 108\n" },
		"none0", 51 },
	{ "netdev detailed", &collector_netdev, "enable-detailed-metrics", "true",
		{ "node_network_receive_dropped_total{device=\"eth0\"} 106\n",
			"node_network_receive_missed_errors_total{device=\"eth0\"} 115\n",
			"node_network_collisions_total{device=\"eth0\"} 109\n",
				"node_network_multicast_total{device=\"eth0\"} 108\n",
			"node_network_receive_nohandler_total{device=\"eth0\"} 123\n" },
		"node_network_receive_drop_total", 72 },
	{ "netdev addresses", &collector_netdev, "address-info", "true",
		{ "node_network_address_info{address=\"127.0.0.1\",device=\"lo\",netmask=\"8\",scope=\"link-local\"} 1\n",
			"node_network_address_info{address=\"192.0.2.7\",device=\"eth0\",netmask=\"24\",scope=\"global\"} 1\n",
			"node_network_address_info{address=\"fe80::1\",device=\"eth0\",netmask=\"64\",scope=\"link-local\"} 1\n",
			"node_network_address_info{address=\"2001:db8::7\",device=\"eth0\",netmask=\"64\",scope=\"global\"} 1\n",
			"node_network_address_info{address=\"10.0.0.1\",device=\"old0\",netmask=\"32\",scope=\"global\"} 1\n",
			"node_network_address_info{address=\"239.1.1.1\",device=\"old0\",netmask=\"4\",scope=\"\"} 1\n" },
		"10.9.9.9", 57 },
	{ "network_route", &collector_network_route, NULL, NULL,
		{ "node_network_route_info{dest=\"default\",device=\"eth0\",gw=\"192.0.2.1\",priority=\"100\",proto=\"dhcp\",src=\"192.0.2.7\",weight=\"\"} 1\n",
			"node_network_route_info{dest=\"fe80::/64\",device=\"eth0\",gw=\"\",priority=\"0\",proto=\"kernel\",src=\"\",weight=\"\"} 1\n",
			"node_network_route_info{dest=\"10.0.0.0/8\",device=\"eth0\",gw=\"192.0.2.3\",priority=\"0\",proto=\"unknown\",src=\"\",weight=\"3\"} 1\n",
			"node_network_route_info{dest=\"10.0.0.0/8\",device=\"\",gw=\"192.0.2.4\",priority=\"0\",proto=\"unknown\",src=\"\",weight=\"1\"} 1\n",
			"node_network_routes{device=\"eth0\"} 3\n", "node_network_routes{device=\"\"} 1\n" },
		"192.0.2.5", 6 },
	{ "qdisc", &collector_qdisc, NULL, NULL,
		{ "node_qdisc_bytes_total{device=\"eth0\",kind=\"fq_codel\"} 4294968296\n",
			"node_qdisc_packets_total{device=\"eth0\",kind=\"fq_codel\"} 30\n",
			"node_qdisc_requeues_total{device=\"eth0\",kind=\"fq_codel\"} 7\n",
				"node_qdisc_current_queue_length{device=\"eth0\",kind=\"fq_codel\"} 4\n",
			"node_qdisc_drops_total{device=\"lo\",kind=\"noqueue\"} 11\n",
				"node_qdisc_backlog{device=\"lo\",kind=\"noqueue\"} 14\n" },
		"inner", 14 },
	/* both families are asked, and answered the same */
	{ "tcpstat", &collector_tcpstat, NULL, NULL,
		{ "node_tcp_connection_states{state=\"established\"} 4\n", "node_tcp_connection_states{state=\"listen\"} 2\n",
			"node_tcp_connection_states{state=\"time_wait\"} 2\n", "node_tcp_connection_states{state=\"unknown\"} 4\n",
			"node_tcp_connection_states{state=\"rx_queued_bytes\"} 276\n",
				"node_tcp_connection_states{state=\"tx_queued_bytes\"} 10\n" },
		"syn_sent", 6 },
};

static size_t count_samples(struct str page)
{
	size_t count = 0;
	while (page.n > 0)
		count += str_cut(&page, '\n').p[0] != '#';
	return count;
}

START_TEST(pages)
{
	const struct collector *collector = cases[_i].collector;
	const char *values[16] = { NULL };
	for (size_t i = 0; collector->options && collector->options[i].name; i++) {
		const bool is_set = cases[_i].option && strcmp(cases[_i].option, collector->options[i].name) == 0;
		values[i] = is_set ? cases[_i].value : collector->options[i].fallback;
	}
	char err[256] = "";
	const struct roots roots = { .proc = "/proc", .sys = "/sys" };
	void *state = collector->open(values, &roots, err);
	ck_assert_msg(state, "%s: %s", cases[_i].name, err);
	struct buf page, scratch;
	struct families out;
	buf_init(&page, 1 << 20);
	buf_init(&scratch, 1 << 20);
	families_init(&out, &page, false);
	struct collect c = { .roots = &roots, .files = files_new(), .out = &out, .scratch = &scratch };
	ck_assert_int_eq(collector->update(state, &c), 0);
	ck_assert_uint_eq(count_samples(buf_view(&page)), cases[_i].samples);
	buf_char(&page, 0);
	for (size_t i = 0; i < COUNT_OF(cases[_i].lines) && cases[_i].lines[i]; i++)
		ck_assert_msg(strstr(page.p, cases[_i].lines[i]), "%s: no %sin\n%s", cases[_i].name, cases[_i].lines[i], page.p);
	ck_assert_msg(!strstr(page.p, cases[_i].absent), "%s: %s in\n%s", cases[_i].name, cases[_i].absent, page.p);
	files_free(c.files);
	families_fini(&out);
	buf_fini(&page);
	buf_fini(&scratch);
	collector->close(state);
}
END_TEST

/* ---- messages ---- */

START_TEST(every_cut_is_safe)
{
	struct datagram d = { .n = 0 };
	links(&d);
	for (size_t n = 0; n <= d.n; n++) {
		char *copy = malloc(n ? n : 1);
		memcpy(copy, d.bytes, n);
		struct str rest = { copy, n };
		struct links list = { 0 };
		for (struct netlink_message m; netlink_next(&rest, SEQUENCE, &m) == NETLINK_MESSAGE;)
			links_add(&list, &m);
		ck_assert_uint_eq(rest.n, 0);
		ck_assert_uint_le(list.count, 4);
		if (n == d.n)
			ck_assert_uint_eq(list.count, 4);
		links_fini(&list);
		free(copy);
	}
}
END_TEST

START_TEST(ends)
{
	struct datagram d = { .n = 0 };
	struct netlink_message m;
	open_message(&d, NLMSG_NOOP, "", 0);
	open_message(&d, RTM_NEWLINK, "abcd", 4);
	open_message(&d, NLMSG_ERROR, &(int32_t){ -EBUSY }, 4);
	open_message(&d, NLMSG_ERROR, &(int32_t){ 0 }, 4);
	open_message(&d, NLMSG_DONE, "", 0);
	struct str rest = { d.bytes, d.n };
	ck_assert_int_eq(netlink_next(&rest, SEQUENCE, &m), NETLINK_MESSAGE);
	ck_assert(str_eq(m.body, STR("abcd")) && m.type == RTM_NEWLINK);
	ck_assert_int_eq(netlink_next(&rest, SEQUENCE, &m), NETLINK_ERROR);
	ck_assert_int_eq(m.error, EBUSY);
	ck_assert_int_eq(netlink_next(&rest, SEQUENCE, &m), NETLINK_ERROR);
	ck_assert_int_eq(m.error, 0);
	ck_assert_int_eq(netlink_next(&rest, SEQUENCE, &m), NETLINK_DONE);
	ck_assert_int_eq(netlink_next(&rest, SEQUENCE, &m), NETLINK_EMPTY);
	rest = (struct str){ d.bytes, d.n };
	ck_assert_int_eq(netlink_next(&rest, SEQUENCE + 1, &m), NETLINK_EMPTY); /* the answer to another question */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("netlink");
	TCase *t = tcase_create("netlink");
	tcase_add_loop_test(t, pages, 0, (int)COUNT_OF(cases));
	tcase_add_test(t, every_cut_is_safe);
	tcase_add_test(t, ends);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
