/* net/rpc/nfs and net/rpc/nfsd: lines of a word and decimal numbers, "net 70 70 69 45". Shared by the two collectors. */
#ifndef AGENT_COLLECTORS_RPC_LINES_H
#define AGENT_COLLECTORS_RPC_LINES_H

#include "agent/collectors/sheet.h"

enum { RPC_NUMBERS_MAX = 96 };

struct rpc_line {
	struct str word;
	uint64_t numbers[RPC_NUMBERS_MAX];
	size_t count;
};

/* The next line that has a number; numbers end where a word is none. false: no more lines. */
bool rpc_lines_next(struct str *text, struct rpc_line *out);

/* One number of one line, and where it goes. What no line tells is 0. */
struct rpc_field {
	const char *line;  /* its word */
	size_t column, columns; /* the line must have that many numbers, 0: any */
	const char *name, *help, *label, *value; /* label NULL: none */
	enum metric_type type;
};
/* Operations of one version of the protocol: proc2, proc3, proc4, proc4ops. The first number of the line says how many follow. */
struct rpc_methods {
	const char *line, *proto;
	size_t least;                   /* fewer are not believed */
	const char *const *names;       /* by column, from 1; NULL: not shown */
	size_t count;
};
void rpc_lines_fields(struct sheet *s, struct str text, const struct rpc_field *fields, size_t count);
void rpc_lines_methods(struct sheet *s, struct str text, const char *name, const char *help, const struct rpc_methods *methods);

extern const char *const rpc_methods_2[], *const rpc_methods_3[]; /* [0] is Null */
enum { RPC_METHODS_2 = 18, RPC_METHODS_3 = 22 };

#endif
