/* NVMe controllers and their namespaces: /sys/class/nvme/nvmeN and nvmeNnM below it. kernel: Documentation/ABI/testing/sysfs-nvme
 * `size` and `nuse` are counted as blocks of the namespace here, as the reference does, although the kernel gives `size` in
 * sectors. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "parsers/bytes/num.h"

/* "nvme0n1" and "nvme0c1n1": what stands behind the first "nvmeDIGITSn". */
static struct str namespace_of(const char *name)
{
	struct str rest = str_of(name);
	for (; rest.n > 0; rest = str_skip(rest, 1)) {
		if (!str_starts(rest, STR("nvme")))
			continue;
		size_t n = 4 + num_digits(str_skip(rest, 4));
		if (n == 4 || n == rest.n || rest.p[n] != 'n')
			continue;
		struct str id = str_skip(rest, n + 1);
		size_t digits = num_digits(id);
		if (digits > 0)
			return str_take(id, digits);
	}
	return (struct str){ 0 };
}

static struct str text_of(struct sheet *s, struct collect *c, const char *directory, const char *file, struct str fallback)
{
	struct str text;
	return files_attribute(c->files, &text, "%s/%s", directory, file) < 0 ? fallback : sheet_copy(s, str_trim(text));
}

static uint64_t number_of(struct sheet *s, struct collect *c, const char *directory, const char *file)
{
	uint64_t number = 0;
	return num_u64(text_of(s, c, directory, file, (struct str){ 0 }), &number) ? number : 0;
}

static void add_namespace(struct sheet *s, struct collect *c, struct str device, const char *directory, struct str id)
{
	uint64_t block = number_of(s, c, directory, "queue/logical_block_size");
	double size = (double)(number_of(s, c, directory, "size") * block),
		used = (double)(number_of(s, c, directory, "nuse") * block);
	const struct metric_label labels[] = { { "device", device }, { "nsid", id } };
	sheet_add(s, METRIC_GAUGE, "node_nvme_namespace_info", "Information about NVMe namespaces. Value is always 1", 1,
		{ "ana_state", text_of(s, c, directory, "ana_state", STR("unknown")) }, { "device", device }, { "nsid", id });
	sheet_put(s, METRIC_GAUGE, "node_nvme_namespace_capacity_bytes",
		"Capacity of the NVMe namespace in bytes. Computed as namespace_size * namespace_logical_block_size", size, labels,
			2);
	sheet_put(s, METRIC_GAUGE, "node_nvme_namespace_size_bytes",
		"Size of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/size", size, labels, 2);
	sheet_put(s, METRIC_GAUGE, "node_nvme_namespace_used_bytes",
		"Used space of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/nuse", used, labels,
			2);
	sheet_put(s, METRIC_GAUGE, "node_nvme_namespace_logical_block_size_bytes",
		"Logical block size of the NVMe namespace in bytes. Usually 4Kb. Available in "
		"/sys/class/nvme/<device>/<namespace>/queue/logical_block_size", (double)block, labels, 2);
}

static void add_controller(struct sheet *s, struct collect *c, const char *name)
{
	const char *directory = sheet_text(s, "%s/class/nvme/%s", c->roots->sys, name);
	struct str none = { 0 }, device = str_of(name);
	struct str firmware = text_of(s, c, directory, "firmware_rev", none), model = text_of(s, c, directory, "model", none);
	struct str serial = text_of(s, c, directory, "serial", none), state = text_of(s, c, directory, "state", none);
	sheet_add(s, METRIC_GAUGE, "node_nvme_info", "Non-numeric data from /sys/class/nvme/<device>, value is always 1.", 1,
		{ "cntlid", text_of(s, c, directory, "cntlid", none) }, { "device", device }, { "firmware_revision", firmware },
		{ "model", model }, { "serial", serial }, { "state", state });
	struct names below;
	names_read(&below, &s->memory, "%s", directory);
	for (size_t i = 0; i < below.count; i++) {
		struct str id = namespace_of(below.at[i]);
		if (id.n > 0)
			add_namespace(s, c, device, sheet_text(s, "%s/%s", directory, below.at[i]), id);
	}
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, c->out);
	struct names controllers;
	int error = names_read(&controllers, &s.memory, "%s/class/nvme", c->roots->sys);
	for (size_t i = 0; i < controllers.count; i++)
		add_controller(&s, c, controllers.at[i]);
	sheet_write(&s);
	return error == -ENOENT ? -ENODATA : error;
}

const struct collector collector_nvme = { .name = "nvme", .is_default = true, .update = update };
