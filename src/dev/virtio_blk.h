/*
 * virtio-blk (virtio 1.2, 5.2) over a raw image: read, write, flush, discard,
 * write zeroes, identification, switchable write cache.
 *
 * Requests are served by worker threads, straight between the image and the guest's
 * buffers.  A request that was taken is finished even when the machine
 * ends, and its status is only reported when the image has it: with the write
 * cache on, a flush makes all completed writes stable; with it off (or with a driver
 * that does not know flushes) each write is stable when it completes.
 */
#ifndef PARMA_DEV_VIRTIO_BLK_H
#define PARMA_DEV_VIRTIO_BLK_H

#include "base/opts.h"
#include "dev/blkimg.h"
#include "dev/virtio.h"

struct virtio_blk_config {
	char serial[21];
	uint32_t logical_block, physical_block; /* bytes, powers of two */
	unsigned num_queues, queue_size;
	bool discard, write_zeroes, write_cache;
};

/*
 * From -device virtio-blk-device,...: serial=, logical_block_size=, physical_block_size=,
 * num-queues=, queue-size=, discard=, write-zeroes=, write-cache=. Does not finish o.
 */
int virtio_blk_config(struct opts *o, struct virtio_blk_config *c, struct err *e);
/* Takes over img (closed by virtio_free()); on failure (NULL with e filled) it is still the caller's. */
struct virtio_dev *virtio_blk_new(const struct virtio_blk_config *c, struct blkimg *img, struct err *e);

#endif
