/* One line, one write(2), so that lines of two threads do not mix. logfmt with the keys that Promtail and Loki use
 * (level, ts, caller, msg); values are escaped as JSON strings, which logfmt readers take too. A message is cut at 4 KiB.
 *
 * Suppression is by call site and not by text: a text with a path in it would never repeat. It also keeps the agent from
 * feeding itself when it follows its own container's log. What was suppressed is told by the next line of that site.
 * Left out on purpose: log files, rotation, remote logging; standard error belongs to whoever started us. */
#include "agent/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "parsers/bytes/rfc3339.h"
#include "parsers/bytes/utf8.h"

enum { MESSAGE_ROOM = 4096, LINE_CAP = 32 * 1024, LINES_PER_WINDOW = 5 };
static const long long WINDOW_NS = 10000000000;
static const char *const level_names_[] = { "debug", "info", "warn", "error" };

static struct {
	pthread_mutex_t lock; /* of everything here and of all sites */
	enum log_level least;
	bool is_json;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .least = LOG_INFO_ };

static long long clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* May this line be written? *missed is how many of this site were not since the last one that was. */
static bool admit(struct log_site *site, long long now_ns, unsigned *missed)
{
	*missed = 0;
	if (site->in_window == 0 || now_ns - site->window_start_ns >= WINDOW_NS) {
		site->window_start_ns = now_ns;
		site->in_window = 0;
	}
	if (site->in_window >= LINES_PER_WINDOW) {
		site->suppressed++;
		return false;
	}
	site->in_window++;
	*missed = site->suppressed;
	site->suppressed = 0;
	return true;
}

static void render(struct buf *out, enum log_level level, struct str caller, int line, struct str message, unsigned missed)
{
	char at[RFC3339_ROOM];
	struct str ts = { at, rfc3339_format(clock_ns(CLOCK_REALTIME), at) };
	buf_printf(out, state.is_json ? "{\"level\":\"%s\",\"ts\":\"" STR_FMT "\",\"caller\":\"" STR_FMT ":%d\",\"msg\":\""
				      : "level=%s ts=" STR_FMT " caller=" STR_FMT ":%d msg=\"",
		   level_names_[level], STR_ARG(ts), STR_ARG(caller), line);
	buf_json(out, message);
	buf_char(out, '"');
	if (missed)
		buf_printf(out, state.is_json ? ",\"suppressed\":%u" : " suppressed=%u", missed);
	buf_str(out, state.is_json ? STR("}\n") : STR("\n"));
}

static void write_all(struct str s)
{
	while (s.n > 0) {
		ssize_t n = write(STDERR_FILENO, s.p, s.n);
		if (n <= 0)
			return; /* nobody is there to be told */
		s = str_skip(s, (size_t)n);
	}
}

void log_setup(enum log_level least, bool is_json)
{
	pthread_mutex_lock(&state.lock);
	state.least = least;
	state.is_json = is_json;
	pthread_mutex_unlock(&state.lock);
}

bool log_level_named(struct str name, enum log_level *out)
{
	static const struct { const char *name; enum log_level level; } levels[] = {
		{ "debug", LOG_DEBUG_ }, { "info", LOG_INFO_ }, { "warn", LOG_WARN_ }, { "error", LOG_ERROR_ },
	};
	for (size_t i = 0; i < COUNT_OF(levels); i++)
		if (str_eq(name, str_of(levels[i].name))) {
			*out = levels[i].level;
			return true;
		}
	return false;
}

void log_set_level(enum log_level least)
{
	pthread_mutex_lock(&state.lock);
	state.least = least;
	pthread_mutex_unlock(&state.lock);
}

void log_line(struct log_site *site, enum log_level level, const char *file, int line, const char *format, ...)
{
	unsigned missed;
	pthread_mutex_lock(&state.lock);
	bool is_wanted = level >= state.least && admit(site, clock_ns(CLOCK_MONOTONIC), &missed);
	pthread_mutex_unlock(&state.lock);
	if (!is_wanted)
		return;

	char text[MESSAGE_ROOM];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	struct str message = { text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1 };
	struct buf clean, out;
	buf_init(&clean, 3 * MESSAGE_ROOM);
	buf_init(&out, LINE_CAP);
	if (utf8_valid(message) < message.n) {
		utf8_repair(message, &clean);
		message = buf_view(&clean);
	}
	const char *slash = strrchr(file, '/');
	struct str caller = str_of(slash ? slash + 1 : file);
	pthread_mutex_lock(&state.lock);
	render(&out, level, caller, line, message, missed);
	write_all(buf_view(&out));
	pthread_mutex_unlock(&state.lock);
	buf_fini(&out);
	buf_fini(&clean);
}
