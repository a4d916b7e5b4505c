/* The native text out of the given one: what is left out becomes comments, keys of the other program are indented below "logs:" or
 * "metrics:", keys that both have stay at the top. Blank lines and comments go with the key that they stand before. Everything is done on
 * bytes: a change is a range of the text and what stands there instead. */
#include <stdlib.h>

#include "config/convert/convert_parts.h"

struct change {
	size_t from, to;
	bool is_added;   /* nothing is taken away: it goes before what else happens at this place */
	struct str text; /* instead of the range */
	size_t number;   /* of two with the same range the later one is about what is around the other */
};
struct changes { struct change *at; size_t count; };
struct piece { size_t from, to; bool is_kept; }; /* a key at the top with what belongs to it, whole lines */

static size_t line_start(struct str text, size_t at)
{
	while (at > 0 && text.p[at - 1] != '\n')
		at--;
	return at;
}

/* Behind the line feed. */
static size_t line_end(struct str text, size_t at)
{
	size_t n = str_find(str_skip(text, at), '\n');
	return at + n < text.n ? at + n + 1 : text.n;
}

static bool is_blank(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_blank(s.p[i]))
			return false;
	return true;
}

static size_t indent_of(struct str line)
{
	size_t n = 0;
	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

static void blanks(size_t n, struct buf *out)
{
	while (n--)
		buf_char(out, ' ');
}

static void one_line(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		buf_char(out, (unsigned char)s.p[i] < 0x20 ? ' ' : s.p[i]);
}

/* "# NOT CONVERTED: why" at this column; what: the text itself, where it does not stay as a comment of its own. */
static void print_reason(const struct cut *cut, struct str what, size_t column, struct buf *out)
{
	blanks(column, out);
	buf_str(out, cut->is_lost ? STR("# NOT CONVERTED: ") : STR("# "));
	one_line(what, out);
	buf_str(out, what.n ? STR(": ") : STR(""));
	one_line(cut->message, out);
	buf_char(out, '\n');
}

/* ---- one change ---- */

/* The end of what is written: libyaml counts blank lines behind a text to it. */
static size_t trimmed(struct str text, size_t from, size_t to)
{
	while (to > from && ascii_is_blank(text.p[to - 1]))
		to--;
	return to;
}

/* Lines from..to of the text as a comment at the column of its first character; before stays in front of it. */
static void comment_out(struct str text, size_t from, size_t to, struct buf *out)
{
	size_t start = line_start(text, from), column = from - start;
	buf_str(out, str_skip(str_take(text, from), start));
	buf_str(out, STR("# "));
	size_t end = line_end(text, from);
	buf_str(out, str_skip(str_take(text, end), from));
	for (size_t at = end; at < to; at = end) {
		end = line_end(text, at);
		struct str line = str_skip(str_take(text, end), at);
		size_t indent = indent_of(line) < column ? indent_of(line) : column;
		if (is_blank(line)) {
			buf_str(out, line);
			continue;
		}
		blanks(indent, out);
		buf_str(out, STR("# "));
		buf_str(out, str_skip(line, indent));
	}
}

/* From `at` back over blanks to the dash of an element, if one stands there. */
static size_t dash_before(struct str text, size_t at)
{
	size_t dash = at;
	while (dash > 0 && ascii_is_blank(text.p[dash - 1]))
		dash--;
	return dash > 0 && text.p[dash - 1] == '-' && dash < at ? dash - 1 : at;
}

/* What was left out of it before it was left out as a whole is why. */
static void print_reasons(const struct convert_work *w, const struct cut *cut, size_t column, struct buf *out)
{
	for (size_t i = 0; i < w->cut_count; i++) {
		const struct cut *inner = &w->cuts[i];
		if (inner != cut && inner->is_lost && cut->from <= inner->from && inner->to <= cut->to)
			print_reason(inner, (struct str){ 0 }, column, out);
	}
	print_reason(cut, (struct str){ 0 }, column, out);
}

static void change_lines(const struct convert_work *w, const struct cut *cut, size_t from, size_t to, struct change *out, struct buf *scratch)
{
	if (cut->parent->kind == NODE_LIST)
		from = dash_before(w->text, from);
	size_t start = line_start(w->text, from);
	bool is_behind_dash = !is_blank(str_skip(str_take(w->text, from), start));
	buf_reset(scratch);
	print_reasons(w, cut, indent_of(str_skip(w->text, start)), scratch);
	if (is_behind_dash && cut->parent->count == 0) { /* the element was this key, and an element is something */
		buf_str(scratch, str_skip(str_take(w->text, from), start));
		buf_str(scratch, STR("{}\n"));
		struct buf lines;
		buf_init(&lines, w->text.n * 2 + 256);
		comment_out(w->text, from, to, &lines);
		blanks(from - start, scratch);
		buf_str(scratch, str_skip(buf_view(&lines), from - start));
		buf_fini(&lines);
	} else {
		comment_out(w->text, from, to, scratch);
	}
	*out = (struct change){ .from = start, .to = line_end(w->text, to > start ? to - 1 : to),
				.text = arena_copy(w->arena, buf_view(scratch)) };
}

/* The range and the comma that goes with it. */
static void change_inside(const struct convert_work *w, size_t from, size_t to, struct change *out)
{
	struct str text = w->text;
	size_t behind = to, before = from;
	while (behind < text.n && ascii_is_blank(text.p[behind]))
		behind++;
	if (behind < text.n && text.p[behind] == ',') {
		to = behind + 1;
		while (to < text.n && text.p[to] == ' ')
			to++;
	} else {
		while (before > 0 && ascii_is_blank(text.p[before - 1]))
			before--;
		from = before > 0 && text.p[before - 1] == ',' ? before - 1 : from;
	}
	*out = (struct change){ .from = from, .to = to };
}

/* The reason stands on a line of its own, before the key that the braces belong to. Where the whole file is in braces, keys at the top get
 * lines of their own. */
static void change_reason(const struct convert_work *w, const struct cut *cut, struct str what, struct change *out, struct buf *scratch)
{
	size_t at = convert_byte(w, cut->block_from);
	at = w->root->is_flow ? at : line_start(w->text, at);
	buf_reset(scratch);
	print_reason(cut, what, w->root->is_flow ? 0 : indent_of(str_skip(w->text, at)), scratch);
	*out = (struct change){ .from = at, .to = at, .is_added = true, .text = arena_copy(w->arena, buf_view(scratch)) };
}

/* A key at the top of a file in braces: its text, line by line. */
static void change_top(const struct convert_work *w, const struct cut *cut, size_t from, size_t to, struct change *out, struct buf *scratch)
{
	struct str rest = str_skip(str_take(w->text, to), from);
	buf_reset(scratch);
	print_reasons(w, cut, 0, scratch);
	while (rest.n) {
		buf_str(scratch, STR("# "));
		buf_str(scratch, str_cut(&rest, '\n'));
		buf_str(scratch, rest.n ? STR("\n") : STR(""));
	}
	*out = (struct change){ .from = from, .to = to, .text = arena_copy(w->arena, buf_view(scratch)) };
}

static int by_place(const void *left, const void *right)
{
	const struct change *a = left, *b = right;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->is_added != b->is_added)
		return a->is_added ? -1 : 1;
	if (a->to != b->to)
		return a->to > b->to ? -1 : 1;
	return a->is_added == (a->number < b->number) ? -1 : 1;
}

/* The last of several that go out of one pair of brackets took the comma before it, which is gone already: the first one takes the one that
 * is before all of them. */
static void take_comma(struct str text, struct change *first)
{
	size_t at = first->from;
	while (at > 0 && ascii_is_blank(text.p[at - 1]))
		at--;
	if (at > 0 && text.p[at - 1] == ',')
		first->from = at - 1;
}

/* Leaves out what stands inside of another change. */
static void settle(struct str text, struct changes *c)
{
	size_t kept = 0, end = 0, run = 0; /* run: where the changes without a gap between them begin */
	if (c->count)
		qsort(c->at, c->count, sizeof *c->at, by_place);
	for (size_t i = 0; i < c->count; i++) {
		struct change *change = &c->at[i];
		if (change->from < end && change->to <= end)
			continue;
		if (change->from < end) {
			change->from = end;
			take_comma(text, &c->at[run]);
		} else if (change->from > end || change->is_added) {
			run = kept;
		}
		end = change->to > end ? change->to : end;
		c->at[kept++] = *change;
	}
	c->count = kept;
}

static struct changes make_changes(const struct convert_work *w)
{
	struct changes c = { arena_alloc(w->arena, (w->cut_count * 2 + 2) * sizeof *c.at), 0 };
	if (w->inserted.n)
		c.at[c.count++] = (struct change){ .from = w->insert_at, .to = w->insert_at, .is_added = true, .text = w->inserted };
	struct buf scratch;
	buf_init(&scratch, w->text.n * 2 + 8192);
	for (size_t i = 0; i < w->cut_count; i++) {
		const struct cut *cut = &w->cuts[i];
		size_t from = convert_byte(w, cut->from), to = trimmed(w->text, from, convert_byte(w, cut->to));
		size_t first = c.count;
		if (cut->stays) {
			change_reason(w, cut, str_skip(str_take(w->text, to), from), &c.at[c.count++], &scratch);
		} else if (!cut->is_flow) {
			change_lines(w, cut, from, to, &c.at[c.count++], &scratch);
		} else if (cut->parent == w->root) {
			change_top(w, cut, from, to, &c.at[c.count++], &scratch);
		} else {
			change_reason(w, cut, str_skip(str_take(w->text, to), from), &c.at[c.count++], &scratch);
			change_inside(w, from, to, &c.at[c.count++]);
		}
		while (first < c.count)
			c.at[first++].number = i + 1;
	}
	buf_fini(&scratch);
	settle(w->text, &c);
	return c;
}

/* The text from..to with what is changed in it. */
static void print_changed(const struct convert_work *w, const struct changes *c, size_t from, size_t to, struct buf *out)
{
	for (size_t i = 0; i < c->count && from < to; i++) {
		const struct change *change = &c->at[i];
		if (change->from < from || change->from >= to)
			continue;
		buf_str(out, str_skip(str_take(w->text, change->from), from));
		buf_str(out, change->text);
		from = change->to;
	}
	if (from < to)
		buf_str(out, str_skip(str_take(w->text, to), from));
}

/* ---- the pieces ---- */

/* `column` blanks less, two more when it goes below a heading. */
static void print_moved(struct str text, size_t column, bool is_below, struct buf *out)
{
	while (text.n) {
		struct str line = str_cut(&text, '\n');
		size_t less = indent_of(line) < column ? indent_of(line) : column;
		if (is_below && line.n > less)
			buf_str(out, STR("  "));
		buf_str(out, str_skip(line, less));
		buf_char(out, '\n');
	}
}

/* Does the line belong to what stands above it? Blank ones do, and comments that are indented. */
static bool is_tail(struct str line, size_t column)
{
	size_t indent = indent_of(line);
	return is_blank(line) || (indent > column && line.p[indent] == '#');
}

/* Behind the entry's last line and its tail, up to `most`. */
static size_t end_of(struct str text, size_t to, size_t most, size_t column)
{
	size_t at = to ? line_end(text, to - 1) : 0, end = at;
	while (at < most) {
		size_t next = line_end(text, at);
		struct str line = str_skip(str_take(text, next), at);
		if (!is_tail(line, column))
			break;
		at = next;
		end = is_blank(line) ? end : at;
	}
	return end;
}

/* Up to the last blank line before the first key: what is said about the file. */
static size_t head_of(struct str text, size_t first)
{
	size_t head = 0;
	for (size_t at = 0; at < first;) {
		size_t next = line_end(text, at);
		struct str line = str_skip(str_take(text, next), at);
		if (is_blank(line) || str_starts(line, STR("---")) || str_starts(line, STR("%")))
			head = next;
		at = next;
	}
	return head;
}

static bool is_kept(const struct convert_work *w, const struct node_entry *e)
{
	return !option_find(str_of(w->section), e->key);
}

struct piece_list { struct piece *at; size_t count; };

/* Up to the mark of the end of a document. */
static size_t last_of(struct str text, size_t from)
{
	for (size_t at = line_end(text, from); at < text.n; at = line_end(text, at))
		if (str_starts(str_skip(text, at), STR("...")))
			return at;
	return text.n;
}

/* The tree has lost what was left out; here all keys that were at the top are needed. */
static struct piece_list make_pieces(const struct convert_work *w, size_t *head)
{
	struct piece_list list = { arena_alloc(w->arena, (w->top_count + 1) * sizeof *list.at), 0 };
	size_t column = w->root->column - 1, end = 0;
	*head = 0;
	for (size_t i = 0; i < w->top_count; i++) {
		const struct node_entry *e = &w->top[i];
		size_t from = convert_byte(w, e->from), to = trimmed(w->text, from, convert_byte(w, e->to));
		struct piece *piece = &list.at[list.count++];
		*piece = (struct piece){ from, to, is_kept(w, e) };
		if (w->root->is_flow)
			continue;
		size_t next = i + 1 < w->top_count ? line_start(w->text, convert_byte(w, w->top[i + 1].from)) : w->text.n;
		if (i == 0)
			end = *head = head_of(w->text, line_start(w->text, from));
		piece->from = end;
		piece->to = end = i + 1 < w->top_count ? end_of(w->text, to, next, column) : last_of(w->text, to);
	}
	return list;
}

static struct str without_blank_lines(struct str text)
{
	for (struct str rest = text; rest.n; text = rest)
		if (!is_blank(str_cut(&rest, '\n')))
			break;
	return text;
}

/* The first one has no blank lines before it: a heading may stand there. */
static void print_pieces(const struct convert_work *w, const struct changes *c, const struct piece_list *list, bool kept, struct buf *out)
{
	struct buf piece;
	bool is_first = true;
	buf_init(&piece, w->text.n * 3 + 65536);
	for (size_t i = 0; i < list->count; i++) {
		if (list->at[i].is_kept != kept)
			continue;
		buf_reset(&piece);
		print_changed(w, c, list->at[i].from, list->at[i].to, &piece);
		struct str text = is_first ? without_blank_lines(buf_view(&piece)) : buf_view(&piece);
		is_first = false;
		print_moved(text, w->root->is_flow ? 0 : w->root->column - 1, !kept, out);
	}
	buf_fini(&piece);
}

/* Without the marks of a document, which may stand there once. */
static void print_head(struct str text, struct buf *out)
{
	while (text.n) {
		struct str line = str_cut(&text, '\n');
		if (str_starts(line, STR("%")))
			continue;
		if (str_starts(line, STR("---")))
			line = str_skip(line, 3);
		if (is_blank(line))
			line.n = 0;
		size_t indent = indent_of(line);
		buf_str(out, str_skip(line, indent));
		buf_char(out, '\n');
	}
}

static bool has_moved(const struct piece_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!list->at[i].is_kept)
			return true;
	return false;
}

static void print_section(const struct convert_work *w, const struct changes *c, const struct piece_list *list, struct buf *out)
{
	if (!has_moved(list))
		return;
	if (!str_ends(buf_view(out), STR("\n\n")))
		buf_char(out, '\n');
	buf_printf(out, "%s:\n", w->section);
	print_pieces(w, c, list, false, out);
	buf_str(out, w->added);
}

void convert_write(const struct convert_work *w, struct str name, bool kept_first, struct buf *out)
{
	size_t head;
	struct changes changes = make_changes(w);
	struct piece_list list = make_pieces(w, &head);
	struct str base = name;
	for (struct str rest = name; rest.n;)
		base = str_cut(&rest, '/');
	buf_printf(out, "# Made of %s's file " STR_FMT " by spoor convert.\n", strcmp(w->section, "logs") == 0 ? "Promtail" : "Prometheus", STR_ARG(base));
	print_head(str_take(w->text, head), out);
	if (kept_first)
		print_pieces(w, &changes, &list, true, out);
	print_section(w, &changes, &list, out);
	if (!kept_first)
		print_pieces(w, &changes, &list, true, out);
}
