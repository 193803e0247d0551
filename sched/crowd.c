/*
 * Locks among more vCPUs than processors.
 *
 * A fair lock goes to who asked first.  If all vCPUs of a crowd ask, each hand-over is to one that has no processor
 * just then, and costs a change of threads: ten to fifty times the work that the lock guards.  Giving the
 * processor away quickly (spin.c) does not change that, nor would giving it to the right one.  What does is to keep the surplus
 * out of the queue (Dice, "Malthusian Locks"): as many vCPUs as there are processors pass the lock among themselves
 * without the host's help, the others rest for some milliseconds in turn.
 *
 * A vCPU must not rest while it holds or waits for a lock.  Best is just after it released one: so a vCPU that had to
 * spin in a crowd asks its translated code to leave after its next store-release (vcpu.release_watch), which
 * as a rule is the release of what it spun for.  Not always: queue locks pass on their queue's head while they hold
 * the lock, barriers count on everyone.  So
 *   - whoever spins for long while others rest wakes the one that went last, and
 *   - a place in the code is left alone (struct crowd_place) whose resters were the ones that the others waited for: woken so,
 *     they were the first to release something.  If another was first, that one had just lost its processor.
 *
 * Every TURN_TSC the one that has rested longest comes in, and the one that has run longest goes (sched_released() finds out that it
 * is the one): it hands on its processor, with the successor's thread bound there until that one runs, and at no time are more awake
 * than there are processors.  The host's scheduler alone would often put the newcomer onto the processor of the one that stays,
 * and notice milliseconds later that another is idle.  Where nobody comes to a place to rest at for a while (TURN_LATE_TSC), the
 * newcomer is woken as one too many, and whoever releases something next goes.
 *
 * Nobody rests for longer than its turn takes (MAX_REST_NS); interrupts and requests wake it as they wake a sleeper;
 * and when a vCPU goes to sleep otherwise, the one that has rested longest takes its processor.  Of those that run the
 * ones that came last stay on.
 *
 * Threads: vCPUs, each about itself, but for wake_one() and hand_over().
 */
#include <sched.h>
#include <string.h>
#include <x86intrin.h>

#include "a64/tlbi.h"
#include "a64/wait.h"
#include "base/clock.h"
#include "base/rcu.h"
#include "sched/sched_priv.h"

#define TURN_TSC 24000000u     /* after so long (about 10 ms) the next one comes in */
#define TURN_LATE_TSC 2400000u
#define REST_NS 20000000u      /* that nobody looks at the clock for: a rester's own, for each that rests */
#define MAX_REST_NS 200000000u
#define MIN_RUN_NS 1000000u    /* between two rests */
#define CONTENDS_TSC 50000000u /* who has spun within this (about 20 ms) is thought to want the lock still */
#define STACKED_TSC 120000u    /* a spin of so long (50 us) may be for one that has no processor because it is on the spinner's */
#define MOVE_GAP_TSC 600000u
#define STUCK_TSC 250000u      /* if nobody gets on for that long (about 100 us), it may be because one rests */
#define MAX_STUCK_TSC 12800000u

#define DISTRUST 4 /* rests that somebody had to end, less those that nobody did */
#define RETRY_NS 20000000u
#define MAX_RETRY_NS 2000000000u

/* -- places where vCPUs come to rest -- */

static struct crowd_place *place_of(struct sched *s, uint64_t pc)
{
	struct crowd_place *p = &s->crowd_place[(pc >> 2 ^ pc >> 10) % CROWD_PLACES];

	if (p->pc != pc)
		*p = (struct crowd_place){.pc = pc};
	return p;
}

/* Lock held. */
static bool is_good_place(struct sched *s, uint64_t pc, uint64_t now)
{
	struct crowd_place *p = place_of(s, pc);

	if (p->blame < DISTRUST)
		return true;
	if (now < p->retry_ns)
		return false;
	p->blame = DISTRUST - 1;
	return true;
}

static void learn(struct sched *s, uint64_t pc, bool was_wrong)
{
	struct crowd_place *p;

	lock_take(&s->crowd_lock);
	p = place_of(s, pc);
	if (was_wrong) {
		p->blame++;
		p->wait_ns = MIN(MAX(2 * p->wait_ns, RETRY_NS), MAX_RETRY_NS);
		p->retry_ns = clock_ns() + p->wait_ns;
	} else {
		p->blame -= p->blame > 0;
		p->wait_ns /= 2;
	}
	lock_drop(&s->crowd_lock);
}

/* -- who is there -- */

static bool contends(const struct vcpu *o, uint64_t tsc)
{
	return ld_rlx(&o->sleep_futex) == SLEEP_NONE && tsc - ld_rlx(&o->spin_tsc) < CONTENDS_TSC;
}

/* More vCPUs spin for each other than can run? Racy: an estimate. */
static bool too_many_contend(const struct sched *s, uint64_t tsc)
{
	unsigned awake = ld_rlx(&s->awake), contend = 0, others;

	if (awake <= s->usable)
		return false;
	for (unsigned k = 0; k < s->n; k++)
		contend += s->vcpu[k] && contends(s->vcpu[k], tsc);
	others = awake > contend ? awake - contend : 0;
	return contend > (s->usable > others + 1 ? s->usable - others : 1);
}

/* Is it time for the next one to come in? By how much is it late? */
static bool turn_is_due(const struct sched *s, uint64_t tsc, uint64_t late)
{
	return ld_rlx(&s->nresting) && (int64_t)(tsc - ld_rlx(&s->turn_tsc) - late) > 0;
}

/* Of those that contend c has run longest? Racy: two may think so, or nobody. */
static bool is_eldest(const struct sched *s, const struct vcpu *c, uint64_t tsc)
{
	uint64_t mine = ld_rlx(&s->slot[c->index].run_since);

	for (unsigned k = 0; k < s->n; k++)
		if (k != c->index && s->vcpu[k] && contends(s->vcpu[k], tsc) && ld_rlx(&s->slot[k].run_since) < mine)
			return false;
	return true;
}

/* Takes the k-th rester out of the queue. Lock held. */
static struct vcpu *unqueue(struct sched *s, unsigned k)
{
	struct vcpu *c = s->resting[k];
	unsigned n = s->nresting - 1;

	for (; k < n; k++)
		s->resting[k] = s->resting[k + 1];
	st_rlx(&s->nresting, n);
	return c;
}

/* c, which has been taken out of the queue, goes on; missed_tsc: since when somebody spins for it, 0: nobody. */
static void end_rest(struct sched *s, struct vcpu *c, uint64_t missed_tsc, bool bound)
{
	struct slot *p = &s->slot[c->index];

	p->missed_tsc = missed_tsc; /* its owner reads both after rest_over */
	p->bound = bound;
	at_xchg(&p->rest_over, 1); /* pairs with ld_sc in sched_rest() */
	sched_kick(c);
}

/* The one that has rested longest goes on; missed: the one that came last, for which somebody spins. */
static void wake_one(struct sched *s, bool missed)
{
	struct vcpu *c = NULL;
	uint64_t now;

	lock_take(&s->crowd_lock);
	if (s->nresting)
		c = unqueue(s, missed ? s->nresting - 1 : 0);
	lock_drop(&s->crowd_lock);
	if (!c)
		return;
	at_add(&s->awake, 1); /* at once: until it runs the others must know that they are too many */
	now = __rdtsc();
	st_rlx(&s->turn_tsc, now + TURN_TSC);
	end_rest(s, c, missed ? now : 0, false);
}

/* Resting vCPU k's thread is to go on on the caller's processor; false: the host refuses. */
static bool bind_here(struct sched *s, unsigned k)
{
	int cpu = sched_getcpu(), tid = ld_acq(&s->slot[k].tid); /* pairs with thread_main() */
	cpu_set_t here, *old = &s->slot[k].may_run;

	if (cpu < 0 || cpu >= CPU_SETSIZE || sched_getaffinity(tid, sizeof(*old), old) || !CPU_ISSET((unsigned)cpu, old))
		return false;
	CPU_ZERO(&here);
	CPU_SET((unsigned)cpu, &here);
	return !sched_setaffinity(tid, sizeof(here), &here);
}

/* The successor of the caller, which rests next, goes on in its place. */
static void hand_over(struct sched *s, struct vcpu *next)
{
	st_rlx(&s->progress_tsc, __rdtsc());
	end_rest(s, next, 0, bind_here(s, next->index));
}

void crowd_room(struct sched *s)
{
	if (unlikely(ld_sc(&s->nresting)) && ld_sc(&s->awake) < s->usable)
		wake_one(s, false);
}

/* Was one who may be waited for last seen on this processor? Takes those of all such out of *free_ones. */
static bool is_shared(const struct sched *s, const struct vcpu *c, int cpu, cpu_set_t *free_ones)
{
	bool shared = false;

	for (unsigned k = 0; k < s->n; k++) {
		int there = ld_rlx(&s->slot[k].seen_on);

		if (k == c->index || !s->vcpu[k] || there < 0 || !contends(s->vcpu[k], c->spin_tsc))
			continue;
		shared |= there == cpu;
		if (there < CPU_SETSIZE)
			CPU_CLR((unsigned)there, free_ones);
	}
	return shared;
}

bool crowd_move_away(struct sched *s, struct vcpu *c)
{
	uint64_t last = ld_rlx(&s->moved_tsc);
	int cpu = sched_getcpu();
	cpu_set_t old, other, free_ones;

	memset(&free_ones, 0xff, sizeof(free_ones));
	if (cpu < 0 || cpu >= CPU_SETSIZE || c->spin_tsc - last < MOVE_GAP_TSC || !is_shared(s, c, cpu, &free_ones) ||
	    sched_getaffinity(0, sizeof(old), &old))
		return false;
	CPU_CLR((unsigned)cpu, &free_ones);
	CPU_AND(&other, &old, &free_ones);
	if (!CPU_COUNT(&other) || !at_cas(&s->moved_tsc, &last, c->spin_tsc) || sched_setaffinity(0, sizeof(other), &other))
		return false;
	sched_setaffinity(0, sizeof(old), &old); /* it stays there, but is free to go */
	c->st.moves++;
	st_rlx(&s->slot[c->index].seen_on, sched_getcpu());
	c->spin_begin_tsc = __rdtsc();
	return true;
}

void crowd_spin(struct sched *s, struct vcpu *c)
{
	uint64_t limit, last;

	if (likely(!ld_rlx(&s->nresting)))
		return;
	if (turn_is_due(s, c->spin_tsc, 0) && !c->release_watch && is_eldest(s, c, c->spin_tsc))
		c->release_watch = 1;
	last = ld_rlx(&s->turn_tsc);
	if (turn_is_due(s, c->spin_tsc, TURN_LATE_TSC) && at_cas(&s->turn_tsc, &last, c->spin_tsc + TURN_TSC)) {
		st_rlx(&s->progress_tsc, c->spin_tsc); /* what comes now takes its time */
		wake_one(s, false);
	}
	if (c->spin_tsc - c->spin_begin_tsc < STACKED_TSC)
		return;
	if (!c->release_watch) { /* many short spins look like a long one: does it release what it spins for? */
		c->release_watch = 1;
		c->spin_begin_tsc = c->spin_tsc;
		return;
	}
	if (ld_rlx(&s->awake) <= s->usable && crowd_move_away(s, c))
		return;
	limit = ld_rlx(&s->stuck_tsc);
	last = ld_rlx(&s->progress_tsc);
	if (c->spin_tsc - c->spin_begin_tsc < limit || (int64_t)(c->spin_tsc - last) < (int64_t)limit)
		return;
	/* Who waits in vain waits twice as long for the next: the host may just have taken a processor away. */
	if (at_cas(&s->progress_tsc, &last, c->spin_tsc)) {
		st_rlx(&s->stuck_tsc, MIN(2 * limit, MAX_STUCK_TSC));
		c->st.rescues++;
		wake_one(s, true);
	}
}

/* -- resting -- */

/* c releases something; if it has been missed, and nobody has released anything since, it was wrong to rest. */
static void was_it_me(struct sched *s, struct vcpu *c)
{
	struct slot *p = &s->slot[c->index];

	if (likely(!p->suspect_tsc))
		return;
	if ((int64_t)(ld_rlx(&s->released_tsc) - p->suspect_tsc) < 0)
		learn(s, p->rest_pc, true);
	p->suspect_tsc = 0;
}

void sched_released(struct vcpu *c)
{
	struct sched *s = c->machine;
	uint64_t now = __rdtsc();
	bool good, due;

	c->release_watch = 0;
	c->spins = 0;
	c->spin_begin_tsc = now;
	was_it_me(s, c);
	st_rlx(&s->released_tsc, now);
	st_rlx(&s->progress_tsc, now);
	st_rlx(&s->stuck_tsc, STUCK_TSC);
	if (s->cfg.no_rests)
		return;
	due = turn_is_due(s, now, 0) && ld_rlx(&s->awake) <= s->usable && is_eldest(s, c, now);
	if (!due && !too_many_contend(s, now))
		return;
	now = clock_ns();
	if (now - s->slot[c->index].run_since < MIN_RUN_NS)
		return;
	s->slot[c->index].hands_over = due;
	lock_take(&s->crowd_lock);
	good = is_good_place(s, c->pc, now);
	lock_drop(&s->crowd_lock);
	if (good)
		vcpu_ask_sleep(c, SLEEP_TURN);
}

/* Queues c, and takes its successor out if it hands over; when its turn comes. */
static uint64_t queue(struct sched *s, struct vcpu *c, uint64_t now, struct vcpu **next)
{
	uint64_t rest;

	*next = NULL;
	lock_take(&s->crowd_lock);
	if (s->slot[c->index].hands_over && turn_is_due(s, __rdtsc(), 0)) {
		*next = unqueue(s, 0);
		st_rlx(&s->turn_tsc, __rdtsc() + TURN_TSC);
	}
	s->resting[s->nresting] = c;
	st_rlx(&s->nresting, s->nresting + 1); /* the lock's drop and at_add of awake order it before crowd_room()'s looks */
	if (s->nresting == 1)
		st_rlx(&s->turn_tsc, __rdtsc() + TURN_TSC);
	rest = (uint64_t)REST_NS * s->nresting;
	lock_drop(&s->crowd_lock);
	return now + MIN(rest, MAX_REST_NS);
}

/* False: it has been taken out, and counted as awake, by wake_one(). */
static bool leave_queue(struct sched *s, struct vcpu *c)
{
	unsigned k = 0;
	bool there;

	lock_take(&s->crowd_lock);
	while (k < s->nresting && s->resting[k] != c)
		k++;
	there = k < s->nresting;
	if (there)
		unqueue(s, k);
	lock_drop(&s->crowd_lock);
	return there;
}

void sched_rest(struct vcpu *c)
{
	struct sched *s = c->machine;
	struct slot *p = &s->slot[c->index];
	struct vcpu *next;
	uint64_t deadline;

	p->rest_pc = c->pc;
	st_rlx(&p->rest_over, 0);
	wait_begin(&p->rest_since);
	deadline = queue(s, c, p->rest_since, &next);
	if (next) { /* which takes c's place in `awake` */
		tlbi_leave(c);
		rcu_offline();
		hand_over(s, next);
	} else {
		sched_out(s, c);
	}
	while (ld_sc(&s->awake) >= s->usable) { /* else somebody has gone to sleep meanwhile; pairs with crowd_room() */
		at_xchg(&c->sleep_futex, SLEEP_TURN);
		if (vcpu_has_work(c) || ld_sc(&p->rest_over) || clock_ns() >= deadline)
			break;
		sched_futex_wait(&c->sleep_futex, SLEEP_TURN, deadline);
	}
	at_xchg(&c->sleep_futex, SLEEP_NONE);
	if (leave_queue(s, c)) {
		at_add(&s->awake, 1);
		p->missed_tsc = 0;
		p->bound = false;
	} else {
		while (!ld_sc(&p->rest_over)) /* whoever took it out is about to say so */
			cpu_relax();
	}
	if (p->bound) /* only to begin with */
		sched_setaffinity(0, sizeof(p->may_run), &p->may_run);
	sched_in(c);
	p->suspect_tsc = p->missed_tsc;
	if (p->suspect_tsc) {
		c->release_watch = 1;
	} else {
		learn(s, p->rest_pc, false);
		st_rlx(&p->run_since, clock_ns());
	}
	st_rlx(&c->spin_tsc, __rdtsc());
	c->spins = 0;
	c->st.rests++;
	wait_end(&p->rest_since, &c->st.yielded_ns);
}
