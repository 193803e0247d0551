/* See pmu.h. */
#include "a64/pmu.h"

#include "a64/cpu_ops.h"
#include "a64/cpumodel.h"
#include "a64/probe.h"
#include "base/bits.h"
#include "base/clock.h"

#define PMCR_E BIT(0)
#define PMCR_P BIT(1)
#define PMCR_C BIT(2)
#define PMCR_D BIT(3)
#define PMCR_DP BIT(5)
#define PMCR_LC BIT(6)
#define TYPE_P BIT(31) /* not at EL1 */
#define TYPE_U BIT(30) /* not at EL0 */
#define TYPE_MASK (TYPE_P | TYPE_U)

enum { EV_SW_INCR = 0x00, EV_INST_RETIRED = 0x08, EV_CPU_CYCLES = 0x11, EV_CHAIN = 0x1e };

uint64_t pmu_mask(const struct vcpu *c) { return mask64(c->model->pmu_counters) | BIT(PMU_CYCLE); }
uint64_t pmu_ceid0(void) { return BIT(EV_SW_INCR) | BIT(EV_INST_RETIRED) | BIT(EV_CPU_CYCLES) | BIT(EV_CHAIN); }

static uint64_t cycles_now(const struct vcpu *c)
{
	return c->icount_cycles ? c->icount << (c->icount_cycles - 1) : counter_now_ns();
}

/* The running total of the event that counter n is set to. */
static uint64_t raw_now(const struct vcpu *c, unsigned n)
{
	const struct pmu *p = &c->pmu;

	if (n == PMU_CYCLE)
		return p->pmcr & PMCR_D && !(p->pmcr & PMCR_LC) ? cycles_now(c) / 64 : cycles_now(c);
	switch (p->type[n] & 0x3ff) {
	case EV_INST_RETIRED: return c->icount;
	case EV_CPU_CYCLES: return cycles_now(c);
	default: return 0;
	}
}

static bool counts_here(const struct vcpu *c, unsigned n)
{
	const struct pmu *p = &c->pmu;

	if (!(p->pmcr & PMCR_E) || !(p->enabled & BIT(n)))
		return false;
	return !(p->type[n] & (c->el ? TYPE_P : TYPE_U));
}

/* Bits of counter n before it overflows. */
static unsigned width(const struct vcpu *c, unsigned n) { return n == PMU_CYCLE && c->pmu.pmcr & PMCR_LC ? 64 : 32; }

static void add(struct vcpu *c, unsigned n, uint64_t delta)
{
	struct pmu *p = &c->pmu;
	uint64_t old = p->count[n], now = old + delta;
	bool over = width(c, n) == 64 ? now < old : (now >> 32) != (old >> 32) || delta >> 32;

	p->count[n] = n == PMU_CYCLE ? now : (uint32_t)now;
	if (!over)
		return;
	p->overflow |= BIT(n);
	if (n != PMU_CYCLE && !(n & 1) && n + 1 < c->model->pmu_counters &&
	    (p->type[n + 1] & 0x3ff) == EV_CHAIN && counts_here(c, n + 1))
		add(c, n + 1, 1);
}

void pmu_sync(struct vcpu *c)
{
	struct pmu *p = &c->pmu;

	for (uint64_t left = p->enabled; left; left &= left - 1) {
		unsigned n = (unsigned)__builtin_ctzll(left);
		uint64_t raw = raw_now(c, n);

		if (counts_here(c, n))
			add(c, n, raw - p->last[n]);
		p->last[n] = raw;
	}
}

/* What a counter that starts now has seen already. */
static void restart(struct vcpu *c, uint64_t set)
{
	for (; set; set &= set - 1) {
		unsigned n = (unsigned)__builtin_ctzll(set);

		c->pmu.last[n] = raw_now(c, n);
	}
}

void pmu_enable(struct vcpu *c, uint64_t set)
{
	restart(c, set & ~c->pmu.enabled);
	c->pmu.enabled = set;
}

/* Host time until counter n overflows, at a nanosecond an event. */
static uint64_t ns_to_overflow(const struct vcpu *c, unsigned n)
{
	uint64_t left = width(c, n) == 64 ? 0 - c->pmu.count[n] : (UINT64_C(1) << 32) - (uint32_t)c->pmu.count[n];

	return left > INT64_MAX / 2 ? TIMER_NEVER : MAX(left, 20000);
}

/* Does counter n follow the count of instructions? */
static bool counts_insns(const struct vcpu *c, unsigned n)
{
	unsigned event = n == PMU_CYCLE ? EV_CPU_CYCLES : c->pmu.type[n] & 0x3ff;

	return event == EV_INST_RETIRED || (event == EV_CPU_CYCLES && c->icount_cycles);
}

void pmu_update(struct vcpu *c)
{
	struct pmu *p = &c->pmu;
	bool level = (p->pmcr & PMCR_E) && (p->overflow & p->inten);
	uint64_t soonest = TIMER_NEVER;
	uint8_t insns = 0;

	c->pmu_filtered = false;
	for (uint64_t left = p->pmcr & PMCR_E ? p->enabled : 0; left; left &= left - 1) {
		unsigned n = (unsigned)__builtin_ctzll(left);

		c->pmu_filtered |= !!(p->type[n] & TYPE_MASK);
		if (counts_insns(c, n))
			insns |= (p->type[n] & TYPE_U ? 0 : 1) | (p->type[n] & TYPE_P ? 0 : 2);
		if ((p->inten & BIT(n)) && !(p->overflow & BIT(n)))
			soonest = MIN(soonest, ns_to_overflow(c, n));
	}
	if (insns != c->pmu_insns) {
		c->pmu_insns = insns;
		cpu_ctx_update(c);
	}
	if (level != p->level) {
		p->level = level;
		if (c->timer_irq)
			c->timer_irq(c->timer_irq_arg, VCPU_IRQ_PMU, level);
	}
	if (soonest != TIMER_NEVER || p->armed)
		timer_set(&p->host, soonest == TIMER_NEVER ? soonest : clock_ns() + soonest);
	p->armed = soonest != TIMER_NEVER;
}

/* On the timer thread. */
static void expired(void *arg)
{
	struct vcpu *c = arg;

	at_or(&c->request, REQ_TIMER);
	c->mops->kick(c);
}

void pmu_init(struct vcpu *c) { timer_init(&c->pmu.host, expired, c); }

void pmu_stop(struct vcpu *c)
{
	timer_set(&c->pmu.host, TIMER_NEVER);
	c->pmu.armed = false;
}

void pmu_reset(struct vcpu *c)
{
	struct pmu *p = &c->pmu;

	p->pmcr = PMCR_LC;
	p->enabled = p->inten = p->overflow = 0;
	p->select = p->userenr = 0;
	for (unsigned n = 0; n < 32; n++)
		p->type[n] = p->count[n] = 0;
	pmu_update(c);
}

uint64_t pmu_pmcr(const struct vcpu *c)
{
	return c->pmu.pmcr | (uint64_t)c->model->pmu_counters << 11 | (uint64_t)c->model->pmu_idcode << 16 |
	       (c->model->midr >> 24 & 0xff) << 24;
}

void pmu_set_pmcr(struct vcpu *c, uint64_t v)
{
	struct pmu *p = &c->pmu;

	pmu_sync(c);
	if (v & PMCR_P)
		for (unsigned n = 0; n < c->model->pmu_counters; n++)
			p->count[n] = 0;
	if (v & PMCR_C)
		p->count[PMU_CYCLE] = 0;
	p->pmcr = v & (PMCR_E | PMCR_D | PMCR_DP | PMCR_LC | BIT(4));
	restart(c, p->enabled);
	pmu_update(c);
}

uint64_t pmu_count(struct vcpu *c, unsigned n)
{
	pmu_sync(c);
	pmu_update(c);
	return probe_outside(c, c->pmu.count[n]);
}

void pmu_set_count(struct vcpu *c, unsigned n, uint64_t v)
{
	pmu_sync(c);
	c->pmu.count[n] = n == PMU_CYCLE ? v : (uint32_t)v;
	restart(c, BIT(n));
	pmu_update(c);
}

void pmu_set_type(struct vcpu *c, unsigned n, uint64_t v)
{
	pmu_sync(c);
	c->pmu.type[n] = v & (TYPE_MASK | (n == PMU_CYCLE ? 0 : 0x3ff));
	restart(c, BIT(n));
	pmu_update(c);
}

void pmu_swinc(struct vcpu *c, uint64_t set)
{
	for (unsigned n = 0; n < c->model->pmu_counters; n++)
		if ((set & BIT(n)) && (c->pmu.type[n] & 0x3ff) == EV_SW_INCR && counts_here(c, n))
			add(c, n, 1);
	pmu_update(c);
}
