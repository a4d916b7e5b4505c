/* The command line: Prometheus' manners. One or two dashes, --flag=value and --flag value, --no-flag for booleans. */
#ifndef AGENT_FLAGS_H
#define AGENT_FLAGS_H

#include <stdbool.h>

#include "parsers/bytes/buf.h"

enum { FLAGS_USAGE_EXIT = 2, FLAGS_CONFIG_EXIT = 78 /* EX_CONFIG */ };

struct flags { /* views of argv */
	const char *command;            /* "run" when there is none */
	const char *config_file;        /* NULL: none */
	const char *loki_url;           /* --loki.url: one destination without a file; NULL: none */
	const char *path_pod_logs;      /* /var/log/pods */
	const char *path_docker;        /* /var/lib/docker/containers */
	const char *state_dir;          /* /var/lib/spoor */
	const char *web_listen_address; /* NULL: not set, the file or the mode decides */
	const char *log_level, *log_format; /* NULL: not set, the file decides */
	bool enable_lifecycle;          /* --web.enable-lifecycle */
	const char *job, *format;       /* inspect: --job, --format raw|cri|docker; NULL: not set */
	bool help, version;
	char **rest;                    /* arguments behind the command, flags taken out; NULL-terminated */
	int rest_count;
};

/* Fills *out; argv is reordered: arguments that are no flags move behind the command's name. 0, or -1 with one sentence in err
 * (exit code FLAGS_USAGE_EXIT). With help or version set nothing else is judged. */
int flags_parse(int argc, char **argv, struct flags *out, char err[256]);
void flags_help(struct buf *out);    /* what --help prints */
void flags_version(struct buf *out); /* what --version prints */

#endif
