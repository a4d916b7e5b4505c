/* The stage drop. All conditions that are given must hold, the cheap ones are asked first. `source` alone asks whether the
 * values are there; with `value` or `expression` it is what these are compared with: of several sources, those that are there,
 * joined. Without `source` the expression is searched in the line. */
#include <stdlib.h>

#include "parsers/stages/byte_size.h"
#include "parsers/stages/stage.h"

struct drop {
	const struct stage_node *sources; /* NULL: none is given */
	struct str separator, value;
	struct regex *regex;
	int64_t older_than_ns;
	uint64_t longer_than_bytes;
	bool has_value, has_older, has_longer;
	struct buf joined;
	char reason_z[];
};

static size_t source_count(const struct drop *d)
{
	return d->sources->kind == STAGE_LIST ? d->sources->count : 1;
}

static struct str source_at(const struct drop *d, size_t i)
{
	return d->sources->kind == STAGE_LIST ? d->sources->items[i].text : d->sources->text;
}

static void read_size(struct stage_compile *c, const struct stage_node *config, struct drop *d)
{
	struct str text;
	d->has_longer = stage_read_text(c, config, "longer_than", &text);
	if (d->has_longer && !byte_size_parse(text, &d->longer_than_bytes))
		stage_complain(c, stage_key(config, "longer_than"), "longer_than must be a size such as 8kb, not \"" STR_FMT "\"",
			STR_ARG(str_take(text, 60)));
}

static void check(struct stage_compile *c, const struct drop *d, bool has_expression)
{
	if (!d->sources && !has_expression && !d->has_older && !d->has_longer)
		stage_complain(c, NULL, d->has_value ? "value needs a source to compare it with" :
			"at least one of source, expression, older_than and longer_than is needed");
	else if (d->has_value && !d->sources)
		stage_complain(c, NULL, "value needs a source to compare it with");
	else if (d->has_value && has_expression)
		stage_complain(c, NULL, "value and expression exclude each other");
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	struct str expression, reason = STR("drop_stage"), given = { 0 };
	struct drop d = { .separator = STR(";") };
	d.sources = stage_read_list(c, config, "source", true);
	stage_read_text(c, config, "separator", &d.separator);
	d.has_value = stage_read_text(c, config, "value", &d.value);
	bool has_expression = stage_read_text(c, config, "expression", &expression);
	d.has_older = stage_read_duration(c, config, "older_than", &d.older_than_ns);
	if (stage_read_text(c, config, "drop_counter_reason", &given) && given.n)
		reason = given;
	read_size(c, config, &d);
	if (!c->has_failed)
		check(c, &d, has_expression);
	if (!c->has_failed && has_expression)
		d.regex = stage_compile_regex(c, stage_key(config, "expression"), expression);
	if (c->has_failed) {
		regex_free(d.regex);
		return NULL;
	}
	struct drop *out = calloc(1, sizeof *out + reason.n + 1);
	if (!out)
		abort();
	*out = d;
	memcpy(out->reason_z, reason.p, reason.n);
	buf_init(&out->joined, STAGE_OUTPUT_MAX);
	return out;
}

static void drop_free(void *stage)
{
	struct drop *d = stage;
	regex_free(d->regex);
	buf_fini(&d->joined);
	free(d);
}

static bool has_sources(const struct drop *d, const struct entry *e)
{
	for (size_t i = 0; i < source_count(d); i++)
		if (!extracted_get(e, source_at(d, i)))
			return false;
	return true;
}

/* The sources that are there. false: one of them has no text, or all of them are too long together. */
static bool join(struct drop *d, const struct entry *e, struct str *out)
{
	size_t found = 0;
	stage_scratch_reset(&d->joined);
	*out = (struct str){ 0 };
	for (size_t i = 0; i < source_count(d); i++) {
		const struct extracted *x = extracted_get(e, source_at(d, i));
		struct str text;
		if (!x)
			continue;
		if (!extracted_text(e, x, &text))
			return false;
		if (source_count(d) == 1) {
			*out = text;
			return true;
		}
		if (found++)
			buf_str(&d->joined, d->separator);
		buf_str(&d->joined, text);
	}
	if (source_count(d) > 1)
		*out = buf_view(&d->joined);
	return !d->joined.is_full;
}

static bool matches(struct drop *d, const struct entry *e)
{
	struct str text = e->line;
	if (d->sources && !d->regex && !d->has_value)
		return has_sources(d, e);
	if (!d->regex && !d->has_value)
		return true;
	if (d->sources && !join(d, e, &text))
		return false;
	return d->has_value ? str_eq(text, d->value) : regex_match(d->regex, text, 0, NULL) == REGEX_MATCH;
}

static bool is_older(const struct entry *e, int64_t now_ns, int64_t age_ns)
{
	int64_t before_ns;
	if (__builtin_sub_overflow(now_ns, age_ns, &before_ns))
		return age_ns < 0;
	return e->timestamp_ns < before_ns;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	struct drop *d = stage;
	if (d->has_longer && e->line.n <= d->longer_than_bytes)
		return STAGE_NEXT;
	if (d->has_older && !is_older(e, turn->now_ns, d->older_than_ns))
		return STAGE_NEXT;
	return matches(d, e) ? stage_drop(e, d->reason_z) : STAGE_NEXT;
}

static const char *const keys[] = { "source", "separator", "value", "expression", "older_than", "longer_than",
	"drop_counter_reason", NULL };
const struct stage_type stage_drop_lines = { .name = "drop", .keys = keys, .compile = compile, .run = run, .free = drop_free };
