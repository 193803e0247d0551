/*
 * virtio-console with several ports (virtio 1.2, 5.3), as QEMU's
 * virtio-serial-device with virtconsole and virtserialport on it.
 *
 * All data moves on the I/O thread, between the chardevs and the queues.  A port is a
 * console (hvc in a Linux guest) or a named stream (/dev/virtio-ports/NAME).
 * Drivers without the multiport feature see port 0 only.
 */
#ifndef PARMA_DEV_VIRTIO_SERIAL_H
#define PARMA_DEV_VIRTIO_SERIAL_H

#include "dev/chardev.h"
#include "dev/virtio.h"

#define VIRTIO_SERIAL_MAX_PORTS 31

struct virtio_serial_port_config {
	bool console;
	int nr;                  /* -1: the lowest that is free (0 is kept for a console) */
	const char *name;        /* may be NULL */
	struct chardev *chardev; /* NULL: not connected */
};

/* max_ports: 1 to VIRTIO_SERIAL_MAX_PORTS. */
struct virtio_dev *virtio_serial_new(struct ioloop *loop, unsigned max_ports);
/* Before any vCPU runs. 0, or -1 with e filled (number or chardev taken, no port left). */
int virtio_serial_add_port(struct virtio_dev *d, const struct virtio_serial_port_config *c, struct err *e);

#endif
