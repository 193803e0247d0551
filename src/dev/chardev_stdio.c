/*
 * stdio: standard input and output.  A terminal becomes raw (term.h).
 *
 * Output must not block a vCPU, but O_NONBLOCK on descriptor 1 would also
 * change the shell's; so terminals and pipes are opened again through /proc,
 * which gives an open file of our own.  Where that is refused, output goes
 * through the ring, in pieces small enough for a writable descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/chardev_priv.h"
#include "dev/term.h"

static bool taken; /* OWNER(set-up thread) */

/* A descriptor for output. */
static int own_stdout(struct chardev *c)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &st) < 0)
		return open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	c->direct = fd >= 0;
	c->may_block = fd < 0 && !S_ISREG(st.st_mode);
	return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

static int open_stdio(struct chardev *c, struct opts *o, struct err *e)
{
	bool signals = true;

	if (opts_bool(o, "signal", &signals, e) < 0 || opts_finish(o, e) < 0)
		return -1;
	if (taken)
		return err_set(e, EXIT_USAGE, "standard input and output are in use by another -serial or -chardev");
	c->out.fd = own_stdout(c);
	if (c->out.fd < 0)
		return err_set(e, EXIT_HOST, "standard output: no descriptor left");
	c->in.fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3); /* -1: closed, no input */
	taken = true;
	term_raw(STDIN_FILENO, signals);
	return 0;
}

static void close_stdio(struct chardev *c)
{
	(void)c;
	if (taken)
		term_restore();
	taken = false;
}

const struct chardev_ops chardev_stdio = {
	.name = "stdio", .help = "the terminal: signal=on|off", .open = open_stdio, .close = close_stdio,
};
