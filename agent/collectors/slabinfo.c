/* Kernel object caches: /proc/slabinfo, for root only. kernel: mm/slab_common.c
 *
 *   # name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables … : slabdata … */
#include "agent/collectors/all.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"

enum { SLABINFO_WORDS = 16 };

static const struct { const char *name, *help; } columns[] = {
	{ "node_slabinfo_active_objects", "The number of objects that are currently active (i.e., in use)." },
	{ "node_slabinfo_objects", "The total number of allocated objects (i.e., objects that are both in use and not in use)." },
	{ "node_slabinfo_object_size_bytes", "The size of objects in this slab, in bytes." },
	{ "node_slabinfo_objects_per_slab", "The number of objects stored in each slab." },
	{ "node_slabinfo_pages_per_slab", "The number of pages allocated for each slab." },
};

void slabinfo_parse(struct sheet *s, const struct device_filter *slabs, struct str text)
{
	while (text.n > 0) {
		struct str words[SLABINFO_WORDS + 1], line = str_cut(&text, '\n');
		double values[COUNT_OF(columns)];
		bool is_good = words_split(line, words, COUNT_OF(words)) == SLABINFO_WORDS && words[0].p[0] != '#';
		for (size_t i = 0; i < COUNT_OF(columns) && is_good; i++)
			is_good = words_signed(words[i + 1], &values[i]);
		if (!is_good || (slabs && device_filter_ignores(slabs, words[0])))
			continue;
		for (size_t i = 0; i < COUNT_OF(columns); i++)
			sheet_add(s, METRIC_GAUGE, columns[i].name, columns[i].help, values[i], { "slab", words[0] });
	}
}

static int update(void *state, struct collect *c)
{
	struct str text;
	int error = files_read(c->files, c->roots->proc, "/slabinfo", true, &text);
	if (error < 0)
		return error;
	struct sheet s;
	sheet_init(&s, c->out);
	slabinfo_parse(&s, state, text);
	sheet_write(&s);
	return 0;
}

/* ".*" includes everything, as nothing does; that way an exclude alone is not "both given". */
static void *open_state(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	return device_filter_new(strcmp(values[0], ".*") == 0 ? "" : values[0], values[1], err);
}

static const struct collector_option options[] = {
	{ "slabs-include", ".*", "Regexp of slabs to include in slabinfo collector." },
	{ "slabs-exclude", "", "Regexp of slabs to exclude in slabinfo collector." },
	{ 0 },
};
const struct collector collector_slabinfo = { "slabinfo", false, options, open_state, update, device_filter_free };
