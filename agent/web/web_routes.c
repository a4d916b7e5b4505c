/* The table of what exists, and the handlers that answer in plain text. A path that is not in the table is answered with the table:
 * who guesses a path by hand should not have to guess twice. */
#include "agent/web/web_request.h"

#include "agent/log.h"
#include "agent/web/page.h"

#define TEXT "text/plain; charset=utf-8"

static void answer(struct web_request *r, unsigned code, struct str text)
{
	r->code = code;
	r->content_type = TEXT;
	r->fixed = text;
}

static void page(struct web_request *r)
{
	r->content_type = "text/html; charset=utf-8";
	r->fixed = (struct str){ (const char *)page_html, page_html_bytes };
	r->script_hash = page_script_hash;
	r->style_hash = page_style_hash;
	r->may_compress = true;
}

static void healthy(struct web_request *r)
{
	answer(r, 200, STR("Spoor is Healthy.\n"));
}

static void ready(struct web_request *r)
{
	struct status status = { 0 };
	r->options->status(r->options->ctx, &status);
	answer(r, status.is_ready ? 200 : 503, status.is_ready ? STR("Spoor is Ready.\n") : (struct str){ 0 });
	if (!status.is_ready)
		buf_printf(&r->body, "Spoor is not ready: %s\n", status.not_ready_why ? status.not_ready_why : "starting");
}

static void reload(struct web_request *r)
{
	if (!r->options->enable_lifecycle || !r->options->reload) {
		answer(r, 403, STR("Lifecycle API is not enabled: start spoor with --web.enable-lifecycle, set server.enable_runtime_reload, or send SIGHUP to reload.\n"));
		return;
	}
	bool is_ok = r->options->reload(r->options->ctx, &r->body);
	answer(r, is_ok ? 200 : 500, (struct str){ 0 });
	if (r->body.n && r->body.p[r->body.n - 1] != '\n')
		buf_char(&r->body, '\n');
}

static void log_level(struct web_request *r)
{
	enum log_level level;
	if (!r->options->enable_lifecycle) {
		answer(r, 403, STR("Lifecycle API is not enabled: start spoor with --web.enable-lifecycle.\n"));
	} else if (!log_level_named(web_arg(r, "level"), &level)) {
		answer(r, 400, STR("Which one? POST /-/log-level?level=debug, or info, warn, error.\n"));
	} else {
		log_set_level(level);
		answer(r, 200, STR("Until the next reload.\n"));
	}
}

static void config(struct web_request *r)
{
	struct status status = { 0 };
	r->options->status(r->options->ctx, &status);
	answer(r, 200, (struct str){ 0 });
	r->may_compress = true;
	if (status.print_config)
		status.print_config(status.print_config_ctx, &r->body);
}

enum method { READ = 1, WRITE = 2 }; /* GET and HEAD; POST and PUT */
static const struct route {
	struct str path;
	enum method method;
	void (*handle)(struct web_request *r);
	const char *what;
} routes[] = {
	{ STR("/"), READ, page, "status page" },
	{ STR("/metrics"), READ, web_metrics, "all metrics: ?collect[]= ?exclude[]=" },
	{ STR("/metrics/self"), READ, web_metrics_self, "metrics of the agent itself" },
	{ STR("/metrics/node"), READ, web_metrics_node, "metrics of the node: ?collect[]= ?exclude[]=" },
	{ STR("/metrics/pods"), READ, web_metrics_pods, "metrics of the pods" },
	{ STR("/metrics/logs"), READ, web_metrics_logs, "metrics out of logs, with exemplars in OpenMetrics" },
	{ STR("/-/healthy"), READ, healthy, "liveness" },
	{ STR("/-/ready"), READ, ready, "readiness" },
	{ STR("/ready"), READ, ready, "readiness, as Promtail has it" },
	{ STR("/-/reload"), WRITE, reload, "POST: load the configuration again (--web.enable-lifecycle)" },
	{ STR("/reload"), WRITE, reload, "the same, as Promtail has it" },
	{ STR("/-/log-level"), WRITE, log_level, "POST: ?level=debug|info|warn|error, until the next reload (--web.enable-lifecycle)" },
	{ STR("/config"), READ, config, "configuration in use, secrets masked" },
	{ STR("/targets"), READ, web_targets_page, "scrape targets" },
	{ STR("/api/v1/status"), READ, web_api_status, "mode, readiness, reload, trace coverage" },
	{ STR("/api/v1/status/buildinfo"), READ, web_api_buildinfo, "version" },
	{ STR("/api/v1/files"), READ, web_api_files, "log files, furthest behind first: ?limit=" },
	{ STR("/api/v1/lines"), READ, web_api_lines, "lines read and dropped by stages, by container" },
	{ STR("/api/v1/file"), READ, web_api_file, "one log file, or what is refused below a folder: ?path= ?device= ?inode=" },
	{ STR("/api/v1/log-targets"), READ, web_api_log_targets, "labels before and after relabelling: ?job= ?state=active|dropped|any ?limit=" },
	{ STR("/api/v1/journals"), READ, web_api_journals, "systemd journals, by job and destination" },
	{ STR("/api/v1/destinations"), READ, web_api_destinations, "destinations and receivers with their ledgers" },
	{ STR("/api/v1/drops"), READ, web_api_drops, "what was refused, by reason, and the newest entries" },
	{ STR("/api/v1/records"), READ, web_api_records, "newest records: ?trace_id= ?q= ?limit= ?since=" },
	{ STR("/api/v1/tap"), READ, web_api_tap, "lines as they pass: ?match= ?stage= ?dropped=1 ?limit= ?rate= ?destination= (--web.enable-tap)" },
	{ STR("/api/v1/targets"), READ, web_api_targets, "scrape targets: ?state=active|dropped|any" },
};

static const struct {
	struct str name;
	enum method method;
} methods[] = { { STR("GET"), READ }, { STR("HEAD"), READ }, { STR("POST"), WRITE }, { STR("PUT"), WRITE } };

static bool takes_method(const struct route *route, struct str method)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (str_eq(methods[i].name, method))
			return methods[i].method == route->method;
	return false;
}

static void not_found(struct web_request *r)
{
	answer(r, 404, (struct str){ 0 });
	buf_str(&r->body, STR("Not found. This is what exists:\n\n"));
	for (size_t i = 0; i < COUNT_OF(routes); i++)
		buf_printf(&r->body, "%-26.*s %s\n", STR_ARG(routes[i].path), routes[i].what);
}

void web_route(struct web_request *r)
{
	r->code = 200;
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		if (!str_eq(routes[i].path, r->path))
			continue;
		if (takes_method(&routes[i], r->method)) {
			routes[i].handle(r);
			return;
		}
		r->allow = routes[i].method == READ ? "GET, HEAD" : "POST, PUT";
		answer(r, 405, routes[i].method == READ ? STR("Method not allowed: use GET.\n") : STR("Method not allowed: use POST.\n"));
		return;
	}
	not_found(r);
}
