/* The first byte behind blanks tells an object from everything else, as it does in parsers/level.c. */
#include "parsers/trace/line_form.h"

const char *const line_form_names[LINE_FORMS] = { "auto", "json", "logfmt", "none" };

bool line_form_named(struct str name, enum line_form *out)
{
	for (size_t i = 0; i < LINE_FORMS; i++)
		if (str_eq(name, str_of(line_form_names[i]))) {
			*out = (enum line_form)i;
			return true;
		}
	return false;
}

bool line_form_has(enum line_form form, struct str line)
{
	size_t i = 0;
	while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	bool is_object = i < line.n && line.p[i] == '{';
	return form == LINE_FORM_ANY || (form == LINE_FORM_JSON && is_object) || (form == LINE_FORM_LOGFMT && !is_object);
}
