/* Private to the HTTP side: its state, and the parts that share it.
 *
 *   web.c        the daemon, its connections, requests that wait
 *   web_renew.c  the file with TLS, users and headers */
#ifndef AGENT_WEB_WEB_INSIDE_H
#define AGENT_WEB_WEB_INSIDE_H

#include "agent/web/web_auth.h"
#include "agent/web/web_request.h"
#include "agent/web/web_tls.h"

enum { CONNECTIONS = 64 };

struct place {
	int fd; /* meaningful while is_used */
	bool is_used, is_shut;
	int64_t since_ns;
};
struct web {
	struct loop *loop;
	struct web_options options;
	struct MHD_Daemon *daemon;
	struct loop_timer timer, sweep, pause;
	struct place places[CONNECTIONS];
	struct web_request *first; /* all that are in progress */
	char *config_file;         /* a copy: a reload takes the text of the configuration away */
	struct web_config *config; /* NULL: neither TLS nor users */
	struct web_auth *auth;
	uint64_t config_problem;   /* hash of what was wrong with its file the last time, 0: nothing */
	int64_t patience_ns, sweep_ns, config_seen_ns, config_age_ns;
	int epoll_fd, listen_fd;   /* the daemon gets a duplicate of the second */
	uint16_t port;
	bool is_starved, has_closed;
	char host_name[256], priority[WEB_TLS_PRIORITY];
};

/* At the start: false and err, the file is not valid. */
bool web_load_config(struct web *w, char err[256]);
/* Looks whether the file has changed, once in a while. Looked at when somebody comes, not by a clock: an idle agent does not wake for this. */
void web_renew(struct web *w);
/* The daemon serves as `c` says from now on; NULL: neither TLS nor users. false: the TLS library does not take it, all is as before. true:
 * the caller puts c into w->config, it outlives the daemon. */
bool web_take_over(struct web *w, struct web_config *c);

#endif
