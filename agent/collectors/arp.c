/* Neighbours of IPv4 by device. rtnetlink by default; entries that need no resolving (NUD_NOARP) are left out, as /proc/net/arp
 * does. */
#include "agent/collectors/all.h"
#include "agent/collectors/links.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/array.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

static const struct collector_option options[] = {
	{ "device-include", "", "Regexp of arp devices to include (mutually exclusive to device-exclude)." },
	{ "device-exclude", "", "Regexp of arp devices to exclude (mutually exclusive to device-include)." },
	{ "netlink", "true", "Use netlink to gather stats instead of /proc/net/arp." },
	{ 0 },
};

enum { DEVICES_MAX = 1 << 16 };

struct tally { /* of one device */
	uint32_t index; /* rtnetlink's; /proc goes by name */
	struct str name;
	uint64_t entries;
};
struct arp {
	struct device_filter filter;
	struct netlink *netlink; /* NULL: /proc/net/arp */
	struct tally *tallies;   /* of one update */
	size_t count, room;
};

static void count_entry(struct arp *a, uint32_t index, struct str name)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->tallies[i].index == index && str_eq(a->tallies[i].name, name)) {
			a->tallies[i].entries++;
			return;
		}
	}
	if (a->count == DEVICES_MAX)
		return;
	a->tallies = array_room(a->tallies, a->count, &a->room, sizeof *a->tallies);
	a->tallies[a->count++] = (struct tally){ index, name, 1 };
}

static void count_neighbour(void *ctx, const struct netlink_message *m)
{
	struct ndmsg neighbour;
	if (m->type != RTM_NEWNEIGH || m->body.n < sizeof(neighbour))
		return;
	memcpy(&neighbour, m->body.p, sizeof(neighbour));
	if (neighbour.ndm_family == AF_INET && !(neighbour.ndm_state & NUD_NOARP))
		count_entry(ctx, (uint32_t)neighbour.ndm_ifindex, (struct str){ 0 });
}

/* IP address, HW type, flags, HW address, mask, device; the header has nine words. */
static void count_lines(struct arp *a, struct str text)
{
	while (text.n > 0) {
		struct str words[7];
		if (words_split(str_cut(&text, '\n'), words, COUNT_OF(words)) == 6)
			count_entry(a, 0, words[5]);
	}
}

static void write_tallies(struct arp *a, struct families *out)
{
	struct sheet s;
	sheet_init(&s, out);
	for (size_t i = 0; i < a->count; i++) {
		const struct tally *t = &a->tallies[i];
		if (t->name.n > 0 && !device_filter_ignores(&a->filter, t->name))
			sheet_add(&s, METRIC_GAUGE, "node_arp_entries", "ARP entries by device", (double)t->entries,
				{ "device", t->name });
	}
	sheet_write(&s);
}

static int update_by_netlink(struct arp *a, struct collect *c)
{
	int err = netlink_dump(a->netlink, RTM_GETNEIGH, &(struct ndmsg){ .ndm_family = AF_INET }, sizeof(struct ndmsg),
		count_neighbour, a);
	if (err < 0 || a->count == 0)
		return err;
	struct links links = { 0 };
	err = links_read(&links, a->netlink);
	if (err == 0) {
		for (size_t i = 0; i < a->count; i++)
			a->tallies[i].name = links_name(&links, a->tallies[i].index);
		write_tallies(a, c->out);
	}
	links_fini(&links);
	return err;
}

static int update(void *state, struct collect *c)
{
	struct arp *a = state;
	a->count = 0;
	if (a->netlink)
		return update_by_netlink(a, c);
	struct str text;
	int err = files_read(c->files, c->roots->proc, "/net/arp", true, &text);
	if (err < 0)
		return err;
	count_lines(a, text);
	write_tallies(a, c->out);
	return 0;
}

static void close_arp(void *state)
{
	struct arp *a = state;
	if (!a)
		return;
	device_filter_fini(&a->filter);
	netlink_free(a->netlink);
	free(a->tallies);
	free(a);
}

static void *open_arp(const char *const *values, const struct roots *roots, char err[256])
{
	struct arp *a = calloc(1, sizeof(*a));
	if (!a)
		abort();
	if (device_filter_init(&a->filter, values[0], values[1], err) < 0) {
		close_arp(a);
		return NULL;
	}
	if (str_eq(str_of(values[2]), STR("true")) && !roots->is_net_foreign)
		a->netlink = netlink_new(NETLINK_ROUTE);
	return a;
}

const struct collector collector_arp = { "arp", true, options, open_arp, update, close_arp };
