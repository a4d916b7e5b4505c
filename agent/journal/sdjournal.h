/* libsystemd's reader of journal files: the library comes into memory when a job reads the journal and not before, and a machine without
 * it runs everything else. */
#ifndef AGENT_JOURNAL_SDJOURNAL_H
#define AGENT_JOURNAL_SDJOURNAL_H

struct sdjournal; /* a table of functions: agent/journal/sdjournal_table.h */
/* NULL and err (one sentence): the library is not on this machine, or too old. It stays in memory once it is there; the table is to be
 * freed with free(). */
struct sdjournal *sdjournal_load(char err[256]);

#endif
