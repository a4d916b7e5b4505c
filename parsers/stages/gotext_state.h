/* Between the parts of gotext: a program for a stack. A piped value lies below the arguments and is the last of them. */
#ifndef PARSERS_STAGES_GOTEXT_STATE_H
#define PARSERS_STAGES_GOTEXT_STATE_H

#include "parsers/regex/regex.h"
#include "parsers/stages/gotext.h"
#include "parsers/stages/stage.h"

enum gotext_kind { GOTEXT_NONE, GOTEXT_TEXT, GOTEXT_INT, GOTEXT_BOOL, GOTEXT_DATA };
struct gotext_value {
	enum gotext_kind kind;
	struct str text;
	int64_t number; /* GOTEXT_INT, GOTEXT_BOOL */
};

struct gotext_call {
	const struct gotext_data *data;
	const struct gotext_value *args;
	size_t count;
	const struct regex *regex; /* the first argument, compiled, of functions that need it */
	struct arena *arena;
	struct buf *out, *piece; /* scratch, empty */
};
struct gotext_function {
	const char *name;
	size_t min, max; /* arguments */
	const char *kinds; /* of the arguments: s text, i whole number, . any; the last one counts for what follows */
	bool (*run)(const struct gotext_call *call, struct gotext_value *out); /* false: an error */
	bool takes_regex, takes_format;
};
const struct gotext_function *gotext_function_named(struct str name);
void gotext_functions_list(struct buf *out); /* their names, for messages */
bool gotext_is_true(const struct gotext_value *v);
/* fmt.Sprintf with a format that gotext_format_check has passed: %s %q %v %d %t %x %%, '-', '0', width and precision. */
bool gotext_format_check(struct str format);
void gotext_format(const struct gotext_value *args, size_t count, struct buf *out);
void gotext_print(const struct gotext_value *v, struct buf *out); /* %v; "<no value>" is the caller's */

enum gotext_op { OP_WRITE, OP_PUSH, OP_FIELD, OP_CALL, OP_PRINT, OP_JUMP_UNLESS, OP_JUMP };
struct gotext_step {
	enum gotext_op op;
	struct str text; /* OP_WRITE, OP_FIELD */
	struct gotext_value constant;
	const struct gotext_function *function;
	size_t count; /* arguments, with the piped one */
	bool is_piped;
	struct regex *regex;
	size_t target;
};
struct gotext {
	struct gotext_step *steps;
	size_t count;
	struct arena texts; /* of literals with escapes */
	struct buf out, piece;
};

#endif
