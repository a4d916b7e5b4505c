/* The interfaces of a pod: /proc/<pid>/net/dev of one of its processes. proc_pid_net(5). Bytes and packets since the interface is
 * there. */
#ifndef AGENT_PODS_NETWORK_H
#define AGENT_PODS_NETWORK_H

#include <sys/types.h>

#include "agent/collectors/collector.h"

enum { NETWORK_INTERFACES_MAX = 64, NETWORK_NAME_MAX = 16 };
enum network_value {
	NET_RX_BYTES, NET_RX_PACKETS, NET_RX_ERRORS, NET_RX_DROPPED, NET_TX_BYTES, NET_TX_PACKETS, NET_TX_ERRORS, NET_TX_DROPPED,
		NET_VALUES
};
struct network_interface {
	char name[NETWORK_NAME_MAX];
	uint64_t value[NET_VALUES];
};
struct network {
	struct network_interface at[NETWORK_INTERFACES_MAX]; /* in the kernel's order */
	size_t count;
};

/* Pure: the text of net/dev. Interfaces that are none of the pod's (lo, veth*, docker*, nerdctl*) are left out, and so are lines
 * that are not understood. */
void network_parse(struct str text, struct network *out);
/* Of a process. is_of_host: the process is in the network of process 1, whose numbers are the host's: not read then, unless
 * asked for pid 1. 0 or -errno. */
int network_read(const struct collect *c, pid_t pid, struct network *out, bool *is_of_host);

#endif
