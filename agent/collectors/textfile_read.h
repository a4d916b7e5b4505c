/* One text file taken apart into families, by stricter rules than a scrape has: the text format 0.0.4, names of the legacy
 * alphabet, TYPE before the samples, neither TYPE nor HELP twice, no timestamps, a line feed at the end. */
#ifndef AGENT_COLLECTORS_TEXTFILE_READ_H
#define AGENT_COLLECTORS_TEXTFILE_READ_H

#include "agent/exposition/families.h"
#include "parsers/bytes/arena.h"

struct textfile_point { double bound, value; }; /* le or quantile */
struct textfile_metric { /* one line, or all lines of one histogram or summary */
	struct metric_label *labels; /* sorted by name, without le or quantile */
	size_t label_count;
	double value;                /* of a plain metric */
	double sum, count;
	struct textfile_point *points;
	size_t point_count, point_room;
	struct textfile_metric *next; /* in its family, in the order of the file */
};
struct textfile_family {
	struct str name, help; /* NUL-terminated; empty help: none */
	enum metric_type type;
	bool has_type;
	struct textfile_metric *first, **last;
	size_t metric_count;
	const char **label_names; /* all that occur; sorted by the writer */
	size_t label_name_count;
	struct textfile_family *next;   /* in the file; afterwards, of the same name in later files */
	/* of the writer */
	struct str path;
	const char *help_written;
	bool is_left_out;
};

/* All families with samples, linked by next; everything in memory but what are views into the body. NULL: there are none, or,
 * with err set to one sentence, the file is refused.
 * *samples counts on; beyond samples_max the file is refused. */
struct textfile_family *textfile_read(struct str body, struct arena *memory, size_t *samples, size_t samples_max, char err[256]);

static inline bool textfile_has_points(enum metric_type type)
{
	return type == METRIC_HISTOGRAM || type == METRIC_SUMMARY;
}
/* <0, 0, >0 by names and values. */
int textfile_compare(const struct textfile_metric *a, const struct textfile_metric *b);

#endif
