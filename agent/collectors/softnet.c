/* net/softnet_stat: a line of hexadecimal words per CPU, which grew with the kernel: 9 words, the tenth with 2.6.39, the
 * eleventh with 4.18, backlog and the number of the CPU with 5.14. Before that the line's place is the CPU. */
#include "agent/collectors/all.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/num.h"

#include <stdio.h>

enum { COLUMNS_MIN = 9, COLUMNS = 13, COLUMN_CPU = 12, CPUS_MAX = 1 << 16 };

static const struct {
	const char *name, *help;
	enum metric_type type;
	size_t column;
} fields[] = {
	{ "node_softnet_processed_total", "Number of processed packets", METRIC_COUNTER, 0 },
	{ "node_softnet_dropped_total", "Number of dropped packets", METRIC_COUNTER, 1 },
	{ "node_softnet_times_squeezed_total", "Number of times processing packets ran out of quota", METRIC_COUNTER, 2 },
	{ "node_softnet_cpu_collision_total", "Number of collision occur while obtaining device lock while transmitting",
		METRIC_COUNTER, 8 },
	{ "node_softnet_received_rps_total", "Number of times cpu woken up received_rps", METRIC_COUNTER, 9 },
	{ "node_softnet_flow_limit_count_total", "Number of times flow limit has been reached", METRIC_COUNTER, 10 },
	{ "node_softnet_backlog_len", "Softnet backlog status", METRIC_GAUGE, 11 },
};

/* Values of one line; false when it is none. */
static bool read_line(struct str line, uint64_t place, uint64_t values[COLUMNS])
{
	struct str words[COLUMNS];
	size_t count = words_split(line, words, COUNT_OF(words));
	if (count < COLUMNS_MIN)
		return false;
	memset(values, 0, COLUMNS * sizeof(*values));
	if (count < COLUMNS && count > COLUMN_CPU - 1)
		count = COLUMN_CPU - 1; /* backlog without a CPU was never written */
	for (size_t i = 0; i < count; i++)
		if (!num_hex64(words[i], &values[i]) || values[i] > UINT32_MAX)
			return false;
	if (count < COLUMNS)
		values[COLUMN_CPU] = place;
	return true;
}

static void add_lines(struct sheet *s, struct str text)
{
	for (uint64_t place = 0; text.n > 0 && place < CPUS_MAX; place++) {
		uint64_t values[COLUMNS];
		if (!read_line(str_cut(&text, '\n'), place, values))
			continue;
		char cpu[24];
		const struct str name = { cpu, (size_t)snprintf(cpu, sizeof(cpu), "%llu", (unsigned long long)values[COLUMN_CPU]) };
		for (size_t i = 0; i < COUNT_OF(fields); i++)
			sheet_add(s, fields[i].type, fields[i].name, fields[i].help, (double)values[fields[i].column],
				{ "cpu", name });
	}
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct str text;
	int err = files_read(c->files, c->roots->proc, "/net/softnet_stat", true, &text);
	if (err < 0)
		return err;
	struct sheet s;
	sheet_init(&s, c->out);
	add_lines(&s, text);
	sheet_write(&s);
	return 0;
}

const struct collector collector_softnet = { "softnet", true, NULL, NULL, update, NULL };
