/* The terminal of a live view: the alternate screen, keys as they are pressed, its size; everything as it was when the view ends, by a
 * signal too. */
#ifndef AGENT_COMMANDS_TERMINAL_H
#define AGENT_COMMANDS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "parsers/bytes/str.h"

struct terminal {
	struct termios before;
	int signal_fd;
	bool is_open;
};
enum { TERMINAL_QUIT = -1, TERMINAL_RESIZED = -2, TERMINAL_QUIET = 0 };

/* false: standard input or output is no terminal. */
bool terminal_open(struct terminal *t);
void terminal_close(struct terminal *t); /* may be called twice */
/* {0, 0} is never given: a terminal that does not tell has 80 and 24. */
void terminal_size(size_t *columns, size_t *lines);
/* Replaces what is shown. Lines end with "\n"; the last line end is left out, so that nothing scrolls. */
void terminal_show(struct str text);
/* Waits: a key, or one of the above. SIGINT, SIGTERM, SIGHUP and the end of the input are TERMINAL_QUIT. */
int terminal_wait(struct terminal *t, int timeout_ms);

#endif
