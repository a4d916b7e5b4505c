/* From what was discovered to what is read: relabelling, and what Promtail does with its outcome. Pure: no files, no clock.
 * loki: clients/pkg/promtail/targets/file/filetargetmanager.go (targetSyncer.sync).
 *
 *   discovered labels --rules--> __path__, __path_exclude__, __host__ and the labels of the streams; the rest of __… is gone */
#ifndef AGENT_LOGS_LOG_TARGET_H
#define AGENT_LOGS_LOG_TARGET_H

#include "config/config.h"
#include "parsers/relabel.h"

struct log_rules { /* of one job */
	struct relabel *relabel; /* NULL: none */
	uint64_t hash;           /* of the rules as they are written: labels made by others are not theirs */
	bool needs_pod;          /* they ask for labels that only a pod object has */
	bool needs_status;       /* among them such that its status tells: not there until its first container runs */
	struct str needed;       /* one of these, for messages; a view into the configuration */
	struct str *roots;       /* what the rules write in front of the first variable of a __path__ */
	size_t root_count;
};
/* false and err (one sentence) when a rule cannot be; the loader has refused that already. Views into the configuration stay. */
bool log_rules_init(struct log_rules *rules, const struct config_relabels *from, char err[256]);
void log_rules_fini(struct log_rules *rules);

enum log_verdict {
	LOG_KEPT,
	LOG_DROPPED,    /* by rule number `rule` */
	LOG_WRONG_HOST, /* __host__ is another machine's name */
	LOG_NO_PATH,    /* no __path__ */
	LOG_BAD_PATH,   /* __path__ is no pattern of absolute paths */
	LOG_FORBIDDEN,  /* of a pod: what its __path__ begins with is neither a folder of pods' logs nor written in a rule */
	LOG_VERDICTS
};
extern const char *const log_verdict_names[LOG_VERDICTS]; /* "kept" "dropped" "wrong_host" "no_path" "bad_path" "forbidden" */

struct log_target { /* views into `arena`, which is the user's: it may hold many */
	enum log_verdict verdict;
	size_t rule;             /* from 0; of LOG_DROPPED */
	struct labels labels;    /* those of the streams, without filename; of one that was dropped: as they were then */
	struct str path, path_exclude; /* patterns of files, as the disk has them */
	bool is_moved;           /* the rules wrote /var/log/pods where the disk has pods_path: files are shown under the former */
};
struct log_target_options {
	struct str host;         /* own name */
	bool is_pod;             /* labels may come from who makes pods: __path__ is held to known roots */
	struct str pods_path;    /* --path.pod-logs: stands for /var/log/pods in a __path__ */
	struct str docker_path;
};
#define LOG_PODS_ROOT STR("/var/log/pods") /* as rules write it */
#define LOG_CONTAINERS_ROOT STR("/var/log/containers")

/* Fills *out. Free with log_target_fini. */
void log_target_make(struct log_target *out, const struct log_rules *rules, const struct labels *discovered,
		     const struct log_target_options *options, struct arena *arena);
void log_target_fini(struct log_target *t);
/* The path under which people know a file of a target: with is_moved the one that its rules wrote, made in room; else as it is. */
struct str log_target_shown(struct str path, bool is_moved, struct str pods_path, char *room, size_t room_bytes);
/* One sentence, why it is not read; empty when it is kept. */
void log_target_why(const struct log_target *t, const struct log_rules *rules, const struct config_relabels *from, char why[256]);

#endif
