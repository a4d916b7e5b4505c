/* One pass over the expression. Blanks may stand between any two tokens, as in JMESPath. */
#include "parsers/stages/path.h"

#include <stdio.h>

#include "parsers/bytes/num.h"
#include "parsers/json.h"

struct reader {
	struct str in;
	size_t at;
	struct arena *arena;
	struct path *out;
	char *err;
};

static bool fail(struct reader *r, size_t at, const char *what)
{
	snprintf(r->err, 256, "the expression \"" STR_FMT "\" is refused at byte %zu: %s", STR_ARG(str_take(r->in, 80)), at, what);
	return false;
}

static char peek(struct reader *r)
{
	while (r->at < r->in.n && ascii_is_blank(r->in.p[r->at]))
		r->at++;
	return r->at < r->in.n ? r->in.p[r->at] : '\0';
}

/* What stands at *r and does more than select. */
static bool refuse(struct reader *r)
{
	static const struct { const char *token, *what; } known[] = {
		{ "[?", "filters [?…] are not supported" }, { "[]", "the flatten operator [] is not supported" },
		{ "[*", "wildcards are not supported" }, { "*", "wildcards are not supported" },
		{ "||", "the operator || is not supported" },
		{ "|", "pipes are not supported" }, { "&&", "the operator && is not supported" },
		{ "&", "expression references are not supported" },
		{ "(", "functions and parentheses are not supported" }, { "{", "multi-selects {…} are not supported" },
		{ "`", "literals are not supported" }, { "'", "literals are not supported" },
		{ "!", "comparisons and ! are not supported" },
		{ "=", "comparisons are not supported" }, { "<", "comparisons are not supported" },
		{ ">", "comparisons are not supported" },
		{ ":", "slices are not supported" }, { "-", "a name with such a byte in it must be quoted: '\"the-name\"'" },
		{ "@", "@ can only stand at the beginning" } };
	struct str rest = str_skip(r->in, r->at);
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (str_starts(rest, str_of(known[i].token)))
			return fail(r, r->at, known[i].what);
	return fail(r, r->at, rest.n ? "a name, \"quoted name\" or [index] should stand here" : "the end where a name should be");
}

static bool push(struct reader *r, struct path_step step)
{
	if (r->out->count == PATH_STEPS_MAX)
		return fail(r, r->at, "the expression has too many parts");
	r->out->at[r->out->count++] = step;
	return true;
}

static bool is_name_byte(char c, bool is_first)
{
	return ascii_is_letter(c) || c == '_' || (!is_first && ascii_is_digit(c));
}

/* Between the quotes stands what JSON allows there. */
static bool quoted(struct reader *r)
{
	size_t end = r->at + 1;
	while (end < r->in.n && r->in.p[end] != '"')
		end += r->in.p[end] == '\\' ? 2 : 1;
	if (end >= r->in.n)
		return fail(r, r->at, "a quote without its end");
	struct json j;
	json_init(&j, (struct str){ r->in.p + r->at, end + 1 - r->at });
	if (json_next(&j) != JSON_STRING)
		return fail(r, r->at, "what stands between the quotes is no JSON string");
	struct path_step step = { .key = json_resolve(&j, r->arena) };
	r->at = end + 1;
	return push(r, step);
}

static bool name(struct reader *r)
{
	size_t n = 0;
	char c = peek(r);
	if (c == '"')
		return quoted(r);
	struct str rest = str_skip(r->in, r->at);
	while (n < rest.n && is_name_byte(rest.p[n], n == 0))
		n++;
	if (n == 0)
		return refuse(r);
	r->at += n;
	return push(r, (struct path_step){ .key = str_take(rest, n) });
}

/* Behind the bracket. */
static bool bracket(struct reader *r)
{
	size_t start = r->at;
	if (r->at + 1 < r->in.n && memchr("?]*", r->in.p[r->at + 1], 3))
		return refuse(r);
	r->at++;
	peek(r);
	struct str rest = str_skip(r->in, r->at);
	size_t sign = rest.n && rest.p[0] == '-', n = sign + num_digits(str_skip(rest, sign));
	struct path_step step = { .is_index = true };
	if (!num_i64(str_take(rest, n), &step.index))
		return peek(r) == ':' || peek(r) == '*' ? refuse(r) : fail(r, start, "between the brackets should stand an index");
	r->at += n;
	if (peek(r) == ':')
		return refuse(r);
	if (peek(r) != ']')
		return fail(r, r->at, "a bracket without its end");
	r->at++;
	return push(r, step);
}

bool path_parse(struct str expression, struct arena *arena, struct path *out, char err[256])
{
	struct reader r = { .in = expression, .arena = arena, .out = out, .err = err };
	out->count = 0;
	char c = peek(&r);
	if (c == '@')
		r.at++;
	else if (!(c == '[' ? bracket(&r) : name(&r)))
		return false;
	while ((c = peek(&r)) != '\0' || r.at < r.in.n) {
		bool is_good = false;
		if (c == '[') {
			is_good = bracket(&r);
		} else if (c == '.') {
			r.at++;
			is_good = peek(&r) == '[' ? fail(&r, r.at,
				"multi-selects .[…] are not supported: an index stands without a dot") : name(&r);
		} else {
			refuse(&r);
		}
		if (!is_good)
			return false;
	}
	return true;
}
