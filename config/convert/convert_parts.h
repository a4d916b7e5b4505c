/* Between the parts of converting: what is left out of the tree, and where that stands in the text. */
#ifndef CONFIG_CONVERT_CONVERT_PARTS_H
#define CONFIG_CONVERT_CONVERT_PARTS_H

#include "config/convert/convert.h"
#include "config/loader.h"
#include "config/problems.h"

struct cut { /* an entry that is left out; offsets in characters */
	size_t from, to;
	size_t block_from;  /* of the innermost entry around it, or itself, that stands on lines of its own */
	const struct node *parent;
	bool is_flow;       /* inside of { } or [ ] */
	struct str key, message; /* of an element of a list: no key */
	bool is_lost;
	bool stays;         /* only the message is written */
};
/* A value that is not what it must be, because it names a variable that somebody else puts in: it stays, and while it is judged a value that
 * would do stands for it in the tree. */
struct variable { struct str key, text, stand_in; size_t tried; };
struct convert_work {
	struct str text;
	bool is_ascii;         /* characters are bytes */
	size_t *lines;         /* the characters before each line */
	size_t line_count;
	const struct node *root;
	struct arena *arena;
	const char *section;   /* where the keys go: "logs" or "metrics" */
	const struct node_entry *top; /* keys at the top before anything was left out, in order of the text */
	size_t top_count;
	struct cut *cuts;
	size_t cut_count;
	struct variable *variables;
	size_t variable_count;
	struct str inserted;   /* what goes to the byte insert_at; empty: nothing */
	size_t insert_at;
	struct str added;      /* whole lines behind the keys that were moved */
};

/* convert_find.c: the entry that a problem is about, taken out of the tree and put among the cuts, or kept with its variable. */
enum convert_step {
	CONVERT_NOTHING, /* there is none */
	CONVERT_OUT,
	CONVERT_STAYS,   /* it stays, with a variable in it */
	CONVERT_AGAIN    /* the same, told already: judge again */
};
enum convert_step convert_leave_out(struct convert_work *w, const struct config_problem *problem);

/* convert_variable.c: a value for what stands at the entry, or another one than before; true: judge again. false: it names no variable, or
 * none of the values would do. is_new: it is the first one for this entry. */
bool convert_stand_in(struct convert_work *w, const struct node_entry *e, bool *is_new);
/* Puts the same values into another tree with the same variables. */
void convert_stand_in_all(const struct convert_work *w, const struct node *root);

/* convert_text.c: the native text. kept_first: the keys that stay at the top come before the others. */
void convert_write(const struct convert_work *w, struct str name, bool kept_first, struct buf *out);

/* convert_place.c. Fills is_ascii and lines. */
void convert_measure(struct convert_work *w);
/* Bytes before the character `index`. */
size_t convert_byte(const struct convert_work *w, size_t index);
/* Characters before line and column, both from 1. */
size_t convert_index(const struct convert_work *w, uint64_t line, uint64_t column);

#endif
