/* The configuration: plain data, immutable once loaded, all strings in its arena. Units are in the names.
 * Filled by config/load.c from the table in config/options/options.c; Promtail's keys under `logs`. */
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

struct config_http { /* Prometheus' http_config, the same in every place */
	struct config_basic_auth basic_auth;
	struct str authorization_header, authorization_type, authorization_credentials, authorization_credentials_file;
	struct str bearer_token, bearer_token_file;
	struct config_oauth2 oauth2;
	struct config_tls tls_config;
	struct str proxy_url;
	struct config_labels headers, http_headers; /* the latter of clients: put to the former when it is checked */
	bool follow_redirects;
};

struct config_client { /* logs.clients[] : Promtail's client block */
	struct str name, url, tenant_id;
	struct str protocol;         /* loki, otlphttp */
	struct config_http http;
	struct config_labels external_labels;
	int64_t batchwait_ms;        /* 1s */
	uint64_t batchsize_bytes;    /* 1MiB, 4KiB..3MiB */
	int64_t timeout_ms;          /* 10s */
	int64_t backoff_min_period_ms, backoff_max_period_ms; /* 500ms, 5m (Promtail's defaults) */
	int64_t backoff_max_retries; /* 0: never give up */
	bool drop_rate_limited_batches;
	uint64_t line; /* of the file, for messages */
};

enum log_format { FORMAT_AUTO, FORMAT_CRI, FORMAT_DOCKER, FORMAT_RAW };

struct stage_node;
struct config_stages { /* pipeline_stages */
	enum log_format format;        /* a first stage cri or docker, else FORMAT_AUTO */
	const struct stage_node *list; /* the stages behind it (parsers/stages/stages.h); NULL: none */
	bool has_joining;              /* the first one of the list is ours, which puts stack traces together: it is not in the file */
	bool needs_default_tenant;     /* a stage gives lines to tenants, and may find none for some */
};
struct buf;
void stages_print(const struct config_stages *stages, struct buf *out); /* as one line of YAML, with the line feed */

struct config_relabel { /* relabel_configs[]: made into struct relabel_options by the user of the rules */
	struct config_strings source_labels;
	struct str separator, regex, target_label, replacement, action;
	uint64_t modulus;
	bool has_separator, has_regex, has_replacement, has_modulus; /* other than the default */
	uint64_t line;
};
struct config_relabels { struct config_relabel *at; size_t count; };
struct config_file_sd { struct config_strings files; int64_t refresh_interval_ms; /* 5m */ };

struct config_static { /* scrape_configs[].static_configs[] */
	struct config_labels labels; /* without the __…__ ones */
	struct config_labels internal; /* other __… ones, for relabel_configs */
	struct config_strings targets; /* __address__ of each; "localhost" without any */
	struct str path, path_exclude; /* __path__, __path_exclude__: globs with *, **, ?, [], {a,b} */
};
struct config_selector { struct str role, field, label; };
struct config_discovery { /* kubernetes_sd_configs[]; role is pod */
	struct str role;
	struct config_strings namespaces; /* none: all */
	struct config_selector *selectors; /* say no more than "pods of this node" */
	size_t selector_count;
};
struct config_journal { /* scrape_configs[].journal: the systemd journal */
	bool is_there, json;
	int64_t max_age_ms;          /* 7h; older entries are not read, whatever is saved */
	int64_t first_age_ms;        /* 0: max_age; the same where nothing is saved yet, for the built-in job */
	struct config_labels labels; /* with the __…__ ones, which rules may look at */
	struct str path, matches;    /* a directory, empty: the system's; parsers/journal/journal_matches.h */
};
struct config_scrape { /* logs.scrape_configs[] */
	struct str job_name;
	bool is_pods;                /* built-in Kubernetes path discovery (kubernetes_sd_configs: [{role: pod}]) */
	bool is_promtail;            /* labels as Promtail makes them and no others: it has relabel_configs, or the file is Promtail's own */
	struct config_relabels relabel_configs;
	struct config_file_sd *files;
	size_t file_count;
	struct config_stages stages, joining; /* joining: the same, behind one that puts stack traces together */
	bool stack_traces;           /* joining is what runs */
	struct config_static *statics;
	size_t static_count;
	struct config_discovery *discoveries;
	size_t discovery_count;
	struct config_journal journal;
	struct {
		bool enabled;        /* files are compressed, and logs of their own */
		int64_t initial_delay_ms;
		struct str format;   /* gz, z */
	} decompression;
	struct str encoding;         /* as it is written */
	const struct charset *charset; /* of it; NULL: UTF-8 */
	uint64_t line;
};

const struct config_stages *config_scrape_stages(const struct config_scrape *job); /* what runs */

/* ---- metrics: the Prometheus agent's keys ---- */

struct config_target_group { /* static_configs[] */
	struct config_strings targets; /* host:port */
	struct config_labels labels;
};
struct config_pod_sd { struct str role; }; /* kubernetes_sd_configs[] role pod: the pods of this node */
enum scrape_builtin { BUILTIN_NONE, BUILTIN_NODE, BUILTIN_PODS, BUILTIN_LOGS, BUILTIN_SELF, SCRAPE_BUILTINS };

struct config_metric_scrape { /* metrics.scrape_configs[] */
	struct str job_name, metrics_path, scheme; /* /metrics, http */
	enum scrape_builtin builtin;       /* made by metrics.node and its like; not written as a job */
	int64_t scrape_interval_ms, scrape_timeout_ms; /* 0: the global ones, filled in by the loader */
	struct config_http http;
	struct config_labels params;       /* one row per value, names may repeat */
	struct config_target_group *statics; size_t static_count;
	struct config_file_sd *files; size_t file_count;
	struct config_pod_sd *pods; size_t pod_count;
	struct config_relabels relabel_configs, metric_relabel_configs;
	bool honor_labels, honor_timestamps, track_timestamps_staleness, enable_compression, scrape_native_histograms;
	uint64_t sample_limit, label_limit, label_name_length_limit, label_value_length_limit, target_limit, body_size_limit_bytes;
	struct str fallback_scrape_protocol;
	struct config_strings scrape_protocols;
	uint64_t line;
};

struct config_remote_write { /* metrics.remote_write[] */
	struct str name, url, tenant_id;   /* tenant_id: a shorthand for headers X-Scope-OrgID */
	struct config_http http;
	int64_t remote_timeout_ms;         /* 30s */
	struct str protocol;               /* remote_write, otlphttp */
	struct str protobuf_message;       /* "", prometheus.WriteRequest, io.prometheus.write.v2.Request */
	struct config_relabels write_relabel_configs;
	bool send_exemplars, send_native_histograms; /* true, true */
	struct {
		uint64_t max_samples_per_send, min_shards, max_shards; /* 2000, 1, 8 */
		int64_t batch_send_deadline_ms, min_backoff_ms, max_backoff_ms, sample_age_limit_ms; /* 5s, 30ms, 5s, 0 */
		bool retry_on_http_429;    /* true */
	} queue_config;
	struct {
		bool send;                 /* true */
		int64_t send_interval_ms;  /* 1m */
	} metadata_config;
	uint64_t line;
};

struct config_kubernetes { /* where pod objects come from */
	struct str metadata;               /* auto, api, kubelet, none */
	struct str api_server, kubelet_url;
	struct config_http http;           /* some of it: bearer_token_file, proxy_url, tls_config */
	int64_t metadata_wait_ms;          /* 10s */
	int64_t poll_interval_ms;          /* 10s */
	struct config_strings pod_annotations; /* what pods may ask for their logs; exclude when the file has none */
	unsigned pod_wishes;               /* the same as enum pod_wish */
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
		bool enable_runtime_reload; /* POST /-/reload */
		struct str web_config_file; /* TLS and users of our own port, in the exporters' format */
	} server;
	struct {
		struct config_labels external_labels; /* logs and metrics */
	} global;
	struct {
		bool enabled;            /* true */
		struct str exemplar_label; /* trace_id; a legacy label name */
		struct {
			struct str percentage, without_id_percentage; /* as written: 100, 100 */
			double share, without_id_share; /* 0 to 1, of them; filled in by the loader */
			bool keep_sampled; /* false */
		} sampling;
		struct {
			bool stack_traces;       /* true */
			struct str request_ids;  /* container, off or pod */
		} correlation;
	} trace;
	struct config_kubernetes kubernetes;
	struct {
		bool enabled;            /* true; false: scrape_count is 0 */
		bool stack_traces;       /* of jobs that do not say; false */
		struct str label_profile; /* default, otel or minimal: agent/logs/label_profile.h */
		struct config_client *clients;
		size_t client_count;
		struct {
			struct str filename;      /* ours is this with .spoor; empty: <state dir>/positions */
			struct str import;        /* Promtail's, read only; empty: none */
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
	struct {
		int64_t scrape_interval_ms, scrape_timeout_ms; /* global: 15s, 10s (1m as Prometheus in a bare Prometheus file) */
		struct config_labels external_labels; /* global.external_labels of the file, metrics.global's win */
		struct config_metric_scrape defaults; /* limits and protocols of metrics.global; the loader has put them into the jobs */
		struct config_builtin {
			struct str enabled;        /* auto, true, false; auto: when there are no scrape_configs */
			struct str job;            /* node: node-exporter; pods: cadvisor; logs: spoor-logs; self: spoor */
			struct config_labels labels; /* more target labels, such as metrics_path */
			int64_t scrape_interval_ms; /* 0: the global one */
		} node, pods, logs, self;
		struct config_monitors {
			bool enabled;              /* false */
			struct config_strings namespaces; /* of the objects; none: all */
			bool host_network;         /* false: pods on the node's own network are left out */
		} pod_monitors, service_monitors;
		struct {
			uint64_t max_bytes;        /* 512MiB */
		} spool;
		struct config_metric_scrape *scrapes; size_t scrape_count; /* the built-in ones first, when enabled */
		struct config_remote_write *remotes; size_t remote_count;
	} metrics;
};

#endif
