/*
 * file: output to a file, never input; always through the ring, so that a slow
 * disk holds up the I/O thread and no vCPU.  null: neither.
 *
 * A machine that cannot be made leaves the file as it was: an old one is cut
 * when the machine starts, a new one is removed if it never does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bug.h"
#include "dev/chardev_priv.h"

struct file {
	char *created; /* its path, while it is to be removed again */
	bool cut;
};

static int open_file(struct chardev *c, struct opts *o, struct err *e)
{
	const char *path = opts_need(o, "path", e);
	bool append = false;
	struct file *f;
	int flags;

	if (!path || opts_bool(o, "append", &append, e) < 0 || opts_finish(o, e) < 0)
		return -1;
	flags = O_WRONLY | O_CLOEXEC | (append ? O_APPEND : 0);
	f = calloc(1, sizeof(*f));
	BUG_ON(!f);
	f->cut = !append;
	c->priv = f;
	c->out.fd = open(path, flags | O_CREAT | O_EXCL, 0666);
	if (c->out.fd >= 0)
		f->created = strdup(path);
	else
		c->out.fd = open(path, flags | O_CREAT, 0666);
	if (c->out.fd < 0)
		return err_set(e, EXIT_INPUT, "chardev file: cannot open %s: %s", path, strerror(errno));
	return 0;
}

static void start_file(struct chardev *c)
{
	struct file *f = c->priv;

	free(f->created);
	f->created = NULL;
	/* Pipes and terminals have nothing to cut. */
	if (f->cut && ftruncate(c->out.fd, 0))
		return;
}

static void close_file(struct chardev *c)
{
	struct file *f = c->priv;

	if (f && f->created) {
		unlink(f->created);
		free(f->created);
	}
}

const struct chardev_ops chardev_file = {
	.name = "file", .help = "output to a file: path=FILE, append=on|off", .open = open_file, .start = start_file, .close = close_file,
};

static int open_null(struct chardev *c, struct opts *o, struct err *e)
{
	(void)c;
	return opts_finish(o, e);
}

static void sink_null(struct chardev *c, const uint8_t *buf, size_t n)
{
	(void)c;
	(void)buf;
	(void)n;
}

const struct chardev_ops chardev_null = {
	.name = "null", .help = "takes everything, gives nothing", .open = open_null, .sink = sink_null,
};
