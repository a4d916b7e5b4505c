/* What lands in struct config; defaults; limits on the input; expansion; the annotated file. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/load.h"
#include "config/options/options.h"
#include "config/schema/reference.h"
#include "parsers/stages/stages.h"

static struct config *load(const char *text)
{
	struct config_problems problems = { 0 };
	struct config *c = config_load(str_of(text), STR("t.yaml"), &problems);
	struct buf shown;
	buf_init(&shown, 1 << 20);
	config_problems_print(&problems, STR("t.yaml"), &shown);
	ck_assert_msg(c != NULL, "%.*s", STR_ARG(buf_view(&shown)));
	buf_fini(&shown);
	config_problems_fini(&problems);
	return c;
}

#define ASSERT_STR(got, want) ck_assert_msg(str_eq(got, str_of(want)), "got %.*s, want %s", STR_ARG(got), want)

START_TEST(an_empty_file_is_all_defaults)
{
	struct config *c = config_default();
	ck_assert_uint_eq(c->logs.client_count, 0);
	ck_assert_uint_eq(c->logs.scrape_count, 1);
	ASSERT_STR(c->logs.scrapes[0].job_name, "kubernetes-pods");
	ck_assert(c->logs.scrapes[0].is_pods);
	ck_assert_int_eq(c->logs.scrapes[0].stages.format, FORMAT_AUTO);
	ck_assert_int_eq(c->server.http_listen_port, 0);
	ck_assert_int_eq(c->server.graceful_shutdown_timeout_ms, 25000);
	ck_assert_int_eq(c->logs.positions.sync_period_ms, 1000);
	ck_assert_uint_eq(c->logs.limits_config.max_line_size_bytes, 262000);
	ck_assert_int_eq(c->logs.target_config.sync_period_ms, 10000);
	ck_assert(c->trace.enabled);
	ASSERT_STR(c->server.log_level, "info");
	config_free(c);
}
END_TEST

START_TEST(a_client_has_promtails_defaults)
{
	struct config *c = load("logs: { clients: [{ url: http://loki/x }] }");
	const struct config_client *client = &c->logs.clients[0];
	ck_assert_int_eq(client->batchwait_ms, 1000);
	ck_assert_uint_eq(client->batchsize_bytes, 1 << 20);
	ck_assert_int_eq(client->timeout_ms, 10000);
	ck_assert_int_eq(client->backoff_min_period_ms, 500);
	ck_assert_int_eq(client->backoff_max_period_ms, 300000);
	ck_assert_int_eq(client->backoff_max_retries, 0);
	ck_assert(client->http.follow_redirects);
	ck_assert(!client->drop_rate_limited_batches);
	ck_assert_uint_eq(client->http.authorization_type.n, 0);
	ck_assert_uint_eq(client->line, 1);
	config_free(c);
}
END_TEST

START_TEST(every_field_of_a_client_is_filled)
{
	struct config *c = load("clients:\n"
				"  - url: https://loki:443/x\n"
				"    name: n\n"
				"    tenant_id: 7\n"
				"    batchwait: 1m30s\n"
				"    batchsize: 102400\n"
				"    timeout: 2.5s\n"
				"    proxy_url: http://proxy:1\n"
				"    follow_redirects: false\n"
				"    drop_rate_limited_batches: true\n"
				"    headers: { X-A: b }\n"
				"    external_labels: { e: f }\n"
				"    backoff_config: { min_period: 1s, max_period: 2s, max_retries: 3 }\n"
				"    tls_config: { ca_file: /ca, cert_file: /c, key_file: /k, server_name: s, "
				"insecure_skip_verify: true, min_version: TLS12 }\n"
				"    oauth2: { client_id: i, client_secret: s, token_url: https://t, scopes: [a, b], "
				"endpoint_params: { p: q }, tls_config: { ca_file: /o } }\n");
	const struct config_client *client = &c->logs.clients[0];
	ASSERT_STR(client->url, "https://loki:443/x");
	ASSERT_STR(client->name, "n");
	ASSERT_STR(client->tenant_id, "7");
	ck_assert_int_eq(client->batchwait_ms, 90000);
	ck_assert_uint_eq(client->batchsize_bytes, 102400);
	ck_assert_int_eq(client->timeout_ms, 2500);
	ASSERT_STR(client->http.proxy_url, "http://proxy:1");
	ck_assert(!client->http.follow_redirects && client->drop_rate_limited_batches);
	ck_assert_uint_eq(client->http.headers.count, 1);
	ASSERT_STR(client->http.headers.at[0].value, "b");
	ASSERT_STR(client->external_labels.at[0].name, "e");
	ck_assert_int_eq(client->backoff_max_retries, 3);
	ASSERT_STR(client->http.tls_config.ca_file, "/ca");
	ASSERT_STR(client->http.tls_config.key_file, "/k");
	ASSERT_STR(client->http.tls_config.min_version, "TLS12");
	ck_assert(client->http.tls_config.insecure_skip_verify);
	ASSERT_STR(client->http.oauth2.token_url, "https://t");
	ck_assert_uint_eq(client->http.oauth2.scopes.count, 2);
	ASSERT_STR(client->http.oauth2.scopes.at[1], "b");
	ASSERT_STR(client->http.oauth2.endpoint_params.at[0].value, "q");
	ASSERT_STR(client->http.oauth2.tls_config.ca_file, "/o");
	config_free(c);
}
END_TEST

START_TEST(user_info_moves_to_basic_auth)
{
	struct config *c = load("client: { url: 'http://bob:s%20x@loki/x?y' }");
	ASSERT_STR(c->logs.clients[0].url, "http://loki/x?y");
	ASSERT_STR(c->logs.clients[0].http.basic_auth.username, "bob");
	ASSERT_STR(c->logs.clients[0].http.basic_auth.password, "s x");
	config_free(c);
}
END_TEST

START_TEST(credentials_get_their_type)
{
	struct config *c = load("clients: [{ url: http://a/x, authorization: { credentials_file: /f } }]");
	ASSERT_STR(c->logs.clients[0].http.authorization_type, "Bearer");
	config_free(c);
}
END_TEST

START_TEST(one_url_with_two_tenants_gets_two_names)
{
	struct config *c = load("clients: [{ url: http://a:1/x, tenant_id: s }, { url: http://a:1/x, tenant_id: t }]");
	ASSERT_STR(c->logs.clients[0].name, "a:1/s");
	ASSERT_STR(c->logs.clients[1].name, "a:1/t");
	config_free(c);
}
END_TEST

START_TEST(stack_traces_are_joined_where_it_says_so)
{
	struct config *c = load("logs:\n"
				"  stack_traces: true\n"
				"  scrape_configs:\n"
				"  - { job_name: as_all, static_configs: [{ labels: { __path__: /a } }] }\n"
				"  - { job_name: empty, stack_traces: , static_configs: [{ labels: { __path__: /a } }] }\n"
				"  - { job_name: not, stack_traces: false, static_configs: [{ labels: { __path__: /a } }] }\n"
				"  - { job_name: stages, pipeline_stages: [{ cri: {} }, { output: { source: x } }], static_configs: [{ labels: { __path__: /a } }] }\n");
	static const struct { bool is_joining; size_t stages, in_file; } want[] = { { true, 1, 0 }, { true, 1, 0 }, { false, 0, 0 }, { true, 2, 1 } };
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		const struct config_stages *runs = config_scrape_stages(&c->logs.scrapes[i]), *file = &c->logs.scrapes[i].stages;
		ck_assert_msg(runs->has_joining == want[i].is_joining, "job %zu joins: %d", i, runs->has_joining);
		ck_assert_uint_eq(runs->list ? runs->list->count : 0, want[i].stages);
		ck_assert_uint_eq(file->list ? file->list->count : 0, want[i].in_file);
		ck_assert(!runs->has_joining || str_eq(runs->list->items[0].keys[0], STR("multiline")));
	}
	config_free(c);
	c = load("logs: { stack_traces: true }\n");
	ck_assert(config_scrape_stages(&c->logs.scrapes[0])->has_joining);
	config_free(c);
	c = load("");
	ck_assert(!config_scrape_stages(&c->logs.scrapes[0])->list);
	config_free(c);
}
END_TEST

START_TEST(jobs_have_files_and_formats)
{
	struct config *c = load("scrape_configs:\n"
				"  - job_name: files\n"
				"    static_configs: [{ targets: [localhost], labels: { __path__: /a/*.log, __path_exclude__: "
				"/a/b.log, x: y } }]\n"
				"  - { job_name: docker, pipeline_stages: [docker: {}], static_configs: [{ labels: { __path__: /d "
				"} }] }\n"
				"  - { job_name: pods, pipeline_stages: [cri: ], kubernetes_sd_configs: [{ role: pod }] }\n");
	const struct config_scrape *jobs = c->logs.scrapes;
	ck_assert_uint_eq(c->logs.scrape_count, 3);
	ck_assert_int_eq(jobs[0].stages.format, FORMAT_RAW);
	ck_assert_int_eq(jobs[1].stages.format, FORMAT_DOCKER);
	ck_assert_int_eq(jobs[2].stages.format, FORMAT_CRI);
	ck_assert(!jobs[0].is_pods && !jobs[1].is_pods && jobs[2].is_pods);
	ASSERT_STR(jobs[0].statics[0].path, "/a/*.log");
	ASSERT_STR(jobs[0].statics[0].path_exclude, "/a/b.log");
	ck_assert_uint_eq(jobs[0].statics[0].labels.count, 1);
	ASSERT_STR(jobs[0].statics[0].labels.at[0].name, "x");
	ck_assert_uint_eq(jobs[1].line, 4);
	config_free(c);
}
END_TEST

START_TEST(metrics_have_prometheus_defaults)
{
	struct config *c = load("metrics: { scrape_configs: [{ job_name: a, static_configs: [{ targets: [x:1] }] }], "
				"remote_write: [{ url: http://p/api/v1/write }] }");
	ck_assert_uint_eq(c->metrics.scrape_count, 1);
	const struct config_metric_scrape *job = &c->metrics.scrapes[0];
	ck_assert_int_eq(job->builtin, BUILTIN_NONE);
	ck_assert_int_eq(job->scrape_interval_ms, 15000);
	ck_assert_int_eq(job->scrape_timeout_ms, 10000);
	ASSERT_STR(job->metrics_path, "/metrics");
	ASSERT_STR(job->scheme, "http");
	ck_assert(!job->honor_labels && job->honor_timestamps && !job->track_timestamps_staleness && job->enable_compression);
	ck_assert(job->http.follow_redirects && !job->scrape_native_histograms);
	ck_assert_uint_eq(job->sample_limit, 0);
	ASSERT_STR(job->statics[0].targets.at[0], "x:1");
	const struct config_remote_write *w = &c->metrics.remotes[0];
	ck_assert_int_eq(w->remote_timeout_ms, 30000);
	ck_assert(w->send_exemplars && w->send_native_histograms && w->metadata_config.send && w->queue_config.retry_on_http_429);
	ck_assert_uint_eq(w->queue_config.max_samples_per_send, 2000);
	ck_assert_uint_eq(w->queue_config.min_shards, 1);
	ck_assert_uint_eq(w->queue_config.max_shards, 8);
	ck_assert_int_eq(w->queue_config.min_backoff_ms, 30);
	ck_assert_int_eq(w->queue_config.max_backoff_ms, 5000);
	ck_assert_int_eq(w->queue_config.batch_send_deadline_ms, 5000);
	ck_assert_int_eq(w->metadata_config.send_interval_ms, 60000);
	ck_assert_uint_eq(w->protobuf_message.n, 0);
	ck_assert_uint_eq(c->metrics.spool.max_bytes, 512 << 20);
	config_free(c);
}
END_TEST

START_TEST(every_field_of_a_metrics_job_is_filled)
{
	struct config *c = load("metrics:\n"
				"  global: { scrape_interval: 1m, scrape_timeout: 20s, sample_limit: 5, label_limit: 6, scrape_native_histograms: true }\n"
				"  scrape_configs:\n"
				"    - job_name: a\n"
				"      scrape_interval: 5s\n"
				"      params: { m: [x, y], n: [z] }\n"
				"      body_size_limit: 10MB\n"
				"      sample_limit: 7\n"
				"      fallback_scrape_protocol: PrometheusText0.0.4\n"
				"      http_headers: { X-A: { values: [b], secrets: [c] } }\n"
				"      authorization: { credentials: t }\n"
				"      tls_config: { ca_file: /ca }\n"
				"      static_configs: [{ targets: [x:1, y:2], labels: { a: b, __param_c: d } }]\n"
				"      file_sd_configs: [{ files: [/t/*.json] }]\n"
				"      kubernetes_sd_configs: [{ role: pod }]\n"
				"      relabel_configs: [{ source_labels: [a, b], separator: '', regex: x, target_label: t, replacement: '', action: Replace }]\n"
				"      metric_relabel_configs: [{ action: labeldrop, regex: x }, { action: hashmod, source_labels: [a], modulus: 3, target_label: m }]\n");
	const struct config_metric_scrape *job = &c->metrics.scrapes[0];
	ck_assert_int_eq(job->scrape_timeout_ms, 5000);
	ck_assert_uint_eq(job->params.count, 3);
	ASSERT_STR(job->params.at[1].name, "m");
	ASSERT_STR(job->params.at[1].value, "y");
	ck_assert_uint_eq(job->body_size_limit_bytes, 10 << 20);
	ck_assert_uint_eq(job->sample_limit, 7);
	ck_assert_uint_eq(job->label_limit, 6);
	ck_assert(job->scrape_native_histograms);
	ASSERT_STR(job->fallback_scrape_protocol, "PrometheusText0.0.4");
	ck_assert_uint_eq(job->http.headers.count, 2);
	ASSERT_STR(job->http.headers.at[1].value, "c");
	ASSERT_STR(job->http.authorization_type, "Bearer");
	ASSERT_STR(job->http.tls_config.ca_file, "/ca");
	ck_assert_uint_eq(job->statics[0].targets.count, 2);
	ASSERT_STR(job->statics[0].labels.at[1].name, "__param_c");
	ASSERT_STR(job->files[0].files.at[0], "/t/*.json");
	ck_assert_int_eq(job->files[0].refresh_interval_ms, 300000);
	ASSERT_STR(job->pods[0].role, "pod");
	const struct config_relabel *rule = &job->relabel_configs.at[0];
	ck_assert_uint_eq(rule->source_labels.count, 2);
	ck_assert(rule->has_separator && rule->separator.n == 0 && rule->has_replacement && rule->replacement.n == 0 && rule->has_regex);
	ASSERT_STR(rule->action, "replace");
	rule = &job->metric_relabel_configs.at[0];
	ASSERT_STR(rule->replacement, "$1");
	ASSERT_STR(rule->separator, ";");
	ck_assert(!rule->has_separator && !rule->has_replacement && !rule->has_modulus);
	ck_assert_uint_eq(job->metric_relabel_configs.at[1].modulus, 3);
	ck_assert_uint_eq(rule->line, 17);
	config_free(c);
}
END_TEST

static const struct { const char *text; const char *jobs; } builtin[] = {
	{ "", "node pods logs self" },
	{ "logs: { clients: [{ url: http://l/x }] }", "node pods logs self" },
	{ "metrics: { scrape_configs: [] }", "node pods logs self" },
	{ "metrics: { scrape_configs: [{ job_name: a, static_configs: [{ targets: [x:1] }] }] }", "a" },
	{ "metrics: { pods: { enabled: true }, scrape_configs: [{ job_name: a, static_configs: [{ targets: [x:1] }] }] }", "pods a" },
	{ "metrics: { node: { enabled: false } }", "pods logs self" },
	{ "clients: [{ url: http://l/x }]", "node pods logs self" },
	{ "remote_write: [{ url: http://p/x }]", "node pods logs self" },
	{ "scrape_configs: [{ job_name: a, static_configs: [{ targets: [x:1] }] }]", "a" },
};

START_TEST(built_in_jobs_come_first)
{
	static const char *const names[] = { [BUILTIN_NONE] = "a", [BUILTIN_NODE] = "node", [BUILTIN_PODS] = "pods", [BUILTIN_LOGS] = "logs",
		[BUILTIN_SELF] = "self" };
	struct config *c = load(builtin[_i].text);
	struct buf got;
	buf_init(&got, 256);
	for (size_t i = 0; i < c->metrics.scrape_count; i++)
		buf_printf(&got, "%s%s", i ? " " : "", names[c->metrics.scrapes[i].builtin]);
	ck_assert_msg(str_eq(buf_view(&got), str_of(builtin[_i].jobs)), "%s: got %.*s", builtin[_i].text, STR_ARG(buf_view(&got)));
	buf_fini(&got);
	config_free(c);
}
END_TEST

START_TEST(a_prometheus_file_keeps_its_interval)
{
	struct config *c = load("remote_write: [{ url: http://p/x, headers: { X-Scope-OrgID: t } }]\nglobal: { external_labels: { a: b } }");
	ck_assert_int_eq(c->metrics.scrape_interval_ms, 60000);
	ck_assert_int_eq(c->metrics.scrape_timeout_ms, 10000);
	ASSERT_STR(c->metrics.remotes[0].tenant_id, "t");
	ck_assert_uint_eq(c->metrics.remotes[0].http.headers.count, 0);
	ASSERT_STR(c->metrics.external_labels.at[0].name, "a");
	ck_assert_uint_eq(c->global.external_labels.count, 0);
	config_free(c);
}
END_TEST

START_TEST(external_labels_of_metrics_win)
{
	struct config *c = load("global: { external_labels: { a: 1, b: 2 } }\nmetrics: { global: { external_labels: { b: 3, c: 4 } } }");
	ck_assert_uint_eq(c->metrics.external_labels.count, 3);
	ASSERT_STR(c->metrics.external_labels.at[0].value, "1");
	ASSERT_STR(c->metrics.external_labels.at[1].value, "3");
	ck_assert_uint_eq(c->global.external_labels.count, 2);
	config_free(c);
}
END_TEST

START_TEST(two_urls_are_a_configuration)
{
	struct config_problems problems = { 0 };
	struct config *c = config_load_urls(STR("http://l/x"), STR("http://p/x"), &problems);
	ck_assert(c && c->logs.client_count == 1 && c->metrics.remote_count == 1 && c->metrics.scrape_count == 4);
	ck_assert_int_eq(c->metrics.scrape_interval_ms, 15000);
	config_free(c);
	c = config_load_urls((struct str){ 0 }, STR("http://p/x"), &problems);
	ck_assert(c && c->logs.client_count == 0 && c->metrics.remote_count == 1);
	config_free(c);
	config_problems_fini(&problems);
}
END_TEST

START_TEST(paths_of_targets_are_meant_from_the_file)
{
	struct config_problems problems = { 0 };
	struct config *c = config_load(STR("metrics: { scrape_configs: [{ job_name: a, file_sd_configs: [{ files: [t/*.json, /u.yml] }] }] }"),
				       STR("/etc/spoor/spoor.yaml"), &problems);
	ck_assert(c != NULL);
	ASSERT_STR(c->metrics.scrapes[0].files[0].files.at[0], "/etc/spoor/t/*.json");
	ASSERT_STR(c->metrics.scrapes[0].files[0].files.at[1], "/u.yml");
	config_free(c);
	config_problems_fini(&problems);
}
END_TEST

static struct str environment(void *ctx, struct str name)
{
	(void)ctx;
	if (str_eq(name, STR("NODE_NAME")))
		return STR("node-1");
	return str_eq(name, STR("HOST_IP")) ? STR("10.0.0.1") : (struct str){ 0 };
}

START_TEST(label_values_are_expanded)
{
	char err[256] = "";
	struct config *c = load("global: { external_labels: { a: 'x-${NODE_NAME}-${HOST_IP}', b: '${OTHER}${', c: plain } }\n"
				"metrics:\n"
				"  global: { external_labels: { m: '${NODE_NAME}' } }\n"
				"  node: { enabled: true, labels: { n: '${NODE_NAME}' } }\n"
				"  scrape_configs: [{ job_name: j, static_configs: [{ targets: [x:1], labels: { o: '${HOST_IP}' } }] }]\n"
				"logs:\n"
				"  clients: [{ url: http://a/x, external_labels: { d: '${NODE_NAME}' } }]\n"
				"  scrape_configs: [{ job_name: j, static_configs: [{ labels: { __path__: '/${NODE_NAME}', e: "
				"'${NODE_NAME}' } }] }]\n");
	ck_assert_msg(config_expand(c, environment, NULL, err) == 0, "%s", err);
	ASSERT_STR(c->global.external_labels.at[0].value, "x-node-1-10.0.0.1");
	ASSERT_STR(c->global.external_labels.at[1].value, "${OTHER}${");
	ASSERT_STR(c->global.external_labels.at[2].value, "plain");
	ASSERT_STR(c->logs.clients[0].external_labels.at[0].value, "node-1");
	ASSERT_STR(c->logs.scrapes[0].statics[0].labels.at[0].value, "node-1");
	ASSERT_STR(c->logs.scrapes[0].statics[0].path, "/${NODE_NAME}");
	ASSERT_STR(c->metrics.external_labels.at[0].value, "x-node-1-10.0.0.1");
	ASSERT_STR(c->metrics.external_labels.at[3].value, "node-1");
	ASSERT_STR(c->metrics.scrapes[0].statics[0].labels.at[0].value, "node-1");
	ASSERT_STR(c->metrics.scrapes[1].statics[0].labels.at[0].value, "10.0.0.1");
	config_free(c);
}
END_TEST

START_TEST(an_unset_variable_is_an_error)
{
	char err[256] = "";
	struct config *c = load("global: { external_labels: { a: '${POD_NAME}' } }");
	ck_assert_int_eq(config_expand(c, environment, NULL, err), -1);
	ck_assert_msg(strstr(err, "label a") && strstr(err, "POD_NAME"), "got %s", err);
	config_free(c);
}
END_TEST

START_TEST(a_url_alone_is_a_configuration)
{
	struct config_problems problems = { 0 };
	struct config *c = config_load_urls(STR("http://loki/loki/api/v1/push"), (struct str){ 0 }, &problems);
	ck_assert(c != NULL && problems.count == 0);
	ASSERT_STR(c->logs.clients[0].url, "http://loki/loki/api/v1/push");
	config_free(c);
	ck_assert(config_load_urls(STR("lo\"ki"), (struct str){ 0 }, &problems) == NULL);
	ck_assert_uint_eq(problems.errors, 1);
	config_problems_fini(&problems);
}
END_TEST

START_TEST(too_large_a_file_is_refused)
{
	struct config_problems problems = { 0 };
	size_t n = CONFIG_MOST_BYTES + 1;
	char *text = malloc(n);
	memset(text, '#', n);
	ck_assert(config_load((struct str){ text, n }, STR("t"), &problems) == NULL);
	config_problems_fini(&problems);
	struct config *c = config_load((struct str){ text, n - 1 }, STR("t"), &problems);
	ck_assert(c != NULL && problems.count == 0);
	config_free(c);
	config_problems_fini(&problems);
	free(text);
}
END_TEST

START_TEST(a_thousand_errors_are_a_hundred)
{
	struct config_problems problems = { 0 };
	struct buf text;
	buf_init(&text, 1 << 20);
	buf_str(&text, STR("server:\n"));
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "  nothing_%d: 1\n", i);
	ck_assert(config_load(buf_view(&text), STR("t"), &problems) == NULL);
	ck_assert_uint_eq(problems.count, 100);
	ck_assert_uint_eq(problems.errors, 1000);
	ck_assert_uint_eq(problems.at[0].line, 2);
	config_problems_fini(&problems);
	buf_fini(&text);
}
END_TEST

START_TEST(a_problem_is_shown_with_its_caret)
{
	struct config_problems problems = { 0 };
	struct buf shown;
	buf_init(&shown, 4096);
	ck_assert(config_load(STR("server: { \"é\tx\": 1 }\n"), STR("f.yaml"), &problems) == NULL);
	ck_assert(config_load(STR("logs: { clients: [{ url: http://a/x, batchsizee: 1 }] }\n"), STR("f.yaml"), &problems) == NULL);
	config_problems_print(&problems, STR("f.yaml"), &shown);
	const char *want = "f.yaml:1:38: logs.clients[0].batchsizee: unknown key; did you mean batchsize?\n"
			   "    logs: { clients: [{ url: http://a/x, batchsizee: 1 }] }\n"
			   "                                         ^\n";
	ck_assert_msg(str_ends(buf_view(&shown), str_of(want)), "got\n%.*s\nwant at the end\n%s", STR_ARG(buf_view(&shown)), want);
	buf_fini(&shown);
	config_problems_fini(&problems);
}
END_TEST

START_TEST(the_annotated_file_is_the_defaults)
{
	static char text[1 << 16];
	FILE *f = fopen(SOURCE_DIR "/config/spoor.yaml", "rb");
	ck_assert(f != NULL);
	size_t n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = '\0';
	struct config *annotated = load(text), *defaults = config_default();
	struct buf a, d;
	buf_init(&a, 1 << 20);
	buf_init(&d, 1 << 20);
	config_print(annotated, &a);
	config_print(defaults, &d);
	ck_assert_msg(str_eq(buf_view(&a), buf_view(&d)), "spoor.yaml:\n%.*s\ndefaults:\n%.*s", STR_ARG(buf_view(&a)),
		STR_ARG(buf_view(&d)));
	buf_fini(&a);
	buf_fini(&d);
	config_free(annotated);
	config_free(defaults);
}
END_TEST

/* Examples are comments whose text starts behind "#   ": without the mark they are part of the file and must be valid. */
START_TEST(the_examples_of_the_annotated_file_are_valid)
{
	static char text[1 << 16];
	FILE *f = fopen(SOURCE_DIR "/config/spoor.yaml", "rb");
	struct buf out;
	ck_assert(f != NULL);
	struct str rest = { text, fread(text, 1, sizeof text, f) };
	fclose(f);
	buf_init(&out, 1 << 16);
	while (rest.n) {
		struct str line = str_cut(&rest, '\n');
		size_t mark = str_find(line, '#'), indent = 0;
		while (indent < line.n && line.p[indent] == ' ')
			indent++;
		bool is_example = indent == mark && str_starts(str_skip(line, mark), STR("#   "));
		bool is_empty = str_ends(line, STR(": []")) || str_ends(line, STR(": {}"));
		buf_str(&out, str_take(line, is_example ? mark : is_empty ? line.n - 2 : line.n));
		buf_str(&out, is_example ? STR(" ") : STR(""));
		buf_str(&out, is_example ? str_skip(line, mark + 1) : STR(""));
		buf_char(&out, '\n');
	}
	buf_char(&out, '\0');
	struct config *c = load(out.p);
	ck_assert_uint_eq(c->logs.client_count, 1);
	ck_assert_uint_eq(c->logs.scrape_count, 5);
	ck_assert_uint_eq(c->global.external_labels.count, 2);
	ck_assert_uint_eq(c->metrics.remote_count, 1);
	ck_assert_uint_eq(c->metrics.scrape_count, 1);
	config_free(c);
	buf_fini(&out);
}
END_TEST

START_TEST(the_annotated_file_names_every_option)
{
	static char text[1 << 16];
	FILE *f = fopen(SOURCE_DIR "/config/spoor.yaml", "rb");
	ck_assert(f != NULL);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	const struct option *o;
	for (size_t i = 0; (o = option_at(i)); i++) {
		char key[256];
		static const char *const elsewhere[] = { "username_file", "password", "credentials", "client_secret",
			"bearer_token", "client" };
		bool is_left_out = !option_has_effect(o) || o->kind == OPTION_ACCEPTED;
		snprintf(key, sizeof key, "%.*s:", STR_ARG(option_key(o)));
		for (size_t j = 0; j < COUNT_OF(elsewhere); j++)
			is_left_out = is_left_out || str_eq(option_key(o), str_of(elsewhere[j]));
		ck_assert_msg(is_left_out || strstr(text, key), "config/spoor.yaml says nothing about %s", o->path);
	}
}
END_TEST

START_TEST(the_reference_has_every_key_once_a_section)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	config_reference_print(&out);
	buf_char(&out, '\0');
	ck_assert(!out.is_full);
	const struct option *o;
	for (size_t i = 0; (o = option_at(i)); i++) {
		ck_assert_msg(strstr(out.p, o->help) || (o->kind == OPTION_SECTION && !option_has_effect(o)) || strchr(o->help, '|'), "no help for %s", o->path);
		for (size_t j = 0; j < i; j++)
			ck_assert_msg(strcmp(o->path, option_at(j)->path) != 0, "%s is in the table twice", o->path);
		ck_assert_msg(option_find(option_section(o), option_key(o)) == o, "%s cannot be found", o->path);
	}
	buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config load");
	TCase *tcase = tcase_create("load");
	tcase_add_test(tcase, an_empty_file_is_all_defaults);
	tcase_add_test(tcase, a_client_has_promtails_defaults);
	tcase_add_test(tcase, every_field_of_a_client_is_filled);
	tcase_add_test(tcase, user_info_moves_to_basic_auth);
	tcase_add_test(tcase, credentials_get_their_type);
	tcase_add_test(tcase, one_url_with_two_tenants_gets_two_names);
	tcase_add_test(tcase, stack_traces_are_joined_where_it_says_so);
	tcase_add_test(tcase, jobs_have_files_and_formats);
	tcase_add_test(tcase, metrics_have_prometheus_defaults);
	tcase_add_test(tcase, every_field_of_a_metrics_job_is_filled);
	tcase_add_loop_test(tcase, built_in_jobs_come_first, 0, (int)COUNT_OF(builtin));
	tcase_add_test(tcase, a_prometheus_file_keeps_its_interval);
	tcase_add_test(tcase, external_labels_of_metrics_win);
	tcase_add_test(tcase, two_urls_are_a_configuration);
	tcase_add_test(tcase, paths_of_targets_are_meant_from_the_file);
	tcase_add_test(tcase, label_values_are_expanded);
	tcase_add_test(tcase, an_unset_variable_is_an_error);
	tcase_add_test(tcase, a_url_alone_is_a_configuration);
	tcase_add_test(tcase, too_large_a_file_is_refused);
	tcase_add_test(tcase, a_thousand_errors_are_a_hundred);
	tcase_add_test(tcase, a_problem_is_shown_with_its_caret);
	tcase_add_test(tcase, the_annotated_file_is_the_defaults);
	tcase_add_test(tcase, the_examples_of_the_annotated_file_are_valid);
	tcase_add_test(tcase, the_annotated_file_names_every_option);
	tcase_add_test(tcase, the_reference_has_every_key_once_a_section);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
