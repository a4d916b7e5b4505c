/* Unicast routes of all tables, one sample each, and how many each device has: RTM_GETROUTE. A multipath route counts once per
 * next hop, with its weight. Off by default: hosts with a full routing table have a million of them. */
#include "agent/collectors/all.h"
#include "agent/collectors/links.h"
#include "agent/collectors/sheet.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

enum { ADDRESS_MAX = INET6_ADDRSTRLEN + 4 };

static const struct { uint8_t number; const char *name; } protocols[] = { /* linux/rtnetlink.h */
	{ 0, "unspec" }, { 1, "redirect" }, { 2, "kernel" }, { 3, "boot" }, { 4, "static" }, { 8, "gated" }, { 9, "ra" },
	{ 10, "mrt" }, { 11, "zebra" }, { 12, "bird" }, { 13, "dnrouted" }, { 14, "xorp" }, { 15, "ntk" }, { 16, "dhcp" },
	{ 17, "mrouted" }, { 42, "babel" }, { 186, "bgp" }, { 187, "isis" }, { 188, "ospf" }, { 189, "rip" }, { 192, "eigrp" },
};

struct network_route {
	struct netlink *netlink;
	struct links links;  /* of one update */
	struct sheet *sheet; /* of one update */
	uint64_t *routes;    /* of one update, by the place of the link; the last is for none */
};

struct route { /* what the samples of all next hops of a route have in common */
	struct str src, dest;
	char priority[16];
	const char *proto;
};

static struct str print_address(struct str value, char text[ADDRESS_MAX])
{
	unsigned char bytes[16];
	if (value.n != 4 && value.n != 16)
		return (struct str){ 0 };
	memcpy(bytes, value.p, value.n);
	inet_ntop(value.n == 4 ? AF_INET : AF_INET6, bytes, text, INET6_ADDRSTRLEN);
	return str_of(text);
}

static struct str print_prefix(struct str value, unsigned bits, char text[ADDRESS_MAX])
{
	if (bits == 0)
		return STR("default");
	struct str address = print_address(value, text);
	if (address.n == 0)
		return address;
	return (struct str){ text, address.n + (size_t)snprintf(text + address.n, ADDRESS_MAX - address.n, "/%u", bits) };
}

static const char *protocol_name(uint8_t number)
{
	for (size_t i = 0; i < COUNT_OF(protocols); i++)
		if (protocols[i].number == number)
			return protocols[i].name;
	return "unknown";
}

static void add_hop(struct network_route *n, const struct route *r, uint32_t index, struct str gateway, struct str weight)
{
	char text[ADDRESS_MAX];
	size_t place = 0;
	while (place < n->links.count && n->links.at[place].index != index)
		place++;
	n->routes[place]++;
	sheet_add(n->sheet, METRIC_GAUGE, "node_network_route_info", "network routing table information", 1, { "dest", r->dest },
		{ "device", place < n->links.count ? n->links.at[place].name : (struct str){ 0 } },
			{ "gw", print_address(gateway, text) },
		{ "priority", str_of(r->priority) }, { "proto", str_of(r->proto) }, { "src", r->src }, { "weight", weight });
}

/* struct rtnexthop with attributes behind it, one after the other. */
static void add_hops(struct network_route *n, const struct route *r, struct str rest)
{
	struct rtnexthop hop;
	while (rest.n >= sizeof(hop)) {
		memcpy(&hop, rest.p, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > rest.n)
			return;
		struct str attributes = str_skip(str_take(rest, hop.rtnh_len), sizeof(hop)), value, gateway = { 0 };
		for (uint16_t type; netlink_attribute(&attributes, &type, &value);)
			if (type == RTA_GATEWAY)
				gateway = value;
		char weight[8];
		snprintf(weight, sizeof(weight), "%u", hop.rtnh_hops + 1U);
		add_hop(n, r, (uint32_t)hop.rtnh_ifindex, gateway, str_of(weight));
		rest = str_skip(rest, RTNH_ALIGN((size_t)hop.rtnh_len));
	}
}

static void add(void *ctx, const struct netlink_message *m)
{
	struct rtmsg head;
	if (m->type != RTM_NEWROUTE || m->body.n < sizeof(head))
		return;
	memcpy(&head, m->body.p, sizeof(head));
	if (head.rtm_type != RTN_UNICAST)
		return;
	enum { WANTED = RTA_MULTIPATH + 1 };
	struct str values[WANTED] = { { 0 } }, rest = netlink_attributes(m->body, sizeof(head)), value;
	for (uint16_t type; netlink_attribute(&rest, &type, &value);)
		if (type < WANTED)
			values[type] = value;
	char src[ADDRESS_MAX], dest[ADDRESS_MAX];
	struct route r = { .src = print_address(values[RTA_PREFSRC], src), .proto = protocol_name(head.rtm_protocol) };
	r.dest = print_prefix(values[RTA_DST], head.rtm_dst_len, dest);
	snprintf(r.priority, sizeof(r.priority), "%u", (unsigned)netlink_u32(values[RTA_PRIORITY], 0));
	if (values[RTA_MULTIPATH].n > 0)
		add_hops(ctx, &r, values[RTA_MULTIPATH]);
	else
		add_hop(ctx, &r, netlink_u32(values[RTA_OIF], 0), values[RTA_GATEWAY], (struct str){ 0 });
}

static void add_totals(struct network_route *n)
{
	for (size_t i = 0; i <= n->links.count; i++)
		if (n->routes[i] > 0)
			sheet_add(n->sheet, METRIC_GAUGE, "node_network_routes", "network routes by interface",
				(double)n->routes[i],
				{ "device", i < n->links.count ? n->links.at[i].name : (struct str){ 0 } });
}

static int update(void *state, struct collect *c)
{
	struct network_route *n = state;
	if (c->roots->is_net_foreign)
		return -ENODATA;
	struct sheet s;
	sheet_init(&s, c->out);
	n->sheet = &s;
	int err = links_read(&n->links, n->netlink);
	n->routes = calloc(n->links.count + 1, sizeof(*n->routes));
	if (!n->routes)
		abort();
	if (err == 0)
		err = netlink_dump(n->netlink, RTM_GETROUTE, &(struct rtmsg){ 0 }, sizeof(struct rtmsg), add, n);
	if (err == 0)
		add_totals(n);
	free(n->routes);
	n->routes = NULL;
	sheet_write(&s);
	return err;
}

static void *open_network_route(const char *const *values, const struct roots *roots, char err[256])
{
	(void)values;
	(void)roots;
	(void)err;
	struct network_route *n = calloc(1, sizeof(*n));
	if (!n)
		abort();
	n->netlink = netlink_new(NETLINK_ROUTE);
	return n;
}

static void close_network_route(void *state)
{
	struct network_route *n = state;
	if (!n)
		return;
	netlink_free(n->netlink);
	links_fini(&n->links);
	free(n);
}

const struct collector collector_network_route = { "network_route", false, NULL, open_network_route, update, close_network_route };
