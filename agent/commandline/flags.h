/* The command line: Prometheus' manners. One or two dashes, --flag=value and --flag value, --no-flag for booleans. */
#ifndef AGENT_COMMANDLINE_FLAGS_H
#define AGENT_COMMANDLINE_FLAGS_H

#include <stdbool.h>

#include "config/load.h"
#include "parsers/bytes/buf.h"

enum { FLAGS_ARGUMENTS_MOST = 1 << 20 }; /* of a command that takes as many as there are */
enum { FLAGS_FAILED_EXIT = 1, FLAGS_USAGE_EXIT = 2, FLAGS_REMARKS_EXIT = 3 /* not as it should be */, FLAGS_CONFIG_EXIT = 78 /* EX_CONFIG */ };

enum { FLAGS_SETTINGS_MOST = 32 };

enum flag_kind { FLAG_TEXT, FLAG_ROOT, FLAG_CHOICE, FLAG_BOOL, FLAG_DURATION }; /* ROOT: a directory, kept without slashes at its end */

/* A row of the table in flags.c. A name may have several rows, when it means something else to another command. */
struct flag {
	const char *name;
	enum flag_kind kind;
	size_t offset;        /* in struct flags */
	const char *argument; /* word for help; the choices of a FLAG_CHOICE */
	const char *fallback; /* NULL: not set */
	const char *group;    /* heading in the help of `run` */
	const char *commands; /* that heed it, "check test"; "": all. The flags of run are taken by all, so that the same arguments fit */
	const char *help;
};

struct flags { /* views of argv */
	const char *command;            /* "run" when there is none; with help: NULL when there is none */
	const char *config_file;        /* NULL: none */
	bool expand_env;                /* --config.expand-env */
	const char *positions_import;   /* --positions.import; NULL: the file decides */
	struct config_setting settings[FLAGS_SETTINGS_MOST]; /* Promtail's flags that are keys of its file */
	size_t setting_count;
	const char *without_effect[FLAGS_SETTINGS_MOST]; /* Promtail's flags that do nothing here: names, for promtail_flag_find */
	size_t without_effect_count;
	int64_t auto_reload_interval_ns; /* --config.auto-reload-interval; 0: never */
	const char *loki_url;           /* --loki.url: one destination without a file; NULL: none */
	const char *path_pod_logs;      /* /var/log/pods */
	const char *path_docker;        /* /var/lib/docker/containers */
	/* Where the kernel shows itself, without a slash at the end ("/" is ""): for struct roots. */
	const char *path_procfs, *path_sysfs, *path_rootfs, *path_udev_data, *path_cgroupfs, *path_runtime_state;
	const char *path_service_account; /* of a pod: /var/run/secrets/kubernetes.io/serviceaccount */
	const char *state_dir;          /* /var/lib/spoor */
	const char *remote_write_url;   /* --remote-write.url: one receiver without a file; NULL: none */
	const char *web_config_file;    /* wins over the file's server.web_config_file; NULL: not set */
	const char *web_listen_address; /* NULL: not set, the file or the mode decides */
	const char *log_level, *log_format; /* NULL: not set, the file decides */
	bool no_sandbox;                /* --no-sandbox */
	bool enable_lifecycle, enable_tap; /* --web.enable-lifecycle, --web.enable-tap */
	/* Of commands that look into a running agent: how it is asked. NULL: not set. */
	const char *web_ca_file, *web_cert_file, *web_key_file, *web_user, *web_password_file;
	bool once;                      /* top */
	const char *sort;               /* top: behind|lag|bytes|name */
	const char *stage, *limit, *rate, *destination; /* tap: numbers as text; NULL: not set */
	bool dropped;                   /* tap */
	const char *bundle;             /* diagnose: where the archive goes; NULL: none is made */
	bool self_test;                 /* diagnose */
	const char *metrics_compat;     /* "promtail", or NULL */
	const char *job, *format;       /* --job; --format, whose words depend on the command; NULL: not set */
	bool strict;                    /* check: --strict */
	bool stages;                    /* inspect: --stages */
	const char *output;             /* inspect: text|json, NULL: JSON, text with --stages */
	const char *from, *report;      /* convert: NULL: whatever it is; NULL: standard error */
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
/* What was not said on one command line and was on another: where the configuration, the places and the port are. */
void flags_inherit(struct flags *own, const struct flags *from);
/* Row i of the table; NULL behind the last. */
const struct flag *flag_at(size_t i);
bool flag_is_of(const struct flag *f, const char *command);

#endif
