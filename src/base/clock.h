/*
 * Time: the host's monotonic clock in nanoseconds, and the guest's system
 * counter derived from it.  The guest counter reads rdtsc directly when the
 * host's TSC is invariant (translated code does the same with the constants
 * given here), else clock_gettime.
 */
#ifndef PARMA_BASE_CLOCK_H
#define PARMA_BASE_CLOCK_H

#include <stdint.h>

/* Monotonic host time. Any thread. */
uint64_t clock_ns(void);
/*
 * Virtual time, for runs that repeat: from now on clock_ns(), the guest's counter and clock_wall_s() show what
 * clock_virtual_set() was last given (never going back; it starts at 1 s). Before any other thread exists; one
 * thread sets. clock_virtual_stop(): host time again.
 */
void clock_virtual_start(void);
void clock_virtual_set(uint64_t ns);
void clock_virtual_stop(void);

/* Wall-clock seconds since 1970 (UTC), for real-time clocks. */
uint64_t clock_wall_s(void);

/* Frequency of the guest counter (CNTFRQ_EL0), Hz. */
#define COUNTER_HZ UINT64_C(62500000)

/*
 * counter = ((tsc - tsc_base) * mul) >> 32  (a 128-bit product), when tsc_ok;
 * CONST_AFTER_INIT after clock_init().
 */
struct counter_scale {
	uint64_t tsc_base;
	uint64_t mul;
	int tsc_ok;
};
extern struct counter_scale counter_scale;

/* Calibrates; call once before any vCPU exists. */
void clock_init(void);
/* The guest's physical counter now, in ticks of COUNTER_HZ. Any thread; monotonic across threads. */
uint64_t counter_now(void);
/* The same moment in nanoseconds, finer than the counter's ticks of 16. */
uint64_t counter_now_ns(void);
/* Host monotonic time at which the counter reaches `ticks` (saturating). */
uint64_t counter_to_ns(uint64_t ticks);

#endif
