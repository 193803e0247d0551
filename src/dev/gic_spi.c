/*
 * Shared interrupts: their state, to which vCPUs they are routed, and in
 * whose views they are (see gic_priv.h for views and locks).
 *
 * GICv2 shows an SPI to all its targets and the first to acknowledge has it
 * (the 1-N model, IHI 0048B 1.4.3).  GICv3 shows it to one vCPU: that of
 * IROUTER, or for 1-of-N routing one that takes part, in turns; if that one
 * stops taking part, the interrupt moves (IHI 0069 3.3).
 */
#include "a64/vcpu.h"
#include "dev/gic_priv.h"

#define NOBODY ((struct gic_dest){0, 0})
#define IROUTER_IRM BIT(31)

static bool takes_part(const struct gic *g, unsigned cpu, unsigned group)
{
	return ld_acq(&g->eligible[group][cpu / 64]) >> (cpu & 63) & 1; /* pairs with gic_cpu_eligible() */
}

/* A vCPU for a 1-of-N interrupt: where it is shown already if that still takes part, else the next in turn. */
static struct gic_dest any_dest(struct gic_bank *b, unsigned n)
{
	const struct gic *g = b->g;
	unsigned group = bit(b->s.group, n);

	if (b->shown[n].mask && takes_part(g, b->shown[n].first, group))
		return b->shown[n];
	for (unsigned k = 0; k < g->ncpus; k++) {
		unsigned cpu = (b->turn + k) % g->ncpus;

		if (takes_part(g, cpu, group)) {
			b->turn = (uint16_t)((cpu + 1) % g->ncpus);
			return (struct gic_dest){(uint16_t)cpu, 1};
		}
	}
	return NOBODY;
}

static struct gic_dest dest(struct gic_bank *b, unsigned n)
{
	if (b->g->version == 2)
		return (struct gic_dest){0, b->targets[n]};
	if (bit(b->any, n))
		return any_dest(b, n);
	return b->route_cpu[n] == GIC_NO_CPU ? NOBODY : (struct gic_dest){b->route_cpu[n], 1};
}

static void hide_one(struct gic_bank *b, unsigned n)
{
	for (unsigned m = b->shown[n].mask; m; m &= m - 1)
		gic_cpu_hide(&b->g->cpu[b->shown[n].first + (unsigned)__builtin_ctz(m)], b->index * 32 + n);
	b->shown[n] = NOBODY;
}

static void refresh_one(struct gic_bank *b, unsigned n, bool ready)
{
	struct gic_dest want = ready ? dest(b, n) : NOBODY;

	if (want.mask == b->shown[n].mask && (!want.mask || want.first == b->shown[n].first))
		return;
	hide_one(b, n);
	b->shown[n] = want;
	for (unsigned m = want.mask; m; m &= m - 1)
		gic_cpu_show(&b->g->cpu[want.first + (unsigned)__builtin_ctz(m)], b->index * 32 + n, b->s.prio[n],
			     bit(b->s.group, n));
}

void gic_bank_refresh(struct gic_bank *b, uint32_t mask)
{
	uint32_t ready = gic_irqs_pending(&b->s) & b->s.enabled & ~b->s.active;

	ready &= gic_irqs_in_groups(&b->s, ld_acq(&b->g->ctlr)); /* pairs with gic_set_ctlr() */
	for (; mask; mask &= mask - 1) {
		unsigned n = (unsigned)__builtin_ctz(mask);

		refresh_one(b, n, bit(ready, n));
	}
}

void gic_bank_hide(struct gic_bank *b, uint32_t mask)
{
	for (; mask; mask &= mask - 1)
		hide_one(b, (unsigned)__builtin_ctz(mask));
}

void gic_spi_level(struct gic *g, unsigned id, bool level)
{
	struct gic_bank *b = &g->bank[id / 32];

	lock_take(&b->lock);
	if (level != bit(b->s.level, id & 31))
		gic_log("wire %u is %d\n", id, level);
	gic_irqs_level(&b->s, id & 31, level);
	gic_bank_refresh(b, 1u << (id & 31));
	lock_drop(&b->lock);
}

bool gic_spi_ack(struct gic_cpu *c, unsigned id)
{
	struct gic_bank *b = &c->g->bank[id / 32];
	unsigned n = id & 31;
	bool good;

	lock_take(&b->lock);
	good = gic_cpu_ack_spi(c, id);
	if (good) {
		b->s.active |= 1u << n;
		b->s.latch &= ~(1u << n);
		b->shown[n].mask &= (uint8_t)~(1u << (c->index - b->shown[n].first));
		hide_one(b, n);
	}
	lock_drop(&b->lock);
	return good;
}

void gic_spi_deactivate(struct gic *g, unsigned id)
{
	struct gic_bank *b = &g->bank[id / 32];

	lock_take(&b->lock);
	b->s.active &= ~(1u << (id & 31));
	gic_bank_refresh(b, 1u << (id & 31));
	lock_drop(&b->lock);
}

/* The affinity fields of MPIDR, where IROUTER has them. */
static uint16_t cpu_of_affinity(const struct gic *g, uint64_t route)
{
	for (unsigned k = 0; k < g->ncpus; k++)
		if (((g->cpu[k].vc->mpidr ^ route) & UINT64_C(0xff00ffffff)) == 0)
			return (uint16_t)k;
	return GIC_NO_CPU;
}

static void set_route(struct gic_bank *b, unsigned n, uint64_t route)
{
	b->route[n] = route & UINT64_C(0xff80ffffff);
	b->route_cpu[n] = cpu_of_affinity(b->g, route);
	b->any = (uint32_t)deposit(b->any, n, n, route & IROUTER_IRM ? 1 : 0);
}

void gic_spi_set_route(struct gic *g, unsigned id, uint64_t route, uint64_t mask)
{
	struct gic_bank *b = &g->bank[id / 32];

	lock_take(&b->lock);
	gic_bank_hide(b, 1u << (id & 31));
	set_route(b, id & 31, (b->route[id & 31] & ~mask) | (route & mask));
	gic_bank_refresh(b, 1u << (id & 31));
	lock_drop(&b->lock);
}

static bool publish(struct gic_cpu *c, unsigned group, bool yes)
{
	uint64_t *word = &c->g->eligible[group][c->index / 64], m = BIT(c->index & 63);
	uint64_t old = yes ? at_or(word, m) : at_and(word, ~m); /* pairs with takes_part() */

	return !!(old & m) != yes;
}

void gic_cpu_eligible(struct gic_cpu *c)
{
	bool yes[2], changed;

	lock_take(&c->lock);
	for (unsigned k = 0; k < 2; k++)
		yes[k] = c->grp_en[k] && !bit(c->rctlr, 24 + k); /* GICR_CTLR.DPG0, DPG1NS */
	lock_drop(&c->lock);
	changed = publish(c, 0, yes[0]);
	changed |= publish(c, 1, yes[1]);
	for (unsigned k = 1; changed && k < c->g->nbanks; k++) {
		struct gic_bank *b = &c->g->bank[k];

		lock_take(&b->lock);
		gic_bank_refresh(b, b->any);
		lock_drop(&b->lock);
	}
}

void gic_bank_reset(struct gic_bank *b)
{
	lock_take(&b->lock);
	gic_bank_hide(b, ~0u);
	gic_irqs_reset(&b->s);
	b->turn = 0;
	for (unsigned n = 0; n < 32; n++) {
		b->targets[n] = b->g->ncpus == 1; /* a lone interface's target registers do nothing */
		set_route(b, n, 0);
	}
	lock_drop(&b->lock);
}

void gic_bank_init(struct gic *g, unsigned index)
{
	struct gic_bank *b = &g->bank[index];

	lock_init(&b->lock, RANK_GIC);
	b->g = g;
	b->index = index;
}
