/* The jobs of the logs as discovery sees them: rules compiled, what static_configs and file_sd_configs name, what a pod's container
 * becomes. It opens no log and watches nothing: agent/tail does, and explaining needs no agent that runs. */
#ifndef AGENT_LOGS_LOG_JOBS_H
#define AGENT_LOGS_LOG_JOBS_H

#include "agent/logs/decoder.h"
#include "agent/logs/log_target.h"
#include "parsers/kubernetes/pod_meta.h"
#include "agent/scrape/file_sd.h"

struct log_job {
	const struct config_scrape *config;
	struct log_rules rules;
	struct discovered_set statics;
	struct file_sd **files; /* config->file_count of them */
	struct decoder *decoder; /* of its encoding; NULL: UTF-8 */
};
struct log_jobs_options { /* views outlive the jobs */
	const struct config *config;
	struct str host;        /* own name: NODE_NAME, or what the machine is called */
	struct str pods_path, docker_path;
};
struct log_jobs {
	struct log_jobs_options o;
	struct log_job *at;
	size_t count;
	bool wants_pods;        /* some job reads pods */
};
/* 0, or -1 with one sentence in err. */
int log_jobs_init(struct log_jobs *jobs, const struct log_jobs_options *options, char err[256]);
void log_jobs_fini(struct log_jobs *jobs);
/* Reads the files of file_sd_configs that have changed. true: targets of this job are others now. Every FILE_SD_LOOK_MS. */
bool log_job_look(struct log_job *job, int64_t now_ns);

/* One set of labels that discovery has found, and what became of it. All views are valid during the call. */
struct log_found {
	const struct log_job *job;
	const struct labels *discovered;
	const struct log_target *target;
	bool is_native;         /* a job without relabel_configs: its labels are made by agent/logs/stream_labels.c */
	bool is_pod;
};
typedef void log_found_fn(void *ctx, const struct log_found *found);
/* Those of static_configs and file_sd_configs. */
void log_job_each(const struct log_jobs *jobs, const struct log_job *job, log_found_fn *fn, void *ctx);
/* Does it read pods of the namespace? */
bool log_job_reads_pods(const struct log_job *job, struct str namespace_);
/* Those of a container of this node, for a job with kubernetes_sd_configs; at least one. pod: its object, NULL: what the path tells. With
 * the object there is one for each port. */
void log_job_each_of_pod(const struct log_jobs *jobs, const struct log_job *job, const struct pod_meta_path *path, const struct pod *pod,
			 log_found_fn *fn, void *ctx);

enum log_fit {
	FIT_READ,        /* the file is read under these labels */
	FIT_DROPPED,     /* the target is not kept: target->verdict says why */
	FIT_OTHER,       /* the target reads other files */
	FIT_EXCLUDED,    /* __path_exclude__ */
	FIT_TWICE        /* another one with the same labels reads it already */
};
struct log_choice {
	struct log_found found;
	enum log_fit fit;
	bool lacks_pod;         /* rules ask for labels of a pod object, and there was none: another answer with it */
};
/* Which jobs take the file at this path (absolute; the name of a rotated one will do), and why or why not. pod: the object of the pod
 * that it belongs to, or NULL. */
void log_jobs_explain(const struct log_jobs *jobs, struct str path, const struct pod *pod,
		      void (*fn)(void *ctx, const struct log_choice *choice), void *ctx);

#endif
