/*
 * The CPU interface of one vCPU, as far as GICv2 and GICv3 agree: which
 * interrupt is the highest priority pending one, whether it may be signalled
 * (priority mask, preemption), acknowledge, priority drop, deactivate.
 *
 * Registers are read and written by the vCPU's own thread; any thread may
 * make an interrupt pending.  All under gic_cpu.lock (see gic_priv.h).
 * IHI 0069 chapter 4 (4.8 for priorities), IHI 0048B chapter 3.
 */
#include <string.h>

#include "a64/vcpu.h"
#include "dev/gic_priv.h"

static void consider(struct gic_pick *best, unsigned id, unsigned prio, unsigned group)
{
	if (prio < best->prio)
		*best = (struct gic_pick){.id = id, .prio = prio, .group = group};
}

/* Lowest priority value first, then lowest INTID. Only groups that this interface has enabled count. */
static struct gic_pick pick(const struct gic_cpu *c)
{
	struct gic_pick best = {.id = GIC_NONE, .prio = GIC_IDLE_PRIO};
	uint32_t cpu_groups = (uint32_t)c->grp_en[0] | (uint32_t)c->grp_en[1] << 1;
	uint32_t dist_groups = ld_acq(&c->g->ctlr); /* pairs with gic_set_ctlr() */
	uint32_t m = gic_irqs_pending(&c->s) & c->s.enabled & ~c->s.active;

	m &= gic_irqs_in_groups(&c->s, cpu_groups & dist_groups);
	for (; m; m &= m - 1) {
		unsigned id = (unsigned)__builtin_ctz(m);

		consider(&best, id, c->s.prio[id], bit(c->s.group, id));
	}
	for (uint32_t banks = c->view.banks; banks; banks &= banks - 1) {
		unsigned k = (unsigned)__builtin_ctz(banks);

		for (m = c->view.pending[k]; m; m &= m - 1) {
			unsigned id = k * 32 + (unsigned)__builtin_ctz(m);
			unsigned group = bit(c->view.group[k], id & 31);

			if (bit(cpu_groups, group))
				consider(&best, id, c->view.prio[id], group);
		}
	}
	return best;
}

unsigned gic_min_bpr(const struct gic *g, unsigned group)
{
	unsigned preemption_bits = MIN(g->pri_bits, 7u);

	return 7 - preemption_bits + group;
}

/* The bits of a priority that decide on preemption: bpr[0] splits above bit n, bpr[1] at bit n. */
static unsigned group_prio_mask(const struct gic_cpu *c, unsigned group)
{
	unsigned n = group && !c->cbpr ? c->bpr[1] : c->bpr[0] + 1u;

	return 0xffu << n & 0xff;
}

/* Distance of the preemption levels that the active priority bits stand for, log2. */
static unsigned level_log2(const struct gic *g) { return 8 - MIN(g->pri_bits, 7u); }

/* Highest active priority and its group; GIC_IDLE_PRIO if none. */
static unsigned running(const struct gic_cpu *c, unsigned *group)
{
	for (unsigned k = 0; k < 4; k++) {
		uint32_t all = c->apr[0][k] | c->apr[1][k];
		unsigned n;

		if (!all)
			continue;
		n = (unsigned)__builtin_ctz(all);
		*group = !bit(c->apr[0][k], n);
		return (k * 32 + n) << level_log2(c->g);
	}
	*group = 0;
	return GIC_IDLE_PRIO;
}

static bool may_signal(const struct gic_cpu *c, const struct gic_pick *p)
{
	unsigned group, run, mask;

	if (p->id == GIC_NONE || p->prio >= c->pmr)
		return false;
	run = running(c, &group);
	mask = group_prio_mask(c, p->group);
	return run == GIC_IDLE_PRIO || (p->prio & mask) < (run & mask);
}

void gic_cpu_update(struct gic_cpu *c)
{
	struct gic_pick p = pick(c);
	uint32_t lines = 0, changed;

	if (may_signal(c, &p))
		lines = p.group == 0 && (c->g->version == 3 || c->fiq_en) ? LINE_FIQ : LINE_IRQ;
	changed = lines ^ c->lines;
	c->lines = lines;
	if (changed)
		gic_log("cpu %u lines %s%s, pending %u\n", c->index, lines & LINE_IRQ ? "IRQ" : "-",
			lines & LINE_FIQ ? "FIQ" : "", p.id);
	if (changed & LINE_IRQ)
		vcpu_set_line(c->vc, LINE_IRQ, lines & LINE_IRQ);
	if (changed & LINE_FIQ)
		vcpu_set_line(c->vc, LINE_FIQ, lines & LINE_FIQ);
}

void gic_cpu_show(struct gic_cpu *c, unsigned id, uint8_t prio, bool group1)
{
	unsigned k = id / 32;
	uint32_t m = 1u << (id & 31);

	lock_take(&c->lock);
	c->view.banks |= 1u << k;
	c->view.pending[k] |= m;
	c->view.group[k] = group1 ? c->view.group[k] | m : c->view.group[k] & ~m;
	c->view.prio[id] = prio;
	gic_cpu_update(c);
	lock_drop(&c->lock);
}

static void unsee(struct gic_cpu *c, unsigned id)
{
	unsigned k = id / 32;

	c->view.pending[k] &= ~(1u << (id & 31));
	if (!c->view.pending[k])
		c->view.banks &= ~(1u << k);
}

void gic_cpu_hide(struct gic_cpu *c, unsigned id)
{
	lock_take(&c->lock);
	unsee(c, id);
	gic_cpu_update(c);
	lock_drop(&c->lock);
}

static void activate_prio(struct gic_cpu *c, const struct gic_pick *p)
{
	unsigned n = (p->prio & group_prio_mask(c, p->group)) >> level_log2(c->g);

	c->apr[p->group][n / 32] |= 1u << (n & 31);
}

/* Pending to active for an SGI or PPI; returns what IAR reads. */
static uint32_t ack_private(struct gic_cpu *c, const struct gic_pick *p)
{
	uint32_t m = 1u << p->id, from = 0;

	activate_prio(c, p);
	c->s.active |= m;
	c->s.latch &= ~m;
	if (c->g->version == 2 && p->id < 16 && c->sgi_from[p->id]) {
		from = (uint32_t)__builtin_ctz(c->sgi_from[p->id]);
		c->sgi_from[p->id] &= (uint8_t)~(1u << from);
		if (c->sgi_from[p->id])
			c->s.latch |= m;
	}
	gic_cpu_update(c);
	return p->id | from << 10;
}

static uint32_t wrong_group(const struct gic_cpu *c, unsigned groups)
{
	return c->g->version == 2 && !(groups & 2) ? GIC_OTHER_GROUP : GIC_NONE;
}

uint32_t gic_cpu_ack(struct gic_cpu *c, unsigned groups)
{
	/* An SPI may be gone when both locks are held: try a few times, then spurious is a true answer. */
	for (unsigned tries = 0; tries < 8; tries++) {
		struct gic_pick p;
		uint32_t id = GIC_NONE;

		lock_take(&c->lock);
		p = pick(c);
		if (may_signal(c, &p)) {
			if (!bit(groups, p.group))
				id = wrong_group(c, groups);
			else
				id = p.id < 32 ? ack_private(c, &p) : p.id;
		}
		lock_drop(&c->lock);
		if (id == GIC_NONE || p.id < 32 || id == GIC_OTHER_GROUP || gic_spi_ack(c, id)) {
			gic_log("cpu %u acknowledges %u\n", c->index, id & 0x3ff);
			return id;
		}
	}
	return GIC_NONE;
}

/* The part of an SPI's acknowledgement under c->lock; the bank's lock is held too. */
bool gic_cpu_ack_spi(struct gic_cpu *c, unsigned id)
{
	struct gic_pick p;
	bool good;

	lock_take(&c->lock);
	p = pick(c);
	good = p.id == id && may_signal(c, &p);
	if (good) {
		activate_prio(c, &p);
		unsee(c, id);
		gic_cpu_update(c);
	}
	lock_drop(&c->lock);
	return good;
}

uint32_t gic_cpu_pending(struct gic_cpu *c, unsigned groups)
{
	struct gic_pick p;
	uint32_t id, from = 0;

	lock_take(&c->lock);
	p = pick(c);
	id = p.id;
	if (id != GIC_NONE && !bit(groups, p.group))
		id = wrong_group(c, groups);
	else if (c->g->version == 2 && id < 16 && c->sgi_from[id])
		from = (uint32_t)__builtin_ctz(c->sgi_from[id]);
	lock_drop(&c->lock);
	return id | from << 10;
}

/* Clears the highest active priority; false if it is of no group in the mask, or there is none. */
static bool drop_prio(struct gic_cpu *c, unsigned groups)
{
	unsigned group, run = running(c, &group);

	if (run == GIC_IDLE_PRIO || !bit(groups, group))
		return false;
	for (unsigned k = 0; k < 4; k++) {
		if (!c->apr[group][k])
			continue;
		c->apr[group][k] &= c->apr[group][k] - 1;
		break;
	}
	return true;
}

void gic_cpu_eoi(struct gic_cpu *c, unsigned id, unsigned groups)
{
	bool deactivate;

	gic_log("cpu %u ends %u\n", c->index, id);
	if (id >= c->g->nbanks * 32)
		return;
	lock_take(&c->lock);
	deactivate = drop_prio(c, groups) && !c->split;
	if (deactivate && id < 32)
		c->s.active &= ~(1u << id);
	gic_cpu_update(c);
	lock_drop(&c->lock);
	if (deactivate && id >= 32)
		gic_spi_deactivate(c->g, id);
}

void gic_cpu_deactivate(struct gic_cpu *c, unsigned id)
{
	bool split;

	gic_log("cpu %u deactivates %u\n", c->index, id);
	if (id >= c->g->nbanks * 32)
		return;
	lock_take(&c->lock);
	split = c->split;
	if (split && id < 32) {
		c->s.active &= ~(1u << id);
		gic_cpu_update(c);
	}
	lock_drop(&c->lock);
	if (!split)
		gic_guest_error("deactivation with EOImode 0, INTID", id);
	else if (id >= 32)
		gic_spi_deactivate(c->g, id);
}

unsigned gic_cpu_running(struct gic_cpu *c)
{
	unsigned group, run;

	lock_take(&c->lock);
	run = running(c, &group);
	lock_drop(&c->lock);
	return run == GIC_IDLE_PRIO ? 0xff : run;
}

void gic_cpu_sgi(struct gic_cpu *c, unsigned n, unsigned from, unsigned groups)
{
	gic_log("cpu %u sends SGI %u to cpu %u\n", from, n, c->index);
	lock_take(&c->lock);
	if (bit(groups, bit(c->s.group, n))) {
		c->s.latch |= 1u << n;
		if (c->g->version == 2)
			c->sgi_from[n] |= (uint8_t)(1u << from);
		gic_cpu_update(c);
	}
	lock_drop(&c->lock);
}

void gic_cpu_level(struct gic_cpu *c, unsigned n, bool level)
{
	lock_take(&c->lock);
	if (level != bit(c->s.level, n))
		gic_log("cpu %u wire %u is %d\n", c->index, n, level);
	gic_irqs_level(&c->s, n, level);
	gic_cpu_update(c);
	lock_drop(&c->lock);
}

void gic_cpu_reset_if(struct gic_cpu *c)
{
	lock_take(&c->lock);
	c->pmr = 0;
	for (unsigned k = 0; k < 2; k++) {
		c->bpr[k] = (uint8_t)gic_min_bpr(c->g, k);
		c->grp_en[k] = false;
	}
	c->cbpr = c->split = c->ack_ctl = c->fiq_en = false;
	memset(c->apr, 0, sizeof(c->apr));
	gic_cpu_update(c);
	lock_drop(&c->lock);
}

void gic_cpu_init(struct gic *g, unsigned k, struct vcpu *vc)
{
	struct gic_cpu *c = &g->cpu[k];

	lock_init(&c->lock, RANK_GIC_CPU);
	c->g = g;
	c->vc = vc;
	c->index = k;
}
