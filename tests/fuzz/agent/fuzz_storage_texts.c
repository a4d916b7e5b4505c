/* The texts of hardware and storage in /proc and /sys: whatever they hold, what comes out is a page that our own reader takes, with
 * each series once. The first byte chooses the text. */
#include <assert.h>
#include <stdlib.h>

#include "agent/collectors/storage_texts.h"
#include "parsers/bytes/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_name(struct sheet *s, struct str text)
{
	struct str type, number, element;
	if (hwmon_parse_name(text, &type, &number, &element))
		assert(type.n > 0 && type.n + number.n + element.n <= text.n);
	assert(hwmon_clean(&s->memory, text).n <= text.n);
}

static void parse_human(struct sheet *s, struct str text)
{
	double number = 0;
	bool is_number = bcache_parse_number(text, &number);
	assert(number >= 0 && (is_number || number == 0));
	double mode = selinux_parse_mode(text);
	assert(mode == 1 || mode == 0 || mode == -1);
	(void)s;
}

static void parse_mounts(struct sheet *s, struct str text)
{
	struct names mounts = btrfs_parse_mounts(&s->memory, "/host", text);
	for (size_t i = 0; i < mounts.count; i++)
		assert(strncmp(mounts.at[i], "/host", 5) == 0 && strlen(mounts.at[i]) <= 5 + text.n);
}

static void parse_one(struct sheet *s, unsigned which, struct str text)
{
	struct str a = STR("a"), b = STR("b"), rest = text;
	switch (which) { /* two texts, or a name and a text, are told apart by a NUL */
	case 0: mdadm_parse(s, text); break;
	case 1: xfs_parse(s, a, text); break;
	case 2: zfs_parse_kstat(s, "zfs_arc", "arcstats", text); break;
	case 3: zfs_parse_io(s, a, text); break;
	case 4: zfs_parse_objset(s, a, text); break;
	case 5: zfs_parse_state(s, a, text); break;
	case 6: btrfs_parse_commits(s, a, text); break;
	case 7: bcache_parse_writeback(s, a, b, text); break;
	case 8: bcachefs_parse_compression(s, a, text); break;
	case 9: bcachefs_parse_errors(s, a, text); break;
	case 10: a = str_cut(&rest, 0); bcachefs_parse_counter(s, b, a, rest); break;
	case 11: bcachefs_parse_writes(s, a, text); break;
	case 12: bcachefs_parse_io(s, a, b, text); break;
	case 13: bcachefs_parse_io_errors(s, a, b, text); break;
	case 14: slabinfo_parse(s, NULL, text); break;
	case 15: buddyinfo_parse(s, text); break;
	case 16: zoneinfo_parse(s, text); break;
	case 17: meminfo_numa_parse(s, text); break;
	case 18: meminfo_numa_parse_stat(s, a, text); break;
	case 19: cgroups_parse(s, text); break;
	case 20: a = str_cut(&rest, 0); mountstats_parse(s, a, rest); break;
	case 21: parse_human(s, text); break;
	case 22: parse_mounts(s, text); break;
	default: parse_name(s, text);
	}
}

/* Every sample is read back, and no series stands twice. */
static void check_page(struct str page)
{
	struct exposition x;
	struct map series = { 0 };
	enum exposition_item item;
	exposition_init(&x, EXPOSITION_TEXT_0_0_4, page);
	while ((item = exposition_next(&x)) > EXPOSITION_END) {
		if (item != EXPOSITION_SAMPLE)
			continue;
		assert(str_starts(x.series, STR("node_")) && !map_get(&series, x.series));
		map_put(&series, x.series, &x);
	}
	assert(item == EXPOSITION_END);
	exposition_fini(&x);
	map_fini(&series);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct buf out;
	struct families families;
	struct sheet s;
	buf_init(&out, (size_t)64 << 20);
	families_init(&families, &out, false);
	sheet_init(&s, &families);
	parse_one(&s, data[0] % 24, (struct str){ (const char *)data + 1, size - 1 });
	sheet_write(&s);
	assert(!out.is_full && families.dropped == 0);
	check_page(buf_view(&out));
	families_fini(&families);
	buf_fini(&out);
	return 0;
}
