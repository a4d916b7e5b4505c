/* A single failure that the next attempt mends is no news. A server that answers now this, now that fills no log: one line in a minute for
 * each destination. What was dropped meanwhile is in the next one. */
#include "agent/logs/delivery_news.h"

#include <stdio.h>

#include "agent/log.h"

static const int64_t PATIENCE_NS = 2 * INT64_C(1000000000), QUIET_NS = 60 * INT64_C(1000000000);

static bool is_other_error(const struct delivery_news *n, const char *error)
{
	return strncmp(n->told, error, sizeof n->told - 1) != 0;
}

static void tell_drops(struct delivery_news *n, const struct delivery_look *look)
{
	const char *said = look->error[0] ? look->error : n->told[0] ? n->told : "see /api/v1/drops";
	LOG_WARN("%s " STR_FMT ": %llu %s are given up: %s", look->what, STR_ARG(look->name), (unsigned long long)n->dropped_untold, look->unit, said);
	n->dropped_untold = 0;
}

static void tell_bad(struct delivery_news *n, const struct delivery_look *look)
{
	if (n->dropped_untold)
		tell_drops(n, look);
	else
		LOG_WARN("%s " STR_FMT ": %s; it is tried again", look->what, STR_ARG(look->name), look->error);
}

static void look_at_error(struct delivery_news *n, const struct delivery_look *look, int64_t now_ns)
{
	if (look->error[0]) {
		n->bad_since_ns = n->bad_since_ns ? n->bad_since_ns : now_ns;
		return;
	}
	n->bad_since_ns = 0;
	if (n->is_told)
		LOG_INFO("%s " STR_FMT ": takes %s again", look->what, STR_ARG(look->name), look->unit);
	n->is_told = false;
}

int64_t delivery_news_look(struct delivery_news *n, const struct delivery_look *look, int64_t now_ns)
{
	look_at_error(n, look, now_ns);
	n->dropped_untold += look->dropped - n->dropped;
	n->dropped = look->dropped;
	bool is_bad = n->bad_since_ns && now_ns - n->bad_since_ns >= PATIENCE_NS && (!n->is_told || is_other_error(n, look->error));
	if (!is_bad && !n->dropped_untold)
		return n->bad_since_ns && !n->is_told ? n->bad_since_ns + PATIENCE_NS : INT64_MAX;
	if (now_ns < n->quiet_until_ns)
		return n->quiet_until_ns;
	tell_bad(n, look);
	n->is_told = look->error[0] != '\0';
	if (look->error[0])
		snprintf(n->told, sizeof n->told, "%s", look->error);
	n->quiet_until_ns = now_ns + QUIET_NS;
	return INT64_MAX;
}
