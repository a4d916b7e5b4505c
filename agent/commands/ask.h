/* Where the agent is that a command looks into, and asking it over HTTP. The address is --web.listen-address, else what the configuration
 * says, else the default; without --config.file and --web.listen-address the flags of the one agent that runs here count.
 * One `struct ask` per command; everything waits. */
#ifndef AGENT_COMMANDS_ASK_H
#define AGENT_COMMANDS_ASK_H

#include "agent/commands/running.h"
#include "agent/settings.h"
#include "exporters/probe.h"

struct ask {
	struct flags flags;         /* as given, completed by those of the agent that runs here */
	struct running running;
	struct settings settings;   /* config NULL: none could be loaded, settings_problem says why */
	struct buf settings_problem;
	char url[320];              /* "http://127.0.0.1:9195" */
	struct http_tls tls;
	struct str headers[1];
	size_t header_count;
	struct arena arena;
	char err[512];              /* why the last question has no answer, one sentence that says what to do */
	int status;                 /* of the last answer, 0: none */
};

/* false: what is given cannot be used, err says why. A configuration that does not load is no reason: settings.config is NULL. */
bool ask_open(struct ask *a, const struct flags *flags);
void ask_fini(struct ask *a);

/* The answer to GET path, appended to out; false: none, or another status than 200 (err, status). */
bool ask_get(struct ask *a, const char *path, struct buf *out);
/* The answer in pieces, as long as take says true, an hour at most. true: it ended well. */
bool ask_stream(struct ask *a, const char *path, bool (*take)(void *ctx, struct str piece), void *ctx);

#endif
