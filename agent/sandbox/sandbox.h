/* What the agent takes from itself once it knows its configuration: a hole in a parser must not become the node. Reading hostile bytes as
 * uid 0 is the job, so afterwards there are
 *
 *   no capabilities   but reading files (DAC_READ_SEARCH) and binding low ports, if they were there; no way to more (no_new_privs)
 *   system calls      those of a list (sandbox_calls.c); any other one fails with EPERM, clone3 with ENOSYS so that libc takes clone
 *   writing           below the state directory alone (Landlock), where the kernel has it; programs cannot be started
 *   memory            that other processes of the user may not read (not dumpable)
 *
 * All of it is per thread: apply it before there is a second one. */
#ifndef AGENT_SANDBOX_SANDBOX_H
#define AGENT_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

struct sandbox_options {
	const char *const *writable; /* directories that stay writable, such as the state directory; those that are not there are left out */
	size_t writable_count;
};
struct sandbox_status {
	bool has_seccomp;
	int landlock_abi;     /* 0: the kernel has none, or it is switched off */
	char problem[160];    /* "" or what could not be applied */
};

/* What cannot be applied is left out and named; the rest holds. There is no way back. */
void sandbox_enter(const struct sandbox_options *options, struct sandbox_status *out);

/* The list: names of system calls, NULL at the end. Some are not there on every architecture. */
extern const char *const sandbox_calls[];

#endif
