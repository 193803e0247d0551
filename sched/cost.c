/*
 * See cost.h.  Least of a few rounds, less the same loop without the thing:
 * what a round has more than the least is somebody else's.
 */
#include "sched/cost.h"

#include <stdint.h>

#include "base/bits.h"
#include "base/clock.h"

#define TURNS 256u
#define ROUNDS 12u

enum thing { NOTHING, FENCE, RETRY };

/* Stores, as guest code would before a fence, and the thing: that of translated code (x64/lower_mem.c, lower_atomic.c). */
static inline __attribute__((always_inline)) uint64_t one_round(enum thing what, volatile uint64_t *word)
{
	uint64_t t0 = clock_ns();

	for (unsigned k = 0; k < TURNS; k++) {
		uint64_t old = 1; /* never there, so the exchange fails */

		word[k & 7] = 0;
		if (what == FENCE)
			__asm__ volatile("lock orl $0, (%%rsp)" : : : "memory", "cc");
		else if (what == RETRY)
			__asm__ volatile("lock cmpxchgq %2, %1" : "+a"(old), "+m"(word[k & 7]) : "r"(UINT64_C(2)) : "memory", "cc");
	}
	return clock_ns() - t0;
}

struct unit_costs cost_measure(void)
{
	uint64_t least[3] = {UINT64_MAX, UINT64_MAX, UINT64_MAX}, word[8] = {0};

	for (unsigned r = 0; r < ROUNDS; r++) {
		least[NOTHING] = MIN(least[NOTHING], one_round(NOTHING, word));
		least[FENCE] = MIN(least[FENCE], one_round(FENCE, word));
		least[RETRY] = MIN(least[RETRY], one_round(RETRY, word));
	}
	for (unsigned k = FENCE; k <= RETRY; k++)
		least[k] -= MIN(least[k], least[NOTHING]);
	return (struct unit_costs){(double)least[FENCE] / TURNS, (double)least[RETRY] / TURNS};
}
