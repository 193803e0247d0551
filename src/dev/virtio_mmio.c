/* See virtio_mmio.h. Threads: vCPUs; each access takes the device's lock but for queue notifications. */
#include "dev/virtio_mmio.h"

#include <string.h>

#include "base/bits.h"
#include "base/log.h"

enum mmio_reg {
	MAGIC = 0x000, VERSION = 0x004, DEVICE_ID = 0x008, VENDOR_ID = 0x00c, DEVICE_FEATURES = 0x010,
	DEVICE_FEATURES_SEL = 0x014, DRIVER_FEATURES = 0x020, DRIVER_FEATURES_SEL = 0x024, GUEST_PAGE_SIZE = 0x028,
	QUEUE_SEL = 0x030, QUEUE_NUM_MAX = 0x034, QUEUE_NUM = 0x038, QUEUE_ALIGN = 0x03c, QUEUE_PFN = 0x040,
	QUEUE_READY = 0x044, QUEUE_NOTIFY = 0x050, INTERRUPT_STATUS = 0x060, INTERRUPT_ACK = 0x064, STATUS = 0x070,
	QUEUE_DESC_LOW = 0x080, QUEUE_DESC_HIGH = 0x084, QUEUE_AVAIL_LOW = 0x090, QUEUE_AVAIL_HIGH = 0x094,
	QUEUE_USED_LOW = 0x0a0, QUEUE_USED_HIGH = 0x0a4, SHM_LEN_LOW = 0x0b0, SHM_LEN_HIGH = 0x0b4,
	SHM_BASE_LOW = 0x0b8, SHM_BASE_HIGH = 0x0bc, CONFIG_GENERATION = 0x0fc, CONFIG = 0x100,
};

#define MAGIC_VALUE 0x74726976 /* "virt" */
#define VENDOR 0x554d4551      /* as QEMU's devices say */

void virtio_mmio_plug(struct virtio_mmio *m, struct virtio_dev *dev, struct physmap *pm, struct irq_line irq)
{
	m->dev = dev;
	dev->pm = pm;
	dev->irq = irq;
	if (m->legacy)
		dev->offered &= ~BIT(VIRTIO_F_VERSION_1);
}

static void guest_error(const struct virtio_mmio *m, const char *what, uint64_t offset)
{
	if (log_on(LOG_GUEST_ERROR))
		log_printf("%s: %s 0x%x\n", m->dev->ops->name, what, (unsigned)offset);
}

static struct virtq *selected(struct virtio_dev *d) { return d->queue_sel < d->nvq ? &d->vq[d->queue_sel] : NULL; }

static uint32_t reg_read(struct virtio_mmio *m, uint64_t offset)
{
	struct virtio_dev *d = m->dev;
	struct virtq *q = selected(d);

	switch (offset) {
	case DEVICE_ID: return d->ops->id;
	case DEVICE_FEATURES: return d->dev_sel < 2 ? (uint32_t)(d->offered >> (32 * d->dev_sel)) : 0;
	case QUEUE_NUM_MAX: return q ? q->max : 0;
	case QUEUE_PFN: return m->legacy && q ? q->legacy_pfn : 0;
	case QUEUE_READY: return q && q->ready;
	case INTERRUPT_STATUS: return d->isr;
	case STATUS: return d->status;
	/* No shared memory region exists: length and base of all ones (4.2.2). */
	case SHM_LEN_LOW:
	case SHM_LEN_HIGH:
	case SHM_BASE_LOW:
	case SHM_BASE_HIGH: return ~0u;
	case CONFIG_GENERATION: return m->legacy ? 0 : d->config_gen;
	default: guest_error(m, "read of register", offset); return 0;
	}
}

static void write_features(struct virtio_dev *d, uint32_t v)
{
	/* After FEATURES_OK they are fixed; bits that were not offered make FEATURES_OK fail. */
	if (d->drv_sel < 2 && !(d->status & VIRTIO_S_FEATURES_OK))
		d->features = deposit(d->features, 32 * d->drv_sel + 31, 32 * d->drv_sel, v);
}

static void write_status(struct virtio_mmio *m, uint32_t v)
{
	struct virtio_dev *d = m->dev;
	uint8_t old = d->status, now = (uint8_t)((v & ~(uint32_t)VIRTIO_S_NEEDS_RESET) | (old & VIRTIO_S_NEEDS_RESET));
	bool settled = m->legacy ? now & ~old & VIRTIO_S_DRIVER_OK : now & ~old & VIRTIO_S_FEATURES_OK;

	if (m->legacy)
		d->features &= d->offered;
	else if (settled && (d->features & ~d->offered || !virtio_has(d, VIRTIO_F_VERSION_1))) {
		now &= (uint8_t)~VIRTIO_S_FEATURES_OK;
		settled = false;
	}
	d->status = now;
	if (settled && d->ops->negotiated)
		d->ops->negotiated(d);
}

/* Legacy: one page number places all three rings (4.2.4). */
static void write_pfn(struct virtio_dev *d, struct virtq *q, uint32_t pfn)
{
	uint64_t base = (uint64_t)pfn * d->legacy_page_size;

	q->legacy_pfn = pfn;
	virtq_disable(q);
	if (!pfn)
		return;
	q->desc_addr = base;
	q->avail_addr = base + 16 * (uint64_t)q->size;
	q->used_addr = ALIGN_UP(q->avail_addr + 6 + 2 * (uint64_t)q->size, (uint64_t)q->legacy_align);
	virtq_enable(d, q);
}

static void write_ready(struct virtio_dev *d, struct virtq *q, uint32_t v)
{
	if (!(v & 1)) {
		virtq_disable(q);
		while (d->held) /* no buffer changes once the driver sees the queue stopped */
			lock_wait(&d->lock, &d->released);
	} else if (!q->ready) {
		virtq_enable(d, q);
	}
}

static void set_half(uint64_t *addr, bool high, uint32_t v) { *addr = deposit(*addr, high ? 63 : 31, high ? 32 : 0, v); }

/* Registers of the selected queue; false: not one of them. */
static bool queue_write(struct virtio_mmio *m, uint64_t offset, uint32_t v)
{
	struct virtio_dev *d = m->dev;
	struct virtq *q = selected(d);
	bool fixed = !q || q->ready, high = offset & 4;

	switch (offset) {
	case QUEUE_NUM:
		if (!fixed && v <= q->max)
			q->size = (uint16_t)v;
		return true;
	case QUEUE_ALIGN:
		if (!fixed && m->legacy && v && !(v & (v - 1)))
			q->legacy_align = v;
		return true;
	case QUEUE_PFN:
		if (q && m->legacy)
			write_pfn(d, q, v);
		return true;
	case QUEUE_READY:
		if (q && !m->legacy)
			write_ready(d, q, v);
		return true;
	case QUEUE_DESC_LOW:
	case QUEUE_DESC_HIGH:
		if (!fixed)
			set_half(&q->desc_addr, high, v);
		return true;
	case QUEUE_AVAIL_LOW:
	case QUEUE_AVAIL_HIGH:
		if (!fixed)
			set_half(&q->avail_addr, high, v);
		return true;
	case QUEUE_USED_LOW:
	case QUEUE_USED_HIGH:
		if (!fixed)
			set_half(&q->used_addr, high, v);
		return true;
	default: return false;
	}
}

static void reg_write(struct virtio_mmio *m, uint64_t offset, uint32_t v)
{
	struct virtio_dev *d = m->dev;

	if (queue_write(m, offset, v))
		return;
	switch (offset) {
	case DEVICE_FEATURES_SEL: d->dev_sel = v; break;
	case DRIVER_FEATURES: write_features(d, v); break;
	case DRIVER_FEATURES_SEL: d->drv_sel = v; break;
	case GUEST_PAGE_SIZE:
		if (m->legacy && v && !(v & (v - 1)))
			d->legacy_page_size = v;
		break;
	case QUEUE_SEL: d->queue_sel = v; break;
	case INTERRUPT_ACK:
		d->isr &= (uint8_t)~v;
		virtio_update_irq(d);
		break;
	case STATUS: write_status(m, v); break;
	case 0x0ac: break; /* which shared memory region: there is none */
	default: guest_error(m, "write of register", offset); break;
	}
}

static uint64_t config_read(struct virtio_dev *d, unsigned off, unsigned size)
{
	uint64_t v = 0;

	if (off < VIRTIO_CONFIG_BYTES)
		memcpy(&v, d->config + off, MIN(size, VIRTIO_CONFIG_BYTES - off));
	return v;
}

static bool mmio_read(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t *val)
{
	struct virtio_mmio *m = dev;
	struct virtio_dev *d = m->dev;

	(void)cpu;
	*val = 0;
	if (offset < CONFIG && (size != 4 || offset == MAGIC || offset == VERSION || offset == VENDOR_ID || !d)) {
		/* The registers are words; what identifies a window is there without a device too. */
		if (size == 4)
			*val = offset == MAGIC ? MAGIC_VALUE : offset == VERSION ? (m->legacy ? 1 : 2) : offset == VENDOR_ID ? VENDOR : 0;
		return true;
	}
	if (!d)
		return true;
	lock_take(&d->lock);
	*val = offset < CONFIG ? reg_read(m, offset) : config_read(d, (unsigned)offset - CONFIG, size);
	lock_drop(&d->lock);
	return true;
}

static bool mmio_write(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val)
{
	struct virtio_mmio *m = dev;
	struct virtio_dev *d = m->dev;

	(void)cpu;
	if (!d || (offset < CONFIG && size != 4))
		return true;
	if (offset == QUEUE_NOTIFY) {
		if ((uint32_t)val < d->nvq)
			d->ops->notify(d, (unsigned)val);
		return true;
	}
	if (offset == STATUS && !(uint32_t)val) {
		virtio_reset(d);
		return true;
	}
	lock_take(&d->lock);
	if (offset < CONFIG)
		reg_write(m, offset, (uint32_t)val);
	else if (d->ops->config_write && offset - CONFIG + size <= d->config_len)
		d->ops->config_write(d, (unsigned)offset - CONFIG, size, val);
	lock_drop(&d->lock);
	return true;
}

const struct mmio_ops virtio_mmio_ops = {.name = "virtio-mmio", .min_size = 1, .max_size = 8, .read = mmio_read, .write = mmio_write};
