/* What the answer of an OTLP/HTTP receiver means. opentelemetry-specification: protocol/otlp.md, "OTLP/HTTP Response".
 * A body is protobuf: with 2xx Export…ServiceResponse { partial_success=1 { rejected=1, error_message=2 } }, the same for logs and metrics;
 * else google.rpc.Status { code=1, message=2, details=3 }. What is none of these is taken as text: proxies answer, too. */
#ifndef EXPORTERS_OTLP_OTLP_REPLY_H
#define EXPORTERS_OTLP_OTLP_REPLY_H

#include "exporters/push_reply.h"
#include "exporters/remote_write/remote_write_reply.h"

/* Partial success: how many records the receiver has refused while it took the others, 0 when that was only a remark; false: none of it. */
bool otlp_partial_success(struct str body, uint64_t *rejected, struct str *message);
/* The words in the body: a view into it. */
struct str otlp_reply_text(int status, struct str body);
struct push_reply otlp_logs_reply(int status, struct str body);
/* attempts: that failed before this one. */
enum rw_action otlp_metrics_reply(int status, struct str body, unsigned attempts);
extern const char otlp_metrics_not_found[]; /* what to say to a 404 */

#endif
