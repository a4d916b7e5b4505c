/* Capabilities by capset, system calls by libseccomp, writing by Landlock, which libc has no functions for yet. Nothing of it needs a
 * privilege. EPERM, not a kill: a library that tries something new should be told no, and the log should still say so. */
#include "agent/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* ABI 3; headers of Linux 6.1 lack it */
#endif
enum { CAPABILITY_WORDS = 2 };
static const uint64_t KEPT_CAPABILITIES = 1ull << CAP_DAC_READ_SEARCH | 1ull << CAP_NET_BIND_SERVICE;
static const uint64_t NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
static const uint64_t WRITES = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
	LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
	LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
static const uint64_t BELOW_STATE = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
	LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_TRUNCATE;

static void complain(struct sandbox_status *out, const char *what)
{
	if (!out->problem[0])
		snprintf(out->problem, sizeof out->problem, "%s: %s", what, strerror(errno));
}

static void drop_capabilities(struct sandbox_status *out)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[CAPABILITY_WORDS];
	for (int i = 0; i < 64; i++) /* what cannot be dropped from the bounding set is not in ours either, or no_new_privs keeps it out */
		if (!(KEPT_CAPABILITIES >> i & 1))
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &header, caps) < 0) {
		complain(out, "capget");
		return;
	}
	for (int i = 0; i < CAPABILITY_WORDS; i++) {
		uint32_t kept = (uint32_t)(KEPT_CAPABILITIES >> (32 * i));
		caps[i].permitted &= kept;
		caps[i].effective = caps[i].permitted;
		caps[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, caps) < 0)
		complain(out, "capset");
}

static void allow_below(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) };
	if (rule.parent_fd < 0)
		return;
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

static void limit_writing(const struct sandbox_options *options, struct sandbox_status *out)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return; /* a kernel without it, or it is off: seccomp and the mounts are what is left */
	struct landlock_ruleset_attr attr = { .handled_access_fs = WRITES | LANDLOCK_ACCESS_FS_EXECUTE };
	if (abi >= 3)
		attr.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
	if (ruleset < 0) {
		complain(out, "landlock_create_ruleset");
		return;
	}
	for (size_t i = 0; i < options->writable_count; i++)
		allow_below(ruleset, options->writable[i], BELOW_STATE & attr.handled_access_fs);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		complain(out, "landlock_restrict_self");
	else
		out->landlock_abi = abi;
	close(ruleset);
}

static int add_rules(scmp_filter_ctx filter)
{
	int error = 0;
	for (size_t i = 0; sandbox_calls[i]; i++) {
		int number = seccomp_syscall_resolve_name(sandbox_calls[i]);
		if (number >= 0 && error == 0)
			error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
	if (error == 0) /* threads, no namespaces; clone3 hides its flags behind a pointer */
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, NAMESPACES, 0));
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return error;
}

static void limit_calls(struct sandbox_status *out)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error = filter ? add_rules(filter) : -ENOMEM;
	if (error == 0)
		error = seccomp_load(filter);
	out->has_seccomp = error == 0;
	errno = -error;
	if (error < 0)
		complain(out, "seccomp");
	if (filter)
		seccomp_release(filter);
}

void sandbox_enter(const struct sandbox_options *options, struct sandbox_status *out)
{
	*out = (struct sandbox_status){ 0 };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		complain(out, "no_new_privs");
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	limit_writing(options, out);
	drop_capabilities(out);
	limit_calls(out);
}
