/*
 * GICv3 distributor (GICD), affinity routing always on, one Security state
 * (GICD_CTLR.DS), no LPIs; message-signalled SPIs by GICD_SETSPI_NSR.
 * INTIDs below 32 are in the redistributors and read as zero here.
 * IHI 0069, 12.9.  Any vCPU's thread; locks as in gic_priv.h.
 */
#include "dev/gic_priv.h"

#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_IIDR 0x0008
#define GICD_SETSPI_NSR 0x0040
#define GICD_CLRSPI_NSR 0x0048
#define GICD_IROUTER 0x6000
#define GICD_ID 0xffd0

#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_DS (1u << 6)

#define TYPER_MBIS (1u << 16)
#define TYPER_IDBITS(n) (((n) - 1u) << 19)
#define TYPER_A3V (1u << 24)
#define TYPER_RSS (1u << 26)

/* INTID of an IROUTER word, 0 if the offset is none of an SPI that there is. */
static unsigned router_id(const struct gic *g, uint32_t offset)
{
	unsigned id = (offset - GICD_IROUTER) / 8;

	return offset >= GICD_IROUTER && id >= 32 && id < g->nbanks * 32 ? id : 0;
}

static uint64_t read_route(struct gic *g, unsigned id)
{
	struct gic_bank *b = &g->bank[id / 32];
	uint64_t v;

	lock_take(&b->lock);
	v = b->route[id & 31];
	lock_drop(&b->lock);
	return v;
}

static uint32_t dist_read(void *dev, uint32_t offset, unsigned cpu)
{
	struct gic *g = dev;
	unsigned id = router_id(g, offset);
	uint32_t val;

	if (id)
		return (uint32_t)(read_route(g, id) >> (offset & 4) * 8);
	if (offset >= GICD_ID && offset < 0x10000)
		return gic_id_reg(offset, GIC_PART_V3_DIST);
	switch (offset) {
	case GICD_CTLR:
		return ld_acq(&g->ctlr) | GICD_CTLR_ARE | GICD_CTLR_DS;
	case GICD_TYPER:
		return (g->nbanks - 1) | TYPER_MBIS | TYPER_IDBITS(16) | TYPER_A3V | TYPER_RSS;
	case GICD_IIDR:
		return 0x43b;
	default:
		gic_common_read(g, NULL, offset, &val);
		return val;
	}
}

static void set_spi(struct gic *g, uint32_t id, bool pending)
{
	struct gic_bank *b;

	if (id < 32 || id >= g->nbanks * 32)
		return;
	b = &g->bank[id / 32];
	lock_take(&b->lock);
	gic_irqs_write(&b->s, pending ? GIC_WORD_PENDING_SET : GIC_WORD_PENDING_CLEAR, 1u << (id & 31));
	gic_bank_refresh(b, 1u << (id & 31));
	lock_drop(&b->lock);
}

static void dist_write(void *dev, uint32_t offset, unsigned cpu, uint32_t val, uint32_t mask)
{
	struct gic *g = dev;
	unsigned id = router_id(g, offset);

	if (id) {
		if (mask == ~0u)
			gic_spi_set_route(g, id, (uint64_t)val << (offset & 4) * 8, (uint64_t)mask << (offset & 4) * 8);
		return;
	}
	switch (offset) {
	case GICD_CTLR:
		if (mask == ~0u)
			gic_set_ctlr(g, val & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1));
		break;
	case GICD_SETSPI_NSR: /* may be 16 bits wide */
	case GICD_CLRSPI_NSR:
		set_spi(g, val & 0x3ff, offset == GICD_SETSPI_NSR);
		break;
	default:
		if (!gic_common_write(g, NULL, offset, val, mask))
			gic_guest_error("write to distributor offset", offset);
	}
}

static const struct gic_words words = {dist_read, dist_write};

static bool mmio_read(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t *val)
{
	return gic_words_read(&words, dev, offset, size, cpu, val);
}

static bool mmio_write(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val)
{
	return gic_words_write(&words, dev, offset, size, cpu, val);
}

const struct mmio_ops gicv3_dist_ops = {.name = "gicv3-dist", .read = mmio_read, .write = mmio_write};
