/* What `spoor diagnose` has found out: rows of what was looked at, what it is, and what to do. */
#ifndef AGENT_COMMANDS_FINDINGS_H
#define AGENT_COMMANDS_FINDINGS_H

#include "parsers/bytes/arena.h"
#include "parsers/bytes/buf.h"

enum finding_level { FINDING_OK, FINDING_NOTE, FINDING_WARN, FINDING_FAIL, FINDING_LEVELS };
extern const char *const finding_level_names[FINDING_LEVELS]; /* "ok" "note" "warn" "FAIL" */

struct finding {
	enum finding_level level;
	struct str area, subject, text, advice; /* advice: what to do, empty when there is nothing */
};
struct findings { /* {0} is empty; texts are copied */
	struct arena arena;
	struct finding *at;
	size_t count, room, by_level[FINDING_LEVELS];
};

/* text: printf. advice may be "". */
void findings_add(struct findings *f, enum finding_level level, const char *area, struct str subject, const char *advice, const char *text, ...)
	__attribute__((format(printf, 6, 7)));
void findings_fini(struct findings *f);
/* Aligned, a row for each finding, advice below; control bytes as '?'. */
void findings_print(const struct findings *f, struct buf *out);
void findings_print_json(const struct findings *f, struct buf *out);

#endif
