/*
 * Hints that wait or wake: WFI, WFE, SEV, SEVL, YIELD; the barriers that wait
 * for other vCPUs; semihosting's HLT.
 *
 * WFI sleeps on the host at once.  So does WFE, unless the local monitor is
 * armed: then the guest waits for a store to the location that it marked
 * (Arm's "event on clearing of the global monitor"), which nothing announces;
 * it spins for a little while and returns, as WFE always may.  A guest that goes on
 * so for long sleeps for a while each time (nap_end()), until an event or an interrupt
 * at the latest as ever; a store is then seen up to NAP_MAX_NS later.  Not in machines with
 * more vCPUs than processors: a queue would wait for one sleeper after the other.
 */
#include "a64/cpu_ops.h"
#include "a64/exception.h"
#include "a64/gtimer.h"
#include "a64/tlbi.h"
#include "a64/wait.h"
#include "base/bits.h"
#include "base/clock.h"
#include "mem/access.h"

#define MONITOR_SPINS 10
#define MONITOR_PAUSES 2 /* between two looks: each look takes the line from who works with it */
#define NAP_AFTER 2048 /* WFEs in a row on a word that does not change: about a millisecond */
#define NAP_NS UINT64_C(50000)
#define NAP_DOUBLES 4
#define NAP_MAX_NS (NAP_NS << NAP_DOUBLES)

uint32_t wfe_sleepers;

/* No snapshot is needed: counts only rise, so a sum that has not moved has no new part. */
static uint64_t sum_of_sevs(const struct vcpu *c)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < c->nvcpus; k++)
		sum += c->all[k] ? ld_sc(&c->all[k]->sevs) : 0; /* pairs with at_add in cpu_sev() */
	return sum;
}

bool event_pending(const struct vcpu *c) { return c->event || sum_of_sevs(c) != c->sevs_seen; }

bool event_take(struct vcpu *c)
{
	uint64_t sum = sum_of_sevs(c);
	bool was = c->event || sum != c->sevs_seen;

	c->event = 0;
	c->sevs_seen = sum;
	return was;
}

/* The guest spins. Its lock's holder may be waiting for this host CPU. */
static void relax(struct vcpu *c)
{
	if (c->mops->relax)
		c->mops->relax(c, false);
	else
		cpu_relax();
}

bool vcpu_has_work(const struct vcpu *c)
{
	return ld_acq(&c->irq_lines) || (ld_acq(&c->request) & ~(REQ_TLB | REQ_IRQ | REQ_SLEEP));
}

void vcpu_ask_sleep(struct vcpu *c, uint32_t how)
{
	c->sleep_how = how;
	at_or(&c->request, REQ_SLEEP);
}

/* EL0 may be forbidden to wait. */
static void trap_wait(struct vcpu *c, uint64_t allow_bit, unsigned ti)
{
	if (c->el == 0 && !(c->sys.sctlr & allow_bit))
		exc_raise(c, EC_WFX, (uint32_t)BIT(24) | 0xeu << 20 | ti);
}

void cpu_wfi(struct vcpu *c)
{
	if (vcpu_has_work(c))
		return;
	trap_wait(c, SCTLR_NTWI, 0);
	vcpu_ask_sleep(c, SLEEP_WFI);
}

/* What ends WFE besides the event register. */
static bool wfe_wakes(const struct vcpu *c)
{
	uint32_t lines = ld_acq(&c->irq_lines);

	return ((lines & LINE_IRQ) && !(c->daif & PSTATE_I)) || ((lines & LINE_FIQ) && !(c->daif & PSTATE_F)) ||
	       (ld_acq(&c->request) & ~(REQ_IRQ | REQ_SLEEP));
}

enum marked { MARKED_SAME, MARKED_CHANGED, MARKED_UNKNOWN };

/* The marked location, by its value: translated stores do not count in a stripe. Unknown: the TLB has no line for it any more. */
static enum marked look_at_marked(const struct vcpu *c)
{
	const struct monitor *m = &c->mon;
	unsigned bytes = m->armed & MON_BYTES;
	const void *p = m->armed & MON_BY_VALUE ? tlb_hit(c->tlb, TLB_R, m->va, bytes) : (const void *)m->addr;
	bool same;

	if (!p)
		return MARKED_UNKNOWN;
	same = bytes == 16 ? ram_ld128(p) == ((u128)m->val[1] << 64 | m->val[0]) : ram_load(p, bytes) == m->val[0];
	return same ? MARKED_SAME : MARKED_CHANGED;
}

/* The longer c has waited the longer. */
static uint64_t nap_end(const struct vcpu *c)
{
	uint64_t end = clock_ns() + MIN(NAP_NS << MIN(c->wfe_vain - NAP_AFTER, (uint32_t)NAP_DOUBLES), NAP_MAX_NS), event = gtimer_next_event_ns(c);

	return MIN(end, event);
}

/*
 * For a little while. The event register need not be looked at: WFE may always return, and leave it set.  What cannot be looked at
 * the guest looks at itself, by the load that it goes back to.
 */
static void wait_for_store(struct vcpu *c)
{
	uint64_t where;

	for (unsigned k = 0; k < MONITOR_SPINS; k++) {
		enum marked m = look_at_marked(c);

		if (m != MARKED_SAME)
			c->wfe_vain = 0;
		if (m == MARKED_CHANGED || wfe_wakes(c))
			return;
		if (m == MARKED_UNKNOWN)
			break;
		for (unsigned n = 0; n < MONITOR_PAUSES; n++)
			cpu_relax();
	}
	relax(c);
	where = c->mon.armed & MON_BY_VALUE ? c->mon.va : c->mon.addr;
	if (where != c->wfe_vain_at)
		c->wfe_vain = 0;
	else if (c->spins <= 1) /* another wait, or the same after the host took the processor away */
		c->wfe_vain /= 2;
	c->wfe_vain_at = where;
	if (unlikely(++c->wfe_vain >= NAP_AFTER) && !c->watch_releases)
		vcpu_ask_sleep(c, SLEEP_NAP);
}

void cpu_wfe(struct vcpu *c)
{
	bool may_wait = c->el != 0 || (c->sys.sctlr & SCTLR_NTWE);

	if (likely(c->mon.armed && may_wait)) {
		wait_for_store(c);
		return;
	}
	if (event_take(c) || wfe_wakes(c))
		return;
	trap_wait(c, SCTLR_NTWE, 1);
	vcpu_ask_sleep(c, SLEEP_WFE);
}

void wait_sleep(struct vcpu *c)
{
	if (c->sleep_how == SLEEP_TURN) {
		c->mops->rest(c);
		return;
	}
	if (c->sleep_how == SLEEP_WFI) {
		if (!vcpu_has_work(c))
			c->mops->sleep(c, TIMER_NEVER, false);
	} else if (!wfe_wakes(c)) {
		at_add(&wfe_sleepers, 1); /* pairs with ld_sc in cpu_sev() */
		c->mops->sleep(c, c->sleep_how == SLEEP_NAP ? nap_end(c) : gtimer_next_event_ns(c), true);
		at_add(&wfe_sleepers, -1u);
		event_take(c);
	}
}

void cpu_sev(struct vcpu *c)
{
	at_add(&c->sevs, 1); /* pairs with the looks of event_pending() */
	if (likely(!ld_sc(&wfe_sleepers)))
		return;
	for (unsigned k = 0; k < c->nvcpus; k++) {
		struct vcpu *o = c->all[k];

		if (o && ld_sc(&o->sleep_futex) == SLEEP_WFE)
			o->mops->kick(o);
	}
}

void cpu_sevl(struct vcpu *c) { c->event = 1; }

void cpu_yield(struct vcpu *c)
{
	relax(c);
}

void cpu_isb(struct vcpu *c) {}

void cpu_dsb(struct vcpu *c)
{
	tlbi_dsb(c);
	if (code_sync)
		code_sync(c);
}

#define SEMIHOST_HLT 0xf000

void exc_hlt(struct vcpu *c, uint32_t imm)
{
	if (imm != SEMIHOST_HLT || !c->semihost || (c->el == 0 && !c->semihost_el0))
		exc_undef(c);
	c->x[0] = c->semihost(c, (uint32_t)c->x[0], c->x[1]);
}
