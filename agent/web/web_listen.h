/* "host:port", ":port", "[::1]:port" to a listening socket. */
#ifndef AGENT_WEB_WEB_LISTEN_H
#define AGENT_WEB_WEB_LISTEN_H

#include "parsers/bytes/str.h"

/* A non-blocking, close-on-exec socket, or -1 and err (one sentence with what to do). An empty host listens on all
 * addresses of both families. */
int web_listen(struct str address, char err[256]);
uint16_t web_bound_port(int fd);

#endif
