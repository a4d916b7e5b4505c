/* Block devices: /proc/diskstats, with what udev and /sys/block know of each. Times are milliseconds, sectors 512 bytes whatever the
 * device. Kernels before 4.18 have no discards, before 5.5 no flushes: those columns are missing then, not 0. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"
#include "parsers/bytes/arena.h"

enum { OPTION_EXCLUDE, OPTION_INCLUDE, OPTION_IGNORED };
#define EXCLUDE "^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$"

static const struct collector_option options[] = {
	{ "device-exclude", EXCLUDE, "Regexp of diskstats devices to exclude (mutually exclusive to device-include)." },
	{ "device-include", "", "Regexp of diskstats devices to include (mutually exclusive to device-exclude)." },
	{ "ignored-devices", "", "DEPRECATED: Use collector.diskstats.device-exclude" },
	{ NULL, NULL, NULL },
};

enum unit { COUNT, SECTORS, TICKS };
static const struct {
	const char *name, *help;
	enum metric_type type;
	enum unit unit;
} columns[DISK_VALUES] = {
	{ "node_disk_reads_completed_total", "The total number of reads completed successfully.", METRIC_COUNTER, COUNT },
	{ "node_disk_reads_merged_total", "The total number of reads merged.", METRIC_COUNTER, COUNT },
	{ "node_disk_read_bytes_total", "The total number of bytes read successfully.", METRIC_COUNTER, SECTORS },
	{ "node_disk_read_time_seconds_total", "The total number of seconds spent by all reads.", METRIC_COUNTER, TICKS },
	{ "node_disk_writes_completed_total", "The total number of writes completed successfully.", METRIC_COUNTER, COUNT },
	{ "node_disk_writes_merged_total", "The number of writes merged.", METRIC_COUNTER, COUNT },
	{ "node_disk_written_bytes_total", "The total number of bytes written successfully.", METRIC_COUNTER, SECTORS },
	{ "node_disk_write_time_seconds_total", "This is the total number of seconds spent by all writes.", METRIC_COUNTER, TICKS },
	{ "node_disk_io_now", "The number of I/Os currently in progress.", METRIC_GAUGE, COUNT },
	{ "node_disk_io_time_seconds_total", "Total seconds spent doing I/Os.", METRIC_COUNTER, TICKS },
	{ "node_disk_io_time_weighted_seconds_total", "The weighted # of seconds spent doing I/Os.", METRIC_COUNTER, TICKS },
	{ "node_disk_discards_completed_total", "The total number of discards completed successfully.", METRIC_COUNTER, COUNT },
	{ "node_disk_discards_merged_total", "The total number of discards merged.", METRIC_COUNTER, COUNT },
	{ "node_disk_discarded_sectors_total", "The total number of sectors discarded successfully.", METRIC_COUNTER, COUNT },
	{ "node_disk_discard_time_seconds_total", "This is the total number of seconds spent by all discards.", METRIC_COUNTER, TICKS },
	{ "node_disk_flush_requests_total", "The total number of flush requests completed successfully", METRIC_COUNTER, COUNT },
	{ "node_disk_flush_requests_time_seconds_total", "This is the total number of seconds spent by all flush requests.",
		METRIC_COUNTER, TICKS },
};

struct state {
	struct device_filter filter;
	bool has_udev;
};
struct disk { /* one that is shown; texts live in the arena of the scrape */
	struct disk_stats stats;
	struct str udev[UDEV_KEYS];
	bool is_rotational;
};

void diskstats_parse(struct str text, struct buf *rows)
{
	while (text.n) {
		struct str line = str_cut(&text, '\n');
		struct disk_stats row = { 0 };
		if (!fields_u64(&line, &row.major) || !fields_u64(&line, &row.minor))
			continue;
		row.device = fields_next(&line);
		while (row.count < DISK_VALUES && fields_u64(&line, &row.values[row.count]))
			row.count++;
		if (row.count >= 11)
			buf_append(rows, &row, sizeof row);
	}
}

static void close_diskstats(void *state)
{
	struct state *s = state;
	device_filter_fini(&s->filter);
	free(s);
}

static void *open_diskstats(const char *const *values, const struct roots *roots, char err[256])
{
	const char *exclude = values[OPTION_EXCLUDE], *include = values[OPTION_INCLUDE];
	struct state *s = calloc(1, sizeof *s);
	struct stat st;
	if (!s)
		abort();
	bool is_default = strcmp(exclude, EXCLUDE) == 0;
	if (*values[OPTION_IGNORED] && is_default) {
		exclude = values[OPTION_IGNORED];
		is_default = false;
	}
	if (*include && is_default)
		exclude = "";
	if (device_filter_init(&s->filter, include, exclude, err) < 0) {
		free(s);
		return NULL;
	}
	s->has_udev = stat(roots->udev_data, &st) == 0 && S_ISDIR(st.st_mode);
	return s;
}

static void look_up(const struct state *s, struct collect *c, struct arena *arena, struct disk *d)
{
	struct str text, found[UDEV_KEYS];
	char path[128];
	snprintf(path, sizeof path, "/b%llu:%llu", (unsigned long long)d->stats.major, (unsigned long long)d->stats.minor);
	if (s->has_udev && files_read(c->files, c->roots->udev_data, path, false, &text) == 0) {
		udev_parse(text, found);
		for (size_t i = 0; i < UDEV_KEYS; i++)
			d->udev[i] = found[i].n ? arena_copy(arena, found[i]) : (struct str){ 0 };
	}
	if (d->stats.device.n > 64) /* the kernel's names have 32 bytes */
		return;
	snprintf(path, sizeof path, "/block/" STR_FMT "/queue/rotational", STR_ARG(d->stats.device));
	for (char *p = path + 7; p < path + 7 + d->stats.device.n; p++) /* cciss/c0d0 is cciss!c0d0 there */
		if (*p == '/')
			*p = '!';
	d->is_rotational = files_read(c->files, c->roots->sys, path, true, &text) == 0 && str_eq(str_trim(text), STR("1"));
}

static struct str first_of(struct str a, struct str b, struct str c)
{
	return a.n ? a : b.n ? b : c;
}

static void write_info(struct families *f, const struct disk *disks, size_t count)
{
	families_begin(f, "node_disk_info", METRIC_GAUGE, "Info of /sys/block/<block_device>.");
	for (size_t i = 0; i < count; i++) {
		const struct disk *d = &disks[i];
		char major[24], minor[24];
		snprintf(major, sizeof major, "%llu", (unsigned long long)d->stats.major);
		snprintf(minor, sizeof minor, "%llu", (unsigned long long)d->stats.minor);
		const struct metric_label labels[] = {
			{ "device", d->stats.device },
			{ "major", str_of(major) },
			{ "minor", str_of(minor) },
			{ "model", d->udev[UDEV_ID_MODEL] },
			{ "path", d->udev[UDEV_ID_PATH] },
			{ "revision", d->udev[UDEV_ID_REVISION] },
			{ "rotational", d->is_rotational ? STR("1") : STR("0") },
			{ "serial", first_of(d->udev[UDEV_SCSI_IDENT_SERIAL], d->udev[UDEV_ID_SERIAL_SHORT], d->udev[UDEV_ID_SERIAL]) },
			{ "wwn", d->udev[UDEV_ID_WWN] },
		};
		families_sample(f, "", labels, COUNT_OF(labels), 1);
	}
}

static void write_columns(struct families *f, const struct disk *disks, size_t count)
{
	for (size_t column = 0; column < DISK_VALUES; column++) {
		families_begin(f, columns[column].name, columns[column].type, columns[column].help);
		for (size_t i = 0; i < count; i++) {
			const struct disk_stats *s = &disks[i].stats;
			if (column >= s->count)
				continue;
			double value = (double)s->values[column];
			enum unit unit = columns[column].unit;
			families_label1(f, "device", s->device, unit == TICKS ? value / 1000 : unit == SECTORS ? value * 512 : value);
		}
	}
}

static void write_contents(struct families *f, const struct disk *disks, size_t count)
{
	families_begin(f, "node_disk_filesystem_info", METRIC_GAUGE, "Info about disk filesystem.");
	for (size_t i = 0; i < count; i++) {
		const struct str *u = disks[i].udev;
		const struct metric_label labels[] = { { "device", disks[i].stats.device }, { "type", u[UDEV_ID_FS_TYPE] },
			{ "usage", u[UDEV_ID_FS_USAGE] }, { "uuid", u[UDEV_ID_FS_UUID] }, { "version", u[UDEV_ID_FS_VERSION] } };
		if (u[UDEV_ID_FS_TYPE].n)
			families_sample(f, "", labels, COUNT_OF(labels), 1);
	}
	families_begin(f, "node_disk_device_mapper_info", METRIC_GAUGE, "Info about disk device mapper.");
	for (size_t i = 0; i < count; i++) {
		const struct str *u = disks[i].udev;
		const struct metric_label labels[] = { { "device", disks[i].stats.device }, { "lv_layer", u[UDEV_DM_LV_LAYER] },
			{ "lv_name", u[UDEV_DM_LV_NAME] }, { "name", u[UDEV_DM_NAME] }, { "uuid", u[UDEV_DM_UUID] },
			{ "vg_name", u[UDEV_DM_VG_NAME] } };
		if (u[UDEV_DM_NAME].n)
			families_sample(f, "", labels, COUNT_OF(labels), 1);
	}
}

static void write_ata(struct families *f, const struct disk *disks, size_t count)
{
	static const struct {
		enum udev_key key;
		const char *name, *help;
	} table[] = {
		{ UDEV_ID_ATA_ROTATION_RATE_RPM, "node_disk_ata_rotation_rate_rpm", "ATA disk rotation rate in RPMs (0 for SSDs)." },
		{ UDEV_ID_ATA_WRITE_CACHE, "node_disk_ata_write_cache", "ATA disk has a write cache." },
		{ UDEV_ID_ATA_WRITE_CACHE_ENABLED, "node_disk_ata_write_cache_enabled", "ATA disk has its write cache enabled." },
	};
	for (size_t t = 0; t < COUNT_OF(table); t++) {
		families_begin(f, table[t].name, METRIC_GAUGE, table[t].help);
		for (size_t i = 0; i < count; i++) {
			double value;
			if (disks[i].udev[UDEV_ID_ATA].n && fields_number(disks[i].udev[table[t].key], &value))
				families_label1(f, "device", disks[i].stats.device, value);
		}
	}
}

static int update(void *state, struct collect *c)
{
	const struct state *s = state;
	struct arena arena = { 0 };
	struct str text;
	int error = files_read(c->files, c->roots->proc, "/diskstats", true, &text);
	if (error)
		return error;
	diskstats_parse(text, c->scratch);
	const struct disk_stats *rows = (const struct disk_stats *)(const void *)c->scratch->p;
	size_t row_count = c->scratch->n / sizeof *rows, count = 0;
	struct disk *disks = row_count ? arena_alloc(&arena, row_count * sizeof *disks) : NULL;
	for (size_t i = 0; i < row_count; i++) {
		if (device_filter_ignores(&s->filter, rows[i].device))
			continue;
		disks[count].stats = rows[i];
		disks[count++].stats.device = arena_copy(&arena, rows[i].device);
	}
	for (size_t i = 0; i < count; i++)
		look_up(s, c, &arena, &disks[i]);
	write_info(c->out, disks, count);
	write_columns(c->out, disks, count);
	write_contents(c->out, disks, count);
	write_ata(c->out, disks, count);
	arena_fini(&arena);
	return 0;
}

const struct collector collector_diskstats = { .name = "diskstats", .is_default = true, .options = options, .open = open_diskstats,
	.update = update, .close = close_diskstats };
