/* JSON answers as Prometheus gives them: {"status":"success","data":...}, and the fields of objects. */
#ifndef AGENT_WEB_WEB_JSON_H
#define AGENT_WEB_WEB_JSON_H

#include "agent/web/web_request.h"
#include "parsers/labels.h"

/* Begins an answer up to "data":, and fills *status when it is given. end: closes it. */
void web_json_begin(struct web_request *r, struct status *status);
void web_json_end(struct web_request *r);
void web_json_bad_request(struct web_request *r, const char *what); /* 400 instead of what was made so far */
void web_json_string(struct buf *out, struct str s);
/* "key": with the comma that parts it from what stands before. */
void web_json_key(struct buf *out, const char *name);
void web_json_text(struct buf *out, const char *name, struct str s);
void web_json_u64(struct buf *out, const char *name, uint64_t value);
void web_json_bool(struct buf *out, const char *name, bool value);
void web_json_seconds(struct buf *out, const char *name, int64_t ns);
void web_json_time(struct buf *out, const char *name, int64_t ns); /* null when it never was */
void web_json_counts(struct buf *out, const char *name, const char *const *names, const uint64_t *values, size_t count);

/* Names and values as an object; NULL: an empty one. */
void web_json_labels(struct buf *out, const char *name, const struct labels *labels);

#endif
