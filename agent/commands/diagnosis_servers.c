/* Each destination by the way that its requests take: credentials out of their files, name, TCP, TLS, then one request that brings nothing: a
 * push without a stream, a write without a series. Whoever answers that has let us in; 401 and 403 have not. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/logs/clients.h"
#include "agent/commands/diagnosis.h"
#include "agent/kubernetes/where.h"
#include "agent/os.h"
#include "exporters/credentials.h"
#include "exporters/otlp/otlp_reply.h"

enum { HEADERS_MOST = 32, PROBE_MS = 10000, REPLY_MOST = 4096, SKEW_WARN_S = 5, SKEW_FAIL_S = 300, EXPIRY_WARN_DAYS = 14, TEXT_ROOM = 512, SERVERS_MOST = 16 };

struct server {
	struct diagnosis *d;
	const char *area;
	struct str subject;              /* name and address, for people */
	const struct endpoint_options *o;
	const struct config_http *http;
	const struct log_protocol *protocol; /* of requests that look like those of logs; NULL: remote-write */
	const char *not_found;           /* what to say to a 404 */
};

static void say(const struct server *s, enum finding_level level, const char *advice, const char *text)
{
	struct buf clean;
	buf_init(&clean, 4 * TEXT_ROOM);
	redact_text(&s->d->redact, str_of(text), &clean);
	findings_add(s->d->findings, level, s->area, s->subject, advice, STR_FMT, STR_ARG(buf_view(&clean)));
	buf_fini(&clean);
}

/* ---- credentials ---- */

static bool files(const struct server *s)
{
	const struct config_http *h = s->http;
	const struct { const char *what; struct str path; } all[] = {
		{ "basic_auth.username_file", h->basic_auth.username_file }, { "basic_auth.password_file", h->basic_auth.password_file },
		{ "authorization.credentials_file", h->authorization_credentials_file }, { "bearer_token_file", h->bearer_token_file },
		{ "oauth2.client_secret_file", h->oauth2.client_secret_file }, { "tls_config.ca_file", h->tls_config.ca_file },
		{ "tls_config.cert_file", h->tls_config.cert_file }, { "tls_config.key_file", h->tls_config.key_file },
	};
	bool are_good = true;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i].path.n)
			are_good &= diagnosis_file(s->d, "credentials", all[i].what, all[i].path);
	return are_good;
}

/* ---- certificate and clock ---- */

static void certificate(const struct server *s, const struct probe_result *r)
{
	char text[TEXT_ROOM], date[32] = "?";
	if (r->not_after_s == 0)
		return;
	time_t until = (time_t)r->not_after_s, now = time(NULL);
	struct tm tm;
	if (gmtime_r(&until, &tm))
		strftime(date, sizeof date, "%Y-%m-%d", &tm);
	int64_t days = (r->not_after_s - (int64_t)now) / 86400;
	if (r->not_after_s < (int64_t)now) {
		snprintf(text, sizeof text, "its certificate (%.120s, issued by %.120s) expired on %s", r->subject, r->issuer, date);
		say(s, FINDING_FAIL, "whoever runs the server must renew it", text);
	} else if (r->not_before_s > (int64_t)now) {
		snprintf(text, sizeof text, "its certificate (%.120s) is not valid yet", r->subject);
		say(s, FINDING_FAIL, "look at this machine's clock, and at the certificate", text);
	} else if (!r->is_certificate_refused) {
		snprintf(text, sizeof text, "certificate %.120s, issued by %.120s, valid until %s (%lld days)%s", r->subject, r->issuer, date, (long long)days,
			 s->o->tls.insecure_skip_verify ? "; not verified: insecure_skip_verify" : "");
		bool is_soon = days < EXPIRY_WARN_DAYS;
		say(s, is_soon || s->o->tls.insecure_skip_verify ? FINDING_WARN : FINDING_OK,
		    is_soon ? "have it renewed" : s->o->tls.insecure_skip_verify ? "give tls_config.ca_file instead" : "", text);
	}
}

static void refused_certificate(const struct server *s, const struct probe_result *r)
{
	char text[TEXT_ROOM];
	if (r->not_after_s && r->not_after_s < (int64_t)time(NULL))
		return; /* told already */
	snprintf(text, sizeof text, "TLS: its certificate (%.100s, issued by %.100s) is not trusted: %.150s", r->subject, r->issuer, r->error);
	say(s, FINDING_FAIL, s->http->tls_config.ca_file.n ? "tls_config.ca_file must hold the authority that issued it; server_name a name that it is for"
							   : "name the authority that issued it in tls_config.ca_file", text);
}

static void clock_of(const struct server *s, const struct probe_result *r, int64_t asked_s)
{
	char text[TEXT_ROOM];
	if (r->date_s == 0)
		return;
	int64_t now_s = (int64_t)time(NULL), skew = r->date_s > now_s ? r->date_s - now_s : r->date_s < asked_s ? r->date_s - asked_s : 0;
	int64_t size = skew < 0 ? -skew : skew;
	snprintf(text, sizeof text, "its clock is %lld s %s ours", (long long)size, skew < 0 ? "behind" : "ahead of");
	if (size < SKEW_WARN_S)
		say(s, FINDING_OK, "", size ? text : "its clock and ours agree");
	else
		say(s, size < SKEW_FAIL_S ? FINDING_WARN : FINDING_FAIL, "set the clock that is wrong: entries too old or too far ahead are refused", text);
}

/* ---- the way there ---- */

static void unreachable(const struct server *s, const struct probe_result *r)
{
	static const struct { const char *what, *advice; } stages[] = {
		[PROBE_REQUEST] = { "cannot be asked", "look at its entry in the configuration" },
		[PROBE_NAME] = { "its name cannot be resolved", "is the name right? In Kubernetes: NAME.NAMESPACE.svc; does DNS answer here?" },
		[PROBE_CONNECT] = { "cannot be connected to", "is it running, is the port right, does a network policy or firewall stand between?" },
		[PROBE_TLS] = { "TLS does not come about", "does it speak TLS on this port? Is http:// meant?" },
		[PROBE_REPLY] = { "connected, but it does not answer", "does it speak TLS on this port (https://)? Is it overloaded?" },
	};
	char text[TEXT_ROOM];
	if (r->is_certificate_refused) {
		refused_certificate(s, r);
		return;
	}
	snprintf(text, sizeof text, "%s%s: %.300s", stages[r->stage].what, r->is_too_late ? " in time" : "", r->error);
	say(s, FINDING_FAIL, s->o->proxy_url.n ? "the way leads through proxy_url: look there too" : stages[r->stage].advice, text);
}

static void judge(const struct server *s, const struct probe_result *r, struct str body)
{
	char text[TEXT_ROOM];
	struct buf words; /* clean before they are cut: half a secret is too much */
	buf_init(&words, 4 * REPLY_MOST);
	redact_text(&s->d->redact, str_take(body, str_find(body, '\n')), &words);
	snprintf(text, sizeof text, "answers %d: %.*s", r->status, STR_ARG(str_take(buf_view(&words), 200)));
	buf_fini(&words);
	/* An empty push is refused by some as having no stream: past the door, and nothing was written. */
	bool is_in = r->status / 100 == 2 || r->status == 400 || r->status == 422;
	if (is_in) {
		snprintf(text, sizeof text, "takes requests (%d at %s)", r->status, r->address);
		say(s, FINDING_OK, "", text);
	} else if (r->status == 401 || r->status == 403 || r->status == 407) {
		say(s, FINDING_FAIL, "these credentials, or this tenant, are not let in", text);
	} else if (r->status == 404 || r->status == 405) {
		say(s, FINDING_FAIL, s->not_found, text);
	} else if (r->status == 429 || r->status / 100 == 5) {
		say(s, FINDING_WARN, "it lets us in, but cannot take anything now", text);
	} else {
		say(s, FINDING_WARN, "look at the address: a redirect or another program", text);
	}
}

/* Both as they would be sent with something in them. */
static size_t headers_of(const struct server *s, struct str authorization, struct str headers[HEADERS_MOST], struct buf *text)
{
	size_t n = 0;
	headers[n++] = STR("Content-Type: application/x-protobuf");
	if (s->protocol && s->protocol->content_encoding.n && s->protocol->nothing.n)
		headers[n++] = s->protocol->content_encoding;
	if (!s->protocol) {
		headers[n++] = STR("Content-Encoding: snappy");
		headers[n++] = STR("X-Prometheus-Remote-Write-Version: 0.1.0");
	}
	return endpoint_headers(s->o, authorization, headers, n, HEADERS_MOST, text);
}

static void ask(const struct server *s, struct str authorization)
{
	struct str headers[HEADERS_MOST];
	struct buf text, body;
	struct probe_result r;
	int64_t asked_s = (int64_t)time(NULL);
	buf_init(&text, 64 << 10);
	buf_init(&body, REPLY_MOST);
	struct probe_request p = { .http = { .url = s->o->url,
					     .body = s->protocol ? s->protocol->nothing : STR("\0"),
					     .tls = s->o->tls,
					     .proxy_url = s->o->proxy_url,
					     .timeout_ms = PROBE_MS,
					     .headers = headers },
				   .body = &body };
	buf_reserve(&text, s->o->tenant_id.n + 64);
	p.http.header_count = headers_of(s, authorization, headers, &text);
	probe_run(&p, &r);
	certificate(s, &r);
	if (r.stage == PROBE_DONE) {
		judge(s, &r, buf_view(&body));
		clock_of(s, &r, asked_s);
	} else {
		unreachable(s, &r);
	}
	buf_fini(&text);
	buf_fini(&body);
}

/* Without credentials nothing is asked for: only the way is tried. */
static void dial(const struct server *s)
{
	struct probe_result r;
	struct probe_request p = { .http = { .url = s->o->url, .tls = s->o->tls, .proxy_url = s->o->proxy_url, .timeout_ms = PROBE_MS }, .is_dial_only = true };
	char text[TEXT_ROOM];
	probe_run(&p, &r);
	certificate(s, &r);
	if (r.stage != PROBE_DONE) {
		unreachable(s, &r);
		return;
	}
	snprintf(text, sizeof text, "can be connected to (%s); nothing was asked without credentials", r.address);
	say(s, FINDING_OK, "", text);
}

static void server(struct diagnosis *d, const char *name, struct str url, const struct config_http *http, struct endpoint_options o,
		   const struct log_protocol *protocol, const char *not_found)
{
	static const char area[] = "destination";
	char shown[TEXT_ROOM], subject[TEXT_ROOM + 80], proxy[TEXT_ROOM];
	if (!http_url_check(url, shown, sizeof shown)) {
		findings_add(d->findings, FINDING_FAIL, area, str_of(name), "give an http:// or https:// URL", "its address is none");
		return;
	}
	snprintf(subject, sizeof subject, "%s (%s)", name, shown);
	struct server s = { d, area, str_of(subject), &o, http, protocol, not_found };
	if (o.proxy_url.n && http_url_check(o.proxy_url, proxy, sizeof proxy))
		findings_add(d->findings, FINDING_NOTE, area, s.subject, "", "through the proxy %s", proxy);
	bool are_files_good = files(&s);
	if (o.oauth2.client_id.n) {
		say(&s, FINDING_NOTE, "", "oauth2: no token is fetched for a diagnosis");
		dial(&s);
		return;
	}
	struct credentials *c = credentials_new(&o, NULL, NULL, NULL);
	if (are_files_good && credentials_prepare(c, os_now_ns()) == CREDENTIALS_READY) {
		ask(&s, credentials_header(c));
	} else {
		if (are_files_good)
			say(&s, FINDING_FAIL, "look at its credentials in the configuration", credentials_error(c));
		dial(&s);
	}
	credentials_free(c);
}

void diagnosis_destinations(struct diagnosis *d)
{
	const struct config *c = d->ask->settings.config;
	char names[SERVERS_MOST][CLIENT_NAME_ROOM];
	for (size_t i = 0; c && i < c->logs.client_count && i < SERVERS_MOST; i++) {
		const struct config_client *client = &c->logs.clients[i];
		client_name(names, i, client->name, client->url);
		struct endpoint_options o = client_endpoint(&client->http, client->url, names[i], &d->ask->arena);
		o.tenant_id = client->tenant_id;
		const struct log_protocol *protocol = log_protocol_find(client->protocol);
		server(d, names[i], client->url, &client->http, o, protocol, protocol->not_found.p);
	}
	for (size_t i = 0; c && i < c->metrics.remote_count && i < SERVERS_MOST; i++) {
		const struct config_remote_write *remote = &c->metrics.remotes[i];
		client_name(names, i, remote->name, remote->url);
		struct endpoint_options o = client_endpoint(&remote->http, remote->url, names[i], &d->ask->arena);
		o.tenant_id = remote->tenant_id;
		if (str_eq(remote->protocol, STR("otlphttp")))
			server(d, names[i], remote->url, &remote->http, o, &log_protocol_otlp, otlp_metrics_not_found);
		else
			server(d, names[i], remote->url, &remote->http, o, NULL,
			       "the path is not a receiver's; Prometheus needs --web.enable-remote-write-receiver");
	}
	if (c && c->logs.client_count + c->metrics.remote_count == 0)
		findings_add(d->findings, FINDING_NOTE, "destination", (struct str){ 0 },
			     "add logs.clients, or metrics.remote_write", "none is configured: records are kept in memory");
}

/* ---- pod objects ---- */

static struct str readable(struct diagnosis *d, const char *name)
{
	char path[4096];
	if (!d->ask->flags.path_service_account ||
	    snprintf(path, sizeof path, "%s/%s", d->ask->flags.path_service_account, name) >= (int)sizeof path || access(path, R_OK) < 0)
		return (struct str){ 0 };
	return arena_copy(&d->ask->arena, str_of(path));
}

static void judge_pods(const struct server *s, const struct probe_result *r, bool is_kubelet)
{
	char text[TEXT_ROOM];
	snprintf(text, sizeof text, "answers %d", r->status);
	if (r->status == 200)
		say(s, FINDING_OK, "", "this node's pods can be listed");
	else if (r->status == 401)
		say(s, FINDING_FAIL, "is the token of the service account mounted, and does it belong to this cluster?", text);
	else if (r->status == 403)
		say(s, FINDING_FAIL, is_kubelet ? "grant the service account get on nodes/pods (docs/KUBERNETES.md)"
						: "grant the service account list and watch on pods (docs/KUBERNETES.md)", text);
	else
		say(s, FINDING_WARN, "without pods' objects, logs have the labels that their paths tell", text);
}

static void ask_pods(const struct server *s, bool is_kubelet)
{
	char url[1024];
	struct str headers[HEADERS_MOST];
	struct buf text;
	struct probe_result r;
	struct credentials *c = credentials_new(s->o, NULL, NULL, NULL);
	snprintf(url, sizeof url, is_kubelet ? STR_FMT "/pods" : STR_FMT "/api/v1/pods?limit=1&fieldSelector=spec.nodeName%%3D" STR_FMT,
		 STR_ARG(str_take(s->o->url, 600)), STR_ARG(is_kubelet ? (struct str){ 0 } : settings_node_name()));
	buf_init(&text, 64 << 10);
	buf_reserve(&text, 64);
	struct probe_request p = { .http = { .url = str_of(url), .tls = s->o->tls, .proxy_url = s->o->proxy_url, .timeout_ms = PROBE_MS, .headers = headers } };
	if (credentials_prepare(c, os_now_ns()) != CREDENTIALS_READY) {
		say(s, FINDING_FAIL, "look at the service account's token", credentials_error(c));
	} else {
		p.http.header_count = endpoint_headers(s->o, credentials_header(c), headers, 0, HEADERS_MOST, &text);
		probe_run(&p, &r);
		certificate(s, &r);
		if (r.stage == PROBE_DONE)
			judge_pods(s, &r, is_kubelet);
		else
			unreachable(s, &r);
	}
	buf_fini(&text);
	credentials_free(c);
}

void diagnosis_kubernetes(struct diagnosis *d)
{
	struct kubernetes_where where;
	const struct config *c = d->ask->settings.config;
	if (!c)
		return;
	const struct kubernetes_around around = {
		.service_host = str_of(getenv("KUBERNETES_SERVICE_HOST")), .service_port = str_of(getenv("KUBERNETES_SERVICE_PORT")),
		.host_ip = str_of(getenv("HOST_IP")), .node_name = settings_node_name(), .token_file = readable(d, "token"), .ca_file = readable(d, "ca.crt"),
	};
	kubernetes_where(&c->kubernetes, &around, &d->ask->arena, &where);
	if (where.source == KUBERNETES_NONE) {
		findings_add(d->findings, where.is_problem ? FINDING_FAIL : FINDING_NOTE, "kubernetes", (struct str){ 0 },
			     where.is_problem ? "docs/KUBERNETES.md says what each source of pod objects needs" : "",
			     "pod objects are not asked for: %s", where.why);
		return;
	}
	struct endpoint_options o = client_endpoint(&where.http, where.url, "kubernetes", &d->ask->arena);
	struct server s = { d, "kubernetes", where.url, &o, &where.http, NULL, "" };
	if (files(&s))
		ask_pods(&s, where.source == KUBERNETES_KUBELET);
}
