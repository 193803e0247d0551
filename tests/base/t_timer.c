/* The timer service: order of expiry, re-arming from a callback, disarming. */
#include <time.h>

#include "base/clock.h"
#include "base/timer.h"
#include "tests/tap.h"

static int order[8], n;
static struct timer t[4];

static void fire(void *arg)
{
	order[at_add(&n, 1)] = (int)(intptr_t)arg;
	if ((intptr_t)arg == 2)
		timer_set(&t[3], clock_ns() + 1000000);
}

int main(void)
{
	struct timespec ms60 = {0, 60000000};
	uint64_t now, c0;
	struct err e;

	clock_init();
	ok(timer_service_start(&e) == 0, "service starts");
	for (int k = 0; k < 4; k++)
		timer_init(&t[k], fire, (void *)(intptr_t)k);
	now = clock_ns();
	c0 = counter_now();
	timer_set(&t[0], now + 20000000);
	timer_set(&t[1], now + 10000000);
	timer_set(&t[2], now + 5000000);
	timer_set(&t[0], TIMER_NEVER);
	nanosleep(&ms60, NULL);
	timer_service_stop();
	ok(n == 3, "three fired, the disarmed one did not");
	ok(order[0] == 2 && order[1] == 3 && order[2] == 1, "in order of time, one armed by a callback");
	c0 = counter_now() - c0;
	ok(c0 > 55 * COUNTER_HZ / 1000 && c0 < 2000 * COUNTER_HZ / 1000, "the counter runs at its frequency");
	ok(counter_to_ns(counter_now() + COUNTER_HZ) - clock_ns() > 900000000, "ticks convert to host time");
	return tap_done();
}
