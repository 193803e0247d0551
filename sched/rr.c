/*
 * The deterministic engine (-sched rr:SEED): all vCPUs take turns on one
 * thread.  Who runs next and for how many instructions comes from a seeded
 * generator; time is virtual and moves on with the instructions that were run
 * (one nanosecond each), or jumps to the next timer when every vCPU sleeps.
 * So the same seed and the same input give the same run, instruction for
 * instruction; other seeds give other interleavings.
 *
 * What comes from outside (typed characters, network, disk completions) comes
 * when it comes: runs that depend on it are not repeatable.
 *
 * Turns are short now and then (a few instructions), long otherwise, so that
 * races between neighbouring instructions come up.  Every vCPU that can run is
 * chosen with the same probability: the wait for a turn has no fixed
 * bound, but exceeds k turns with probability (1 - 1/n)^k only.
 *
 * Between turns a vCPU is out of guest code (tlbi_leave), so DSBs never wait.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "a64/psci.h"
#include "a64/tlbi.h"
#include "a64/wait.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/rcu.h"
#include "base/timer.h"
#include "sched/sched_priv.h"

#define LONG_TURN 2000u /* instructions at most */
#define SHORT_TURN 16u

void sched_set_rr(struct sched *s, uint64_t seed, void (*run_for)(struct vcpu *c, uint64_t insns))
{
	s->rr = run_for;
	s->rr_state = seed * 2 + 1;
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t draw(struct sched *s)
{
	s->rr_state ^= s->rr_state >> 12;
	s->rr_state ^= s->rr_state << 25;
	s->rr_state ^= s->rr_state >> 27;
	return (s->rr_state * 0x2545f4914f6cdd1du) >> 32;
}

/* WFI and WFE, from vcpu_poll() at the end of a turn: the vCPU is not chosen until it has a reason to wake. */
void rr_sleep(struct vcpu *c, uint64_t deadline_ns, bool event)
{
	struct slot *p = &((struct sched *)c->machine)->slot[c->index];

	p->asleep = true;
	p->sleep_event = event;
	p->sleep_deadline = deadline_ns;
	c->st.halts++;
	wait_begin(&p->halted_since);
}

/* Someone may have given a vCPU a reason to wake. Any thread. */
void rr_notify(struct sched *s)
{
	at_add(&s->rr_events, 1); /* pairs with ld_sc in wait_outside() */
	if (ld_sc(&s->rr_waiting))
		syscall(SYS_futex, &s->rr_events, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
}

static bool ready(struct slot *p, struct vcpu *c)
{
	if (p->power == POWER_OFF)
		return false;
	if (p->power == POWER_PENDING || !p->asleep)
		return true;
	if (!vcpu_has_work(c) && !(p->sleep_event && event_pending(c)) &&
	    !(p->sleep_deadline != TIMER_NEVER && clock_ns() >= p->sleep_deadline))
		return false;
	p->asleep = false;
	if (p->sleep_event)
		event_take(c);
	wait_end(&p->halted_since, &c->st.halted_ns);
	return true;
}

/* Nobody can run: time jumps to what comes next; if nothing ever does, the world outside must. */
static void idle(struct sched *s, uint32_t events)
{
	uint64_t next = timer_next_ns();

	for (unsigned k = 0; k < s->n; k++)
		if (s->slot[k].asleep && s->slot[k].power == POWER_ON)
			next = MIN(next, s->slot[k].sleep_deadline);
	if (next != TIMER_NEVER) {
		clock_virtual_set(next);
		return;
	}
	at_xchg(&s->rr_waiting, 1);
	if (ld_sc(&s->rr_events) == events)
		syscall(SYS_futex, &s->rr_events, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, events, NULL, NULL, 0);
	at_xchg(&s->rr_waiting, 0);
}

static void turn(struct sched *s, struct slot *p, struct vcpu *c)
{
	uint64_t r = draw(s), before = c->icount;

	vcpu_doing(c, DOING_GUEST);
	tlbi_enter(c);
	rcu_online();
	s->rr(c, 1 + (r & 7 ? (r >> 3) % LONG_TURN : (r >> 3) % SHORT_TURN));
	rcu_quiescent();
	vcpu_poll(c);
	rcu_offline();
	tlbi_leave(c);
	vcpu_doing(c, DOING_PARKED);
	clock_virtual_set(clock_ns() + MAX(1, c->icount - before));
	timer_run_due();
}

/* One turn of someone. Called and returns with the lock held. */
static void rr_step(struct sched *s)
{
	uint32_t events = ld_sc(&s->rr_events);
	unsigned can = 0, pick, k = 0;
	struct vcpu *c;
	struct slot *p;
	bool boot;

	for (unsigned i = 0; i < s->n; i++)
		can += ready(&s->slot[i], s->vcpu[i]);
	s->running++;
	if (!can) {
		sched_unlock(s);
		idle(s, events);
		timer_run_due();
		sched_lock(s);
	} else {
		for (pick = (unsigned)(draw(s) % can); !ready(&s->slot[k], s->vcpu[k]) || pick--; k++)
			;
		p = &s->slot[k];
		c = s->vcpu[k];
		boot = p->power == POWER_PENDING;
		p->power = POWER_ON;
		at_and(&c->request, ~REQ_STOP);
		sched_unlock(s);
		if (boot) {
			p->asleep = false;
			if (s->cfg.cpu_reset)
				s->cfg.cpu_reset(s->cfg.arg, c);
			vcpu_reset(c, p->entry, p->context);
		}
		turn(s, p, c);
		sched_lock(s);
		if (p->off_wanted) {
			p->off_wanted = false;
			p->power = POWER_OFF;
		}
	}
	s->running--;
	pthread_cond_broadcast(&s->changed);
}

void *rr_main(void *arg)
{
	struct sched *s = arg;

	sched_name_thread(0);
	pthread_getcpuclockid(pthread_self(), &s->slot[0].clock);
	s->slot[0].arena = alloc_thread_arena();
	st_rel(&s->slot[0].tid, gettid()); /* pairs with sched_thread_ns() */
	rcu_reader_register();
	rcu_offline();
	sched_lock(s);
	while (!s->ending) {
		if (s->paused)
			lock_wait(&s->lock, &s->changed);
		else
			rr_step(s);
	}
	sched_unlock(s);
	st_rel(&s->slot[0].final_ns, sched_thread_ns(s, 0));
	rcu_reader_unregister();
	return NULL;
}
