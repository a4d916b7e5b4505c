/* Questions to the kernel over a netlink socket: dumps. The socket is opened at the first question, kept, and replaced when it
 * turns bad.
 * The answers are those of the network namespace that the process is in, whatever the root of /proc. */
#ifndef AGENT_COLLECTORS_NETLINK_H
#define AGENT_COLLECTORS_NETLINK_H

#include "agent/collectors/netlink_messages.h"

enum {
	NETLINK_BUFFER_BYTES = 64 << 10,    /* the kernel fills up to 32 KiB at a time */
	NETLINK_DATAGRAMS_MAX = 1 << 14,    /* of one dump */
	NETLINK_PATIENCE_MS = 2000          /* for each of them; the kernel answers at once */
};

struct netlink;
struct netlink *netlink_new(int protocol); /* NETLINK_ROUTE, NETLINK_SOCK_DIAG */
void netlink_free(struct netlink *n);
/* Asks for a dump of `type` with this fixed part (struct ifinfomsg …) and hands each message to fn, whose views end with
 * the call. 0 or -errno. */
int netlink_dump(struct netlink *n, uint16_t type, const void *fixed, size_t size,
	void (*fn)(void *ctx, const struct netlink_message *m), void *ctx);

#endif
