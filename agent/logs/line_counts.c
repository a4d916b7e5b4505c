/* Rows in a map by the bytes of their names. Whether a row is used is looked at when rows expire and when the table is full: letting go
 * of a row needs neither the table nor a clock. */
#include "agent/logs/line_counts.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 256 }; /* the longest of Kubernetes has 253; a longer one is cut */
static const struct str overflow_name = { "__overflow__", 12 };

struct names { struct str at[4]; };

static struct line_row *make(const struct names *names)
{
	size_t bytes = 0;
	for (size_t i = 0; i < COUNT_OF(names->at); i++)
		bytes += names->at[i].n + 1;
	struct line_row *row = calloc(1, sizeof *row + bytes);
	if (!row)
		abort();
	char *p = (char *)(row + 1);
	struct str *places[] = { &row->namespace_, &row->pod, &row->container, &row->job };
	row->key = (struct str){ p, bytes };
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		if (names->at[i].n)
			memcpy(p, names->at[i].p, names->at[i].n);
		*places[i] = (struct str){ p, names->at[i].n };
		p += names->at[i].n;
		*p++ = '\n'; /* in none of the names: two rows never have one key */
	}
	return row;
}

static struct line_row *find_or_make(struct line_counts *c, const struct names *names, size_t most)
{
	struct line_row *made = make(names), *row = map_get(&c->rows, made->key);
	if (row || c->rows.count >= most) {
		free(made);
		return row;
	}
	map_put(&c->rows, made->key, made);
	return made;
}

void line_counts_fini(struct line_counts *c)
{
	struct line_row *row;
	for (size_t i = 0; (row = map_next(&c->rows, &i));)
		free(row);
	map_fini(&c->rows);
	*c = (struct line_counts){ 0 };
}

static struct str name_of(struct str s)
{
	s = str_take(s, NAME_MAX_BYTES);
	return str_take(s, str_find(s, '\n'));
}

struct line_row *line_counts_use(struct line_counts *c, struct str namespace_, struct str pod, struct str container, struct str job,
	int64_t now_ns)
{
	bool is_pod = pod.n > 0;
	struct names names = { { is_pod ? name_of(namespace_) : STR(""), name_of(pod), is_pod ? name_of(container) : STR(""),
				 is_pod ? STR("") : name_of(job) } };
	size_t most = LINE_ROWS_MAX + (c->overflow != NULL);
	struct line_row *row = find_or_make(c, &names, most);
	if (!row) {
		line_counts_expire(c, now_ns);
		row = find_or_make(c, &names, most);
	}
	if (!row) {
		if (!c->overflow)
			c->overflow = find_or_make(c, &(struct names){ { overflow_name, overflow_name, overflow_name, STR("") } }, SIZE_MAX);
		row = c->overflow;
	}
	row->users++;
	row->unused_since_ns = 0;
	return row;
}

void line_row_leave(struct line_row *row)
{
	if (row)
		row->users--;
}

static bool is_over(struct line_row *row, int64_t now_ns)
{
	if (row->users)
		return false;
	if (!row->unused_since_ns)
		row->unused_since_ns = now_ns;
	return now_ns - row->unused_since_ns >= LINE_ROW_KEPT_NS;
}

void line_counts_expire(struct line_counts *c, int64_t now_ns)
{
	struct line_row *row, **over = NULL;
	size_t count = 0;
	for (size_t i = 0; (row = map_next(&c->rows, &i));) {
		if (row == c->overflow || !is_over(row, now_ns))
			continue;
		if (!over)
			over = malloc(c->rows.count * sizeof(struct line_row *));
		if (!over)
			abort();
		over[count++] = row;
	}
	for (size_t i = 0; i < count; i++) {
		map_remove(&c->rows, over[i]->key);
		free(over[i]);
	}
	free(over);
}

static int by_key(const void *a, const void *b)
{
	return str_cmp((*(const struct line_row *const *)a)->key, (*(const struct line_row *const *)b)->key);
}

const struct line_row **line_counts_sorted(const struct line_counts *c)
{
	const struct line_row **rows = calloc(c->rows.count + 1, sizeof *rows), *row;
	size_t count = 0;
	if (!rows)
		abort();
	for (size_t i = 0; (row = map_next(&c->rows, &i));)
		rows[count++] = row;
	qsort(rows, count, sizeof *rows, by_key);
	return rows;
}
