/*
 * A tiny virtio driver for the tests: brings a device up through its
 * memory-mapped registers and drives its rings in a physmap, as a guest
 * would. Ring fields are all reachable, so that tests can break the rules.
 */
#ifndef PARMA_TESTS_DEV_VDRV_H
#define PARMA_TESTS_DEV_VDRV_H

#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "dev/virtio_mmio.h"
#include "tests/tap.h"

#define VD_RAM UINT64_C(0x40000000)
#define VD_RAM_BYTES UINT64_C(0x1000000)
#define VD_HEAP (VD_RAM + 0x400000) /* buffers of the tests */

struct vd_queue {
	uint64_t desc, avail, used;
	uint16_t size, next, avail_idx, seen; /* seen: used entries taken */
	bool indirect;
};

struct vdrv {
	struct physmap *pm;
	struct virtio_mmio slot;
	struct mem_region window;
	struct vd_queue q[16];
	uint64_t indirect_at;
	int irqs;   /* ATOMIC: rising edges and repeats */
	bool level; /* ATOMIC */
};

struct vd_buf {
	uint64_t addr;
	uint32_t len;
	bool in;
};

__attribute__((unused)) static void vd_irq(void *ctl, unsigned n, bool level)
{
	struct vdrv *v = ctl;

	(void)n;
	st_rel(&v->level, level);
	if (level)
		at_add(&v->irqs, 1);
}

__attribute__((unused)) static uint32_t vd_rd(struct vdrv *v, uint64_t off)
{
	uint64_t val = 0;

	physmap_mmio_read(&v->window, mk_gpa(v->window.start + off), 4, 0, &val);
	return (uint32_t)val;
}

__attribute__((unused)) static uint64_t vd_config(struct vdrv *v, uint64_t off, unsigned size)
{
	uint64_t val = 0;

	physmap_mmio_read(&v->window, mk_gpa(v->window.start + 0x100 + off), size, 0, &val);
	return val;
}

__attribute__((unused)) static void vd_wr(struct vdrv *v, uint64_t off, uint32_t val)
{
	physmap_mmio_write(&v->window, mk_gpa(v->window.start + off), 4, 0, val);
}

__attribute__((unused)) static uint64_t vd_get(struct vdrv *v, uint64_t a, unsigned size)
{
	uint64_t val = 0;

	dma_load(v->pm, mk_gpa(a), size, &val);
	return val;
}

__attribute__((unused)) static void vd_put(struct vdrv *v, uint64_t a, unsigned size, uint64_t val)
{
	dma_store(v->pm, mk_gpa(a), size, val);
}

__attribute__((unused)) static void vd_new(struct vdrv *v, struct virtio_dev *dev, bool legacy)
{
	struct err e;

	memset(v, 0, sizeof(*v));
	v->pm = physmap_new();
	if (physmap_add_ram(v->pm, mk_gpa(VD_RAM), VD_RAM_BYTES, "RAM", &e) < 0)
		exit(1);
	v->slot.legacy = legacy;
	v->window = (struct mem_region){.start = 0xa000000, .size = VIRTIO_MMIO_SIZE, .ops = &virtio_mmio_ops, .dev = &v->slot};
	virtio_mmio_plug(&v->slot, dev, v->pm, (struct irq_line){vd_irq, v, 0});
}

__attribute__((unused)) static void vd_free(struct vdrv *v)
{
	virtio_free(v->slot.dev);
	physmap_free(v->pm);
}

__attribute__((unused)) static uint64_t vd_offered(struct vdrv *v)
{
	uint64_t f;

	vd_wr(v, 0x14, 0);
	f = vd_rd(v, 0x10);
	vd_wr(v, 0x14, 1);
	return f | (uint64_t)vd_rd(v, 0x10) << 32;
}

/* Reset, acknowledge, accept `features`; false if the device refuses them. */
__attribute__((unused)) static bool vd_negotiate(struct vdrv *v, uint64_t features)
{
	vd_wr(v, 0x70, 0);
	memset(v->q, 0, sizeof(v->q));
	v->indirect_at = VD_RAM + 0x300000;
	vd_wr(v, 0x70, 1);
	vd_wr(v, 0x70, 3);
	for (uint32_t k = 0; k < 2; k++) {
		vd_wr(v, 0x24, k);
		vd_wr(v, 0x20, (uint32_t)(features >> (32 * k)));
	}
	if (v->slot.legacy)
		return true;
	vd_wr(v, 0x70, 11);
	return vd_rd(v, 0x70) & 8;
}

__attribute__((unused)) static void vd_driver_ok(struct vdrv *v) { vd_wr(v, 0x70, vd_rd(v, 0x70) | 4); }

/* Places queue k in memory of its own and enables it. */
__attribute__((unused)) static void vd_queue(struct vdrv *v, unsigned k, uint16_t size)
{
	struct vd_queue *q = &v->q[k];
	uint64_t at = VD_RAM + 0x10000 + 0x10000 * k;
	static const uint8_t zero[0x10000];

	*q = (struct vd_queue){.desc = at, .avail = at + 16 * size, .size = size};
	q->used = ALIGN_UP(q->avail + 6 + 2 * size, (uint64_t)4096);
	dma_write(v->pm, mk_gpa(at), zero, sizeof(zero));
	vd_wr(v, 0x30, k);
	if (!v->slot.legacy)
		vd_wr(v, 0x44, 0);
	vd_wr(v, 0x38, size);
	if (v->slot.legacy) {
		vd_wr(v, 0x28, 4096);
		vd_wr(v, 0x3c, 4096);
		vd_wr(v, 0x40, (uint32_t)(at / 4096));
		return;
	}
	vd_wr(v, 0x80, (uint32_t)q->desc);
	vd_wr(v, 0x84, (uint32_t)(q->desc >> 32));
	vd_wr(v, 0x90, (uint32_t)q->avail);
	vd_wr(v, 0x94, (uint32_t)(q->avail >> 32));
	vd_wr(v, 0xa0, (uint32_t)q->used);
	vd_wr(v, 0xa4, (uint32_t)(q->used >> 32));
	vd_wr(v, 0x44, 1);
}

__attribute__((unused)) static void vd_desc(struct vdrv *v, uint64_t table, unsigned k, uint64_t addr, uint32_t len, uint16_t flags,
					    uint16_t next)
{
	vd_put(v, table + 16 * k, 8, addr);
	vd_put(v, table + 16 * k + 8, 8, len | (uint64_t)flags << 32 | (uint64_t)next << 48);
}

/* Makes head available (not yet the index's notification). */
__attribute__((unused)) static void vd_avail(struct vdrv *v, unsigned k, uint16_t head)
{
	struct vd_queue *q = &v->q[k];

	vd_put(v, q->avail + 4 + 2 * (q->avail_idx & (q->size - 1)), 2, head);
	vd_put(v, q->avail + 2, 2, ++q->avail_idx);
}

__attribute__((unused)) static void vd_kick(struct vdrv *v, unsigned k) { vd_wr(v, 0x50, k); }

/* Queues a chain of n buffers; returns its head. */
__attribute__((unused)) static uint16_t vd_add(struct vdrv *v, unsigned k, const struct vd_buf *b, unsigned n)
{
	struct vd_queue *q = &v->q[k];
	uint64_t table = q->indirect ? v->indirect_at : q->desc;
	unsigned first = q->indirect ? 0 : q->next, mask = q->indirect ? 0xffff : q->size - 1u;
	uint16_t head = q->next;

	for (unsigned j = 0; j < n; j++)
		vd_desc(v, table, (first + j) & mask, b[j].addr, b[j].len, (uint16_t)((b[j].in ? 2 : 0) | (j + 1 < n)),
			(uint16_t)((first + j + 1) & mask));
	if (q->indirect) {
		vd_desc(v, q->desc, head, table, 16 * n, 4, 0);
		v->indirect_at += 16 * n;
	}
	q->next = (uint16_t)((q->next + (q->indirect ? 1 : n)) & (q->size - 1));
	vd_avail(v, k, head);
	return head;
}

__attribute__((unused)) static void vd_nap(void)
{
	struct timespec t = {0, 200000};

	nanosleep(&t, NULL);
}

/* Waits for the next used element. */
__attribute__((unused)) static bool vd_used(struct vdrv *v, unsigned k, uint32_t *id, uint32_t *len)
{
	struct vd_queue *q = &v->q[k];
	uint64_t at = q->used + 4 + 8 * (q->seen & (q->size - 1));

	for (int t = 0; t < 1500000 && vd_get(v, q->used + 2, 2) == q->seen; t++)
		vd_nap();
	if (vd_get(v, q->used + 2, 2) == q->seen)
		return false;
	*id = (uint32_t)vd_get(v, at, 4);
	*len = (uint32_t)vd_get(v, at + 4, 4);
	q->seen++;
	return true;
}

#endif
