/*
 * virtio-rng (virtio 1.2, 5.4): random bytes from getrandom(), filled in by
 * the I/O thread.
 */
#ifndef PARMA_DEV_VIRTIO_RNG_H
#define PARMA_DEV_VIRTIO_RNG_H

#include "dev/ioloop.h"
#include "dev/virtio.h"

struct virtio_dev *virtio_rng_new(struct ioloop *loop);

#endif
