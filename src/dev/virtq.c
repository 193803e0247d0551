/*
 * Split virtqueues (virtio 1.2, 2.7), the device's side.
 *
 * Order: the available index is loaded with acquire before the entries and
 * descriptors that it covers; the used index is stored with release after the
 * element; and a full fence stands between publishing an index and
 * reading the other side's wish to be notified, on both sides, so that one of
 * the two sees the other's change (2.7.13).
 */
#include <string.h>

#include "base/bits.h"
#include "dev/virtio.h"
#include "mem/access.h"

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { AVAIL_NO_INTERRUPT = 1 };

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

static uint8_t *avail_idx(const struct virtq *q) { return q->avail + 2; }
static uint8_t *avail_ring(const struct virtq *q, unsigned k) { return q->avail + 4 + 2 * k; }
static uint8_t *used_event(const struct virtq *q) { return avail_ring(q, q->size); }
static uint8_t *used_idx(const struct virtq *q) { return q->used + 2; }
static uint8_t *avail_event(const struct virtq *q) { return q->used + 4 + 8 * q->size; }

void virtq_disable(struct virtq *q)
{
	q->ready = false;
	q->desc = q->avail = q->used = NULL;
}

void virtq_enable(struct virtio_dev *d, struct virtq *q)
{
	uint64_t n = q->size;

	if (!n || n > q->max || (n & (n - 1)) || q->desc_addr & 15 || q->avail_addr & 1 || q->used_addr & 3) {
		virtio_broken(d, "a queue with a bad size or alignment");
		return;
	}
	q->desc = physmap_host(d->pm, mk_gpa(q->desc_addr), 16 * n, false);
	q->avail = physmap_host(d->pm, mk_gpa(q->avail_addr), 6 + 2 * n, false);
	q->used = physmap_host(d->pm, mk_gpa(q->used_addr), 6 + 8 * n, true);
	if (!q->desc || !q->avail || !q->used) {
		virtq_disable(q);
		virtio_broken(d, "a queue outside RAM");
		return;
	}
	q->next_avail = q->next_used = 0;
	q->signalled_valid = false;
	q->ready = true;
}

static struct desc load_desc(const uint8_t *table, unsigned k)
{
	uint64_t hi = ram_ld64(table + 16 * k + 8);

	return (struct desc){ram_ld64(table + 16 * k), (uint32_t)hi, (uint16_t)(hi >> 32), (uint16_t)(hi >> 48)};
}

/* Appends a buffer to the chain; false: the rules are broken. */
static bool add_seg(struct virtio_dev *d, struct vq_chain *c, const struct desc *desc)
{
	bool in = desc->flags & DESC_WRITE;

	if (c->nout + c->nin == VQ_MAX_SEGS || (!in && c->nin))
		return false;
	if (!desc->len)
		return true;
	if (!physmap_host(d->pm, mk_gpa(desc->addr), desc->len, in))
		return false;
	c->seg[c->nout + c->nin] = (struct vq_seg){desc->addr, desc->len};
	if (in) {
		c->nin++;
		c->in_bytes += desc->len;
	} else {
		c->nout++;
		c->out_bytes += desc->len;
	}
	return true;
}

/* Follows a chain in a table of n descriptors; NULL, or what is wrong. Loops end at n steps. */
static const char *walk(struct virtio_dev *d, const uint8_t *table, unsigned n, unsigned k, bool nested, struct vq_chain *c)
{
	for (unsigned steps = 0; steps < n; steps++) {
		struct desc desc;
		const uint8_t *inner;

		if (k >= n)
			return "a descriptor index outside the table";
		desc = load_desc(table, k);
		if (desc.flags & DESC_INDIRECT) {
			if (nested || desc.flags & DESC_NEXT || !virtio_has(d, VIRTIO_F_INDIRECT_DESC))
				return "an indirect descriptor where none may be";
			if (!desc.len || desc.len % 16 || desc.len / 16 > VQ_MAX_SEGS)
				return "an indirect table of a bad size";
			inner = physmap_host(d->pm, mk_gpa(desc.addr), desc.len, false);
			return inner ? walk(d, inner, desc.len / 16, 0, true, c) : "an indirect table outside RAM";
		}
		if (!add_seg(d, c, &desc))
			return "a bad buffer";
		if (!(desc.flags & DESC_NEXT))
			return NULL;
		k = desc.next;
	}
	return "a descriptor chain with a loop";
}

bool virtq_pending(struct virtio_dev *d, const struct virtq *q)
{
	return q->ready && !d->broken && ram_acq16(avail_idx(q)) != q->next_avail;
}

/* Entries available; asks for a notification when there are none. */
static uint16_t available(struct virtio_dev *d, struct virtq *q)
{
	uint16_t n = (uint16_t)(ram_acq16(avail_idx(q)) - q->next_avail);

	if (n || !virtio_has(d, VIRTIO_F_EVENT_IDX))
		return n;
	ram_st16(avail_event(q), q->next_avail);
	fence_sc(); /* pairs with the driver's, between its index and its look at avail_event */
	return (uint16_t)(ram_acq16(avail_idx(q)) - q->next_avail);
}

bool virtq_pop(struct virtio_dev *d, struct virtq *q, struct vq_chain *c)
{
	const char *wrong;
	uint16_t n;

	if (!q->ready || d->broken)
		return false;
	n = available(d, q);
	if (!n)
		return false;
	if (n > q->size) {
		virtio_broken(d, "an available index that jumped");
		return false;
	}
	c->head = (uint16_t)ram_ld16(avail_ring(q, q->next_avail & (q->size - 1u)));
	c->nout = c->nin = 0;
	c->out_bytes = c->in_bytes = 0;
	wrong = walk(d, q->desc, q->size, c->head, false, c);
	if (wrong) {
		virtio_broken(d, wrong);
		return false;
	}
	q->next_avail++;
	return true;
}

void virtq_unpop(struct virtq *q, unsigned n) { q->next_avail = (uint16_t)(q->next_avail - n); }

void virtq_fill(struct virtio_dev *d, struct virtq *q, unsigned number, uint16_t head, uint32_t written)
{
	uint8_t *elem;

	if (!q->ready || d->broken)
		return;
	elem = q->used + 4 + 8 * ((q->next_used + number) & (q->size - 1u));
	ram_st32(elem, head);
	ram_st32(elem + 4, written);
}

void virtq_publish(struct virtio_dev *d, struct virtq *q, unsigned n)
{
	if (!q->ready || d->broken)
		return;
	q->next_used = (uint16_t)(q->next_used + n);
	ram_rel16(used_idx(q), q->next_used); /* pairs with the driver's acquire of the used index */
}

void virtq_push(struct virtio_dev *d, struct virtq *q, uint16_t head, uint32_t written)
{
	virtq_fill(d, q, 0, head, written);
	virtq_publish(d, q, 1);
}

/* Does the driver want an interrupt for the elements since the last decision? */
static bool wants_interrupt(struct virtio_dev *d, struct virtq *q)
{
	uint16_t old = q->signalled, event;
	bool valid = q->signalled_valid;

	fence_sc(); /* pairs with the driver's, between used_event (or flags) and its look at the used index */
	if (!virtio_has(d, VIRTIO_F_EVENT_IDX))
		return !(ram_ld16(q->avail) & AVAIL_NO_INTERRUPT);
	event = (uint16_t)ram_ld16(used_event(q));
	q->signalled = q->next_used;
	q->signalled_valid = true;
	return !valid || (uint16_t)(q->next_used - event - 1) < (uint16_t)(q->next_used - old);
}

void virtq_signal(struct virtio_dev *d, struct virtq *q)
{
	if (!q->ready || d->broken || !wants_interrupt(d, q))
		return;
	d->isr |= VIRTIO_ISR_QUEUE;
	virtio_update_irq(d);
}

/* Copies between buf and n bytes of seg[] from offset off; `in` is the direction. */
static size_t copy(const struct virtio_dev *d, const struct vq_seg *seg, unsigned nseg, uint64_t off, uint8_t *out,
		   const uint8_t *in, size_t n)
{
	size_t done = 0;

	for (; nseg && done < n; seg++, nseg--) {
		uint64_t k;

		if (off >= seg->len) {
			off -= seg->len;
			continue;
		}
		k = MIN(seg->len - off, n - done);
		if (!(in ? dma_write(d->pm, mk_gpa(seg->addr + off), in + done, k)
			 : dma_read(d->pm, mk_gpa(seg->addr + off), out + done, k)))
			break;
		done += k;
		off = 0;
	}
	return done;
}

size_t chain_read(const struct virtio_dev *d, const struct vq_chain *c, uint64_t off, void *buf, size_t n)
{
	return copy(d, c->seg, c->nout, off, buf, NULL, n);
}

size_t chain_write(const struct virtio_dev *d, const struct vq_chain *c, uint64_t off, const void *buf, size_t n)
{
	return copy(d, c->seg + c->nout, c->nin, off, NULL, buf, n);
}
