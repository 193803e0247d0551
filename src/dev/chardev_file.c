/*
 * file: output to a file, never input; always through the ring, so that a slow
 * disk holds up the I/O thread and no vCPU.  null: neither.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "dev/chardev_priv.h"

static int open_file(struct chardev *c, struct opts *o, struct err *e)
{
	const char *path = opts_need(o, "path", e);
	bool append = false;

	if (!path || opts_bool(o, "append", &append, e) < 0 || opts_finish(o, e) < 0)
		return -1;
	c->out.fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
	if (c->out.fd < 0)
		return err_set(e, EXIT_INPUT, "chardev file: cannot open %s: %s", path, strerror(errno));
	return 0;
}

const struct chardev_ops chardev_file = {
	.name = "file", .help = "output to a file: path=FILE, append=on|off", .open = open_file,
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
