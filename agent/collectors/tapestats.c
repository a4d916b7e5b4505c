/* SCSI tape drives: /sys/class/scsi_tape/stN/stats; the other names there (nst0, st0l …) are modes of the same drive.
 * kernel: Documentation/ABI/testing/sysfs-class-scsi_tape */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"

static const struct { const char *file, *metric, *help; enum metric_type type; double factor; } rows[] = {
	{ "in_flight", "node_tape_io_now", "The number of I/Os currently outstanding to this device.", METRIC_GAUGE, 1 },
	{ "io_ns", "node_tape_io_time_seconds_total",
	  "The amount of time spent waiting for all I/O to complete (including read and write). This includes tape movement commands such as "
	  "seeking between file or set marks and implicit tape movement such as when rewind on close tape devices are used.",
	  METRIC_COUNTER, 0.000000001 },
	{ "other_cnt", "node_tape_io_others_total",
	  "The number of I/Os issued to the tape drive other than read or write commands. The time taken to complete these commands uses the "
	  "following calculation io_time_seconds_total-read_time_seconds_total-write_time_seconds_total", METRIC_COUNTER, 1 },
	{ "read_byte_cnt", "node_tape_read_bytes_total", "The number of bytes read from the tape drive.", METRIC_COUNTER, 1 },
	{ "read_cnt", "node_tape_reads_completed_total", "The number of read requests issued to the tape drive.", METRIC_COUNTER,
	  1 },
	{ "read_ns", "node_tape_read_time_seconds_total", "The amount of time spent waiting for read requests to complete.",
	  METRIC_COUNTER, 0.000000001 },
	{ "resid_cnt", "node_tape_residual_total",
	  "The number of times during a read or write we found the residual amount to be non-zero. This should mean that a program is issuing "
	  "a read larger thean the block size on tape. For write not all data made it to tape.", METRIC_COUNTER, 1 },
	{ "write_byte_cnt", "node_tape_written_bytes_total", "The number of bytes written to the tape drive.", METRIC_COUNTER, 1 },
	{ "write_cnt", "node_tape_writes_completed_total", "The number of write requests issued to the tape drive.", METRIC_COUNTER,
	  1 },
	{ "write_ns", "node_tape_write_time_seconds_total", "The amount of time spent waiting for write requests to complete.",
	  METRIC_COUNTER, 0.000000001 },
};

static bool is_drive(const char *name)
{
	struct str rest = str_of(name);
	double number;
	return str_starts(rest, STR("st")) && words_unsigned(str_skip(rest, 2), &number);
}

static void add_drive(struct sheet *s, struct collect *c, const char *name)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct str text;
		uint64_t value;
		if (files_attribute(c->files, &text, "%s/class/scsi_tape/%s/stats/%s", c->roots->sys, name, rows[i].file) == 0 &&
			words_based(str_trim(text), &value))
			sheet_add(s, rows[i].type, rows[i].metric, rows[i].help, (double)value * rows[i].factor,
				{ "device", str_of(name) });
	}
}

static int update(void *state, struct collect *c)
{
	struct sheet s;
	sheet_init(&s, c->out);
	struct names drives;
	int error = names_read(&drives, &s.memory, "%s/class/scsi_tape", c->roots->sys);
	for (size_t i = 0; i < drives.count; i++)
		if (is_drive(drives.at[i]) && !device_filter_ignores(state, str_of(drives.at[i])))
			add_drive(&s, c, drives.at[i]);
	sheet_write(&s);
	return error == -ENOENT ? -ENODATA : error;
}

static void *open_state(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	return device_filter_new("", values[0], err);
}

static const struct collector_option options[] = { { "ignored-devices", "^$", "Regexp of devices to ignore for tapestats." },
	{ 0 } };
const struct collector collector_tapestats = { "tapestats", true, options, open_state, update, device_filter_free };
