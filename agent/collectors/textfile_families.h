/* The families of many text files made one set: pure but for the memory it takes. Each file is all or nothing.
 *
 *   textfile_families_add(&t, "/var/lib/x/a.prom", body);   … for each file …
 *   textfile_families_settle(&t, out);
 *   textfile_families_write(&t, out); */
#ifndef AGENT_COLLECTORS_TEXTFILE_FAMILIES_H
#define AGENT_COLLECTORS_TEXTFILE_FAMILIES_H

#include "agent/exposition/families.h"
#include "parsers/bytes/arena.h"
#include "parsers/bytes/map.h"

enum {
	TEXTFILE_FILE_BYTES = 4 << 20,    /* a file beyond that is refused */
	TEXTFILE_TOTAL_BYTES = 8 << 20,   /* of all files; what comes after is refused */
	TEXTFILE_SAMPLES_MAX = 1 << 17,   /* of all files */
	TEXTFILE_LABELS_MAX = 128,        /* different names in one family of a file */
	TEXTFILE_OUTPUT_BYTES = 16 << 20  /* families that would write more than that together are left out */
};

struct textfile_family;
struct textfile_families { /* {0} is empty */
	struct arena memory;
	struct map by_name;                  /* the first family of each name, which the others hang from */
	struct textfile_family **at;         /* those, in order of appearance; sorted by settle */
	size_t count, room, bytes, samples;
	bool has_error;                      /* something was refused or left out */
};

/* Takes in what the file holds. path and body need not outlive the call. false and one sentence: nothing of the file was taken. */
bool textfile_families_add(struct textfile_families *t, const char *path, struct str body, char err[256]);
/* Decides which families can be written. Families that `out` has already, or that would repeat the name of another's samples,
 * cannot. */
void textfile_families_settle(struct textfile_families *t, const struct families *out);
void textfile_families_write(struct textfile_families *t, struct families *out);
void textfile_families_fini(struct textfile_families *t);

#endif
