/* TLS, users and headers of our own port, in the file format that the Prometheus exporters share.
 * prometheus/exporter-toolkit: docs/web-configuration.md */
#ifndef AGENT_WEB_WEB_CONFIG_H
#define AGENT_WEB_WEB_CONFIG_H

#include "parsers/bytes/arena.h"
#include "parsers/bytes/buf.h"

enum web_client_auth { CLIENT_AUTH_NONE, CLIENT_AUTH_REQUEST, CLIENT_AUTH_ANY, CLIENT_AUTH_VERIFY_IF_GIVEN, CLIENT_AUTH_VERIFY };
struct web_user { struct str name, hash; /* bcrypt, NUL-terminated */ };
struct web_own_header { struct str name, value; /* NUL-terminated */ };
enum { WEB_FILES = 4 }; /* the file itself, certificate, key, authorities of clients */

struct web_config {
	struct arena arena;              /* holds all of it */
	bool has_tls;
	struct str cert, key, client_ca; /* PEM, NUL-terminated; out of the files or the text itself */
	enum web_client_auth client_auth;
	struct str min_version, max_version; /* "TLS12"; empty: TLS12, no limit */
	struct web_own_header *headers;
	size_t header_count;
	struct web_user *users;
	size_t user_count;
	struct web_file { struct str path; uint64_t ino, size_bytes; int64_t mtime_ns; } files[WEB_FILES]; /* empty path: none */
};

/* Takes the text of a file; paths in it are meant from the folder of `name`. NULL with everything that is wrong, with line and column, in
 * problems. Touches no file. */
struct web_config *web_config_parse(struct str text, struct str name, struct buf *problems);
/* The same for a file, with what it names read in. */
struct web_config *web_config_load(const char *path, struct buf *problems);
/* Is any of the files another one than when it was read? */
bool web_config_is_stale(const struct web_config *c);
void web_config_free(struct web_config *c);

#endif
