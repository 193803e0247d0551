/* See virtio.h: life cycle, configuration space, interrupts. The rings are in virtq.c. */
#include "dev/virtio.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/log.h"

void virtio_init(struct virtio_dev *d, const struct virtio_ops *ops, uint64_t features, unsigned nvq, uint16_t max)
{
	BUG_ON(max > VQ_MAX_SIZE || (max & (max - 1)));
	d->ops = ops;
	d->offered = features | BIT(VIRTIO_F_INDIRECT_DESC) | BIT(VIRTIO_F_EVENT_IDX) | BIT(VIRTIO_F_VERSION_1);
	d->nvq = nvq;
	d->vq = calloc(nvq, sizeof(*d->vq));
	BUG_ON(!d->vq);
	for (unsigned k = 0; k < nvq; k++) {
		d->vq[k].max = max;
		d->vq[k].legacy_align = 4096;
	}
	d->legacy_page_size = 4096;
	lock_init(&d->lock, RANK_DEVICE);
	pthread_cond_init(&d->released, NULL);
}

void virtio_fini(struct virtio_dev *d)
{
	pthread_cond_destroy(&d->released);
	lock_destroy(&d->lock);
	free(d->vq);
}

void virtio_update_irq(struct virtio_dev *d) { irq_set(&d->irq, d->isr != 0); }

void virtio_reset(struct virtio_dev *d)
{
	lock_take(&d->lock);
	/* No new chain is taken from here on; what comes back is dropped. */
	for (unsigned k = 0; k < d->nvq; k++)
		virtq_disable(&d->vq[k]);
	while (d->held)
		lock_wait(&d->lock, &d->released);
	for (unsigned k = 0; k < d->nvq; k++) {
		struct virtq *q = &d->vq[k];

		*q = (struct virtq){.max = q->max, .legacy_align = 4096};
	}
	d->features = 0;
	d->status = d->isr = 0;
	d->broken = false;
	d->dev_sel = d->drv_sel = d->queue_sel = 0;
	d->legacy_page_size = 4096;
	if (d->ops->reset)
		d->ops->reset(d);
	virtio_update_irq(d);
	lock_drop(&d->lock);
}

void virtio_config_put(struct virtio_dev *d, unsigned offset, unsigned size, uint64_t val)
{
	BUG_ON(offset + size > VIRTIO_CONFIG_BYTES);
	memcpy(d->config + offset, &val, size);
	d->config_len = MAX(d->config_len, offset + size);
}

void virtio_config_changed(struct virtio_dev *d)
{
	d->config_gen++;
	if (!(d->status & VIRTIO_S_DRIVER_OK))
		return;
	d->isr |= VIRTIO_ISR_CONFIG;
	virtio_update_irq(d);
}

void virtio_broken(struct virtio_dev *d, const char *why)
{
	if (log_on(LOG_GUEST_ERROR))
		log_printf("%s: %s; the device needs a reset\n", d->ops->name, why);
	if (d->broken)
		return;
	d->broken = true;
	if (virtio_has(d, VIRTIO_F_VERSION_1)) {
		d->status |= VIRTIO_S_NEEDS_RESET;
		virtio_config_changed(d);
	}
}

void virtio_hold(struct virtio_dev *d) { d->held++; }

void virtio_release(struct virtio_dev *d)
{
	if (!--d->held)
		pthread_cond_broadcast(&d->released);
}
