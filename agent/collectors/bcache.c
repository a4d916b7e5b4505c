/* The block cache: /sys/fs/bcache/UUID, with bdevN (backing devices) and cacheN below it. kernel:
 * Documentation/admin-guide/bcache.rst
 *
 * bch_hprint writes 1234567 as "1.1M" with a digit behind the point that counts 1024ths: value/1024 % 1024, printed without leading
 * zeros and divided by 100 in later kernels. The reference reads it as 1/10.24 of the fraction, and so do we: sums must agree. */
#include <math.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"

struct bcache { bool has_priority; };

struct attribute { const char *file, *metric, *help; enum metric_type type; double factor; };

static const struct attribute of_set[] = {
	{ "average_key_size", "node_bcache_average_key_size_sectors", "Average data per key in the btree (sectors).", METRIC_GAUGE,
	  1 },
	{ "btree_cache_size", "node_bcache_btree_cache_size_bytes", "Amount of memory currently used by the btree cache.",
	  METRIC_GAUGE, 1 },
	{ "cache_available_percent", "node_bcache_cache_available_percent",
	  "Percentage of cache device without dirty data, usable for writeback (may contain clean cached data).", METRIC_GAUGE, 1 },
	{ "congested", "node_bcache_congested", "Congestion.", METRIC_GAUGE, 1 },
	{ "root_usage_percent", "node_bcache_root_usage_percent",
	  "Percentage of the root btree node in use (tree depth increases if too high).", METRIC_GAUGE, 1 },
	{ "tree_depth", "node_bcache_tree_depth", "Depth of the btree.", METRIC_GAUGE, 1 },
	{ "internal/active_journal_entries", "node_bcache_active_journal_entries",
	  "Number of journal entries that are newer than the index.", METRIC_GAUGE, 1 },
	{ "internal/btree_nodes", "node_bcache_btree_nodes", "Total nodes in the btree.", METRIC_GAUGE, 1 },
	{ "internal/btree_read_average_duration_us", "node_bcache_btree_read_average_duration_seconds",
	  "Average btree read duration.",
	  METRIC_GAUGE, 1e-9 }, /* the reference's factor, although the file says microseconds */
	{ "internal/cache_read_races", "node_bcache_cache_read_races_total",
	  "Counts instances where while data was being read from the cache, the bucket was reused and invalidated - i.e. where the pointer "
	  "was stale after the read completed.", METRIC_COUNTER, 1 },
};
static const struct attribute of_backing[] = {
	{ "dirty_data", "node_bcache_dirty_data_bytes", "Amount of dirty data for this backing device in the cache.", METRIC_GAUGE,
	  1 },
	{ "stats_total/bypassed", "node_bcache_bypassed_bytes_total",
	  "Amount of IO (both reads and writes) that has bypassed the cache.", METRIC_COUNTER, 1 },
	{ "stats_total/cache_hits", "node_bcache_cache_hits_total", "Hits counted per individual IO as bcache sees them.",
	  METRIC_COUNTER, 1 },
	{ "stats_total/cache_misses", "node_bcache_cache_misses_total", "Misses counted per individual IO as bcache sees them.",
	  METRIC_COUNTER, 1 },
	{ "stats_total/cache_bypass_hits", "node_bcache_cache_bypass_hits_total", "Hits for IO intended to skip the cache.",
	  METRIC_COUNTER, 1 },
	{ "stats_total/cache_bypass_misses", "node_bcache_cache_bypass_misses_total", "Misses for IO intended to skip the cache.",
	  METRIC_COUNTER, 1 },
	{ "stats_total/cache_miss_collisions", "node_bcache_cache_miss_collisions_total",
	  "Instances where data insertion from cache miss raced with write (data already present).", METRIC_COUNTER, 1 },
	{ "stats_total/cache_readaheads", "node_bcache_cache_readaheads_total", "Count of times readahead occurred.",
	  METRIC_COUNTER, 0 },
};
static const struct attribute of_cache[] = {
	{ "io_errors", "node_bcache_io_errors", "Number of errors that have occurred, decayed by io_error_halflife.", METRIC_GAUGE,
	  1 },
	{ "metadata_written", "node_bcache_metadata_written_bytes_total",
	  "Sum of all non data writes (btree writes and all other metadata).", METRIC_COUNTER, 1 },
	{ "written", "node_bcache_written_bytes_total", "Sum of all data that has been written to the cache.", METRIC_COUNTER, 1 },
};

bool bcache_parse_number(struct str text, double *out)
{
	static const char units[] = "kMGTPEZY";
	double whole, fraction = 0, factor = 1;
	if (text.n == 0)
		return false;
	char last = text.p[text.n - 1];
	if (last <= '9') {
		if (!fields_number(text, &whole) || !(whole >= 0) || whole > 0x1p64)
			return false;
		*out = floor(whole);
		return true;
	}
	const char *unit = strchr(units, last);
	factor = unit ? ldexp(1, 10 * (int)(unit - units + 1)) : 0;
	struct str rest = str_take(text, text.n - 1), head = str_cut(&rest, '.');
	bool has_fraction = head.n + 1 < text.n;
	if (!fields_number(head, &whole) || (has_fraction && !fields_number(rest, &fraction)))
		return false;
	double value = (whole + fraction / 10.24) * factor;
	if (!(value >= 0) || value > 0x1p64)
		return false;
	*out = floor(value);
	return true;
}

static bool parse_signed(struct str text, double *out)
{
	bool is_negative = text.n > 0 && text.p[0] == '-';
	if (!bcache_parse_number(str_skip(text, is_negative), out))
		return false;
	*out = is_negative && *out > 0 ? -*out : *out;
	return true;
}

void bcache_parse_writeback(struct sheet *s, struct str uuid, struct str device, struct str text)
{
	static const struct { struct str key; const char *metric, *help; bool is_signed; } rows[] = {
		{ { "rate:", 5 }, "node_bcache_writeback_rate", "Current writeback rate for this backing device in bytes.", false },
		{ { "target:", 7 }, "node_bcache_dirty_target_bytes",
		  "Current dirty data target threshold for this backing device in bytes.", false },
		{ { "proportional:", 13 }, "node_bcache_writeback_rate_proportional_term",
		  "Current result of proportional controller, part of writeback rate", true },
		{ { "integral:", 9 }, "node_bcache_writeback_rate_integral_term",
		  "Current result of integral controller, part of writeback rate", true },
		{ { "change:", 7 }, "node_bcache_writeback_change", "Last writeback rate change step for this backing device.",
		  true },
	};
	double values[COUNT_OF(rows)] = { 0 };
	while (text.n > 0) {
		struct str words[8], line = str_cut(&text, '\n');
		size_t count = words_split(line, words, COUNT_OF(words));
		for (size_t i = 0; i < COUNT_OF(rows) && count > 1; i++) {
			struct str last = words[count - 1];
			if (!str_starts(line, rows[i].key))
				continue;
			if (str_ends(last, STR("/sec")))
				last.n -= strlen("/sec");
			if (!(rows[i].is_signed ? parse_signed(last, &values[i]) : bcache_parse_number(last, &values[i])))
				values[i] = 0;
		}
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		sheet_add(s, METRIC_GAUGE, rows[i].metric, rows[i].help, values[i], { "backing_device", device }, { "uuid", uuid });
}

/* A file that is not there is a zero; one with a factor of 0 is shown only when it counts something (kernels up to 5.6 do). */
static void add_attributes(struct sheet *s, struct collect *c, const char *directory, const struct attribute *rows, size_t count,
	const struct metric_label *labels, size_t label_count)
{
	for (size_t i = 0; i < count; i++) {
		struct str text;
		double value = 0;
		if (files_attribute(c->files, &text, "%s/%s", directory, rows[i].file) == 0 &&
			!bcache_parse_number(str_trim(text), &value))
			continue;
		if (rows[i].factor > 0 || value > 0)
			sheet_put(s, rows[i].type, rows[i].metric, rows[i].help, rows[i].factor > 0 ? value * rows[i].factor :
				value, labels,
				label_count);
	}
}

static void add_priority(struct sheet *s, struct collect *c, const char *directory, const struct metric_label *labels)
{
	static const struct { struct str key; const char *metric, *help; } rows[] = {
		{ { "Unused:", 7 }, "node_bcache_priority_stats_unused_percent",
		  "The percentage of the cache that doesn't contain any data." },
		{ { "Metadata:", 9 }, "node_bcache_priority_stats_metadata_percent", "Bcache's metadata overhead." },
	};
	struct str text;
	if (files_read(c->files, directory, "/priority_stats", false, &text) < 0)
		return;
	while (text.n > 0) {
		struct str words[8];
		size_t count = words_split(str_cut(&text, '\n'), words, COUNT_OF(words));
		for (size_t i = 0; i < COUNT_OF(rows) && count > 1; i++) {
			double percent;
			struct str last = words[count - 1];
			last.n -= last.p[last.n - 1] == '%';
			if (str_eq(words[0], rows[i].key) && words_unsigned(last, &percent))
				sheet_put(s, METRIC_GAUGE, rows[i].metric, rows[i].help, percent, labels, 2);
		}
	}
}

static void add_set(const struct bcache *b, struct sheet *s, struct collect *c, const char *uuid)
{
	const char *directory = sheet_text(s, "%s/fs/bcache/%s", c->roots->sys, uuid);
	struct metric_label labels[] = { { "uuid", str_of(uuid) }, { 0 } };
	add_attributes(s, c, directory, of_set, COUNT_OF(of_set), labels, 1);
	struct names below;
	names_read(&below, &s->memory, "%s", directory);
	for (size_t i = 0; i < below.count; i++) {
		const char *device = sheet_text(s, "%s/%s", directory, below.at[i]);
		struct str text;
		if (names_is_numbered(below.at[i], "bdev")) {
			labels[1] = (struct metric_label){ "backing_device", str_of(below.at[i]) };
			add_attributes(s, c, device, of_backing, COUNT_OF(of_backing), labels, 2);
			if (files_read(c->files, device, "/writeback_rate_debug", false, &text) == 0)
				bcache_parse_writeback(s, labels[0].value, labels[1].value, text);
		} else if (names_is_numbered(below.at[i], "cache")) {
			labels[1] = (struct metric_label){ "cache_device", str_of(below.at[i]) };
			add_attributes(s, c, device, of_cache, COUNT_OF(of_cache), labels, 2);
			if (b->has_priority)
				add_priority(s, c, device, labels);
		}
	}
}

static int update(void *state, struct collect *c)
{
	struct sheet s;
	sheet_init(&s, c->out);
	struct names sets;
	names_read(&sets, &s.memory, "%s/fs/bcache", c->roots->sys);
	for (size_t i = 0; i < sets.count; i++)
		if (strchr(sets.at[i], '-'))
			add_set(state, &s, c, sets.at[i]);
	sheet_write(&s);
	return 0;
}

static void *open_state(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots, (void)err;
	struct bcache *b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->has_priority = strcmp(values[0], "true") == 0;
	return b;
}

static const struct collector_option options[] = { { "priorityStats", "false", "Expose expensive priority stats." }, { 0 } };
const struct collector collector_bcache = { "bcache", true, options, open_state, update, free };
