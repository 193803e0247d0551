/*
 * A thread that empties the oldest region of code memory again and again, for tests: units go from under vCPUs that
 * run them, links are undone, memory comes back after a grace period, whatever the size of the cache.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "tcache/tcache_priv.h"

struct tcache_evictor {
	struct tcache *tcache; /* CONST_AFTER_INIT */
	uint64_t period_ns;    /* CONST_AFTER_INIT */
	uint32_t stop;         /* ATOMIC(st_rel in tcache_evictor_stop(), ld_acq by the thread) */
	pthread_t thread;      /* CONST_AFTER_INIT */
};

static void *work(void *arg)
{
	struct tcache_evictor *v = arg;
	const struct timespec ts = {(time_t)(v->period_ns / 1000000000u), (long)(v->period_ns % 1000000000u)};

	while (!ld_acq(&v->stop)) {
		nanosleep(&ts, NULL);
		tcache_evict(v->tcache);
	}
	return NULL;
}

struct tcache_evictor *tcache_evictor_start(struct tcache *t, unsigned period_us)
{
	struct tcache_evictor *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->tcache = t;
	v->period_ns = (uint64_t)period_us * 1000;
	if (pthread_create(&v->thread, NULL, work, v)) {
		free(v);
		return NULL;
	}
	pthread_setname_np(v->thread, "evictor");
	return v;
}

void tcache_evictor_stop(struct tcache_evictor *v)
{
	if (!v)
		return;
	st_rel(&v->stop, 1);
	pthread_join(v->thread, NULL);
	free(v);
}
