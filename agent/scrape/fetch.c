/* The request is Prometheus': formats in order of preference with weights, the time that is left for the answer, gzip. What differs:
 * targets on this machine are asked not to pack, since both sides would pay for it here; what they pack all the same is unpacked.
 *
 * The limit of the body holds for what comes out of the decoder, while it comes out. */
#include "agent/scrape/fetch.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/logs/clients.h"
#include "agent/scrape/pod_sd.h"
#include "exporters/credentials.h"
#include "exporters/tls_files.h"

enum { HEADERS_MAX = 48, BODY_LIMIT_DEFAULT = 32 << 20 };

static const struct protocol { struct str name; const char *accept; enum exposition_format format; } protocols[] = {
	{ STR("PrometheusProto"), "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
	  EXPOSITION_PROTOBUF },
	{ STR("OpenMetricsText1.0.0"), "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8", EXPOSITION_OPENMETRICS_1_0 },
	{ STR("OpenMetricsText0.0.1"), "application/openmetrics-text;version=0.0.1", EXPOSITION_OPENMETRICS_1_0 },
	{ STR("PrometheusText1.0.0"), "text/plain;version=1.0.0;escaping=allow-utf-8", EXPOSITION_TEXT_0_0_4 },
	{ STR("PrometheusText0.0.4"), "text/plain;version=0.0.4", EXPOSITION_TEXT_0_0_4 },
};

struct fetch {
	const struct config_metric_scrape *job;
	struct http *http;
	struct arena arena;
	struct endpoint_options endpoint;
	struct credentials *credentials;
	struct tls_files tls_files;
	struct str accept; /* the whole line */
	size_t body_limit;
};

static const struct protocol *protocol_of(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(protocols); i++)
		if (str_eq(protocols[i].name, name))
			return &protocols[i];
	return NULL;
}

void fetch_accept(const struct config_metric_scrape *job, struct buf *out)
{
	unsigned weight = COUNT_OF(protocols) + 1;
	if (job->scrape_native_histograms && !job->scrape_protocols.count)
		buf_printf(out, "%s;q=0.%u,", protocols[0].accept, weight--);
	for (size_t i = 1; i < COUNT_OF(protocols) && !job->scrape_protocols.count; i++)
		buf_printf(out, "%s;q=0.%u,", protocols[i].accept, weight--);
	for (size_t i = 0; i < job->scrape_protocols.count; i++) {
		const struct protocol *p = protocol_of(job->scrape_protocols.at[i]);
		if (p && weight > 1)
			buf_printf(out, "%s;q=0.%u,", p->accept, weight--);
	}
	buf_printf(out, "*/*;q=0.%u", weight);
}

static bool check(const struct endpoint_options *o, char err[256])
{
	char shown[1024];
	if (o->oauth2.client_id.n && !http_url_check(o->oauth2.token_url, shown, sizeof shown)) {
		snprintf(err, 256, "oauth2.token_url must be an absolute http or https URL with a host");
		return false;
	}
	return true;
}

struct fetch *fetch_new(const struct config_metric_scrape *job, struct http *http, void (*wake)(void *ctx), void *ctx, char err[256])
{
	struct fetch *f = calloc(1, sizeof *f);
	struct buf line;
	if (!f)
		abort();
	f->job = job;
	f->http = http;
	f->endpoint = client_endpoint(&job->http, (struct str){ 0 }, "", &f->arena);
	f->endpoint.name = job->job_name;
	f->body_limit = job->body_size_limit_bytes ? job->body_size_limit_bytes : BODY_LIMIT_DEFAULT;
	buf_init(&line, 4096);
	buf_str(&line, STR("Accept: "));
	fetch_accept(job, &line);
	f->accept = arena_copy(&f->arena, buf_view(&line));
	buf_fini(&line);
	if (!check(&f->endpoint, err)) {
		fetch_free(f);
		return NULL;
	}
	f->credentials = credentials_new(&f->endpoint, http, wake, ctx);
	return f;
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	credentials_free(f->credentials);
	arena_fini(&f->arena);
	free(f);
}

bool fetch_is_near(struct str address)
{
	struct str port, host = pod_sd_host(address, &port);
	return str_ieq(host, STR("localhost")) || str_eq(host, STR("::1")) || str_starts(host, STR("127."));
}

/* The format of a body, from its Content-Type or else from the configuration. */
static bool format_of(const struct fetch *f, struct str content_type, enum exposition_format *out, char err[256])
{
	const struct protocol *fallback = protocol_of(f->job->fallback_scrape_protocol);
	if (content_type.n && exposition_format_of(content_type, out))
		return true;
	if (fallback) {
		*out = fallback->format;
		return true;
	}
	if (content_type.n)
		snprintf(err, 256, "received unsupported Content-Type \"" STR_FMT "\" and no fallback_scrape_protocol specified for target",
			 STR_ARG(str_take(content_type, 100)));
	else
		snprintf(err, 256, "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target");
	return false;
}

static void on_reply(void *ctx, const struct http_reply *reply)
{
	struct fetch_call *call = ctx;
	call->http = NULL;
	struct fetch_answer answer = { .body = reply->body, .is_too_large = reply->is_too_large };
	char err[256] = "";
	if (!reply->status)
		snprintf(err, sizeof err, "%s", reply->error);
	else if (reply->status != 200)
		snprintf(err, sizeof err, "server returned HTTP status %d", reply->status);
	else if (reply->is_too_large)
		snprintf(err, sizeof err, "body size limit exceeded (limit: %zu bytes)", call->fetch->body_limit);
	else if (reply->body.n)
		format_of(call->fetch, reply->headers[0], &answer.format, err);
	credentials_mask(call->fetch->credentials, err);
	answer.error = err[0] ? err : NULL;
	call->done(call->ctx, &answer);
}

static size_t write_headers(const struct fetch *f, const struct fetch_request *request, struct str headers[HEADERS_MAX], char timeout[80])
{
	size_t n = 0;
	snprintf(timeout, 80, "X-Prometheus-Scrape-Timeout-Seconds: %.15g", (double)request->timeout_ms / 1000);
	headers[n++] = f->accept;
	headers[n++] = str_of(timeout);
	if (!f->job->enable_compression || request->is_near)
		headers[n++] = STR("Accept-Encoding: identity");
	if (credentials_header(f->credentials).n)
		headers[n++] = credentials_header(f->credentials);
	for (size_t i = 0; i < f->endpoint.header_count && n < HEADERS_MAX; i++)
		headers[n++] = f->endpoint.headers[i];
	return n;
}

/* The one address that a pod's annotations may lead to, with the port of the URL. */
static bool pin(const struct fetch_request *request, char to[128], char err[256])
{
	size_t scheme = str_starts(request->url, STR("https://")) ? 8 : 7;
	struct str authority = str_skip(request->url, scheme), port;
	size_t n = 0;
	while (n < authority.n && !strchr("/?#", authority.p[n]))
		n++;
	struct str host = pod_sd_host(str_take(authority, n), &port);
	if (!str_eq(host, request->pod_ip) || pod_sd_is_forbidden(host)) {
		snprintf(err, 256, "the address is not the pod's own (" STR_FMT "): it is not asked", STR_ARG(str_take(request->pod_ip, 64)));
		return false;
	}
	bool is_v6 = str_find(host, ':') < host.n;
	snprintf(to, 128, "%s" STR_FMT "%s:" STR_FMT, is_v6 ? "[" : "", STR_ARG(host), is_v6 ? "]" : "",
		 STR_ARG(port.n ? port : scheme == 8 ? STR("443") : STR("80")));
	return true;
}

enum fetch_state fetch_start(struct fetch *f, const struct fetch_request *request, int64_t now_ns, fetch_done *done, void *ctx,
			     struct fetch_call *call, char err[256])
{
	static const struct str wanted[] = { STR("Content-Type") };
	struct str headers[HEADERS_MAX];
	char timeout[80], to[128] = "";
	enum credentials_state state = credentials_prepare(f->credentials, now_ns);
	if (state == CREDENTIALS_WAITING)
		return FETCH_WAITING;
	if (state == CREDENTIALS_FAILED) {
		snprintf(err, 256, "%s", credentials_error(f->credentials));
		return FETCH_FAILED;
	}
	if (request->pod_ip.n && !pin(request, to, err))
		return FETCH_FAILED;
	const struct secret_door door = { f->endpoint.read_file, f->endpoint.read_file_ctx };
	tls_files_look(&f->tls_files, &f->endpoint.tls, &door, now_ns);
	struct http_request http = {
		.url = request->url,
		.headers = headers,
		.header_count = write_headers(f, request, headers, timeout),
		.tls = f->endpoint.tls,
		.proxy_url = f->endpoint.proxy_url,
		.timeout_ms = request->deadline_ms,
		.max_reply_bytes = f->body_limit,
		.follow_redirects = f->endpoint.follow_redirects && !request->pod_ip.n,
		.accept_gzip = true,
		.fail_when_larger = true,
		.connect_to = str_of(to),
		.want_headers = wanted,
		.want_header_count = COUNT_OF(wanted),
	};
	http.tls.generation = f->tls_files.generation;
	*call = (struct fetch_call){ .fetch = f, .done = done, .ctx = ctx };
	call->http = http_start(f->http, &http, on_reply, call);
	if (call->http)
		return FETCH_STARTED;
	snprintf(err, 256, "the request cannot be sent: check the address, http_headers and tls_config");
	return FETCH_FAILED;
}

void fetch_cancel(struct fetch_call *call)
{
	if (call->http)
		http_cancel(call->fetch->http, call->http);
	call->http = NULL;
}
