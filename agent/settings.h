/* From command line and file to one valid configuration with its mode: the same way at start and at reload. */
#ifndef AGENT_SETTINGS_H
#define AGENT_SETTINGS_H

#include "agent/commandline/flags.h"
#include "agent/mode.h"
#include "config/load.h"

struct settings {
	struct config *config; /* owned */
	struct mode mode;
	char listen_address[256];
	const char *web_config_file; /* NULL: none; lives as long as config */
};

/* 0, or -1 with everything that is wrong in problems (text for people, many lines). */
int settings_load(const struct flags *flags, struct settings *out, struct buf *problems);
void settings_fini(struct settings *s);
/* The file's text as the command line wants it read (--config.expand-env, Promtail's flags). As config_load. */
struct config *settings_read(const struct flags *flags, struct str text, struct str name, struct config_problems *problems);
/* Name of this node: NODE_NAME (set it from spec.nodeName), else empty. */
struct str settings_node_name(void);
struct str settings_host_name(char room[256]); /* NODE_NAME, or HOSTNAME as Promtail has it, or what the machine is called */

#endif
