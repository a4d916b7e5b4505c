/* ZFS on Linux: kstats below /proc/spl/kstat/zfs. openzfs: module/os/linux/spl/spl-kstat.c
 *
 *   13 1 0x01 2 544 1234 5678          arcstats, dmu_tx, zil …: name, type, value; type 4 is unsigned, 3 signed, others are left out
 *   name                            type data
 *   hits                            4    8772612
 *
 *   nread nwritten reads …             POOL/io (up to 0.8): one line of names, one of numbers
 *   name … dataset_name 7 tank/home    POOL/objset-0x…: as arcstats, with the dataset's name as one of the rows
 *   ONLINE                             POOL/state
 *
 * Names of families come from the rows: what a newer ZFS counts is there at once. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"

enum { ZFS_COLUMNS_MAX = 64 };

static const struct { const char *subsystem, *file; } kstats[] = {
	{ "zfs_abd", "abdstats" }, { "zfs_arc", "arcstats" }, { "zfs_dbuf", "dbufstats" }, { "zfs_dmu_tx", "dmu_tx" },
	{ "zfs_dnode", "dnodestats" }, { "zfs_fm", "fm" }, { "zfs_vdev_cache", "vdev_cache_stats" },
	{ "zfs_vdev_mirror", "vdev_mirror_stats" }, { "zfs_xuio", "xuio_stats" }, { "zfs_zfetch", "zfetchstats" },
	  { "zfs_zil", "zil" },
};

struct row { struct str name; double value; };

/* One "name type data" row with a number. */
static bool read_row(struct str line, bool is_signed_too, struct row *out)
{
	struct str name = fields_next(&line), type = fields_next(&line), data = fields_next(&line);
	if (name.n == 0)
		return false;
	out->name = name;
	if (str_eq(type, STR("4")))
		return words_unsigned(data, &out->value);
	return is_signed_too && str_eq(type, STR("3")) && words_signed(data, &out->value);
}

static bool is_header(struct str line)
{
	struct str words[4];
	return words_split(line, words, COUNT_OF(words)) == 3 && str_eq(words[0], STR("name")) && str_eq(words[1], STR("type")) &&
		str_eq(words[2], STR("data"));
}

/* What stands behind the header line; empty when there is none. */
static struct str skip_header(struct str text)
{
	while (text.n > 0 && !is_header(str_cut(&text, '\n')))
		;
	return text;
}

void zfs_parse_kstat(struct sheet *s, const char *subsystem, const char *file, struct str text)
{
	struct row row;
	const char *prefix = sheet_text(s, "%s_", subsystem);
	for (text = skip_header(text); text.n > 0; )
		if (read_row(str_cut(&text, '\n'), true, &row))
			sheet_put(s, METRIC_UNKNOWN, sheet_name(s, prefix, row.name, ""),
				sheet_text(s, "kstat.zfs.misc.%s.%.*s", file, STR_ARG(row.name)), row.value, NULL, 0);
}

void zfs_parse_objset(struct sheet *s, struct str pool, struct str text)
{
	struct str dataset = { 0 };
	for (text = skip_header(text); text.n > 0; ) {
		struct str line = str_cut(&text, '\n'), rest = line;
		struct row row;
		if (str_eq(fields_next(&rest), STR("dataset_name"))) {
			fields_next(&rest);
			dataset = sheet_copy(s, str_trim(rest)); /* a name may have blanks in it */
		} else if (read_row(line, false, &row)) {
			sheet_add(s, METRIC_UNKNOWN, sheet_name(s, "zfs_zpool_dataset_", row.name, ""),
				sheet_text(s, "kstat.zfs.misc.objset.%.*s", STR_ARG(row.name)), row.value, { "dataset", dataset },
				{ "zpool", pool });
		}
	}
}

void zfs_parse_io(struct sheet *s, struct str pool, struct str text)
{
	struct str names[ZFS_COLUMNS_MAX], words[ZFS_COLUMNS_MAX];
	size_t columns = 0;
	while (text.n > 0) {
		struct str line = str_cut(&text, '\n');
		size_t count = words_split(line, words, COUNT_OF(words));
		if (columns == 0) {
			if (count >= 12 && str_eq(words[0], STR("nread")))
				columns = words_split(line, names, COUNT_OF(names));
			continue;
		}
		for (size_t i = 0; i < columns && i < count; i++) {
			double value;
			if (words_unsigned(words[i], &value))
				sheet_add(s, METRIC_UNKNOWN, sheet_name(s, "zfs_zpool_", names[i], ""),
					sheet_text(s, "kstat.zfs.misc.io.%.*s", STR_ARG(names[i])), value, { "zpool", pool });
		}
	}
}

void zfs_parse_state(struct sheet *s, struct str pool, struct str text)
{
	static const char *const states[] = { "online", "degraded", "faulted", "offline", "removed", "unavail", "suspended" };
	struct str now = str_cut(&text, '\n');
	for (size_t i = 0; i < COUNT_OF(states); i++)
		sheet_add(s, METRIC_GAUGE, "node_zfs_zpool_state", "kstat.zfs.misc.state", str_ieq(now, str_of(states[i])),
			{ "state", str_of(states[i]) }, { "zpool", pool });
}

static void add_pool(struct sheet *s, struct collect *c, const char *pool)
{
	struct names files;
	const char *root = sheet_text(s, "%s/spl/kstat/zfs/%s", c->roots->proc, pool);
	names_read(&files, &s->memory, "%s", root);
	for (size_t i = 0; i < files.count; i++) {
		bool is_io = strcmp(files.at[i], "io") == 0, is_state = strcmp(files.at[i], "state") == 0;
		struct str text;
		if (!is_io && !is_state && strncmp(files.at[i], "objset-", 7) != 0)
			continue;
		if (files_read(c->files, root, sheet_text(s, "/%s", files.at[i]), false, &text) < 0)
			continue; /* the pool is being exported */
		if (is_io)
			zfs_parse_io(s, str_of(pool), text);
		else if (is_state)
			zfs_parse_state(s, str_of(pool), text);
		else
			zfs_parse_objset(s, str_of(pool), text);
	}
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, c->out);
	struct names pools;
	int error = names_read(&pools, &s.memory, "%s/spl/kstat/zfs", c->roots->proc);
	for (size_t i = 0; i < COUNT_OF(kstats) && error == 0; i++) {
		struct str text;
		if (files_read(c->files, c->roots->proc, sheet_text(&s, "/spl/kstat/zfs/%s", kstats[i].file), true, &text) == 0)
			zfs_parse_kstat(&s, kstats[i].subsystem, kstats[i].file, text);
	}
	for (size_t i = 0; i < pools.count; i++)
		if (names_is_directory("%s/spl/kstat/zfs/%s", c->roots->proc, pools.at[i]))
			add_pool(&s, c, pools.at[i]);
	sheet_write(&s);
	return error < 0 ? -ENODATA : 0;
}

const struct collector collector_zfs = { .name = "zfs", .is_default = true, .update = update };
