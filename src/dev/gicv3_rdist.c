/*
 * GICv3 redistributors (GICR): two 64 KiB frames a vCPU, RD_base and SGI_base.
 *
 * GICR_WAKER keeps its handshake (ChildrenAsleep follows ProcessorSleep) but
 * holds nothing back: the vCPU is never really powered down, and software
 * made for other emulated boards does not always wake its redistributor.
 * IHI 0069, 12.10 and 12.11.  Any vCPU's thread; locks as in gic_priv.h.
 */
#include "a64/vcpu.h"
#include "dev/gic_priv.h"

#define GICR_CTLR 0x0000
#define GICR_IIDR 0x0004
#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define GICR_ID 0xffd0
#define SGI_BASE 0x10000

#define CTLR_DPG ((1u << 24) | (1u << 25)) /* DPG0, DPG1NS */
#define WAKER_PROCESSOR_SLEEP (1u << 1)
#define WAKER_CHILDREN_ASLEEP (1u << 2)
#define TYPER_LAST (1u << 4)
#define TYPER_DPGS (1u << 5)

static struct gic_cpu *frame_cpu(const struct gicr_window *w, uint32_t offset)
{
	return &w->g->cpu[w->first + offset / GICR_SIZE_PER_CPU];
}

static uint64_t typer(const struct gicr_window *w, const struct gic_cpu *c)
{
	uint64_t mpidr = c->vc->mpidr, aff = bits(mpidr, 39, 32) << 24 | (mpidr & 0xffffff);

	return aff << 32 | (uint64_t)c->index << 8 | TYPER_DPGS |
	       (c->index == w->first + w->count - 1 ? TYPER_LAST : 0);
}

static uint32_t read_locked(struct gic_cpu *c, const uint32_t *field)
{
	uint32_t v;

	lock_take(&c->lock);
	v = *field;
	lock_drop(&c->lock);
	return v;
}

static uint32_t rd_read(const struct gicr_window *w, struct gic_cpu *c, uint32_t offset)
{
	if (offset >= GICR_ID)
		return gic_id_reg(offset, GIC_PART_V3_RDIST);
	switch (offset) {
	case GICR_CTLR:
		return read_locked(c, &c->rctlr);
	case GICR_IIDR:
		return 0x43b;
	case GICR_TYPER:
		return (uint32_t)typer(w, c);
	case GICR_TYPER + 4:
		return (uint32_t)(typer(w, c) >> 32);
	case GICR_WAKER:
		return read_locked(c, &c->waker);
	default:
		return 0;
	}
}

static uint32_t rdist_read(void *dev, uint32_t offset, unsigned cpu)
{
	const struct gicr_window *w = dev;
	struct gic_cpu *c = frame_cpu(w, offset);
	uint32_t in = offset % GICR_SIZE_PER_CPU, val;

	if (in < SGI_BASE)
		return rd_read(w, c, in);
	in -= SGI_BASE;
	/* INTIDs 0..31 only: the rest of each array is not here */
	if (!gic_common_read(w->g, c, in, &val) || (in < 0x400 && in & 0x7c) || (in >= 0x420 && in < 0x800) || in > 0xc04)
		return 0;
	return val;
}

static void rd_write(struct gic_cpu *c, uint32_t offset, uint32_t val)
{
	switch (offset) {
	case GICR_CTLR:
		lock_take(&c->lock);
		c->rctlr = val & CTLR_DPG;
		lock_drop(&c->lock);
		gic_cpu_eligible(c);
		break;
	case GICR_WAKER:
		lock_take(&c->lock);
		c->waker = val & WAKER_PROCESSOR_SLEEP ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP : 0;
		lock_drop(&c->lock);
		break;
	default:
		gic_guest_error("write to redistributor offset", offset);
	}
}

static void rdist_write(void *dev, uint32_t offset, unsigned cpu, uint32_t val, uint32_t mask)
{
	const struct gicr_window *w = dev;
	struct gic_cpu *c = frame_cpu(w, offset);
	uint32_t in = offset % GICR_SIZE_PER_CPU;

	if (in < SGI_BASE) {
		if (mask == ~0u)
			rd_write(c, in, val);
		return;
	}
	in -= SGI_BASE;
	if ((in < 0x400 && in & 0x7c) || (in >= 0x420 && in < 0x800) || in > 0xc04 ||
	    !gic_common_write(w->g, c, in, val, mask))
		gic_guest_error("write to redistributor's SGI frame, offset", in);
}

static const struct gic_words words = {rdist_read, rdist_write};

static bool mmio_read(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t *val)
{
	return gic_words_read(&words, dev, offset, size, cpu, val);
}

static bool mmio_write(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val)
{
	return gic_words_write(&words, dev, offset, size, cpu, val);
}

const struct mmio_ops gicv3_rdist_ops = {.name = "gicv3-rdist", .read = mmio_read, .write = mmio_write};
