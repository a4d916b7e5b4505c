/* Variables of the environment in the values of a file, as Promtail's -config.expand-env does it (Go package drone/envsubst):
 *   ${NAME}           the variable, nothing when it is not set      ${NAME:-words}  words when it is not set or empty, may hold ${...};
 *                                                                   := = :? :+ are the same
 *   $$ \\ \/          $ \ /                                         $NAME, \d       stay as they are
 * Its other forms (${#A}, ${A^}, ${A/b/c}, ${A:1:2}, ...) are refused. Unlike there, a value never becomes YAML: the file is read first. */
#ifndef CONFIG_SUBSTITUTE_H
#define CONFIG_SUBSTITUTE_H

#include "parsers/bytes/buf.h"

struct variables { /* {0}: nothing is replaced */
	struct str (*lookup)(void *ctx, struct str name); /* {0}: not set */
	void *ctx;
};

enum { SUBSTITUTE_DEPTH = 8, SUBSTITUTE_NAME_MOST = 128 };

/* ${CLUSTER} may stand without quotes where braces mean something to YAML: a copy of the text, character for character, in which none of what
 * stands between such braces means anything; and back again, for a piece of it. */
void substitute_shield(struct str text, struct buf *out);
void substitute_unshield(struct str text, struct buf *out);
/* Appends the text with its variables replaced. unset: the first variable that had neither value nor words, a view; empty: none. false:
 * err says why. */
bool substitute(struct str text, const struct variables *variables, struct buf *out, struct str *unset, char err[256]);

#endif
