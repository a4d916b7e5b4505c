/* Severity of a log line, in the words of Loki's detected_level. */
#ifndef PARSERS_LEVEL_H
#define PARSERS_LEVEL_H

#include "parsers/bytes/str.h"
#include "parsers/trace/line_form.h"

enum level { LEVEL_UNKNOWN, LEVEL_TRACE, LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR, LEVEL_CRITICAL, LEVEL_FATAL, LEVELS };
extern const char *const level_names[LEVELS]; /* "unknown" "trace" "debug" "info" "warn" "error" "critical" "fatal" */

/* A value under a level key ("warning", "E", "40" of pino, "Error", "NOTICE"), LEVEL_UNKNOWN when it is none. */
enum level level_of_value(struct str value);
/* From the whole line: JSON key, logfmt key, klog or syslog head, else the first level word in its head. Linear. */
enum level level_detect(struct str line);
enum level level_detect_in(enum line_form form, struct str line); /* where it is known how lines are written */

#endif
