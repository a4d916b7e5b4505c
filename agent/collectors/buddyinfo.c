/* Free blocks of the page allocator by order: /proc/buddyinfo, "Node 0, zone   Normal  216 55 189 …". kernel: mm/vmstat.c */
#include "agent/collectors/all.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"

enum { BUDDYINFO_WORDS_MAX = 68 };

static struct str without_comma(struct str word)
{
	return word.n > 0 && word.p[word.n - 1] == ',' ? str_take(word, word.n - 1) : word;
}

void buddyinfo_parse(struct sheet *s, struct str text)
{
	while (text.n > 0) {
		struct str words[BUDDYINFO_WORDS_MAX];
		size_t count = words_split(str_cut(&text, '\n'), words, COUNT_OF(words));
		for (size_t i = 4; i < count; i++) {
			double blocks;
			if (fields_number(words[i], &blocks))
				sheet_add(s, METRIC_GAUGE, "node_buddyinfo_blocks", "Count of free blocks according to size.",
					blocks,
					{ "node", without_comma(words[1]) }, { "size", str_of(sheet_text(s, "%zu", i - 4)) },
					{ "zone", without_comma(words[3]) });
		}
	}
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct str text;
	int error = files_read(c->files, c->roots->proc, "/buddyinfo", true, &text);
	if (error < 0)
		return error;
	struct sheet s;
	sheet_init(&s, c->out);
	buddyinfo_parse(&s, text);
	sheet_write(&s);
	return 0;
}

const struct collector collector_buddyinfo = { .name = "buddyinfo", .update = update };
