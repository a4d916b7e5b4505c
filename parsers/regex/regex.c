/* A pattern is translated (regex_syntax.c), compiled by PCRE2's interpreter (no executable memory is made), and matched under a budget
 * of backtracking steps. PCRE2 counts steps for each starting point anew, so a search gets two programs: the usual one, which finds
 * starting points fast and may take only a few steps at each; and when that is not enough one that begins with `.*?` and so makes
 * the whole search one attempt, whose steps are counted together. Automatic possessification is off: it saves steps by scanning in
 * ways that are not counted, and then a line of n bytes could cost n² unnoticed. Most patterns of relabelling need none of this:
 * regex_shape.c. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "parsers/regex/regex.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/utf8.h"
#include "parsers/regex/regex_shape.h"
#include "parsers/regex/regex_syntax.h"

enum {
	TRANSLATED_MAX = 256 << 10,
	STEPS = 500000,        /* of a whole match; tens of nanoseconds each */
	STEPS_PER_BYTE = 64,   /* more for long subjects */
	HEAP_KIB = 4096,
	KEPT_BYTES = 64 << 10, /* scratch memory above this is given back after the match */
};

struct scratch {
	size_t largest_bytes; /* that was asked for since match_data is there */
	pcre2_general_context *memory;
	pcre2_match_context *limits;
	pcre2_match_data *data;
};

struct regex {
	pcre2_code *code, *whole; /* whole: the search as one attempt; NULL when the pattern is anchored anyway */
	struct scratch *scratch;
	struct regex_shape shape;
	char *text; /* of the pattern: names are views into it */
	struct str names[REGEX_GROUPS_MAX];
	size_t group_count;
	uint64_t *limits_hit; /* NULL: nobody counts */
};

static void *allocate(PCRE2_SIZE n, void *data)
{
	struct scratch *s = data;
	if (n > s->largest_bytes)
		s->largest_bytes = n;
	void *p = malloc(n);
	if (!p)
		abort();
	return p;
}

static void release(void *p, void *data)
{
	(void)data;
	free(p);
}

static struct scratch *scratch_new(size_t group_count)
{
	struct scratch *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->memory = pcre2_general_context_create(allocate, release, s);
	s->limits = pcre2_match_context_create(s->memory);
	s->data = pcre2_match_data_create((uint32_t)group_count, s->memory);
	pcre2_set_heap_limit(s->limits, HEAP_KIB);
	s->largest_bytes = 0;
	return s;
}

static void scratch_free(struct scratch *s)
{
	if (!s)
		return;
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->limits);
	pcre2_general_context_free(s->memory);
	free(s);
}

/* A deep match leaves megabytes with its match data. */
static void scratch_trim(struct scratch *s, size_t group_count)
{
	if (s->largest_bytes <= KEPT_BYTES)
		return;
	pcre2_match_data_free(s->data);
	s->data = pcre2_match_data_create((uint32_t)group_count, s->memory);
	s->largest_bytes = 0;
}

static pcre2_code *compile(struct str translated, struct scratch *s, char err[256])
{
	int code;
	PCRE2_SIZE at;
	pcre2_compile_context *context = pcre2_compile_context_create(s->memory);
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_code *out = pcre2_compile((PCRE2_SPTR)(translated.n ? translated.p : ""), translated.n,
		PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
			PCRE2_NO_AUTO_POSSESS,
		&code, &at, context);
	pcre2_compile_context_free(context);
	if (!out) { /* the syntax has been looked at: what is left are sizes, and names of scripts */
		PCRE2_UCHAR text[128];
		pcre2_get_error_message(code, text, sizeof text);
		snprintf(err, 256, "the regular expression is refused: %s", (char *)text);
	}
	return out;
}

static bool build(struct regex *r, const struct buf *translated, char err[256])
{
	struct str text = buf_view(translated);
	uint32_t options = 0;
	r->scratch = scratch_new(r->group_count);
	r->code = compile(text, r->scratch, err);
	if (!r->code)
		return false;
	pcre2_pattern_info(r->code, PCRE2_INFO_ALLOPTIONS, &options);
	if (options & PCRE2_ANCHORED)
		return true;
	struct buf whole;
	buf_init(&whole, (size_t)TRANSLATED_MAX + 16);
	buf_printf(&whole, ".*?\\K(?:");
	buf_str(&whole, text);
	buf_char(&whole, ')');
	r->whole = compile(buf_view(&whole), r->scratch, err);
	buf_fini(&whole);
	return r->whole != NULL;
}

struct regex *regex_new(struct str pattern, unsigned flags, char err[256])
{
	bool is_anchored = (flags & REGEX_ANCHORED) != 0;
	size_t shift = is_anchored ? sizeof "^(?s:" - 1 : 0, n = pattern.n + (is_anchored ? 7 : 0);
	if (pattern.n > REGEX_PATTERN_MAX) {
		snprintf(err, 256, "the regular expression is longer than %d bytes", REGEX_PATTERN_MAX);
		return NULL;
	}
	struct regex *r = calloc(1, sizeof *r);
	char *text = malloc(n + 1);
	struct buf translated;
	struct regex_syntax syntax;
	if (!r || !text)
		abort();
	/* Put together as text, as Prometheus does it: "a)(b" is a pattern then, and so it is here. */
	memcpy(text, "^(?s:", shift);
	memcpy(text + shift, pattern.n ? pattern.p : "", pattern.n);
	memcpy(text + shift + pattern.n, is_anchored ? ")$" : "", is_anchored ? 2 : 0);
	r->text = text;
	buf_init(&translated, TRANSLATED_MAX);
	bool is_good = regex_syntax_translate(&syntax, (struct str){ text, n }, &translated);
	if (!is_good)
		snprintf(err, 256, "the regular expression is refused at byte %zu: %s",
			syntax.problem_at < shift ? 0 : syntax.problem_at - shift, syntax.problem);
	memcpy(r->names, syntax.names, sizeof r->names);
	r->group_count = syntax.group_count;
	is_good = is_good && build(r, &translated, err);
	buf_fini(&translated);
	if (!is_good) {
		regex_free(r);
		return NULL;
	}
	if (is_anchored)
		regex_shape_read(&r->shape, (struct str){ text + shift, pattern.n });
	return r;
}

void regex_free(struct regex *r)
{
	if (!r)
		return;
	pcre2_code_free(r->code);
	pcre2_code_free(r->whole);
	scratch_free(r->scratch);
	free(r->text);
	free(r);
}

static int run(const struct regex *r, const pcre2_code *code, struct str subject, size_t from, size_t steps, uint32_t options)
{
	pcre2_set_match_limit(r->scratch->limits, (uint32_t)steps);
	return pcre2_match(code, (PCRE2_SPTR)subject.p, subject.n, from, PCRE2_NO_UTF_CHECK | options, r->scratch->data,
		r->scratch->limits);
}

/* The subject is valid UTF-8. */
static enum regex_result search(const struct regex *r, struct str subject, size_t from, struct regex_groups *groups)
{
	size_t bytes = subject.n - from, steps = STEPS + STEPS_PER_BYTE * bytes, each = steps / (bytes + 1);
	int rc = run(r, r->code, subject, from, r->whole ? each : steps, 0);
	if (rc == PCRE2_ERROR_MATCHLIMIT && r->whole)
		rc = run(r, r->whole, subject, from, steps, PCRE2_ANCHORED);
	if (rc == PCRE2_ERROR_NOMATCH)
		return REGEX_NO;
	if (rc < 0)
		return REGEX_LIMIT;
	if (!groups)
		return REGEX_MATCH;
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(r->scratch->data);
	groups->count = r->group_count;
	for (size_t i = 0; i < r->group_count; i++) {
		bool took_part = i < (size_t)rc && ends[2 * i] != PCRE2_UNSET;
		groups->at[i] = took_part ? (struct str){ subject.p + ends[2 * i], ends[2 * i + 1] - ends[2 * i] } : (struct str){ 0 };
	}
	return REGEX_MATCH;
}

/* How many bytes at s belong to one character of its own: 1 for a byte that is not valid there. */
static size_t step(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	return n > 1 && n <= s.n && utf8_valid(str_take(s, n)) == n ? n : 1;
}

/* Offset in `subject` of an offset in its repaired copy. */
static size_t original(struct str subject, size_t repaired)
{
	size_t at = 0;
	for (size_t seen = 0; seen < repaired && at < subject.n;) {
		struct str rest = str_skip(subject, at);
		size_t n = step(rest);
		seen += n == 1 && (unsigned char)*rest.p >= 0x80 ? 3 : n;
		at += n;
	}
	return at;
}

/* Each byte that is not valid becomes U+FFFD, as Go reads it, and the places that were found are taken back. */
static enum regex_result search_repaired(const struct regex *r, struct str subject, size_t from, struct regex_groups *groups)
{
	struct buf copy;
	buf_init(&copy, subject.n * 3);
	size_t start = 0;
	for (size_t at = 0, n; at < subject.n; at += n) {
		struct str rest = str_skip(subject, at);
		if (at <= from)
			start = copy.n;
		n = step(rest);
		buf_str(&copy, n == 1 && (unsigned char)*rest.p >= 0x80 ? STR("\xef\xbf\xbd") : str_take(rest, n));
	}
	if (from >= subject.n)
		start = copy.n;
	enum regex_result result = search(r, buf_view(&copy), start, groups);
	for (size_t i = 0; result == REGEX_MATCH && groups && i < groups->count; i++) {
		struct str *at = &groups->at[i];
		if (!at->p)
			continue;
		size_t first = original(subject, (size_t)(at->p - copy.p)), last = original(subject, (size_t)(at->p - copy.p) + at->n);
		*at = (struct str){ subject.p + first, last - first };
	}
	buf_fini(&copy);
	return result;
}

static enum regex_result match(const struct regex *r, struct str subject, size_t from, struct regex_groups *groups)
{
	if (!subject.p)
		subject = STR("");
	if (subject.n > REGEX_SUBJECT_MAX)
		return REGEX_LIMIT;
	if (from > subject.n)
		return REGEX_NO;
	if (r->shape.kind && from == 0)
		return regex_shape_match(&r->shape, subject, groups) ? REGEX_MATCH : REGEX_NO;
	bool is_valid = utf8_valid(subject) == subject.n;
	while (is_valid && from < subject.n && ((unsigned char)subject.p[from] & 0xc0) == 0x80)
		from++; /* into a character: a search begins with a whole one */
	enum regex_result result = is_valid ? search(r, subject, from, groups) : search_repaired(r, subject, from, groups);
	scratch_trim(r->scratch, r->group_count);
	return result;
}

enum regex_result regex_match(const struct regex *r, struct str subject, size_t from, struct regex_groups *groups)
{
	enum regex_result result = match(r, subject, from, groups);
	if (result == REGEX_LIMIT && r->limits_hit)
		++*r->limits_hit;
	return result;
}

void regex_count_limits(struct regex *r, uint64_t *counter)
{
	r->limits_hit = counter;
}

size_t regex_group_count(const struct regex *r)
{
	return r->group_count;
}

struct str regex_group_name(const struct regex *r, size_t group)
{
	return group < r->group_count && r->names[group].n ? r->names[group] : STR("");
}

static bool is_word(char c)
{
	return ascii_is_digit(c) || ascii_is_letter(c) || c == '_';
}

/* The number or name at *rest, behind the '$'; false: none, the '$' is itself. */
static bool reference(struct str *rest, struct str *name)
{
	bool has_brace = rest->n > 0 && rest->p[0] == '{';
	struct str at = str_skip(*rest, has_brace);
	size_t n = 0;
	while (n < at.n && is_word(at.p[n]))
		n++;
	if (n == 0 || (has_brace && (n == at.n || at.p[n] != '}')))
		return false;
	*name = str_take(at, n);
	*rest = str_skip(at, n + has_brace);
	return true;
}

/* -1: a name and no number. */
static long number(struct str name)
{
	long value = 0;
	for (size_t i = 0; i < name.n; i++) {
		if (!ascii_is_digit(name.p[i]) || value >= 100000000)
			return -1;
		value = value * 10 + (name.p[i] - '0');
	}
	return name.n > 1 && name.p[0] == '0' ? -1 : value;
}

/* What the number or name stands for; of groups with the same name the first that took part. */
static struct str referred(const struct regex *r, struct str name, const struct regex_groups *groups)
{
	long group = number(name);
	if (group >= 0)
		return (size_t)group < groups->count ? groups->at[group] : (struct str){ 0 };
	for (size_t i = 1; i < groups->count; i++)
		if (str_eq(r->names[i], name) && groups->at[i].p)
			return groups->at[i];
	return (struct str){ 0 };
}

void regex_expand(const struct regex *r, struct str template_, const struct regex_groups *groups, struct buf *out)
{
	struct str rest = template_, name;
	while (rest.n) {
		size_t dollar = str_find(rest, '$');
		buf_str(out, str_take(rest, dollar));
		if (dollar == rest.n)
			return;
		rest = str_skip(rest, dollar + 1);
		if (rest.n && rest.p[0] == '$') {
			buf_char(out, '$');
			rest = str_skip(rest, 1);
		} else if (!reference(&rest, &name)) {
			buf_char(out, '$');
		} else {
			buf_str(out, referred(r, name, groups));
		}
	}
}
