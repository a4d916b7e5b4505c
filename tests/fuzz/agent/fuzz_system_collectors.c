/* The first byte chooses a parse half, the rest is its file. Whatever the file says: the page is whole lines of UTF-8, each a comment or a
 * sample with one value, and no family stands there twice. */
#include <assert.h>
#include <stdlib.h>

#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"
#include "parsers/bytes/utf8.h"

static struct regex *pattern;

static void lines_to_disks(struct str text, struct buf *rows)
{
	diskstats_parse(text, rows);
	const struct disk_stats *at = (const struct disk_stats *)(const void *)rows->p;
	for (size_t i = 0; i < rows->n / sizeof *at; i++)
		assert(at[i].count >= 11 && at[i].count <= DISK_VALUES && at[i].device.n > 0);
}

static void times(struct str text, struct buf *rows)
{
	struct buf known;
	buf_init(&known, 1 << 20);
	cpu_times_parse(text, rows);
	cpu_times_merge(&known, rows);
	cpu_times_merge(&known, rows);
	assert(known.n == rows->n);
	buf_fini(&known);
}

static void mounts(struct str text, struct buf *room)
{
	while (text.n) {
		struct mount_line m;
		if (!mount_line_parse(str_cut(&text, '\n'), &m))
			continue;
		mount_line_is_read_only(&m);
		buf_reset(room);
		mount_point_path(m.point, "/host", room);
		assert(room->n <= m.point.n + 1);
		buf_reset(room);
		text_mend(m.source, room);
		assert(utf8_valid(buf_view(room)) == room->n);
	}
}

static void release(struct str text, struct buf *room)
{
	struct str os[OS_KEYS];
	double at;
	os_release_parse(text, os, room);
	os_release_version(os[OS_VERSION_ID]);
	os_release_date(os[OS_SUPPORT_END], &at);
}

static void sysctl(struct families *f, struct str text, struct buf *room)
{
	struct sysctl_spec spec;
	struct str first = str_cut(&text, '\n');
	sysctl_spec_parse(first, false, &spec);
	sysctl_write(f, &spec, text, room);
}

static void number(void *ctx, unsigned n)
{
	unsigned *count = ctx;
	(void)n;
	++*count;
}

static void others(unsigned which, struct str text, struct buf *room)
{
	struct pressure pressure;
	struct process_stat process;
	struct str udev[UDEV_KEYS];
	double value;
	unsigned count = 0;
	switch (which) {
	case 0: pressure_parse(text, &pressure); break;
	case 1: process_stat_parse(text, &process); break;
	case 2: udev_parse(text, udev); break;
	case 3: fields_number(text, &value); break;
	case 4: fields_ranges(text, number, &count); break;
	case 5: cpuinfo_parse(text, room); break;
	case 6: lines_to_disks(text, room); break;
	case 7: times(text, room); break;
	case 8: mounts(text, room); break;
	default: release(text, room); break;
	}
}

static void check(struct str page)
{
	assert(utf8_valid(page) == page.n);
	assert(page.n == 0 || page.p[page.n - 1] == '\n');
	while (page.n) {
		struct str line = str_cut(&page, '\n');
		assert(line.n > 0);
		if (line.p[0] == '#')
			continue;
		size_t blank = line.n;
		while (blank > 0 && line.p[blank - 1] != ' ')
			blank--;
		double value;
		assert(blank > 1 && fields_number(str_skip(line, blank), &value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 1 << 16)
		return 0;
	struct str text = { (const char *)data + 1, size - 1 };
	struct buf page, room;
	struct families f;
	struct vmstat_filter filter = { 0 };
	char err[256];
	if (!pattern)
		pattern = regex_new(STR("^(oom_kill|pgpg|pswp|pg.*fault).*"), 0, err);
	filter.wanted = pattern;
	buf_init(&page, 8 << 20);
	buf_init(&room, 8 << 20);
	families_init(&f, &page, false);
	switch (data[0] % 19) {
	case 0: meminfo_write(&f, text); break;
	case 1: loadavg_write(&f, text); break;
	case 2: filefd_write(&f, text); break;
	case 3: stat_write(&f, text, true); break;
	case 4: schedstat_write(&f, text, &room); break;
	case 5: softirqs_write(&f, text); break;
	case 6: interrupts_write(&f, text, NULL, true); break;
	case 7: vmstat_write(&f, text, &filter); break;
	case 8: sysctl(&f, text, &room); break;
	default: others(data[0] % 19 - 9, text, &room); break;
	}
	check(buf_view(&page));
	families_fini(&f);
	buf_fini(&page);
	buf_fini(&room);
	return 0;
}
