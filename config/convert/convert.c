/* What the loader refuses is left out, and the loader asked again, until it has nothing left to refuse: leaving out may leave a job
 * without anything to read, and then the job goes too. Then the text is written, loaded, and compared with the tree by their printed
 * configurations: what does not mean the same is never handed out. */
#include "config/convert/convert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/convert/convert_parts.h"

enum { ROUNDS_MOST = 8, TOP_MOST = 1000, PRINTED_MOST = 16 << 20 };

struct program { const char *name, *section; };
static const struct program programs[] = { { "promtail", "logs" }, { "prometheus", "metrics" } };

static void refuse(struct config_problems *problems, struct str text, const char *message)
{
	problem_add(problems, false, 1, 1, (struct str){ 0 }, "%s", message);
	problems_finish(problems, text);
}

static void note(struct conversion *c, enum convert_outcome outcome, const struct config_problem *p)
{
	if (c->note_count == c->note_room) {
		size_t room = c->note_room ? c->note_room * 2 : 32;
		struct convert_note *notes = arena_alloc(&c->arena, room * sizeof *notes);
		if (c->note_count)
			memcpy(notes, c->notes, c->note_count * sizeof *notes);
		c->notes = notes;
		c->note_room = room;
	}
	c->notes[c->note_count++] = (struct convert_note){ outcome, p->line, p->column, arena_copy(&c->arena, p->key),
							   arena_copy(&c->arena, p->message) };
	c->lost += outcome == CONVERT_LOST;
}

static void print_loaded(struct config *c, struct buf *out)
{
	buf_init(out, PRINTED_MOST);
	if (c)
		config_print(c, out);
	config_free(c);
}

/* ---- what is left out ---- */

static void note_step(struct conversion *c, const struct config_problem *p, enum convert_step step)
{
	struct config_problem told = *p;
	if (step == CONVERT_STAYS)
		told.message = STR("variables are not expanded here: put the value in its place");
	if (step == CONVERT_OUT || step == CONVERT_STAYS)
		note(c, p->is_warning ? CONVERT_NO_EFFECT : CONVERT_LOST, &told);
}

/* One round. Returns how much has changed; *errors: how many the loader had. */
static size_t leave_out(struct convert_work *w, struct conversion *c, struct buf *printed, size_t *errors)
{
	struct config_problems problems = { 0 };
	size_t count = 0;
	print_loaded(config_load_tree(w->root, w->section, (struct str){ 0 }, &problems), printed);
	*errors = problems.errors;
	for (size_t i = 0; i < problems.count; i++) {
		const struct config_problem *p = &problems.at[i];
		if (p->is_warning && p->cause != PROBLEM_NO_EFFECT)
			continue;
		enum convert_step step = convert_leave_out(w, p);
		note_step(c, p, step);
		count += step != CONVERT_NOTHING;
	}
	for (size_t i = 0; i < problems.count && !count; i++)
		note(c, CONVERT_REMARK, &problems.at[i]);
	config_problems_fini(&problems);
	return count;
}

/* false: something is refused that cannot be found, or there is no end of it. */
static bool leave_out_all(struct convert_work *w, struct conversion *c, struct buf *printed)
{
	size_t errors;
	for (int i = 0; i < ROUNDS_MOST; i++) {
		if (!leave_out(w, c, printed, &errors))
			return errors == 0;
		buf_fini(printed);
	}
	buf_init(printed, 0);
	return false;
}

/* ---- what must be said there that goes without saying here ---- */

static const struct node_entry *find_key(const struct node *map, struct str key)
{
	for (const struct node_entry *e = map->first; e; e = e->next)
		if (str_eq(e->key, key))
			return e;
	return NULL;
}

static struct str print_line(struct convert_work *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static struct str print_line(struct convert_work *w, const char *format, ...)
{
	char line[512];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	return arena_copy(w->arena, str_of(line));
}

static void say_default(struct convert_work *w, struct conversion *c, const struct shape_default *d)
{
	const struct node_entry *section = find_key(w->root, str_of(d->section));
	const struct node *map = section ? section->value : NULL;
	if (map && map->kind == NODE_MAP && (find_key(map, str_of(d->key)) || (d->unless && find_key(map, str_of(d->unless)))))
		return;
	const char *whose = strcmp(d->bare, "logs") == 0 ? "Promtail's" : "a Prometheus'";
	struct config_problem at = { .line = section ? section->line : 1, .column = section ? section->column : 1 };
	at.key = print_line(w, "%s.%s", d->section, d->key);
	at.message = print_line(w, "%s is written out: it is the default there and another one here", d->value);
	note(c, CONVERT_CHANGED, &at);
	if (!section) {
		w->added = print_line(w, "  %s:\n    %s: %s # the default of %s file\n", d->section, d->key, d->value, whose);
	} else if (map->kind == NODE_MAP && map->is_flow) {
		w->insert_at = convert_byte(w, section->from);
		w->insert_at += str_find(str_skip(w->text, w->insert_at), '{') + 1;
		w->inserted = print_line(w, " %s: %s%s", d->key, d->value, map->count ? "," : " ");
	} else {
		size_t indent = w->root->is_flow ? 2 : w->root->column + 1;
		w->insert_at = convert_byte(w, section->to);
		w->insert_at += str_find(str_skip(w->text, w->insert_at), '\n');
		if (map->kind == NODE_MAP) {
			indent = map->column - 1;
			w->insert_at = convert_byte(w, section->from);
			w->insert_at += str_find(str_skip(w->text, w->insert_at), '\n');
		}
		w->inserted = print_line(w, "\n%*s%s: %s # the default of %s file", (int)indent, "", d->key, d->value, whose);
	}
}

static void say_defaults(struct convert_work *w, struct conversion *c)
{
	const struct shape_default *d;
	for (size_t i = 0; (d = shape_default_at(i)); i++)
		if (strcmp(d->bare, w->section) == 0)
			say_default(w, c, d);
}

/* ---- the result ---- */

static bool means_the_same(const struct convert_work *w, struct str text, struct str printed)
{
	struct config_problems problems = { 0 };
	struct arena arena = { 0 };
	struct buf again;
	const struct node *root = tree_parse(text, &arena, &problems);
	if (root)
		convert_stand_in_all(w, root);
	print_loaded(config_load_tree(root, NULL, (struct str){ 0 }, &problems), &again);
	bool is_same = !problems.errors && !again.is_full && str_eq(buf_view(&again), printed);
	buf_fini(&again);
	arena_fini(&arena);
	config_problems_fini(&problems);
	return is_same;
}

static int by_text(const void *left, const void *right)
{
	const struct node_entry *a = left, *b = right;
	return a->from < b->from ? -1 : a->from > b->from;
}

static void keep_top(struct convert_work *w)
{
	struct node_entry *top = arena_alloc(w->arena, (w->root->count + 1) * sizeof *top);
	for (const struct node_entry *e = w->root->first; e; e = e->next)
		top[w->top_count++] = *e;
	if (w->top_count)
		qsort(top, w->top_count, sizeof *top, by_text);
	w->top = top;
}

static int by_line(const void *left, const void *right)
{
	const struct convert_note *a = left, *b = right;
	return a->line != b->line ? (a->line < b->line ? -1 : 1) : a->column < b->column ? -1 : a->column > b->column;
}

/* Anchors must stand before their aliases: one of the two orders keeps it so. */
static bool write_text(struct convert_work *w, struct str name, struct str printed, struct conversion *out)
{
	for (int kept_first = 1; kept_first >= 0; kept_first--) {
		buf_fini(&out->text);
		buf_init(&out->text, (size_t)CONFIG_MOST_BYTES * 8);
		convert_write(w, name, kept_first, &out->text);
		if (!out->text.is_full && means_the_same(w, buf_view(&out->text), printed))
			return true;
	}
	return false;
}

static bool convert(struct convert_work *w, struct str name, struct conversion *out, struct config_problems *problems)
{
	struct buf printed;
	bool is_good = false;
	convert_measure(w);
	keep_top(w);
	if (leave_out_all(w, out, &printed)) {
		say_defaults(w, out);
		is_good = write_text(w, name, buf_view(&printed), out);
	}
	buf_fini(&printed);
	if (out->note_count)
		qsort(out->notes, out->note_count, sizeof *out->notes, by_line);
	if (!is_good)
		refuse(problems, w->text, "cannot be converted: write the keys below \"logs:\" or \"metrics:\" by hand, spoor check tells what is wrong");
	return is_good;
}

static const struct program *program_of(const char *section)
{
	for (size_t i = 0; i < COUNT_OF(programs); i++)
		if (strcmp(programs[i].section, section) == 0)
			return &programs[i];
	return NULL;
}

bool config_convert(struct str text, struct str name, const char *from, struct conversion *out, struct config_problems *problems)
{
	struct arena arena = { 0 };
	*out = (struct conversion){ 0 };
	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	const struct node *root = text.n > CONFIG_MOST_BYTES ? NULL : tree_parse(text, &arena, problems);
	const char *section = root ? shape_section(root) : "";
	const struct program *program = *section ? program_of(section) : NULL;
	bool is_good = false;
	if (text.n > CONFIG_MOST_BYTES)
		refuse(problems, text, "more than 1 MiB are not read");
	else if (!root)
		problems_finish(problems, text);
	else if (!program)
		refuse(problems, text, "not a Promtail's or Prometheus' file: it has none of their keys at the top, or is native already");
	else if (problems->errors)
		problems_finish(problems, text);
	else if (from && strcmp(from, program->name) != 0)
		refuse(problems, text, strcmp(from, "promtail") == 0 ? "this is a Prometheus' file: spoor convert --from=prometheus"
								     : "this is a Promtail's file: spoor convert --from=promtail");
	else {
		struct convert_work w = { .text = text, .root = root, .arena = &arena, .section = program->section };
		out->from = program->name;
		is_good = convert(&w, name, out, problems);
	}
	arena_fini(&arena);
	return is_good;
}

void conversion_report(const struct conversion *c, struct str name, struct buf *out)
{
	static const char *const words[] = { [CONVERT_LOST] = "not converted", [CONVERT_NO_EFFECT] = "left out", [CONVERT_CHANGED] = "changed",
		[CONVERT_REMARK] = "note" };
	size_t counts[COUNT_OF(words)] = { 0 };
	for (size_t i = 0; i < c->note_count; i++) {
		const struct convert_note *n = &c->notes[i];
		counts[n->outcome]++;
		buf_printf(out, STR_FMT ":%llu:%llu: %s: " STR_FMT ": " STR_FMT "\n", STR_ARG(name), (unsigned long long)n->line,
			   (unsigned long long)n->column, words[n->outcome], STR_ARG(n->key), STR_ARG(n->message));
	}
	buf_printf(out, STR_FMT ": %zu not converted, %zu left out without effect, %zu changed, %zu notes\n", STR_ARG(name), counts[CONVERT_LOST],
		   counts[CONVERT_NO_EFFECT], counts[CONVERT_CHANGED], counts[CONVERT_REMARK]);
}

void conversion_fini(struct conversion *c)
{
	buf_fini(&c->text);
	arena_fini(&c->arena);
	*c = (struct conversion){ 0 };
}
