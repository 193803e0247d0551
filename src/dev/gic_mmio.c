/*
 * Register accesses that distributors and redistributors share: splitting
 * into 32-bit words, the registers of one bit an interrupt, priorities and
 * configuration, identification.
 *
 * Any vCPU's thread; locks are taken here per word.
 */
#include "dev/gic_priv.h"

void gic_guest_error(const char *what, uint64_t offset)
{
	if (log_on(LOG_GUEST_ERROR))
		log_printf("gic: %s 0x%llx\n", what, (unsigned long long)offset);
}

bool gic_words_read(const struct gic_words *w, void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t *val)
{
	uint32_t base = (uint32_t)offset & ~3u;

	*val = w->read(dev, base, cpu);
	if (size == 8)
		*val |= (uint64_t)w->read(dev, base + 4, cpu) << 32;
	else
		*val = *val >> (offset & 3) * 8 & mask64(size * 8);
	return true;
}

bool gic_words_write(const struct gic_words *w, void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val)
{
	uint32_t base = (uint32_t)offset & ~3u;
	unsigned shift = (unsigned)(offset & 3) * 8;

	if (size == 8) {
		w->write(dev, base, cpu, (uint32_t)val, ~0u);
		w->write(dev, base + 4, cpu, (uint32_t)(val >> 32), ~0u);
	} else {
		w->write(dev, base, cpu, (uint32_t)(val << shift), (uint32_t)(mask64(size * 8) << shift));
	}
	return true;
}

/* What kind of common register an offset is, and of which interrupts. */
enum kind { NOT_COMMON, BITS, PRIORITY, CONFIG };
struct place {
	enum kind kind;
	unsigned first; /* INTID that the lowest bit or byte belongs to */
};

static struct place classify(uint32_t offset)
{
	if (offset >= 0x80 && offset < 0x400)
		return (struct place){BITS, (offset & 0x7f) * 8};
	if (offset >= 0x400 && offset < 0x800)
		return (struct place){PRIORITY, offset - 0x400};
	if (offset >= 0xc00 && offset < 0xd00)
		return (struct place){CONFIG, (offset - 0xc00) * 4};
	return (struct place){NOT_COMMON, 0};
}

static uint32_t read_irqs(const struct gic_irqs *s, enum kind kind, uint32_t offset, unsigned first)
{
	uint32_t v = 0;

	switch (kind) {
	case BITS:
		return gic_irqs_read(s, (enum gic_word)(offset >> 7));
	case PRIORITY:
		for (unsigned k = 0; k < 4; k++)
			v |= (uint32_t)s->prio[(first & 31) + k] << 8 * k;
		return v;
	case CONFIG:
		return gic_irqs_config(s, first / 16 & 1);
	case NOT_COMMON:
		break;
	}
	return v;
}

bool gic_common_read(struct gic *g, struct gic_cpu *c, uint32_t offset, uint32_t *val)
{
	struct place p = classify(offset);
	struct gic_bank *b;

	*val = 0;
	if (p.kind == NOT_COMMON || p.first >= g->nbanks * 32)
		return false;
	if (p.first < 32) {
		if (c == NULL)
			return true;
		lock_take(&c->lock);
		*val = read_irqs(&c->s, p.kind, offset, p.first);
		lock_drop(&c->lock);
		return true;
	}
	b = &g->bank[p.first / 32];
	lock_take(&b->lock);
	*val = read_irqs(&b->s, p.kind, offset, p.first);
	lock_drop(&b->lock);
	return true;
}

static void write_irqs(struct gic *g, struct gic_irqs *s, enum kind kind, uint32_t offset, unsigned first, uint32_t val,
		       uint32_t mask)
{
	switch (kind) {
	case BITS:
		if (offset >> 7 == GIC_WORD_GROUP)
			val |= s->group & ~mask;
		gic_irqs_write(s, (enum gic_word)(offset >> 7), val);
		break;
	case PRIORITY:
		for (unsigned k = 0; k < 4; k++)
			if (bit(mask, 8 * k))
				s->prio[(first & 31) + k] = (uint8_t)(val >> 8 * k) & gic_prio_mask(g);
		break;
	case CONFIG:
		gic_irqs_set_config(s, first / 16 & 1, val | (gic_irqs_config(s, first / 16 & 1) & ~mask));
		break;
	case NOT_COMMON:
		break;
	}
}

/* SGIs are always edge-triggered; GICv2's are always enabled and their pending state has registers of its own. */
static void write_private(struct gic_cpu *c, struct place p, uint32_t offset, uint32_t val, uint32_t mask)
{
	if (p.kind == CONFIG && p.first < 16)
		return;
	if (p.kind == BITS && c->g->version == 2) {
		enum gic_word w = (enum gic_word)(offset >> 7);

		if (w != GIC_WORD_GROUP && w != GIC_WORD_ACTIVE_SET && w != GIC_WORD_ACTIVE_CLEAR)
			val &= 0xffff0000;
	}
	lock_take(&c->lock);
	write_irqs(c->g, &c->s, p.kind, offset, p.first, val, mask);
	gic_cpu_update(c);
	lock_drop(&c->lock);
}

/* SPIs that a write may change in a way that views do not follow by themselves. */
static uint32_t to_hide(struct place p, uint32_t offset)
{
	if (p.kind == PRIORITY)
		return 0xfu << (p.first & 31);
	return p.kind == BITS && offset >> 7 == GIC_WORD_GROUP ? ~0u : 0;
}

bool gic_common_write(struct gic *g, struct gic_cpu *c, uint32_t offset, uint32_t val, uint32_t mask)
{
	struct place p = classify(offset);
	struct gic_bank *b;

	if (p.kind == NOT_COMMON || p.first >= g->nbanks * 32)
		return false;
	if (mask != ~0u && p.kind != PRIORITY)
		gic_guest_error("narrow write, offset", offset); /* UNPREDICTABLE; taken as meant, as it mostly is elsewhere */
	if (p.first < 32) {
		if (c != NULL)
			write_private(c, p, offset, val, mask);
		return true;
	}
	b = &g->bank[p.first / 32];
	lock_take(&b->lock);
	gic_bank_hide(b, to_hide(p, offset));
	write_irqs(g, &b->s, p.kind, offset, p.first, val, mask);
	gic_bank_refresh(b, ~0u);
	lock_drop(&b->lock);
	return true;
}

void gic_set_ctlr(struct gic *g, uint32_t ctlr)
{
	if (at_xchg(&g->ctlr, ctlr) == ctlr) /* pairs with the loads in gic_cpu.c and gic_spi.c */
		return;
	for (unsigned k = 1; k < g->nbanks; k++) {
		lock_take(&g->bank[k].lock);
		gic_bank_refresh(&g->bank[k], ~0u);
		lock_drop(&g->bank[k].lock);
	}
	for (unsigned k = 0; k < g->ncpus; k++) {
		lock_take(&g->cpu[k].lock);
		gic_cpu_update(&g->cpu[k]);
		lock_drop(&g->cpu[k].lock);
	}
}

uint32_t gic_id_reg(uint32_t offset, enum gic_part part)
{
	/* PIDR4..7, PIDR0..3, CIDR0..3: as the parts of Arm's own controllers have them */
	static const uint8_t id[][12] = {
		[GIC_PART_V2_DIST] = {0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1},
		[GIC_PART_V3_DIST] = {0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1},
		[GIC_PART_V3_RDIST] = {0x44, 0, 0, 0, 0x93, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1},
	};

	return id[part][(offset - 0xffd0) / 4];
}
