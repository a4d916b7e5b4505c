/* Where are we? With no jobs in the configuration Spoor reads what this kind of machine has, and says why. */
#ifndef AGENT_MODE_H
#define AGENT_MODE_H

#include "config/config.h"

struct mode {
	const char *name; /* "kubernetes", "docker", "host", "file" */
	char why[256];    /* one sentence */
};

/* Replaces the built-in pods job of c by the jobs of the mode that is found; jobs written in the file are left alone. journal_path: NULL:
 * the system's journal. Paths live as long as c. */
void mode_apply(struct config *c, const char *pods_path, const char *docker_path, const char *journal_path, struct mode *out);

#endif
