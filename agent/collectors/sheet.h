/* Samples in any order, written as families. A collector that walks devices meets each family once per device, while a page has
 * each family once: the sheet keeps the samples until all have been met, then sorts and writes them.
 *
 *   struct sheet s;
 *   sheet_init(&s, c->out);
 *   sheet_add(&s, METRIC_GAUGE, "node_md_disks", "Number of …", 3, { "device", device }, { "state", STR("active") });
 *   sheet_write(&s);
 */
#ifndef AGENT_COLLECTORS_SHEET_H
#define AGENT_COLLECTORS_SHEET_H

#include "agent/collectors/files.h"
#include "agent/exposition/families.h"
#include "parsers/bytes/arena.h"

enum { SHEET_SAMPLES_MAX = 1 << 18, SHEET_LABELS_MAX = 24 };

struct sheet_row;
struct sheet {
	struct families *out;
	struct arena memory; /* whatever must live until sheet_write may be kept in it */
	struct sheet_row *rows;
	size_t count, room;
	size_t dropped; /* samples beyond SHEET_SAMPLES_MAX */
};

void sheet_init(struct sheet *s, struct families *out);
/* name and help must live until sheet_write (literals, or from sheet_text); label names too. Values of labels are copied, made
 * valid UTF-8. Labels come in any order. */
void sheet_put(struct sheet *s, enum metric_type type, const char *name, const char *help, double value,
	const struct metric_label *labels,
	size_t count);
#define sheet_add(s, type, name, help, value, ...) \
	sheet_put(s, type, name, help, value, (const struct metric_label[]){ __VA_ARGS__ }, \
		COUNT_OF(((const struct metric_label[]){ __VA_ARGS__ })))
/* NUL-terminated text that lives until sheet_write. */
const char *sheet_text(struct sheet *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline struct str sheet_copy(struct sheet *s, struct str text)
{
	return arena_copy(&s->memory, text);
}
/* The text of a small file of sysfs, directory/file, without white space around it; empty when it cannot be read. Lives until sheet_write. */
static inline struct str sheet_attribute(struct sheet *s, struct files *files, const char *directory, const char *file)
{
	return sheet_copy(s, files_text(files, directory, file));
}
/* "node_" prefix name suffix, where bytes of name that a metric cannot have become one '_', together with underscores around
 * them. */
const char *sheet_name(struct sheet *s, const char *prefix, struct str name, const char *suffix);
/* Writes families by name and samples by labels, a sample that is there twice once (the first); releases everything. */
void sheet_write(struct sheet *s);

#endif
