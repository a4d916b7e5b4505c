/* The node as the kubelet and the container runtime make it: pods, containers, rotation, compression, deletion; and beside the
 * real files the truth about them: which piece of which line was written where. */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { MODEL_LANES = 2, NONE = -1, MAX_PODS = 64, MAX_LOGS = 512 };

struct lane_fate {      /* of a piece in one lane */
	int read_in_life;    /* 0: never appended to a batch */
	int settled_in_life; /* accepted in this one, the latest */
	bool is_settled;    /* accepted by the destination at least once */
	bool is_persisted;  /* and that was saved */
	bool is_excused;    /* it may be missing */
	int entry_before;   /* last piece of the message before its own in the same entry, plus one; 0: none */
};
struct piece { /* one CRI line; its timestamp is unique: base + index in the table */
	int log, file, previous; /* previous piece of the same message, NONE for the first */
	bool is_stderr, is_last;
	bool is_written; /* whole, with its line feed; or torn for good */
	bool is_torn;    /* its writer died in the middle of it: text is what was written */
	uint64_t end;    /* offset behind it in its file */
	char *text;
	size_t n;
	int entry_last;  /* the entry that begins with its message came with this last piece, plus one; 0: not yet */
	struct lane_fate lane[MODEL_LANES];
};

enum file_place { FILE_LIVE_, FILE_PLAIN_, FILE_GZ_, FILE_REMOVED_, FILE_CUT_ };
struct file { /* one generation, whatever it is called now */
	int log;
	enum file_place place;
	uint64_t stamp, size;
	int looked_life;      /* the agent surely had it open in this life */
	uint64_t looked_size; /* and surely knew of this many bytes */
	uint64_t ino, gz_ino; /* gz_ino: of the compressed copy, 0: none yet */
	int cut_life;         /* in which it was cut */
	bool is_regrown;      /* it began as the rest of a cut file */
	bool went_unseen;     /* it went while the agent could not have it open, or perhaps so: nobody can tell that it was there */
};
struct log { /* a container instance */
	int pod, container, number;
	int fd, file; /* of the live file; fd -1: the container is dead */
	bool is_removed;
	int open_message[2]; /* last P piece, or NONE */
	bool is_severed[2];  /* a message that began in an earlier file lost its end in a cut: who never saw that file cannot know */
	int half;            /* piece that is half written, or NONE */
	char *half_rest;
	size_t half_n;
};
struct world_pod {
	bool is_removed;
	char name[96];
	int containers, logs[2]; /* newest instance of each container */
};

struct world_rules {
	bool has_pieces, has_cuts, has_holes, has_long_lines, is_forgetful /* few open files */, has_blocks;
};
struct world {
	uint64_t random;
	char root[256], pods_path[300];
	struct world_rules rules;
	struct piece *pieces;
	int piece_count, piece_room;
	struct file *files;
	int file_count, file_room;
	struct log logs[MAX_LOGS];
	struct world_pod pods[MAX_PODS];
	int log_count, pod_count;
	uint64_t next_stamp;
	int64_t base_ns;
	int life;             /* of the agent, 0: it is down */
	uint64_t epoch;       /* counts what happened, for messages */
	FILE *trace;          /* --verbose */
	void *ctx;
	void (*between)(void *ctx); /* between two system calls of the kubelet the agent may get its turn */
};

uint64_t world_random(struct world *w, uint64_t below);
bool world_chance(struct world *w, unsigned percent);
__attribute__((format(printf, 2, 3))) void world_trace(struct world *w, const char *format, ...);

void world_open(struct world *w, uint64_t seed, const char *root);
void world_close(struct world *w); /* removes everything */
void world_act(struct world *w);   /* one random thing happens */
void world_finish_lines(struct world *w); /* half lines and open messages of living containers are completed */
/* The agent has surely looked at everything that is there; or: it is gone, with all the files that only it held. */
void world_looked(struct world *w, bool knows_sizes);
void world_agent_gone(struct world *w);
int world_find_log(const struct world *w, const char *path); /* "<pods>/<pod>/<container>/N.log", or NONE */

#endif
