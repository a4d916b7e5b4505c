/* JSON (RFC 8259) read from front to back: no tree, no recursion, nothing copied that need not be. Strict: what is no JSON ends it with an
 * error; but a value of another type than the caller asks for is only skipped.
 *
 *   struct json_scope object;
 *   for (json_object(&j, &object); json_member(&j, &object);) {   // stands before the value of a member
 *       if (json_is(&j, "name"))
 *           json_text(&j, &arena, &name);                         // consumes it
 *       else if (json_is(&j, "ports"))
 *           for (json_array(&j, &ports); json_element(&j, &ports);) …
 *   }                                                             // what was not consumed is skipped here
 *   if (!json_end(&j)) complain(j.error, j.at);
 *
 * Errors stick: every loop ends, every getter says no. Duplicate keys are handed out as they come. */
#ifndef PARSERS_JSON_H
#define PARSERS_JSON_H

#include "parsers/bytes/arena.h"

enum { JSON_DEPTH_MAX = 64 };

enum json_item {
	JSON_BAD = -1, JSON_DONE, JSON_OBJECT, JSON_OBJECT_END, JSON_ARRAY, JSON_ARRAY_END, JSON_KEY, JSON_STRING, JSON_NUMBER,
	JSON_TRUE, JSON_FALSE, JSON_NULL
};

struct json {
	struct str input;
	size_t at;            /* how far it is read: of the offending byte when there is an error */
	const char *error;    /* NULL, or one static sentence */
	enum json_item item;  /* the last one */
	struct str raw;       /* JSON_KEY, JSON_STRING: between the quotes, as it stands; JSON_NUMBER: its digits. A view into the input */
	bool is_plain;        /* raw is ASCII without escapes: it is the text */
	unsigned depth;       /* objects and arrays that are open */
	bool is_lenient;      /* may be set behind json_init: control bytes stand for themselves behind an escape of the same string, as
	                       * json-iterator (Promtail) takes them */
	/* private */
	uint64_t objects;     /* a bit for each that is open, the innermost lowest: is it an object */
	unsigned expects;
};
struct json_scope { /* an object or array that is being walked */
	unsigned depth; /* 0: it was none */
	bool is_object;
};

void json_init(struct json *j, struct str input);
/* The next item, or JSON_BAD. JSON_DONE: behind the one value of the document there are only blanks. */
enum json_item json_next(struct json *j);
/* Skips the value that comes next; behind JSON_OBJECT or JSON_ARRAY, what is left of it. */
void json_skip(struct json *j);

/* Enters the value that comes next. false: it is of another type and skipped; the loop then makes no turn. */
bool json_object(struct json *j, struct json_scope *s);
bool json_array(struct json *j, struct json_scope *s);
/* On to the next member (its key is in j->raw) or element; false behind the last one, or at an error. */
bool json_member(struct json *j, struct json_scope *s);
bool json_element(struct json *j, struct json_scope *s);

/* The key or string of the last item equals this text, escapes resolved. */
bool json_is(const struct json *j, const char *text);
/* Each consumes the value that comes next. false: it is of another type; *out is left alone. */
bool json_text(struct json *j, struct arena *a, struct str *out); /* see json_resolve */
bool json_raw(struct json *j, struct str *out);                   /* a string or number as it stands: for what holds no escapes */
bool json_i64(struct json *j, int64_t *out);                      /* an integer without fraction and exponent, in range */
bool json_double(struct json *j, double *out);                    /* any number; false also beyond what a double holds */
bool json_bool(struct json *j, bool *out);
/* The text of the last key or string: a view into the input where that is possible, else written to the arena. Escapes are
 * resolved; a lone surrogate and each invalid part of UTF-8 become U+FFFD, so that the result is always UTF-8 (and may hold
 * NUL). */
struct str json_resolve(const struct json *j, struct arena *a);
/* Reads to the end of the document; whether it was one. */
bool json_end(struct json *j);

#endif
