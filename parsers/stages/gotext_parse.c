/* A template to a program. Inside of parentheses the parser calls itself, GOTEXT_DEPTH_MAX times at most; conditions have a
 * stack. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/num.h"
#include "parsers/stages/gotext_state.h"
#include "parsers/stages/text.h"

enum { CONDITIONS_MAX = 32, ENDS_MAX = 64 };

struct condition { /* an open if */
	size_t unless;          /* the step that jumps to what comes else; SIZE_MAX behind a bare else */
	size_t ends[ENDS_MAX];  /* steps that jump behind the end */
	size_t end_count;
	size_t at;
};
struct parser {
	struct gotext *t;
	struct str in;
	size_t at;
	char *err;
	struct condition conditions[CONDITIONS_MAX];
	size_t condition_count;
};

static bool pipeline(struct parser *p, size_t depth, bool is_inner);

__attribute__((format(printf, 3, 4))) static bool fail(struct parser *p, size_t at, const char *format, ...)
{
	size_t line = 1, column = 1;
	for (size_t i = 0; i < at && i < p->in.n; i++) {
		column = p->in.p[i] == '\n' ? 1 : column + 1;
		line += p->in.p[i] == '\n';
	}
	int n = snprintf(p->err, 256, "the template is refused in line %zu at byte %zu: ", line, column);
	va_list args;
	va_start(args, format);
	vsnprintf(p->err + n, 256 - (size_t)n, format, args);
	va_end(args);
	return false;
}

static struct gotext_step *add(struct parser *p, enum gotext_op op)
{
	if (p->t->count == GOTEXT_STEPS_MAX) {
		fail(p, p->at, "the template has more than %d steps", GOTEXT_STEPS_MAX);
		return NULL;
	}
	struct gotext_step *step = &p->t->steps[p->t->count++];
	*step = (struct gotext_step){ .op = op };
	return step;
}

static struct str rest_of(const struct parser *p)
{
	return str_skip(p->in, p->at);
}

static bool is_word_byte(char c)
{
	return ascii_is_letter(c) || ascii_is_digit(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Skips blanks; 0 at the end of the action (not passed) or of the template. */
static char peek(struct parser *p)
{
	while (p->at < p->in.n && ascii_is_blank(p->in.p[p->at]))
		p->at++;
	struct str rest = rest_of(p);
	bool is_trimmed_end = p->at > 0 && ascii_is_blank(p->in.p[p->at - 1]) && str_starts(rest, STR("-}}"));
	return rest.n == 0 || is_trimmed_end || str_starts(rest, STR("}}")) ? '\0' : rest.p[0];
}

static struct str word(struct parser *p)
{
	size_t n = 0;
	struct str rest = rest_of(p);
	while (n < rest.n && is_word_byte(rest.p[n]))
		n++;
	p->at += n;
	return str_take(rest, n);
}

/* Behind a name there is a blank, a sign, or the end. */
static bool ends_here(struct parser *p)
{
	struct str rest = rest_of(p);
	bool is_end = rest.n == 0 || ascii_is_blank(rest.p[0]) || memchr("|()", rest.p[0], 3) || str_starts(rest, STR("}}"));
	return is_end || fail(p, p->at, "'%c' cannot stand directly behind a name", rest.p[0]);
}

/* ---- operands ---- */

static bool push(struct parser *p, struct gotext_value value)
{
	struct gotext_step *step = add(p, OP_PUSH);
	if (step)
		step->constant = value;
	return step != NULL;
}

static bool text_literal(struct parser *p, char quote)
{
	size_t start = p->at;
	struct str rest = str_skip(rest_of(p), 1), text;
	size_t n = 0;
	while (n < rest.n && rest.p[n] != quote && (quote == '`' || rest.p[n] != '\n'))
		n += quote == '"' && rest.p[n] == '\\' ? 2 : 1;
	if (n >= rest.n || rest.p[n] != quote)
		return fail(p, start, "a text without its end");
	text = str_take(rest, n);
	if (quote == '"' && !text_unquote(text, &p->t->texts, &text))
		return fail(p, start, "there is an escape in the text that Go does not know");
	p->at += n + 2;
	return push(p, (struct gotext_value){ .kind = GOTEXT_TEXT, .text = text });
}

static bool number(struct parser *p)
{
	size_t start = p->at;
	p->at += p->in.p[start] == '-' || p->in.p[start] == '+';
	word(p);
	struct str digits = { p->in.p + start, p->at - start };
	struct gotext_value value = { .kind = GOTEXT_INT };
	bool has_sign = digits.p[0] == '+';
	struct str plain = str_skip(digits, has_sign);
	bool is_octal = plain.n > 1 && (plain.p[0] == '0' || (plain.p[0] == '-' && plain.n > 2 && plain.p[1] == '0'));
	if (str_starts(rest_of(p), STR(".")) || is_octal || !num_i64(plain, &value.number))
		return fail(p, start, "only whole decimal numbers are supported");
	return push(p, value);
}

static bool field(struct parser *p)
{
	size_t start = p->at++;
	struct str name = word(p);
	if (name.n == 0)
		return push(p, (struct gotext_value){ .kind = GOTEXT_DATA });
	if (p->at < p->in.n && p->in.p[p->at] == '.')
		return fail(p, p->at, "values have no fields: ." STR_FMT " is a text", STR_ARG(str_take(name, 60)));
	if (ascii_is_digit(name.p[0]))
		return fail(p, start, "a name begins with a letter; for others write index . \"" STR_FMT "\"",
		STR_ARG(str_take(name, 60)));
	if (p->at < p->in.n && p->in.p[p->at] == '-' && !ascii_is_blank(p->in.p[p->at - 1]))
		return fail(p, p->at, "a name with such a byte in it is written as index . \"the-name\"");
	struct gotext_step *step = ends_here(p) ? add(p, OP_FIELD) : NULL;
	if (step)
		step->text = name;
	return step != NULL;
}

static bool parentheses(struct parser *p, size_t depth)
{
	size_t start = p->at++;
	if (depth == GOTEXT_DEPTH_MAX)
		return fail(p, start, "more than %d parentheses inside of each other", GOTEXT_DEPTH_MAX);
	if (!pipeline(p, depth + 1, true))
		return false;
	if (peek(p) != ')')
		return fail(p, start, "a parenthesis without its end");
	p->at++;
	if (p->at < p->in.n && p->in.p[p->at] == '.')
		return fail(p, p->at, "values have no fields");
	return true;
}

static bool refuse(struct parser *p, size_t at, char c)
{
	if (c == '$')
		return fail(p, at, "variables are not supported");
	if (c == '\'')
		return fail(p, at, "character constants are not supported: write a text in \"\"");
	if (c == '|')
		return fail(p, at, "a command is missing before the pipe");
	return c ? fail(p, at, "there should be a value, not '%c'", c) : fail(p, at, "a value is missing");
}

static const struct gotext_function *function_at(struct parser *p, size_t start, struct str name)
{
	static const char *const keywords[] = { "range", "with", "define", "template", "block", "break", "continue", "if", "else",
		"end", "nil" };
	for (size_t i = 0; i < COUNT_OF(keywords); i++)
		if (str_eq(name, str_of(keywords[i]))) {
			fail(p, start, i < 7 ? "%s is not supported" : "%s cannot stand here", keywords[i]);
			return NULL;
		}
	const struct gotext_function *f = gotext_function_named(name);
	struct buf names;
	buf_init(&names, 2048);
	gotext_functions_list(&names);
	if (!f)
		fail(p, start, "there is no function " STR_FMT "; known are " STR_FMT, STR_ARG(str_take(name, 40)),
		STR_ARG(buf_view(&names)));
	buf_fini(&names);
	return f && ends_here(p) ? f : NULL;
}

static bool call(struct parser *p, const struct gotext_function *f, size_t start, size_t first, size_t count, bool is_piped)
{
	if (count < f->min || count > f->max)
		return fail(p, start, "%s takes %zu argument%s, not %zu", f->name, f->min, f->min == 1 ? "" : "s", count);
	const struct gotext_step *literal = first < p->t->count && p->t->steps[first].op == OP_PUSH ? &p->t->steps[first] : NULL;
	bool is_text = literal && literal->constant.kind == GOTEXT_TEXT && !(is_piped && count == 1);
	if ((f->takes_regex || f->takes_format) && !is_text)
		return fail(p, start, "the first argument of %s must be a text that stands here", f->name);
	struct str text = is_text ? literal->constant.text : (struct str){ 0 };
	if (f->takes_format && !gotext_format_check(text))
		return fail(p, start, "of the formats only %%s, %%q, %%v, %%d, %%t, %%x and %%%% are supported");
	struct gotext_step *step = add(p, OP_CALL);
	if (!step)
		return false;
	*step = (struct gotext_step){ .op = OP_CALL, .function = f, .count = count, .is_piped = is_piped };
	if (!f->takes_regex)
		return true;
	char err[256];
	step->regex = regex_new(text, 0, err);
	return step->regex || fail(p, start, "%.180s", err);
}

/* One operand. A function without arguments is one as well, as in "and (f) f". */
static bool operand(struct parser *p, size_t depth)
{
	char c = peek(p);
	size_t start = p->at;
	if (c == '"' || c == '`')
		return text_literal(p, c);
	if (c == '.' && !(p->at + 1 < p->in.n && ascii_is_digit(p->in.p[p->at + 1])))
		return field(p);
	if (c == '(')
		return parentheses(p, depth);
	if (ascii_is_digit(c) || c == '-' || c == '+')
		return number(p);
	if (!is_word_byte(c))
		return refuse(p, start, c);
	struct str name = word(p);
	bool is_true = str_eq(name, STR("true"));
	if (is_true || str_eq(name, STR("false")))
		return push(p, (struct gotext_value){ .kind = GOTEXT_BOOL, .number = is_true });
	const struct gotext_function *f = function_at(p, start, name);
	return f && call(p, f, start, p->t->count, 0, false);
}

/* A value, or a function and its arguments, up to a pipe or an end. */
static bool command(struct parser *p, size_t depth, bool is_piped)
{
	char c = peek(p);
	size_t start = p->at, first = p->t->count, count = is_piped;
	if (is_word_byte(c) && !ascii_is_digit(c)) {
		struct str name = word(p);
		if (!str_eq(name, STR("true")) && !str_eq(name, STR("false"))) {
			const struct gotext_function *f = function_at(p, start, name);
			if (!f)
				return false;
			for (c = peek(p); c && c != '|' && c != ')'; c = peek(p), count++)
				if (count == GOTEXT_ARGUMENTS_MAX)
					return fail(p, p->at, "more than %d arguments", GOTEXT_ARGUMENTS_MAX);
				else if (!operand(p, depth))
					return false;
			return call(p, f, start, first, count, is_piped);
		}
		p->at = start;
	}
	if (is_piped)
		return fail(p, start, "behind a pipe there must be a function");
	if (!operand(p, depth))
		return false;
	c = peek(p);
	return !c || c == '|' || c == ')' || fail(p, p->at, "only a function can have arguments");
}

static bool pipeline(struct parser *p, size_t depth, bool is_inner)
{
	if (!command(p, depth, false))
		return false;
	while (peek(p) == '|') {
		p->at++;
		if (!command(p, depth, true))
			return false;
	}
	return is_inner || peek(p) == '\0' || fail(p, p->at, "there should be the end of the action, not '%c'", peek(p));
}

/* ---- actions ---- */

static bool open_if(struct parser *p, struct condition *c)
{
	if (!pipeline(p, 0, false))
		return false;
	c->unless = p->t->count;
	return add(p, OP_JUMP_UNLESS) != NULL;
}

static bool action_if(struct parser *p, size_t start)
{
	if (p->condition_count == CONDITIONS_MAX)
		return fail(p, start, "more than %d conditions inside of each other", CONDITIONS_MAX);
	struct condition *c = &p->conditions[p->condition_count++];
	c->end_count = 0;
	c->at = start;
	return open_if(p, c);
}

static bool action_else(struct parser *p, size_t start)
{
	struct condition *c = p->condition_count ? &p->conditions[p->condition_count - 1] : NULL;
	if (!c || c->unless == SIZE_MAX)
		return fail(p, start, "else without an if");
	if (c->end_count == ENDS_MAX)
		return fail(p, start, "more than %d times else if", ENDS_MAX);
	c->ends[c->end_count++] = p->t->count;
	if (!add(p, OP_JUMP))
		return false;
	p->t->steps[c->unless].target = p->t->count;
	c->unless = SIZE_MAX;
	if (peek(p) == '\0')
		return true;
	size_t at = p->at;
	return str_eq(word(p), STR("if")) ? open_if(p, c) : fail(p, at, "behind else there can only be an if");
}

static bool action_end(struct parser *p, size_t start)
{
	struct condition *c = p->condition_count ? &p->conditions[--p->condition_count] : NULL;
	if (!c)
		return fail(p, start, "end without an if");
	if (peek(p))
		return fail(p, p->at, "nothing may stand behind end");
	if (c->unless != SIZE_MAX)
		p->t->steps[c->unless].target = p->t->count;
	for (size_t i = 0; i < c->end_count; i++)
		p->t->steps[c->ends[i]].target = p->t->count;
	return true;
}

/* Behind the opening braces, to before the closing ones. */
static bool action(struct parser *p)
{
	char c = peek(p);
	size_t start = p->at;
	if (str_starts(rest_of(p), STR("/*"))) {
		const char *end = memmem(rest_of(p).p, rest_of(p).n, "*/", 2);
		if (!end)
			return fail(p, start, "a comment without its end");
		p->at = (size_t)(end - p->in.p) + 2;
		return peek(p) == '\0' || fail(p, p->at, "nothing may stand behind a comment");
	}
	if (is_word_byte(c)) {
		struct str name = word(p);
		if (str_eq(name, STR("if")))
			return action_if(p, start);
		if (str_eq(name, STR("else")))
			return action_else(p, start);
		if (str_eq(name, STR("end")))
			return action_end(p, start);
		p->at = start;
	}
	if (c == '\0')
		return fail(p, start, "a value is missing");
	size_t first = p->t->count;
	if (!pipeline(p, 0, false))
		return false;
	const struct gotext_step *last = &p->t->steps[p->t->count - 1];
	if (p->t->count == first + 1 && last->op == OP_PUSH && last->constant.kind == GOTEXT_DATA)
		return fail(p, start, "the dot alone cannot be printed: name a value");
	return add(p, OP_PRINT) != NULL;
}

static bool write(struct parser *p, struct str text, bool trims_left, bool trims_right)
{
	while (trims_left && text.n && ascii_is_blank(text.p[0]))
		text = str_skip(text, 1);
	while (trims_right && text.n && ascii_is_blank(text.p[text.n - 1]))
		text.n--;
	struct gotext_step *step = text.n ? add(p, OP_WRITE) : NULL;
	if (step)
		step->text = text;
	return text.n == 0 || step;
}

static bool parse(struct parser *p)
{
	bool trims = false;
	for (;;) {
		struct str rest = rest_of(p);
		const char *open = rest.n ? memmem(rest.p, rest.n, "{{", 2) : NULL;
		struct str text = open ? str_take(rest, (size_t)(open - rest.p)) : rest, inside = str_skip(rest, text.n + 2);
		bool trims_before = open && inside.n > 1 && inside.p[0] == '-' && ascii_is_blank(inside.p[1]);
		if (!write(p, text, trims, trims_before))
			return false;
		if (!open)
			break;
		p->at += text.n + 2 + 2 * (size_t)trims_before;
		size_t start = p->at - 2;
		if (!action(p))
			return false;
		peek(p);
		trims = str_starts(rest_of(p), STR("-}}"));
		p->at += trims;
		if (!str_starts(rest_of(p), STR("}}")))
			return fail(p, start, "an action without its end");
		p->at += 2;
	}
	return p->condition_count == 0 || fail(p, p->conditions[p->condition_count - 1].at, "an if without its end");
}

void gotext_count_limits(struct gotext *t, uint64_t *counter)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->steps[i].regex)
			regex_count_limits(t->steps[i].regex, counter);
}

struct gotext *gotext_new(struct str text, char err[256])
{
	struct gotext *t = calloc(1, sizeof *t);
	struct parser *p = calloc(1, sizeof *p);
	if (!t || !p)
		abort();
	t->steps = calloc(GOTEXT_STEPS_MAX, sizeof *t->steps);
	if (!t->steps)
		abort();
	buf_init(&t->out, STAGE_OUTPUT_MAX);
	buf_init(&t->piece, STAGE_OUTPUT_MAX);
	*p = (struct parser){ .t = t, .in = text, .err = err };
	bool is_good = parse(p);
	free(p);
	struct gotext_step *steps = realloc(t->steps, (t->count + 1) * sizeof *steps);
	t->steps = steps ? steps : t->steps;
	if (is_good)
		return t;
	gotext_free(t);
	return NULL;
}
