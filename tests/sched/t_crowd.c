/*
 * A crowd at a lock (sched/crowd.c): four vCPUs on one processor, whose "guest code" is a function here that takes
 * a ticket lock, spins with the hint, and lets the vCPU rest where translated code would.  Wherever that is, also where
 * the lock is held, everybody comes to the end, and no turn is taken by two.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <sched.h>
#include <string.h>

#include "a64/cpumodel.h"
#include "a64/wait.h"
#include "base/clock.h"
#include "sched/sched.h"
#include "tests/tap.h"

#define NCPUS 4
#define ROUNDS 3000u
#define TRIES 20 /* a host that is busy with others may keep the vCPUs from meeting */

static struct sched *s;
static uint32_t next_ticket, serving, left; /* ATOMIC */
static uint64_t guarded;                    /* GUARDED_BY(the ticket lock) */
static struct {
	uint32_t ticket, rounds;
	bool holds;
} me[NCPUS]; /* OWNER(vcpu) */
static bool rest_with_lock;

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

static void run(struct vcpu *c)
{
	unsigned k = c->index;

	while (me[k].rounds < ROUNDS) {
		if (!me[k].holds) {
			take_lock(c);
			guarded++;
			if (me[k].rounds % 16 == 0)
				sched_yield(); /* as if the host took the processor away: the others meet at the lock */
			if (rest_with_lock)
				after_release(c, 0x1000);
			if (ld_acq(&c->request))
				return;
		}
		me[k].holds = false;
		st_rel(&serving, me[k].ticket + 1);
		if (++me[k].rounds == ROUNDS && at_add(&left, -1u) == 1)
			sched_quit(s, 0);
		after_release(c, 0x2000);
		if (ld_acq(&c->request))
			return;
	}
	vcpu_ask_sleep(c, SLEEP_WFI);
}

/* Returns how often somebody rested. */
static uint64_t race(void)
{
	struct sched_config cfg = {.nvcpus = NCPUS, .run = run};
	struct physmap *pm = physmap_new();
	uint64_t rests = 0;
	struct err e;
	int code;

	s = sched_new(&cfg);
	next_ticket = serving = 0;
	guarded = 0;
	left = NCPUS;
	memset(me, 0, sizeof(me));
	for (unsigned k = 0; k < NCPUS; k++) {
		struct vcpu_config vc = {.index = k, .mpidr = k, .model = cpu_model_find("max"), .pm = pm,
					 .mops = &sched_machine_ops, .machine = s, .all = sched_vcpus(s), .nvcpus = NCPUS};

		sched_vcpus(s)[k] = vcpu_new(&vc);
		sched_set_boot(s, k, 0, 0);
	}
	ok(sched_run(s, &code, &e) == 0 && guarded == NCPUS * ROUNDS, "%s: each turn was one vCPU's",
	   rest_with_lock ? "with the lock" : "after its release");
	for (unsigned k = 0; k < NCPUS; k++) {
		rests += sched_vcpus(s)[k]->st.rests;
		vcpu_free(sched_vcpus(s)[k]);
	}
	sched_free(s);
	physmap_free(pm);
	return rests;
}

int main(void)
{
	cpu_set_t one;
	uint64_t rests = 0;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one)) {
		puts("1..0 # SKIP cannot choose a processor");
		return 0;
	}
	clock_init();
	race();
	rest_with_lock = true;
	for (unsigned k = 0; k < TRIES && !rests; k++)
		rests = race();
	ok(rests > 0, "somebody rested (%llu times)", (unsigned long long)rests);
	return tap_done();
}
