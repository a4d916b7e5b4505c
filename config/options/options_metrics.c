/* Rows of `metrics` but its jobs (options_scrape.c): the Prometheus agent's keys. Those that cannot have an effect here are rows too. */
#include "config/options/options_rows.h"

#define DEFAULTS(field) TOP(metrics.defaults.field)
#define SIGNED "is not supported: let a proxy on this machine sign the requests, and send to that"

#define BUILTIN(path, field, name, help)                                                                                            \
	SECTION(path, help),                                                                                                        \
	VALUE(path ".enabled", CHOICE, TOP(metrics.field.enabled), "auto", "auto|true|false",                                        \
	      "auto: when the file has no scrape_configs under metrics."),                                                          \
	VALUE(path ".job", STR, TOP(metrics.field.job), name, "", "The label `job`."),                                               \
	VALUE(path ".labels", TARGET_LABELS, TOP(metrics.field.labels), "", "", "More labels of this job's target."),                \
	VALUE(path ".scrape_interval", DURATION, TOP(metrics.field.scrape_interval_ms), "", "100ms..1d", "Empty: the global one.")

#define MONITORS(path, field, help, kind)                                                                                            \
	SECTION(path, help),                                                                                                        \
	VALUE(path ".enabled", BOOL, TOP(metrics.field.enabled), "false", "", "Look for them."),                                     \
	VALUE(path ".namespaces", STRINGS, TOP(metrics.field.namespaces), "", "",                                                    \
	      "Only " kind " objects of these namespaces count. Empty: of all."),                                                   \
	VALUE(path ".host_network", BOOL, TOP(metrics.field.host_network), "false", "",                                              \
	      "Also pods whose address is the node's own: then a " kind " may have other ports of the node asked.")

const struct option options_metrics[] = {
	SECTION("metrics", "Metrics of the node, its pods and of scraped addresses, in the Prometheus agent's keys."),
	REFUSED("metrics.alerting", "an agent has no alerts: keep them in the server that receives the samples, and remove this key"),
	REFUSED("metrics.rule_files", "an agent has no rules: keep them in the server that receives the samples, and remove this key"),
	REFUSED("metrics.remote_read", "an agent is not queried: query the server that receives the samples, and remove this key"),
	REFUSED("metrics.scrape_config_files", "other files are not read: write their jobs into scrape_configs"),
	IGNORED("metrics.storage", "", "has no effect: nothing is stored but what is not sent yet, see metrics.spool.max_bytes"),
	IGNORED("metrics.otlp", "", "has no effect: nothing is received by OTLP"),
	IGNORED("metrics.tracing", "", "has no effect: the program does not trace itself"),
	IGNORED("metrics.runtime", "", "has no effect: there is no Go runtime here"),

	SECTION("metrics.global", "What holds for all jobs."),
	VALUE("metrics.global.scrape_interval", DURATION, TOP(metrics.scrape_interval_ms), "15s", "100ms..1d",
	      "How often targets are asked. In a Prometheus agent's own file: 1m, as there."),
	VALUE("metrics.global.scrape_timeout", DURATION, TOP(metrics.scrape_timeout_ms), "10s", "1ms..1d",
	      "Longest time for one scrape; not longer than the interval."),
	VALUE("metrics.global.external_labels", TARGET_LABELS, TOP(metrics.external_labels), "", "",
	      "Labels put on every sample that does not have them, on top of global.external_labels; on a name that both have, these win."),
	LIMITS("metrics.global", DEFAULTS),
	IGNORED("metrics.global.evaluation_interval", "", "has no effect: an agent has no rules"),
	IGNORED("metrics.global.rule_query_offset", "", "has no effect: an agent has no rules"),
	IGNORED("metrics.global.query_log_file", "", "has no effect: an agent is not queried"),

	BUILTIN("metrics.node", node, "node-exporter", "Metrics of this node: the names and labels of node_exporter; also on /metrics/node."),
	BUILTIN("metrics.pods", pods, "cadvisor", "Metrics of this node's pods and containers: the names of cAdvisor; also on /metrics/pods."),
	BUILTIN("metrics.logs", logs, "spoor-logs", "Metrics out of logs: `log_lines_total` and those of `metrics` stages; also on /metrics/logs."),
	BUILTIN("metrics.self", self, "spoor", "Our own metrics; also on /metrics/self."),

	MONITORS("metrics.pod_monitors", pod_monitors,
		 "Targets that PodMonitor objects (monitoring.coreos.com/v1) name among this node's pods. Needs kubernetes.metadata api, and the right to "
		 "list and watch podmonitors.", "PodMonitor"),
	MONITORS("metrics.service_monitors", service_monitors,
		 "The same for ServiceMonitor objects and the Services that they select, by the Services' own selectors. Needs the right to list and "
		 "watch servicemonitors and services too.", "ServiceMonitor"),

	SECTION("metrics.spool", "Samples that are not sent yet, on disk in `--state.dir`."),
	VALUE("metrics.spool.max_bytes", BYTES, TOP(metrics.spool.max_bytes), "512MiB", "1MiB..1024GiB",
	      "Most bytes on disk. Beyond it the oldest samples go, counted for each receiver that had not got them."),

	LIST("metrics.remote_write[]", TOP(metrics.remotes), TOP(metrics.remote_count), struct config_remote_write, "16",
	     "Receivers: Prometheus, Mimir, Thanos, VictoriaMetrics or what else takes remote-write. Each one has its own progress. Without "
	     "any, metrics are only served on our own port."),
	VALUE("metrics.remote_write[].url", STR, REMOTE(url), "", "",
	      "Where to send, with its path, `http://prometheus:9090/api/v1/write`. Required. User and password in it are moved to "
	      "basic_auth, with a warning."),
	VALUE("metrics.remote_write[].protocol", CHOICE, REMOTE(protocol), "remote_write", "remote_write|otlphttp",
	      "What the receiver speaks: Prometheus' remote-write, or OTLP over HTTP in protobuf (SigNoz, the OpenTelemetry Collector, Elastic, Prometheus' "
	      "own `/api/v1/otlp/v1/metrics`). All other keys mean the same but protobuf_message; native histograms are not sent by OTLP."),
	VALUE("metrics.remote_write[].name", STR, REMOTE(name), "", "",
	      "Name in metrics, on the page and in the spool. Empty: made from the url. Must differ between receivers."),
	VALUE("metrics.remote_write[].tenant_id", STR, REMOTE(tenant_id), "", "", "Sent as `X-Scope-OrgID`."),
	VALUE("metrics.remote_write[].remote_timeout", DURATION, REMOTE(remote_timeout_ms), "30s", "100ms..10m",
	      "Longest time for one request, connecting included."),
	VALUE("metrics.remote_write[].protobuf_message", CHOICE, REMOTE(protobuf_message), "",
	      "prometheus.WriteRequest|io.prometheus.write.v2.Request",
	      "Version of the protocol: 1.0 or 2.0. Empty: 2.0, and 1.0 with a receiver that does not take it."),
	VALUE("metrics.remote_write[].send_exemplars", BOOL, REMOTE(send_exemplars), "true", "", "Send exemplars."),
	VALUE("metrics.remote_write[].send_native_histograms", BOOL, REMOTE(send_native_histograms), "true", "", "Send native histograms."),
	HTTP_VALUES("metrics.remote_write[]", struct config_remote_write),
	HTTP_HEADERS("metrics.remote_write[]", struct config_remote_write),
	IGNORED("metrics.remote_write[].round_robin_dns", "false", "has no effect: all addresses of a name are tried in the order that the "
		"resolver gives"),
	IGNORED("metrics.remote_write[].failed_request_logging", "false", "has no effect: refused samples stand on the page and in "
		"/api/v1/drops"),
	REFUSED("metrics.remote_write[].sigv4", SIGNED),
	REFUSED("metrics.remote_write[].azuread", SIGNED),
	REFUSED("metrics.remote_write[].google_iam", SIGNED),
	RELABELS("metrics.remote_write[].write_relabel_configs", (struct config_remote_write, write_relabel_configs),
		 "Rules for what this receiver gets; they see the external labels."),
	SECTION("metrics.remote_write[].queue_config", "How samples are sent."),
	VALUE("metrics.remote_write[].queue_config.max_samples_per_send", COUNT, REMOTE(queue_config.max_samples_per_send), "2000", "1..100000",
	      "Most samples in a request."),
	VALUE("metrics.remote_write[].queue_config.batch_send_deadline", DURATION, REMOTE(queue_config.batch_send_deadline_ms), "5s",
	      "10ms..10m", "Longest time a sample waits for others before it is sent."),
	VALUE("metrics.remote_write[].queue_config.min_shards", COUNT, REMOTE(queue_config.min_shards), "1", "1..1000",
	      "Least requests at the same time."),
	VALUE("metrics.remote_write[].queue_config.max_shards", COUNT, REMOTE(queue_config.max_shards), "8", "1..1000",
	      "Most requests at the same time; more than 16 are 16."),
	VALUE("metrics.remote_write[].queue_config.min_backoff", DURATION, REMOTE(queue_config.min_backoff_ms), "30ms", "1ms..1h",
	      "The first wait after a failure; each one doubles, with jitter. `Retry-After` is honoured."),
	VALUE("metrics.remote_write[].queue_config.max_backoff", DURATION, REMOTE(queue_config.max_backoff_ms), "5s", "1ms..1h",
	      "The longest wait."),
	VALUE("metrics.remote_write[].queue_config.retry_on_http_429", BOOL, REMOTE(queue_config.retry_on_http_429), "true", "",
	      "Try again what the receiver answers with 429 (Prometheus drops it unless told otherwise: here the disk keeps the samples)."),
	VALUE("metrics.remote_write[].queue_config.sample_age_limit", DURATION, REMOTE(queue_config.sample_age_limit_ms), "0s", "0s..3650d",
	      "Samples older than this are dropped, counted, instead of sent. 0: none."),
	IGNORED("metrics.remote_write[].queue_config.capacity", "", "has no effect: samples wait on disk, see metrics.spool.max_bytes"),
	SECTION("metrics.remote_write[].metadata_config", "Type, help and unit of metrics."),
	VALUE("metrics.remote_write[].metadata_config.send", BOOL, REMOTE(metadata_config.send), "true", "", "Send them."),
	VALUE("metrics.remote_write[].metadata_config.send_interval", DURATION, REMOTE(metadata_config.send_interval_ms), "1m", "1s..1d",
	      "How often, with protocol version 1.0; version 2.0 has them in each request."),
	IGNORED("metrics.remote_write[].metadata_config.max_samples_per_send", "", "has no effect: the size of a request has a fixed limit"),
	HTTP_SECTIONS("metrics.remote_write[]", struct config_remote_write),
};
const size_t options_metrics_count = COUNT_OF(options_metrics);
