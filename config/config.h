/* The configuration: plain data, immutable once loaded, all strings in its arena. Units are in the names.
 * Filled by config/load.c from the table in config/options.c; Promtail's keys under `logs`. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "parsers/bytes/arena.h"
#include "parsers/bytes/str.h"

struct config_label { struct str name, value; };
struct config_labels { struct config_label *at; size_t count; };
struct config_strings { struct str *at; size_t count; };

struct config_tls {
	struct str ca_file, cert_file, key_file, server_name, min_version;
	bool insecure_skip_verify;
};
struct config_basic_auth { struct str username, username_file, password, password_file; };
struct config_oauth2 {
	struct str client_id, client_secret, client_secret_file, token_url, proxy_url;
	struct config_strings scopes;
	struct config_labels endpoint_params;
	struct config_tls tls_config;
};

struct config_client { /* logs.clients[] : Promtail's client block */
	struct str name, url, tenant_id, proxy_url;
	struct config_basic_auth basic_auth;
	struct str authorization_type, authorization_credentials, authorization_credentials_file;
	struct str bearer_token, bearer_token_file;
	struct config_oauth2 oauth2;
	struct config_tls tls_config;
	struct config_labels headers, external_labels;
	int64_t batchwait_ms;        /* 1s */
	uint64_t batchsize_bytes;    /* 1MiB, 4KiB..3MiB */
	int64_t timeout_ms;          /* 10s */
	int64_t backoff_min_period_ms, backoff_max_period_ms; /* 500ms, 5m (Promtail's defaults) */
	int64_t backoff_max_retries; /* 0: never give up */
	bool follow_redirects, drop_rate_limited_batches;
	uint64_t line; /* of the file, for messages */
};

enum log_format { FORMAT_AUTO, FORMAT_CRI, FORMAT_DOCKER, FORMAT_RAW };

struct config_static { /* scrape_configs[].static_configs[] */
	struct config_labels labels; /* without the __…__ ones */
	struct str path, path_exclude; /* __path__, __path_exclude__: globs with *, **, ?, [], {a,b} */
};
struct config_discovery { struct str role; }; /* kubernetes_sd_configs[]; role is pod */
struct config_scrape { /* logs.scrape_configs[] */
	struct str job_name;
	bool is_pods;                /* built-in Kubernetes path discovery (kubernetes_sd_configs: [{role: pod}]) */
	enum log_format format;      /* from pipeline_stages [cri: {}] or [docker: {}]; pods: FORMAT_AUTO */
	struct config_static *statics;
	size_t static_count;
	struct config_discovery *discoveries;
	size_t discovery_count;
	uint64_t line;
};

struct config {
	struct arena arena;
	struct str path;             /* file it came from, empty: built-in defaults */
	uint64_t hash;               /* of the file's bytes, shown on the page */
	struct {
		struct str http_listen_address;
		int64_t http_listen_port; /* 0: not set, the command line decides */
		struct str log_level, log_format;
		int64_t graceful_shutdown_timeout_ms; /* 25 s: below the usual 30 s grace period */
	} server;
	struct {
		struct config_labels external_labels; /* logs and metrics */
	} global;
	struct {
		bool enabled;            /* true */
	} trace;
	struct {
		struct config_client *clients;
		size_t client_count;
		struct {
			struct str filename;      /* empty: <state dir>/positions */
			int64_t sync_period_ms;   /* 1s */
		} positions;
		struct {
			uint64_t max_line_size_bytes;   /* 256KiB less the marker, Loki's own default; longer lines are cut */
			uint64_t max_streams;           /* 0: no limit; beyond it one stream "__overflow__" */
		} limits_config;
		struct {
			int64_t sync_period_ms;         /* reconciliation: 10s as Promtail's target_config.sync_period */
		} target_config;
		struct config_scrape *scrapes;
		size_t scrape_count;     /* 0 in the file: the built-in pods job is put here by config_load */
	} logs;
};

#endif
