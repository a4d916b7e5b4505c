/*
 * Process 1 of the machine and of each pod: waits, and takes in the orphans that have ended. Static, so that it is an image by itself.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	sigset_t wanted;
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGCHLD);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	for (int got = 0; got != SIGINT && got != SIGTERM;) {
		sigwait(&wanted, &got);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
	}
	return 0;
}
