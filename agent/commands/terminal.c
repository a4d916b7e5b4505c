/* Plain ANSI: every terminal of the last decades knows these five sequences. Signals come through a descriptor, so that the terminal is
 * put right again by the same lines of code whatever ended the view. */
#include "agent/commands/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define ENTER "\x1b[?1049h\x1b[?25l"
#define LEAVE "\x1b[?25h\x1b[?1049l"
#define HOME "\x1b[H"
#define CLEAR_LINE "\x1b[K"
#define CLEAR_BELOW "\x1b[J"

static void say(struct str text)
{
	while (text.n) {
		ssize_t n = write(STDOUT_FILENO, text.p, text.n);
		if (n < 0 && errno != EINTR)
			return;
		text = str_skip(text, n > 0 ? (size_t)n : 0);
	}
}

static void signals(sigset_t *set)
{
	static const int all[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	sigemptyset(set);
	for (size_t i = 0; i < COUNT_OF(all); i++)
		sigaddset(set, all[i]);
}

bool terminal_open(struct terminal *t)
{
	sigset_t set;
	*t = (struct terminal){ .signal_fd = -1 };
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &t->before) < 0)
		return false;
	signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	t->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	struct termios raw = t->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	t->is_open = true;
	say(STR(ENTER));
	return true;
}

void terminal_close(struct terminal *t)
{
	sigset_t set;
	if (!t->is_open)
		return;
	t->is_open = false;
	say(STR(LEAVE));
	tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
	close(t->signal_fd);
	signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void terminal_size(size_t *columns, size_t *lines)
{
	struct winsize w = { 0 };
	bool is_told = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col && w.ws_row;
	*columns = is_told ? w.ws_col : 80;
	*lines = is_told ? w.ws_row : 24;
}

void terminal_show(struct str text)
{
	say(STR(HOME));
	while (text.n) {
		bool has_end = str_find(text, '\n') < text.n;
		say(str_cut(&text, '\n'));
		say(STR(CLEAR_LINE));
		if (has_end && text.n)
			say(STR("\r\n"));
	}
	say(STR(CLEAR_BELOW));
}

static int take_signal(struct terminal *t)
{
	struct signalfd_siginfo info;
	int what = TERMINAL_QUIET;
	while (read(t->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		what = info.ssi_signo == SIGWINCH && what != TERMINAL_QUIT ? TERMINAL_RESIZED : TERMINAL_QUIT;
	return what;
}

int terminal_wait(struct terminal *t, int timeout_ms)
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = t->signal_fd, .events = POLLIN } };
	unsigned char key;
	if (poll(fds, 2, timeout_ms) <= 0)
		return TERMINAL_QUIET;
	if (fds[1].revents)
		return take_signal(t);
	if (read(STDIN_FILENO, &key, 1) != 1)
		return TERMINAL_QUIT;
	return key == 3 ? TERMINAL_QUIT : key;
}
