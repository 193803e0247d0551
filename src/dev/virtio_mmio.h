/*
 * The memory-mapped virtio transport (virtio 1.2, 4.2): one window of 0x200
 * bytes per device, version 2, or version 1 ("legacy", 4.2.4).
 * A window without a device reads device ID 0.
 */
#ifndef PARMA_DEV_VIRTIO_MMIO_H
#define PARMA_DEV_VIRTIO_MMIO_H

#include "dev/virtio.h"

#define VIRTIO_MMIO_SIZE 0x200

struct virtio_mmio {
	struct virtio_dev *dev; /* CONST_AFTER_INIT; NULL: nothing is plugged in */
	bool legacy;            /* CONST_AFTER_INIT */
};

/* Connects dev (which the slot does not own) to memory and its interrupt. Before any vCPU runs. */
void virtio_mmio_plug(struct virtio_mmio *m, struct virtio_dev *dev, struct physmap *pm, struct irq_line irq);

/* For physmap_add_mmio(), the device being the struct virtio_mmio. */
extern const struct mmio_ops virtio_mmio_ops;

#endif
