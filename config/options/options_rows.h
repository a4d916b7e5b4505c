/* How rows are written: only for the files options_*.c. Rows that stand in several places are macros of their own here, with the path
 * of the section and the type of the list element that they fill. */
#ifndef CONFIG_OPTIONS_OPTIONS_ROWS_H
#define CONFIG_OPTIONS_OPTIONS_ROWS_H

#include "config/config.h"
#include "config/options/options.h"

#define TOP(field) offsetof(struct config, field)
#define CLIENT(field) offsetof(struct config_client, field)
#define SCRAPE(field) offsetof(struct config_scrape, field)
#define STATIC(field) offsetof(struct config_static, field)
#define DISCOVERY(field) offsetof(struct config_discovery, field)
#define JOB(field) offsetof(struct config_metric_scrape, field)
#define REMOTE(field) offsetof(struct config_remote_write, field)
#define RELABEL(field) offsetof(struct config_relabel, field)

#define SECTION(path, help) { path, OPTION_SECTION, 0, "", "", help, 0, 0 }
#define LIST(path, at, count, type, most, help) { path, OPTION_LIST, at, "", ".." most, help, count, sizeof(type) }
#define ONE(path, list, help) { path, OPTION_ONE, 0, "", list, help, 0, 0 }
#define VALUE(path, kind, offset, fallback, range, help) { path, OPTION_##kind, offset, fallback, range, help, 0, 0 }
#define ACCEPTED(path, help) { path, OPTION_ACCEPTED, 0, "", "", help, 0, 0 }
#define IGNORED(path, what_happens, help) { path, OPTION_IGNORED, 0, what_happens, "", help, 0, 0 }
#define REFUSED(path, help) { path, OPTION_REFUSED, 0, "", "", help, 0, 0 }

/* Refused, unless it says what happens anyway. */
#define REFUSED_UNLESS(path, what_happens, help) { path, OPTION_REFUSED, 0, what_happens, "", help, 0, 0 }

#define HTTP(type, field) offsetof(type, http.field)

/* Prometheus' tls_config. */
#define TLS(path, type, field)                                                                                                      \
	VALUE(path ".ca_file", STR, HTTP(type, field.ca_file), "", "",                                                               \
	      "Certificate authorities to trust, PEM, instead of the system's."),                                                   \
	VALUE(path ".cert_file", STR, HTTP(type, field.cert_file), "", "", "Certificate to show to the server; needs key_file."),     \
	VALUE(path ".key_file", STR, HTTP(type, field.key_file), "", "", "Private key of cert_file."),                                \
	VALUE(path ".server_name", STR, HTTP(type, field.server_name), "", "",                                                       \
	      "Name to ask for and to check in the certificate, when it is not the host of the url."),                              \
	VALUE(path ".insecure_skip_verify", BOOL, HTTP(type, field.insecure_skip_verify), "false", "",                               \
	      "Take any certificate. For a first try only: whoever sits between can read everything, the password too."),           \
	VALUE(path ".min_version", CHOICE, HTTP(type, field.min_version), "", "TLS10|TLS11|TLS12|TLS13",                              \
	      "Lowest TLS version to speak. Empty: what the TLS library allows."),                                                  \
	REFUSED(path ".ca", "certificates inside the configuration are not taken: put it into a file and name it in ca_file"),      \
	REFUSED(path ".cert", "certificates inside the configuration are not taken: put it into a file and name it in cert_file"),  \
	REFUSED(path ".key", "keys inside the configuration are not taken: put it into a file and name it in key_file"),            \
	REFUSED(path ".max_version", "an upper limit for the TLS version is not supported: remove this key")

/* Prometheus' http_config: the keys that stand in the section itself, ... */
#define HTTP_VALUES(path, type)                                                                                                     \
	VALUE(path ".proxy_url", STR, HTTP(type, proxy_url), "", "", "HTTP proxy on the way."),                                      \
	VALUE(path ".follow_redirects", BOOL, HTTP(type, follow_redirects), "true", "",                                              \
	      "Follow redirects. Credentials are never sent to another origin."),                                                   \
	VALUE(path ".bearer_token", SECRET, HTTP(type, bearer_token), "", "", "The same as authorization.credentials."),             \
	VALUE(path ".bearer_token_file", STR, HTTP(type, bearer_token_file), "", "", "The same as authorization.credentials_file."), \
	IGNORED(path ".enable_http2", "false", "has no effect: requests are HTTP/1.1"),                                             \
	REFUSED_UNLESS(path ".proxy_from_environment", "false", "the environment is not read for proxies: name the proxy in proxy_url"),            \
	REFUSED(path ".no_proxy", "is not supported: proxy_url is always used when it is set; remove this key"),                    \
	REFUSED(path ".proxy_connect_header", "is not supported: remove this key")

#define HTTP_HEADERS(path, type)                                                                                                    \
	VALUE(path ".headers", SECRET_MAP, HTTP(type, headers), "", "",                                                              \
	      "More HTTP headers, name to value. Those that the program sets itself (such as Authorization) are refused."),         \
	VALUE(path ".http_headers", HTTP_HEADERS, HTTP(type, http_headers), "", "",                                                  \
	      "The same in Prometheus' form: name to `values` or `secrets`, each a list.")

/* ... and its sections, which follow when all of those are through. */
#define HTTP_SECTIONS(path, type)                                                                                                   \
	SECTION(path ".basic_auth", "User and password. At most one of basic_auth, authorization, bearer_token and oauth2."),      \
	VALUE(path ".basic_auth.username", STR, HTTP(type, basic_auth.username), "", "", "User name."),                              \
	VALUE(path ".basic_auth.username_file", STR, HTTP(type, basic_auth.username_file), "", "", "File that holds the user name."),\
	VALUE(path ".basic_auth.password", SECRET, HTTP(type, basic_auth.password), "", "", "Password. Better: password_file."),     \
	VALUE(path ".basic_auth.password_file", STR, HTTP(type, basic_auth.password_file), "", "",                                   \
	      "File that holds the password; read again when it changes."),                                                         \
	SECTION(path ".authorization", "The Authorization header."),                                                                \
	VALUE(path ".authorization.type", STR, HTTP(type, authorization_type), "Bearer", "",                                         \
	      "Its first word. With header: none, unless it is written."),                                                          \
	VALUE(path ".authorization.header", STR, HTTP(type, authorization_header), "", "",                                           \
	      "Name of another header to put the credentials into, `signoz-ingestion-key` for example. Empty: `Authorization`."),   \
	VALUE(path ".authorization.credentials", SECRET, HTTP(type, authorization_credentials), "", "",                              \
	      "What follows. Better: credentials_file."),                                                                           \
	VALUE(path ".authorization.credentials_file", STR, HTTP(type, authorization_credentials_file), "", "",                       \
	      "File that holds it; read again when it changes."),                                                                   \
	SECTION(path ".oauth2", "OAuth 2.0 client credentials: a token is fetched from token_url and renewed before it ends."),     \
	VALUE(path ".oauth2.client_id", STR, HTTP(type, oauth2.client_id), "", "", "Required."),                                     \
	VALUE(path ".oauth2.client_secret", SECRET, HTTP(type, oauth2.client_secret), "", "", "Better: client_secret_file."),        \
	VALUE(path ".oauth2.client_secret_file", STR, HTTP(type, oauth2.client_secret_file), "", "", "File that holds the secret."), \
	VALUE(path ".oauth2.token_url", STR, HTTP(type, oauth2.token_url), "", "", "Where tokens come from. Required."),             \
	VALUE(path ".oauth2.scopes", STRINGS, HTTP(type, oauth2.scopes), "", "", "Scopes to ask for."),                              \
	VALUE(path ".oauth2.endpoint_params", SECRET_MAP, HTTP(type, oauth2.endpoint_params), "", "",                                \
	      "More parameters of the token request."),                                                                             \
	VALUE(path ".oauth2.proxy_url", STR, HTTP(type, oauth2.proxy_url), "", "", "HTTP proxy on the way to token_url."),           \
	SECTION(path ".oauth2.tls_config", "TLS towards token_url."),                                                               \
	TLS(path ".oauth2.tls_config", type, oauth2.tls_config),                                                                     \
	SECTION(path ".tls_config", "TLS. Files are read again when they change."),                                                 \
	TLS(path ".tls_config", type, tls_config)

/* Prometheus' relabel rules. The words of action are for the schema; they may be written in any case. */
#define RELABEL_WORDS "replace|keep|drop|keepequal|dropequal|hashmod|labelmap|labeldrop|labelkeep|lowercase|uppercase"
#define RELABELS(path, at, help)                                                                                                    \
	LIST(path "[]", offsetof at, offsetof at + offsetof(struct config_relabels, count), struct config_relabel, "1000", help),    \
	VALUE(path "[].source_labels", STRINGS, RELABEL(source_labels), "", "", "Labels whose values are joined and compared."),     \
	VALUE(path "[].separator", TEXT, RELABEL(separator), ";", "", "What stands between the joined values."),                     \
	VALUE(path "[].regex", TEXT, RELABEL(regex), "(.*)", "", "What the joined values must match as a whole; RE2's syntax."),     \
	VALUE(path "[].modulus", COUNT, RELABEL(modulus), "", "1..9223372036854775807", "For hashmod."),                           \
	VALUE(path "[].target_label", TEXT, RELABEL(target_label), "", "", "The label that is written."),                            \
	VALUE(path "[].replacement", TEXT, RELABEL(replacement), "$1", "", "What is written; `$1`, `${1}` and `${name}` are groups."),\
	VALUE(path "[].action", TEXT, RELABEL(action), "replace", RELABEL_WORDS,                                                                \
	      "replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase or uppercase.")

/* Limits of a scrape, in the global section (field: metrics.defaults) and in each job. */
#define LIMITS(path, at)                                                                                                            \
	VALUE(path ".body_size_limit", BASE2, at(body_size_limit_bytes), "", "0..1GiB",                                              \
	      "Largest answer, decompressed. 0 or empty: 32MiB." ),                                                                 \
	VALUE(path ".sample_limit", COUNT, at(sample_limit), "", "0..4294967295", "Most samples in one scrape. 0: 500000."),         \
	VALUE(path ".target_limit", COUNT, at(target_limit), "", "0..4294967295", "Most targets of a job. 0: 5000."),                \
	VALUE(path ".label_limit", COUNT, at(label_limit), "", "0..4294967295", "Most labels of a sample. 0: 256."),                 \
	VALUE(path ".label_name_length_limit", COUNT, at(label_name_length_limit), "", "0..4294967295",                              \
	      "Longest label name, in bytes. 0: 1024."),                                                                            \
	VALUE(path ".label_value_length_limit", COUNT, at(label_value_length_limit), "", "0..4294967295",                            \
	      "Longest label value, in bytes. 0: 65536."),                                                                          \
	VALUE(path ".scrape_native_histograms", BOOL, at(scrape_native_histograms), "false", "",                                     \
	      "Ask for the protobuf format and take native histograms out of it."),                                                 \
	VALUE(path ".scrape_protocols", STRINGS, at(scrape_protocols), "", "",                                                       \
	      "Formats to ask for, best first: `PrometheusProto`, `OpenMetricsText1.0.0`, `OpenMetricsText0.0.1`, "                 \
	      "`PrometheusText1.0.0`, `PrometheusText0.0.4`. Empty: all text formats, OpenMetrics first."),                         \
	IGNORED(path ".scrape_failure_log_file", "", "has no effect: failures stand on /targets and in our own log"),              \
	IGNORED(path ".keep_dropped_targets", "", "has no effect: dropped targets are shown up to a fixed number"),                 \
	IGNORED(path ".metric_name_validation_scheme", "", "has no effect: names are taken in UTF-8"),                              \
	IGNORED(path ".metric_name_escaping_scheme", "", "has no effect: names are taken as the target writes them"),               \
	IGNORED(path ".always_scrape_classic_histograms", "false", "has no effect: classic histograms are always kept"),            \
	IGNORED(path ".extra_scrape_metrics", "false", "has no effect: no metrics beyond up and scrape_* are added"),               \
	REFUSED(path ".convert_classic_histograms_to_nhcb", "is not supported: remove this key, histograms are sent as they are")

#endif
