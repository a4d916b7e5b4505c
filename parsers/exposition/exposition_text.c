/* Prometheus text 0.0.4 and 1.0.0. Blanks and tabs separate and are free; values end at a blank, a line feed, a brace or NUL. What
 * follows from Prometheus' tables of states is kept although nobody writes it: a value needs no blank before it, labels need no comma
 * between them, a quoted value may span lines, and a line that begins with NUL is the end. */
#include "parsers/exposition/exposition_state.h"

#include "parsers/bytes/utf8.h"
#include "parsers/decimal.h"

/* From behind the brace to behind the closing one; NULL and *why. */
static const char *labels(const char *p, const char *end, bool *has_name, const char **why)
{
	p = exposition_blanks(p, end);
	for (;;) {
		*why = "a label name or a closing brace is expected";
		if (p == end)
			return NULL;
		if (*p == '}')
			return p + 1;
		bool is_quoted = *p == '"', is_ascii = true;
		const char *name = p;
		p = is_quoted ? exposition_quoted(p, end, QUOTE_TAKES_LF, &is_ascii) : exposition_name(p, end, 0);
		if (!p || p == name)
			return NULL;
		p = exposition_blanks(p, end);
		if (is_quoted && p < end && (*p == ',' || *p == '}')) {
			*why = "the metric name stands twice";
			if (*has_name)
				return NULL;
			*has_name = true;
			if (*p == '}')
				return p + 1;
			p = exposition_blanks(p + 1, end);
			continue;
		}
		*why = "an equals sign is expected behind the label name";
		if (p == end || *p != '=')
			return NULL;
		p = exposition_blanks(p + 1, end);
		p = exposition_label_value(p, end, QUOTE_TAKES_LF | QUOTE_TAKES_NUL, why);
		if (!p)
			return NULL;
		p = exposition_blanks(p, end);
		if (p < end && *p == ',')
			p = exposition_blanks(p + 1, end);
	}
}

static inline bool digits(const char **at, const char *end, int64_t *out)
{
	const char *p = *at;
	int64_t value = 0;
	for (; p < end && ascii_is_digit(*p); p++)
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p - '0', &value))
			return false;
	bool has_some = p > *at;
	*at = p;
	*out = value;
	return has_some;
}

static enum exposition_item sample(struct exposition *x, const char *p)
{
	struct exposition_state *s = x->state;
	const char *line = s->at, *end = s->end, *name = p, *why = "a metric name is expected";
	p = exposition_name(p, end, SCAN_COLON);
	bool has_name = p > name;
	x->series = (struct str){ line, (size_t)(p - line) };
	p = exposition_blanks(p, end);
	if (p < end && *p == '{') {
		p = labels(p + 1, end, &has_name, &why);
		if (!p)
			return exposition_bad(x, line, why);
		x->series.n = (size_t)(p - line);
		p = exposition_blanks(p, end);
	}
	if (!has_name)
		return exposition_bad(x, line, "a metric name is expected");
	const char *value = p;
	while (p < end && !exposition_is(*p, SCAN_STOP))
		p++;
	double number;
	if (!decimal_parse((struct str){ value, (size_t)(p - value) }, &number))
		return exposition_bad(x, line, p == value ? "a value is expected" : "the value is not a number that fits");
	memcpy(&x->value_bits, &number, sizeof number);
	p = exposition_blanks(p, end);
	x->has_timestamp = p < end && *p != '\n';
	if (x->has_timestamp) {
		if (!digits(&p, end, &x->timestamp_ms))
			return exposition_bad(x, line, "the timestamp is not a number of milliseconds");
		p = exposition_blanks(p, end);
		if (p < end && *p != '\n')
			return exposition_bad(x, line, "there is something behind the timestamp");
	}
	s->at = p < end ? p + 1 : end;
	return EXPOSITION_SAMPLE;
}

/* The rest of a HELP or TYPE line, at behind the name. The one byte that separates is not looked at; blanks alone are nothing. */
static struct str text(const char *p, const char *end)
{
	struct str rest = { p, (size_t)(end - p) };
	return exposition_blanks(p, end) == end ? (struct str){ end, 0 } : str_skip(rest, 1);
}

/* p: behind "# HELP " or "# TYPE " and the blanks that follow. */
static enum exposition_item metadata(struct exposition *x, const char *p, bool is_type)
{
	struct exposition_state *s = x->state;
	const char *line = s->at, *name = p;
	bool is_ascii = true, is_quoted = p < s->end && *p == '"';
	p = is_quoted ? exposition_quoted(p, s->end, QUOTE_TAKES_LF, &is_ascii) : exposition_name(p, s->end, SCAN_COLON);
	if (!p || p == name)
		return exposition_bad(x, line, "a metric name is expected behind HELP or TYPE");
	struct str rest = { p, (size_t)(s->end - p) };
	const char *feed = p + str_find(rest, '\n');
	struct str said = text(p, feed);
	enum metric_type type = METRIC_UNKNOWN;
	if (is_type && !exposition_type_of(said, EXPOSITION_TEXT_0_0_4, &type))
		return exposition_bad(x, line, "the type is none of counter, gauge, histogram, summary, untyped");
	if (!is_type && utf8_valid(said) != said.n)
		return exposition_bad(x, line, "the help text is not UTF-8");
	exposition_family_begin(x, (struct str){ name + is_quoted, (size_t)(p - name) - 2 * is_quoted });
	if (is_type)
		x->family.type = s->last_type = type;
	else
		x->family.help = exposition_unescape(said, false, &s->help);
	s->at = feed < s->end ? feed + 1 : s->end;
	return EXPOSITION_FAMILY;
}

/* A line with # at p: metadata, or a comment, which ends where the next line starts. false: there is nothing to give. */
static bool hash(struct exposition *x, const char *p, enum exposition_item *out)
{
	struct exposition_state *s = x->state;
	const char *word = exposition_blanks(p + 1, s->end), *behind;
	struct str rest = { word, (size_t)(s->end - word) };
	if (word > p + 1 && (str_starts(rest, STR("HELP")) || str_starts(rest, STR("TYPE")))) {
		behind = exposition_blanks(word + 4, s->end);
		if (behind > word + 4) {
			*out = metadata(x, behind, *word == 'T');
			return true;
		}
	}
	size_t feed = str_find(rest, '\n');
	if (word == p + 1 && str_find(str_take(rest, feed), '\0') < feed) {
		*out = EXPOSITION_END;
		return true;
	}
	s->at = feed < rest.n ? rest.p + feed + 1 : s->end;
	return false;
}

enum exposition_item exposition_text_next(struct exposition *x)
{
	struct exposition_state *s = x->state;
	enum exposition_item item;
	for (;;) {
		const char *p = exposition_blanks(s->at, s->end);
		if (p == s->end || *p == 0)
			return EXPOSITION_END;
		if (*p == '\n')
			s->at = p + 1;
		else if (*p != '#')
			return sample(x, p);
		else if (hash(x, p, &item))
			return item;
	}
}
