/* How a stage reads its keys. Kinds are those of YAML 1.1, in which Promtail's files are written: `no` is a boolean and 5 a
 * number. A text may nevertheless be any scalar: who writes `source: 5` means the text "5", and Promtail's refusal helps nobody. */
#include "parsers/stages/stage.h"

#include <stdarg.h>
#include <stdio.h>

#include "parsers/bytes/num.h"
#include "parsers/decimal.h"

void stage_complain(struct stage_compile *c, const struct stage_node *at, const char *format, ...)
{
	if (!at)
		at = c->at;
	struct stage_problem problem = { .line = at ? at->line : 0, .column = at ? at->column : 0 };
	int n = c->stage ? snprintf(problem.text, sizeof problem.text, "the stage %s: ", c->stage) : 0;
	if (n < 0 || (size_t)n >= sizeof problem.text)
		n = 0;
	va_list args;
	va_start(args, format);
	vsnprintf(problem.text + n, sizeof problem.text - (size_t)n, format, args);
	va_end(args);
	c->has_failed = true;
	if (c->problem)
		c->problem(c->ctx, &problem, NULL);
}

bool stage_node_is_null(const struct stage_node *n)
{
	if (!n || n->kind == STAGE_NULL)
		return true;
	if (n->kind != STAGE_SCALAR || n->is_quoted)
		return false;
	return n->text.n == 0 || str_eq(n->text, STR("~")) || str_eq(n->text, STR("null")) || str_eq(n->text, STR("Null")) ||
		str_eq(n->text, STR("NULL"));
}

const struct stage_node *stage_key(const struct stage_node *config, const char *key)
{
	const struct stage_node *found = NULL;
	if (!config || config->kind != STAGE_MAP)
		return NULL;
	for (size_t i = 0; i < config->count; i++) {
		if (str_eq(config->keys[i], str_of(key)))
			return stage_node_is_null(&config->items[i]) ? NULL : &config->items[i];
		if (!found && str_ieq(config->keys[i], str_of(key)))
			found = &config->items[i];
	}
	return stage_node_is_null(found) ? NULL : found;
}

/* The scalar under a key; NULL: absent, or of another kind and reported. */
static const struct stage_node *scalar(struct stage_compile *c, const struct stage_node *config, const char *key, const char *what)
{
	const struct stage_node *n = stage_key(config, key);
	if (!n || n->kind == STAGE_SCALAR)
		return n;
	stage_complain(c, n, "%s must be %s", key, what);
	return NULL;
}

bool stage_read_text(struct stage_compile *c, const struct stage_node *config, const char *key, struct str *out)
{
	const struct stage_node *n = scalar(c, config, key, "a text");
	if (!n)
		return false;
	*out = n->text.p ? n->text : STR("");
	return true;
}

/* YAML 1.1: true, yes, on, y … */
static bool parse_bool(struct str s, bool *out)
{
	static const char *const words[][2] = { { "true", "false" }, { "yes", "no" }, { "on", "off" }, { "y", "n" }, { "1", "0" },
		{ "t", "f" } };
	for (size_t i = 0; i < COUNT_OF(words); i++)
		for (size_t k = 0; k < 2; k++)
			if (str_ieq(s, str_of(words[i][k]))) {
				*out = k == 0;
				return true;
			}
	return false;
}

bool stage_read_bool(struct stage_compile *c, const struct stage_node *config, const char *key, bool *out)
{
	const struct stage_node *n = scalar(c, config, key, "true or false");
	if (!n)
		return false;
	if (parse_bool(n->text, out))
		return true;
	stage_complain(c, n, "%s must be true or false, not \"" STR_FMT "\"", key, STR_ARG(str_take(n->text, 60)));
	return false;
}

bool stage_read_number(struct stage_compile *c, const struct stage_node *config, const char *key, double *out)
{
	const struct stage_node *n = scalar(c, config, key, "a number");
	if (!n)
		return false;
	if (decimal_parse(n->text, out))
		return true;
	stage_complain(c, n, "%s must be a number, not \"" STR_FMT "\"", key, STR_ARG(str_take(n->text, 60)));
	return false;
}

bool stage_read_i64(struct stage_compile *c, const struct stage_node *config, const char *key, int64_t *out)
{
	const struct stage_node *n = scalar(c, config, key, "a whole number");
	if (!n)
		return false;
	if (num_i64(n->text, out))
		return true;
	stage_complain(c, n, "%s must be a whole number, not \"" STR_FMT "\"", key, STR_ARG(str_take(n->text, 60)));
	return false;
}

static uint64_t unit_ns(struct str s)
{
	static const struct { const char *name; uint64_t ns; } units[] = { { "ns", 1 }, { "us", 1000 }, { "\xc2\xb5s", 1000 },
		{ "\xce\xbcs", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { "m", UINT64_C(60000000000) },
		{ "h", UINT64_C(3600000000000) } };
	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (str_eq(s, str_of(units[i].name)))
			return units[i].ns;
	return 0;
}

/* "1.5h" off the front of *s, added to *sum. */
static bool add_part(struct str *s, uint64_t *sum)
{
	size_t whole_digits = num_digits(*s), fraction_digits = 0, unit_bytes = 0;
	uint64_t whole = 0, part;
	if (whole_digits && !num_u64(str_take(*s, whole_digits), &whole))
		return false;
	*s = str_skip(*s, whole_digits);
	struct str fraction = { 0 };
	if (s->n && s->p[0] == '.') {
		fraction_digits = num_digits(str_skip(*s, 1));
		fraction = str_take(str_skip(*s, 1), fraction_digits);
		*s = str_skip(*s, 1 + fraction_digits);
	}
	if (whole_digits + fraction_digits == 0)
		return false;
	while (unit_bytes < s->n && s->p[unit_bytes] != '.' && !ascii_is_digit(s->p[unit_bytes]))
		unit_bytes++;
	uint64_t unit = unit_ns(str_take(*s, unit_bytes));
	*s = str_skip(*s, unit_bytes);
	if (!unit || __builtin_mul_overflow(whole, unit, &part))
		return false;
	double share = 0, scale = 1; /* as Go: in floating point, cut to whole nanoseconds */
	for (size_t i = 0; i < fraction.n && i < 18; i++, scale *= 10)
		share = share * 10 + (fraction.p[i] - '0');
	return !__builtin_add_overflow(part, (uint64_t)(share * ((double)unit / scale)), &part) && !__builtin_add_overflow(*sum,
		part, sum);
}

bool stage_parse_duration(struct str s, int64_t *out_ns)
{
	bool is_negative = s.n && s.p[0] == '-';
	uint64_t sum = 0;
	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = str_skip(s, 1);
	bool is_zero = str_eq(s, STR("0"));
	if (s.n == 0)
		return false;
	while (s.n && !is_zero)
		if (!add_part(&s, &sum))
			return false;
	if (sum > (uint64_t)INT64_MAX)
		return false;
	*out_ns = is_negative ? -(int64_t)sum : (int64_t)sum;
	return true;
}

bool stage_read_duration(struct stage_compile *c, const struct stage_node *config, const char *key, int64_t *out_ns)
{
	const struct stage_node *n = scalar(c, config, key, "a duration such as 30s");
	if (!n)
		return false;
	if (stage_parse_duration(n->text, out_ns))
		return true;
	stage_complain(c, n, "%s must be a duration such as 500ms, 30s or 1h30m, not \"" STR_FMT "\"", key,
		STR_ARG(str_take(n->text, 60)));
	return false;
}

const struct stage_node *stage_read_list(struct stage_compile *c, const struct stage_node *config, const char *key, bool may_be_one)
{
	const struct stage_node *n = stage_key(config, key);
	if (!n || (n->kind == STAGE_SCALAR && may_be_one))
		return n;
	if (n->kind != STAGE_LIST) {
		stage_complain(c, n, "%s must be a list", key);
		return NULL;
	}
	for (size_t i = 0; i < n->count; i++)
		if (n->items[i].kind != STAGE_SCALAR) {
			stage_complain(c, &n->items[i], "each of %s must be a text", key);
			return NULL;
		}
	return n;
}

bool stage_need_text(struct stage_compile *c, const struct stage_node *config, const char *key, struct str *out)
{
	bool had_failed = c->has_failed;
	c->has_failed = false;
	bool is_there = stage_read_text(c, config, key, out) && out->n > 0, is_reported = c->has_failed;
	if (!is_there && !is_reported)
		stage_complain(c, stage_key(config, key), "%s is missing", key);
	c->has_failed = c->has_failed || had_failed;
	return is_there;
}

bool stage_read_source(struct stage_compile *c, const struct stage_node *config, struct str *out)
{
	*out = (struct str){ 0 };
	if (!stage_read_text(c, config, "source", out))
		return !stage_key(config, "source");
	if (out->n == 0)
		stage_complain(c, stage_key(config, "source"), "source is empty: leave it out to work on the line");
	return out->n > 0;
}

struct regex *stage_compile_regex(struct stage_compile *c, const struct stage_node *at, struct str pattern)
{
	char err[256];
	struct regex *r = regex_new(pattern, 0, err);
	if (!r)
		stage_complain(c, at, "%s", err);
	else
		regex_count_limits(r, c->regex_limits);
	return r;
}

void stage_scratch_reset(struct buf *b)
{
	if (b->room > STAGE_SCRATCH_KEPT)
		buf_fini(b);
	else
		buf_reset(b);
}

enum stage_verdict stage_drop(struct entry *e, const char *reason)
{
	e->drop_reason = reason;
	return STAGE_DROP;
}
