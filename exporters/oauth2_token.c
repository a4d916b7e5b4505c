/* A scan of one flat JSON object, in place: only three keys of the outermost level matter, and whatever is nested is stepped
 * over by counting brackets outside strings. It is strict where it takes a value: a token with an escape or a control byte is
 * none. */
#include "exporters/oauth2.h"

#include "parsers/bytes/num.h"

enum { EXPIRES_MAX_S = 10 * 365 * 24 * 3600 };

static struct str skip_blanks(struct str s)
{
	while (s.n && ascii_is_blank(s.p[0]))
		s = str_skip(s, 1);
	return s;
}

/* The inside of the string that *rest starts with, escapes as they stand. */
static bool take_string(struct str *rest, struct str *out)
{
	if (rest->n == 0 || rest->p[0] != '"')
		return false;
	for (size_t i = 1; i < rest->n; i++) {
		if (rest->p[i] == '\\')
			i++;
		else if (rest->p[i] == '"') {
			*out = (struct str){ rest->p + 1, i - 1 };
			*rest = str_skip(*rest, i + 1);
			return true;
		}
	}
	return false;
}

/* A value that is no string: up to the comma or bracket that ends it on this level. */
static bool take_other(struct str *rest, struct str *out)
{
	struct str at = *rest, ignored;
	size_t depth = 0;
	while (at.n) {
		char c = at.p[0];
		if (depth == 0 && (c == ',' || c == '}'))
			break;
		if (c == '"') {
			if (!take_string(&at, &ignored))
				return false;
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth-- == 0)
			return false;
		at = str_skip(at, 1);
	}
	*out = str_take(*rest, rest->n - at.n);
	while (out->n && out->p[out->n - 1] <= ' ')
		out->n--;
	*rest = at;
	return at.n > 0 && out->n > 0;
}

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '\\')
			return false;
	return s.n > 0;
}

static void take_field(struct oauth2_token *out, struct str key, struct str value)
{
	uint64_t seconds;
	if (str_eq(key, STR("access_token")) && is_plain(value))
		out->access_token = value;
	else if (str_eq(key, STR("token_type")) && is_plain(value))
		out->token_type = str_ieq(value, STR("bearer")) ? STR("Bearer") : value;
	else if (str_eq(key, STR("expires_in")) && num_u64(str_take(value, str_find(value, '.')), &seconds))
		out->expires_in_s = seconds < EXPIRES_MAX_S ? (int64_t)seconds : EXPIRES_MAX_S;
}

bool oauth2_token_read(struct str json, struct oauth2_token *out)
{
	*out = (struct oauth2_token){ .token_type = STR("Bearer") };
	struct str rest = skip_blanks(json);
	if (rest.n == 0 || rest.p[0] != '{')
		return false;
	do {
		struct str key, value;
		rest = skip_blanks(str_skip(rest, 1));
		if (!take_string(&rest, &key))
			return false;
		rest = skip_blanks(rest);
		if (rest.n == 0 || rest.p[0] != ':')
			return false;
		rest = skip_blanks(str_skip(rest, 1));
		if (!take_string(&rest, &value) && !take_other(&rest, &value))
			return false;
		take_field(out, key, value);
		rest = skip_blanks(rest);
	} while (rest.n && rest.p[0] == ',');
	return rest.n && rest.p[0] == '}' && out->access_token.n > 0;
}
