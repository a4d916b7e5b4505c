/* Finding fault: problems are added in any order, then sorted and given their source lines at the end. */
#ifndef CONFIG_PROBLEMS_H
#define CONFIG_PROBLEMS_H

#include "config/load.h"

enum { PROBLEMS_MOST = 100 }; /* what comes after these is not kept: fix these first */

/* Returns the new problem (valid until the next one is added), or NULL when there are too many. key may be empty. */
struct config_problem *problem_add(struct config_problems *p, bool is_warning, uint64_t line, uint64_t column, struct str key,
				   const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Of the problem that was added last, unless there were too many. */
void problems_suggest(struct config_problems *p, struct str word);
void problems_cause(struct config_problems *p, enum problem_cause cause);
/* Sorts by place, copies the source lines out of text with secrets masked. */
void problems_finish(struct config_problems *p, struct str text);
/* Cuts the next line off *rest as YAML counts lines: \n, \r\n, \r, U+0085, U+2028, U+2029. */
struct str problems_next_line(struct str *rest);
/* The bytes of the first `columns` characters. */
size_t problems_bytes_of(struct str line, uint64_t columns);

#endif
