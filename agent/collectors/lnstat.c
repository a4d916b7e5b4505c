/* Every file of net/stat: a header of names, then a line of hexadecimal words per CPU. The file's name is the subsystem. Off by
 * default. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/num.h"

#include <stdio.h>

enum { COLUMNS_MAX = 64, CPUS_MAX = 1 << 16 };

static void add_file(struct sheet *s, struct str subsystem, struct str text)
{
	struct str headers[COLUMNS_MAX], words[COLUMNS_MAX];
	const char *names[COLUMNS_MAX] = { NULL };
	const size_t columns = words_split(str_cut(&text, '\n'), headers, COUNT_OF(headers));
	for (size_t i = 0; i < columns; i++)
		if (labels_name_is_legacy(headers[i], false))
			names[i] = sheet_text(s, "node_lnstat_" STR_FMT "_total", STR_ARG(headers[i]));
	for (int cpu = 0; text.n > 0 && cpu < CPUS_MAX; cpu++) {
		char number[16];
		const struct str label = { number, (size_t)snprintf(number, sizeof(number), "%d", cpu) };
		const size_t count = words_split(str_cut(&text, '\n'), words, columns);
		for (size_t i = 0; i < count; i++) {
			uint64_t value;
			if (names[i] && num_hex64(words[i], &value))
				sheet_add(s, METRIC_COUNTER, names[i], "linux network cache stats", (double)value, { "cpu", label },
					{ "subsystem", subsystem });
		}
	}
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct sheet s;
	struct names subsystems;
	sheet_init(&s, c->out);
	int err = names_read(&subsystems, &s.memory, "%s%s/stat", c->roots->proc, files_net(c->files));
	for (size_t i = 0; i < subsystems.count; i++) {
		struct str text;
		const char *path = sheet_text(&s, "/net/stat/%s", subsystems.at[i]);
		if (files_read(c->files, c->roots->proc, path, true, &text) == 0)
			add_file(&s, str_of(subsystems.at[i]), text);
	}
	sheet_write(&s);
	return err == -ENOENT ? 0 : err;
}

const struct collector collector_lnstat = { "lnstat", false, NULL, NULL, update, NULL };
