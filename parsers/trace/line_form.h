/* How the lines of a log are written, when somebody has said so: then nothing is guessed out of lines that are written otherwise. */
#ifndef PARSERS_TRACE_LINE_FORM_H
#define PARSERS_TRACE_LINE_FORM_H

#include "parsers/bytes/str.h"

enum line_form {
	LINE_FORM_ANY,    /* "auto": nobody has said anything, each line tells by itself */
	LINE_FORM_JSON,   /* "json": JSON objects; another line has neither level nor trace id */
	LINE_FORM_LOGFMT, /* "logfmt": key=value; a level only under its key, and no JSON object */
	LINE_FORM_NONE,   /* "none": text in which nothing is looked for */
	LINE_FORMS
};
extern const char *const line_form_names[LINE_FORMS];

bool line_form_named(struct str name, enum line_form *out);
/* Something may be looked for in this line. */
bool line_form_has(enum line_form form, struct str line);

#endif
