/*
 * GICv2 distributor (GICD) without the Security Extensions: banked registers
 * of the vCPU that accesses, targets, SGIs with their source.
 * IHI 0048B, 4.3.  Any vCPU's thread; locks as in gic_priv.h.
 */
#include "dev/gic_priv.h"

#define GICD_CTLR 0x000
#define GICD_TYPER 0x004
#define GICD_IIDR 0x008
#define GICD_ITARGETSR 0x800
#define GICD_SGIR 0xf00
#define GICD_CPENDSGIR 0xf10
#define GICD_SPENDSGIR 0xf20
#define GICD_ID 0xfd0

static uint32_t read_targets(struct gic *g, struct gic_cpu *c, unsigned first)
{
	struct gic_bank *b;
	uint32_t v = 0;

	if (g->ncpus == 1 || first >= g->nbanks * 32)
		return 0;
	if (first < 32)
		return (1u << c->index) * 0x01010101u;
	b = &g->bank[first / 32];
	lock_take(&b->lock);
	for (unsigned k = 0; k < 4; k++)
		v |= (uint32_t)b->targets[(first & 31) + k] << 8 * k;
	lock_drop(&b->lock);
	return v;
}

static void write_targets(struct gic *g, unsigned first, uint32_t val, uint32_t mask)
{
	struct gic_bank *b;

	if (g->ncpus == 1 || first < 32 || first >= g->nbanks * 32)
		return;
	b = &g->bank[first / 32];
	lock_take(&b->lock);
	gic_bank_hide(b, 0xfu << (first & 31));
	for (unsigned k = 0; k < 4; k++)
		if (bit(mask, 8 * k))
			b->targets[(first & 31) + k] = (uint8_t)(val >> 8 * k & mask64(g->ncpus));
	gic_bank_refresh(b, 0xfu << (first & 31));
	lock_drop(&b->lock);
}

static void send_sgi(struct gic *g, struct gic_cpu *from, uint32_t val)
{
	uint32_t targets = val >> 16 & 0xff;

	switch (val >> 24 & 3) {
	case 0:
		break;
	case 1:
		targets = 0xff & ~(1u << from->index);
		break;
	case 2:
		targets = 1u << from->index;
		break;
	default:
		return;
	}
	for (unsigned k = 0; k < g->ncpus; k++)
		if (bit(targets, k))
			gic_cpu_sgi(&g->cpu[k], val & 15, from->index, 3);
}

static uint32_t read_sgi_from(struct gic_cpu *c, unsigned first)
{
	uint32_t v = 0;

	lock_take(&c->lock);
	for (unsigned k = 0; k < 4; k++)
		v |= (uint32_t)c->sgi_from[first + k] << 8 * k;
	lock_drop(&c->lock);
	return v;
}

static void write_sgi_from(struct gic_cpu *c, unsigned first, uint32_t val, bool set)
{
	val &= (uint32_t)mask64(c->g->ncpus) * 0x01010101u;
	lock_take(&c->lock);
	for (unsigned k = 0; k < 4; k++) {
		uint8_t *from = &c->sgi_from[first + k], m = (uint8_t)(val >> 8 * k);

		*from = set ? *from | m : *from & (uint8_t)~m;
		c->s.latch = (uint32_t)deposit(c->s.latch, first + k, first + k, *from != 0);
	}
	gic_cpu_update(c);
	lock_drop(&c->lock);
}

static uint32_t dist_read(void *dev, uint32_t offset, unsigned cpu)
{
	struct gic *g = dev;
	struct gic_cpu *c = &g->cpu[cpu];
	uint32_t val;

	if (offset >= GICD_ITARGETSR && offset < 0xc00)
		return read_targets(g, c, offset - GICD_ITARGETSR);
	if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + 16)
		return read_sgi_from(c, offset & 15);
	if (offset >= GICD_ID && offset < 0x1000)
		return gic_id_reg(offset + 0xf000, GIC_PART_V2_DIST);
	switch (offset) {
	case GICD_CTLR:
		return ld_acq(&g->ctlr);
	case GICD_TYPER:
		return (g->nbanks - 1) | (g->ncpus - 1) << 5;
	case GICD_IIDR:
		return 0x43b;
	default:
		gic_common_read(g, c, offset, &val);
		return val;
	}
}

static void dist_write(void *dev, uint32_t offset, unsigned cpu, uint32_t val, uint32_t mask)
{
	struct gic *g = dev;
	struct gic_cpu *c = &g->cpu[cpu];

	if (offset >= GICD_ITARGETSR && offset < 0xc00) {
		write_targets(g, offset - GICD_ITARGETSR, val, mask);
	} else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + 16) {
		write_sgi_from(c, offset & 15, val & mask, offset >= GICD_SPENDSGIR);
	} else if (offset == GICD_SGIR) {
		send_sgi(g, c, val);
	} else if (offset == GICD_CTLR) {
		gic_set_ctlr(g, val & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1));
	} else if (!gic_common_write(g, c, offset, val, mask)) {
		gic_guest_error("write to distributor offset", offset);
	}
}

static const struct gic_words words = {dist_read, dist_write};

static bool mmio_read(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t *val)
{
	/* banked by vCPU: nobody else can be answered */
	return cpu < ((struct gic *)dev)->ncpus && gic_words_read(&words, dev, offset, size, cpu, val);
}

static bool mmio_write(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val)
{
	return cpu < ((struct gic *)dev)->ncpus && gic_words_write(&words, dev, offset, size, cpu, val);
}

const struct mmio_ops gicv2_dist_ops = {.name = "gicv2-dist", .max_size = 4, .read = mmio_read, .write = mmio_write};
