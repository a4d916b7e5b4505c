/* We bind ourselves instead of leaving it to the HTTP library, for three things it does not do: a clear message, both address
 * families on one socket, and port 0 for tests. */
#include "agent/web/web_listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "parsers/bytes/num.h"

enum { BACKLOG = 64 };

static bool split(struct str address, char host[256], char port[8])
{
	size_t colon = address.n;
	while (colon > 0 && address.p[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return false;
	struct str left = str_take(address, colon - 1), right = str_skip(address, colon);
	uint64_t number;
	if (!num_u64(right, &number) || number > 65535)
		return false;
	if (left.n >= 2 && left.p[0] == '[' && left.p[left.n - 1] == ']')
		left = (struct str){ left.p + 1, left.n - 2 };
	else if (str_find(left, ':') < left.n)
		return false; /* an IPv6 address without brackets could be read in two ways */
	if (left.n >= 256 || str_find(left, 0) < left.n)
		return false;
	snprintf(host, 256, STR_FMT, STR_ARG(left));
	snprintf(port, 8, "%u", (unsigned)number);
	return true;
}

static int listen_on(const struct addrinfo *a, bool is_any)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	int on = 1, v6only = !is_any;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only);
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int web_listen(struct str address, char err[256])
{
	char host[256], port[8];
	if (!split(address, host, port)) {
		struct str shown = str_take(address, 100);
		snprintf(err, 256, "listen address \"" STR_FMT "\": expected host:port, :port or [IPv6]:port", STR_ARG(shown));
		return -1;
	}
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *found = NULL;
	int result = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
	if (result) {
		snprintf(err, 256, "listen address \"%.100s:%s\": %s", host, port, gai_strerror(result));
		return -1;
	}
	/* Of "all addresses" the IPv6 one takes both families: try it first, IPv4 alone where the kernel has no IPv6. */
	int fd = -1;
	static const int order[] = { AF_INET6, AF_INET };
	for (size_t i = 0; i < COUNT_OF(order) && fd < 0; i++)
		for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
			if (a->ai_family == order[host[0] ? 1 - i : i])
				fd = listen_on(a, host[0] == 0);
	if (fd < 0)
		snprintf(err, 256, "cannot listen on %.100s:%s: %s; choose another with --web.listen-address", host, port, strerror(errno));
	freeaddrinfo(found);
	return fd;
}

uint16_t web_bound_port(int fd)
{
	struct sockaddr_storage at = { 0 };
	socklen_t n = sizeof at;
	if (getsockname(fd, (struct sockaddr *)&at, &n) < 0)
		return 0;
	in_port_t port;
	if (at.ss_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, &at, sizeof v6);
		port = v6.sin6_port;
	} else {
		struct sockaddr_in v4;
		memcpy(&v4, &at, sizeof v4);
		port = v4.sin_port;
	}
	return ntohs(port);
}
