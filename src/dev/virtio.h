/*
 * Virtio devices: what is common to all of them, apart from the transport
 * (virtio_mmio.h).  After the OASIS specification 1.2: chapters 2 (basic
 * facilities, split virtqueues, indirect descriptors, event index) and 3.
 *
 * A device embeds a struct virtio_dev and gives a struct virtio_ops.  Queues
 * are touched with the device's lock held (rank DEVICE), for short times only:
 * a thread that does I/O takes a chain off the queue, calls virtio_hold(),
 * drops the lock, works on the guest's buffers, takes the lock again, returns
 * the chain and calls virtio_release().  A reset waits for held chains, as no
 * buffer may change after it.
 *
 * Everything in guest memory is hostile: it is read once, checked, and what
 * breaks the rules makes the device broken (status NEEDS_RESET) until it is
 * reset.  Work on one chain is bounded by VQ_MAX_SEGS.
 */
#ifndef PARMA_DEV_VIRTIO_H
#define PARMA_DEV_VIRTIO_H

#include "base/lock.h"
#include "dev/irq.h"
#include "mem/physmap.h"

#define VQ_MAX_SIZE 1024
#define VQ_MAX_SEGS 1024
#define VIRTIO_CONFIG_BYTES 256

/* Device status (2.1). */
enum {
	VIRTIO_S_ACKNOWLEDGE = 1, VIRTIO_S_DRIVER = 2, VIRTIO_S_DRIVER_OK = 4, VIRTIO_S_FEATURES_OK = 8,
	VIRTIO_S_NEEDS_RESET = 0x40, VIRTIO_S_FAILED = 0x80,
};
/* Bit numbers of features that are no device's own (6). */
enum {
	VIRTIO_F_NOTIFY_ON_EMPTY = 24, VIRTIO_F_ANY_LAYOUT = 27, VIRTIO_F_INDIRECT_DESC = 28, VIRTIO_F_EVENT_IDX = 29,
	VIRTIO_F_VERSION_1 = 32,
};
/* Interrupt status. */
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

/* A piece of guest memory; checked to be RAM (writable for the `in` part). */
struct vq_seg {
	uint64_t addr;
	uint32_t len;
};

/* A descriptor chain: first what the device reads (out), then what it writes (in). */
struct vq_chain {
	uint16_t head;
	unsigned nout, nin;          /* segments */
	uint64_t out_bytes, in_bytes;
	struct vq_seg seg[VQ_MAX_SEGS];
};

struct virtq {
	uint16_t max;                /* CONST_AFTER_INIT: largest size */
	uint16_t size;               /* GUARDED_BY(dev lock) */
	bool ready;                  /* GUARDED_BY(dev lock): the rings below are valid */
	uint64_t desc_addr, avail_addr, used_addr; /* GUARDED_BY(dev lock) */
	uint8_t *desc, *avail, *used; /* GUARDED_BY(dev lock): host addresses of the rings */
	uint16_t next_avail;         /* GUARDED_BY(dev lock): next entry of the available ring to take */
	uint16_t next_used;          /* GUARDED_BY(dev lock): index of the used ring */
	uint16_t signalled;          /* GUARDED_BY(dev lock): used index at the last interrupt decision */
	bool signalled_valid;        /* GUARDED_BY(dev lock) */
	uint32_t legacy_pfn, legacy_align; /* GUARDED_BY(dev lock) */
};

struct virtio_dev;

struct virtio_ops {
	const char *name;
	uint32_t id; /* device type (5) */
	/* The driver made chains available on queue q. vCPU thread, no lock held; must not wait. */
	void (*notify)(struct virtio_dev *d, unsigned q);
	/* Optional, lock held: the driver wrote `size` bytes into the configuration space. */
	void (*config_write)(struct virtio_dev *d, unsigned offset, unsigned size, uint64_t val);
	/* Optional, lock held: the device was reset; no chain is held. */
	void (*reset)(struct virtio_dev *d);
	/* Optional, lock held: features are negotiated (d->features is final). */
	void (*negotiated)(struct virtio_dev *d);
	/* Stops the device's threads, frees all of it. No vCPU runs any more. */
	void (*free)(struct virtio_dev *d);
};

struct virtio_dev {
	const struct virtio_ops *ops;    /* CONST_AFTER_INIT */
	struct physmap *pm;              /* CONST_AFTER_INIT */
	struct irq_line irq;             /* CONST_AFTER_INIT */
	struct lock lock;                /* rank DEVICE */
	pthread_cond_t released;         /* held became 0; with lock */
	uint64_t offered;                /* CONST_AFTER_INIT: features */
	uint64_t features;               /* GUARDED_BY(lock): accepted by the driver */
	struct virtq *vq;                /* CONST_AFTER_INIT pointer */
	unsigned nvq;                    /* CONST_AFTER_INIT */
	uint8_t config[VIRTIO_CONFIG_BYTES]; /* GUARDED_BY(lock) */
	unsigned config_len;             /* CONST_AFTER_INIT */
	uint32_t config_gen;             /* GUARDED_BY(lock) */
	uint8_t status, isr;             /* GUARDED_BY(lock) */
	bool broken;                     /* GUARDED_BY(lock): the driver broke the rules; nothing until reset */
	unsigned held;                   /* GUARDED_BY(lock): chains that a thread works on without the lock */
	/* The transport's registers. */
	uint32_t dev_sel, drv_sel, queue_sel, legacy_page_size; /* GUARDED_BY(lock) */
};

/* Sets up what is common; nvq queues of at most `max` entries. d was zeroed. */
void virtio_init(struct virtio_dev *d, const struct virtio_ops *ops, uint64_t features, unsigned nvq, uint16_t max);
/* Frees what virtio_init() made. For ops->free. */
void virtio_fini(struct virtio_dev *d);
static inline void virtio_free(struct virtio_dev *d)
{
	if (d)
		d->ops->free(d);
}

/* Back to the initial state; waits for held chains. No lock held. Any thread. */
void virtio_reset(struct virtio_dev *d);

/* All below: lock held. */

static inline bool virtio_has(const struct virtio_dev *d, unsigned feature) { return d->features >> feature & 1; }
/* Stores into the configuration space, little-endian, without telling the driver. */
void virtio_config_put(struct virtio_dev *d, unsigned offset, unsigned size, uint64_t val);
/* Tells the driver that the configuration changed. */
void virtio_config_changed(struct virtio_dev *d);
/* The driver broke the rules: says so in the log and asks for a reset. */
void virtio_broken(struct virtio_dev *d, const char *why);
void virtio_hold(struct virtio_dev *d);
void virtio_release(struct virtio_dev *d);
void virtio_update_irq(struct virtio_dev *d);

/* The driver enables q with the addresses in it. Bad ones make the device broken. */
void virtq_enable(struct virtio_dev *d, struct virtq *q);
void virtq_disable(struct virtq *q);
/* Takes the next chain; false: none (then the driver's next one notifies again), or the device is broken. */
bool virtq_pop(struct virtio_dev *d, struct virtq *q, struct vq_chain *c);
/* Undoes the last n virtq_pop()s of q. */
void virtq_unpop(struct virtq *q, unsigned n);
/* Is something available? Does not ask for a notification. */
bool virtq_pending(struct virtio_dev *d, const struct virtq *q);
/* Returns a chain into which `written` bytes were stored. Does not interrupt yet. */
void virtq_push(struct virtio_dev *d, struct virtq *q, uint16_t head, uint32_t written);
/* The same for several chains that the driver must see at once: fill numbers 0 to n-1, then publish n. */
void virtq_fill(struct virtio_dev *d, struct virtq *q, unsigned number, uint16_t head, uint32_t written);
void virtq_publish(struct virtio_dev *d, struct virtq *q, unsigned n);
/* Interrupts the driver if it wants to know of what was pushed. */
void virtq_signal(struct virtio_dev *d, struct virtq *q);

/* The functions below need no lock. */

/* Copies from the out part at `off`; returns the bytes copied (short at its end). */
size_t chain_read(const struct virtio_dev *d, const struct vq_chain *c, uint64_t off, void *buf, size_t n);
/* Copies to the in part at `off`; returns the bytes copied (short at its end). */
size_t chain_write(const struct virtio_dev *d, const struct vq_chain *c, uint64_t off, const void *buf, size_t n);

#endif
