/* The agent that runs beside this command, found by its process: `kubectl exec POD -- spoor top` needs no flags then. */
#ifndef AGENT_COMMANDS_RUNNING_H
#define AGENT_COMMANDS_RUNNING_H

#include "agent/commandline/flags.h"

struct running {
	int pid;            /* 0: none was found, or more than one */
	size_t count;       /* how many there are, two for "several" */
	struct flags flags; /* that it was started with; views into text */
	char *text, **argv;
};

/* Looks through procfs ("/proc"). What cannot be read does not count. */
void running_find(const char *procfs, struct running *out);
void running_fini(struct running *r);

#endif
