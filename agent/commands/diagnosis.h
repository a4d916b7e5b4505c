/* The parts of `spoor diagnose`. Each adds its findings; none changes anything but for one file in the state directory that is made and
 * removed again. */
#ifndef AGENT_COMMANDS_DIAGNOSIS_H
#define AGENT_COMMANDS_DIAGNOSIS_H

#include "agent/commands/ask.h"
#include "agent/commands/findings.h"
#include "agent/commands/redact.h"

struct diagnosis {
	struct ask *ask;
	struct findings *findings;
	struct redact redact; /* of the configuration's secrets: servers say them again in what they answer */
	struct buf status;   /* the running agent's /api/v1/status; empty: none answers */
	bool is_self_test;   /* from another pod: nothing of this machine is looked at */
};

void diagnosis_agent(struct diagnosis *d);        /* configuration and agent */
void diagnosis_paths(struct diagnosis *d);        /* what the configuration reads */
void diagnosis_state(struct diagnosis *d);        /* the state directory */
void diagnosis_machine(struct diagnosis *d);      /* limits, kernel, clock */
void diagnosis_destinations(struct diagnosis *d); /* names, TCP, TLS, certificates, credentials, clocks of servers */
void diagnosis_kubernetes(struct diagnosis *d);   /* may this node's pods be listed */

/* Is there a file that this user can read? A finding in any case; false: it failed. */
bool diagnosis_file(struct diagnosis *d, const char *area, const char *what, struct str path);
/* "3 minutes", "12 days" */
void diagnosis_age(int64_t seconds, char to[32]);

/* The archive: everything that was found, the agent's own answers, the configuration; secrets blotted out. "-": standard output. false: told. */
bool diagnosis_bundle(struct diagnosis *d, const char *path);

#endif
