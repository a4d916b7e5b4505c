/* Lengths come first and are checked first; bytes are fetched with memcpy because attributes are aligned to four only, and
 * 64-bit counters inside of them to no more than that. */
#include "agent/collectors/netlink_messages.h"

#include <linux/netlink.h>

static size_t aligned(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

enum netlink_item netlink_next(struct str *datagram, uint32_t sequence, struct netlink_message *out)
{
	while (datagram->n >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr header;
		memcpy(&header, datagram->p, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > datagram->n)
			break;
		struct str body = { datagram->p + sizeof(header), header.nlmsg_len - sizeof(header) };
		*datagram = str_skip(*datagram, aligned(header.nlmsg_len));
		if (header.nlmsg_seq != sequence || header.nlmsg_type == NLMSG_NOOP)
			continue;
		*out = (struct netlink_message){ .type = header.nlmsg_type, .body = body };
		if (header.nlmsg_type == NLMSG_DONE)
			return NETLINK_DONE;
		if (header.nlmsg_type != NLMSG_ERROR)
			return NETLINK_MESSAGE;
		int32_t code = (int32_t)netlink_u32(body, 0); /* a negative errno */
		out->error = code < 0 && code > -4096 ? -code : 0;
		return NETLINK_ERROR;
	}
	*datagram = (struct str){ 0 };
	return NETLINK_EMPTY;
}

bool netlink_attribute(struct str *rest, uint16_t *type, struct str *value)
{
	struct nlattr header;
	if (rest->n < sizeof(header))
		return false;
	memcpy(&header, rest->p, sizeof(header));
	if (header.nla_len < sizeof(header) || header.nla_len > rest->n)
		return false;
	*type = header.nla_type & NLA_TYPE_MASK;
	*value = (struct str){ rest->p + sizeof(header), header.nla_len - sizeof(header) };
	*rest = str_skip(*rest, aligned(header.nla_len));
	return true;
}

struct str netlink_attributes(struct str body, size_t fixed)
{
	return str_skip(body, aligned(fixed));
}

uint32_t netlink_u32(struct str value, size_t at)
{
	uint32_t out = 0;
	if (value.n >= sizeof(out) && at <= value.n - sizeof(out))
		memcpy(&out, value.p + at, sizeof(out));
	return out;
}

uint64_t netlink_u64(struct str value, size_t at)
{
	uint64_t out = 0;
	if (value.n >= sizeof(out) && at <= value.n - sizeof(out))
		memcpy(&out, value.p + at, sizeof(out));
	return out;
}

struct str netlink_text(struct str value)
{
	return str_take(value, str_find(value, 0));
}
