/* The key is searched as bytes and then looked at: whole, with a mark behind it, quotes and blanks passed over. Its value is read by the rules
 * for values (parsers/trace/trace_values.h), so what is no id elsewhere is none here. */
#include "parsers/trace/trace_named.h"

#include "parsers/trace/trace_text.h"
#include "parsers/trace/trace_values.h"

enum { PLACES_MOST = 64, BETWEEN_MOST = 16 };

static size_t skip(struct str s, size_t i, struct str set)
{
	for (size_t n = 0; n < BETWEEN_MOST && i < s.n && str_find(set, s.p[i]) < set.n; n++)
		i++;
	return i;
}

/* Offset of the value behind the key that ends at i; 0: it is no key. */
static size_t value_behind(struct str line, size_t i)
{
	i = skip(line, i, STR("\\\"'`"));
	i = skip(line, i, STR(" \t"));
	if (i >= line.n || (line.p[i] != ':' && line.p[i] != '='))
		return 0;
	i = skip(line, i + 1, line.p[i] == '=' ? STR("> \t") : STR(" \t"));
	return skip(line, i, STR("\\\"'`["));
}

enum trace_result trace_find_named(struct str line, struct str key, struct trace_context *out)
{
	enum trace_result result = trace_find(line, out);
	for (size_t at = 0, n = 0; key.n && n < PLACES_MOST && line.n - at >= key.n; n++) {
		const char *found = memmem(line.p + at, line.n - at, key.p, key.n);
		if (!found)
			break;
		size_t from = (size_t)(found - line.p);
		at = from + key.n;
		bool is_whole = (from == 0 || !text_is(line.p[from - 1], TEXT_KEY)) && (at == line.n || !text_is(line.p[at], TEXT_KEY));
		size_t value = is_whole ? value_behind(line, at) : 0;
		if (!value)
			continue;
		struct trace_value v;
		trace_value_read(str_skip(line, value), READ_ANY, &v);
		if (v.state == VALUE_VALID) {
			if (result == TRACE_VALID && memcmp(out->trace_id, v.trace, sizeof v.trace) == 0)
				return TRACE_VALID;
			*out = (struct trace_context){ .has_span = v.has_span, .sampled = v.sampled, .source = TRACE_FROM_LINE };
			memcpy(out->trace_id, v.trace, sizeof v.trace);
			if (v.has_span)
				memcpy(out->span_id, v.span, sizeof v.span);
			return TRACE_VALID;
		}
		if (result == TRACE_NONE)
			result = v.state == VALUE_ABSENT ? TRACE_ZERO : TRACE_MALFORMED;
	}
	return result;
}
