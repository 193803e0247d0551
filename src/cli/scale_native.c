/*
 * The lock workloads of parma scale by threads of this host (guest/locks.inc), for what its cores and caches do
 * when no emulator stands between: an experiment of scale_explain.c.  Waiters spin, with sched_yield() now and then where
 * there are more threads than processors.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "cli/scale_priv.h"
#include "sched/place.h"

#define MAX_CPUS 128
#define ALIGNED __attribute__((aligned(64)))
#define YIELD_AFTER 100

static uint32_t ncpus, go ALIGNED; /* ATOMIC: go, release and acquire below */
static uint64_t deadline;          /* published by go; ns */
static bool crowded;               /* published by go */

static uint32_t acquire(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static void release(uint32_t *p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
static uint32_t add(uint32_t *p, uint32_t v) { return __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL); }
static void crossed(void) {}
static inline uint64_t time_now(void) { return clock_ns(); }

static void hint(void)
{
	static _Thread_local unsigned spins;

	__builtin_ia32_pause();
	if (crowded && ++spins % YIELD_AFTER == 0)
		sched_yield();
}

static void wait_for(const uint32_t *p, uint32_t v)
{
	while (acquire(p) != v)
		hint();
}

#include "guest/locks.inc"

static const struct {
	const char *name;
	uint64_t (*run)(uint32_t me, enum spread how);
} work[] = {{"ticket", run_ticket}, {"plain", run_plain}, {"mcs", run_mcs}, {"spin", run_spin}, {"barrier", run_barrier}};

static uint64_t (*run)(uint32_t me, enum spread how);
static uint64_t ops[MAX_CPUS]; /* OWNER(thread), read when it has been joined */

static void *thread(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg;

	wait_for(&go, 1);
	ops[me] = run(me, SHARED);
	return NULL;
}

static bool measure(unsigned n, uint64_t ms, struct sample *s)
{
	pthread_t t[MAX_CPUS];
	uint64_t t0, sum = 0;
	unsigned started = 0;

	go = stop = barrier_stop = 0;
	ncpus = n;
	crowded = n > place_usable_cpus();
	while (started < n && !pthread_create(&t[started], NULL, thread, (void *)(uintptr_t)started))
		started++;
	t0 = clock_ns();
	deadline = started == n ? t0 + ms * 1000000 : 0;
	barrier_stop = started < n;
	release(&go, 1);
	for (unsigned k = 0; k < started; k++) {
		pthread_join(t[k], NULL);
		sum += ops[k];
		s->most = MAX(s->most, (double)ops[k]);
		s->least = k ? MIN(s->least, (double)ops[k]) : (double)ops[k];
	}
	s->rate = (double)sum * 1e9 / (double)(clock_ns() - t0);
	s->there = started == n;
	return s->there;
}

bool scale_native(const char *name, unsigned n, uint64_t ms, struct sample *s)
{
	*s = (struct sample){0};
	if (n > MAX_CPUS)
		return false;
	for (unsigned k = 0; k < ARRAY_SIZE(work); k++)
		if (!strcmp(work[k].name, name)) {
			run = work[k].run;
			return measure(n, ms, s);
		}
	return false;
}
