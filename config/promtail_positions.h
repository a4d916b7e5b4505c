/* Promtail's positions file: how far it had read each log. YAML:
 *
 *   positions:
 *     /var/log/app.log: "1234"                  offset of the next line, in the file that had this name then
 *     cursor-journal: s=...;i=...               of the job "journal", a cursor of systemd's journal; "journal-" in older ones
 *
 * loki: clients/pkg/promtail/positions/positions.go */
#ifndef CONFIG_PROMTAIL_POSITIONS_H
#define CONFIG_PROMTAIL_POSITIONS_H

#include "parsers/bytes/arena.h"
#include "parsers/bytes/map.h"

enum { PROMTAIL_POSITIONS_MOST_BYTES = 16 << 20 };

struct promtail_position {
	struct promtail_position *next; /* in the order of the file */
	struct str key;      /* path, or "cursor-JOB" */
	struct str value;    /* as it is written */
	uint64_t offset;     /* of a path */
	bool is_file;
};
struct promtail_positions {
	struct arena arena;  /* holds all of it */
	struct promtail_position *first;
	size_t files, cursors, refused; /* refused: neither an offset nor a cursor */
	struct map by_key;   /* key -> struct promtail_position */
};

/* 0, or -1 and one sentence in err when the text is no such file; then nothing is held. An empty file has no positions. */
int promtail_positions_parse(struct str text, struct promtail_positions *out, char err[256]);
void promtail_positions_fini(struct promtail_positions *p);
/* The journal's cursor of a job; empty when there is none. */
struct str promtail_positions_cursor(const struct promtail_positions *p, struct str job);

#endif
