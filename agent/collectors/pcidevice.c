/* PCI devices: /sys/bus/pci/devices, links to where the device is in the tree: the parent's address is one level up, or "*" for a
 * root. kernel: Documentation/ABI/testing/sysfs-bus-pci. */
#include <limits.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/pciids.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/num.h"

enum { LOCATION = 4, IDS = 6 };

struct pcidevice {
	bool has_names;
	char *path; /* of pci.ids; empty: the usual places */
};

/* "0000:00:02.1" */
static bool read_location(struct sheet *s, struct str text, struct str out[LOCATION])
{
	static const int digits[LOCATION] = { 4, 2, 2, 1 };
	static const char separators[LOCATION] = { ':', ':', '.', 0 };
	for (size_t i = 0; i < LOCATION; i++) {
		uint64_t number;
		if (i + 1 < LOCATION && str_find(text, separators[i]) == text.n)
			return false;
		if (!num_hex64(i + 1 < LOCATION ? str_cut(&text, separators[i]) : text, &number) || number > INT_MAX)
			return false;
		out[i] = str_of(sheet_text(s, "%0*llx", digits[i], (unsigned long long)number));
	}
	return true;
}

/* "16.0 GT/s PCIe" into transfers per second, -1 when it is not known. */
static double speed_of(struct collect *c, const char *directory, const char *file)
{
	struct str rest = files_text(c->files, directory, file);
	double speed;
	bool is_speed = fields_number(fields_next(&rest), &speed) && str_eq(str_trim(rest), STR("GT/s PCIe"));
	return is_speed ? speed * 1e9 : -1;
}

static double number_of(struct collect *c, const char *directory, const char *file, double fallback)
{
	double number;
	return words_signed(files_text(c->files, directory, file), &number) ? number : fallback;
}

static void add_numbers(struct sheet *s, struct collect *c, const char *directory, const struct metric_label *labels)
{
	static const struct { const char *file, *metric, *help; double fallback; enum { SPEED, NUMBER, SWITCH } kind; } rows[] = {
		{ "max_link_speed", "node_pcidevice_max_link_transfers_per_second",
		  "Value of maximum link's transfers per second (T/s)", -1, SPEED },
		{ "max_link_width", "node_pcidevice_max_link_width", "Value of maximum link's width (number of lanes)", -1,
		  NUMBER },
		{ "current_link_speed", "node_pcidevice_current_link_transfers_per_second",
		  "Value of current link's transfers per second (T/s)", -1, SPEED },
		{ "current_link_width", "node_pcidevice_current_link_width", "Value of current link's width (number of lanes)", -1,
		  NUMBER },
		{ "d3cold_allowed", "node_pcidevice_d3cold_allowed", "Whether the PCIe device supports D3cold power state (0/1).",
		  0, SWITCH },
		{ "sriov_drivers_autoprobe", "node_pcidevice_sriov_drivers_autoprobe",
		  "Whether SR-IOV drivers autoprobe is enabled for the device (0/1).", 0, SWITCH },
		{ "sriov_numvfs", "node_pcidevice_sriov_numvfs", "Number of Virtual Functions (VFs) currently enabled for SR-IOV.",
		  0, NUMBER },
		{ "sriov_totalvfs", "node_pcidevice_sriov_totalvfs",
		  "Total number of Virtual Functions (VFs) supported by the device.", 0, NUMBER },
		{ "sriov_vf_total_msix", "node_pcidevice_sriov_vf_total_msix",
		  "Total number of MSI-X vectors for Virtual Functions.", 0, NUMBER },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		double value = rows[i].kind == SPEED ? speed_of(c, directory, rows[i].file) :
			number_of(c, directory, rows[i].file, rows[i].fallback);
		sheet_put(s, METRIC_GAUGE, rows[i].metric, rows[i].help, rows[i].kind == SWITCH ? value != 0 :
			value, labels, LOCATION);
	}
	double node = number_of(c, directory, "numa_node", -1);
	if (node != -1)
		sheet_put(s, METRIC_GAUGE, "node_pcidevice_numa_node",
			"NUMA node number for the PCI device. -1 indicates unknown or not available.", node, labels, LOCATION);
}

static void add_power(struct sheet *s, struct collect *c, const char *directory, const struct metric_label *labels)
{
	static const char *const states[] = { "D0", "D1", "D2", "D3hot", "D3cold", "unknown", "error" };
	struct str now = files_text(c->files, directory, "power_state");
	for (size_t i = 0; i < COUNT_OF(states) && now.n > 0; i++)
		sheet_add(s, METRIC_GAUGE, "node_pcidevice_power_state",
			"PCIe device power state, one of: D0, D1, D2, D3hot, D3cold, unknown or error.",
				str_eq(now, str_of(states[i])),
			labels[0], labels[1], labels[2], labels[3], { "state", str_of(states[i]) });
}

static bool add_info(struct sheet *s, struct collect *c, const char *directory, const struct metric_label *labels,
	const struct str *parent,
	const struct pciids *names)
{
	static const struct { const char *file, *label; int digits; } ids[IDS] = {
		{ "class", "class_id", 6 }, { "vendor", "vendor_id", 4 }, { "device", "device_id", 4 },
		{ "subsystem_vendor", "subsystem_vendor_id", 4 }, { "subsystem_device", "subsystem_device_id", 4 },
		  { "revision", "revision", 2 },
	};
	static const char *const parents[LOCATION] = { "parent_segment", "parent_bus", "parent_device", "parent_function" };
	struct metric_label all[LOCATION * 2 + IDS + 5];
	uint64_t numbers[IDS];
	size_t n = 0;
	for (size_t i = 0; i < LOCATION; i++) {
		all[n++] = labels[i];
		all[n++] = (struct metric_label){ parents[i], parent[i] };
	}
	for (size_t i = 0; i < IDS; i++) {
		if (!words_based(files_text(c->files, directory, ids[i].file), &numbers[i]) || numbers[i] > INT_MAX)
			return false;
		const char *text = sheet_text(s, "0x%0*llx", ids[i].digits, (unsigned long long)numbers[i]);
		all[n++] = (struct metric_label){ ids[i].label, str_of(text) };
	}
	if (names) {
		struct pciids_names of = pciids_find(names, &s->memory, numbers);
		all[n++] = (struct metric_label){ "vendor_name", of.vendor };
		all[n++] = (struct metric_label){ "device_name", of.device };
		all[n++] = (struct metric_label){ "subsystem_vendor_name", of.subsystem_vendor };
		all[n++] = (struct metric_label){ "subsystem_device_name", of.subsystem_device };
		all[n++] = (struct metric_label){ "class_name", of.class };
	}
	sheet_put(s, METRIC_GAUGE, "node_pcidevice_info",
		"Non-numeric data from /sys/bus/pci/devices/<location>, value is always 1.", 1, all, n);
	return true;
}

static void add_device(struct sheet *s, struct collect *c, const char *name, const struct pciids *names)
{
	char target[PATH_MAX];
	const char *directory = sheet_text(s, "%s/bus/pci/devices/%s", c->roots->sys, name);
	struct str place[LOCATION], parent[LOCATION] = { STR("*"), STR("*"), STR("*"), STR("*") };
	if (files_link(target, sizeof(target), "%s", directory) < 0)
		return;
	char *slash = strrchr(target, '/');
	if (!read_location(s, str_of(slash ? slash + 1 : target), place))
		return;
	if (slash) {
		*slash = 0;
		slash = strrchr(target, '/');
		struct str above = str_of(slash ? slash + 1 : target);
		if (!str_starts(above, STR("pci")) && !read_location(s, above, parent))
			parent[0] = parent[1] = parent[2] = parent[3] = STR("*");
	}
	const struct metric_label labels[LOCATION] = {
		{ "segment", place[0] }, { "bus", place[1] }, { "device", place[2] }, { "function", place[3] },
	};
	if (!add_info(s, c, directory, labels, parent, names))
		return;
	add_numbers(s, c, directory, labels);
	add_power(s, c, directory, labels);
}

static int update(void *state, struct collect *c)
{
	const struct pcidevice *p = state;
	struct sheet s;
	sheet_init(&s, c->out);
	struct names devices;
	int error = names_read(&devices, &s.memory, "%s/bus/pci/devices", c->roots->sys);
	struct pciids *names = p->has_names && error == 0 ? pciids_open(c->files, &s.memory, p->path) : NULL;
	for (size_t i = 0; i < devices.count; i++)
		add_device(&s, c, devices.at[i], names);
	sheet_write(&s);
	return error == -ENOENT ? -ENODATA : error;
}

static void close_state(void *state)
{
	struct pcidevice *p = state;
	if (p)
		free(p->path);
	free(p);
}

static void *open_state(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots, (void)err;
	struct pcidevice *p = calloc(1, sizeof(*p));
	if (!p || !(p->path = strdup(values[0])))
		abort();
	p->has_names = strcmp(values[1], "true") == 0;
	return p;
}

static const struct collector_option options[] = {
	{ "idsfile", "", "Path to pci.ids file to use for PCI device identification." },
	{ "names", "false", "Enable PCI device name resolution (requires pci.ids file)." },
	{ 0 },
};
const struct collector collector_pcidevice = { "pcidevice", false, options, open_state, update, close_state };
