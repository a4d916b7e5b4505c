/* The stage logfmt: values out of key=value pairs, as the decoder go-logfmt reads them: a pair that is malformed ends the reading,
 * and what was found before it stays; a key without a value is there with an empty one. */
#include <stdlib.h>

#include "parsers/json.h"
#include "parsers/stages/stage.h"
#include "parsers/stages/text.h"

enum { LINE_MAX_BYTES = 64 << 10 /* of a line inside of the text; the decoder gives up at longer ones */ };

struct want { struct str key, name; };
struct logfmt {
	struct str source;
	struct want *wants;
	size_t want_count;
};

static void release(void *stage)
{
	struct logfmt *l = stage;
	free(l->wants);
	free(l);
}

static void add(struct stage_compile *c, struct logfmt *l, struct str name, const struct stage_node *value)
{
	if (value->kind != STAGE_SCALAR && !stage_node_is_null(value)) {
		stage_complain(c, value, "the key for " STR_FMT " must be a text", STR_ARG(name));
		return;
	}
	struct str key = stage_node_is_null(value) || value->text.n == 0 ? name : value->text;
	l->wants[l->want_count++] = (struct want){ key, name };
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	const struct stage_node *mapping = stage_key(config, "mapping");
	if (!mapping || mapping->kind != STAGE_MAP || mapping->count == 0) {
		stage_complain(c, mapping, "mapping is missing: a mapping of names to the keys in the line");
		return NULL;
	}
	struct logfmt *l = calloc(1, sizeof *l);
	if (!l)
		abort();
	l->wants = calloc(mapping->count, sizeof *l->wants);
	if (!l->wants)
		abort();
	stage_read_source(c, config, &l->source);
	for (size_t i = 0; i < mapping->count; i++)
		add(c, l, mapping->keys[i], &mapping->items[i]);
	if (!c->has_failed)
		return l;
	release(l);
	return NULL;
}

static bool is_space(char c)
{
	return (unsigned char)c <= ' ';
}

/* U+FFFD, or a byte that is read as it. */
static bool has_bad_rune(struct str s)
{
	uint32_t rune;
	for (size_t i = 0; i < s.n;) {
		i += text_rune(str_skip(s, i), &rune);
		if (rune == 0xfffd)
			return true;
	}
	return false;
}

/* Between the quotes, with escapes: those of JSON and \'. false: it is no such text. */
static bool unquote(struct str inside, struct arena *a, struct str *out)
{
	char *text = arena_alloc(a, inside.n + 3);
	size_t n = 0;
	text[n++] = '"';
	for (size_t i = 0; i < inside.n; i++) { /* \' is nothing to JSON, ' is */
		if (inside.p[i] == '\\' && i + 1 < inside.n) {
			if (inside.p[i + 1] != '\'')
				text[n++] = '\\';
			i++;
		}
		text[n++] = inside.p[i];
	}
	text[n++] = '"';
	struct json j;
	json_init(&j, (struct str){ text, n });
	if (json_next(&j) != JSON_STRING || json_next(&j) != JSON_DONE)
		return false;
	json_init(&j, (struct str){ text, n });
	json_next(&j);
	*out = json_resolve(&j, a);
	return true;
}

/* The quoted value at the head of *rest. */
static bool quoted(struct str *rest, struct arena *a, struct str *value)
{
	bool has_escape = false;
	size_t i = 1;
	for (; i < rest->n && rest->p[i] != '"'; i++)
		if (rest->p[i] == '\\') {
			has_escape = true;
			i++;
		}
	if (i >= rest->n)
		return false;
	struct str inside = { rest->p + 1, i - 1 };
	*rest = str_skip(*rest, i + 1);
	if (has_escape)
		return unquote(inside, a, value);
	*value = inside;
	return true;
}

/* The next pair off *rest. false: there is none, or it is malformed (*is_bad). */
static bool pair(struct str *rest, struct arena *a, struct str *key, struct str *value, bool *is_bad)
{
	size_t n = 0;
	while (rest->n && is_space(rest->p[0]))
		*rest = str_skip(*rest, 1);
	if (rest->n == 0)
		return false;
	while (n < rest->n && !is_space(rest->p[n]) && rest->p[n] != '=' && rest->p[n] != '"')
		n++;
	*key = str_take(*rest, n);
	*value = STR("");
	*is_bad = n == 0 || (n < rest->n && rest->p[n] == '"') || has_bad_rune(*key);
	bool has_value = n < rest->n && rest->p[n] == '=';
	*rest = str_skip(*rest, n + has_value);
	if (*is_bad || !has_value || rest->n == 0 || is_space(rest->p[0]))
		return !*is_bad;
	if (rest->p[0] == '"') {
		*is_bad = !quoted(rest, a, value);
		return !*is_bad;
	}
	for (n = 0; n < rest->n && !is_space(rest->p[n]) && rest->p[n] != '=' && rest->p[n] != '"'; n++)
		;
	*value = str_take(*rest, n);
	*rest = str_skip(*rest, n);
	*is_bad = rest->n && !is_space(rest->p[0]);
	return !*is_bad;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct logfmt *l = stage;
	(void)turn;
	struct str text, key, value;
	bool is_bad = false;
	if (!extracted_source(e, l->source, &text))
		return STAGE_NEXT;
	while (text.n && !is_bad) {
		struct str line = str_cut(&text, '\n');
		if (line.n >= LINE_MAX_BYTES)
			break;
		while (pair(&line, e->arena, &key, &value, &is_bad))
			for (size_t i = 0; i < l->want_count; i++)
				if (str_eq(l->wants[i].key, key))
					extracted_set_text(e, l->wants[i].name, value);
	}
	return STAGE_NEXT;
}

static const char *const keys[] = { "mapping", "source", NULL };
const struct stage_type stage_logfmt = { .name = "logfmt", .keys = keys, .compile = compile, .run = run, .free = release };
