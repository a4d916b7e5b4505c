/* OpenMetrics 1.0. One blank separates, nothing else does; each line ends with a line feed; the last one is `# EOF`. Times are
 * seconds. An exemplar follows as ` # {labels} value [time]`. */
#include "parsers/exposition/exposition_state.h"

#include "parsers/bytes/utf8.h"
#include "parsers/decimal.h"

/* From behind the brace to behind the closing one; NULL and *why. has_name NULL: an exemplar's, which has none. */
static const char *labels(const char *p, const char *end, bool *has_name, const char **why)
{
	for (;;) {
		*why = "a label name or a closing brace is expected";
		if (p == end)
			return NULL;
		if (*p == '}')
			return p + 1;
		bool is_quoted = *p == '"', is_ascii = true;
		const char *name = p;
		p = is_quoted ? exposition_quoted(p, end, has_name ? QUOTE_TAKES_LF : 0, &is_ascii) : exposition_name(p, end, 0);
		if (!p || p == name)
			return NULL;
		if (is_quoted && has_name && p < end && (*p == ',' || *p == '}')) {
			*why = "the metric name stands twice";
			if (*has_name)
				return NULL;
			*has_name = true;
			if (*p++ == '}')
				return p;
			continue;
		}
		*why = "an equals sign is expected behind the label name";
		if (p == end || *p != '=')
			return NULL;
		p = exposition_label_value(p + 1, end, has_name ? QUOTE_TAKES_NUL : 0, why);
		if (!p)
			return NULL;
		*why = "a comma or a closing brace is expected";
		if (p == end || (*p != ',' && *p != '}'))
			return NULL;
		p += *p == ',';
	}
}

/* A blank and a number behind it, at *p; they end at a blank or line feed. */
static inline bool number(const char **p, const char *end, double *out)
{
	const char *at = *p;
	if (at == end || *at != ' ')
		return false;
	const char *first = ++at;
	while (at < end && *at != ' ' && *at != '\n')
		at++;
	*p = at;
	return decimal_parse((struct str){ first, (size_t)(at - first) }, out);
}

/* Seconds to milliseconds as Go converts on the usual machines: cut off towards zero, what does not fit is the smallest number. */
static bool time_ms(const char **p, const char *end, int64_t *out)
{
	double seconds;
	if (!number(p, end, &seconds) || seconds != seconds || seconds - seconds != 0)
		return false;
	double ms = seconds * 1000;
	*out = ms >= -0x1p63 && ms < 0x1p63 ? (int64_t)ms : INT64_MIN;
	return true;
}

/* *p: at ` # {`. */
static const char *exemplar(struct exposition *x, const char **p, const char *end)
{
	const char *brace = *p + 3, *why;
	*p = labels(brace + 1, end, NULL, &why);
	if (!*p)
		return why;
	x->exemplar = (struct exemplar){ .raw = { brace, (size_t)(*p - brace) }, .is_there = true };
	if (!number(p, end, &x->exemplar.value))
		return "the exemplar's value is not a number that fits";
	x->exemplar.has_timestamp = *p < end && **p == ' ';
	if (x->exemplar.has_timestamp && !time_ms(p, end, &x->exemplar.timestamp_ms))
		return "the exemplar's timestamp is not a number of seconds";
	return NULL;
}

static bool is_exemplar(const char *p, const char *end)
{
	return str_starts((struct str){ p, (size_t)(end - p) }, STR(" # {"));
}

static enum exposition_item sample(struct exposition *x)
{
	struct exposition_state *s = x->state;
	const char *line = s->at, *p = line, *end = s->end, *why = NULL;
	p = exposition_name(p, end, SCAN_COLON);
	bool has_name = p > line;
	if (p < end && *p == '{') {
		p = labels(p + 1, end, &has_name, &why);
		if (!p)
			return exposition_bad(x, line, why);
	}
	if (!has_name)
		return exposition_bad(x, line, "a metric name is expected");
	x->series = (struct str){ line, (size_t)(p - line) };
	double value;
	if (!number(&p, end, &value))
		return exposition_bad(x, line, "one blank and a number that fits are expected as the value");
	memcpy(&x->value_bits, &value, sizeof value);
	x->exemplar = (struct exemplar){ 0 };
	x->has_timestamp = p < end && *p == ' ' && !is_exemplar(p, end);
	if (x->has_timestamp && !time_ms(&p, end, &x->timestamp_ms))
		return exposition_bad(x, line, "the timestamp is not a number of seconds");
	if (is_exemplar(p, end) && (why = exemplar(x, &p, end)))
		return exposition_bad(x, line, why);
	if (p == end)
		return exposition_bad(x, line, "the text does not end with # EOF");
	if (*p != '\n')
		return exposition_bad(x, line, "the end of the line is expected");
	s->at = p + 1;
	return EXPOSITION_SAMPLE;
}

static bool is_unit_of(struct str unit, struct str name)
{
	return unit.n == 0 || (str_ends(name, unit) && name.n > unit.n && name.p[name.n - unit.n - 1] == '_');
}

/* p: behind "# HELP ", "# TYPE " or "# UNIT ". */
static enum exposition_item metadata(struct exposition *x, const char *p, char what)
{
	struct exposition_state *s = x->state;
	const char *line = s->at, *name = p;
	bool is_ascii = true, is_quoted = p < s->end && *p == '"';
	p = is_quoted ? exposition_quoted(p, s->end, QUOTE_TAKES_LF, &is_ascii) : exposition_name(p, s->end, SCAN_COLON);
	if (!p || p == name)
		return exposition_bad(x, line, "a metric name is expected behind HELP, TYPE or UNIT");
	struct str raw = { name + is_quoted, (size_t)(p - name) - 2 * is_quoted }, rest = { p, (size_t)(s->end - p) };
	size_t feed = str_find(rest, '\n');
	if (feed == rest.n || *p != ' ')
		return exposition_bad(x, line, "one blank, a text and a line feed are expected behind the metric name");
	struct str said = str_skip(str_take(rest, feed), 1);
	enum metric_type type = METRIC_UNKNOWN;
	if (what == 'T' && !exposition_type_of(said, EXPOSITION_OPENMETRICS_1_0, &type))
		return exposition_bad(x, line, "the type is none of OpenMetrics'");
	if (what == 'H' && utf8_valid(said) != said.n)
		return exposition_bad(x, line, "the help text is not UTF-8");
	if (what == 'U' && !is_unit_of(said, raw))
		return exposition_bad(x, line, "the unit is not the end of the metric name");
	exposition_family_begin(x, raw);
	if (what == 'T')
		x->family.type = s->last_type = type;
	else if (what == 'H')
		x->family.help = exposition_unescape(said, true, &s->help);
	else
		x->family.unit = said;
	s->at = p + feed + 1;
	return EXPOSITION_FAMILY;
}

enum exposition_item exposition_openmetrics_next(struct exposition *x)
{
	static const struct str words[] = { { "# HELP ", 7 }, { "# TYPE ", 7 }, { "# UNIT ", 7 } };
	struct exposition_state *s = x->state;
	struct str rest = { s->at, (size_t)(s->end - s->at) };
	if (rest.n == 0)
		return exposition_bad(x, s->at, "the text does not end with # EOF");
	if (*rest.p != '#')
		return sample(x);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_starts(rest, words[i]))
			return metadata(x, rest.p + words[i].n, words[i].p[2]);
	if (!str_starts(rest, STR("# EOF")))
		return exposition_bad(x, s->at, "a line with # is none of HELP, TYPE, UNIT, EOF");
	rest = str_skip(rest, sizeof "# EOF" - 1);
	if (rest.n > 1 || (rest.n == 1 && *rest.p != '\n'))
		return exposition_bad(x, s->at, "there is something behind # EOF");
	return EXPOSITION_END;
}
