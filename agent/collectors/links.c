/* RTM_GETLINK. Counters come in 64 bits; kernels before 2.6.35 have 32 bits only, in the same order. A kernel that knows fewer
 * counters sends a shorter attribute and the rest is 0. */
#include "agent/collectors/links.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "parsers/bytes/array.h"

static void read_counters(struct link *link, struct str wide, struct str narrow)
{
	link->has_counters = wide.n > 0 || narrow.n > 0;
	for (size_t i = 0; i < LINK_COUNTERS; i++)
		link->counters[i] = wide.n > 0 ? netlink_u64(wide, i * 8) : netlink_u32(narrow, i * 4);
}

void links_add(struct links *l, const struct netlink_message *m)
{
	if (m->type != RTM_NEWLINK || m->body.n < sizeof(struct ifinfomsg) || l->count == LINKS_MAX)
		return;
	struct link link = { .index = netlink_u32(m->body, offsetof(struct ifinfomsg, ifi_index)) };
	struct str rest = netlink_attributes(m->body, sizeof(struct ifinfomsg)), value, wide = { 0 }, narrow = { 0 };
	for (uint16_t type; netlink_attribute(&rest, &type, &value);) {
		if (type == IFLA_IFNAME)
			link.name = netlink_text(value);
		else if (type == IFLA_STATS64)
			wide = value;
		else if (type == IFLA_STATS)
			narrow = value;
	}
	if (link.name.n == 0)
		return;
	read_counters(&link, wide, narrow);
	link.name = arena_copy(&l->names, link.name);
	l->at = array_room(l->at, l->count, &l->room, sizeof *l->at);
	l->at[l->count++] = link;
}

static void add(void *ctx, const struct netlink_message *m)
{
	links_add(ctx, m);
}

int links_read(struct links *l, struct netlink *n)
{
	links_fini(l);
	return netlink_dump(n, RTM_GETLINK, &(struct ifinfomsg){ 0 }, sizeof(struct ifinfomsg), add, l);
}

struct str links_name(const struct links *l, uint32_t index)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->at[i].index == index)
			return l->at[i].name;
	return (struct str){ 0 };
}

void links_fini(struct links *l)
{
	free(l->at);
	arena_fini(&l->names);
	*l = (struct links){ 0 };
}
