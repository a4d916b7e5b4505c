/* A look at the journal's files themselves. libsystemd passes over files that it cannot open or that are damaged and does not say so;
 * this does. */
#ifndef AGENT_JOURNAL_JOURNAL_FILES_H
#define AGENT_JOURNAL_JOURNAL_FILES_H

#include "parsers/bytes/str.h"

enum { JOURNAL_FILES_MAX = 4096 };

struct journal_files {
	size_t files;       /* named *.journal or *.journal~ */
	size_t forbidden;   /* this user may not read them */
	size_t damaged;     /* no journal, or cut short */
	char damaged_name[256]; /* one of those */
	bool is_directory;  /* there is one */
};
/* Looks into the directory and one level below it, as libsystemd does; path empty: the system's two. */
void journal_files_look(struct str path, struct journal_files *out);

#endif
