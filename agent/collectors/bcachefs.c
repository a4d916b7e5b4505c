/* bcachefs: /sys/fs/bcachefs/UUID. Small tables for people, with sizes such as "1.5G".
 * bcachefs: fs/bcachefs/sysfs.c; what a counter says "since filesystem creation" is what is shown. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"

static struct str without_colon(struct str word)
{
	return word.n > 0 && word.p[word.n - 1] == ':' ? str_take(word, word.n - 1) : word;
}

void bcachefs_parse_compression(struct sheet *s, struct str uuid, struct str text)
{
	str_cut(&text, '\n'); /* the titles */
	while (text.n > 0) {
		struct str words[3];
		double compressed, uncompressed;
		if (words_split(str_cut(&text, '\n'), words, 3) < 3 || !words_bytes(words[1], &compressed) ||
			!words_bytes(words[2], &uncompressed))
			continue;
		const struct metric_label labels[] = { { "algorithm", without_colon(words[0]) }, { "uuid", uuid } };
		sheet_put(s, METRIC_GAUGE, "node_bcachefs_compression_compressed_bytes", "Compressed size by algorithm.",
			compressed, labels, 2);
		sheet_put(s, METRIC_GAUGE, "node_bcachefs_compression_uncompressed_bytes", "Uncompressed size by algorithm.",
			uncompressed,
			labels, 2);
	}
}

void bcachefs_parse_errors(struct sheet *s, struct str uuid, struct str text)
{
	while (text.n > 0) {
		struct str words[2];
		double count;
		if (words_split(str_cut(&text, '\n'), words, 2) == 2 && words_unsigned(words[1], &count))
			sheet_add(s, METRIC_COUNTER, "node_bcachefs_errors_total", "Error count by error type.", count,
				{ "error_type", words[0] }, { "uuid", uuid });
	}
}

void bcachefs_parse_counter(struct sheet *s, struct str uuid, struct str counter, struct str text)
{
	static const struct str mount = { "since mount:", 12 }, creation = { "since filesystem creation:", 26 };
	double value = 0, found;
	bool is_known = false;
	while (text.n > 0) {
		struct str line = str_cut(&text, '\n');
		is_known = is_known || str_starts(line, mount);
		if (str_starts(line, creation) && words_bytes(str_trim(str_skip(line, creation.n)), &found)) {
			value = found;
			is_known = true;
		}
	}
	if (is_known)
		sheet_add(s, METRIC_COUNTER, sheet_name(s, "bcachefs_", counter, "_total"),
			sheet_text(s, "Bcachefs counter %.*s since filesystem creation.", STR_ARG(counter)), value,
				{ "uuid", uuid });
}

void bcachefs_parse_writes(struct sheet *s, struct str uuid, struct str text)
{
	str_cut(&text, '\n'); /* the titles */
	while (text.n > 0) {
		struct str words[3];
		double count, bytes;
		if (words_split(str_cut(&text, '\n'), words, 3) < 3 || !words_unsigned(words[1], &count) ||
			!words_bytes(words[2], &bytes))
			continue;
		const struct metric_label labels[] = { { "type", without_colon(words[0]) }, { "uuid", uuid } };
		sheet_put(s, METRIC_COUNTER, "node_bcachefs_btree_writes_total", "Number of btree writes by type.", count, labels,
			2);
		sheet_put(s, METRIC_GAUGE, "node_bcachefs_btree_write_average_size_bytes", "Average btree write size by type.",
			bytes, labels, 2);
	}
}

/* "key : 12" */
static bool parse_pair(struct str line, struct str *key, double *value)
{
	struct str rest = line;
	*key = str_trim(str_cut(&rest, ':'));
	return key->n > 0 && words_unsigned(str_trim(rest), value);
}

void bcachefs_parse_io(struct sheet *s, struct str uuid, struct str device, struct str text)
{
	struct str operation = { 0 }, key;
	while (text.n > 0) {
		struct str line = str_trim(str_cut(&text, '\n'));
		double bytes;
		if (str_eq(line, STR("read:")) || str_eq(line, STR("write:")))
			operation = without_colon(line);
		else if (operation.n > 0 && parse_pair(line, &key, &bytes))
			sheet_add(s, METRIC_COUNTER, "node_bcachefs_device_io_done_bytes_total",
				"IO bytes by operation type and data type.", bytes,
				{ "data_type", key }, { "device", device }, { "operation", operation }, { "uuid", uuid });
	}
}

void bcachefs_parse_io_errors(struct sheet *s, struct str uuid, struct str device, struct str text)
{
	bool is_inside = false;
	while (text.n > 0) {
		struct str line = str_cut(&text, '\n'), key;
		double count;
		if (str_starts(line, STR("IO errors since filesystem creation")))
			is_inside = true;
		else if (str_starts(line, STR("IO errors since ")))
			return;
		else if (is_inside && parse_pair(line, &key, &count))
			sheet_add(s, METRIC_COUNTER, "node_bcachefs_device_io_errors_total", "IO errors by error type.", count,
				{ "device", device }, { "type", key }, { "uuid", uuid });
	}
}

static void add_size(struct sheet *s, const char *name, const char *help, struct str text, const struct metric_label *labels,
	size_t count)
{
	double bytes = 0;
	if (text.n == 0 || words_bytes(text, &bytes))
		sheet_put(s, METRIC_GAUGE, name, help, bytes, labels, count);
}

static void add_device(struct sheet *s, struct collect *c, struct str uuid, const char *directory, struct str device)
{
	const struct metric_label labels[] = { { "device", device }, { "uuid", uuid } };
	struct str label = sheet_attribute(s, c->files, directory, "label"), state = sheet_attribute(s, c->files, directory, "state"), text;
	sheet_add(s, METRIC_GAUGE, "node_bcachefs_device_info", "Device information.", 1, labels[0], { "label", label },
		{ "state", state },
		labels[1]);
	add_size(s, "node_bcachefs_device_bucket_size_bytes", "Bucket size in bytes.", sheet_attribute(s, c->files, directory, "bucket_size"),
		labels, 2);
	add_size(s, "node_bcachefs_device_buckets", "Total number of buckets.", sheet_attribute(s, c->files, directory, "nbuckets"), labels, 2);
	add_size(s, "node_bcachefs_device_durability", "Device durability setting.", sheet_attribute(s, c->files, directory, "durability"), labels,
		2);
	if (files_read(c->files, directory, "/io_done", false, &text) == 0)
		bcachefs_parse_io(s, uuid, device, text);
	if (files_read(c->files, directory, "/io_errors", false, &text) == 0)
		bcachefs_parse_io_errors(s, uuid, device, text);
}

static void add_filesystem(struct sheet *s, struct collect *c, const char *name)
{
	static const struct { const char *file; void (*parse)(struct sheet *s, struct str uuid, struct str text); } tables[] = {
		{ "/compression_stats", bcachefs_parse_compression }, { "/errors", bcachefs_parse_errors },
		{ "/btree_write_stats", bcachefs_parse_writes },
	};
	const char *directory = sheet_text(s, "%s/fs/bcachefs/%s", c->roots->sys, name);
	struct str uuid = str_of(name), text;
	const struct metric_label labels[] = { { "uuid", uuid } };
	sheet_put(s, METRIC_GAUGE, "node_bcachefs_info", "Filesystem information.", 1, labels, 1);
	add_size(s, "node_bcachefs_btree_cache_size_bytes", "Btree cache memory usage in bytes.",
		sheet_attribute(s, c->files, directory, "btree_cache_size"),
		labels, 1);
	for (size_t i = 0; i < COUNT_OF(tables); i++)
		if (files_read(c->files, directory, tables[i].file, false, &text) == 0)
			tables[i].parse(s, uuid, text);
	struct names files;
	names_read(&files, &s->memory, "%s/counters", directory);
	for (size_t i = 0; i < files.count; i++)
		if (files_read(c->files, directory, sheet_text(s, "/counters/%s", files.at[i]), false, &text) == 0)
			bcachefs_parse_counter(s, uuid, str_of(files.at[i]), text);
	names_read(&files, &s->memory, "%s", directory);
	for (size_t i = 0; i < files.count; i++)
		if (strncmp(files.at[i], "dev-", 4) == 0 && names_is_directory("%s/%s", directory, files.at[i]))
			add_device(s, c, uuid, sheet_text(s, "%s/%s", directory, files.at[i]), str_of(files.at[i] + 4));
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, c->out);
	struct names all;
	names_read(&all, &s.memory, "%s/fs/bcachefs", c->roots->sys);
	for (size_t i = 0; i < all.count; i++)
		if (names_is_directory("%s/fs/bcachefs/%s", c->roots->sys, all.at[i]))
			add_filesystem(&s, c, all.at[i]);
	bool has_some = s.count > 0;
	sheet_write(&s);
	return has_some ? 0 : -ENODATA;
}

const struct collector collector_bcachefs = { .name = "bcachefs", .is_default = true, .update = update };
