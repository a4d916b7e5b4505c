/* loki: clients/cmd/promtail/main.go and the RegisterFlags of clients/pkg/promtail; dskit: server/server.go. */
#include "agent/commandline/flags_promtail.h"

#define SETTING(name, key) { name, PROMTAIL_SETTING, false, key }
#define SWITCH(name, key) { name, PROMTAIL_SETTING, true, key }
#define NOTHING(name, why) { name, PROMTAIL_IGNORED, false, why }
#define NO_SWITCH(name, why) { name, PROMTAIL_IGNORED, true, why }
#define INSTEAD(name, what) { name, PROMTAIL_REFUSED, true, what }

#define AT_CONFIG "the configuration in use is shown at /config"
#define NO_GRPC "there is no gRPC server here"
#define NO_CLUSTER "it is for calls between Loki's own parts"
#define NO_OWN_TRACES "the program does not trace itself"
#define FIXED "the HTTP server has fixed limits"
#define NO_REQUEST_LOG "requests to our own port are not logged"

static const struct promtail_flag flags[] = {
	NO_SWITCH("print-config-stderr", AT_CONFIG),
	NO_SWITCH("log-config-reverse-order", AT_CONFIG),
	INSTEAD("dry-run", "to see what becomes of lines: spoor inspect --config.file=FILE --job=NAME < lines"),
	INSTEAD("inspect", "to see what becomes of lines: spoor inspect --config.file=FILE --job=NAME < lines"),
	INSTEAD("stdin", "standard input is not shipped: write to a file that a job reads"),
	INSTEAD("check-syntax", "spoor check FILE"),
	SETTING("client.url", "client.url"),
	SETTING("client.batch-wait", "client.batchwait"),
	SETTING("client.batch-size-bytes", "client.batchsize"),
	SETTING("client.max-retries", "client.backoff_config.max_retries"),
	SETTING("client.min-backoff", "client.backoff_config.min_period"),
	SETTING("client.max-backoff", "client.backoff_config.max_period"),
	SETTING("client.timeout", "client.timeout"),
	SETTING("client.tenant-id", "client.tenant_id"),
	SETTING("client.external-labels", "client.external_labels"),
	SWITCH("client.drop-rate-limited-batches", "client.drop_rate_limited_batches"),
	SETTING("positions.file", "positions.filename"),
	SETTING("positions.sync-period", "positions.sync_period"),
	NO_SWITCH("positions.ignore-invalid-yaml", "a file that cannot be read is told and left alone"),
	SETTING("target.sync-period", "target_config.sync_period"),
	SETTING("max-streams", "limits_config.max_streams"),
	SETTING("max-line-size", "limits_config.max_line_size"),
	NO_SWITCH("max-line-size-truncate", "longer lines are always cut, never dropped"),
	SWITCH("limit.readline-rate-enabled", "limits_config.readline_rate_enabled"),
	NOTHING("limit.readline-rate", "reading is held back by the destination, not by a rate"),
	NOTHING("limit.readline-burst", "reading is held back by the destination, not by a rate"),
	NO_SWITCH("limit.readline-rate-drop", "reading is held back by the destination, not by a rate"),
	NOTHING("file-watch.min_poll_frequency", "the kernel tells about changes"),
	NOTHING("file-watch.max_poll_frequency", "the kernel tells about changes"),
	NO_SWITCH("tracing.enabled", NO_OWN_TRACES),
	SETTING("server.http-listen-address", "server.http_listen_address"),
	SETTING("server.http-listen-port", "server.http_listen_port"),
	SETTING("server.graceful-shutdown-timeout", "server.graceful_shutdown_timeout"),
	SWITCH("server.enable-runtime-reload", "server.enable_runtime_reload"),
	NO_SWITCH("server.disable", "the HTTP server is always there; bind it to 127.0.0.1 to keep it private"),
	NO_SWITCH("server.profiling_enabled", "there are no profiling endpoints"),
	NO_SWITCH("server.register-instrumentation", "/metrics is always served"),
	NOTHING("server.http-listen-network", "it listens on TCP"),
	NOTHING("server.path-prefix", "paths have no prefix"),
	NOTHING("server.http-conn-limit", FIXED),
	NOTHING("server.http-read-timeout", FIXED),
	NOTHING("server.http-read-header-timeout", FIXED),
	NOTHING("server.http-write-timeout", FIXED),
	NOTHING("server.http-idle-timeout", FIXED),
	NO_SWITCH("server.log-source-ips-enabled", NO_REQUEST_LOG),
	NO_SWITCH("server.log-source-ips-full", NO_REQUEST_LOG),
	NOTHING("server.log-source-ips-header", NO_REQUEST_LOG),
	NOTHING("server.log-source-ips-regex", NO_REQUEST_LOG),
	NO_SWITCH("server.log-request-headers", NO_REQUEST_LOG),
	NO_SWITCH("server.log-request-at-info-level-enabled", NO_REQUEST_LOG),
	NOTHING("server.log-request-headers-exclude-list", NO_REQUEST_LOG),
	NOTHING("server.grpc-listen-network", NO_GRPC),
	NOTHING("server.grpc-listen-address", NO_GRPC),
	NOTHING("server.grpc-listen-port", NO_GRPC),
	NOTHING("server.grpc-conn-limit", NO_GRPC),
	NOTHING("server.grpc-max-recv-msg-size-bytes", NO_GRPC),
	NOTHING("server.grpc-max-send-msg-size-bytes", NO_GRPC),
	NOTHING("server.grpc-max-concurrent-streams", NO_GRPC),
	NOTHING("server.grpc.keepalive.max-connection-idle", NO_GRPC),
	NOTHING("server.grpc.keepalive.max-connection-age", NO_GRPC),
	NOTHING("server.grpc.keepalive.max-connection-age-grace", NO_GRPC),
	NOTHING("server.grpc.keepalive.time", NO_GRPC),
	NOTHING("server.grpc.keepalive.timeout", NO_GRPC),
	NOTHING("server.grpc.keepalive.min-time-between-pings", NO_GRPC),
	NO_SWITCH("server.grpc.keepalive.ping-without-stream-allowed", NO_GRPC),
	NO_SWITCH("server.grpc-collect-max-streams-by-conn", NO_GRPC),
	NO_SWITCH("server.grpc.stats-tracking-enabled", NO_GRPC),
	NO_SWITCH("server.grpc.recv-buffer-pools-enabled", NO_GRPC),
	NO_SWITCH("server.report-grpc-codes-in-instrumentation-label-enabled", NO_GRPC),
	NOTHING("server.grpc.num-workers", NO_GRPC),
	NOTHING("server.grpc-tls-cert-path", NO_GRPC),
	NOTHING("server.grpc-tls-key-path", NO_GRPC),
	NOTHING("server.grpc-tls-client-auth", NO_GRPC),
	NOTHING("server.grpc-tls-ca-path", NO_GRPC),
	NOTHING("server.cluster-validation.label", NO_CLUSTER),
	NOTHING("server.cluster-validation.additional-labels", NO_CLUSTER),
	NO_SWITCH("server.cluster-validation.grpc.enabled", NO_CLUSTER),
	NO_SWITCH("server.cluster-validation.grpc.soft-validation", NO_CLUSTER),
	NO_SWITCH("server.cluster-validation.http.enabled", NO_CLUSTER),
	NO_SWITCH("server.cluster-validation.http.soft-validation", NO_CLUSTER),
	NOTHING("server.cluster-validation.http.excluded-paths", NO_CLUSTER),
	NOTHING("server.cluster-validation.http.excluded-user-agents", NO_CLUSTER),
	NO_SWITCH("server.create-new-traces", NO_OWN_TRACES),
	NO_SWITCH("server.trace-request-headers", NO_OWN_TRACES),
	NOTHING("server.trace-request-headers-exclude-list", NO_OWN_TRACES),
	NO_SWITCH("server.http-log-closed-connections-without-response-enabled", NO_REQUEST_LOG),
	NOTHING("server.throughput.latency-cutoff", NO_REQUEST_LOG),
	NOTHING("server.throughput.unit", NO_REQUEST_LOG),
	INSTEAD("server.proxy-protocol-enabled", "plain HTTP to this port: the PROXY protocol is not spoken"),
	INSTEAD("server.tls-cipher-suites", "--web.config.file with cipher_suites"),
	INSTEAD("server.tls-min-version", "--web.config.file with min_version"),
	INSTEAD("server.http-tls-cert-path", "--web.config.file with certificate and key"),
	INSTEAD("server.http-tls-key-path", "--web.config.file with certificate and key"),
	INSTEAD("server.http-tls-client-auth", "--web.config.file with client_auth_type"),
	INSTEAD("server.http-tls-ca-path", "--web.config.file with client_ca_file"),
};

const struct promtail_flag *promtail_flag_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (str_eq(name, str_of(flags[i].name)))
			return &flags[i];
	return NULL;
}
