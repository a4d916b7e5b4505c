/* The file with TLS, users and headers: read at the start, again when it or what it names has changed, and when a reload names another one.
 * What is wrong is told and changes nothing. */
#include "agent/web/web_inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "parsers/bytes/hash.h"

/* Told once for each thing that is wrong: it is looked at every second. */
static void tell_problem(struct web *w, struct str problem)
{
	uint64_t hash = hash_bytes(problem) | 1;
	if (hash != w->config_problem)
		LOG_ERROR("web configuration refused, the one before stays in force:\n" STR_FMT, STR_ARG(problem));
	w->config_problem = hash;
}

void web_renew(struct web *w)
{
	struct buf problems;
	int64_t now_ns = loop_now_ns(w->loop);
	if (!w->config || now_ns - w->config_seen_ns < w->config_age_ns)
		return;
	w->config_seen_ns = now_ns;
	if (!web_config_is_stale(w->config))
		return;
	buf_init(&problems, WEB_ANSWER_MAX);
	struct web_config *c = web_config_load(w->config_file, &problems);
	if (!c) {
		tell_problem(w, buf_view(&problems));
	} else if (!web_take_over(w, c)) {
		tell_problem(w, STR("the TLS library does not take certificate or key"));
		web_config_free(c);
	} else {
		LOG_INFO("web configuration read again");
		web_config_free(w->config);
		w->config = c;
		w->config_problem = 0;
	}
	buf_fini(&problems);
}

bool web_set_config_file(struct web *w, const char *path, char err[256])
{
	struct web_config *c = NULL;
	struct buf problems;
	if (path ? w->config_file && strcmp(path, w->config_file) == 0 : !w->config_file)
		return true;
	buf_init(&problems, WEB_ANSWER_MAX);
	if (path && !(c = web_config_load(path, &problems))) {
		LOG_ERROR("web configuration refused:\n" STR_FMT, STR_ARG(buf_view(&problems)));
		snprintf(err, 256, "%.180s is not valid: the web configuration before it stays in force", path);
	}
	buf_fini(&problems);
	if (path && !c)
		return false;
	if (c && !w->auth)
		w->auth = web_auth_new(w->loop);
	if ((c && !w->auth) || !web_take_over(w, c)) {
		snprintf(err, 256, "the TLS library does not take certificate or key: the web configuration before it stays in force");
		web_config_free(c);
		return false;
	}
	web_config_free(w->config);
	free(w->config_file);
	w->config = c;
	w->config_file = path ? strdup(path) : NULL;
	w->config_seen_ns = loop_now_ns(w->loop);
	w->config_problem = 0;
	if (path && !w->config_file)
		abort();
	return true;
}

bool web_load_config(struct web *w, char err[256])
{
	struct buf problems;
	if (!w->config_file)
		return true;
	buf_init(&problems, WEB_ANSWER_MAX);
	w->config = web_config_load(w->config_file, &problems);
	w->config_seen_ns = loop_now_ns(w->loop);
	if (!w->config) {
		LOG_ERROR("web configuration refused:\n" STR_FMT, STR_ARG(buf_view(&problems)));
		snprintf(err, 256, "%.200s is not valid: nothing is served without it", w->config_file);
	}
	buf_fini(&problems);
	return w->config != NULL;
}
