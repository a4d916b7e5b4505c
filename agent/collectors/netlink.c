/* One question, one dump. Each question has a number of its own, so that what is left of an answer that was given up on is told
 * apart. */
#include "agent/collectors/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { FIXED_MAX = 128 };

struct netlink {
	int fd, protocol; /* fd < 0: not open */
	uint32_t sequence;
	char buffer[NETLINK_BUFFER_BYTES];
};

struct netlink *netlink_new(int protocol)
{
	struct netlink *n = calloc(1, sizeof(*n));
	if (!n)
		abort();
	n->fd = -1;
	n->protocol = protocol;
	return n;
}

static void close_socket(struct netlink *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

void netlink_free(struct netlink *n)
{
	if (!n)
		return;
	close_socket(n);
	free(n);
}

static int open_socket(struct netlink *n)
{
	if (n->fd >= 0)
		return 0;
	n->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, n->protocol);
	if (n->fd < 0)
		return -errno;
	const struct timeval patience = { .tv_sec = NETLINK_PATIENCE_MS / 1000, .tv_usec = NETLINK_PATIENCE_MS % 1000 * 1000 };
	setsockopt(n->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	/* Attributes that a dump need not look for are checked, not ignored; older kernels do not know the option and do as they
	 * did. */
	setsockopt(n->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &(int){ 1 }, sizeof(int));
	return 0;
}

static int ask(struct netlink *n, uint16_t type, const void *fixed, size_t size)
{
	struct {
		struct nlmsghdr header;
		char fixed[FIXED_MAX];
	} question = { .header = { .nlmsg_len = (uint32_t)(sizeof(struct nlmsghdr) + size), .nlmsg_type = type,
			       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = ++n->sequence } };
	if (size > sizeof(question.fixed))
		return -EINVAL;
	memcpy(question.fixed, fixed, size);
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent = sendto(n->fd, &question, question.header.nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel));
	return sent < 0 ? -errno : 0;
}

/* One datagram, from the kernel and nobody else. */
static int receive(struct netlink *n, struct str *out)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_size = sizeof(from);
	ssize_t got;
	do
		got = recvfrom(n->fd, n->buffer, sizeof(n->buffer), MSG_TRUNC, (struct sockaddr *)&from, &from_size);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if ((size_t)got > sizeof(n->buffer))
		return -EMSGSIZE;
	*out = from.nl_pid == 0 ? (struct str){ n->buffer, (size_t)got } : (struct str){ 0 };
	return 0;
}

static int answer(struct netlink *n, void (*fn)(void *ctx, const struct netlink_message *m), void *ctx)
{
	for (int i = 0; i < NETLINK_DATAGRAMS_MAX; i++) {
		struct str datagram;
		int err = receive(n, &datagram);
		if (err < 0)
			return err;
		struct netlink_message m;
		enum netlink_item what;
		while ((what = netlink_next(&datagram, n->sequence, &m)) == NETLINK_MESSAGE)
			fn(ctx, &m);
		if (what == NETLINK_DONE || (what == NETLINK_ERROR && m.error == 0))
			return 0;
		if (what == NETLINK_ERROR)
			return -m.error;
	}
	return -EOVERFLOW;
}

int netlink_dump(struct netlink *n, uint16_t type, const void *fixed, size_t size,
	void (*fn)(void *ctx, const struct netlink_message *m), void *ctx)
{
	int err = open_socket(n);
	if (err == 0)
		err = ask(n, type, fixed, size);
	if (err == 0)
		err = answer(n, fn, ctx);
	if (err < 0)
		close_socket(n); /* whatever is still on its way goes with it */
	return err;
}
