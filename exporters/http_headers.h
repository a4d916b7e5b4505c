/* The few header rules that we apply ourselves; the rest of HTTP is libcurl's. */
#ifndef EXPORTERS_HTTP_HEADERS_H
#define EXPORTERS_HTTP_HEADERS_H

#include "parsers/bytes/str.h"

enum { HTTP_RETRY_AFTER_MAX_MS = 5 * 60 * 1000 };

/* "Name: value" with a token as name and no control bytes (tab apart): it can be neither a second header nor a request. */
bool http_header_is_safe(struct str line);
/* The value of the header line when its name is `name` (any case), blanks around it cut off; false: it is another one. */
bool http_header_value(struct str line, struct str name, struct str *value);
/* Retry-After (RFC 9110 §10.2.3): seconds or an HTTP date, against now_s (Unix time). Clamped to [0, 5 min]; -1: neither. */
int64_t http_retry_after_ms(struct str value, int64_t now_s);

#endif
