/* A pattern that can match: absolute, brackets and braces closed, no ".." that would lead out of what it names. */
#include "config/checks/check.h"

static const char *judge_pairs(struct str s)
{
	bool in_braces = false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\') {
			i++;
		} else if (s.p[i] == '[') {
			size_t from = i + 1;
			while (from < s.n && (s.p[from] == '!' || s.p[from] == '^'))
				from++;
			size_t close = from + 1 + str_find(str_skip(s, from + 1), ']');
			if (close >= s.n)
				return "a '[' without its ']'";
			i = close;
		} else if (s.p[i] == '{' && in_braces) {
			return "braces inside braces are not supported: write the cases out";
		} else if (s.p[i] == '{' || s.p[i] == '}') {
			if (s.p[i] == '}' && !in_braces)
				return "a '}' without its '{'";
			in_braces = s.p[i] == '{';
		}
	}
	return in_braces ? "a '{' without its '}'" : NULL;
}

const char *check_glob(struct str pattern)
{
	if (!pattern.n)
		return "expected a pattern of file names, found nothing";
	if (pattern.p[0] != '/')
		return "a path must be absolute: start it with /";
	for (struct str rest = pattern; rest.n;)
		if (str_eq(str_cut(&rest, '/'), STR("..")))
			return "\"..\" is not allowed in a pattern";
	return judge_pairs(pattern);
}
