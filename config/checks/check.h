/* The parts of the cross-field rules. */
#ifndef CONFIG_CHECKS_CHECK_H
#define CONFIG_CHECKS_CHECK_H

#include "config/loader.h"

/* check_http.c. Returns the kind of authentication that is asked for, NULL: none. */
enum http_place { HTTP_OF_CLIENT = 1, HTTP_OF_SCRAPE = 2, HTTP_OF_REMOTE = 4, HTTP_OF_KUBERNETES = 8 };
const char *check_http(struct loader *r, struct config_http *c, enum http_place where);

/* check_destination.c: what a client of logs and a receiver of metrics have in common. */
struct destination {
	struct str *name, *url, *tenant_id;
	struct config_http *http;
	const struct config_labels *labels;  /* that it puts on what is sent */
	const struct config_relabels *rules; /* that it has for what is sent */
	uint64_t line;
	const char *example, *usual; /* of a url; "Loki takes logs at ..." */
};
void check_url(struct loader *r, const struct destination *d, const struct place *element, const char *authentication_kind);
/* Two that would share a name, or that are the same; where only the url is, gives names by what differs. */
void check_twins(struct loader *r, const struct destination *c, const struct destination *other);

/* check.c: the shorter wait first. */
void check_backoff(struct loader *r, const int64_t *least_ms, const int64_t *most_ms, const char *least_key, const char *most_key);
/* check_relabel.c: each rule by itself; fills the has_ fields. */
void check_relabels(struct loader *r, struct config_relabels *rules);
/* check_jobs.c: the rules for logs.scrape_configs; adds the built-in job when there is none. */
void check_jobs(struct loader *r);
/* check_journal.c: a job's journal section; finds out whether there is one. */
void check_journal(struct loader *r, struct config_scrape *job);
/* check_files.c: how a job's files are to be read. */
void check_files(struct loader *r, struct config_scrape *job);
/* check_metrics.c: the rules for metrics but its jobs; check_scrapes.c: its jobs, with the built-in ones added in front. */
void check_metrics(struct loader *r);
void check_scrapes(struct loader *r);
/* check_trace.c: the rules for trace. */
void check_trace(struct loader *r);
/* check_kubernetes.c */
void check_kubernetes(struct loader *r);
/* check_scrapes.c: file_sd_configs[] of either kind of job; names become absolute. */
void check_file_sd(struct loader *r, struct config_file_sd *files);
/* How many labels a stream with these has in the end, with the external ones of the destination that has most. */
enum { CHECK_LABELS_MOST = 15 };
size_t check_labels_together(const struct config *c, const struct config_labels *own);
/* stages.c: the same with the stage in front that puts stack traces together. */
void stages_join(struct arena *arena, const struct config_stages *stages, struct config_stages *out);
/* check_log_rules.c: relabel_configs of a job of logs, when everything else of it is good. */
void check_log_rules(struct loader *r, struct config_scrape *job);
/* check_glob.c: NULL, or what is wrong with a pattern of file names. */
const char *check_glob(struct str pattern);

#endif
