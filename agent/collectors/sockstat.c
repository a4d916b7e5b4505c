/* net/sockstat and sockstat6: "TCP: inuse 5 orphan 0 tw 0 alloc 8 mem 1", in no fixed set of protocols. `mem` is in pages and
 * given in bytes too. The total of all sockets stands in the file of IPv4 alone. */
#include "agent/collectors/all.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"

#include <unistd.h>

static const char *const states[] = { "inuse", "orphan", "tw", "alloc", "mem", "memory" };

static void add_state(struct sheet *s, struct str protocol, const char *state, double value)
{
	sheet_put(s, METRIC_GAUGE, sheet_text(s, "node_sockstat_" STR_FMT "_%s", STR_ARG(protocol), state),
		sheet_text(s, "Number of " STR_FMT " sockets in state %s.", STR_ARG(protocol), state), value, NULL, 0);
}

static void add_protocol(struct sheet *s, struct str protocol, struct str pairs, double page_bytes)
{
	double inuse = 0;
	for (struct str key; (key = fields_next(&pairs)).n > 0;) {
		double value;
		if (!words_signed(fields_next(&pairs), &value))
			continue;
		for (size_t i = 1; i < COUNT_OF(states); i++)
			if (str_eq(key, str_of(states[i])))
				add_state(s, protocol, states[i], value);
		if (str_eq(key, STR("mem")))
			add_state(s, protocol, "mem_bytes", value * page_bytes);
		if (str_eq(key, STR("inuse")))
			inuse = value;
	}
	add_state(s, protocol, states[0], inuse);
}

static void add_total(struct sheet *s, struct str pairs)
{
	double used = 0;
	for (struct str key; (key = fields_next(&pairs)).n > 0;) {
		struct str value = fields_next(&pairs);
		if (str_eq(key, STR("used")))
			words_signed(value, &used);
	}
	sheet_put(s, METRIC_GAUGE, "node_sockstat_sockets_used", "Number of IPv4 sockets in use.", used, NULL, 0);
}

static void add_lines(struct sheet *s, struct str text, bool is_ipv6, double page_bytes)
{
	while (text.n > 0) {
		struct str line = str_cut(&text, '\n'), protocol = fields_next(&line);
		if (protocol.n < 2 || protocol.p[protocol.n - 1] != ':' || str_trim(line).n == 0)
			continue;
		protocol.n--;
		if (!labels_name_is_legacy(protocol, false)) /* it becomes part of a name */
			continue;
		if (!str_eq(protocol, STR("sockets")))
			add_protocol(s, protocol, line, page_bytes);
		else if (!is_ipv6)
			add_total(s, line);
	}
}

static int update(void *state, struct collect *c)
{
	(void)state;
	static const char *const paths[] = { "/net/sockstat", "/net/sockstat6" };
	const double page_bytes = (double)sysconf(_SC_PAGESIZE);
	struct sheet s;
	sheet_init(&s, c->out);
	int err = 0;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct str text;
		int got = files_read(c->files, c->roots->proc, paths[i], true, &text);
		if (got == 0)
			add_lines(&s, text, i == 1, page_bytes);
		else if (got != -ENOENT) /* without IPv4 or IPv6 there is no file */
			err = got;
	}
	sheet_write(&s);
	return err;
}

const struct collector collector_sockstat = { "sockstat", true, NULL, NULL, update, NULL };
