/* Rows of what is neither logs nor metrics. Promtail's keys that cannot have an effect here are rows too: a file that people already
 * run gets a sentence for each of them instead of "unknown key". */
#include "config/options_rows.h"

#define NO_GRPC "has no effect: there is no gRPC server here"
#define NO_TUNING "has no effect: the HTTP server has fixed limits"

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
	VALUE("server.web_config_file", STR, TOP(server.web_config_file), "", "",
	      "File with TLS and users of our own port, in the format of the Prometheus exporters; `--web.config.file` wins. Empty: "
	      "neither."),
	REFUSED("server.http_tls_config", "name certificate and key in the file of web_config_file, and remove this key"),

	SECTION("global", "What holds for everything that is shipped."),
	VALUE("global.external_labels", LABELS, TOP(global.external_labels), "", "",
	      "Labels put on every stream, such as `cluster`. A destination's own external_labels win over these."),
	IGNORED("global.file_watch_config", "", "has no effect: the kernel tells about changes (inotify), files are not polled on "
		"a clock"),

	SECTION("trace", "Trace ids out of log lines."),
	VALUE("trace.enabled", BOOL, TOP(trace.enabled), "true", "",
	      "Look for a trace id in every line and ship it as structured metadata `trace_id`, `span_id`, `trace_flags`."),

};
const size_t options_program_count = COUNT_OF(options_program);

const struct option options_end[] = {
	REFUSED("scrape_configs", "stands under logs (files) or under metrics (addresses): move it below one of them"),
	IGNORED("tracing", "", "has no effect: the program does not trace itself"),
	IGNORED("options", "", "has no effect"),
};
const size_t options_end_count = COUNT_OF(options_end);
