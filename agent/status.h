/* The running agent as /metrics, the JSON API and the page see it: filled by agent/logs/pipeline.c, read by agent/web/web.c and
 * agent/exposition/exposition.c. Read only, on the loop's thread, valid during the call. */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include "agent/counters.h"
#include "agent/logs/mark.h"
#include "agent/logs/stage_drops.h"
#include "exporters/destination.h"
#include "exporters/drops.h"
#include "exporters/ring.h"

enum file_state { FILE_READING, FILE_AT_END, FILE_ROTATED, FILE_DELETED, FILE_DONE, FILE_WAITING, FILE_ERROR, FILE_STATES };
extern const char *const file_state_names[FILE_STATES]; /* "reading" "at_end" "rotated" "deleted" "done" "waiting" "error" */

struct file_lane { /* how far one destination is in it; [acked, read) is in batches */
	uint64_t read_bytes, acked_bytes;
	bool is_at_end, has_tail /* what remains has no line feed */, is_waiting /* for a throttled stream or a limit stage */;
};
struct file_status { /* one generation of one log */
	struct str path, job, namespace_, pod, container;
	enum file_state state;
	uint64_t size_bytes;      /* last seen */
	uint64_t read_bytes;      /* offset of the furthest reader */
	uint64_t acked_bytes;     /* offset of the slowest destination */
	uint64_t lines_read;      /* of its log, in this life, whatever generation they stood in */
	bool is_newest;           /* the generation that is written to */
	int64_t lag_ns;           /* now minus the timestamp of the oldest line read and not acknowledged; 0: none */
	const char *error;        /* "" or why it is not read */
	struct str log;           /* path of the live file */
	uint64_t dev, ino;
	int format;               /* enum log_format */
	size_t lane_count;
	struct file_lane lanes[LANES_MAX];
	struct str streams[2];    /* labels of its lines for the first destination, before any stage: stdout and stderr */
};

struct line_counts;
struct journal_status { /* one job's systemd journal for one destination */
	struct str job, destination, path; /* path empty: the system's */
	uint64_t entries_read;    /* since start */
	uint64_t gaps;
	struct str cursor_read, cursor_acked; /* of entries; empty: none yet */
	int64_t lag_ns;
	bool is_at_end;
	const char *problem;      /* "" or why it is not read */
};

struct stages_metric;
struct metrics;
struct kubernetes;
struct tail_target; /* agent/tail/tail.h */
struct status { /* a borrowed view of everything */
	const char *mode;         /* "kubernetes", "docker", "host", "file", "metrics" */
	const char *mode_why;     /* one sentence */
	int64_t start_wall_ns, now_wall_ns, reload_wall_ns; /* reload: last attempt, start when none */
	bool reload_ok;
	uint64_t reloads_ok, reloads_failed, config_hash;
	struct str config_path;
	bool is_ready;            /* configuration loaded, state directory usable, first discovery done */
	const char *not_ready_why;
	bool is_degraded;         /* e.g. state directory not writable: runs, but says so */
	const char *degraded_why;
	const struct counters *counters;
	const struct coverage *coverage;
	const struct line_counts *line_counts; /* agent/logs/line_counts.h; NULL: none */
	struct str exemplar_label; /* empty: trace_id */
	/* What stages have counted; those that nothing has touched for long are forgotten afterwards. NULL: there are none. */
	uint64_t regexes_given_up; /* matches in stages that would have taken too long */
	void (*each_log_metric)(void *ctx, void (*fn)(void *fn_ctx, const struct stages_metric *m), void *fn_ctx);
	int64_t lag_ns;           /* the largest of all files */
	uint64_t files_known, files_open, files_waiting, streams, inotify_watches, containers_excluded;
	bool is_polling;          /* inotify exhausted */
	size_t destination_count; /* 0: only the ring */
	/* pending as the ledger has it: destination's own plus lines that other destinations have read already */
	void (*destination)(void *ctx, size_t i, struct destination_status *out, uint64_t *pending_lines);
	/* Lines that destination i has in entries of other lines; they count as sent, too. */
	uint64_t (*joined_lines)(void *ctx, size_t i);
	const struct stage_drops *(*stage_drops)(void *ctx, size_t i); /* part of its lines_dropped[DROP_PIPELINE], by reason; NULL: none */
	void (*each_file)(void *ctx, void (*fn)(void *fn_ctx, const struct file_status *file), void *fn_ctx);
	void (*each_refused)(void *ctx, void (*fn)(void *fn_ctx, const char *path, const char *why), void *fn_ctx); /* paths that are not read */
	const char *pods_path, *docker_path, *state_path;
	/* What discovery has found: at most `most` looked at. NULL: nothing runs that could tell. */
	void (*each_log_target)(void *ctx, size_t most, void (*fn)(void *fn_ctx, const struct tail_target *target), void *fn_ctx);
	void (*each_journal)(void *ctx, void (*fn)(void *fn_ctx, const struct journal_status *journal), void *fn_ctx);
	void *ctx;
	const struct ring *ring;
	const struct drops *drops;
	bool promtail_names;      /* --metrics.compat=promtail */
	void (*print_config)(void *print_config_ctx, struct buf *out); /* secrets masked */
	void *print_config_ctx;
	const struct kubernetes *kubernetes; /* agent/kubernetes/kubernetes.h; NULL in tests */
	struct metrics *metrics;  /* agent/metrics.h; NULL: none run */
};

#endif
