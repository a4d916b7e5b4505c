/* What `spoor top` shows: the agent's answers (/api/v1/status, destinations, files, lines) read into one table, and the difference of two such
 * tables as rates. Texts lie in the view's arena. */
#ifndef AGENT_COMMANDS_TOP_VIEW_H
#define AGENT_COMMANDS_TOP_VIEW_H

#include "parsers/bytes/arena.h"
#include "parsers/bytes/map.h"

struct top_count { uint64_t total; double rate; /* per second */ };

struct top_destination {
	struct str name, state, last_error;
	bool is_receiver;            /* of samples, not of lines */
	struct top_count sent, dropped, bytes;
	uint64_t pending;
	double retry_s;
};
struct top_file {
	struct str path;
	uint64_t read_bytes;
	size_t log;                  /* row that it belongs to */
};
struct top_log { /* the logs of one pod, or one file and what it was renamed to */
	struct str name, state;      /* state: the worst of its files */
	struct top_count bytes;
	struct top_count lines, dropped; /* dropped: by stages. Of pods alone: has_lines */
	bool has_lines;
	uint64_t behind_bytes, files;
	double lag_s;
	bool has_error;
};
struct top_view {
	struct arena arena;
	struct str node, version, mode, not_ready_why, degraded_why;
	bool is_ready, is_degraded;
	double lag_s;
	struct top_count lines, bytes;
	uint64_t files_known, files_refused, bytes_lost;
	struct top_destination *destinations;
	size_t destination_count, destination_room;
	struct top_file *files;
	size_t file_count, file_room;
	struct top_log *logs;
	size_t log_count, log_room;
	struct map log_by_name, file_by_path; /* values: index + 1 */
	int64_t at_ns;               /* monotonic, when it was asked */
	bool has_rates;
};

struct top_answers { struct str status, destinations, files, lines; };
/* false and err: an answer that is none. Texts are copied. */
bool top_view_read(struct top_view *v, const struct top_answers *answers, char err[256]);
/* Fills the rates of `now` from the time between the two. Before it is sorted. */
void top_view_compare(struct top_view *now, const struct top_view *before);
void top_view_fini(struct top_view *v);

enum top_sort { TOP_BY_BEHIND, TOP_BY_LAG, TOP_BY_BYTES, TOP_BY_NAME, TOP_SORTS };
extern const char *const top_sort_names[TOP_SORTS];
void top_view_sort(struct top_view *v, enum top_sort sort);

#endif
