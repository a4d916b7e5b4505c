/* Memory per NUMA node: /sys/devices/system/node/nodeN/{meminfo,numastat}. kernel: drivers/base/node.c
 *
 *   Node 0 Active(anon):    707184 kB        node_memory_numa_Active_anon{node="0"} in bytes
 *   numa_hit 193460335812                    node_memory_numa_numa_hit_total{node="0"} */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"

static void add(struct sheet *s, enum metric_type type, const char *field, double value, struct str node)
{
	sheet_add(s, type, sheet_name(s, "memory_numa_", str_of(field), ""), sheet_text(s, "Memory information field %s.", field),
		value,
		{ "node", node });
}

void meminfo_numa_parse(struct sheet *s, struct str text)
{
	while (text.n > 0) {
		struct str words[6];
		size_t count = words_split(str_cut(&text, '\n'), words, COUNT_OF(words));
		double value;
		bool has_unit = count == 5 && str_eq(words[4], STR("kB"));
		if ((count != 4 && !has_unit) || !fields_number(words[3], &value))
			continue;
		struct str field = words[2];
		while (field.n > 0 && field.p[field.n - 1] == ':')
			field.n--;
		struct str inside = field, head = str_cut(&inside, '(');
		inside = str_ends(inside, STR(")")) ? str_take(inside, inside.n - 1) : inside;
		const char *name = sheet_text(s, "%.*s%s%.*s", STR_ARG(head), head.n < field.n ? "_" : "", STR_ARG(inside));
		add(s, METRIC_GAUGE, name, has_unit ? value * 1024 : value, words[1]);
	}
}

void meminfo_numa_parse_stat(struct sheet *s, struct str node, struct str text)
{
	while (text.n > 0) {
		struct str words[3];
		double value;
		if (words_split(str_cut(&text, '\n'), words, COUNT_OF(words)) == 2 && fields_number(words[1], &value))
			add(s, METRIC_COUNTER, sheet_text(s, "%.*s_total", STR_ARG(words[0])), value, node);
	}
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, c->out);
	struct names nodes;
	names_read(&nodes, &s.memory, "%s/devices/system/node", c->roots->sys);
	for (size_t i = 0; i < nodes.count; i++) {
		struct str text;
		if (!names_is_numbered(nodes.at[i], "node"))
			continue;
		if (files_read(c->files, c->roots->sys, sheet_text(&s, "/devices/system/node/%s/meminfo", nodes.at[i]), true,
			&text) == 0)
			meminfo_numa_parse(&s, text);
		if (files_read(c->files, c->roots->sys, sheet_text(&s, "/devices/system/node/%s/numastat", nodes.at[i]), true,
			&text) == 0)
			meminfo_numa_parse_stat(&s, str_of(nodes.at[i] + strlen("node")), text);
	}
	sheet_write(&s);
	return 0;
}

const struct collector collector_meminfo_numa = { .name = "meminfo_numa", .update = update };
