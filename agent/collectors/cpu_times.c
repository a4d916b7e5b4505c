/* The cpuN lines of /proc/stat, and the rule that a counter never goes back: kernels do let iowait and idle fall a little. */
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"
#include "parsers/bytes/num.h"

enum { JUMP_TICKS = 300 /* three seconds */ };

static bool parse_line(struct str line, struct cpu_times *out)
{
	struct str name = fields_next(&line);
	*out = (struct cpu_times){ 0 };
	if (!str_starts(name, STR("cpu")) || !num_u64(str_skip(name, 3), &out->number))
		return false;
	size_t i = 0;
	while (i < CPU_MODES && fields_u64(&line, &out->ticks[i]))
		i++;
	return i > CPU_IDLE; /* old kernels have fewer modes: they stay 0 */
}

void cpu_times_parse(struct str text, struct buf *rows)
{
	struct cpu_times row;
	while (str_starts(text, STR("cpu"))) /* they stand at the top, and much follows */
		if (parse_line(str_cut(&text, '\n'), &row))
			buf_append(rows, &row, sizeof row);
}

static struct cpu_times *rows_of(const struct buf *b, size_t *count)
{
	*count = b->n / sizeof(struct cpu_times);
	return (struct cpu_times *)(void *)b->p;
}

static void keep_larger(struct cpu_times *row, const struct cpu_times *before)
{
	if (before->ticks[CPU_IDLE] >= row->ticks[CPU_IDLE] + JUMP_TICKS)
		return;
	for (size_t i = 0; i < CPU_MODES; i++)
		if (before->ticks[i] > row->ticks[i])
			row->ticks[i] = before->ticks[i];
}

void cpu_times_merge(struct buf *known, const struct buf *reading)
{
	size_t count, before_count, at = 0;
	const struct cpu_times *rows = rows_of(reading, &count);
	struct cpu_times *before = rows_of(known, &before_count);
	if (count == before_count) /* nearly always: the same CPUs in the same order */
		while (at < count && before[at].number == rows[at].number)
			at++;
	if (at == count && count > 0) {
		for (size_t i = 0; i < count; i++) {
			struct cpu_times row = rows[i];
			keep_larger(&row, &before[i]);
			before[i] = row;
		}
		return;
	}
	struct buf merged;
	buf_init(&merged, known->cap_bytes);
	for (size_t i = 0; i < count; i++) {
		struct cpu_times row = rows[i];
		for (size_t k = 0; k < before_count; k++)
			if (before[k].number == row.number)
				keep_larger(&row, &before[k]);
		buf_append(&merged, &row, sizeof row);
	}
	buf_fini(known);
	*known = merged;
}
