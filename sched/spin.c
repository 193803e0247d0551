/*
 * A vCPU that spins: YIELD, WFE on a location that a load-exclusive marked, a
 * DSB that waits for others.  When every running vCPU has a processor of its
 * own, spinning is right: the wait is short and nobody else needs the core.
 * When there are more of them than processors, what the guest waits for is
 * often a vCPU that has lost its processor, and each moment of spinning keeps it
 * away; then the core is given to whoever is next.  Spinners hand it on at once,
 * a working vCPU keeps it for its time slice, so little is lost to many
 * spinners.  (Short sleeps instead were tried: a fair lock's next owner is then
 * asleep when its turn comes, and throughput falls by an order of magnitude.)
 *
 * Nothing tells a spin from a wait that just happens to be there; a run of
 * hints with little time between them does.
 *
 * While the core is away the vCPU counts as out of guest code, so nobody's DSB
 * waits for it (a64/tlbi.h).
 */
#include <sched.h>
#include <x86intrin.h>

#include "a64/tlbi.h"
#include "base/clock.h"
#include "sched/sched_priv.h"

#define SPIN_GAP_TSC 20000 /* host cycles between two hints: more are not one spin */
#define QUICK_SPINS 8      /* hints before the core is first given away */
#define STACKED_SPINS 128  /* then it may be that two of them are on one processor (tens of microseconds) */
#define IDLE_SPINS 8192    /* the same when no vCPU lacks a processor (nearly a millisecond): for other processes' sake */

bool sched_overcommitted(const struct sched *s) { return ld_rlx(&s->awake) > s->usable; }

/* Length of the present run of hints. */
static unsigned spin_length(struct vcpu *c)
{
	uint64_t now = __rdtsc();

	if (now - c->spin_tsc > SPIN_GAP_TSC) {
		c->spins = 0;
		c->spin_begin_tsc = now;
	}
	st_rlx(&c->spin_tsc, now);
	return ++c->spins;
}

/* The core is given to whoever is next. */
static void give_way(struct vcpu *c, bool counted)
{
	uint64_t t0 = clock_ns();
	enum vcpu_doing doing = vcpu_doing(c, DOING_WAIT);

	tlbi_leave(c);
	sched_yield();
	tlbi_enter(c);
	vcpu_doing(c, doing);
	st_rlx(&c->spin_tsc, __rdtsc());
	c->st.yields++;
	if (!counted)
		c->st.yielded_ns += clock_ns() - t0;
}

void sched_relax(struct vcpu *c, bool counted)
{
	struct sched *s = c->machine;
	unsigned n;
	bool crowded;

	if (s->rr) { /* someone else's turn */
		at_or(&c->request, REQ_POLL);
		return;
	}
	n = spin_length(c);
	st_rlx(&s->slot[c->index].seen_on, sched_getcpu());
	crowded = sched_overcommitted(s);
	if (crowded ? n < QUICK_SPINS : n % IDLE_SPINS) {
		if (!crowded && n % STACKED_SPINS == 0)
			crowd_move_away(s, c);
		crowd_spin(s, c);
		cpu_relax();
		return;
	}
	if (crowded && !counted)
		c->release_watch = c->watch_releases;
	give_way(c, counted);
	crowd_spin(s, c);
}
