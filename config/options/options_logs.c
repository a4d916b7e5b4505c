/* Rows of `logs`: Promtail's keys. Those that cannot have an effect here are rows too. */
#include "config/options/options_rows.h"

#define NO_SOURCE "is not a source of this version, which reads files: remove this job, or keep Promtail for it"
#define NO_MACHINES "finds files of other machines: name those of this node in static_configs or file_sd_configs, or remove this job"
#define NO_RATE "has no effect: reading is held back by the destination, not by a rate, and no line is dropped for it"
#define NO_ATTACHED "these labels are not asked for: put those that are wanted into external_labels of the client"
#define BY_PATH "has no effect: logs are found by their paths, and whom to ask for pod objects stands in the section kubernetes"

const struct option options_logs[] = {
	SECTION("logs", "Container and file logs, in Promtail's keys."),
	LIST("logs.clients[]", TOP(logs.clients), TOP(logs.client_count), struct config_client, "64",
	     "Destinations: Loki, what speaks its push API, or with `protocol: otlphttp` what takes OTLP. Each one has its own progress: a slow one does not hold up the "
	     "others. "
	     "Without any, the newest records are kept in memory and shown on the page."),
	VALUE("logs.clients[].url", STR, CLIENT(url), "", "",
	      "Push address with its path, `http://loki:3100/loki/api/v1/push`. Required. User and password in it are moved to "
	      "basic_auth, with a warning."),
	VALUE("logs.clients[].protocol", CHOICE, CLIENT(protocol), "loki", "loki|otlphttp",
	      "What the destination speaks: Loki's push API, or OTLP over HTTP in protobuf (SigNoz, the OpenTelemetry Collector, Elastic, Loki's own "
	      "`/otlp/v1/logs`). All other keys mean the same in both; the url has its whole path here too, `http://signoz:4318/v1/logs`."),
	VALUE("logs.clients[].name", STR, CLIENT(name), "", "",
	      "Name in metrics and on the page. Empty: made from the url. Must differ between destinations."),
	VALUE("logs.clients[].tenant_id", STR, CLIENT(tenant_id), "", "", "Sent as `X-Scope-OrgID`."),
	VALUE("logs.clients[].batchwait", DURATION, CLIENT(batchwait_ms), "1s", "10ms..5m",
	      "Longest time a line waits for others before it is sent."),
	VALUE("logs.clients[].batchsize", BYTES, CLIENT(batchsize_bytes), "1MiB", "",
	      "Size, before compression, at which a batch is sent at once; from 4KiB to 3MiB, other values are taken as the nearer of the "
	      "two. Memory per destination grows with it."),
	VALUE("logs.clients[].timeout", DURATION, CLIENT(timeout_ms), "10s", "100ms..10m",
		"Longest time for one request, connecting included."),
	HTTP_VALUES("logs.clients[]", struct config_client),
	HTTP_HEADERS("logs.clients[]", struct config_client),
	VALUE("logs.clients[].drop_rate_limited_batches", BOOL, CLIENT(drop_rate_limited_batches), "false", "",
	      "Drop what is answered with 429, counted, instead of trying again."),
	VALUE("logs.clients[].external_labels", LABELS, CLIENT(external_labels), "", "",
		"Labels put on every stream to this destination."),
	IGNORED("logs.clients[].stream_lag_labels", "", "has no effect: lag is measured for each file"),
	SECTION("logs.clients[].backoff_config", "Waiting between attempts; each wait doubles, with jitter. `Retry-After` is "
		"honoured."),
	VALUE("logs.clients[].backoff_config.min_period", DURATION, CLIENT(backoff_min_period_ms), "500ms", "1ms..1h",
		"The first wait."),
	VALUE("logs.clients[].backoff_config.max_period", DURATION, CLIENT(backoff_max_period_ms), "5m", "1ms..1h",
		"The longest wait."),
	VALUE("logs.clients[].backoff_config.max_retries", INT, CLIENT(backoff_max_retries), "0", "0..1000000",
	      "Attempts before a batch is dropped. 0: never give up (Promtail: 10): the disk keeps the lines, so waiting loses "
	      "nothing."),
	HTTP_SECTIONS("logs.clients[]", struct config_client),
	ONE("logs.client", "logs.clients[]", "One destination, Promtail's older spelling; the same keys as an element of clients."),
	VALUE("logs.stack_traces", BOOL, TOP(logs.stack_traces), "false", "",
	      "For jobs that do not say it themselves, the built-in one too: the further lines of a stack trace (Java, Python, Go, Ruby, .NET, "
	      "Node.js) become one entry with its first."),
	VALUE("logs.enabled", BOOL, TOP(logs.enabled), "true", "", "false: no log is read, whatever else stands here."),

	VALUE("logs.label_profile", CHOICE, TOP(logs.label_profile), "default", "default|otel|minimal",
	      "Names under which jobs without relabel_configs ship logs of pods and files. default: `namespace`, `pod`, `container`, `stream`, "
	      "`node_name`. otel: as Loki labels what comes by OTLP, `service_name` (the container), `service_namespace`, `service_instance_id` (the "
	      "pod's UID), `k8s_…`. minimal: `namespace` and `service_name`; all else is structured metadata."),
	SECTION("logs.positions", "Where the progress of every file is kept."),
	VALUE("logs.positions.filename", STR, TOP(logs.positions.filename), "", "",
	      "Beside this file, with `.spoor` at the end of its name, progress is kept; it must be on a disk of the node, not inside the "
	      "container. The file itself is Promtail's, see import: it is never written. Empty: `positions` in `--state.dir`."),
	VALUE("logs.positions.import", STR, TOP(logs.positions.import), "", "",
	      "Promtail's positions: logs without progress of our own begin where it stopped. Empty: `filename`, and in a bare Promtail file "
	      "without one Promtail's own default `/var/log/positions.yaml`. `--positions.import` wins."),
	VALUE("logs.positions.sync_period", DURATION, TOP(logs.positions.sync_period_ms), "1s", "10ms..1h",
	      "How often it is written when something changed. Lines acknowledged after the last write are sent again after a "
	      "crash; "
	      "they are byte-identical, so Loki drops them."),
	IGNORED("logs.positions.ignore_invalid_yaml", "", "has no effect: the file is checksummed, and the one before it is kept "
		"as a fallback"),

	SECTION("logs.limits_config", "Bounds."),
	VALUE("logs.limits_config.max_line_size", BASE2, TOP(logs.limits_config.max_line_size_bytes), "262000", "",
	      "Longer lines are cut and marked, and counted; never dropped. The default is just below Loki's own limit. 0: the "
	      "default; else 256 at least, and what is beyond 1MiB is taken as 1MiB."),
	VALUE("logs.limits_config.max_streams", COUNT, TOP(logs.limits_config.max_streams), "0", "0..1000000",
	      "Most streams at one time; what comes beyond goes to one stream named `__overflow__`. 0: no limit."),
	IGNORED("logs.limits_config.max_line_size_truncate", "true", "has no effect: longer lines are always cut, never dropped"),
	IGNORED("logs.limits_config.readline_rate_enabled", "false", NO_RATE),
	IGNORED("logs.limits_config.readline_rate", "", NO_RATE),
	IGNORED("logs.limits_config.readline_burst", "", NO_RATE),
	IGNORED("logs.limits_config.readline_rate_drop", "", NO_RATE),

	SECTION("logs.target_config", "How files are found."),
	VALUE("logs.target_config.sync_period", DURATION, TOP(logs.target_config.sync_period_ms), "10s", "100ms..1h",
	      "How often directories are compared with what is known, in case the kernel's notice was missed."),
	REFUSED_UNLESS("logs.target_config.stdin", "false", "standard input is not shipped: write to a file that a job reads; to try a pipeline "
		"on lines there is `spoor inspect`"),

	LIST("logs.scrape_configs[]", TOP(logs.scrapes), TOP(logs.scrape_count), struct config_scrape, "1000",
	     "Jobs: which files, with which labels. Without any, one job reads all pods under `--path.pod-logs`."),
	VALUE("logs.scrape_configs[].job_name", STR, SCRAPE(job_name), "", "", "Required, unique."),
	VALUE("logs.scrape_configs[].pipeline_stages", STAGES, SCRAPE(stages), "", "",
	      "What happens to each line, in Promtail's stages and with their meaning. A first stage `- cri: {}` (containerd, CRI-O) or "
	      "`- docker: {}` says what wraps the lines; without one it is the line itself for files, found out for pods."),
	VALUE("logs.scrape_configs[].stack_traces", BOOL, SCRAPE(stack_traces), "", "",
	      "The lines of a stack trace become one entry, before any stage of pipeline_stages; each line waits up to a second for the next. "
	      "Empty: as logs.stack_traces."),
	LIST("logs.scrape_configs[].static_configs[]", SCRAPE(statics), SCRAPE(static_count), struct config_static, "10000",
	     "Files by pattern."),
	VALUE("logs.scrape_configs[].static_configs[].labels", STATIC_LABELS, STATIC(labels), "", "",
	      "`__path__` is the pattern of files to read, absolute, with `*`, `**`, `?`, `[...]`, `{a,b}` (required, unless relabel_configs "
	      "make it); `__path_exclude__` leaves out what it matches; other names with two leading underscores are for relabel_configs; all "
	      "others are labels of the streams. Loki takes 15 of them, unless its limit was raised."),
	VALUE("logs.scrape_configs[].static_configs[].targets", STRINGS, STATIC(targets), "", "",
	      "Without meaning for files: what relabel_configs see as `__address__`."),
	LIST("logs.scrape_configs[].file_sd_configs[]", SCRAPE(files), SCRAPE(file_count), struct config_file_sd, "100",
	     "Files by pattern, as static_configs, out of JSON or YAML files that something else writes."),
	VALUE("logs.scrape_configs[].file_sd_configs[].files", STRINGS, offsetof(struct config_file_sd, files), "", "",
	      "Paths ending in `.json`, `.yml` or `.yaml`; the last name may hold `*`. Required."),
	VALUE("logs.scrape_configs[].file_sd_configs[].refresh_interval", DURATION, offsetof(struct config_file_sd, refresh_interval_ms), "5m",
	      "1s..1d", "How often they are read again; a change is usually seen at once."),
	LIST("logs.scrape_configs[].kubernetes_sd_configs[]", SCRAPE(discoveries), SCRAPE(discovery_count),
		struct config_discovery, "16",
	     "The pods of this node, found by the path of their logs under `--path.pod-logs`. All `__meta_kubernetes_*` labels of Prometheus' role "
	     "pod; those that are not in the path need pod objects (`kubernetes.metadata`)."),
	VALUE("logs.scrape_configs[].kubernetes_sd_configs[].role", STR, DISCOVERY(role), "", "", "`pod`. Required."),
	LIST("logs.scrape_configs[].kubernetes_sd_configs[].selectors[]", DISCOVERY(selectors), DISCOVERY(selector_count), struct config_selector, "16",
	     "What Prometheus' discovery asks the API server for. Only pods of this node are found anyway: taken is what says that."),
	VALUE("logs.scrape_configs[].kubernetes_sd_configs[].selectors[].role", STR, offsetof(struct config_selector, role), "", "", "`pod`."),
	VALUE("logs.scrape_configs[].kubernetes_sd_configs[].selectors[].field", STR, offsetof(struct config_selector, field), "", "",
	      "`spec.nodeName=NAME`. Others are refused: relabel_configs can choose by `__meta_kubernetes_namespace` and `__meta_kubernetes_pod_name`."),
	VALUE("logs.scrape_configs[].kubernetes_sd_configs[].selectors[].label", STR, offsetof(struct config_selector, label), "", "",
	      "Refused when not empty: relabel_configs can choose by `__meta_kubernetes_pod_label_NAME`."),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].api_server", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].kubeconfig_file", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].basic_auth", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].authorization", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].bearer_token", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].bearer_token_file", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].oauth2", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].tls_config", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].proxy_url", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].no_proxy", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].proxy_from_environment", "false", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].proxy_connect_header", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].http_headers", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].follow_redirects", "", BY_PATH),
	IGNORED("logs.scrape_configs[].kubernetes_sd_configs[].enable_http2", "", BY_PATH),
	RELABELS("logs.scrape_configs[].relabel_configs", (struct config_scrape, relabel_configs),
		 "Promtail's rules for what is read and under which labels; with any, streams have the labels that they make, `filename`, and no others."),
	SECTION("logs.scrape_configs[].kubernetes_sd_configs[].attach_metadata", "Labels of other objects than the pod: none are asked for."),
	REFUSED_UNLESS("logs.scrape_configs[].kubernetes_sd_configs[].attach_metadata.node", "false", NO_ATTACHED),
	REFUSED_UNLESS("logs.scrape_configs[].kubernetes_sd_configs[].attach_metadata.namespace", "false", NO_ATTACHED),
	SECTION("logs.scrape_configs[].kubernetes_sd_configs[].namespaces", "Only pods of these namespaces."),
	VALUE("logs.scrape_configs[].kubernetes_sd_configs[].namespaces.names", STRINGS, DISCOVERY(namespaces), "", "", "Their names. Empty: all."),
	REFUSED_UNLESS("logs.scrape_configs[].kubernetes_sd_configs[].namespaces.own_namespace", "false", "write the namespace into names"),
	VALUE("logs.scrape_configs[].encoding", STR, SCRAPE(encoding), "", "",
	      "What the files are written in, by its IANA name: `iso-8859-1`, `windows-1252`, `shift_jis`, `gbk`, `utf-16le`, … Lines become UTF-8 before "
	      "anything looks at them; what is no character becomes U+FFFD. `utf-16` goes by the byte order mark. Empty: UTF-8."),
	REFUSED("logs.scrape_configs[].entry_parser", "Promtail has not known it for long: write pipeline_stages with `- docker: {}` or "
		"`- cri: {}` for it, nothing for raw"),
	REFUSED("logs.scrape_configs[].docker_sd_configs",
		"is not run by this version yet: name the files in static_configs (/var/lib/docker/containers/*/*-json.log) with "
		"the stage docker"),
	SECTION("logs.scrape_configs[].journal", "The systemd journal, read by way of libsystemd: one line for each entry. A section without keys "
		"reads it too."),
	VALUE("logs.scrape_configs[].journal.json", BOOL, SCRAPE(journal.json), "false", "",
	      "The line is all fields of the entry as one JSON object. Else it is MESSAGE, and entries without one are dropped."),
	VALUE("logs.scrape_configs[].journal.max_age", DURATION, SCRAPE(journal.max_age_ms), "", "0..87600h",
	      "Entries that are older when the agent starts are not read, even where the saved place is before them. Empty: 7h; `0s`: no limit."),
	VALUE("logs.scrape_configs[].journal.labels", TARGET_LABELS, SCRAPE(journal.labels), "", "",
	      "Labels of all entries. An entry that has no label in the end, from here or from relabel_configs, is dropped."),
	VALUE("logs.scrape_configs[].journal.path", STR, SCRAPE(journal.path), "", "",
	      "Directory with journal files, absolute. Empty: the system's, `/var/log/journal` and `/run/log/journal` of this machine id."),
	VALUE("logs.scrape_configs[].journal.matches", TEXT, SCRAPE(journal.matches), "", "",
	      "Entries to read, as for journalctl: `FIELD=value` words between blanks, all of which must hold; of several for one field, one. "
	      "A lone `+` between words begins an alternative to what stands before it."),
	REFUSED("logs.scrape_configs[].syslog", NO_SOURCE),
	REFUSED("logs.scrape_configs[].loki_push_api", NO_SOURCE),
	REFUSED("logs.scrape_configs[].windows_events", NO_SOURCE),
	REFUSED("logs.scrape_configs[].gcplog", NO_SOURCE),
	REFUSED("logs.scrape_configs[].azure_event_hubs", NO_SOURCE),
	REFUSED("logs.scrape_configs[].kafka", NO_SOURCE),
	REFUSED("logs.scrape_configs[].gelf", NO_SOURCE),
	REFUSED("logs.scrape_configs[].cloudflare", NO_SOURCE),
	REFUSED("logs.scrape_configs[].heroku_drain", NO_SOURCE),
	REFUSED("logs.scrape_configs[].consul_sd_configs", NO_MACHINES),
	REFUSED("logs.scrape_configs[].consulagent_sd_configs", NO_MACHINES),
	REFUSED("logs.scrape_configs[].dns_sd_configs", NO_MACHINES),
	REFUSED("logs.scrape_configs[].digitalocean_sd_configs", NO_MACHINES),
	REFUSED("logs.scrape_configs[].dockerswarm_sd_configs", NO_MACHINES),
	REFUSED("logs.scrape_configs[].serverset_sd_configs", NO_MACHINES),
	REFUSED("logs.scrape_configs[].nerve_sd_configs", NO_MACHINES),
	REFUSED("logs.scrape_configs[].marathon_sd_configs", NO_MACHINES),
	REFUSED("logs.scrape_configs[].gce_sd_configs", NO_MACHINES),
	REFUSED("logs.scrape_configs[].ec2_sd_configs", NO_MACHINES),
	REFUSED("logs.scrape_configs[].openstack_sd_configs", NO_MACHINES),
	REFUSED("logs.scrape_configs[].azure_sd_configs", NO_MACHINES),
	REFUSED("logs.scrape_configs[].triton_sd_configs", NO_MACHINES),
	SECTION("logs.scrape_configs[].decompression", "Compressed files as logs of their own: each one is read once, from its beginning. Rotated `.gz` and `.bz2` files of a log "
		"that is followed need none of this. After a restart each is unpacked once more, to see whether it has grown; nothing is sent again."),
	VALUE("logs.scrape_configs[].decompression.enabled", BOOL, SCRAPE(decompression.enabled), "false", "", "All files of this job are compressed."),
	VALUE("logs.scrape_configs[].decompression.initial_delay", DURATION, SCRAPE(decompression.initial_delay_ms), "", "0..1d",
	      "How long a file that is found is left alone, because it may still be written. One that ends in the middle is read on when it grows."),
	VALUE("logs.scrape_configs[].decompression.format", STR, SCRAPE(decompression.format), "", "", "`gz`, `z` (zlib) or `bz2`. Required when enabled."),
};
const size_t options_logs_count = COUNT_OF(options_logs);
