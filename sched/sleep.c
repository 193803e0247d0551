/*
 * How a vCPU's thread sleeps in WFI and WFE, and is woken.
 *
 * The sleeper announces itself (sleep_futex, a full barrier), looks once more
 * for a reason to wake, and waits on the futex.  Whoever has a reason makes it
 * visible (a read-modify-write of request, irq_lines or a count of SEVs: a full
 * barrier) and then looks at sleep_futex.  So one of the two always sees the
 * other, and nobody pays for a wake-up call when nobody sleeps.
 *
 * Two vCPUs that wake each other in turns would pay for two changes of threads a turn, and for a processor that the host
 * has meanwhile put to rest.  So a vCPU whose sleeps are short, and whose processor nobody else wants, first looks for
 * its reason for a while (poll(); KVM's halt polling): SLEEP_POLL, and whoever has a reason calls nobody.  The while
 * grows with sleeps that were just too long for it, and is 0 again after one that was much too long, so a guest that
 * idles does not poll.  There are no more vCPUs that poll or run than processors; one that loses its processor to
 * somebody outside lets it be for POLL_PAUSE_NS.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "a64/tlbi.h"
#include "a64/wait.h"
#include "base/bits.h"
#include "base/clock.h"
#include "base/rcu.h"
#include "sched/sched_priv.h"

void sched_futex_wait(uint32_t *word, uint32_t val, uint64_t deadline_ns)
{
	struct timespec ts = {(time_t)(deadline_ns / 1000000000u), (long)(deadline_ns % 1000000000u)};

	syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, val, deadline_ns == TIMER_NEVER ? NULL : &ts,
		NULL, FUTEX_BITSET_MATCH_ANY);
}

static void futex_wake(uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0); }

void sched_kick(struct vcpu *c)
{
	struct sched *s = c->machine;

	if (s->rr) {
		rr_notify(s);
		return;
	}
	switch (ld_sc(&c->sleep_futex)) {
	case SLEEP_NONE: break;
	case SLEEP_POLL: break; /* it looks for itself, now and, if it sleeps after all, once more */
	default:
		if (at_xchg(&c->sleep_futex, SLEEP_NONE) != SLEEP_NONE)
			futex_wake(&c->sleep_futex);
	}
}

static bool must_wake(struct vcpu *c, uint64_t deadline_ns, bool event)
{
	return vcpu_has_work(c) || (event && event_pending(c)) ||
	       (deadline_ns != TIMER_NEVER && clock_ns() >= deadline_ns);
}

void sched_out(struct sched *s, struct vcpu *c)
{
	tlbi_leave(c);
	rcu_offline();
	at_add(&s->awake, -1); /* pairs with ld_sc in crowd_room() and sched_rest() */
}

void sched_in(struct vcpu *c)
{
	rcu_online();
	tlbi_enter(c);
}

/* -- polling -- */

#define POLL_FIRST_NS 20000u
#define POLL_MAX_NS 200000u
#define POLL_LOST_NS 50000u      /* between two looks: the processor was away */
#define POLL_PAUSE_NS 20000000u

/* Looks for a reason to wake for up to p->poll_ns; true: there is one. Out of guest code. */
static bool poll(struct sched *s, struct vcpu *c, uint64_t deadline_ns, bool event)
{
	struct slot *p = &s->slot[c->index];
	uint64_t t0, last, now;
	bool woken = false;

	if (!p->poll_ns || c->sleep_how == SLEEP_NAP || s->usable < 2) /* on one processor it would keep what wakes it away */
		return false;
	if (at_add(&s->polling, 1) + ld_rlx(&s->awake) >= s->usable) {
		at_add(&s->polling, -1u);
		return false;
	}
	at_xchg(&c->sleep_futex, SLEEP_POLL);
	for (t0 = last = now = clock_ns(); now - t0 < p->poll_ns; last = now) {
		woken = must_wake(c, deadline_ns, event);
		if (woken || ld_rlx(&s->awake) >= s->usable)
			break;
		cpu_relax();
		now = clock_ns();
		if (now - last > POLL_LOST_NS) {
			p->poll_ns = 0;
			p->poll_again_ns = now + POLL_PAUSE_NS;
		}
	}
	at_add(&s->polling, -1u);
	c->st.polls += woken;
	return woken;
}

/* After a sleep from t0 to now. */
static void adapt_poll(struct slot *p, uint64_t t0, uint64_t now)
{
	uint64_t slept_ns = now - t0;

	if (slept_ns > POLL_MAX_NS)
		p->poll_ns = 0;
	else if (slept_ns > p->poll_ns && now >= p->poll_again_ns)
		p->poll_ns = MIN(MAX(2 * p->poll_ns, POLL_FIRST_NS), POLL_MAX_NS);
}

void sched_sleep(struct vcpu *c, uint64_t deadline_ns, bool event)
{
	struct sched *s = c->machine;
	struct slot *p = &s->slot[c->index];
	uint32_t how = event ? SLEEP_WFE : SLEEP_WFI;
	uint64_t t0;

	if (s->rr) {
		rr_sleep(c, deadline_ns, event);
		return;
	}
	c->st.halts++;
	sched_out(s, c);
	crowd_room(s);
	wait_begin(&p->halted_since);
	t0 = p->halted_since;
	while (!poll(s, c, deadline_ns, event)) {
		at_xchg(&c->sleep_futex, how);
		if (must_wake(c, deadline_ns, event))
			break;
		sched_futex_wait(&c->sleep_futex, how, deadline_ns);
	}
	at_xchg(&c->sleep_futex, SLEEP_NONE);
	wait_end(&p->halted_since, &c->st.halted_ns);
	if (c->sleep_how == SLEEP_NAP)
		st_rlx(&c->spin_tsc, __rdtsc());
	else
		adapt_poll(p, t0, clock_ns());
	at_add(&s->awake, 1);
	sched_in(c);
}
