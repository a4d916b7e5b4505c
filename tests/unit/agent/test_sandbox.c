/* The sandbox, seen from inside. A process that has entered it cannot leave, so each test forks one, which tells by its exit status. Each
 * system call that there is and that is not on the list is tried, with arguments that would do nothing. */
#include "agent/sandbox/sandbox.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parsers/bytes/str.h"

enum { NUMBERS_MOST = 600, GOOD = 0, SKIPPED = 77 };

static int in_sandbox(int (*body)(const struct sandbox_status *status, void *ctx), const char *writable, void *ctx)
{
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		const char *const paths[] = { writable ? writable : "/nowhere" };
		struct sandbox_options options = { paths, COUNT_OF(paths) };
		struct sandbox_status status;
		sandbox_enter(&options, &status);
		_exit(status.problem[0] ? 99 : body(&status, ctx)); /* _exit: no leak check, which would trace */
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static bool is_listed(const char *name)
{
	for (size_t i = 0; sandbox_calls[i]; i++)
		if (strcmp(sandbox_calls[i], name) == 0)
			return true;
	return strcmp(name, "clone") == 0 || strcmp(name, "clone3") == 0;
}

struct walk { int pipe[2]; };

static int try_all(const struct sandbox_status *status, void *ctx)
{
	struct walk *w = ctx;
	int tried = 0, passed = 0;
	(void)status;
	for (int number = 0; number < NUMBERS_MOST; number++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
		if (!name || is_listed(name)) {
			free(name);
			continue;
		}
		errno = 0;
		long got = syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
		tried++;
		if (got != -1 || errno != EPERM) {
			dprintf(w->pipe[1], "%s: got %ld, %s\n", name, got, strerror(errno));
			passed++;
		}
		free(name);
	}
	dprintf(w->pipe[1], "tried %d\n", tried);
	return passed ? 1 : GOOD;
}

START_TEST(no_call_outside_the_list)
{
	struct walk w;
	char text[4096] = "";
	ck_assert_int_eq(pipe(w.pipe), 0);
	int code = in_sandbox(try_all, NULL, &w);
	close(w.pipe[1]);
	ssize_t n = read(w.pipe[0], text, sizeof text - 1);
	close(w.pipe[0]);
	ck_assert_int_gt(n, 0);
	ck_assert_msg(code == GOOD, "not refused: %s", text);
	int tried = 0;
	char *at = strstr(text, "tried ");
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at, "tried %d", &tried), 1);
	ck_assert_int_gt(tried, 150);
}
END_TEST

static int ask_for_more(const struct sandbox_status *status, void *ctx)
{
	static const char *const dangerous[] = { "execve", "execveat", "open_by_handle_at", "ptrace", "mount", "setns", "unshare", "bpf", "init_module", "kexec_load",
		"io_uring_setup", "process_vm_writev", "setuid", "chroot", "perf_event_open", "keyctl", "personality", "userfaultfd" };
	(void)ctx;
	(void)status;
	for (size_t i = 0; i < COUNT_OF(dangerous); i++)
		if (is_listed(dangerous[i]))
			return 2;
	if (syscall(SYS_clone, (unsigned long)SIGCHLD | 0x10000000ul /* CLONE_NEWUSER */, 0, 0, 0, 0) != -1 || errno != EPERM)
		return 3;
	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 5;
	char line[256];
	unsigned long long effective = ~0ull;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof line, f))
		sscanf(line, "CapEff: %llx", &effective);
	if (f)
		fclose(f);
	return effective & ~(1ull << 2 | 1ull << 10) ? 6 : GOOD; /* DAC_READ_SEARCH, NET_BIND_SERVICE */
}

START_TEST(nothing_more_can_be_had)
{
	ck_assert_int_eq(in_sandbox(ask_for_more, NULL, NULL), GOOD);
}
END_TEST

static int write_here_and_there(const struct sandbox_status *status, void *ctx)
{
	char path[256];
	if (!status->landlock_abi)
		return SKIPPED;
	snprintf(path, sizeof path, "%s/state/new", (const char *)ctx);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || unlink(path) < 0)
		return 2;
	snprintf(path, sizeof path, "%s/other", (const char *)ctx);
	if (open(path, O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES)
		return 3;
	return open("/proc/self/status", O_RDONLY) < 0 ? 4 : GOOD;
}

START_TEST(writing_stays_below_the_state)
{
	char dir[] = "/tmp/test_sandbox_XXXXXX", state[64];
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(state, sizeof state, "%s/state", dir);
	ck_assert_int_eq(mkdir(state, 0700), 0);
	int code = in_sandbox(write_here_and_there, state, dir);
	rmdir(state);
	rmdir(dir);
	if (code == SKIPPED)
		printf("no Landlock in this kernel: writing was not tried\n");
	else
		ck_assert_int_eq(code, GOOD);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sandbox");
	TCase *t = tcase_create("inside");
	tcase_add_test(t, no_call_outside_the_list);
	tcase_add_test(t, nothing_more_can_be_had);
	tcase_add_test(t, writing_stays_below_the_state);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
