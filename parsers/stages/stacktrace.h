/* Which lines belong together, without a regular expression: stack traces of Java (and what runs on its machine, and Node.js),
 * Python, Go, Ruby and .NET, and the two-line records of .NET's console. A line continues the block before it or begins a new
 * one; blank and indented lines only do so where a trace has them. Unsure means: a line of its own. */
#ifndef PARSERS_STAGES_STACKTRACE_H
#define PARSERS_STAGES_STACKTRACE_H

#include "parsers/bytes/str.h"

enum stacktrace_kind {
	STACKTRACE_NONE,   /* nothing is open */
	STACKTRACE_PLAIN,  /* a line that may be one of a kind but does not say so: no trace follows it unless frames do */
	STACKTRACE_RECORD, /* the same, and it looks like the head of a record: time, level or bracket first */
	STACKTRACE_FRAMES, /* Java, Node.js, .NET: "at …" */
	STACKTRACE_CONSOLE, /* .NET's console: "info: Name[0]" and what is indented below it */
	STACKTRACE_PYTHON, STACKTRACE_GO, STACKTRACE_RUBY
};
struct stacktrace { /* of one log, or of one stream; {0}: nothing is open */
	enum stacktrace_kind kind;
	unsigned char step; /* where in a trace; its meaning depends on the kind */
};

/* Whether the line continues the block. Afterwards *t is about the block that the line is in, whether it is that one or a new one.
 * A block is ended from outside (after a while, or when it is too large) by *t = (struct stacktrace){0}. */
bool stacktrace_continues(struct stacktrace *t, struct str line);
/* false: the line continues no block of whatever kind. Told by a few bytes, for those who have many lines and few blocks. */
bool stacktrace_may_continue(struct str line);

#endif
