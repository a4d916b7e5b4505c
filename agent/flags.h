/* The command line: Prometheus' manners. One or two dashes, --flag=value and --flag value, --no-flag for booleans. */
#ifndef AGENT_FLAGS_H
#define AGENT_FLAGS_H

#include <stdbool.h>

#include "parsers/bytes/buf.h"

enum { FLAGS_USAGE_EXIT = 2, FLAGS_CONFIG_EXIT = 78 /* EX_CONFIG */ };

struct flags { /* views of argv */
	const char *command;            /* "run" when there is none */
	const char *config_file;        /* NULL: none */
	int64_t auto_reload_interval_ns; /* --config.auto-reload-interval; 0: never */
	const char *loki_url;           /* --loki.url: one destination without a file; NULL: none */
	const char *path_pod_logs;      /* /var/log/pods */
	const char *path_docker;        /* /var/lib/docker/containers */
	/* Where the kernel shows itself, without a slash at the end ("/" is ""): for struct roots. */
	const char *path_procfs, *path_sysfs, *path_rootfs, *path_udev_data, *path_cgroupfs, *path_runtime_state;
	const char *state_dir;          /* /var/lib/spoor */
	const char *remote_write_url;   /* --remote-write.url: one receiver without a file; NULL: none */
	const char *web_config_file;    /* wins over the file's server.web_config_file; NULL: not set */
	const char *web_listen_address; /* NULL: not set, the file or the mode decides */
	const char *log_level, *log_format; /* NULL: not set, the file decides */
	bool enable_lifecycle;          /* --web.enable-lifecycle */
	const char *job, *format;       /* inspect: --job, --format raw|cri|docker; NULL: not set */
	/* --collector.* and --no-collector.*, in order, without the dashes: node_exporter's, judged by agent/collectors. */
	const char **collector_flags;
	int collector_flag_count;
	bool help, version;
	char **rest;                    /* arguments behind the command, flags taken out; NULL-terminated */
	int rest_count;
};

/* Fills *out; argv is reordered: collectors' flags come first, then the arguments that are no flags. 0, or -1 with one sentence in err
 * (exit code FLAGS_USAGE_EXIT). With help or version set nothing else is judged. */
int flags_parse(int argc, char **argv, struct flags *out, char err[256]);
void flags_help(struct buf *out);    /* what --help prints */
void flags_version(struct buf *out); /* what --version prints */

#endif
