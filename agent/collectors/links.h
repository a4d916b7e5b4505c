/* The network interfaces as rtnetlink lists them: index, name, counters. One dump gives all of them. */
#ifndef AGENT_COLLECTORS_LINKS_H
#define AGENT_COLLECTORS_LINKS_H

#include "agent/collectors/netlink.h"
#include "parsers/bytes/arena.h"

enum { LINKS_MAX = 1 << 16 };

/* In the order of struct rtnl_link_stats64 (linux/if_link.h), which is also how they are read. */
enum link_counter {
	RX_PACKETS, TX_PACKETS, RX_BYTES, TX_BYTES, RX_ERRORS, TX_ERRORS, RX_DROPPED, TX_DROPPED, MULTICAST, COLLISIONS,
	RX_LENGTH_ERRORS, RX_OVER_ERRORS, RX_CRC_ERRORS, RX_FRAME_ERRORS, RX_FIFO_ERRORS, RX_MISSED_ERRORS,
	TX_ABORTED_ERRORS, TX_CARRIER_ERRORS, TX_FIFO_ERRORS, TX_HEARTBEAT_ERRORS, TX_WINDOW_ERRORS,
	RX_COMPRESSED, TX_COMPRESSED, RX_NOHANDLER, LINK_COUNTERS
};

struct link {
	uint32_t index;
	struct str name;
	bool has_counters;
	uint64_t counters[LINK_COUNTERS];
};
struct links {
	struct link *at; /* in the order of the kernel */
	size_t count, room;
	struct arena names;
};

/* Reads one RTM_NEWLINK message into the list; anything else is passed over. */
void links_add(struct links *l, const struct netlink_message *m);
/* The list anew. 0 or -errno. {0} is a valid empty list. */
int links_read(struct links *l, struct netlink *n);
struct str links_name(const struct links *l, uint32_t index); /* empty when there is none */
void links_fini(struct links *l);

#endif
