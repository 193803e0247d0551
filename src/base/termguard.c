/* See termguard.h.  The child calls what is safe after fork() in a process with threads, and nothing else. */
#include "base/termguard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What the terminal keeps of what is set, on Linux: all but bits that it makes of the hardware. */
static bool same(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_lflag == b->c_lflag && !memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc));
}

static _Noreturn void guard(int fd, int pipe_end, const struct termios *raw, const struct termios *saved, const char *last)
{
	struct termios now;
	sigset_t all;
	char c;

	sigfillset(&all); /* those of the terminal come to us too; SIGTTOU would stop us */
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "parma-term");
	while (read(pipe_end, &c, 1) < 0 && errno == EINTR)
		;
	if (!tcgetattr(fd, &now) && same(&now, raw)) {
		if (write(fd, last, strlen(last)) >= 0 || errno != EIO)
			tcsetattr(fd, TCSANOW, saved);
	}
	_exit(0);
}

/* Descriptors 3 and 4 are all that the child keeps: whoever waits for the end of another one waits for us alone. */
static void keep_two(int fd, int pipe_end)
{
	int a = fcntl(fd, F_DUPFD, 10), b = fcntl(pipe_end, F_DUPFD, 10);

	dup2(a, 3);
	dup2(b, 4);
	close_range(5, ~0u, 0);
	for (int k = 0; k < 3; k++)
		close(k);
}

void termguard_start(int fd, const struct termios *raw, const struct termios *saved, const char *last)
{
	int p[2];
	pid_t child;

	if (pipe2(p, O_CLOEXEC))
		return;
	child = fork();
	if (!child) {
		keep_two(fd, p[0]);
		guard(3, 4, raw, saved, last);
	}
	close(p[0]); /* the other side stays open until we end, however that comes about */
	if (child < 0)
		close(p[1]);
}
