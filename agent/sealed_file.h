/* Text files whose lines have checksums, and the file before the newest: what both kinds of saved positions share.
 *
 *   WHAT VERSION crc32          the first line; the checksum is of what stands before it
 *   crc32 <tab> ...             each further one, of what stands behind the tab
 *
 * A damaged line costs only itself, so rows may be added at the end of a file, and a process may end while it does so. */
#ifndef AGENT_SEALED_FILE_H
#define AGENT_SEALED_FILE_H

#include "parsers/bytes/buf.h"

/* ---- writing ---- */

void sealed_file_begin(struct buf *out, const char *what, uint64_t version); /* empties it first */
size_t sealed_file_row(struct buf *out);                 /* begins a line; what it gives goes to: */
void sealed_file_row_end(struct buf *out, size_t start); /* its checksum, and its end */

/* ---- reading ---- */

/* Takes the first line off. 1, 0 when it is not of this kind or damaged, -EPROTONOSUPPORT when it is of a later version than `newest`, which
 * may have dropped the checksum. */
int sealed_file_head(struct str *text, const char *what, uint64_t newest, uint64_t *version);
/* Takes the checksum off a line; false: it does not fit. */
bool sealed_file_check(struct str *line);

/* Reads path; when it is missing or parse says that it is no such file, path.old. parse gives 1: read, 0: no such file, or -EPROTONOSUPPORT,
 * which is the result then: nothing may be overwritten. Else 0, also when there is neither. What is no such file is moved to path.bad and
 * counts as damaged. */
struct sealed_file {
	const char *path;
	size_t cap_bytes;
	int (*parse)(void *ctx, struct str text);
	void *ctx;
};
int sealed_file_load(const struct sealed_file *f, size_t *damaged);

#endif
