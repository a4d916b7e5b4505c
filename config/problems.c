/* What is wrong with a file, for people. A source line is shown because a caret says more than a path; a line is also where
 * passwords stand, and these messages end in logs and pull requests. So whatever follows the name of a secret key is masked,
 * and so is user-info in an address, by looking at the text of the line: that also works where YAML could not be read. */
#include "config/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/utf8.h"

enum { MESSAGE_MOST = 2048 };

static void make_room(struct config_problems *p)
{
	if (p->count < p->room)
		return;
	size_t room = p->room ? p->room * 2 : 8;
	struct config_problem *at = arena_alloc(&p->arena, room * sizeof *at);
	if (p->count)
		memcpy(at, p->at, p->count * sizeof *at);
	p->at = at;
	p->room = room;
}

struct config_problem *problem_add(struct config_problems *p, bool is_warning, uint64_t line, uint64_t column, struct str key,
				   const char *format, ...)
{
	char message[MESSAGE_MOST];
	va_list args;
	p->errors += !is_warning;
	if (p->count == PROBLEMS_MOST)
		return NULL;
	make_room(p);
	va_start(args, format);
	int n = vsnprintf(message, sizeof message, format, args);
	va_end(args);
	struct str text = { message, n < 0 ? 0 : (size_t)n };
	struct config_problem *problem = &p->at[p->count++];
	*problem = (struct config_problem){ .line = line ? line : 1, .column = column ? column : 1, .is_warning = is_warning };
	problem->key = arena_copy(&p->arena, str_take(key, MESSAGE_MOST));
	text = str_take(text, sizeof message - 1);
	problem->message = arena_copy(&p->arena, str_take(text, utf8_valid(text)));
	return problem;
}

void problems_suggest(struct config_problems *p, struct str word)
{
	if (p->count && p->count < PROBLEMS_MOST)
		p->at[p->count - 1].suggestion = arena_copy(&p->arena, word);
}

void problems_cause(struct config_problems *p, enum problem_cause cause)
{
	if (p->count && p->count < PROBLEMS_MOST)
		p->at[p->count - 1].cause = cause;
}

static int by_place(const void *left, const void *right)
{
	const struct config_problem *a = left, *b = right;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return str_cmp(a->message, b->message);
}

/* Bytes of the line break at the head of s, 0 when there is none. */
static size_t break_bytes(struct str s)
{
	static const char *const breaks[] = { "\r\n", "\n", "\r", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9" };
	for (size_t i = 0; i < COUNT_OF(breaks); i++)
		if (str_starts(s, str_of(breaks[i])))
			return strlen(breaks[i]);
	return 0;
}

struct str problems_next_line(struct str *rest)
{
	struct str all = *rest;
	size_t n = 0, bytes = 0;
	while (n < all.n && !(bytes = break_bytes(str_skip(all, n))))
		n++;
	*rest = str_skip(all, n + bytes);
	return str_take(all, n);
}

/* Does this key, well spelled or not, hold a secret itself? A file name or an address is none. */
static bool sounds_secret(struct str key)
{
	static const char *const stems[] = { "pas", "secr", "tok", "cred", "authoriz", "header" };
	if (str_ends(key, STR("file")) || str_ends(key, STR("url")))
		return false;
	for (size_t at = 0; at < key.n; at++)
		for (size_t i = 0; i < COUNT_OF(stems); i++)
			if (str_ieq(str_take(str_skip(key, at), strlen(stems[i])), str_of(stems[i])))
				return true;
	return false;
}

/* Offset behind the "key:" of the first secret key in the line, line.n when there is none. */
static size_t secret_at(struct str line)
{
	for (size_t at = 0, end; at < line.n; at = end + 1) {
		for (end = at; end < line.n && ascii_is_word(line.p[end]);)
			end++;
		struct str key = str_skip(str_take(line, end), at);
		size_t colon = end;
		while (colon < line.n && (line.p[colon] == '"' || line.p[colon] == '\'' || line.p[colon] == ' '))
			colon++;
		if (key.n && colon < line.n && line.p[colon] == ':' && sounds_secret(key))
			return colon + 1;
	}
	return line.n;
}

/* "http://user:password@host" -> "http://<secret>@host" */
static void append_address(struct buf *out, struct str line)
{
	for (size_t at = 0; at + 3 <= line.n; at++) {
		if (!str_starts(str_skip(line, at), STR("://")))
			continue;
		struct str rest = str_skip(line, at + 3);
		size_t end = 0, sign = 0;
		while (end < rest.n && !memchr(" \t\"'/?#,", rest.p[end], 8))
			end++;
		for (size_t i = 0; i < end; i++)
			sign = rest.p[i] == '@' ? i : sign;
		if (!sign)
			continue;
		buf_str(out, str_take(line, at + 3));
		buf_str(out, STR("<secret>"));
		buf_str(out, str_skip(rest, sign));
		return;
	}
	buf_str(out, line);
}

static struct str shown(struct config_problems *p, struct str line, const struct config_problem *problem)
{
	size_t hidden = line.n;
	struct buf out;
	buf_init(&out, (size_t)CONFIG_MOST_BYTES + 64);
	if (problem->secret_column)
		hidden = problems_bytes_of(line, problem->secret_column - 1);
	size_t after_key = secret_at(line);
	hidden = after_key < hidden ? after_key : hidden;
	append_address(&out, str_take(line, hidden));
	if (hidden < line.n)
		buf_str(&out, after_key == hidden ? STR(" <secret>") : STR("<secret>"));
	struct str all = buf_view(&out), head = str_take(all, utf8_valid(all));
	head = str_take(head, utf8_floor(head, head.n < CONFIG_SOURCE_LINE_MOST ? head.n : CONFIG_SOURCE_LINE_MOST));
	struct str copy = arena_copy(&p->arena, head);
	buf_fini(&out);
	return copy;
}

void problems_finish(struct config_problems *p, struct str text)
{
	uint64_t number = 0;
	struct str line = { 0 };
	if (p->count)
		qsort(p->at, p->count, sizeof *p->at, by_place);
	for (size_t i = 0; i < p->count; i++) {
		struct config_problem *problem = &p->at[i];
		if (problem->line == PROBLEM_OF_FLAGS) /* the last ones: there is no line to show */
			break;
		while (number < problem->line && (text.n || number + 1 < problem->line)) {
			line = problems_next_line(&text);
			number++;
		}
		if (number == problem->line)
			problem->source_line = shown(p, line, problem);
	}
}

/* Continuation bytes belong to the character before them. */
size_t problems_bytes_of(struct str line, uint64_t columns)
{
	size_t n = 0;
	while (n < line.n && (columns || ((unsigned char)line.p[n] & 0xc0) == 0x80)) {
		columns -= ((unsigned char)line.p[n] & 0xc0) != 0x80;
		n++;
	}
	return n;
}

void config_problems_fini(struct config_problems *problems)
{
	arena_fini(&problems->arena);
	*problems = (struct config_problems){ 0 };
}
