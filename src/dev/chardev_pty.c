/*
 * pty: a new pseudo terminal, its name printed on standard error.  This
 * process keeps the slave open as well, so programs may come and go; while
 * none reads, old output is dropped.
 */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/bug.h"
#include "dev/chardev_priv.h"

static int open_pty(struct chardev *c, struct opts *o, struct err *e)
{
	struct termios t;
	int master, slave, *keep;
	char name[128] = "?";

	if (opts_finish(o, e) < 0)
		return -1;
	if (openpty(&master, &slave, NULL, NULL, NULL) < 0)
		return err_set(e, EXIT_HOST, "chardev pty: %s", strerror(errno));
	if (!tcgetattr(slave, &t)) {
		cfmakeraw(&t);
		tcsetattr(slave, TCSANOW, &t);
	}
	ttyname_r(slave, name, sizeof(name));
	fcntl(master, F_SETFL, fcntl(master, F_GETFL) | O_NONBLOCK);
	fcntl(master, F_SETFD, FD_CLOEXEC);
	fcntl(slave, F_SETFD, FD_CLOEXEC);
	keep = malloc(sizeof(*keep));
	BUG_ON(!keep);
	*keep = slave;
	c->priv = keep;
	c->in.fd = c->out.fd = master;
	c->direct = true;
	c->lossy = true;
	fprintf(stderr, "char device redirected to %s%s%s%s\n", name, *c->id ? " (label " : "", c->id, *c->id ? ")" : "");
	return 0;
}

static void close_pty(struct chardev *c)
{
	if (c->priv)
		close(*(int *)c->priv);
}

const struct chardev_ops chardev_pty = {
	.name = "pty", .help = "a new pseudo terminal, its name on standard error", .open = open_pty, .close = close_pty,
};
