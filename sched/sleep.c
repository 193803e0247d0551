/*
 * How a vCPU's thread sleeps in WFI and WFE, and is woken.
 *
 * The sleeper announces itself (sleep_futex, a full barrier), looks once more
 * for a reason to wake, and waits on the futex.  Whoever has a reason makes it
 * visible (a read-modify-write of request, irq_lines or a count of SEVs: a full
 * barrier) and then looks at sleep_futex.  So one of the two always sees the
 * other, and nobody pays for a wake-up call when nobody sleeps.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "a64/tlbi.h"
#include "a64/wait.h"
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
	if (ld_sc(&c->sleep_futex) != SLEEP_NONE && at_xchg(&c->sleep_futex, SLEEP_NONE) != SLEEP_NONE)
		futex_wake(&c->sleep_futex);
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

void sched_sleep(struct vcpu *c, uint64_t deadline_ns, bool event)
{
	struct sched *s = c->machine;
	uint64_t *since = &s->slot[c->index].halted_since;
	uint32_t how = event ? SLEEP_WFE : SLEEP_WFI;

	if (s->rr) {
		rr_sleep(c, deadline_ns, event);
		return;
	}
	c->st.halts++;
	sched_out(s, c);
	crowd_room(s);
	wait_begin(since);
	for (;;) {
		at_xchg(&c->sleep_futex, how);
		if (must_wake(c, deadline_ns, event))
			break;
		sched_futex_wait(&c->sleep_futex, how, deadline_ns);
	}
	at_xchg(&c->sleep_futex, SLEEP_NONE);
	wait_end(since, &c->st.halted_ns);
	at_add(&s->awake, 1);
	sched_in(c);
}
