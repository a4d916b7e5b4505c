/* Private to http: a request's wishes as options of one libcurl handle. */
#ifndef EXPORTERS_HTTP_SETUP_H
#define EXPORTERS_HTTP_SETUP_H

#include <curl/curl.h>

#include "exporters/http.h"

/* What libcurl reads while the call lasts; freed by http_setup_free. */
struct http_setup {
	char *url; /* as asked for */
	struct curl_slist *headers, *connect_to;
};

/* false: something in the request cannot be sent. The setup must be freed in either case, after the handle let go of it. */
bool http_setup(struct http_setup *s, CURL *easy, const struct http_request *request);
void http_setup_free(struct http_setup *s);

/* Whether `to` has the scheme, host and port of `from`. */
bool http_same_origin(const char *from, const char *to);

#endif
