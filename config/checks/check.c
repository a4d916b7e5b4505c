/* Rules between keys: what no single row of the table can say. One function a rule. What stands in many places is judged in check_http.c,
 * check_destination.c and check_relabel.c, jobs in check_jobs.c and check_scrapes.c. A rule about a value that is already in error says
 * nothing more. */
#include "config/checks/check.h"

enum { LINE_SIZE_LEAST = 256, LINE_SIZE_MOST = 1 << 20, BATCH_LEAST = 4 << 10, BATCH_MOST = 3 << 20 };

void check_backoff(struct loader *r, const int64_t *least_ms, const int64_t *most_ms, const char *least_key, const char *most_key)
{
	const struct place *least = loader_field(r, least_ms), *most = loader_field(r, most_ms);
	if (*least_ms > *most_ms && (most || least))
		loader_error(r, most ? most : least, "%s must not be shorter than %s", most_key, least_key);
}

static struct destination destination_of(struct config_client *c)
{
	static const struct config_relabels none = { 0 };
	struct destination d = { .name = &c->name, .url = &c->url, .tenant_id = &c->tenant_id, .http = &c->http, .line = c->line,
		.labels = &c->external_labels, .rules = &none,
		.example = "http://loki:3100/loki/api/v1/push", .usual = "Loki takes logs at /loki/api/v1/push" };
	if (str_eq(c->protocol, STR("otlphttp"))) {
		d.example = "http://collector:4318/v1/logs";
		d.usual = "OTLP takes logs at /v1/logs, and Loki at /otlp/v1/logs";
	}
	return d;
}

/* The path of one protocol under the name of the other: every request would be refused. */
static void check_protocol(struct loader *r, const struct config_client *c)
{
	static const struct { struct str path, protocol; const char *advice; } paths[] = {
		{ STR("/v1/logs"), STR("loki"), "that is a path for OTLP: add `protocol: otlphttp`" },
		{ STR("/loki/api/v1/push"), STR("otlphttp"), "that is Loki's own path: remove protocol, or write /otlp/v1/logs" },
	};
	const struct place *at = loader_field(r, &c->url);
	struct str url = str_take(c->url, str_find(c->url, '?'));
	for (size_t i = 0; at && i < COUNT_OF(paths); i++)
		if (str_eq(c->protocol, paths[i].protocol) && str_ends(url, paths[i].path))
			loader_warning(r, at, "%s", paths[i].advice);
}

/* Files that work have values out of our bounds: going on with the bound loses nothing, so it is said and not refused. */
static void clamp(struct loader *r, uint64_t *value, uint64_t least, uint64_t most, const char *as_text)
{
	const struct place *at = loader_field(r, value);
	uint64_t within = *value < least ? least : *value > most ? most : *value;
	if (at && within != *value)
		loader_warning(r, at, "taken as %s: %s", within == least ? "4KiB" : as_text,
			       within == least ? "smaller ones cost more than they save" : "Loki refuses what is much larger");
	*value = within;
}

/* Promtail takes the tenant as a header of one's own, too, when there is no tenant_id. */
static void take_tenant_header(struct loader *r, struct config_client *c)
{
	const struct place *at = loader_field(r, &c->http.headers);
	for (size_t i = 0; at && i < c->http.headers.count; i++) {
		struct config_label *header = &c->http.headers.at[i];
		if (!str_ieq(header->name, STR("X-Scope-OrgID")) || c->tenant_id.n)
			continue;
		loader_warning(r, at, "X-Scope-OrgID is taken as tenant_id: better write it there");
		c->tenant_id = header->value;
		c->http.headers.count--;
		memmove(header, header + 1, (c->http.headers.count - i) * sizeof *header);
		return;
	}
}

static void check_client(struct loader *r, struct config_client *c)
{
	const struct place *element = loader_element(r, c);
	c->line = element ? element->line : 0;
	take_tenant_header(r, c);
	clamp(r, &c->batchsize_bytes, BATCH_LEAST, BATCH_MOST, "3MiB");
	const struct destination d = destination_of(c);
	check_url(r, &d, element, check_http(r, &c->http, HTTP_OF_CLIENT));
	check_protocol(r, c);
	check_backoff(r, &c->backoff_min_period_ms, &c->backoff_max_period_ms, "min_period", "max_period");
}

/* Without a tenant Loki lets no line in where it asks for one, and what is not let in waits. */
static void check_default_tenant(struct loader *r, const struct config_client *c)
{
	const struct place *element = loader_element(r, c);
	for (size_t i = 0; i < r->config->logs.scrape_count && element && !c->tenant_id.n; i++) {
		const struct config_scrape *job = &r->config->logs.scrapes[i];
		if (job->stages.needs_default_tenant) {
			loader_warning(r, element, "lines of the job %.*s for which its stage tenant finds none go out without X-Scope-OrgID, and wait where "
				       "Loki wants one: give tenant_id, the tenant of all other lines", STR_ARG(str_take(job->job_name, 60)));
			return;
		}
	}
}

static void check_clients(struct loader *r)
{
	struct config_client *clients = r->config->logs.clients;
	for (size_t i = 0; i < r->config->logs.client_count; i++)
		check_client(r, &clients[i]);
	for (size_t i = 0; i < r->config->logs.client_count; i++)
		check_default_tenant(r, &clients[i]);
	for (size_t i = 0; i < r->config->logs.client_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct destination one = destination_of(&clients[i]), other = destination_of(&clients[j]);
			check_twins(r, &one, &other);
		}
}

/* Where Promtail has its positions: under the name that it shares with ours, or where it has them when its file says nothing. */
static void check_positions(struct loader *r)
{
	struct str filename = r->config->logs.positions.filename, *import = &r->config->logs.positions.import;
	if (filename.n && !loader_field(r, import))
		*import = filename;
}

/* Promtail's 0 says "no limit": here it is the default, because Loki has one. */
static void check_limits(struct loader *r)
{
	uint64_t *size = &r->config->logs.limits_config.max_line_size_bytes;
	const struct place *at = loader_field(r, size);
	if (at && *size && *size < LINE_SIZE_LEAST)
		loader_error(r, at, "expected 0 or at least %d", LINE_SIZE_LEAST);
	struct buf why;
	buf_init(&why, 256);
	if (at && !*size)
		value_read(at->option, str_of(at->option->fallback), (char *)size, &r->config->arena, &why);
	buf_fini(&why);
	if (*size >= LINE_SIZE_LEAST)
		clamp(r, size, LINE_SIZE_LEAST, LINE_SIZE_MOST, "1MiB");
}

void check_config(struct loader *r)
{
	check_clients(r);
	check_limits(r);
	check_kubernetes(r);
	check_positions(r);
	check_trace(r);
	check_jobs(r);
	check_metrics(r);
}
