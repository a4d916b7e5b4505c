/* How many cgroups each controller has: /proc/cgroups, "cpuset 5 47 1". kernel: kernel/cgroup/cgroup-v1.c */
#include "agent/collectors/all.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"

void cgroups_parse(struct sheet *s, struct str text)
{
	while (text.n > 0) {
		struct str words[4], line = str_cut(&text, '\n');
		double count, enabled;
		if (str_starts(line, STR("#")) || words_split(line, words, 4) < 4 || !words_signed(words[2], &count) ||
			!words_signed(words[3], &enabled))
			continue;
		sheet_add(s, METRIC_GAUGE, "node_cgroups_cgroups", "Current cgroup number of the subsystem.", count,
			{ "subsys_name", words[0] });
		sheet_add(s, METRIC_GAUGE, "node_cgroups_enabled", "Current cgroup number of the subsystem.", enabled,
			{ "subsys_name", words[0] });
	}
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct str text;
	int error = files_read(c->files, c->roots->proc, "/cgroups", true, &text);
	if (error < 0)
		return error;
	struct sheet s;
	sheet_init(&s, c->out);
	cgroups_parse(&s, text);
	sheet_write(&s);
	return 0;
}

const struct collector collector_cgroups = { .name = "cgroups", .update = update };
