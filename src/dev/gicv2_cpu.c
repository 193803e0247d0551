/*
 * GICv2 CPU interface (GICC), memory-mapped and banked by the vCPU that
 * accesses, without the Security Extensions: GICC_IAR and GICC_EOIR serve
 * group 0 (and group 1 with AckCtl), the aliased registers group 1.
 * IHI 0048B, 4.4.  The vCPU's own thread; locks as in gic_priv.h.
 */
#include "dev/gic_priv.h"

#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_BPR 0x08
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10
#define GICC_RPR 0x14
#define GICC_HPPIR 0x18
#define GICC_ABPR 0x1c
#define GICC_AIAR 0x20
#define GICC_AEOIR 0x24
#define GICC_AHPPIR 0x28
#define GICC_APR 0xd0
#define GICC_NSAPR 0xe0
#define GICC_IIDR 0xfc
#define GICC_DIR 0x1000

#define CTLR_GRP0 (1u << 0)
#define CTLR_GRP1 (1u << 1)
#define CTLR_ACKCTL (1u << 2)
#define CTLR_FIQEN (1u << 3)
#define CTLR_CBPR (1u << 4)
#define CTLR_EOIMODE (1u << 9)

static uint32_t read_ctlr(const struct gic_cpu *c)
{
	return (c->grp_en[0] ? CTLR_GRP0 : 0) | (c->grp_en[1] ? CTLR_GRP1 : 0) | (c->ack_ctl ? CTLR_ACKCTL : 0) |
	       (c->fiq_en ? CTLR_FIQEN : 0) | (c->cbpr ? CTLR_CBPR : 0) | (c->split ? CTLR_EOIMODE : 0);
}

static void write_ctlr(struct gic_cpu *c, uint32_t val)
{
	c->grp_en[0] = val & CTLR_GRP0;
	c->grp_en[1] = val & CTLR_GRP1;
	c->ack_ctl = val & CTLR_ACKCTL;
	c->fiq_en = val & CTLR_FIQEN;
	c->cbpr = val & CTLR_CBPR;
	c->split = val & CTLR_EOIMODE;
}

static uint32_t *apr(struct gic_cpu *c, uint64_t offset)
{
	return &c->apr[offset >= GICC_NSAPR][offset / 4 & 3];
}

static uint32_t read_state(struct gic_cpu *c, uint64_t offset)
{
	switch (offset) {
	case GICC_CTLR:
		return read_ctlr(c);
	case GICC_PMR:
		return c->pmr;
	case GICC_BPR:
		return c->bpr[0];
	case GICC_ABPR:
		return c->bpr[1];
	case GICC_IIDR:
		return 0x2043b;
	default:
		return offset >= GICC_APR && offset < GICC_NSAPR + 16 ? *apr(c, offset) : 0;
	}
}

/* Groups that GICC_IAR, GICC_EOIR and GICC_HPPIR serve. */
static unsigned main_groups(struct gic_cpu *c)
{
	unsigned groups;

	lock_take(&c->lock);
	groups = c->ack_ctl ? 3 : 1;
	lock_drop(&c->lock);
	return groups;
}

/* Registers are words; of narrower accesses, which are UNPREDICTABLE, a read gets its part and a write is ignored. */
static bool mmio_read(void *dev, uint64_t at, unsigned size, unsigned cpu, uint64_t *val)
{
	struct gic *g = dev;
	uint64_t offset = at & ~UINT64_C(3);
	struct gic_cpu *c;

	if (cpu >= g->ncpus)
		return false;
	c = &g->cpu[cpu];
	switch (offset) {
	case GICC_IAR:
		*val = gic_cpu_ack(c, main_groups(c));
		break;
	case GICC_AIAR:
		*val = gic_cpu_ack(c, 2);
		break;
	case GICC_HPPIR:
		*val = gic_cpu_pending(c, main_groups(c));
		break;
	case GICC_AHPPIR:
		*val = gic_cpu_pending(c, 2);
		break;
	case GICC_RPR:
		*val = gic_cpu_running(c);
		break;
	default:
		lock_take(&c->lock);
		*val = read_state(c, offset);
		lock_drop(&c->lock);
	}
	*val = *val >> (at & 3) * 8 & mask64(size * 8);
	return true;
}

static void write_state(struct gic_cpu *c, uint64_t offset, uint32_t val)
{
	switch (offset) {
	case GICC_CTLR:
		write_ctlr(c, val);
		break;
	case GICC_PMR:
		c->pmr = (uint8_t)val & gic_prio_mask(c->g);
		break;
	case GICC_BPR:
	case GICC_ABPR:
		c->bpr[offset == GICC_ABPR] = (uint8_t)MAX(val & 7, gic_min_bpr(c->g, offset == GICC_ABPR));
		break;
	default:
		if (offset >= GICC_APR && offset < GICC_NSAPR + 16)
			*apr(c, offset) = val;
		else
			gic_guest_error("write to CPU interface offset", offset);
	}
}

static bool mmio_write(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val)
{
	struct gic *g = dev;
	struct gic_cpu *c;

	if (cpu >= g->ncpus)
		return false;
	if (size < 4) {
		gic_guest_error("narrow write to CPU interface offset", offset);
		return true;
	}
	c = &g->cpu[cpu];
	switch (offset) {
	case GICC_EOIR: /* of group 1 without AckCtl: UNPREDICTABLE, taken as meant */
		gic_cpu_eoi(c, val & 0x3ff, 3);
		break;
	case GICC_AEOIR:
		gic_cpu_eoi(c, val & 0x3ff, 2);
		break;
	case GICC_DIR:
		gic_cpu_deactivate(c, val & 0x3ff);
		break;
	default:
		lock_take(&c->lock);
		write_state(c, offset, (uint32_t)val);
		gic_cpu_update(c);
		lock_drop(&c->lock);
	}
	return true;
}

const struct mmio_ops gicv2_cpu_ops = {
	.name = "gicv2-cpu", .max_size = 4, .read = mmio_read, .write = mmio_write};
