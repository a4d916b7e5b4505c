/* The tailer: what is to be read, in which order, and how far it is acknowledged. It opens and follows files; bytes are
 * fetched by its user (agent/logs/reader.c) at the user's pace. */
#ifndef AGENT_TAIL_TAIL_H
#define AGENT_TAIL_TAIL_H

#include "agent/kubernetes/node_pods.h"
#include "agent/logs/log_jobs.h"
#include "agent/loop.h"
#include "agent/status.h"
#include "agent/tail/bz2_heads.h"
#include "agent/tail/folder.h"
#include "agent/tail/import.h"
#include "agent/tail/pod_news.h"
#include "agent/tail/watch.h"
#include "agent/worker.h"

struct tail_options {
	const struct config *config;
	const char *pods_path, *docker_path, *checkpoint_path;
	struct str host;               /* own name, for __host__ and the pods' node name */
	struct node_pods *pods;        /* their objects; NULL, or OFF: nobody is asked */
	const char *import_path;       /* Promtail's positions; NULL: none */
	bool is_state_usable;          /* false: positions are kept in memory only */
	struct str lanes[LANES_MAX];   /* names of the destinations: keys of the checkpoint */
	size_t lane_count;
	struct loop *loop;
	struct worker *worker;
	struct counters *counters;
	void *ctx;
	void (*describe)(void *ctx, struct source *s); /* a source whose labels are known: render its stream labels, find its rows to count in */
	void (*asked)(void *ctx, struct source *s);    /* its pod asks for something else now, perhaps; NULL: nobody cares */
	void (*readable)(void *ctx);                   /* some lane has something to read */
	void (*lines_lost)(void *ctx, size_t lane, uint64_t lines); /* read by other lanes, never to be read by this one */
};

struct refused { /* a path that is not read */
	char why[128];
	char path[];
};
struct tail {
	struct tail_options o;
	struct log_jobs jobs;
	struct target *targets;
	size_t target_count, wide_targets;
	size_t waiting_logs;           /* for pods' objects */
	bool have_pods_answered;
	struct pod_news wants_news, gate_news;
	uint64_t shut_folders;         /* containers whose pods ask for no logs */
	struct folder *folders;
	struct map folder_by_path;
	struct watch *watch;
	struct checkpoint checkpoint;
	struct import import;
	int pods_fd;
	struct map pod_watches;        /* path of a pod directory -> struct pod_dir */
	struct source *queue_head[LANES_MAX], *queue_tail[LANES_MAX];
	struct generation *lru_oldest, *lru_newest; /* open files */
	size_t open_files, open_limit;
	uint64_t held_cap_bytes;       /* unread ones of deleted files that are still open: the disk cannot free them */
	size_t unpacking[LANES_MAX];   /* packed logs that hold an inflate window, by weight */
	struct bz2_heads *bz2_heads;   /* NULL: none were looked at */
	uint64_t sources, generations;
	struct loop_timer pause_timer, tick_timer, reconcile_timer, save_timer, files_timer, retire_timer;
	struct folder *hot;
	bool needs_discovery, is_polling, is_discovered, is_dirty /* positions moved since the last save */, is_saving;
	struct map refused;            /* path -> struct refused, told once each */
	struct buf save_bytes, journal_bytes;
	struct loop_timer journal_timer;
	bool has_positions_file;       /* a snapshot is there to add to */
	bool needs_snapshot;           /* a file is another one than its row says: a row that is added would not replace that one */
	int journal_error;
	int save_error;                /* of the last save, 0 or -errno */
};

/* 0, or -1 with err filled. Discovers and opens at once. */
int tail_start(struct tail *t, const struct tail_options *options, char err[256]);
/* Saves positions (waits for the disk), releases everything. The destinations are gone by now: marks that they still held die here. */
void tail_stop(struct tail *t);
void tail_save(struct tail *t); /* positions to disk now; waits for it */
void tail_reconcile(struct tail *t); /* looks at everything now, whatever inotify said */

/* Next source that lane should read, taken off its queue; NULL: nothing. Put it back with tail_queue when more is left. */
struct source *tail_pop(struct tail *t, size_t lane);
void tail_queue(struct tail *t, struct source *s, size_t lane);
void tail_queue_all(struct tail *t, struct source *s);
void tail_unqueue(struct tail *t, struct source *s, size_t lane);

/* The file was cut under the reader: what is left of it starts over as a new generation. */
void tail_restart(struct tail *t, struct generation *g);
/* The rest of g cannot be read (damaged .gz, persistent EIO): counted as lost, given up for all lanes. */
void tail_abandon(struct tail *t, struct generation *g, enum lost_reason reason, uint64_t bytes);
void tail_touch(struct tail *t, struct generation *g); /* g was used just now (least-recently-used order of open files) */

/* A mark at the cursor's frontier, for a lane. Settled, it is freed, now or later. */
struct mark *tail_mark(struct tail *t, struct cursor *c, int64_t oldest_ns);

struct tail_target { /* what discovery has found, for people; views valid during the call */
	struct str job, path;
	const struct labels *discovered, *labels; /* labels: final ones, without filename */
	bool is_kept, is_waiting;
	const char *why; /* "" or why it is not read */
	const char *asks; /* "" or what its pod asks for */
};
/* At most `most` of them, those of the configuration first; those of pods are worked out anew. */
void tail_each_target(const struct tail *t, size_t most, void (*fn)(void *ctx, const struct tail_target *target), void *ctx);
void tail_each_file(const struct tail *t, int64_t wall_ns, void (*fn)(void *ctx, const struct file_status *file), void *ctx);
void tail_each_refused(const struct tail *t, void (*fn)(void *ctx, const char *path, const char *why), void *ctx);
int64_t tail_lag_ns(const struct tail *t, int64_t wall_ns);

/* Internal to agent/tail. */
struct folder *tail_folder(struct tail *t, const char *path, bool make);
void tail_look(struct tail *t); /* at what has changed, now */
void tail_forget_generation(struct tail *t, struct generation *g);
/* false: as many files are open as may be, and none can be closed. is_next: g is to be read now. Deleted files stay open until those before
 * them are read: when they hold all descriptors, there is one more for each lane, or nobody would ever get on. */
bool tail_lru_add(struct tail *t, struct generation *g, bool is_next);
void tail_lru_remove(struct tail *t, struct generation *g);
void tail_raise_file_limit(struct tail *t);
int tail_load_positions(struct tail *t, char err[256]);
void tail_start_saving(struct tail *t);
void tail_forget_over(struct tail *t); /* held files that are deleted, finished and written down */
void positions_changed(struct tail *t); /* some generation is_unsaved: write it soon */
/* Counts and logs a path that is not read, the first time it is met. why: a sentence that goes on after the path. */
void tail_refuse(struct tail *t, const char *path, const char *why);
void pace_heat(struct tail *t, struct folder *f);   /* something was written in f */
void pace_forget(struct tail *t, struct folder *f); /* f goes away */
void discover_all(struct tail *t);
void discover_pod(struct tail *t, const char *name);
void discover_link(struct tail *t, struct folder *from, const char *name, const struct want *why);

#endif
