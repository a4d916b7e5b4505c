/* Four questions every two seconds. An agent that goes away while we look stays on the screen as it was last, with the reason below. */
#include "agent/commands/top.h"

#include <stdio.h>

#include "agent/commands/ask.h"
#include "agent/commands/terminal.h"
#include "agent/commands/top_layout.h"
#include "agent/os.h"

enum { ANSWER_MOST = 16 << 20, SCREEN_MOST = 4 << 20, EVERY_MS = 2000 };

static bool take(struct ask *a, struct top_view *v)
{
	static const char *const paths[] = { "/api/v1/status", "/api/v1/destinations", "/api/v1/files?limit=10000", "/api/v1/lines" };
	struct buf answers[COUNT_OF(paths)];
	char err[256];
	bool is_answered = true;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		buf_init(&answers[i], ANSWER_MOST);
		is_answered = is_answered && ask_get(a, paths[i], &answers[i]);
	}
	const struct top_answers texts = { buf_view(&answers[0]), buf_view(&answers[1]), buf_view(&answers[2]), buf_view(&answers[3]) };
	bool is_good = is_answered && top_view_read(v, &texts, err);
	if (is_answered && !is_good)
		snprintf(a->err, sizeof a->err, "%s", err);
	v->at_ns = os_now_ns();
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		buf_fini(&answers[i]);
	return is_good;
}

static enum top_sort sort_of(const char *name)
{
	for (size_t i = 0; i < TOP_SORTS; i++)
		if (strcmp(name, top_sort_names[i]) == 0)
			return (enum top_sort)i;
	return TOP_BY_BEHIND;
}

static int once(struct ask *a, enum top_sort sort)
{
	struct top_view v;
	struct buf text;
	if (!take(a, &v)) {
		fprintf(stderr, "spoor top: %s\n", a->err);
		return 1;
	}
	buf_init(&text, SCREEN_MOST);
	top_view_sort(&v, sort);
	top_layout(&v, (struct top_size){ 0 }, top_sort_names[sort], "", &text);
	fwrite(text.p, 1, text.n, stdout);
	buf_fini(&text);
	top_view_fini(&v);
	return 0;
}

static void show(struct top_view *v, enum top_sort sort, const char *note)
{
	struct top_size size;
	struct buf text;
	terminal_size(&size.columns, &size.lines);
	buf_init(&text, SCREEN_MOST);
	top_view_sort(v, sort);
	top_layout(v, size, top_sort_names[sort], note, &text);
	terminal_show(buf_view(&text));
	buf_fini(&text);
}

static bool choose(int key, enum top_sort *sort)
{
	static const struct { int key; enum top_sort sort; } keys[] = {
		{ 'b', TOP_BY_BEHIND }, { 'l', TOP_BY_LAG }, { 'y', TOP_BY_BYTES }, { 'n', TOP_BY_NAME },
	};
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (keys[i].key == key)
			*sort = keys[i].sort;
	return key != 'q' && key != 'Q' && key != TERMINAL_QUIT;
}

static void watch(struct ask *a, struct terminal *t, struct top_view *v, enum top_sort sort)
{
	int64_t next_ns = os_now_ns() + EVERY_MS / 4 * INT64_C(1000000); /* the first rates come soon */
	const char *note = "";
	for (int key = TERMINAL_QUIET; choose(key, &sort);) {
		int64_t wait_ns = next_ns - os_now_ns();
		show(v, sort, note);
		key = terminal_wait(t, wait_ns > 0 ? (int)(wait_ns / 1000000) + 1 : 0);
		if (key == TERMINAL_QUIT || os_now_ns() < next_ns)
			continue;
		struct top_view now;
		note = a->err;
		if (take(a, &now)) {
			top_view_compare(&now, v);
			top_view_fini(v);
			*v = now;
			note = "";
		}
		next_ns = os_now_ns() + EVERY_MS * INT64_C(1000000);
	}
}

int command_top(const struct flags *flags)
{
	struct ask a;
	struct terminal t;
	struct top_view v;
	enum top_sort sort = sort_of(flags->sort);
	int code = 1;
	if (!ask_open(&a, flags)) {
		fprintf(stderr, "spoor top: %s\n", a.err);
		code = FLAGS_USAGE_EXIT;
	} else if (flags->once || !take(&a, &v)) {
		code = once(&a, sort);
	} else if (!terminal_open(&t)) {
		top_view_fini(&v);
		code = once(&a, sort);
	} else {
		watch(&a, &t, &v, sort);
		terminal_close(&t);
		top_view_fini(&v);
		code = 0;
	}
	ask_fini(&a);
	return code;
}
