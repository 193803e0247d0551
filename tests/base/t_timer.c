/* The timer service: order of expiry, re-arming from a callback, disarming. */
#include <time.h>

#include "base/clock.h"
#include "base/timer.h"
#include "tests/tap.h"

static int order[8], n; /* n is ATOMIC */
static struct timer t[4];
static uint64_t base, step;

static void fire(void *arg)
{
	order[ld_rlx(&n)] = (int)(intptr_t)arg; /* one thread calls */
	if ((intptr_t)arg == 2)
		timer_set(&t[3], base + 6 * step); /* before t[1], however late this is */
	at_add(&n, 1);
}

/* Starts the service and arms three of four timers; false, and all is off: this thread stood still until the first was due. */
static bool armed(uint64_t step_ns)
{
	struct err e;

	if (timer_service_start(&e))
		return ok(false, "service starts: %s", e.msg);
	step = step_ns;
	st_rel(&n, 0);
	base = clock_ns();
	timer_set(&t[0], base + UINT64_C(60000000000));
	timer_set(&t[1], base + 10 * step);
	timer_set(&t[2], base + 5 * step);
	timer_set(&t[0], base + 12 * step);
	timer_set(&t[0], TIMER_NEVER);
	if (clock_ns() < base + 5 * step)
		return true;
	timer_service_stop();
	for (int k = 0; k < 4; k++)
		timer_set(&t[k], TIMER_NEVER);
	return false;
}

/* Whether a count of ticks is what a clock that runs for `least` to `most` ns has; a busy host makes these differ. The host's own clock may be off by a part in two thousand. */
static bool ticks_fit(uint64_t ticks, uint64_t least, uint64_t most)
{
	const uint64_t tick = 1000000000 / COUNTER_HZ;

	return (ticks + 2) * tick >= least - least / 500 && ticks * tick <= most + most / 500 + 2 * tick;
}

int main(void)
{
	struct timespec ms1 = {0, 1000000};
	uint64_t t0, t1, t2, t3, c0, c1;

	clock_init();
	for (int k = 0; k < 4; k++)
		timer_init(&t[k], fire, (void *)(intptr_t)k);
	t0 = clock_ns();
	c0 = counter_now();
	t1 = clock_ns();
	for (step = 1000000; step < UINT64_C(1000000000) && !armed(step); step *= 2)
		;
	for (int k = 0; k < 300000 && ld_acq(&n) < 3; k++)
		nanosleep(&ms1, NULL);
	while (clock_ns() < base + 60 * step) /* when t[0] would have come */
		nanosleep(&ms1, NULL);
	timer_service_stop();
	ok(n == 3, "three fired, the disarmed one did not");
	ok(order[0] == 2 && order[1] == 3 && order[2] == 1, "in order of time, one armed by a callback");
	t2 = clock_ns();
	c1 = counter_now();
	t3 = clock_ns();
	ok(ticks_fit(c1 - c0, t2 - t1, t3 - t0), "the counter runs at its frequency");
	ok(ticks_fit(COUNTER_HZ, counter_to_ns(c1 + COUNTER_HZ) - t3, counter_to_ns(c1 + COUNTER_HZ) - t2), "ticks convert to host time");
	return tap_done();
}
