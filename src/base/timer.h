/*
 * The timer service: one thread that calls functions at points of host time.
 * Devices and the generic timers of the vCPUs use it.  A callback runs on the
 * timer thread with no lock held and may re-arm any timer, its own too.
 */
#ifndef PARMA_BASE_TIMER_H
#define PARMA_BASE_TIMER_H

#include <stdint.h>

#include "base/atomic.h"
#include "base/err.h"

#define TIMER_NEVER UINT64_MAX

struct timer {
	void (*fn)(void *arg);  /* CONST_AFTER_INIT */
	void *arg;              /* CONST_AFTER_INIT */
	uint64_t when_ns;       /* GUARDED_BY(timer lock); TIMER_NEVER: not armed */
	unsigned slot;          /* GUARDED_BY(timer lock): place in the heap */
};

/* Starts the thread; 0, or -1 with e filled. Call once. */
int timer_service_start(struct err *e);
/* Stops and joins the thread; no callback runs afterwards. */
void timer_service_stop(void);

/* Without the thread (virtual time): runs what is due by clock_ns(), and says when the next is (TIMER_NEVER: none). */
void timer_run_due(void);
uint64_t timer_next_ns(void);

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg);
/*
 * Arms t for host time when_ns (clock_ns()'s scale), replacing an earlier
 * time; TIMER_NEVER disarms. Any thread. A callback that already began may
 * still be running when this returns.
 */
void timer_set(struct timer *t, uint64_t when_ns);

#endif
