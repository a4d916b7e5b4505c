/* TCP sockets by state, and the bytes in their queues: sock_diag (linux/inet_diag.h). Off by default: a dump of all sockets
 * costs time on hosts that have many of them. */
#include "agent/collectors/all.h"
#include "agent/collectors/netlink.h"
#include "agent/collectors/sheet.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

enum { ALL_STATES = 0xfff, STATE_RX = 12, STATE_TX, STATE_UNKNOWN, STATES };

static const char *const names[STATES] = { /* net/tcp_states.h; the two sums stand behind */
	[1] = "established", [2] = "syn_sent", [3] = "syn_recv", [4] = "fin_wait1", [5] = "fin_wait2", [6] = "time_wait",
		[7] = "close",
	[8] = "close_wait", [9] = "last_ack", [10] = "listen", [11] = "closing", [STATE_RX] = "rx_queued_bytes",
	[STATE_TX] = "tx_queued_bytes", [STATE_UNKNOWN] = "unknown",
};

struct tally {
	double values[STATES];
	bool is_there[STATES];
};

static void add(struct tally *t, size_t state, double value)
{
	t->values[state] += value;
	t->is_there[state] = true;
}

static void count_socket(void *ctx, const struct netlink_message *m)
{
	struct inet_diag_msg socket;
	if (m->type != SOCK_DIAG_BY_FAMILY || m->body.n < sizeof(socket))
		return;
	memcpy(&socket, m->body.p, sizeof(socket));
	add(ctx, STATE_RX, socket.idiag_rqueue);
	add(ctx, STATE_TX, socket.idiag_wqueue);
	add(ctx, socket.idiag_state >= 1 && socket.idiag_state < STATE_RX ? socket.idiag_state : STATE_UNKNOWN, 1);
}

static int update(void *state, struct collect *c)
{
	static const char *const tables[] = { NULL, "/net/tcp6" }; /* without IPv6 there is no such file, and nothing to ask for */
	static const uint8_t protocols[] = { AF_INET, AF_INET6 };
	struct tally t = { 0 };
	if (c->roots->is_net_foreign)
		return -ENODATA;
	for (size_t i = 0; i < COUNT_OF(protocols); i++) {
		struct str ignored;
		if (tables[i] && files_attribute(c->files, &ignored, "%s%s", c->roots->proc, tables[i]) == -ENOENT)
			continue;
		const struct inet_diag_req_v2 request = { .sdiag_family = protocols[i], .sdiag_protocol = IPPROTO_TCP,
			.idiag_states = ALL_STATES };
		int err = netlink_dump(state, SOCK_DIAG_BY_FAMILY, &request, sizeof(request), count_socket, &t);
		if (err < 0)
			return err;
	}
	struct sheet s;
	sheet_init(&s, c->out);
	for (size_t i = 0; i < STATES; i++)
		if (t.is_there[i])
			sheet_add(&s, METRIC_GAUGE, "node_tcp_connection_states", "Number of connection states.", t.values[i],
				{ "state", str_of(names[i]) });
	sheet_write(&s);
	return 0;
}

static void *open_tcpstat(const char *const *values, const struct roots *roots, char err[256])
{
	(void)values;
	(void)roots;
	(void)err;
	return netlink_new(NETLINK_SOCK_DIAG);
}

static void close_tcpstat(void *state)
{
	netlink_free(state);
}

const struct collector collector_tcpstat = { "tcpstat", false, NULL, open_tcpstat, update, close_tcpstat };
