/* The system calls of a running agent, its libraries included, by what they are for. Found by running every scenario of the tests with the list
 * in force; what a newer libc may choose instead of one of them stands beside it. Not on it, among others: everything that starts programs,
 * mounts, traces, loads, opens by handle, changes users or namespaces, and io_uring. */
#include "agent/sandbox/sandbox.h"

const char *const sandbox_calls[] = {
	/* files */
	"access", "close", "close_range", "copy_file_range", "dup", "dup2", "dup3", "faccessat", "faccessat2", "fadvise64", "fallocate", "fchmod", "fchmodat",
	"fcntl", "fdatasync", "fgetxattr", "flock", "fstat", "fstatfs", "fsync", "ftruncate", "getcwd", "getdents", "getdents64", "getxattr", "ioctl", "lgetxattr",
	"lseek", "lstat", "mkdir", "mkdirat", "newfstatat", "open", "openat", "openat2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read",
	"readahead", "readlink", "readlinkat", "readv", "rename", "renameat", "renameat2", "rmdir", "sendfile", "stat", "statfs", "statx", "sync_file_range", "truncate",
	"umask", "unlink", "unlinkat", "write", "writev",
	/* waiting */
	"epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd2", "inotify_add_watch", "inotify_init1", "inotify_rm_watch", "pipe", "pipe2",
	"poll", "ppoll", "pselect6", "select", "signalfd4", "timerfd_create", "timerfd_gettime", "timerfd_settime",
	/* memory */
	"brk", "madvise", "membarrier", "memfd_create", "mincore", "mmap", "mprotect", "mremap", "munmap",
	/* threads and signals of our own; clone is limited further in sandbox.c */
	"exit", "exit_group", "futex", "futex_waitv", "get_robust_list", "restart_syscall", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigsuspend", "rt_sigtimedwait", "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getparam", "sched_getscheduler",
	"sched_yield", "set_robust_list", "set_tid_address", "sigaltstack", "tgkill", "wait4", "waitid",
	/* who and how much */
	"arch_prctl", "capget", "getcpu", "getegid", "geteuid", "getgid", "getgroups", "getpgrp", "getpid", "getppid", "getpriority", "getrandom", "getresgid",
	"getresuid", "getrlimit", "getrusage", "getsid", "gettid", "getuid", "prctl", "prlimit64", "sysinfo", "times", "uname",
	/* time; adjtimex for the state of the clock, which only a capability could set */
	"adjtimex", "clock_adjtime", "clock_getres", "clock_gettime", "clock_nanosleep", "gettimeofday", "nanosleep", "time",
	/* network */
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recvfrom", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg",
	"sendto", "setsockopt", "shutdown", "socket", "socketpair",
	NULL,
};
