/* The connection tracking table: how full it is, and its events summed over all CPUs.
 * net/stat/nf_conntrack: a header, then a line of hexadecimal words per CPU; 16 of them before search_restart was added, 17
 * since. */
#include "agent/collectors/all.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/num.h"

enum { COLUMNS_MIN = 16, COLUMNS_MAX = 17 };

static const struct {
	const char *name, *help;
	size_t column;
} counters[] = {
	{ "node_nf_conntrack_stat_found", "Number of searched entries which were successful.", 2 },
	{ "node_nf_conntrack_stat_invalid", "Number of packets seen which can not be tracked.", 4 },
	{ "node_nf_conntrack_stat_ignore", "Number of packets seen which are already connected to a conntrack entry.", 5 },
	{ "node_nf_conntrack_stat_insert", "Number of entries inserted into the list.", 8 },
	{ "node_nf_conntrack_stat_insert_failed", "Number of entries for which list insertion was attempted but failed.", 9 },
	{ "node_nf_conntrack_stat_drop", "Number of packets dropped due to conntrack failure.", 10 },
	{ "node_nf_conntrack_stat_early_drop",
		"Number of dropped conntrack entries to make room for new ones, if maximum table size was reached.", 11 },
	{ "node_nf_conntrack_stat_search_restart",
		"Number of conntrack table lookups which had to be restarted due to hashtable resizes.", 16 },
};

static void add_line(struct str line, uint64_t sums[COLUMNS_MAX])
{
	struct str words[COLUMNS_MAX + 1];
	size_t count = words_split(line, words, COUNT_OF(words));
	uint64_t values[COLUMNS_MAX] = { 0 };
	if (count < COLUMNS_MIN || count > COLUMNS_MAX)
		return;
	for (size_t i = 0; i < count; i++)
		if (!num_hex64(words[i], &values[i]))
			return;
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		sums[i] += values[i];
}

static int write_number(struct collect *c, const char *path, const char *name, const char *help)
{
	struct str text;
	double value;
	int err = files_read(c->files, c->roots->proc, path, true, &text);
	if (err < 0)
		return err;
	if (!words_unsigned(str_trim(text), &value))
		return -EBADMSG;
	families_gauge(c->out, name, help, value);
	return 0;
}

/* Of the network of process 1: /proc/sys/net answers for our own, but the first column of the statistics (hexadecimal, the same in
 * each line) is the number of entries too. */
static int write_entries_of_init(struct collect *c, const char *name, const char *help)
{
	struct str text, rest;
	uint64_t entries;
	int err = files_read(c->files, c->roots->proc, "/net/stat/nf_conntrack", true, &text);
	if (err < 0)
		return err;
	str_cut(&text, '\n');
	rest = str_cut(&text, '\n');
	if (!num_hex64(str_cut(&rest, ' '), &entries))
		return -EBADMSG;
	families_gauge(c->out, name, help, (double)entries);
	return 0;
}

static int write_counters(struct collect *c)
{
	struct str text;
	int err = files_read(c->files, c->roots->proc, "/net/stat/nf_conntrack", true, &text);
	if (err < 0)
		return err;
	uint64_t sums[COLUMNS_MAX] = { 0 };
	str_cut(&text, '\n');
	while (text.n > 0)
		add_line(str_cut(&text, '\n'), sums);
	for (size_t i = 0; i < COUNT_OF(counters); i++)
		families_gauge(c->out, counters[i].name, counters[i].help, (double)sums[counters[i].column]);
	return 0;
}

static int update(void *state, struct collect *c)
{
	(void)state;
	static const char name[] = "node_nf_conntrack_entries", help[] = "Number of currently allocated flow entries for connection tracking.";
	int err = c->roots->is_net_foreign ? write_entries_of_init(c, name, help)
					   : write_number(c, "/sys/net/netfilter/nf_conntrack_count", name, help);
	if (err == 0)
		err = write_number(c, "/sys/net/netfilter/nf_conntrack_max", "node_nf_conntrack_entries_limit",
			"Maximum size of connection tracking table.");
	if (err == 0)
		err = write_counters(c);
	return err == -ENOENT ? -ENODATA : err; /* the module is not loaded, or the kernel has no file for the events */
}

const struct collector collector_conntrack = { "conntrack", true, NULL, NULL, update, NULL };
