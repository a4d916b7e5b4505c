/* YAML to struct config. All errors are found in one go and kept with file, line, column, key, source line and hint. */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "config/config.h"
#include "config/substitute.h"
#include "parsers/bytes/buf.h"

enum { CONFIG_MOST_BYTES = 1 << 20, CONFIG_SOURCE_LINE_MOST = 240 };

enum problem_cause { PROBLEM_ELSE, PROBLEM_NO_EFFECT, PROBLEM_REFUSED }; /* a key that does nothing here; one that cannot be taken over */
struct config_problem {
	uint64_t line, column; /* from 1 */
	struct str key;        /* logs.clients[0].batchsize */
	struct str message;    /* what was expected, what was found, the nearest known key */
	struct str suggestion; /* that key alone; empty: there is none */
	struct str source_line; /* secrets masked, at most CONFIG_SOURCE_LINE_MOST bytes */
	bool is_warning;
	enum problem_cause cause;
	uint64_t secret_column; /* not 0: a secret stands there, source_line ends before it */
};
#define PROBLEM_OF_FLAGS UINT64_MAX /* line of what the command line says */
struct config_problems { /* owns everything it shows */
	struct arena arena;
	struct config_problem *at;
	size_t count, room, errors; /* errors: those that are no warnings */
};

/* text: the whole file (at most CONFIG_MOST_BYTES). name: for messages. Returns a config, or NULL when there is an error in problems
 * (warnings may be there either way). Free with config_free. Never exits, never logs, never touches files. */
struct config *config_load(struct str text, struct str name, struct config_problems *problems);
struct config_setting {
	struct str key; /* of a bare Promtail file, "server.http_listen_port"; "client.x": of one more destination, "client.external_labels"
			 * ("a=b,c=d"): of all destinations, below their own */
	struct str value;
};
struct config_source {
	struct str text, name;
	struct variables variables; /* {0}: none are replaced, but for the five of label values */
	const struct config_setting *settings; /* of the command line, on top (config/overlay.h) */
	size_t setting_count;
};
struct config *config_load_source(const struct config_source *source, struct config_problems *problems);
/* The same as a file with this one destination for logs (--loki.url), this receiver of metrics (--remote-write.url), and defaults for the
 * rest. Either may be empty. */
struct config *config_load_urls(struct str loki, struct str remote_write, struct config_problems *problems);
/* What an empty file means: all defaults, the built-in jobs. */
struct config *config_default(void);
void config_free(struct config *c);

/* Replaces ${NODE_NAME}, ${HOSTNAME}, ${HOST_IP}, ${POD_NAME} and ${POD_NAMESPACE} in label values by what lookup returns ({0}:
 * not known). Nothing else in a file is ever expanded. Call it once, after config_load. 0, or -1 and one sentence in err when a
 * variable is not known or its value is too long for a label. */
int config_expand(struct config *c, struct str (*lookup)(void *ctx, struct str name), void *ctx, char err[256]);

/* file:line:col: key: message, then the source line and a caret; one block per problem. */
void config_problems_print(const struct config_problems *problems, struct str name, struct buf *out);
/* The same as one JSON object: {"file", "valid", "errors", "warnings", "problems": [{"file", "line", "column", "key", "severity",
 * "message", "suggestion", "source"}]}; a suggestion that is not there is null. */
void config_problems_json(const struct config_problems *problems, struct str name, struct buf *out);
void config_problems_fini(struct config_problems *problems);

/* The configuration as YAML with every secret replaced by <secret>, for /config. */
void config_print(const struct config *c, struct buf *out);

#endif
