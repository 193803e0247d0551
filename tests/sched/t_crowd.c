/*
 * A crowd at a lock (sched/crowd.c): four vCPUs on one processor, whose "guest code" is a function here that takes
 * a ticket lock, spins with the hint, and lets the vCPU rest where translated code would.  Wherever that is, also where
 * the lock is held, everybody comes to the end, and no turn is taken by two.  Then for longer, on all processors, so that
 * some hand theirs on (hand_over()): everybody has been there, and no thread stays bound.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <sched.h>
#include <string.h>

#include "a64/wait.h"
#include "base/clock.h"
#include "tests/sched/crew.h"
#include "tests/tap.h"

#define NCPUS 4
#define ROUNDS 1000u
#define LONG_NS 300000000u
#define TRIES 20 /* a host that is busy with others may keep the vCPUs from meeting */

static struct sched *s;
static cpu_set_t everywhere;                /* CONST_AFTER_INIT: where this process may run */
static uint32_t next_ticket, serving, left; /* ATOMIC */
static uint64_t guarded;                    /* GUARDED_BY(the ticket lock) */
static struct {
	uint32_t ticket, rounds;
	bool holds, done, bound;
} me[NCPUS]; /* OWNER(vcpu) */
static bool rest_with_lock;
static uint64_t end_ns;                     /* CONST_AFTER_INIT; 0: after ROUNDS */

/* As translated code does after a store-release. */
static void after_release(struct vcpu *c, uint64_t pc)
{
	c->pc = pc;
	if (c->release_watch)
		c->mops->released(c);
}

static void take_lock(struct vcpu *c)
{
	me[c->index].ticket = at_add(&next_ticket, 1);
	while (ld_acq(&serving) != me[c->index].ticket) /* pairs with st_rel in run() */
		c->mops->relax(c, false);
	me[c->index].holds = true;
}

static bool is_bound(void)
{
	cpu_set_t now;

	return sched_getaffinity(0, sizeof(now), &now) || !CPU_EQUAL(&now, &everywhere);
}

/* Is this vCPU's last round over? */
static bool finished(unsigned k) { return end_ns ? me[k].done : me[k].rounds >= ROUNDS; }

/* A round is; the last one of the last vCPU ends it all. */
static void count_round(unsigned k)
{
	me[k].rounds++;
	me[k].done = end_ns && clock_ns() >= end_ns;
	if (!finished(k))
		return;
	me[k].bound = is_bound();
	if (at_add(&left, -1u) == 1)
		sched_quit(s, 0);
}

static void run(struct vcpu *c)
{
	unsigned k = c->index;

	while (!finished(k)) {
		if (!me[k].holds) {
			take_lock(c);
			guarded++;
			if (!end_ns && me[k].rounds % 16 == 0)
				sched_yield(); /* as if the host took the processor away: the others meet at the lock */
			if (rest_with_lock)
				after_release(c, 0x1000);
			if (ld_acq(&c->request))
				return;
		}
		me[k].holds = false;
		st_rel(&serving, me[k].ticket + 1);
		count_round(k);
		after_release(c, 0x2000);
		if (ld_acq(&c->request))
			return;
	}
	vcpu_ask_sleep(c, SLEEP_WFI);
}

/* Returns how often somebody rested. */
static uint64_t race(const char *how)
{
	struct crew w = crew_new(NCPUS, run);
	uint64_t rests = 0, rounds = 0;
	bool bound = false, ran;

	s = w.s;
	next_ticket = serving = 0;
	guarded = 0;
	left = NCPUS;
	memset(me, 0, sizeof(me));
	ran = crew_run(&w);
	for (unsigned k = 0; k < NCPUS; k++) {
		rests += sched_vcpus(s)[k]->st.rests;
		rounds += me[k].rounds;
		bound |= me[k].bound;
	}
	ok(ran && guarded == rounds && !bound, "%s: each turn was one vCPU's, and nobody is bound", how);
	crew_free(&w);
	return rests;
}

int main(void)
{
	uint64_t rests = 0;

	clock_init();
	if (!crew_on(2) || sched_getaffinity(0, sizeof(everywhere), &everywhere)) {
		puts("1..0 # SKIP cannot choose processors");
		return 0;
	}
	end_ns = clock_ns() + LONG_NS;
	race("for long");
	end_ns = 0;
	if (!crew_on(1) || sched_getaffinity(0, sizeof(everywhere), &everywhere))
		return 99;
	race("after its release");
	rest_with_lock = true;
	for (unsigned k = 0; k < TRIES && !rests; k++)
		rests = race("with the lock");
	ok(rests > 0, "somebody rested (%llu times)", (unsigned long long)rests);
	return tap_done();
}
