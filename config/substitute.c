/* One pass with a stack of open "${NAME:-": what stands behind it is written like any other text, and taken back at its brace when the
 * variable has a value. */
#include "config/substitute.h"

#include <stdio.h>

struct open_variable { struct str value; size_t start; };
struct pass {
	struct str rest;
	const struct variables *variables;
	struct buf *out;
	struct str *unset;
	char *err;
	struct open_variable stack[SUBSTITUTE_DEPTH];
	size_t depth;
};

static bool is_escape(struct str s)
{
	return s.n > 1 && ((s.p[0] == '$' && s.p[1] == '$') || (s.p[0] == '\\' && (s.p[1] == '\\' || s.p[1] == '/')));
}

static bool fail(struct pass *x, const char *why, struct str at)
{
	snprintf(x->err, 256, "%s: \"" STR_FMT "\"", why, STR_ARG(str_take(at, 64)));
	return false;
}

/* Bytes of the operator in front of words for the case that there is no value; 0: none. */
static size_t operator_bytes(struct str s)
{
	if (str_starts(s, STR("=")))
		return 1;
	return s.n > 1 && s.p[0] == ':' && memchr("-=?+", s.p[1], 4) ? 2 : 0;
}

/* Behind "${". */
static bool begin_variable(struct pass *x)
{
	struct str begin = x->rest;
	size_t n = 0;
	while (n < begin.n && ascii_is_word(begin.p[n]))
		n++;
	if (n == 0 || n > SUBSTITUTE_NAME_MOST)
		return fail(x, "only ${NAME} and ${NAME:-words} are replaced, write $${ for what is meant as it is", begin);
	struct str name = str_take(begin, n), value = x->variables->lookup(x->variables->ctx, name);
	x->rest = str_skip(begin, n);
	if (str_starts(x->rest, STR("}"))) {
		x->rest = str_skip(x->rest, 1);
		buf_str(x->out, value);
		if (!value.p && !x->unset->n)
			*x->unset = name;
		return true;
	}
	size_t operator = operator_bytes(x->rest);
	if (!operator)
		return fail(x, str_find(begin, '}') < begin.n ? "only ${NAME} and ${NAME:-words} are replaced" : "a } is missing", begin);
	if (x->depth == SUBSTITUTE_DEPTH)
		return fail(x, "variables inside of variables, more than 8 deep", begin);
	x->rest = str_skip(x->rest, operator);
	x->stack[x->depth++] = (struct open_variable){ value, x->out->n };
	return true;
}

static void end_variable(struct pass *x)
{
	const struct open_variable *v = &x->stack[--x->depth];
	x->rest = str_skip(x->rest, 1);
	if (!v->value.n)
		return;
	x->out->n = v->start;
	buf_str(x->out, v->value);
}

bool substitute(struct str text, const struct variables *variables, struct buf *out, struct str *unset, char err[256])
{
	struct pass x = { .rest = text, .variables = variables, .out = out, .unset = unset, .err = err };
	*unset = (struct str){ 0 };
	while (x.rest.n) {
		if (str_starts(x.rest, STR("${"))) {
			x.rest = str_skip(x.rest, 2);
			if (!begin_variable(&x))
				return false;
		} else if (x.depth && x.rest.p[0] == '}') {
			end_variable(&x);
		} else {
			/* Inside of words nothing is escaped. */
			x.rest = str_skip(x.rest, !x.depth && is_escape(x.rest));
			buf_char(out, x.rest.p[0]);
			x.rest = str_skip(x.rest, 1);
		}
	}
	if (x.depth)
		return fail(&x, "a } is missing", text);
	return out->is_full ? fail(&x, "too long with its variables replaced", text) : true;
}

/* ---- what YAML is not to see ---- */

/* Characters of private use stand in: U+E07B for '{', which is EE 81 BB, and so on. */
static const char shielded[] = "{}[],:#";
static const char SHIELD_FIRST = '\xee';

static void put_shielded(char c, struct buf *out)
{
	buf_char(out, SHIELD_FIRST);
	buf_char(out, (char)(0x80 | (unsigned char)c >> 6));
	buf_char(out, (char)(0x80 | (c & 0x3f)));
}

/* Bytes of "${...}" at the front, on one line; 0: it has no end there. */
static size_t variable_bytes(struct str s)
{
	size_t depth = 0;
	for (size_t i = 0; i < s.n && s.p[i] != '\n'; i++) {
		depth += s.p[i] == '{' && i > 0 && s.p[i - 1] == '$';
		if (s.p[i] == '}' && depth && --depth == 0)
			return i + 1;
	}
	return 0;
}

void substitute_shield(struct str text, struct buf *out)
{
	while (text.n) {
		bool is_escape = str_starts(text, STR("$$"));
		size_t n = !is_escape && str_starts(text, STR("${")) ? variable_bytes(text) : 0;
		for (size_t i = 0; i < n; i++)
			if (memchr(shielded, text.p[i], sizeof shielded - 1))
				put_shielded(text.p[i], out);
			else
				buf_char(out, text.p[i]);
		size_t plain = n ? 0 : is_escape ? 2 : 1;
		buf_str(out, str_take(text, plain));
		text = str_skip(text, n + plain);
	}
}

void substitute_unshield(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		const unsigned char *p = (const unsigned char *)text.p + i;
		bool is_shield = text.p[i] == SHIELD_FIRST && text.n - i > 2 && p[1] >= 0x80 && p[1] < 0x82;
		char c = is_shield ? (char)((p[1] & 1) << 6 | (p[2] & 0x3f)) : text.p[i];
		is_shield = is_shield && memchr(shielded, c, sizeof shielded - 1);
		buf_char(out, is_shield ? c : text.p[i]);
		i += is_shield ? 2 : 0;
	}
}
