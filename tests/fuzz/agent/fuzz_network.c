/* The collectors of the network over any content of their files and any answer of netlink: what they write is a page that reads
 * back, with no sample twice. Files and netlink are stood in for: the input is
 *
 *   | collector | which options are turned | piece 0x1e piece 0x1e … |
 *
 * and each file, attribute, directory or dump takes the next piece. A piece is freed when the next one is asked for, as the
 * contract of files_read has it. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/netlink.h"
#include "agent/collectors/textfile_families.h"
#include "parsers/bytes/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEPARATOR = 0x1e, READS_MAX = 4096, NAMES_HERE = 8 };

static const struct collector *const mine[] = { &collector_arp, &collector_bonding, &collector_conntrack, &collector_ipvs,
	&collector_lnstat,
	&collector_netclass, &collector_netdev, &collector_netstat, &collector_network_route, &collector_nfs, &collector_nfsd,
		&collector_qdisc,
	&collector_sockstat, &collector_softnet, &collector_tcpstat, &collector_udp_queues, &collector_xfrm };

/* ---- in place of files.c, names.c, netlink.c ---- */

struct files {
	struct str rest;
	char *piece;
	int reads;
};
struct netlink { int protocol; };
static struct files *current; /* netlink_dump and names_read are given no files */

static int take(struct files *f, struct str *out)
{
	free(f->piece);
	f->piece = NULL;
	*out = (struct str){ 0 };
	if (f->rest.n == 0 || f->reads++ > READS_MAX)
		return -ENOENT;
	struct str piece = str_cut(&f->rest, SEPARATOR);
	f->piece = malloc(piece.n ? piece.n : 1);
	assert(f->piece);
	if (piece.n > 0)
		memcpy(f->piece, piece.p, piece.n);
	*out = (struct str){ f->piece, piece.n };
	return 0;
}

const char *files_net(const struct files *f)
{
	(void)f;
	return "/net";
}

int files_read(struct files *f, const char *root, const char *path, bool keep, struct str *out)
{
	(void)root, (void)path, (void)keep;
	return take(f, out);
}

int files_attribute(struct files *f, struct str *out, const char *format, ...)
{
	(void)format;
	return take(f, out);
}

int files_number(struct files *f, double *out, const char *format, ...)
{
	struct str text;
	(void)format;
	*out = take(f, &text) == 0 ? (double)text.n : 0;
	return 0;
}

int names_read(struct names *out, struct arena *arena, const char *format, ...)
{
	struct str text;
	(void)format;
	*out = (struct names){ 0 };
	if (take(current, &text) < 0)
		return -ENOENT;
	out->at = arena_alloc(arena, NAMES_HERE * sizeof(*out->at));
	while (text.n > 0 && out->count < NAMES_HERE)
		out->at[out->count++] = arena_copy(arena, str_cut(&text, '\n')).p;
	return 0;
}

bool names_is_numbered(const char *name, const char *prefix)
{
	return strcmp(name, prefix) != 0;
}

bool names_is_directory(const char *format, ...)
{
	(void)format;
	return true;
}

struct netlink *netlink_new(int protocol)
{
	struct netlink *n = calloc(1, sizeof(*n));
	assert(n);
	n->protocol = protocol;
	return n;
}

void netlink_free(struct netlink *n)
{
	free(n);
}

int netlink_dump(struct netlink *n, uint16_t type, const void *fixed, size_t size, void (*fn)(void *ctx,
	const struct netlink_message *m),
	void *ctx)
{
	struct str datagram;
	struct netlink_message m;
	enum netlink_item what;
	(void)n, (void)type, (void)fixed, (void)size;
	int err = take(current, &datagram);
	if (err < 0)
		return err;
	while ((what = netlink_next(&datagram, 0, &m)) == NETLINK_MESSAGE)
		fn(ctx, &m);
	assert(what == NETLINK_EMPTY || what == NETLINK_DONE || what == NETLINK_ERROR);
	return what == NETLINK_ERROR ? -m.error : 0;
}

/* ---- the page ---- */

static void check(struct str page)
{
	struct exposition x;
	struct map seen = { 0 };
	struct arena arena = { 0 };
	struct labels labels = { 0 };
	enum exposition_item what;
	const char *why;
	exposition_init(&x, EXPOSITION_TEXT_0_0_4, page);
	while ((what = exposition_next(&x)) > EXPOSITION_END) {
		if (what != EXPOSITION_SAMPLE)
			continue;
		labels_reset(&labels);
		assert(exposition_labels(x.series, &labels, &arena, &why));
		struct str series = arena_copy(&arena, x.series);
		assert(!map_get(&seen, series));
		map_put(&seen, series, &seen);
	}
	assert(what == EXPOSITION_END);
	exposition_fini(&x);
	labels_fini(&labels);
	map_fini(&seen);
	arena_fini(&arena);
}

static void run_collector(const struct collector *collector, unsigned turned, struct families *out)
{
	const char *values[16] = { NULL };
	char err[256];
	const struct roots roots = { .proc = "", .sys = "" };
	for (size_t i = 0; collector->options && collector->options[i].name; i++) {
		values[i] = collector->options[i].fallback;
		if (strcmp(values[i], "true") == 0 && (turned >> i & 1))
			values[i] = "false";
		else if (strcmp(values[i], "false") == 0 && (turned >> i & 1))
			values[i] = "true";
	}
	void *state = collector->open ? collector->open(values, &roots, err) : NULL;
	struct buf scratch;
	buf_init(&scratch, 1 << 20);
	collector->update(state, &(struct collect){ .roots = &roots, .files = current, .out = out, .scratch = &scratch });
	buf_fini(&scratch);
	if (collector->close)
		collector->close(state);
}

static void run_textfile(struct families *out)
{
	struct textfile_families t = { .count = 0 };
	struct str body;
	char err[256], path[] = "a";
	while (take(current, &body) == 0) {
		textfile_families_add(&t, path, body, err);
		path[0] = path[0] == 'z' ? 'a' : (char)(path[0] + 1);
	}
	families_gauge(out, "built_in", "", 1);
	textfile_families_settle(&t, out);
	textfile_families_write(&t, out);
	textfile_families_fini(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct files input = { .rest = { (const char *)data + 2, size - 2 } };
	struct families out;
	struct buf page;
	current = &input;
	buf_init(&page, (size_t)32 << 20);
	families_init(&out, &page, false);
	const size_t which = data[0] % (COUNT_OF(mine) + 1);
	if (which < COUNT_OF(mine))
		run_collector(mine[which], data[1], &out);
	else
		run_textfile(&out);
	assert(!page.is_full);
	check(buf_view(&page));
	free(input.piece);
	families_fini(&out);
	buf_fini(&page);
	return 0;
}
