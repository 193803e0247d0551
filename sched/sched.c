/*
 * See sched.h.
 *
 * A vCPU thread is in one of these states, under s->lock (rank PSCI):
 *   parked   power is OFF, or the machine is paused: waits on its condition
 *   running  in the engine, or asleep in sleep_on() (WFI, WFE)
 * Leaving "running" is asked for by REQ_STOP and a kick.
 *
 * Sleep and kick: the sleeper sets sleep_futex to 1 and then looks at what
 * could wake it; the waker changes that and then takes sleep_futex from 1 to
 * 0 (both sequentially consistent), so one of the two sees the other.
 *
 * RCU: the thread is online while it is in the engine, quiescent between two
 * calls of it, offline while it sleeps or is parked.
 */
#include "sched/sched.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "a64/exception.h"
#include "a64/gtimer.h"
#include "a64/psci.h"
#include "a64/tlbi.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/rcu.h"

enum power { POWER_OFF, POWER_ON_PENDING, POWER_ON };

struct cpu_thread {
	struct vcpu *c;          /* CONST_AFTER_INIT */
	struct sched *s;         /* CONST_AFTER_INIT */
	pthread_t thread;        /* OWNER(starter) */
	pthread_cond_t wake;     /* with s->lock: power or paused changed */
	enum power power;        /* GUARDED_BY(s->lock) */
	uint64_t entry, context; /* GUARDED_BY(s->lock) of a pending CPU_ON */
	bool parked;             /* GUARDED_BY(s->lock) */
};

struct sched {
	struct lock lock;             /* rank PSCI */
	pthread_cond_t all_parked;    /* with lock: a thread parked */
	unsigned paused;              /* GUARDED_BY(lock) nesting depth of sched_pause() */
	bool quit;                    /* GUARDED_BY(lock) */
	struct sched_events ev;       /* CONST_AFTER_INIT */
	const struct sched_engine *engine; /* CONST_AFTER_INIT */
	unsigned n, started;          /* CONST_AFTER_INIT */
	struct cpu_thread t[];
};

static struct cpu_thread *thread_of(struct vcpu *c) { return &((struct sched *)c->machine)->t[c->index]; }

static void kick(struct vcpu *c)
{
	/* Pairs with sleep_on(): the caller's change (request, line, event) is before this exchange. */
	fence_sc();
	if (ld_rlx(&c->sleep_futex) && at_xchg(&c->sleep_futex, 0))
		syscall(SYS_futex, &c->sleep_futex, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void sleep_on(struct vcpu *c, uint64_t deadline_ns, bool wfe)
{
	struct timespec ts, *tp = NULL;

	st_sc(&c->sleep_futex, 1); /* pairs with kick() */
	if (ld_sc(&c->request) || ld_sc(&c->irq_lines) || (wfe && ld_sc(&c->event))) {
		st_rlx(&c->sleep_futex, 0);
		return;
	}
	if (deadline_ns != TIMER_NEVER) {
		ts.tv_sec = (time_t)(deadline_ns / 1000000000u);
		ts.tv_nsec = (long)(deadline_ns % 1000000000u);
		tp = &ts;
	}
	rcu_offline();
	/* BITSET takes an absolute time on CLOCK_MONOTONIC. Spurious wake-ups are allowed by WFI and WFE. */
	syscall(SYS_futex, &c->sleep_futex, FUTEX_WAIT_BITSET_PRIVATE, 1, tp, NULL, FUTEX_BITSET_MATCH_ANY);
	rcu_online();
	st_rlx(&c->sleep_futex, 0);
}

/* Gives the host core to another thread where vCPUs may outnumber cores. */
static void yield_to_host(struct vcpu *c)
{
	if (c->nvcpus > 1)
		sched_yield();
}

static void ask_stop(struct vcpu *c)
{
	at_or(&c->request, REQ_STOP);
	kick(c);
}

static struct cpu_thread *find_mpidr(struct sched *s, uint64_t mpidr)
{
	for (unsigned k = 0; k < s->n; k++)
		if (((s->t[k].c->mpidr ^ mpidr) & UINT64_C(0xff00ffffff)) == 0)
			return &s->t[k];
	return NULL;
}

static int64_t cpu_on(struct vcpu *caller, uint64_t mpidr, uint64_t entry, uint64_t context)
{
	struct sched *s = caller->machine;
	struct cpu_thread *t = find_mpidr(s, mpidr);
	int64_t rc = PSCI_RET_SUCCESS;

	if (!t)
		return PSCI_RET_INVALID_PARAMETERS;
	lock_take(&s->lock);
	if (t->power == POWER_ON) {
		rc = PSCI_RET_ALREADY_ON;
	} else if (t->power == POWER_ON_PENDING) {
		rc = PSCI_RET_ON_PENDING;
	} else {
		t->power = POWER_ON_PENDING;
		t->entry = entry;
		t->context = context;
		pthread_cond_signal(&t->wake);
	}
	lock_drop(&s->lock);
	return rc;
}

static int64_t affinity_info(struct vcpu *caller, uint64_t mpidr, uint64_t level)
{
	struct sched *s = caller->machine;
	uint64_t mask = level == 0 ? UINT64_C(0xff00ffffff) : level == 1 ? UINT64_C(0xff00ffff00) :
			level == 2 ? UINT64_C(0xff00ff0000) : UINT64_C(0xff00000000);
	int64_t rc = PSCI_RET_INVALID_PARAMETERS;

	if (level > 3)
		return rc;
	/* 0 on, 1 off, 2 on pending; a group is as awake as its most awake member. */
	static const uint8_t info[] = {[POWER_ON] = 0, [POWER_OFF] = 1, [POWER_ON_PENDING] = 2};
	lock_take(&s->lock);
	for (unsigned k = 0; k < s->n; k++) {
		if ((s->t[k].c->mpidr ^ mpidr) & mask)
			continue;
		if (rc < 0 || s->t[k].power == POWER_ON || (s->t[k].power == POWER_ON_PENDING && rc == 1))
			rc = info[s->t[k].power];
	}
	lock_drop(&s->lock);
	return rc;
}

static void cpu_off(struct vcpu *c)
{
	struct cpu_thread *t = thread_of(c);

	lock_take(&t->s->lock);
	t->power = POWER_OFF;
	lock_drop(&t->s->lock);
	at_or(&c->request, REQ_STOP);
}

static void system_off(struct vcpu *c, int status)
{
	struct sched *s = c->machine;

	cpu_off(c);
	s->ev.system_off(s->ev.arg, status);
}

static void system_reset(struct vcpu *c)
{
	struct sched *s = c->machine;

	cpu_off(c);
	s->ev.system_reset(s->ev.arg);
}

static bool semihost(struct vcpu *c)
{
	struct sched *s = c->machine;

	if (!s->ev.semihost)
		return false;
	s->ev.semihost(s->ev.arg, c);
	return true;
}

static const struct machine_ops ops = {
	.kick = kick,
	.sleep = sleep_on,
	.yield = yield_to_host,
	.cpu_on = cpu_on,
	.affinity_info = affinity_info,
	.cpu_off = cpu_off,
	.system_off = system_off,
	.system_reset = system_reset,
	.semihost = semihost,
};

/* Waits until this vCPU may run. False: the thread ends. */
static bool park(struct cpu_thread *t)
{
	struct sched *s = t->s;
	bool go, fresh = false;

	rcu_offline();
	lock_take(&s->lock);
	at_and(&t->c->request, ~REQ_STOP);
	t->parked = true;
	while (!s->quit && (s->paused || t->power == POWER_OFF)) {
		pthread_cond_broadcast(&s->all_parked);
		lock_wait(&s->lock, &t->wake);
	}
	t->parked = false;
	go = !s->quit;
	if (go && t->power == POWER_ON_PENDING) {
		vcpu_reset(t->c, t->entry, t->context);
		t->power = POWER_ON;
		fresh = true;
	}
	if (!go)
		pthread_cond_broadcast(&s->all_parked);
	lock_drop(&s->lock);
	rcu_online();
	if (fresh)
		s->ev.cpu_reset(s->ev.arg, t->c);
	return go;
}

static void serve(struct vcpu *c)
{
	/* REQ_STOP stays for park(); pairs with at_or() of whoever asked. */
	uint32_t req = at_and(&c->request, REQ_STOP);

	rcu_quiescent();
	if (req & REQ_TLB)
		tlbi_serve(c);
	if (req & REQ_TIMER)
		gtimer_update_all(c);
	if (req & (REQ_IRQ | REQ_TIMER))
		exc_poll_irq(c);
}

static void *cpu_main(void *arg)
{
	struct cpu_thread *t = arg;
	struct vcpu *c = t->c;

	rcu_reader_register();
	at_or(&c->request, REQ_STOP);
	for (;;) {
		if (ld_acq(&c->request) & REQ_STOP && !park(t))
			break;
		if (ld_acq(&c->request) & ~REQ_STOP)
			serve(c);
		t->s->engine->run(c);
	}
	rcu_reader_unregister();
	return NULL;
}

struct sched *sched_new(struct vcpu **cpus, unsigned n, const struct sched_engine *engine,
			const struct sched_events *ev, struct err *e)
{
	struct sched *s = calloc(1, sizeof(*s) + n * sizeof(s->t[0]));

	if (!s) {
		err_set(e, EXIT_HOST, "no memory for %u vCPU threads", n);
		return NULL;
	}
	lock_init(&s->lock, RANK_PSCI);
	pthread_cond_init(&s->all_parked, NULL);
	s->engine = engine;
	s->ev = *ev;
	for (unsigned k = 0; k < n; k++) {
		s->t[k] = (struct cpu_thread){.c = cpus[k], .s = s, .power = k ? POWER_OFF : POWER_ON, .parked = true};
		pthread_cond_init(&s->t[k].wake, NULL);
		cpus[k]->machine = s;
		cpus[k]->mops = &ops;
		if (engine->init(cpus[k])) {
			err_set(e, EXIT_HOST, "no memory for the caches of vCPU %u", k);
			sched_free(s);
			return NULL;
		}
		s->n = k + 1;
	}
	return s;
}

int sched_start(struct sched *s, struct err *e)
{
	for (; s->started < s->n; s->started++) {
		struct cpu_thread *t = &s->t[s->started];
		char name[16];
		int rc = pthread_create(&t->thread, NULL, cpu_main, t);

		if (rc) {
			err_set(e, EXIT_HOST, "cannot start the thread of vCPU %u: %s", s->started, strerror(rc));
			sched_stop(s);
			return -1;
		}
		snprintf(name, sizeof(name), "CPU %u", s->started);
		pthread_setname_np(t->thread, name);
	}
	return 0;
}

void sched_stop(struct sched *s)
{
	lock_take(&s->lock);
	s->quit = true;
	for (unsigned k = 0; k < s->started; k++) {
		ask_stop(s->t[k].c);
		pthread_cond_signal(&s->t[k].wake);
	}
	lock_drop(&s->lock);
	for (unsigned k = 0; k < s->started; k++)
		pthread_join(s->t[k].thread, NULL);
	s->started = 0;
}

void sched_free(struct sched *s)
{
	if (!s)
		return;
	for (unsigned k = 0; k < s->n; k++) {
		s->engine->free(s->t[k].c);
		pthread_cond_destroy(&s->t[k].wake);
	}
	pthread_cond_destroy(&s->all_parked);
	lock_destroy(&s->lock);
	free(s);
}

void sched_pause(struct sched *s)
{
	lock_take(&s->lock);
	s->paused++;
	for (unsigned k = 0; k < s->started; k++)
		ask_stop(s->t[k].c);
	for (unsigned k = 0; k < s->started; k++)
		while (!s->t[k].parked && !s->quit)
			lock_wait(&s->lock, &s->all_parked);
	lock_drop(&s->lock);
}

void sched_resume(struct sched *s)
{
	lock_take(&s->lock);
	BUG_ON(!s->paused);
	s->paused--;
	for (unsigned k = 0; k < s->started; k++)
		pthread_cond_signal(&s->t[k].wake);
	lock_drop(&s->lock);
}

void sched_reset_power(struct sched *s)
{
	lock_take(&s->lock);
	for (unsigned k = 0; k < s->n; k++)
		s->t[k].power = k ? POWER_OFF : POWER_ON;
	lock_drop(&s->lock);
}

uint64_t sched_icount(const struct sched *s)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < s->n; k++)
		sum += ld_rlx(&s->t[k].c->icount);
	return sum;
}
