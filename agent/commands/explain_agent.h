/* What the running agent says about one file, and about its destinations: /api/v1/file, destinations and drops, read into rows. */
#ifndef AGENT_COMMANDS_EXPLAIN_AGENT_H
#define AGENT_COMMANDS_EXPLAIN_AGENT_H

#include "agent/commands/ask.h"

enum { EXPLAIN_LANES_MAX = 8, EXPLAIN_FILES_MAX = 16, EXPLAIN_DROPS_MAX = 256, EXPLAIN_TARGETS_MAX = 32 };

struct agent_lane { struct str name; uint64_t read_bytes, acked_bytes; bool is_at_end, has_unfinished, is_waiting; };
struct agent_file { /* one for each job that reads it */
	struct str path, log, job, format, state, error, stdout_labels;
	uint64_t size_bytes;
	struct agent_lane lanes[EXPLAIN_LANES_MAX];
	size_t lane_count;
};
struct agent_destination {
	struct str name, url, state, last_error, last_success, last_error_time;
	int64_t last_status;
	uint64_t pending;
	double retry_s;
};
struct agent_drop { struct str timestamp, reason, destination, labels, line, error; uint64_t lines; };
struct agent_target { struct str job, state, path, why, asks, discovered, labels; }; /* what discovery made of the file's container */
struct agent_view { /* texts in the arena */
	struct arena arena;
	bool has_answered;       /* false: err says why */
	char err[512];
	struct str config_path, config_hash, pods_path, docker_path, state_path;
	struct agent_file files[EXPLAIN_FILES_MAX];
	size_t file_count;
	struct str asked;        /* path of the file */
	struct str refused_path, refused_why; /* the nearest one: the file itself, or a folder that it lies in */
	struct agent_destination destinations[EXPLAIN_LANES_MAX];
	size_t destination_count;
	struct agent_target targets[EXPLAIN_TARGETS_MAX];
	size_t target_count;
	struct agent_drop *drops;
	size_t drop_count;
};

/* path: absolute, links followed; dev and ino of it, 0: there is none. */
void agent_view_status(struct agent_view *v, struct ask *a);
void agent_view_file(struct agent_view *v, struct ask *a, struct str path, uint64_t dev, uint64_t ino);
void agent_view_fini(struct agent_view *v);

#endif
