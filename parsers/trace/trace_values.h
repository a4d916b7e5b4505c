/* Reading ids and flags at a known place of the line: widths and absent values (rule 4). Internal to parsers/trace/trace*.c. */
#ifndef PARSERS_TRACE_TRACE_VALUES_H
#define PARSERS_TRACE_TRACE_VALUES_H

#include "parsers/bytes/str.h"
#include "parsers/trace/trace_keys.h"

enum trace_state { VALUE_BAD, VALUE_ABSENT, VALUE_VALID };

struct trace_value {
	enum trace_state state;
	bool has_span, is_form; /* is_form: a composite form, a source of its own */
	bool is_decimal;        /* digits only: another number under a Datadog key */
	signed char sampled;    /* -1 unknown */
	size_t n;               /* raw bytes read */
	char trace[32];         /* of a trace key */
	char span[16];          /* of a span key, or of a form that has one */
};

/* s begins at the value and goes on to the end of the line. */
void trace_value_read(struct str s, enum trace_reading reading, struct trace_value *v);
/* Copies hex digits in lower case to the right end of at[width], zeros before them. False when all are zero. */
bool trace_value_pad(char *at, size_t width, struct str digits);
/* A run that is as wide as a span id: 16, or 14 or 15 with a letter. */
bool trace_value_is_span(struct str run);
/* Decimal digits as 16 hex digits. False: no number below 2^64. */
bool trace_value_decimal(struct str digits, char at[16], bool *is_zero);

#endif
