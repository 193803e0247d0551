/* See clock.h.  The frequency of the TSC is measured over 20 ms. */
#include "base/clock.h"

#include <cpuid.h>
#include <stdbool.h>
#include <time.h>
#include <x86intrin.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/types.h"

struct counter_scale counter_scale;
static uint64_t base_ns; /* CONST_AFTER_INIT: host time at counter 0 */

/* ATOMIC(st_rlx by one thread, ld_rlx); 0: host time */
static uint64_t virtual_ns;
#define VIRTUAL_START_NS 1000000000u
#define VIRTUAL_EPOCH_S 1704067200u /* 2024-01-01 */

void clock_virtual_start(void)
{
	st_rlx(&virtual_ns, VIRTUAL_START_NS);
	counter_scale.tsc_ok = 0;
	base_ns = 0;
}

void clock_virtual_set(uint64_t ns)
{
	if (ns > virtual_ns)
		st_rlx(&virtual_ns, ns);
}

void clock_virtual_stop(void) { st_rlx(&virtual_ns, 0); }

uint64_t clock_ns(void)
{
	uint64_t v = ld_rlx(&virtual_ns);
	struct timespec ts;

	if (unlikely(v))
		return v;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t clock_wall_s(void)
{
	uint64_t v = ld_rlx(&virtual_ns);
	struct timespec ts;

	if (v)
		return VIRTUAL_EPOCH_S + v / 1000000000u;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec;
}

static bool tsc_invariant(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8));
}

/* One moment on both clocks: of several tries that with the shortest way, so that a preemption between two reads does not count. */
static uint64_t moment(uint64_t *tsc)
{
	uint64_t shortest = UINT64_MAX, ns = 0;

	for (unsigned k = 0; k < 16; k++) {
		uint64_t t0 = __rdtsc(), n = clock_ns(), t1 = __rdtsc();

		if (t1 - t0 < shortest) {
			shortest = t1 - t0;
			*tsc = t0 + shortest / 2;
			ns = n;
		}
	}
	return ns;
}

/* Host TSC ticks per second, measured against CLOCK_MONOTONIC. */
static double tsc_hz(void)
{
	uint64_t t0 = 0, t1 = 0, n0 = moment(&t0), n1;

	do
		n1 = moment(&t1);
	while (n1 - n0 < 20000000);
	return (double)(t1 - t0) * 1e9 / (double)(n1 - n0);
}

void clock_init(void)
{
	double hz;

	counter_scale.tsc_ok = tsc_invariant();
	hz = counter_scale.tsc_ok ? tsc_hz() : 1;
	base_ns = clock_ns();
	counter_scale.tsc_base = __rdtsc();
	counter_scale.mul = (uint64_t)((double)COUNTER_HZ / hz * 4294967296.0);
}

uint64_t counter_now(void)
{
	if (counter_scale.tsc_ok)
		return (uint64_t)(((u128)(__rdtsc() - counter_scale.tsc_base) * counter_scale.mul) >> 32);
	return (clock_ns() - base_ns) / (1000000000u / COUNTER_HZ);
}

uint64_t counter_now_ns(void)
{
	if (counter_scale.tsc_ok)
		return (uint64_t)((((u128)(__rdtsc() - counter_scale.tsc_base) * counter_scale.mul) * (1000000000u / COUNTER_HZ)) >> 32);
	return clock_ns() - base_ns;
}

uint64_t counter_to_ns(uint64_t ticks)
{
	uint64_t now = counter_now(), delta;

	if (ticks <= now)
		return clock_ns();
	delta = ticks - now;
	if (delta > UINT64_MAX / 16 / 2)
		return UINT64_MAX;
	return clock_ns() + delta * (1000000000u / COUNTER_HZ);
}
