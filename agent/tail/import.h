/* Progress that Promtail left behind, taken over once: a log that has no checkpoint of ours begins where Promtail's positions file says.
 * The file is only read.
 *
 * Promtail names the offset by path alone, so which file is meant is found out: the newest one that was there when the positions were
 * written. What was read shortly before may not have been delivered, and what was read after may have been; both only matter when
 * Promtail was killed, and its log is framed by a runtime, so that a line that comes twice is the same twice: then reading begins a little
 * earlier, and lines of that time go out without what we add to them. */
#ifndef AGENT_TAIL_IMPORT_H
#define AGENT_TAIL_IMPORT_H

#include "config/promtail_positions.h"

struct folder;
struct listed;
struct source;

struct import {
	struct promtail_positions positions;
	struct map by_path;    /* where the key's file really is -> struct promtail_position */
	struct arena arena;    /* of these paths */
	int64_t saved_ns;      /* wall clock: when the positions were written; 0: there are none */
	int64_t margin_ns;     /* how much earlier reading begins */
	int64_t bare_until_ns; /* lines up to this time may have been delivered */
	bool is_wanted;        /* there is no checkpoint of ours: offsets are taken over */
	size_t taken, lost;    /* logs that begin at Promtail's offset; those whose file is gone */
};

struct import_options {
	const char *path;      /* Promtail's positions file; NULL or one that is not there: nothing is imported */
	bool is_wanted;
	const char *pods_path; /* where /var/log/pods is */
	int64_t batchwait_ms, sync_period_ms; /* Promtail's, out of the same configuration */
};
/* Logs what it found; a file that cannot be understood is told and left alone. */
void import_load(struct import *import, const struct import_options *options);
void import_fini(struct import *import);
/* The first look at a log: sets s->bare_until_ns; and where the checkpoint has no rows of it, makes generations with Promtail's offset for
 * what of `files` it had read. true: it knew the log, so what is newer than these is new. */
bool import_place(struct import *import, struct folder *f, struct source *s, struct listed *files, size_t count, bool has_rows);

#endif
