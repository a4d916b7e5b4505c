/* Rows of what is neither logs nor metrics. Promtail's keys that cannot have an effect here are rows too: a file that people already
 * run gets a sentence for each of them instead of "unknown key". */
#include "config/options/options_rows.h"

#define NO_GRPC "has no effect: there is no gRPC server here"
#define NO_TUNING "has no effect: the HTTP server has fixed limits"
#define NO_REQUEST_LOG "has no effect: requests to our own port are not logged"
#define NO_OWN_TRACES "has no effect: the program does not trace itself"
#define OWN_TLS "name certificate and key in a file of web_config_file, and remove this key"

const struct option options_program[] = {
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
	VALUE("server.enable_runtime_reload", BOOL, TOP(server.enable_runtime_reload), "false", "",
	      "Allow `POST /-/reload` and Promtail's `POST /reload`, as `--web.enable-lifecycle` does. SIGHUP always reloads."),
	IGNORED("server.health_check_target", "false", "has no effect: being ready never depends on finding logs"),
	IGNORED("server.external_url", "", "has no effect: all links of the page are relative"),
	IGNORED("server.http_path_prefix", "", "has no effect: paths have no prefix"),
	IGNORED("server.http_listen_network", "tcp", "has no effect: it listens on TCP"),
	IGNORED("server.http_listen_conn_limit", "0", NO_TUNING),
	IGNORED("server.http_server_read_timeout", "", NO_TUNING),
	IGNORED("server.http_server_read_header_timeout", "", NO_TUNING),
	IGNORED("server.http_server_write_timeout", "", NO_TUNING),
	IGNORED("server.http_server_idle_timeout", "", NO_TUNING),
	IGNORED("server.http_log_closed_connections_without_response_enabled", "false", NO_REQUEST_LOG),
	REFUSED_UNLESS("server.proxy_protocol_enabled", "false", "the PROXY protocol is not spoken: let the balancer speak plain HTTP to this port, and remove "
		"this key"),
	IGNORED("server.grpc_listen_address", "", NO_GRPC),
	IGNORED("server.grpc_listen_port", "0", NO_GRPC),
	IGNORED("server.grpc_listen_network", "", NO_GRPC),
	IGNORED("server.grpc_listen_conn_limit", "0", NO_GRPC),
	IGNORED("server.grpc_collect_max_streams_by_conn", "", NO_GRPC),
	IGNORED("server.grpc_tls_config", "", NO_GRPC),
	IGNORED("server.grpc_server_max_recv_msg_size", "", NO_GRPC),
	IGNORED("server.grpc_server_max_send_msg_size", "", NO_GRPC),
	IGNORED("server.grpc_server_max_concurrent_streams", "", NO_GRPC),
	IGNORED("server.grpc_server_max_connection_idle", "", NO_GRPC),
	IGNORED("server.grpc_server_max_connection_age", "", NO_GRPC),
	IGNORED("server.grpc_server_max_connection_age_grace", "", NO_GRPC),
	IGNORED("server.grpc_server_keepalive_time", "", NO_GRPC),
	IGNORED("server.grpc_server_keepalive_timeout", "", NO_GRPC),
	IGNORED("server.grpc_server_min_time_between_pings", "", NO_GRPC),
	IGNORED("server.grpc_server_ping_without_stream_allowed", "", NO_GRPC),
	IGNORED("server.grpc_server_num_workers", "0", NO_GRPC),
	IGNORED("server.grpc_server_stats_tracking_enabled", "", NO_GRPC),
	IGNORED("server.grpc_server_recv_buffer_pools_enabled", "false", NO_GRPC),
	IGNORED("server.report_grpc_codes_in_instrumentation_label_enabled", "false", NO_GRPC),
	IGNORED("server.log_source_ips_enabled", "false", NO_REQUEST_LOG),
	IGNORED("server.log_source_ips_full", "false", NO_REQUEST_LOG),
	IGNORED("server.log_source_ips_header", "", NO_REQUEST_LOG),
	IGNORED("server.log_source_ips_regex", "", NO_REQUEST_LOG),
	IGNORED("server.log_request_headers", "false", NO_REQUEST_LOG),
	IGNORED("server.log_request_at_info_level_enabled", "false", NO_REQUEST_LOG),
	IGNORED("server.log_request_exclude_headers_list", "", NO_REQUEST_LOG),
	IGNORED("server.trace_request_headers", "false", NO_OWN_TRACES),
	IGNORED("server.trace_request_exclude_headers_list", "", NO_OWN_TRACES),
	IGNORED("server.create_new_traces", "false", NO_OWN_TRACES),
	IGNORED("server.cluster_validation", "", "has no effect: it is for calls between Loki's own parts"),
	VALUE("server.web_config_file", STR, TOP(server.web_config_file), "", "",
	      "File with TLS and users of our own port, in the format of the Prometheus exporters; `--web.config.file` wins. Empty: "
	      "neither."),
	REFUSED("server.http_tls_config", OWN_TLS),
	REFUSED("server.tls_cipher_suites", OWN_TLS),
	REFUSED("server.tls_min_version", OWN_TLS),

	SECTION("global", "What holds for everything that is shipped."),
	VALUE("global.external_labels", LABELS, TOP(global.external_labels), "", "",
	      "Labels put on every stream, such as `cluster`. A destination's own external_labels win over these."),
	IGNORED("global.file_watch_config", "", "has no effect: the kernel tells about changes (inotify), files are not polled on "
		"a clock"),

	SECTION("trace", "Trace ids out of log lines."),
	VALUE("trace.enabled", BOOL, TOP(trace.enabled), "true", "",
	      "Look for a trace id in every line and ship it as structured metadata `trace_id`, `span_id`, `trace_flags`."),
	VALUE("trace.exemplar_label", STR, TOP(trace.exemplar_label), "trace_id", "",
	      "Name of the trace id in exemplars of metrics out of logs: the one that the Grafana data source of the metrics links to "
	      "traces."),
	SECTION("trace.sampling", "Fewer lines, whole traces: which are kept is decided by the trace id, in the same way on all nodes, as "
		"OpenTelemetry's consistent probability sampling decides it. Lines of level WARN and above are always kept."),
	VALUE("trace.sampling.percentage", STR, TOP(trace.sampling.percentage), "100", "",
	      "Of traces whose lines are kept: 0 to 100, such as 12.5. Lines that are kept of a part carry `adjusted_count`, the number of lines "
	      "that each of them stands for."),
	VALUE("trace.sampling.without_id_percentage", STR, TOP(trace.sampling.without_id_percentage), "100", "",
	      "Of lines without a trace id that are kept."),
	VALUE("trace.sampling.keep_sampled", BOOL, TOP(trace.sampling.keep_sampled), "false", "",
	      "Keep lines that say that their trace was sampled (trace_flags=01, sampled=true and the like)."),
	SECTION("trace.correlation", "Trace ids for lines that have none, out of the lines before them. What comes so is marked by structured metadata "
		"`trace_id_source`."),
	VALUE("trace.correlation.stack_traces", BOOL, TOP(trace.correlation.stack_traces), "true", "",
	      "The further lines of a stack trace have the id of the line that it follows: `trace_id_source=record`."),
	VALUE("trace.correlation.request_ids", CHOICE, TOP(trace.correlation.request_ids), "container", "off|container|pod",
	      "A line with a request id and no trace id has the trace id of the newest line with both: `trace_id_source=request`. container: of "
	      "the same log. pod: of other containers of the pod too; which line comes first is then a matter of chance, and after a restart a "
	      "line that is sent again may carry another id than before."),
};
const size_t options_program_count = COUNT_OF(options_program);

const struct option options_end[] = {
	REFUSED("scrape_configs", "stands under logs (files) or under metrics (addresses): move it below one of them"),
	SECTION("tracing", "Promtail's own traces."),
	IGNORED("tracing.enabled", "false", NO_OWN_TRACES),
	SECTION("options", "Promtail's, of older versions."),
	IGNORED("options.stream_lag_labels", "", "has no effect: lag is measured for each file"),
	SECTION("wal", "Promtail's write-ahead log."),
	IGNORED("wal.enabled", "false", "has no effect: lines stay in their files until they are delivered, a second copy on disk is not needed"),
	IGNORED("wal.dir", "", "has no effect: no second copy of lines is written"),
	IGNORED("wal.cleanSegmentsOlderThan", "", "has no effect: no second copy of lines is written"),
	IGNORED("wal.watchConfig", "", "has no effect: no second copy of lines is written"),
	REFUSED("external_labels", "stands under global, for all destinations, or under one of clients: move it there"),
};
const size_t options_end_count = COUNT_OF(options_end);
