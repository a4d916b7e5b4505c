/* The agent's own metrics as text. Prometheus text format 0.0.4, or OpenMetrics 1.0 (prometheus.io/docs/specs/om). */
#ifndef AGENT_EXPOSITION_EXPOSITION_H
#define AGENT_EXPOSITION_EXPOSITION_H

#include "agent/status.h"

#define EXPOSITION_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define EXPOSITION_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Metrics out of logs: log_lines_total, and what `metrics` stages count. With exemplars in OpenMetrics. */
void exposition_logs(const struct status *status, struct buf *out, bool openmetrics);
/* Appends every spoor_* and process_* family. No "# EOF": the page that puts several parts together ends with
 * exposition_end. */
void exposition_self(const struct status *status, struct buf *out, bool openmetrics);
void exposition_end(struct buf *out, bool openmetrics);

#endif
