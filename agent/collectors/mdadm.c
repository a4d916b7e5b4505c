/* Software RAID: /proc/mdstat and /sys/block/mdN/md. kernel: drivers/md/md.c md_seq_show, Documentation/admin-guide/md.rst
 *
 *   md127 : active raid1 sdb1[1] sda1[0] sdc1[2](S)
 *         523968 blocks super 1.2 [2/2] [UU]
 *         [==>..................]  recovery = 12.6% (66048/523968) finish=0.1min speed=66048K/sec
 *         bitmap: 0/1 pages [0KB], 65536KB chunk
 *
 * One array that cannot be read leaves out itself, not the others. */
#include <stdio.h>

#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"

struct array {
	struct str name, state;
	double active, failed, spare, total, blocks, synced;
	bool has_synced;
};

static size_t count_of(struct str text, struct str what)
{
	size_t count = 0;
	for (size_t i = 0; i + what.n <= text.n; i++)
		count += memcmp(text.p + i, what.p, what.n) == 0;
	return count;
}

/* "[2/1] [U_]": the last pair of the line that looks like that. */
static bool read_disks(struct str line, struct array *a)
{
	bool found = false;
	for (struct str rest = line; rest.n > 0; ) {
		str_cut(&rest, '[');
		struct str inside = rest, total, active;
		inside = str_cut(&inside, ']');
		active = inside;
		total = str_cut(&active, '/');
		if (words_unsigned(total, &a->total) && words_unsigned(active, &a->active))
			found = true;
	}
	return found;
}

/* "(66048/523968)" */
static bool read_progress(struct str line, struct array *a)
{
	for (struct str rest = line; rest.n > 0; ) {
		str_cut(&rest, '(');
		struct str inside = rest, done, all;
		double ignored;
		all = str_cut(&inside, ')');
		done = str_cut(&all, '/');
		if (words_unsigned(done, &a->synced) && words_unsigned(all, &ignored))
			return true;
	}
	return false;
}

static bool read_size(struct str head, struct str line, struct array *a)
{
	struct str rest = line;
	if (!words_unsigned(fields_next(&rest), &a->blocks))
		return false;
	a->synced = a->blocks;
	a->has_synced = true;
	if (str_has(head, STR("raid0")) || str_has(head, STR("linear"))) {
		a->active = a->total = (double)count_of(head, STR("["));
		return true;
	}
	return str_has(head, STR("inactive")) || read_disks(rest, a);
}

static void read_sync(struct str line, struct array *a)
{
	static const struct { struct str word, state; } actions[] = { /* the first that stands in the line */
		{ { "recovery", 8 }, { "recovering", 10 } }, { { "reshape", 7 }, { "reshaping", 9 } },
		  { { "check", 5 }, { "checking", 8 } },
		{ { "resync", 6 }, { "resyncing", 9 } },
	};
	for (size_t i = 0; i < COUNT_OF(actions); i++)
		if (str_has(line, actions[i].word)) {
			a->state = actions[i].state;
			a->synced = 0;
			a->has_synced = str_has(line, STR("PENDING")) || str_has(line, STR("DELAYED")) || str_has(line, STR("REMOTE")) ||
				read_progress(line, a);
			return;
		}
}

static void add_array(struct sheet *s, const struct array *a)
{
	static const struct { const char *label; struct str state; } states[] = {
		{ "active", { "active", 6 } }, { "inactive", { "inactive", 8 } }, { "recovering", { "recovering", 10 } },
		{ "resync", { "resyncing", 9 } }, { "check", { "checking", 8 } },
	};
	const struct { const char *label; double count; } disks[] = { { "active", a->active }, { "failed", a->failed },
		{ "spare", a->spare } };
	struct str device = sheet_copy(s, a->name);
	for (size_t i = 0; i < COUNT_OF(states); i++)
		sheet_add(s, METRIC_GAUGE, "node_md_state", "Indicates the state of md-device.", str_eq(a->state, states[i].state),
			{ "device", device }, { "state", str_of(states[i].label) });
	for (size_t i = 0; i < COUNT_OF(disks); i++)
		sheet_add(s, METRIC_GAUGE, "node_md_disks", "Number of active/failed/spare disks of device.", disks[i].count,
			{ "device", device }, { "state", str_of(disks[i].label) });
	sheet_add(s, METRIC_GAUGE, "node_md_disks_required", "Total number of disks of device.", a->total, { "device", device });
	sheet_add(s, METRIC_GAUGE, "node_md_blocks", "Total number of blocks on device.", a->blocks, { "device", device });
	if (a->has_synced)
		sheet_add(s, METRIC_GAUGE, "node_md_blocks_synced", "Number of blocks synced on device.", a->synced,
			{ "device", device });
}

static bool is_head(struct str line)
{
	return str_trim(line).n > 0 && line.p[0] != ' ' && line.p[0] != '\t' && !str_starts(line, STR("unused")) &&
		!str_starts(line, STR("Personalities"));
}

void mdadm_parse(struct sheet *s, struct str text)
{
	while (text.n > 0) {
		struct str head = str_cut(&text, '\n'), rest = head;
		if (!is_head(head))
			continue;
		struct array a = { .name = fields_next(&rest) };
		bool has_colon = str_eq(fields_next(&rest), STR(":"));
		a.state = fields_next(&rest);
		a.failed = (double)count_of(head, STR("(F)"));
		a.spare = (double)count_of(head, STR("(S)"));
		struct str after = text, size = str_cut(&after, '\n'), sync = str_cut(&after, '\n');
		if (str_has(sync, STR("bitmap")))
			sync = str_cut(&after, '\n');
		if (!has_colon || a.state.n == 0 || is_head(size) || !read_size(head, size, &a))
			continue;
		if (!is_head(sync))
			read_sync(sync, &a);
		add_array(s, &a);
	}
}

/* "11", or "11 (10)" while it is reshaped. */
static bool read_count(struct collect *c, double *out, const char *array, const char *file)
{
	struct str text;
	if (files_attribute(c->files, &text, "%s/block/%s/md/%s", c->roots->sys, array, file) < 0)
		return false;
	return words_unsigned(fields_next(&text), out);
}

static void add_sysfs(struct sheet *s, struct collect *c, const char *array)
{
	static const char *const without_disks[] = { "", "container", "imsm", "ddf" };
	static const char *const redundant[] = { "raid1", "raid4", "raid5", "raid6", "raid10" };
	struct str level, device = str_of(array);
	double count, degraded = 0;
	if (files_attribute(c->files, &level, "%s/block/%s/md/level", c->roots->sys, array) < 0)
		return;
	level = sheet_copy(s, level);
	bool has_disks = true, is_redundant = false;
	for (size_t i = 0; i < COUNT_OF(without_disks); i++)
		has_disks = has_disks && !str_eq(level, str_of(without_disks[i]));
	for (size_t i = 0; i < COUNT_OF(redundant); i++)
		is_redundant = is_redundant || str_eq(level, str_of(redundant[i]));
	if (has_disks && read_count(c, &count, array, "raid_disks"))
		sheet_add(s, METRIC_GAUGE, "node_md_raid_disks", "Number of raid disks on device.", count, { "device", device });
	if (!is_redundant || read_count(c, &degraded, array, "degraded"))
		sheet_add(s, METRIC_GAUGE, "node_md_degraded", "Number of degraded disks on device.", degraded,
			{ "device", device });
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct str text;
	int error = files_read(c->files, c->roots->proc, "/mdstat", true, &text);
	if (error < 0)
		return error == -ENOENT ? -ENODATA : error;
	struct sheet s;
	sheet_init(&s, c->out);
	mdadm_parse(&s, text);
	struct names blocks;
	names_read(&blocks, &s.memory, "%s/block", c->roots->sys);
	for (size_t i = 0; i < blocks.count; i++)
		if (strncmp(blocks.at[i], "md", 2) == 0 && names_is_directory("%s/block/%s/md", c->roots->sys, blocks.at[i]))
			add_sysfs(&s, c, blocks.at[i]);
	sheet_write(&s);
	return 0;
}

const struct collector collector_mdadm = { .name = "mdadm", .is_default = true, .update = update };
