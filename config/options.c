/* THE table. Order is the order of the reference and of /config: a section or list row stands before its keys, and the keys of
 * a section stand together. Defaults and bounds are texts in the language of the file, read by the same functions as the file,
 * so that the reference cannot disagree with the program. Promtail's keys that cannot have an effect here are rows too: a
 * file that people already run gets a sentence for each of them instead of "unknown key". */
#include "config/options.h"

#include "config/config.h"

#define TOP(field) offsetof(struct config, field)
#define CLIENT(field) offsetof(struct config_client, field)
#define SCRAPE(field) offsetof(struct config_scrape, field)
#define STATIC(field) offsetof(struct config_static, field)
#define DISCOVERY(field) offsetof(struct config_discovery, field)

#define SECTION(path, help) { path, OPTION_SECTION, 0, "", "", help, 0, 0 }
#define LIST(path, at, count, type, most, help) { path, OPTION_LIST, at, "", ".." most, help, count, sizeof(type) }
#define ONE(path, list, help) { path, OPTION_ONE, 0, "", list, help, 0, 0 }
#define VALUE(path, kind, offset, fallback, range, help) { path, OPTION_##kind, offset, fallback, range, help, 0, 0 }
#define ACCEPTED(path, help) { path, OPTION_ACCEPTED, 0, "", "", help, 0, 0 }
#define IGNORED(path, what_happens, help) { path, OPTION_IGNORED, 0, what_happens, "", help, 0, 0 }
#define REFUSED(path, help) { path, OPTION_REFUSED, 0, "", "", help, 0, 0 }

/* Prometheus' tls_config, the same in every place. */
#define TLS(path, field)                                                                                                       \
	VALUE(path ".ca_file", STR, CLIENT(http.field.ca_file), "", "",                                                             \
	      "Certificate authorities to trust, PEM, instead of the system's."),                                              \
	VALUE(path ".cert_file", STR, CLIENT(http.field.cert_file), "", "", "Certificate to show to the server; needs key_file."),  \
	VALUE(path ".key_file", STR, CLIENT(http.field.key_file), "", "", "Private key of cert_file."),                             \
	VALUE(path ".server_name", STR, CLIENT(http.field.server_name), "", "",                                                     \
	      "Name to ask for and to check in the certificate, when it is not the host of the url."),                         \
	VALUE(path ".insecure_skip_verify", BOOL, CLIENT(http.field.insecure_skip_verify), "false", "",                             \
	      "Take any certificate. For a first try only: whoever sits between can read the logs and the password."),         \
	VALUE(path ".min_version", CHOICE, CLIENT(http.field.min_version), "", "TLS10|TLS11|TLS12|TLS13",                           \
	      "Lowest TLS version to speak. Empty: what the TLS library allows."),                                             \
	REFUSED(path ".ca", "certificates inside the configuration are not taken: put it into a file and name it in ca_file"), \
	REFUSED(path ".cert", "certificates inside the configuration are not taken: put it into a file and name it in cert_file"), \
	REFUSED(path ".key", "keys inside the configuration are not taken: put it into a file and name it in key_file"),       \
	REFUSED(path ".max_version", "an upper limit for the TLS version is not supported: remove this key")

#define NOT_YET "is not run by this version yet: remove it here, or keep Promtail for this job until it is"
#define NO_SOURCE "is not a source of this version, which reads files: remove this job, or keep Promtail for it"
#define NO_GRPC "has no effect: there is no gRPC server here"
#define NO_TUNING "has no effect: the HTTP server has fixed limits"
#define NO_RATE "has no effect: reading is held back by the destination, not by a rate, and no line is dropped for it"
#define BY_PATH "has no effect: pods are found by the path of their logs, the API server is not asked"

const struct option options[] = {
	SECTION("server", "The HTTP side (page, `/metrics`, health, JSON) and our own log lines. Flags win over these keys."),
	VALUE("server.http_listen_address", STR, TOP(server.http_listen_address), "", "",
	      "Address to listen on. Empty: every address in Kubernetes, `127.0.0.1` elsewhere."),
	VALUE("server.http_listen_port", INT, TOP(server.http_listen_port), "0", "0..65535",
	      "Port to listen on. 0: what `--web.listen-address` says, 9195 without it."),
	VALUE("server.log_level", CHOICE, TOP(server.log_level), "info", "debug|info|warn|error",
		"Least level of our own log lines."),
	VALUE("server.log_format", CHOICE, TOP(server.log_format), "logfmt", "logfmt|json", "Format of our own log lines."),
	VALUE("server.graceful_shutdown_timeout", DURATION, TOP(server.graceful_shutdown_timeout_ms), "25s", "0..10m",
	      "Time after SIGTERM to deliver what has been read. Keep it below the pod's grace period (30s by default); what is "
	      "not "
	      "delivered by then is read again after the start."),
	IGNORED("server.disable", "false", "has no effect: the HTTP server is always there; bind it to 127.0.0.1 to keep it "
		"private"),
	IGNORED("server.profiling_enabled", "false", "has no effect: there are no profiling endpoints"),
	IGNORED("server.register_instrumentation", "true", "has no effect: /metrics is always served"),
	IGNORED("server.enable_runtime_reload", "false",
		"has no effect: SIGHUP always reloads, and POST /-/reload is allowed by the flag --web.enable-lifecycle"),
	IGNORED("server.health_check_target", "false", "has no effect: being ready never depends on finding logs"),
	IGNORED("server.external_url", "", "has no effect: all links of the page are relative"),
	IGNORED("server.http_path_prefix", "", "has no effect: paths have no prefix"),
	IGNORED("server.http_listen_network", "tcp", "has no effect: it listens on TCP"),
	IGNORED("server.http_server_read_timeout", "", NO_TUNING),
	IGNORED("server.http_server_write_timeout", "", NO_TUNING),
	IGNORED("server.http_server_idle_timeout", "", NO_TUNING),
	IGNORED("server.grpc_listen_address", "", NO_GRPC),
	IGNORED("server.grpc_listen_port", "0", NO_GRPC),
	IGNORED("server.grpc_listen_network", "", NO_GRPC),
	IGNORED("server.grpc_server_max_recv_msg_size", "", NO_GRPC),
	IGNORED("server.grpc_server_max_send_msg_size", "", NO_GRPC),
	IGNORED("server.grpc_server_max_concurrent_streams", "", NO_GRPC),
	REFUSED("server.web_config_file", "TLS and passwords on the own port are not in this version yet: remove the key and "
		"listen on "
					  "127.0.0.1 or behind a network policy"),
	REFUSED("server.http_tls_config", "TLS on the own port is not in this version yet: remove the key and listen on 127.0.0.1"),

	SECTION("global", "What holds for everything that is shipped."),
	VALUE("global.external_labels", LABELS, TOP(global.external_labels), "", "",
	      "Labels put on every stream, such as `cluster`. A destination's own external_labels win over these."),
	IGNORED("global.file_watch_config", "", "has no effect: the kernel tells about changes (inotify), files are not polled on "
		"a clock"),

	SECTION("trace", "Trace ids out of log lines."),
	VALUE("trace.enabled", BOOL, TOP(trace.enabled), "true", "",
	      "Look for a trace id in every line and ship it as structured metadata `trace_id`, `span_id`, `trace_flags`."),

	SECTION("logs", "Container and file logs, in Promtail's keys."),
	LIST("logs.clients[]", TOP(logs.clients), TOP(logs.client_count), struct config_client, "64",
	     "Destinations: Loki, or what speaks its push API. Each one has its own progress: a slow one does not hold up the "
	     "others. "
	     "Without any, the newest records are kept in memory and shown on the page."),
	VALUE("logs.clients[].url", STR, CLIENT(url), "", "",
	      "Push address with its path, `http://loki:3100/loki/api/v1/push`. Required. User and password in it are moved to "
	      "basic_auth, with a warning."),
	VALUE("logs.clients[].name", STR, CLIENT(name), "", "",
	      "Name in metrics and on the page. Empty: made from the url. Must differ between destinations."),
	VALUE("logs.clients[].tenant_id", STR, CLIENT(tenant_id), "", "", "Sent as `X-Scope-OrgID`."),
	VALUE("logs.clients[].batchwait", DURATION, CLIENT(batchwait_ms), "1s", "10ms..5m",
	      "Longest time a line waits for others before it is sent."),
	VALUE("logs.clients[].batchsize", BYTES, CLIENT(batchsize_bytes), "1MiB", "4KiB..3MiB",
	      "Size, before compression, at which a batch is sent at once. Memory per destination grows with it."),
	VALUE("logs.clients[].timeout", DURATION, CLIENT(timeout_ms), "10s", "100ms..10m",
		"Longest time for one request, connecting included."),
	VALUE("logs.clients[].proxy_url", STR, CLIENT(http.proxy_url), "", "", "HTTP proxy on the way to the destination."),
	VALUE("logs.clients[].follow_redirects", BOOL, CLIENT(http.follow_redirects), "true", "",
	      "Follow redirects. Credentials are never sent to another origin."),
	VALUE("logs.clients[].drop_rate_limited_batches", BOOL, CLIENT(drop_rate_limited_batches), "false", "",
	      "Drop what Loki answers with 429, counted, instead of trying again."),
	VALUE("logs.clients[].bearer_token", SECRET, CLIENT(http.bearer_token), "", "", "The same as authorization.credentials."),
	VALUE("logs.clients[].bearer_token_file", STR, CLIENT(http.bearer_token_file), "", "",
		"The same as authorization.credentials_file."),
	VALUE("logs.clients[].headers", SECRET_MAP, CLIENT(http.headers), "", "",
	      "More HTTP headers, name to value. Those that the program sets itself (such as Authorization) are refused."),
	VALUE("logs.clients[].external_labels", LABELS, CLIENT(external_labels), "", "",
		"Labels put on every stream to this destination."),
	IGNORED("logs.clients[].enable_http2", "false", "has no effect: requests are HTTP/1.1"),
	IGNORED("logs.clients[].stream_lag_labels", "", "has no effect: lag is measured for each file"),
	REFUSED("logs.clients[].proxy_from_environment", "the environment is not read for proxies: name the proxy in proxy_url"),
	REFUSED("logs.clients[].no_proxy", "is not supported: a client with proxy_url always uses it; remove this key"),
	REFUSED("logs.clients[].proxy_connect_header", "is not supported: remove this key"),
	REFUSED("logs.clients[].http_headers", "is not supported: use headers, name to value"),
	SECTION("logs.clients[].backoff_config", "Waiting between attempts; each wait doubles, with jitter. `Retry-After` is "
		"honoured."),
	VALUE("logs.clients[].backoff_config.min_period", DURATION, CLIENT(backoff_min_period_ms), "500ms", "1ms..1h",
		"The first wait."),
	VALUE("logs.clients[].backoff_config.max_period", DURATION, CLIENT(backoff_max_period_ms), "5m", "1ms..1h",
		"The longest wait."),
	VALUE("logs.clients[].backoff_config.max_retries", INT, CLIENT(backoff_max_retries), "0", "0..1000000",
	      "Attempts before a batch is dropped. 0: never give up (Promtail: 10): the disk keeps the lines, so waiting loses "
	      "nothing."),
	SECTION("logs.clients[].basic_auth", "User and password. At most one of basic_auth, authorization, bearer_token and "
		"oauth2."),
	VALUE("logs.clients[].basic_auth.username", STR, CLIENT(http.basic_auth.username), "", "", "User name."),
	VALUE("logs.clients[].basic_auth.username_file", STR, CLIENT(http.basic_auth.username_file), "", "",
		"File that holds the user name."),
	VALUE("logs.clients[].basic_auth.password", SECRET, CLIENT(http.basic_auth.password), "", "",
		"Password. Better: password_file."),
	VALUE("logs.clients[].basic_auth.password_file", STR, CLIENT(http.basic_auth.password_file), "", "",
	      "File that holds the password; read again when it changes."),
	SECTION("logs.clients[].authorization", "The Authorization header."),
	VALUE("logs.clients[].authorization.type", STR, CLIENT(http.authorization_type), "Bearer", "", "Its first word."),
	VALUE("logs.clients[].authorization.credentials", SECRET, CLIENT(http.authorization_credentials), "", "",
	      "What follows. Better: credentials_file."),
	VALUE("logs.clients[].authorization.credentials_file", STR, CLIENT(http.authorization_credentials_file), "", "",
	      "File that holds it; read again when it changes."),
	SECTION("logs.clients[].oauth2", "OAuth 2.0 client credentials: a token is fetched from token_url and renewed before it "
		"ends."),
	VALUE("logs.clients[].oauth2.client_id", STR, CLIENT(http.oauth2.client_id), "", "", "Required."),
	VALUE("logs.clients[].oauth2.client_secret", SECRET, CLIENT(http.oauth2.client_secret), "", "", "Better: client_secret_file."),
	VALUE("logs.clients[].oauth2.client_secret_file", STR, CLIENT(http.oauth2.client_secret_file), "", "",
		"File that holds the secret."),
	VALUE("logs.clients[].oauth2.token_url", STR, CLIENT(http.oauth2.token_url), "", "", "Where tokens come from. Required."),
	VALUE("logs.clients[].oauth2.scopes", STRINGS, CLIENT(http.oauth2.scopes), "", "", "Scopes to ask for."),
	VALUE("logs.clients[].oauth2.endpoint_params", SECRET_MAP, CLIENT(http.oauth2.endpoint_params), "", "",
		"More parameters of the token request."),
	VALUE("logs.clients[].oauth2.proxy_url", STR, CLIENT(http.oauth2.proxy_url), "", "", "HTTP proxy on the way to token_url."),
	SECTION("logs.clients[].oauth2.tls_config", "TLS towards token_url."),
	TLS("logs.clients[].oauth2.tls_config", oauth2.tls_config),
	SECTION("logs.clients[].tls_config", "TLS towards the destination. Files are read again when they change."),
	TLS("logs.clients[].tls_config", tls_config),
	ONE("logs.client", "logs.clients[]", "One destination, Promtail's older spelling; the same keys as an element of clients."),

	SECTION("logs.positions", "Where the progress of every file is kept."),
	VALUE("logs.positions.filename", STR, TOP(logs.positions.filename), "", "",
	      "Checkpoint file. Empty: `positions` in `--state.dir`. It must be on a disk of the node, not inside the container. "
	      "Its "
	      "format is our own: Promtail's file is not read."),
	VALUE("logs.positions.sync_period", DURATION, TOP(logs.positions.sync_period_ms), "1s", "10ms..1h",
	      "How often it is written when something changed. Lines acknowledged after the last write are sent again after a "
	      "crash; "
	      "they are byte-identical, so Loki drops them."),
	IGNORED("logs.positions.ignore_invalid_yaml", "", "has no effect: the file is checksummed, and the one before it is kept "
		"as a fallback"),

	SECTION("logs.limits_config", "Bounds."),
	VALUE("logs.limits_config.max_line_size", BYTES, TOP(logs.limits_config.max_line_size_bytes), "262000", "0..1MiB",
	      "Longer lines are cut and marked, and counted; never dropped. The default is just below Loki's own limit. 0: the "
	      "default; else 256 at least."),
	VALUE("logs.limits_config.max_streams", COUNT, TOP(logs.limits_config.max_streams), "0", "0..1000000",
	      "Most streams at one time; what comes beyond goes to one stream named `__overflow__`. 0: no limit."),
	IGNORED("logs.limits_config.max_line_size_truncate", "true", "has no effect: longer lines are always cut, never dropped"),
	IGNORED("logs.limits_config.readline_rate_enabled", "false", NO_RATE),
	IGNORED("logs.limits_config.readline_rate", "", NO_RATE),
	IGNORED("logs.limits_config.readline_burst", "", NO_RATE),
	IGNORED("logs.limits_config.readline_rate_drop", "false", NO_RATE),

	SECTION("logs.target_config", "How files are found."),
	VALUE("logs.target_config.sync_period", DURATION, TOP(logs.target_config.sync_period_ms), "10s", "100ms..1h",
	      "How often directories are compared with what is known, in case the kernel's notice was missed."),
	IGNORED("logs.target_config.stdin", "false", "has no effect: for lines on standard input there is `spoor inspect`"),

	LIST("logs.scrape_configs[]", TOP(logs.scrapes), TOP(logs.scrape_count), struct config_scrape, "1000",
	     "Jobs: which files, with which labels. Without any, one job reads all pods under `--path.pod-logs`."),
	VALUE("logs.scrape_configs[].job_name", STR, SCRAPE(job_name), "", "", "Required, unique."),
	VALUE("logs.scrape_configs[].pipeline_stages", STAGES, SCRAPE(format), "", "",
	      "What wraps each line: `- cri: {}` (containerd, CRI-O) or `- docker: {}`. Empty: the line itself for files, found "
	      "out for "
	      "pods. Other stages are not run by this version and are refused."),
	LIST("logs.scrape_configs[].static_configs[]", SCRAPE(statics), SCRAPE(static_count), struct config_static, "10000",
	     "Files by pattern."),
	VALUE("logs.scrape_configs[].static_configs[].labels", STATIC_LABELS, STATIC(labels), "", "",
	      "`__path__` is the pattern of files to read, absolute, with `*`, `**`, `?`, `[...]`, `{a,b}` (required); "
	      "`__path_exclude__` leaves out what it matches; all others are labels of the streams, 15 at most."),
	ACCEPTED("logs.scrape_configs[].static_configs[].targets", "Without meaning for files; accepted because Promtail files "
		"have it."),
	LIST("logs.scrape_configs[].kubernetes_sd_configs[]", SCRAPE(discoveries), SCRAPE(discovery_count),
		struct config_discovery, "16",
	     "All pods of this node, found by the path of their logs under `--path.pod-logs`; the API server is not asked."),
	VALUE("logs.scrape_configs[].kubernetes_sd_configs[].role", STR, DISCOVERY(role), "", "", "`pod`. Required."),
	REFUSED("logs.scrape_configs[].kubernetes_sd_configs[].namespaces", "a choice of namespaces " NOT_YET),
	REFUSED("logs.scrape_configs[].kubernetes_sd_configs[].selectors", "a choice by selectors " NOT_YET),
	REFUSED("logs.scrape_configs[].kubernetes_sd_configs[].attach_metadata", "metadata from the API server " NOT_YET),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].api_server", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].kubeconfig_file", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].basic_auth", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].authorization", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].bearer_token", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].bearer_token_file", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].oauth2", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].tls_config", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].proxy_url", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].follow_redirects", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].enable_http2", "", BY_PATH),
	REFUSED("logs.scrape_configs[].relabel_configs", NOT_YET),
	REFUSED("logs.scrape_configs[].decompression", "is not supported: rotated .gz files of a log that is followed are read "
		"without it; remove it"),
	REFUSED("logs.scrape_configs[].encoding", "is not supported: logs are read as UTF-8; remove it"),
	REFUSED("logs.scrape_configs[].file_sd_configs", NOT_YET),
	REFUSED("logs.scrape_configs[].docker_sd_configs",
		"is not run by this version yet: name the files in static_configs (/var/lib/docker/containers/*/*-json.log) with "
		"the stage docker"),
	REFUSED("logs.scrape_configs[].journal", NO_SOURCE),
	REFUSED("logs.scrape_configs[].syslog", NO_SOURCE),
	REFUSED("logs.scrape_configs[].loki_push_api", NO_SOURCE),
	REFUSED("logs.scrape_configs[].windows_events", NO_SOURCE),
	REFUSED("logs.scrape_configs[].gcplog", NO_SOURCE),
	REFUSED("logs.scrape_configs[].azure_event_hub", NO_SOURCE),
	REFUSED("logs.scrape_configs[].kafka", NO_SOURCE),
	REFUSED("logs.scrape_configs[].gelf", NO_SOURCE),
	REFUSED("logs.scrape_configs[].cloudflare", NO_SOURCE),
	REFUSED("logs.scrape_configs[].heroku_drain", NO_SOURCE),
	REFUSED("logs.scrape_configs[].consul_sd_configs", NO_SOURCE),
	REFUSED("logs.scrape_configs[].consulagent_sd_configs", NO_SOURCE),

	REFUSED("metrics", "metrics are not collected by this version yet: remove the metrics section, and keep the Prometheus "
		"agent and "
			   "node_exporter for now"),
	IGNORED("tracing", "", "has no effect: the program does not trace itself"),
	IGNORED("options", "", "has no effect"),
};
const size_t option_count = COUNT_OF(options);

const char *const option_kind_names[OPTION_KINDS] = {
	[OPTION_STR] = "string",
	[OPTION_SECRET] = "secret",
	[OPTION_CHOICE] = "choice",
	[OPTION_BOOL] = "boolean",
	[OPTION_INT] = "integer",
	[OPTION_COUNT] = "integer",
	[OPTION_DURATION] = "duration",
	[OPTION_BYTES] = "size",
	[OPTION_STRINGS] = "list of strings",
	[OPTION_LABELS] = "labels",
	[OPTION_STATIC_LABELS] = "labels",
	[OPTION_SECRET_MAP] = "mapping, values secret",
	[OPTION_STAGES] = "list of stages",
	[OPTION_SECTION] = "section",
	[OPTION_LIST] = "list of sections",
	[OPTION_ONE] = "section",
	[OPTION_ACCEPTED] = "anything",
	[OPTION_IGNORED] = "anything",
	[OPTION_REFUSED] = "nothing",
};

static struct str without_brackets(struct str s)
{
	return str_ends(s, STR("[]")) ? str_take(s, s.n - 2) : s;
}

struct str option_section(const struct option *o)
{
	struct str path = without_brackets(str_of(o->path));
	while (path.n && path.p[path.n - 1] != '.')
		path.n--;
	return str_take(path, path.n ? path.n - 1 : 0);
}

struct str option_key(const struct option *o)
{
	struct str section = option_section(o);
	return without_brackets(str_skip(str_of(o->path), section.n ? section.n + 1 : 0));
}

const struct option *option_find(struct str section, struct str key)
{
	for (size_t i = 0; i < option_count; i++) {
		struct str path = without_brackets(str_of(options[i].path));
		size_t lead = section.n ? section.n + 1 : 0;
		if (path.n == lead + key.n && str_starts(path, section) && str_ends(path, key) &&
		    (!lead || path.p[section.n] == '.') &&
		    str_find(key, '.') == key.n)
			return &options[i];
	}
	return NULL;
}

void option_range(const struct option *o, struct str *least, struct str *most)
{
	struct str all = str_of(o->range);
	size_t at = 0;
	while (at + 1 < all.n && (all.p[at] != '.' || all.p[at + 1] != '.'))
		at++;
	*least = at + 1 < all.n ? str_take(all, at) : (struct str){ 0 };
	*most = at + 1 < all.n ? str_skip(all, at + 2) : (struct str){ 0 };
}
