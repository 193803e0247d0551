/*
 * The stripes of the exclusive monitors (see monitor.h).  One table for the
 * process: a stripe is found by host address, so machines do not collide.
 */
#include "mem/monitor.h"

#include <sched.h>

#define SPINS_BEFORE_YIELD 200

struct monitor_stripe monitor_stripes[MONITOR_STRIPES];

void stripe_wait(const struct monitor_stripe *s)
{
	for (unsigned k = 0; ld_rlx(&s->locked); k++) {
		if (k < SPINS_BEFORE_YIELD)
			cpu_relax();
		else
			sched_yield();
	}
}
