/* The MIB counters of net/netstat, net/snmp (a line of names, then a line of values, both beginning with "Tcp:") and net/snmp6
 * ("Ip6InReceives  123"). Some four hundred names, of which a pattern picks a few; the verdict on each is kept. */
#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "parsers/bytes/arena.h"
#include "parsers/bytes/map.h"

#include <stdlib.h>

enum { FIELDS_MAX = 8192, KEY_MAX = 192 };

static const struct collector_option options[] = {
	{ "fields",
		"^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)"
		"|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)"
		"|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)"
		"|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$",
		"Regexp of fields to return for netstat collector." },
	{ 0 },
};

struct field {
	struct str key;         /* Tcp_InSegs */
	const char *name, *help; /* NULL: not wanted */
};
struct netstat {
	struct regex *wanted;
	struct map fields;
	struct arena memory;
};

static const char *join(struct arena *memory, const char *head, struct str a, struct str b, const char *tail)
{
	const size_t head_n = strlen(head), tail_n = strlen(tail);
	char *text = arena_alloc(memory, head_n + a.n + b.n + tail_n + 1), *to = text;
	memcpy(to, head, head_n);
	memcpy(to += head_n, a.p, a.n);
	memcpy(to += a.n, b.p, b.n);
	memcpy(to + b.n, tail, tail_n);
	return text;
}

static struct field *find_field(struct netstat *n, struct str protocol, struct str name)
{
	char key[KEY_MAX];
	if (protocol.n + name.n + 1 > sizeof(key))
		return NULL;
	memcpy(key, protocol.p, protocol.n);
	key[protocol.n] = '_';
	memcpy(key + protocol.n + 1, name.p, name.n);
	const struct str view = { key, protocol.n + 1 + name.n };
	struct field *field = map_get(&n->fields, view);
	if (field || n->fields.count == FIELDS_MAX)
		return field;
	field = arena_alloc(&n->memory, sizeof(*field));
	field->key = arena_copy(&n->memory, view);
	if (labels_name_is_legacy(view, true) && regex_match(n->wanted, view, 0, NULL) == REGEX_MATCH) {
		field->name = join(&n->memory, "node_netstat_", view, (struct str){ "", 0 }, "");
		field->help = join(&n->memory, "Statistic ", protocol, name, ".");
	}
	map_put(&n->fields, field->key, field);
	return field;
}

static void write_field(struct netstat *n, struct families *out, struct str protocol, struct str name, struct str value)
{
	double number;
	const struct field *field = protocol.n > 0 ? find_field(n, protocol, name) : NULL;
	if (!field || !field->name || !fields_number(value, &number))
		return;
	families_begin(out, field->name, METRIC_UNKNOWN, field->help);
	families_value(out, number);
}

/* net/netstat, net/snmp. A pair of lines of which one has more words than the other is not what it seems and left out. */
static void write_pairs(struct netstat *n, struct families *out, struct str text)
{
	while (text.n > 0) {
		struct str names = str_cut(&text, '\n'), values = text.n > 0 ? str_cut(&text, '\n') : text;
		struct str protocol = fields_next(&names), again = fields_next(&values);
		if (protocol.n < 2 || protocol.p[protocol.n - 1] != ':' || !str_eq(protocol, again))
			continue;
		protocol.n--;
		struct str left = names, right = values, name, value;
		do {
			name = fields_next(&left);
			value = fields_next(&right);
		} while (name.n > 0 && value.n > 0);
		if (name.n > 0 || value.n > 0)
			continue;
		while ((name = fields_next(&names)).n > 0)
			write_field(n, out, protocol, name, fields_next(&values));
	}
}

/* net/snmp6: the protocol ends with the first 6 of the name. */
static void write_lines(struct netstat *n, struct families *out, struct str text)
{
	while (text.n > 0) {
		struct str line = str_cut(&text, '\n'), name = fields_next(&line), value = fields_next(&line);
		size_t six = str_find(name, '6');
		if (six < name.n && value.n > 0)
			write_field(n, out, str_take(name, six + 1), str_skip(name, six + 1), value);
	}
}

static const struct {
	const char *path;
	void (*write)(struct netstat *n, struct families *out, struct str text);
	bool is_optional; /* without IPv6 there is no such file */
} sources[] = {
	{ "/net/netstat", write_pairs, false },
	{ "/net/snmp", write_pairs, false },
	{ "/net/snmp6", write_lines, true },
};

static int update(void *state, struct collect *c)
{
	int err = 0;
	for (size_t i = 0; i < COUNT_OF(sources); i++) {
		struct str text;
		int got = files_read(c->files, c->roots->proc, sources[i].path, true, &text);
		if (got == 0)
			sources[i].write(state, c->out, text);
		else if (got != -ENOENT || !sources[i].is_optional)
			err = got;
	}
	return err;
}

static void close_netstat(void *state)
{
	struct netstat *n = state;
	if (!n)
		return;
	regex_free(n->wanted);
	map_fini(&n->fields);
	arena_fini(&n->memory);
	free(n);
}

static void *open_netstat(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	struct netstat *n = calloc(1, sizeof(*n));
	if (!n)
		abort();
	n->wanted = regex_new(str_of(values[0]), 0, err);
	if (!n->wanted) {
		close_netstat(n);
		return NULL;
	}
	return n;
}

const struct collector collector_netstat = { "netstat", true, options, open_netstat, update, close_netstat };
