/* The functions of templates: those that Promtail adds to Go's own, Go's own, and the ones of the sprig collection that pipelines
 * are seen to use. The value to work on stands last where that is the case in Go, so that it can be piped. */
#include "parsers/casemap.h"
#include "parsers/stages/gotext_state.h"
#include "parsers/stages/sha.h"
#include "parsers/stages/text.h"

static bool give_text(struct gotext_value *out, struct str text)
{
	*out = (struct gotext_value){ .kind = GOTEXT_TEXT, .text = text };
	return true;
}

static bool give_bool(struct gotext_value *out, bool truth)
{
	*out = (struct gotext_value){ .kind = GOTEXT_BOOL, .number = truth };
	return true;
}

/* What was written to the scratch becomes the value. */
static bool give_out(const struct gotext_call *c, struct gotext_value *out)
{
	return !c->out->is_full && give_text(out, arena_copy(c->arena, buf_view(c->out)));
}

bool gotext_is_true(const struct gotext_value *v)
{
	return v->kind == GOTEXT_TEXT ? v->text.n > 0 : v->kind == GOTEXT_DATA || (v->kind != GOTEXT_NONE && v->number != 0);
}

/* ---- case, trimming ---- */

static bool to_lower(const struct gotext_call *c, struct gotext_value *out)
{
	return give_text(out, casemap(c->args[0].text, false, c->arena));
}

static bool to_upper(const struct gotext_call *c, struct gotext_value *out)
{
	return give_text(out, casemap(c->args[0].text, true, c->arena));
}

static bool holds_rune(struct str set, uint32_t rune)
{
	uint32_t one;
	while (set.n) {
		set = str_skip(set, text_rune(set, &one));
		if (one == rune)
			return true;
	}
	return false;
}

typedef bool cuts_fn(struct str set, uint32_t rune);

static bool cuts_space(struct str set, uint32_t rune)
{
	(void)set;
	return text_is_space(rune);
}

static struct str trim_left(struct str s, struct str set, cuts_fn *cuts)
{
	uint32_t rune;
	while (s.n) {
		size_t n = text_rune(s, &rune);
		if (!cuts(set, rune))
			break;
		s = str_skip(s, n);
	}
	return s;
}

static struct str trim_right(struct str s, struct str set, cuts_fn *cuts)
{
	uint32_t rune;
	while (s.n) {
		size_t n = 1;
		while (n < 4 && n < s.n && ((unsigned char)s.p[s.n - n] & 0xc0) == 0x80)
			n++;
		if (text_rune(str_skip(s, s.n - n), &rune) != n)
			n = 1, rune = 0xfffd;
		if (!cuts(set, rune))
			break;
		s.n -= n;
	}
	return s;
}

static bool trim(const struct gotext_call *c, struct gotext_value *out)
{
	return give_text(out, trim_right(trim_left(c->args[0].text, c->args[1].text, holds_rune), c->args[1].text, holds_rune));
}

static bool trim_left_(const struct gotext_call *c, struct gotext_value *out)
{
	return give_text(out, trim_left(c->args[0].text, c->args[1].text, holds_rune));
}

static bool trim_right_(const struct gotext_call *c, struct gotext_value *out)
{
	return give_text(out, trim_right(c->args[0].text, c->args[1].text, holds_rune));
}

static bool trim_space(const struct gotext_call *c, struct gotext_value *out)
{
	return give_text(out, trim_right(trim_left(c->args[0].text, STR(""), cuts_space), STR(""), cuts_space));
}

static struct str without_prefix(struct str s, struct str prefix)
{
	return str_starts(s, prefix) ? str_skip(s, prefix.n) : s;
}

static struct str without_suffix(struct str s, struct str suffix)
{
	return str_ends(s, suffix) ? str_take(s, s.n - suffix.n) : s;
}

static bool trim_prefix(const struct gotext_call *c, struct gotext_value *out)
{
	return give_text(out, without_prefix(c->args[0].text, c->args[1].text));
}

static bool trim_suffix(const struct gotext_call *c, struct gotext_value *out)
{
	return give_text(out, without_suffix(c->args[0].text, c->args[1].text));
}

static bool sprig_trim_prefix(const struct gotext_call *c, struct gotext_value *out)
{
	return give_text(out, without_prefix(c->args[1].text, c->args[0].text));
}

static bool sprig_trim_suffix(const struct gotext_call *c, struct gotext_value *out)
{
	return give_text(out, without_suffix(c->args[1].text, c->args[0].text));
}

/* ---- finding, replacing ---- */

static const char *find(struct str s, struct str part)
{
	return part.n == 0 ? s.p : s.n ? memmem(s.p, s.n, part.p, part.n) : NULL;
}

/* strings.Replace: limit < 0: all; an empty `old` is found before each character and at the end. */
static void replace_in(struct str s, struct str old, struct str fresh, int64_t limit, struct buf *out)
{
	uint32_t rune;
	for (int64_t i = 0; (limit < 0 || i < limit) && !out->is_full; i++) {
		size_t skip = 0;
		if (old.n == 0 && i > 0) {
			if (s.n == 0)
				break;
			skip = text_rune(s, &rune);
		}
		const char *hit = old.n ? find(s, old) : s.p + skip;
		if (!hit && old.n)
			break;
		size_t at = old.n ? (size_t)(hit - s.p) : skip;
		buf_str(out, str_take(s, at));
		buf_str(out, fresh);
		s = str_skip(s, at + old.n);
	}
	buf_str(out, s);
}

static bool replace_text(const struct gotext_call *c, struct str s, struct str old, struct str fresh, int64_t limit,
	struct gotext_value *out)
{
	if (str_eq(old, fresh))
		buf_str(c->out, s);
	else
		replace_in(s.p ? s : STR(""), old, fresh, limit, c->out);
	return give_out(c, out);
}

static bool replace(const struct gotext_call *c, struct gotext_value *out)
{
	return replace_text(c, c->args[0].text, c->args[1].text, c->args[2].text, c->args[3].number, out);
}

static bool sprig_replace(const struct gotext_call *c, struct gotext_value *out)
{
	return replace_text(c, c->args[2].text, c->args[0].text, c->args[1].text, -1, out);
}

static bool contains(const struct gotext_call *c, struct gotext_value *out)
{
	return give_bool(out, c->args[0].text.n == 0 || find(c->args[1].text, c->args[0].text));
}

static bool has_prefix(const struct gotext_call *c, struct gotext_value *out)
{
	return give_bool(out, str_starts(c->args[1].text, c->args[0].text));
}

static bool has_suffix(const struct gotext_call *c, struct gotext_value *out)
{
	return give_bool(out, str_ends(c->args[1].text, c->args[0].text));
}

static bool replace_regex(const struct gotext_call *c, struct gotext_value *out, bool is_literal)
{
	text_replace_all(c->regex, c->args[1].text, c->args[2].text, is_literal, c->out);
	return give_out(c, out);
}

static bool regex_replace_all(const struct gotext_call *c, struct gotext_value *out)
{
	return replace_regex(c, out, false);
}

static bool regex_replace_all_literal(const struct gotext_call *c, struct gotext_value *out)
{
	return replace_regex(c, out, true);
}

/* ---- hashes: salt, text ---- */

static bool give_hex(const struct gotext_call *c, struct gotext_value *out, const unsigned char bytes[SHA_BYTES])
{
	char text[2 * SHA_BYTES];
	for (size_t i = 0; i < SHA_BYTES; i++) {
		text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	return give_text(out, arena_copy(c->arena, (struct str){ text, sizeof text }));
}

static bool hash(const struct gotext_call *c, struct gotext_value *out)
{
	unsigned char bytes[SHA_BYTES];
	sha_3(c->args[0].text, c->args[1].text, bytes);
	return give_hex(c, out, bytes);
}

static bool sha2_hash(const struct gotext_call *c, struct gotext_value *out)
{
	unsigned char bytes[SHA_BYTES];
	sha_2(c->args[0].text, c->args[1].text, bytes);
	return give_hex(c, out, bytes);
}

/* ---- logic ---- */

static bool default_(const struct gotext_call *c, struct gotext_value *out)
{
	*out = c->count > 1 && gotext_is_true(&c->args[1]) ? c->args[1] : c->args[0];
	return true;
}

/* false: values of two kinds, which Go does not compare; what is not there equals only what is not there. */
static bool same(const struct gotext_value *a, const struct gotext_value *b, bool *out)
{
	if (a->kind == GOTEXT_DATA || b->kind == GOTEXT_DATA)
		return false;
	if (a->kind != b->kind) {
		*out = false;
		return a->kind == GOTEXT_NONE || b->kind == GOTEXT_NONE;
	}
	*out = a->kind == GOTEXT_NONE || (a->kind == GOTEXT_TEXT ? str_eq(a->text, b->text) : a->number == b->number);
	return true;
}

static bool eq(const struct gotext_call *c, struct gotext_value *out)
{
	bool is_same = false;
	for (size_t i = 1; i < c->count && !is_same; i++)
		if (!same(&c->args[0], &c->args[i], &is_same))
			return false;
	return give_bool(out, is_same);
}

static bool ne(const struct gotext_call *c, struct gotext_value *out)
{
	bool is_same;
	return same(&c->args[0], &c->args[1], &is_same) && give_bool(out, !is_same);
}

static bool pick(const struct gotext_call *c, struct gotext_value *out, bool wanted)
{
	size_t i = 0;
	while (i + 1 < c->count && gotext_is_true(&c->args[i]) != wanted)
		i++;
	*out = c->args[i];
	return true;
}

static bool and(const struct gotext_call *c, struct gotext_value *out)
{
	return pick(c, out, false);
}

static bool or(const struct gotext_call *c, struct gotext_value *out)
{
	return pick(c, out, true);
}

static bool not(const struct gotext_call *c, struct gotext_value *out)
{
	return give_bool(out, !gotext_is_true(&c->args[0]));
}

static bool len(const struct gotext_call *c, struct gotext_value *out)
{
	*out = (struct gotext_value){ .kind = GOTEXT_INT, .number = (int64_t)c->args[0].text.n };
	return true;
}

/* ---- printing ---- */

static bool printf_(const struct gotext_call *c, struct gotext_value *out)
{
	gotext_format(c->args, c->count, c->out);
	return give_out(c, out);
}

static bool quote(const struct gotext_call *c, struct gotext_value *out)
{
	struct buf *one = c->piece;
	for (size_t i = 0; i < c->count; i++) {
		if (c->args[i].kind == GOTEXT_NONE)
			continue;
		if (c->out->n)
			buf_char(c->out, ' ');
		buf_reset(one);
		gotext_print(&c->args[i], one);
		text_quote(c->out, buf_view(one));
	}
	return give_out(c, out);
}

enum { ANY_COUNT = GOTEXT_ARGUMENTS_MAX };
static const struct gotext_function functions[] = {
	{ "ToLower", 1, 1, "s", to_lower, false, false },
	{ "ToUpper", 1, 1, "s", to_upper, false, false },
	{ "Replace", 4, 4, "sssi", replace, false, false },
	{ "Trim", 2, 2, "s", trim, false, false },
	{ "TrimLeft", 2, 2, "s", trim_left_, false, false },
	{ "TrimRight", 2, 2, "s", trim_right_, false, false },
	{ "TrimPrefix", 2, 2, "s", trim_prefix, false, false },
	{ "TrimSuffix", 2, 2, "s", trim_suffix, false, false },
	{ "TrimSpace", 1, 1, "s", trim_space, false, false },
	{ "regexReplaceAll", 3, 3, "s", regex_replace_all, true, false },
	{ "regexReplaceAllLiteral", 3, 3, "s", regex_replace_all_literal, true, false },
	{ "Hash", 2, 2, "s", hash, false, false },
	{ "Sha2Hash", 2, 2, "s", sha2_hash, false, false },
	{ "default", 1, ANY_COUNT, ".", default_, false, false },
	{ "eq", 2, ANY_COUNT, ".", eq, false, false },
	{ "ne", 2, 2, ".", ne, false, false },
	{ "and", 1, ANY_COUNT, ".", and, false, false },
	{ "or", 1, ANY_COUNT, ".", or, false, false },
	{ "not", 1, 1, ".", not, false, false },
	{ "len", 1, 1, "s", len, false, false },
	{ "index", 2, 2, ".", NULL, false, false }, /* needs the dot: gotext_run.c */
	{ "printf", 1, ANY_COUNT, ".", printf_, false, true },
	{ "quote", 0, ANY_COUNT, ".", quote, false, false },
	{ "lower", 1, 1, "s", to_lower, false, false },
	{ "upper", 1, 1, "s", to_upper, false, false },
	{ "trim", 1, 1, "s", trim_space, false, false },
	{ "trimPrefix", 2, 2, "s", sprig_trim_prefix, false, false },
	{ "trimSuffix", 2, 2, "s", sprig_trim_suffix, false, false },
	{ "replace", 3, 3, "s", sprig_replace, false, false },
	{ "contains", 2, 2, "s", contains, false, false },
	{ "hasPrefix", 2, 2, "s", has_prefix, false, false },
	{ "hasSuffix", 2, 2, "s", has_suffix, false, false },
};

const struct gotext_function *gotext_function_named(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(functions); i++)
		if (str_eq(name, str_of(functions[i].name)))
			return &functions[i];
	return NULL;
}

void gotext_functions_list(struct buf *out)
{
	for (size_t i = 0; i < COUNT_OF(functions); i++)
		buf_printf(out, "%s%s", i ? " " : "", functions[i].name);
}
