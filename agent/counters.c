/* Names of the closed lists, and the coverage table: one row for each namespace that has logged. Rows never move and never go
 * away, so a file may keep the pointer to its row. A node that sees more namespaces than the cap counts the rest together:
 * the sum over all rows stays right. */
#include "agent/counters.h"

#include <stdlib.h>

#include "agent/status.h"

enum { MAX_NAMESPACES = 512 };
static const struct str overflow_name = { "__overflow__", 12 };

const char *const lost_reason_names[LOST_REASONS] = {
	[LOST_DELETED_UNREAD] = "deleted_unread",
	[LOST_ROTATED_WHILE_DOWN] = "rotated_while_down",
	[LOST_TRUNCATED] = "truncated",
	[LOST_UNREADABLE] = "unreadable",
};

const char *const journal_gap_names[JOURNAL_GAPS] = {
	[JOURNAL_GAP_VACUUMED] = "vacuumed",
	[JOURNAL_GAP_TOO_OLD] = "too_old",
	[JOURNAL_GAP_DAMAGED] = "damaged",
};
const char *const file_state_names[FILE_STATES] = {
	[FILE_READING] = "reading", [FILE_AT_END] = "at_end", [FILE_ROTATED] = "rotated",
	[FILE_DELETED] = "deleted", [FILE_DONE] = "done", [FILE_WAITING] = "waiting", [FILE_ERROR] = "error",
};

/* A map takes no empty key: "" is kept under one NUL byte, which no namespace contains. */
static struct str key_of(struct str name)
{
	return name.n ? name : (struct str){ "", 1 };
}

static struct coverage_row *add_row(struct coverage *c, struct str name)
{
	struct coverage_row *row = calloc(1, sizeof *row);
	if (!row)
		abort();
	if (name.n)
		memcpy(row->name, name.p, name.n);
	map_put(&c->rows, key_of((struct str){ row->name, name.n }), row);
	return row;
}

struct coverage_row *coverage_row(struct coverage *c, struct str namespace_)
{
	struct str name = str_take(namespace_, sizeof((struct coverage_row *)0)->name - 1);
	struct coverage_row *row = map_get(&c->rows, key_of(name));
	if (row)
		return row;
	if (c->rows.count < MAX_NAMESPACES)
		return add_row(c, name);
	row = map_get(&c->rows, overflow_name);
	return row ? row : add_row(c, overflow_name);
}

void coverage_fini(struct coverage *c)
{
	struct coverage_row *row;
	for (size_t i = 0; (row = map_next(&c->rows, &i));)
		free(row);
	map_fini(&c->rows);
}
