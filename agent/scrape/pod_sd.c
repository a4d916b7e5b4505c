/* The rules of who may be asked. A pod's address comes from its status, which the kubelet writes; still it is held against a list of
 * addresses that are never a pod's, because a scrape carries what the answer says out of the node. */
#include "agent/scrape/pod_sd.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "parsers/kubernetes/pod_meta.h"
#include "parsers/bytes/num.h"

/* ---- addresses ---- */

static const struct { uint32_t net; int bits; } forbidden4[] = {
	{ 0x00000000, 8 },  { 0x7f000000, 8 },  { 0xa9fe0000, 16 }, { 0xe0000000, 4 }, { 0xf0000000, 4 },
	{ 0x646464c8, 32 }, /* Alibaba Cloud: 100.100.100.200 */
	{ 0xa83f8110, 32 }, /* Azure: 168.63.129.16 */
	{ 0xc0000000, 24 }, /* IETF, Oracle's 192.0.0.192 among them */
};
static const struct { unsigned char net[16]; int bits; } forbidden6[] = {
	{ { 0 }, 128 },
	{ { [15] = 1 }, 128 },
	{ { 0xfe, 0x80 }, 10 },
	{ { 0xff }, 8 },
	{ { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54 }, 128 }, /* AWS: fd00:ec2::254 */
	{ { 0xfd, 0x20, 0x00, 0xce, [14] = 0x02, [15] = 0x54 }, 128 }, /* Google Cloud: fd20:ce::254 */
};

static bool is_forbidden4(uint32_t ip)
{
	for (size_t i = 0; i < COUNT_OF(forbidden4); i++)
		if ((ip ^ forbidden4[i].net) >> (32 - forbidden4[i].bits) == 0)
			return true;
	return false;
}

static bool has_prefix(const unsigned char ip[16], const unsigned char net[16], int bits)
{
	for (int i = 0; i < bits; i++)
		if ((ip[i / 8] ^ net[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

static bool is_forbidden6(const unsigned char ip[16])
{
	static const unsigned char mapped[16] = { [10] = 0xff, [11] = 0xff }, nat64[16] = { 0x00, 0x64, 0xff, 0x9b }, old[16] = { 0 };
	uint32_t inner = (uint32_t)ip[12] << 24 | (uint32_t)ip[13] << 16 | (uint32_t)ip[14] << 8 | ip[15];
	for (size_t i = 0; i < COUNT_OF(forbidden6); i++)
		if (has_prefix(ip, forbidden6[i].net, forbidden6[i].bits))
			return true;
	bool has_inner = has_prefix(ip, mapped, 96) || has_prefix(ip, nat64, 96) || has_prefix(ip, old, 96);
	return has_inner && is_forbidden4(inner);
}

bool pod_sd_is_forbidden(struct str ip)
{
	char z[64];
	struct in_addr v4;
	struct in6_addr v6;
	if (ip.n == 0 || ip.n >= sizeof z || memchr(ip.p, '\0', ip.n))
		return true;
	memcpy(z, ip.p, ip.n);
	z[ip.n] = '\0';
	if (inet_pton(AF_INET, z, &v4) == 1)
		return is_forbidden4(ntohl(v4.s_addr));
	if (inet_pton(AF_INET6, z, &v6) == 1)
		return is_forbidden6(v6.s6_addr);
	return true;
}

struct str pod_sd_host(struct str address, struct str *port)
{
	*port = (struct str){ 0 };
	if (address.n && address.p[0] == '[') {
		size_t end = str_find(address, ']');
		struct str rest = str_skip(address, end + 1);
		if (rest.n > 1 && rest.p[0] == ':')
			*port = str_skip(rest, 1);
		return end < address.n ? str_skip(str_take(address, end), 1) : (struct str){ 0 };
	}
	size_t colon = str_find(address, ':');
	if (str_find(str_skip(address, colon + 1), ':') < str_skip(address, colon + 1).n)
		return address; /* IPv6 without brackets */
	*port = str_skip(address, colon + 1);
	return str_take(address, colon);
}

struct str pod_sd_join(struct arena *arena, struct str ip, struct str port)
{
	bool is_v6 = str_find(ip, ':') < ip.n;
	struct buf b;
	buf_init(&b, ip.n + port.n + 4);
	buf_str(&b, is_v6 ? STR("[") : STR(""));
	buf_str(&b, ip);
	buf_str(&b, is_v6 ? STR("]") : STR(""));
	buf_str(&b, port.n ? STR(":") : STR(""));
	buf_str(&b, port);
	struct str joined = arena_copy(arena, buf_view(&b));
	buf_fini(&b);
	return joined;
}

/* ---- what Prometheus knows of a pod ---- */

struct discovered *pod_sd_add(struct discovered_set *set, const struct pod *pod, const struct pod_container *c, struct str port)
{
	struct discovered *d = discovered_add(set);
	d->pod_ip = arena_copy(&set->arena, pod->ip);
	labels_set(&d->labels, STR("__address__"), pod_sd_join(&set->arena, pod->ip, port));
	pod_meta_put(&d->labels, &set->arena, pod, c);
	return d;
}

static struct str number_text(char at[24], uint64_t number)
{
	snprintf(at, 24, "%llu", (unsigned long long)number);
	return str_of(at);
}

static void list_ports(struct discovered_set *set, const struct pod *pod)
{
	char text[24];
	for (size_t i = 0; i < pod->container_count; i++) {
		const struct pod_container *c = &pod->containers[i];
		if (c->is_init)
			continue;
		for (size_t k = 0; k < c->port_count; k++) {
			struct str number = number_text(text, c->ports[k].number);
			pod_meta_put_port(&pod_sd_add(set, pod, c, number)->labels, &set->arena, &c->ports[k]);
		}
		if (c->port_count == 0)
			pod_sd_add(set, pod, c, (struct str){ 0 });
	}
}

/* ---- by annotation ---- */

static bool path_is_good(struct str path)
{
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] <= 0x20 || path.p[i] == 0x7f || path.p[i] == '\\')
			return false;
	return path.n <= 1024 && (path.n == 0 || path.p[0] == '/');
}

static void put_annotated(struct discovered_set *set, struct discovered *d, const struct pod *pod, const struct pod_container *c)
{
	static const struct str param = STR("prometheus.io/param_");
	discovered_label(set, d, STR("namespace"), pod->namespace_);
	discovered_label(set, d, STR("pod"), pod->name);
	discovered_label(set, d, STR("container"), c->name);
	discovered_label(set, d, STR("node"), pod->node);
	discovered_label(set, d, STR("__metrics_path__"), pod_annotation(pod, STR("prometheus.io/path")));
	discovered_label(set, d, STR("__scheme__"), pod_annotation(pod, STR("prometheus.io/scheme")));
	for (size_t i = 0; i < pod->annotation_count; i++) {
		struct str name = str_skip(pod->annotations[i].name, param.n);
		char label[128];
		if (!str_starts(pod->annotations[i].name, param) || !name.n || name.n > 64 || !labels_name_is_legacy(name, false))
			continue;
		snprintf(label, sizeof label, "__param_" STR_FMT, STR_ARG(name));
		discovered_label(set, d, str_of(label), pod->annotations[i].value);
	}
	d->is_annotated = true;
}

static bool is_tcp(const struct pod_port *port)
{
	return port->protocol.n == 0 || str_eq(port->protocol, STR("TCP"));
}

const struct pod_container *pod_sd_container_with(const struct pod *pod, uint64_t port)
{
	static const struct pod_container nobody;
	const struct pod_container *only = NULL;
	size_t n = 0;
	for (size_t i = 0; i < pod->container_count; i++) {
		if (pod->containers[i].is_init)
			continue;
		only = &pod->containers[i];
		n++;
		for (size_t k = 0; k < only->port_count; k++)
			if (only->ports[k].number == port && is_tcp(&only->ports[k]))
				return only;
	}
	return n == 1 ? only : &nobody;
}

static void list_annotated(struct discovered_set *set, const struct pod *pod)
{
	struct str wanted = pod_annotation(pod, STR("prometheus.io/port")), scheme = pod_annotation(pod, STR("prometheus.io/scheme"));
	bool is_wanted = str_eq(pod_annotation(pod, STR("prometheus.io/scrape")), STR("true"));
	bool is_good = path_is_good(pod_annotation(pod, STR("prometheus.io/path"))) &&
		       (scheme.n == 0 || str_eq(scheme, STR("http")) || str_eq(scheme, STR("https")));
	uint64_t number = 0;
	char text[24];
	if (!is_wanted || !is_good || (wanted.n && (!num_u64(wanted, &number) || number == 0 || number > 65535)))
		return;
	if (number) {
		const struct pod_container *c = pod_sd_container_with(pod, number);
		put_annotated(set, pod_sd_add(set, pod, c, number_text(text, number)), pod, c);
		return;
	}
	for (size_t i = 0; i < pod->container_count; i++) {
		const struct pod_container *c = &pod->containers[i];
		for (size_t k = 0; !c->is_init && k < c->port_count; k++) {
			if (!is_tcp(&c->ports[k]) || c->ports[k].number == 0 || c->ports[k].number > 65535)
				continue;
			struct str port = number_text(text, c->ports[k].number);
			struct discovered *d = pod_sd_add(set, pod, c, port);
			pod_meta_put_port(&d->labels, &set->arena, &c->ports[k]);
			put_annotated(set, d, pod, c);
		}
	}
}

bool pod_sd_is_left_out(const struct pod *pod, bool takes_ended, bool allow_host_network)
{
	bool is_over = str_eq(pod->phase, STR("Succeeded")) || str_eq(pod->phase, STR("Failed"));
	bool is_host = pod->host_network || (pod->host_ip.n && str_eq(pod->ip, pod->host_ip));
	return (is_over && !takes_ended) || pod_sd_is_forbidden(pod->ip) || (is_host && !allow_host_network);
}

void pod_sd_list(const struct podlist *pods, const struct pod_sd_options *options, struct discovered_set *out)
{
	for (size_t i = 0; i < pods->count; i++) {
		const struct pod *pod = &pods->at[i];
		if (pod_sd_is_left_out(pod, false, options->allow_host_network))
			continue;
		if (options->by_annotation)
			list_annotated(out, pod);
		else
			list_ports(out, pod);
	}
}
