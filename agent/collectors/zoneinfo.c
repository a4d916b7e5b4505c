/* Memory zones: /proc/zoneinfo, a block per zone that begins with "Node 0, zone   Normal". kernel: mm/vmstat.c
 * In the first block of a node its own statistics come first ("per-node stats"); they are shown with that zone, as the reference
 * does. Of a word that comes twice in a block the last counts. */
#include "agent/collectors/all.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"

enum { ZONEINFO_PROTECTIONS_MAX = 16 };

static const struct { const char *word, *metric, *help; enum metric_type type; } rows[] = {
	{ "nr_free_pages", "node_zoneinfo_nr_free_pages", "Total number of free pages in the zone", METRIC_GAUGE },
	{ "min", "node_zoneinfo_min_pages", "Zone watermark pages_min", METRIC_GAUGE },
	{ "low", "node_zoneinfo_low_pages", "Zone watermark pages_low", METRIC_GAUGE },
	{ "high", "node_zoneinfo_high_pages", "Zone watermark pages_high", METRIC_GAUGE },
	{ "scanned", "node_zoneinfo_scanned_pages", "Pages scanned since last reclaim", METRIC_GAUGE },
	{ "spanned", "node_zoneinfo_spanned_pages", "Total pages spanned by the zone, including holes", METRIC_GAUGE },
	{ "present", "node_zoneinfo_present_pages", "Physical pages existing within the zone", METRIC_GAUGE },
	{ "managed", "node_zoneinfo_managed_pages", "Present pages managed by the buddy system", METRIC_GAUGE },
	{ "nr_active_anon", "node_zoneinfo_nr_active_anon_pages", "Number of anonymous pages recently more used", METRIC_GAUGE },
	{ "nr_inactive_anon", "node_zoneinfo_nr_inactive_anon_pages", "Number of anonymous pages recently less used",
	  METRIC_GAUGE },
	{ "nr_isolated_anon", "node_zoneinfo_nr_isolated_anon_pages", "Temporary isolated pages from anon lru", METRIC_GAUGE },
	{ "nr_anon_pages", "node_zoneinfo_nr_anon_pages", "Number of anonymous pages currently used by the system", METRIC_GAUGE },
	{ "nr_anon_transparent_hugepages", "node_zoneinfo_nr_anon_transparent_hugepages",
	  "Number of anonymous transparent huge pages currently used by the system", METRIC_GAUGE },
	{ "nr_active_file", "node_zoneinfo_nr_active_file_pages", "Number of active pages with file-backing", METRIC_GAUGE },
	{ "nr_inactive_file", "node_zoneinfo_nr_inactive_file_pages", "Number of inactive pages with file-backing", METRIC_GAUGE },
	{ "nr_isolated_file", "node_zoneinfo_nr_isolated_file_pages", "Temporary isolated pages from file lru", METRIC_GAUGE },
	{ "nr_file_pages", "node_zoneinfo_nr_file_pages", "Number of file pages", METRIC_GAUGE },
	{ "nr_slab_reclaimable", "node_zoneinfo_nr_slab_reclaimable_pages", "Number of reclaimable slab pages", METRIC_GAUGE },
	{ "nr_slab_unreclaimable", "node_zoneinfo_nr_slab_unreclaimable_pages", "Number of unreclaimable slab pages",
	  METRIC_GAUGE },
	{ "nr_mlock_stack", "node_zoneinfo_nr_mlock_stack_pages", "mlock()ed pages found and moved off LRU", METRIC_GAUGE },
	{ "nr_kernel_stack", "node_zoneinfo_nr_kernel_stacks", "Number of kernel stacks", METRIC_GAUGE },
	{ "nr_mapped", "node_zoneinfo_nr_mapped_pages", "Number of mapped pages", METRIC_GAUGE },
	{ "nr_dirty", "node_zoneinfo_nr_dirty_pages", "Number of dirty pages", METRIC_GAUGE },
	{ "nr_writeback", "node_zoneinfo_nr_writeback_pages", "Number of writeback pages", METRIC_GAUGE },
	{ "nr_unevictable", "node_zoneinfo_nr_unevictable_pages", "Number of unevictable pages", METRIC_GAUGE },
	{ "nr_shmem", "node_zoneinfo_nr_shmem_pages", "Number of shmem pages (included tmpfs/GEM pages)", METRIC_GAUGE },
	{ "nr_dirtied", "node_zoneinfo_nr_dirtied_total", "Page dirtyings since bootup", METRIC_COUNTER },
	{ "nr_written", "node_zoneinfo_nr_written_total", "Page writings since bootup", METRIC_COUNTER },
	{ "numa_hit", "node_zoneinfo_numa_hit_total", "Allocated in intended node", METRIC_COUNTER },
	{ "numa_miss", "node_zoneinfo_numa_miss_total", "Allocated in non intended node", METRIC_COUNTER },
	{ "numa_foreign", "node_zoneinfo_numa_foreign_total", "Was intended here, hit elsewhere", METRIC_COUNTER },
	{ "numa_interleave", "node_zoneinfo_numa_interleave_total", "Interleaver preferred this zone", METRIC_COUNTER },
	{ "numa_local", "node_zoneinfo_numa_local_total", "Allocation from local node", METRIC_COUNTER },
	{ "numa_other", "node_zoneinfo_numa_other_total", "Allocation from other node", METRIC_COUNTER },
};

struct zone {
	struct str node, name;
	double values[COUNT_OF(rows)];
	bool has[COUNT_OF(rows)];
	double protections[ZONEINFO_PROTECTIONS_MAX];
	size_t protection_count;
};

static void add_zone(struct sheet *s, const struct zone *z)
{
	const struct metric_label labels[] = { { "node", z->node }, { "zone", z->name } };
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (z->has[i])
			sheet_put(s, rows[i].type, rows[i].metric, rows[i].help, z->values[i], labels, 2);
	for (size_t i = 0; i < z->protection_count; i++)
		sheet_put(s, METRIC_GAUGE, sheet_text(s, "node_zoneinfo_protection_%zu", i),
			sheet_text(s, "Protection array %zu. field", i),
			z->protections[i], labels, 2);
}

/* "protection: (0, 2813, 15909)" */
static void read_protections(struct zone *z, struct str line)
{
	str_cut(&line, '(');
	struct str inside = str_cut(&line, ')');
	size_t count = 0;
	while (inside.n > 0 && count < ZONEINFO_PROTECTIONS_MAX)
		if (!words_based_signed(str_trim(str_cut(&inside, ',')), &z->protections[count++]))
			return;
	z->protection_count = count;
}

static bool read_head(struct zone *z, struct str line)
{
	struct str words[4];
	if (words_split(line, words, 4) < 4 || !str_eq(words[0], STR("Node")) || !str_eq(words[2], STR("zone")))
		return false;
	*z = (struct zone){ .node = str_take(words[1], str_find(words[1], ',')), .name = words[3] };
	return true;
}

void zoneinfo_parse(struct sheet *s, struct str text)
{
	struct zone z = { 0 };
	while (text.n > 0) {
		struct str line = str_cut(&text, '\n'), words[2];
		if (str_starts(line, STR("Node")) && z.name.n > 0)
			add_zone(s, &z);
		if (read_head(&z, line) || words_split(line, words, 2) < 2)
			continue;
		if (str_eq(words[0], STR("protection:")))
			read_protections(&z, line);
		for (size_t i = 0; i < COUNT_OF(rows); i++)
			if (str_eq(words[0], str_of(rows[i].word)) && words_based_signed(words[1], &z.values[i]))
				z.has[i] = true;
	}
	if (z.name.n > 0)
		add_zone(s, &z);
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct str text;
	int error = files_read(c->files, c->roots->proc, "/zoneinfo", true, &text);
	if (error < 0)
		return error;
	struct sheet s;
	sheet_init(&s, c->out);
	zoneinfo_parse(&s, text);
	sheet_write(&s);
	return 0;
}

const struct collector collector_zoneinfo = { .name = "zoneinfo", .update = update };
