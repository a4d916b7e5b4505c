/* Netlink datagrams, taken apart: pure. linux/netlink.h has the layout, in the byte order of the machine:
 *
 *   | nlmsghdr: length type flags sequence port | fixed part | attribute | attribute | … | nlmsghdr …
 *                                                | length type value, padded to 4 |
 *
 *   while ((what = netlink_next(&datagram, sequence, &m)) == NETLINK_MESSAGE) … */
#ifndef AGENT_COLLECTORS_NETLINK_MESSAGES_H
#define AGENT_COLLECTORS_NETLINK_MESSAGES_H

#include "parsers/bytes/str.h"

enum netlink_item { NETLINK_EMPTY, NETLINK_MESSAGE, NETLINK_DONE, NETLINK_ERROR };

struct netlink_message {
	uint16_t type;
	struct str body; /* behind the header */
	int error;       /* of NETLINK_ERROR: errno, 0 for an acknowledgement */
};

/* The next message of a datagram that answers `sequence`; others are passed over. EMPTY: nothing more in this datagram, DONE:
 * nor in the dump. A message that says it is longer than its datagram ends the datagram. */
enum netlink_item netlink_next(struct str *datagram, uint32_t sequence, struct netlink_message *out);
/* The next attribute; false at the end, or where the rest is none. Flags (nested, byte order) are taken off the type. */
bool netlink_attribute(struct str *rest, uint16_t *type, struct str *value);
/* What stands behind a fixed part of `fixed` bytes; empty when the body is shorter. */
struct str netlink_attributes(struct str body, size_t fixed);

/* Values; 0 when there are fewer bytes. */
uint32_t netlink_u32(struct str value, size_t at);
uint64_t netlink_u64(struct str value, size_t at);
struct str netlink_text(struct str value); /* up to the first NUL */

#endif
