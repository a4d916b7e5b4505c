/* Kernel same-page merging: /sys/kernel/mm/ksm. kernel: Documentation/admin-guide/mm/ksm.rst */
#include "agent/collectors/all.h"
#include "agent/collectors/words.h"

static const struct { const char *file, *metric, *help; enum metric_type type; double divisor; } rows[] = {
	{ "full_scans", "node_ksmd_full_scans_total", "ksmd 'full_scans' file.", METRIC_COUNTER, 1 },
	{ "merge_across_nodes", "node_ksmd_merge_across_nodes", "ksmd 'merge_across_nodes' file.", METRIC_GAUGE, 1 },
	{ "pages_shared", "node_ksmd_pages_shared", "ksmd 'pages_shared' file.", METRIC_GAUGE, 1 },
	{ "pages_sharing", "node_ksmd_pages_sharing", "ksmd 'pages_sharing' file.", METRIC_GAUGE, 1 },
	{ "pages_to_scan", "node_ksmd_pages_to_scan", "ksmd 'pages_to_scan' file.", METRIC_GAUGE, 1 },
	{ "pages_unshared", "node_ksmd_pages_unshared", "ksmd 'pages_unshared' file.", METRIC_GAUGE, 1 },
	{ "pages_volatile", "node_ksmd_pages_volatile", "ksmd 'pages_volatile' file.", METRIC_GAUGE, 1 },
	{ "run", "node_ksmd_run", "ksmd 'run' file.", METRIC_GAUGE, 1 },
	{ "sleep_millisecs", "node_ksmd_sleep_seconds", "ksmd 'sleep_millisecs' file.", METRIC_GAUGE, 1000 },
};

static int update(void *state, struct collect *c)
{
	(void)state;
	size_t found = 0;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct str text;
		double value;
		if (files_attribute(c->files, &text, "%s/kernel/mm/ksm/%s", c->roots->sys, rows[i].file) < 0 ||
			!words_unsigned(str_trim(text), &value))
			continue; /* merge_across_nodes: only with NUMA */
		families_begin(c->out, rows[i].metric, rows[i].type, rows[i].help);
		families_value(c->out, value / rows[i].divisor);
		found++;
	}
	return found > 0 ? 0 : -ENODATA;
}

const struct collector collector_ksmd = { .name = "ksmd", .update = update };
