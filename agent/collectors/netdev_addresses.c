/* An address is IFA_LOCAL where there is one: on a point-to-point link IFA_ADDRESS is the other end. */
#include "agent/collectors/netdev_addresses.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

struct walk {
	struct sheet *sheet;
	const struct links *links;
	const struct device_filter *filter;
};

static const char *scope4(const unsigned char *a)
{
	const bool is_broadcast = (a[0] & a[1] & a[2] & a[3]) == 0xff, is_none = (a[0] | a[1] | a[2] | a[3]) == 0;
	if (a[0] == 127 || (a[0] == 169 && a[1] == 254) || (a[0] == 224 && a[1] == 0 && a[2] == 0))
		return "link-local";
	return is_broadcast || is_none || (a[0] & 0xf0) == 0xe0 ? "" : "global";
}

static const char *scope6(const unsigned char *a)
{
	static const unsigned char none[16], loopback[16] = { [15] = 1 };
	if (memcmp(a, loopback, 16) == 0 || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || (a[0] == 0xff && (a[1] & 0x0f) == 0x02))
		return "link-local";
	if (a[0] == 0xff && (a[1] & 0x0f) == 0x01)
		return "interface-local";
	return a[0] == 0xff || memcmp(a, none, 16) == 0 ? "" : "global";
}

static void add(void *ctx, const struct netlink_message *m)
{
	const struct walk *w = ctx;
	struct ifaddrmsg head;
	if (m->type != RTM_NEWADDR || m->body.n < sizeof(head))
		return;
	memcpy(&head, m->body.p, sizeof(head));
	struct str rest = netlink_attributes(m->body, sizeof(head)), value, address = { 0 }, local = { 0 };
	for (uint16_t type; netlink_attribute(&rest, &type, &value);) {
		if (type == IFA_ADDRESS)
			address = value;
		else if (type == IFA_LOCAL)
			local = value;
	}
	if (local.n > 0)
		address = local;
	const bool is_ipv4 = head.ifa_family == AF_INET;
	struct str device = links_name(w->links, head.ifa_index);
	if ((!is_ipv4 && head.ifa_family != AF_INET6) || address.n != (is_ipv4 ? 4 : 16) || device.n == 0)
		return;
	if (device_filter_ignores(w->filter, device))
		return;
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN], mask[8];
	memcpy(bytes, address.p, address.n);
	inet_ntop(head.ifa_family, bytes, text, sizeof(text));
	snprintf(mask, sizeof(mask), "%u", (unsigned)head.ifa_prefixlen);
	sheet_add(w->sheet, METRIC_GAUGE, "node_network_address_info", "node network address by device", 1,
		{ "address", str_of(text) },
		{ "device", device }, { "netmask", str_of(mask) }, { "scope", str_of(is_ipv4 ? scope4(bytes) : scope6(bytes)) });
}

int netdev_addresses_add(struct sheet *s, struct netlink *n, const struct links *links, const struct device_filter *filter)
{
	struct walk w = { s, links, filter };
	return netlink_dump(n, RTM_GETADDR, &(struct ifaddrmsg){ 0 }, sizeof(struct ifaddrmsg), add, &w);
}
