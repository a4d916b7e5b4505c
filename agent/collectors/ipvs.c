/* IP Virtual Server: totals, and the real servers behind each virtual one.
 * net/ip_vs: "TCP  C0A80016:0CEA wlc" opens a service, "FWM  10001000 wlc" one by firewall mark; its servers follow as "  ->
 * C0A85216:0CEA      Tunnel  100    248        2". IPv6 is written [2001:…]:0050, all of it, with 39 bytes between the brackets.
 * Servers that are the same by the labels that were asked for are added up. */
#include "agent/collectors/all.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/array.h"
#include "parsers/bytes/map.h"
#include "parsers/bytes/num.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

enum ipvs_label { LOCAL_ADDRESS, LOCAL_PORT, REMOTE_ADDRESS, REMOTE_PORT, PROTO, LOCAL_MARK, LABELS };
enum { BACKENDS_MAX = 1 << 16, HEADER_LINES = 2 };

static const char *const label_names[LABELS] = { "local_address", "local_port", "remote_address", "remote_port", "proto",
	"local_mark" };

static const struct collector_option options[] = {
	{ "backend-labels", "local_address,local_port,remote_address,remote_port,proto,local_mark",
		"Comma separated list for IPVS backend stats labels." },
	{ 0 },
};

static const struct { const char *name, *help; } totals[] = {
	{ "node_ipvs_connections_total", "The total number of connections made." },
	{ "node_ipvs_incoming_packets_total", "The total number of incoming packets." },
	{ "node_ipvs_outgoing_packets_total", "The total number of outgoing packets." },
	{ "node_ipvs_incoming_bytes_total", "The total amount of incoming data." },
	{ "node_ipvs_outgoing_bytes_total", "The total amount of outgoing data." },
};
/* In the order of the columns behind the forwarding method. */
enum { WEIGHT, ACTIVE, INACTIVE, GAUGES };
static const struct { const char *name, *help; } gauges[GAUGES] = {
	[WEIGHT] = { "node_ipvs_backend_weight", "The current backend weight by local and remote address." },
	[ACTIVE] = { "node_ipvs_backend_connections_active", "The current active connections by local and remote address." },
	[INACTIVE] = { "node_ipvs_backend_connections_inactive", "The current inactive connections by local and remote address." },
};

struct ipvs { bool wanted[LABELS]; };
struct backend {
	struct str values[LABELS];
	uint64_t gauges[GAUGES];
};
struct backends { /* of one update */
	struct sheet *sheet;
	struct map by_key;
	struct backend **at; /* in order of appearance */
	size_t count, room;
};

/* Address and port out of C0A80016:0CEA or [2620:…]:0050, as people write them. */
static bool read_endpoint(struct sheet *s, struct str word, struct str *address, struct str *port)
{
	char text[INET6_ADDRSTRLEN], raw[40] = "";
	unsigned char bytes[16];
	uint64_t number, port_number;
	if (word.n == 13 && word.p[8] == ':' && num_hex64(str_take(word, 8), &number)) {
		const uint32_t in_order = htonl((uint32_t)number);
		inet_ntop(AF_INET, &in_order, text, sizeof(text));
	} else if (word.n == 46 && word.p[0] == '[' && word.p[40] == ']' && word.p[41] == ':') {
		memcpy(raw, word.p + 1, 39);
		if (inet_pton(AF_INET6, raw, bytes) != 1)
			return false;
		inet_ntop(AF_INET6, bytes, text, sizeof(text));
	} else {
		return false;
	}
	if (!num_hex64(str_skip(word, word.n - 4), &port_number))
		return false;
	*address = sheet_copy(s, str_of(text));
	*port = str_of(sheet_text(s, "%u", (unsigned)port_number));
	return true;
}

/* A line that opens a service; its values hold for the servers that follow. */
static void open_service(struct sheet *s, const struct str *words, size_t count, struct str values[LABELS])
{
	for (size_t i = 0; i < LABELS; i++)
		values[i] = (struct str){ 0 };
	values[PROTO] = words[0];
	values[LOCAL_PORT] = STR("0");
	if (str_eq(words[0], STR("FWM")))
		values[LOCAL_MARK] = count > 1 ? words[1] : (struct str){ 0 };
	else if (count < 2 || !read_endpoint(s, words[1], &values[LOCAL_ADDRESS], &values[LOCAL_PORT]))
		values[PROTO] = (struct str){ 0 }; /* servers of a service that is not understood are left out */
}

static struct backend *find_backend(struct backends *b, const struct ipvs *ipvs, const struct str values[LABELS])
{
	char key[256];
	size_t n = 0;
	for (size_t i = 0; i < LABELS; i++) {
		if (ipvs->wanted[i])
			n += (size_t)snprintf(key + n, sizeof(key) - n, STR_FMT "-", STR_ARG(values[i]));
		if (n >= sizeof(key))
			return NULL;
	}
	key[n++] = '.'; /* never empty */
	struct backend *found = map_get(&b->by_key, (struct str){ key, n });
	if (found || b->count == BACKENDS_MAX)
		return found;
	found = arena_alloc(&b->sheet->memory, sizeof(*found));
	memcpy(found->values, values, sizeof(found->values));
	map_put(&b->by_key, sheet_copy(b->sheet, (struct str){ key, n }), found);
	b->at = array_room(b->at, b->count, &b->room, sizeof *b->at);
	return b->at[b->count++] = found;
}

static void add_server(struct backends *b, const struct ipvs *ipvs, const struct str *words, struct str values[LABELS])
{
	uint64_t numbers[GAUGES];
	for (size_t i = 0; i < GAUGES; i++)
		if (!num_u64(words[3 + i], &numbers[i]))
			return;
	if (values[PROTO].n == 0 || !read_endpoint(b->sheet, words[1], &values[REMOTE_ADDRESS], &values[REMOTE_PORT]))
		return;
	struct backend *backend = find_backend(b, ipvs, values);
	for (size_t i = 0; backend && i < GAUGES; i++)
		backend->gauges[i] += numbers[i];
}

static void read_backends(struct backends *b, const struct ipvs *ipvs, struct str text)
{
	struct str values[LABELS] = { 0 };
	while (text.n > 0) {
		struct str words[6];
		size_t count = words_split(str_cut(&text, '\n'), words, COUNT_OF(words));
		if (count == 0 || (count > 1 && str_eq(words[1], STR("RemoteAddress:Port"))))
			continue;
		if (str_eq(words[0], STR("->"))) {
			if (count == COUNT_OF(words))
				add_server(b, ipvs, words, values);
		} else if (!str_eq(words[0], STR("IP")) && !str_eq(words[0], STR("Prot"))) {
			open_service(b->sheet, words, count, values);
		}
	}
}

static void write_backends(const struct backends *b, const struct ipvs *ipvs)
{
	for (size_t i = 0; i < b->count; i++) {
		struct metric_label labels[LABELS];
		size_t count = 0;
		for (size_t j = 0; j < LABELS; j++)
			if (ipvs->wanted[j])
				labels[count++] = (struct metric_label){ label_names[j], b->at[i]->values[j] };
		for (size_t j = 0; j < GAUGES; j++)
			sheet_put(b->sheet, METRIC_GAUGE, gauges[j].name, gauges[j].help, (double)b->at[i]->gauges[j], labels,
				count);
	}
}

/* Two lines of header, then the totals in hexadecimal. */
static int add_totals(struct sheet *s, struct str text)
{
	uint64_t values[COUNT_OF(totals)];
	struct str words[COUNT_OF(totals) + 1];
	struct str line = { 0 };
	for (int i = 0; i <= HEADER_LINES; i++)
		line = text.n > 0 ? str_cut(&text, '\n') : text;
	if (words_split(line, words, COUNT_OF(words)) != COUNT_OF(totals))
		return -EBADMSG;
	for (size_t i = 0; i < COUNT_OF(totals); i++)
		if (!num_hex64(words[i], &values[i]))
			return -EBADMSG;
	for (size_t i = 0; i < COUNT_OF(totals); i++)
		sheet_put(s, METRIC_COUNTER, totals[i].name, totals[i].help, (double)values[i], NULL, 0);
	return 0;
}

static int update(void *state, struct collect *c)
{
	struct str text;
	int err = files_read(c->files, c->roots->proc, "/net/ip_vs_stats", true, &text);
	if (err < 0)
		return err == -ENOENT ? -ENODATA : err;
	struct sheet s;
	sheet_init(&s, c->out);
	err = add_totals(&s, text);
	if (err == 0)
		err = files_read(c->files, c->roots->proc, "/net/ip_vs", true, &text);
	if (err == 0) {
		struct backends b = { .sheet = &s };
		read_backends(&b, state, text);
		write_backends(&b, state);
		map_fini(&b.by_key);
		free(b.at);
	}
	sheet_write(&s);
	return err;
}

static void *open_ipvs(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	struct ipvs *ipvs = calloc(1, sizeof(*ipvs));
	if (!ipvs)
		abort();
	struct str rest = str_of(values[0]);
	while (rest.n > 0) {
		struct str name = str_cut(&rest, ',');
		size_t i = 0;
		while (i < LABELS && !str_eq(name, str_of(label_names[i])))
			i++;
		if (i < LABELS) {
			ipvs->wanted[i] = true;
		} else if (name.n > 0) {
			snprintf(err, 256, "unknown IPVS backend label: \"" STR_FMT "\"", (int)(name.n < 64 ? name.n : 64), name.p);
			free(ipvs);
			return NULL;
		}
	}
	return ipvs;
}

const struct collector collector_ipvs = { "ipvs", true, options, open_ipvs, update, free };
