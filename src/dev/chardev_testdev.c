/*
 * testdev: the guest ends the machine.  Its output is a stream of packets,
 * decimal digits and a letter; "Nq" ends with exit status (N << 1) | 1, so that no
 * status of a test is mistaken for a plain power-off.  Other letters are
 * ignored with their digits.
 */
#include <stdlib.h>

#include "base/bug.h"
#include "dev/chardev_priv.h"

static int open_testdev(struct chardev *c, struct opts *o, struct err *e)
{
	c->priv = calloc(1, sizeof(unsigned));
	BUG_ON(!c->priv);
	return opts_finish(o, e);
}

static void sink_testdev(struct chardev *c, const uint8_t *buf, size_t n)
{
	unsigned *value = c->priv;

	for (; n--; buf++) {
		if (*buf >= '0' && *buf <= '9') {
			*value = *value * 10 + (*buf - '0');
			continue;
		}
		if (*buf == 'q')
			chardev_quit(c, (int)((*value << 1 | 1) & 0xff));
		*value = 0;
	}
}

const struct chardev_ops chardev_testdev = {
	.name = "testdev", .help = "the guest ends the machine: \"Nq\" exits with status (N<<1)|1",
	.open = open_testdev, .sink = sink_testdev,
};
