/* Labels of a stream to attributes of a resource.
 *
 * A stream of Loki and a resource of OpenTelemetry say the same, where lines come from, in other words: known labels get the names of the
 * semantic conventions, all others keep their own. service.name must be there in OpenTelemetry and is what Loki, SigNoz and Elastic sort
 * by: it is found as Loki finds its label service_name, so that a log is called the same whichever way it comes.
 *
 * Runs once for each stream and batch. The text is our own, so what does not look like it is only skipped. */
#include "exporters/otlp/otlp.h"

#include "parsers/bytes/num.h"

enum { PAIRS_MAX = 128, TEXTS_MAX = 512 * 1024 };

struct pairs {
	struct label at[PAIRS_MAX];
	size_t count;
	struct buf texts; /* values that had escapes; has all its room from the start, so views stay good */
};

/* The first of them that is there is the attribute; the others keep their names. */
static const struct { struct str label, attribute; } names[] = {
	{ STR("service_name"), STR("service.name") },
	{ STR("service_namespace"), STR("service.namespace") },
	{ STR("service_instance_id"), STR("service.instance.id") },
	{ STR("namespace"), STR("k8s.namespace.name") },
	{ STR("k8s_namespace_name"), STR("k8s.namespace.name") },
	{ STR("pod"), STR("k8s.pod.name") },
	{ STR("k8s_pod_name"), STR("k8s.pod.name") },
	{ STR("container"), STR("k8s.container.name") },
	{ STR("k8s_container_name"), STR("k8s.container.name") },
	{ STR("pod_uid"), STR("k8s.pod.uid") },
	{ STR("k8s_pod_uid"), STR("k8s.pod.uid") },
	{ STR("node_name"), STR("k8s.node.name") },
	{ STR("node"), STR("k8s.node.name") },
	{ STR("k8s_node_name"), STR("k8s.node.name") },
	{ STR("cluster"), STR("k8s.cluster.name") },
	{ STR("k8s_cluster_name"), STR("k8s.cluster.name") },
	{ STR("host"), STR("host.name") },
	{ STR("hostname"), STR("host.name") },
	{ STR("host_name"), STR("host.name") },
	{ STR("filename"), STR("log.file.path") },
	{ STR("log_file_path"), STR("log.file.path") },
	{ STR("stream"), STR("log.iostream") },
	{ STR("log_iostream"), STR("log.iostream") },
};

/* As Loki looks for service_name (loki: pkg/validation/limits.go, discover_service_name), and a unit of systemd. */
static const struct str service_names[] = {
	STR("service_name"), STR("service"), STR("app"), STR("application"), STR("app_name"), STR("name"), STR("app_kubernetes_io_name"),
	STR("container"), STR("container_name"), STR("k8s_container_name"), STR("component"), STR("workload"), STR("job"),
	STR("k8s_job_name"), STR("unit"),
};
static const struct str namespaces[] = { STR("service_namespace"), STR("namespace"), STR("k8s_namespace_name") };
static const struct str pods[] = { STR("pod"), STR("k8s_pod_name") };
static const struct str containers[] = { STR("container"), STR("k8s_container_name") };
static const struct str hosts[] = { STR("host"), STR("hostname"), STR("host_name"), STR("node_name"), STR("node"), STR("k8s_node_name") };

/* ---- the text ---- */

static void put_code(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_char(out, (char)c);
	} else if (c < 0x800) {
		buf_char(out, (char)(0xc0 | c >> 6));
		buf_char(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_char(out, (char)(0xe0 | c >> 12));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_char(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_char(out, (char)(0xf0 | c >> 18));
		buf_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_char(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* What stands behind a backslash: one letter, or x, u, U and hexadecimal digits. */
static void put_escape(struct buf *out, struct str *rest)
{
	static const char letters[] = "abtnvfr"; /* for 7 to 13 */
	char c = rest->p[0];
	const char *letter = memchr(letters, c, sizeof letters - 1);
	size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
	uint32_t code = 0;
	*rest = str_skip(*rest, 1);
	for (size_t i = 0; i < digits && i < rest->n; i++)
		code = code << 4 | ((uint32_t)hex_value(rest->p[i]) & 15);
	*rest = str_skip(*rest, digits);
	if (digits)
		put_code(out, code);
	else
		buf_char(out, letter ? (char)(7 + (letter - letters)) : c);
}

static struct str unquote(struct buf *texts, struct str quoted)
{
	size_t at = texts->n;
	if (!memchr(quoted.p, '\\', quoted.n))
		return quoted;
	while (quoted.n) {
		char c = quoted.p[0];
		quoted = str_skip(quoted, 1);
		if (c == '\\' && quoted.n)
			put_escape(texts, &quoted);
		else
			buf_char(texts, c);
	}
	return (struct str){ texts->p + at, texts->n - at };
}

/* Where the value ends: at the quote that no backslash stands before. */
static size_t value_size(struct str s)
{
	size_t i = 0;
	while (i < s.n && s.p[i] != '"')
		i += s.p[i] == '\\' ? 2 : 1;
	return i < s.n ? i : s.n;
}

static void read_pairs(struct str labels, struct pairs *out)
{
	*out = (struct pairs){ .count = 0 };
	buf_init(&out->texts, TEXTS_MAX);
	buf_reserve(&out->texts, labels.n < TEXTS_MAX ? labels.n : TEXTS_MAX);
	struct str rest = str_skip(labels, 1);
	while (out->count < PAIRS_MAX) {
		while (rest.n && (rest.p[0] == ' ' || rest.p[0] == ','))
			rest = str_skip(rest, 1);
		struct str name = str_cut(&rest, '=');
		if (rest.n < 2 || rest.p[0] != '"')
			return;
		rest = str_skip(rest, 1);
		struct str value = str_take(rest, value_size(rest));
		rest = str_skip(rest, value.n + 1);
		out->at[out->count++] = (struct label){ name, unquote(&out->texts, value) };
	}
}

/* ---- the attributes ---- */

static struct str value_of(const struct pairs *pairs, struct str name)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (str_eq(pairs->at[i].name, name))
			return pairs->at[i].value;
	return (struct str){ 0 };
}

static struct str first_of(const struct pairs *pairs, const struct str *wanted, size_t count)
{
	struct str value = { 0 };
	for (size_t i = 0; i < count && value.n == 0; i++)
		value = value_of(pairs, wanted[i]);
	return value;
}

static void put(struct buf *out, struct str key, struct str value)
{
	size_t n = 1 + WIRE_VARINT_MAX + otlp_attribute_size(key, value.n);
	char *p = value.n ? buf_reserve(out, n) : NULL;
	if (p)
		buf_grow(out, (size_t)(otlp_attribute(p, 1, key, value) - p));
}

/* "shop.checkout-5d9f.app": one container of one pod, as the conventions want it. */
static void put_instance(struct buf *out, const struct pairs *pairs)
{
	struct str instance = value_of(pairs, STR("service_instance_id"));
	struct str namespace_ = first_of(pairs, namespaces + 1, COUNT_OF(namespaces) - 1);
	struct str pod = first_of(pairs, pods, COUNT_OF(pods)), container = first_of(pairs, containers, COUNT_OF(containers));
	struct buf text;
	buf_init(&text, TEXTS_MAX);
	if (instance.n)
		buf_str(&text, instance);
	else if (namespace_.n && pod.n && container.n)
		buf_printf(&text, STR_FMT "." STR_FMT "." STR_FMT, STR_ARG(namespace_), STR_ARG(pod), STR_ARG(container));
	put(out, STR("service.instance.id"), buf_view(&text));
	buf_fini(&text);
}

/* service.* and host.name are found among several labels and stand in front: no label is written as one of them once more. */
static bool is_written(const struct pairs *pairs, size_t i, bool is_pod)
{
	if (str_starts(names[i].attribute, STR("service.")) || str_eq(names[i].attribute, STR("host.name")))
		return true;
	/* Without a pod it is what the machine is called. */
	return !is_pod && str_eq(names[i].label, STR("node_name")) && str_eq(first_of(pairs, hosts, COUNT_OF(hosts)), value_of(pairs, names[i].label));
}

/* The attribute that the label becomes; its own name when another label is that already; empty: it is written already. */
static struct str attribute_of(const struct pairs *pairs, const struct label *label)
{
	bool is_pod = first_of(pairs, pods, COUNT_OF(pods)).n;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (!str_eq(label->name, names[i].label))
			continue;
		for (size_t k = 0; k < i; k++)
			if (str_eq(names[k].attribute, names[i].attribute) && value_of(pairs, names[k].label).n)
				return label->name;
		if (is_written(pairs, i, is_pod))
			return (struct str){ 0 };
		if (str_eq(label->name, STR("container")) && !is_pod)
			return STR("container.name"); /* of Docker */
		return names[i].attribute;
	}
	return label->name;
}

void otlp_resource(struct str labels, struct buf *out)
{
	struct pairs pairs;
	read_pairs(labels, &pairs);
	struct str service = first_of(&pairs, service_names, COUNT_OF(service_names));
	put(out, STR("service.name"), service.n ? service : STR("unknown_service"));
	put(out, STR("service.namespace"), first_of(&pairs, namespaces, COUNT_OF(namespaces)));
	put_instance(out, &pairs);
	put(out, STR("host.name"), first_of(&pairs, hosts, COUNT_OF(hosts)));
	for (size_t i = 0; i < pairs.count; i++) {
		struct str key = attribute_of(&pairs, &pairs.at[i]);
		if (key.n)
			put(out, key, pairs.at[i].value);
	}
	buf_fini(&pairs.texts);
}

bool otlp_id(struct str text, unsigned char *out, size_t n)
{
	int any = 0;
	if (text.n != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(text.p[2 * i]), low = hex_value(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
		any |= high | low;
	}
	return any;
}

bool otlp_attribute_read(struct str bytes, struct label *out)
{
	struct wire_field field;
	*out = (struct label){ 0 };
	while (bytes.n) {
		if (!wire_read_field(&bytes, &field) || field.type != WIRE_BYTES)
			return false;
		if (field.number == 1)
			out->name = field.bytes;
		struct str value = field.number == 2 ? field.bytes : (struct str){ 0 };
		if (value.n && wire_read_field(&value, &field) && field.type == WIRE_BYTES && field.number == 1)
			out->value = field.bytes;
	}
	return true;
}

void otlp_resource_text(struct str resource, struct buf *out)
{
	struct wire_field field;
	struct label label;
	bool is_first = true;
	buf_char(out, '{');
	while (resource.n && wire_read_field(&resource, &field)) {
		if (field.number != 1 || field.type != WIRE_BYTES || !otlp_attribute_read(field.bytes, &label))
			continue;
		if (!is_first)
			buf_append(out, ", ", 2);
		is_first = false;
		labels_print_one(label.name, label.value, out);
	}
	buf_char(out, '}');
}
