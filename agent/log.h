/* Our own log lines: logfmt (or JSON) on standard error, control bytes escaped, the same call site at most five times in
 * ten seconds (then a count of what was suppressed). The only global state of the program, because everybody speaks. */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

#include <stdbool.h>

#include "parsers/bytes/str.h"

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };

struct log_site { /* one static per call site, made by the macros */
	long long window_start_ns;
	unsigned in_window, suppressed;
};

void log_setup(enum log_level least, bool is_json);
bool log_level_named(struct str name, enum log_level *out); /* "debug" "info" "warn" "error"; false: it is none of them */
void log_set_level(enum log_level least); /* until the next log_setup */
void log_line(struct log_site *site, enum log_level level, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

#define LOG_AT(level, ...)                                                     \
	do {                                                                   \
		static struct log_site log_site_;                              \
		log_line(&log_site_, (level), __FILE__, __LINE__, __VA_ARGS__); \
	} while (0)
/* One sentence for the reader: what happened and what to do next. */
#define LOG_DEBUG(...) LOG_AT(LOG_DEBUG_, __VA_ARGS__)
#define LOG_INFO(...) LOG_AT(LOG_INFO_, __VA_ARGS__)
#define LOG_WARN(...) LOG_AT(LOG_WARN_, __VA_ARGS__)
#define LOG_ERROR(...) LOG_AT(LOG_ERROR_, __VA_ARGS__)

#endif
