/*
 * A vCPU that spins: YIELD, WFE on a location that a load-exclusive marked, a
 * DSB that waits for others.  When every running vCPU has a processor of its
 * own, spinning is right: the wait is short and nobody else needs the core.
 * When there are more of them than processors, what the guest waits for is
 * often a vCPU that has lost its processor, and each moment of spinning keeps it
 * away; then the core is given to whoever is next, and after many fruitless
 * rounds the thread sleeps for a little while, so that spinners do not merely
 * hand the core to each other.
 *
 * Nothing tells a spin from a wait that just happens to be there; a run of
 * hints with few instructions between them does.
 *
 * While the core is away the vCPU counts as out of guest code, so nobody's DSB
 * waits for it (a64/tlbi.h).
 */
#include <sched.h>

#include "a64/tlbi.h"
#include "base/clock.h"
#include "sched/sched_priv.h"

#define SPIN_INSNS 256   /* more than these between two hints: not one spin */
#define QUICK_SPINS 8    /* hints before the core is first given away */
#define IDLE_SPINS 512   /* the same when no vCPU lacks a processor: for other processes' sake */
#define FRUITLESS 128    /* hints before a short sleep */
#define SHORT_SLEEP_NS 50000u

bool sched_overcommitted(const struct sched *s) { return ld_rlx(&s->awake) > s->usable; }

/* Length of the present run of hints. */
static unsigned spin_length(struct vcpu *c)
{
	if (c->icount - c->spin_icount > SPIN_INSNS)
		c->spins = 0;
	c->spin_icount = c->icount;
	return ++c->spins;
}

void sched_relax(struct vcpu *c, bool may_sleep)
{
	const struct sched *s = c->machine;
	bool crowded = sched_overcommitted(s);
	unsigned n = spin_length(c);
	uint64_t t0;

	if (crowded ? n < QUICK_SPINS : n % IDLE_SPINS) {
		cpu_relax();
		return;
	}
	t0 = clock_ns();
	tlbi_leave(c);
	if (may_sleep && crowded && n >= FRUITLESS)
		sched_nap(c, t0 + SHORT_SLEEP_NS);
	else
		sched_yield();
	tlbi_enter(c);
	c->st.yields++;
	c->st.yielded_ns += clock_ns() - t0;
}
