/* One line of a file by its number, or the last one, with those around it: framing and pipelines put lines together. Reads, and never more than
 * EXPLAIN_SCAN_BYTES; of a compressed file what it was before. */
#ifndef AGENT_COMMANDS_EXPLAIN_LINE_H
#define AGENT_COMMANDS_EXPLAIN_LINE_H

#include "parsers/bytes/buf.h"
#include "parsers/charset.h"

enum { EXPLAIN_SCAN_BYTES = 1 << 30, EXPLAIN_LINES_AROUND = 50, EXPLAIN_WINDOW_LINES = 2 * EXPLAIN_LINES_AROUND + 1 };

struct explain_line { struct str text; uint64_t offset, end; }; /* text without its line feed; end: behind it */
struct explain_window {
	struct buf bytes;       /* what the views are of */
	struct explain_line at[EXPLAIN_WINDOW_LINES];
	size_t count, wanted;   /* wanted: place of the one that was asked for */
	uint64_t number;        /* of that one; 0: not counted */
	enum charset_units units; /* where lines end in it, resolved */
	bool is_whole;          /* it ends with a line feed */
	char why[256];          /* why it could not be had, one sentence; "" */
};

/* number 0: the last one that ends with a line feed. units: of its encoding. Compressed files are known by their first bytes. false: why says it. */
bool explain_window_read(struct explain_window *w, const char *path, uint64_t number, enum charset_units units);
void explain_window_fini(struct explain_window *w);

#endif
