/*
 * Memory ordering where emulators are known to fail, MMU and caches on:
 *   - store-buffering with STLR and LDAR, and with DMB: 0/0 is forbidden;
 *   - store-exclusive after another vCPU stored A, B, A to the location must
 *     fail, whether by plain stores, exclusives or LSE atomics.
 * Lines with '!' are what the reference gets wrong.
 */
#include "guest.h"

#define TRIALS 4000u

static struct line {
	volatile uint64_t v;
	uint8_t pad[120];
} x, y, phase, seen, result __attribute__((aligned(128)));
static volatile uint32_t up;

static inline uint64_t ld(volatile uint64_t *p)
{
	uint64_t v;

	__asm__ volatile("ldar %0, %1" : "=r"(v) : "Q"(*p) : "memory");
	return v;
}
static inline void st(volatile uint64_t *p, uint64_t v) { __asm__ volatile("stlr %1, %0" : "=Q"(*p) : "r"(v) : "memory"); }

/* The other vCPU waits for the phase, does its part and says so. */
static void until(struct line *l, uint64_t v)
{
	while (ld(&l->v) != v)
		__asm__ volatile("yield");
}

enum { SB_RELACQ, SB_DMB, ABA_PLAIN, ABA_EXCL, ABA_LSE, ABA_HALF, TESTS };

static uint64_t sb(int dmb, volatile uint64_t *mine, volatile uint64_t *theirs)
{
	uint64_t r;

	if (dmb)
		__asm__ volatile("str %2, [%1]\n dmb ish\n ldr %0, [%3]" : "=&r"(r) : "r"(mine), "r"(1ull), "r"(theirs) : "memory");
	else
		__asm__ volatile("stlr %2, [%1]\n ldar %0, [%3]" : "=&r"(r) : "r"(mine), "r"(1ull), "r"(theirs) : "memory");
	return r;
}

static void store_by(unsigned how, uint64_t v)
{
	uint64_t t;
	uint32_t f;

	switch (how) {
	case ABA_PLAIN: x.v = v; break;
	case ABA_HALF: __asm__ volatile("str %w1, %0" : "=Q"(x.v) : "r"(v) : "memory"); break;
	case ABA_LSE: __asm__ volatile("swp %2, %0, [%1]" : "=r"(t) : "r"(&x.v), "r"(v) : "memory"); break;
	default:
		__asm__ volatile("1: ldxr %0, [%2]\n stxr %w1, %3, [%2]\n cbnz %w1, 1b" : "=&r"(t), "=&r"(f) : "r"(&x.v), "r"(v) : "memory");
	}
}

static void partner(unsigned me)
{
	(void)me;
	caches_on();
	up = 1;
	for (uint64_t test = 0, step = 1; test < TESTS; test++)
		for (unsigned k = 0; k < TRIALS; k++, step++) {
			until(&phase, step);
			if (test <= SB_DMB) {
				result.v = sb(test == SB_DMB, &y.v, &x.v);
			} else {
				store_by((unsigned)test, 2);
				store_by((unsigned)test, 1);
			}
			st(&seen.v, step);
		}
}

/* LDAXR; let the partner store A, B, A; STLXR. Returns 1 if the store succeeded. */
static unsigned aba(uint64_t step)
{
	uint64_t v, t;
	uint32_t fail;

	x.v = 1;
	__asm__ volatile("dmb ish\n"
			 "ldaxr %0, [%3]\n"
			 "stlr %5, [%4]\n"
			 "1: ldar %1, [%6]\n"
			 "cmp %1, %5\n"
			 "b.ne 1b\n"
			 "stlxr %w2, %7, [%3]\n"
			 : "=&r"(v), "=&r"(t), "=&r"(fail)
			 : "r"(&x.v), "r"(&phase.v), "r"(step), "r"(&seen.v), "r"(3ull)
			 : "memory", "cc");
	return !fail;
}

void guest_main(void)
{
	static const char *const names[] = {"SB with STLR/LDAR: 0/0", "SB with DMB: 0/0", "ABA by stores: STLXR succeeded",
					    "ABA by exclusives: STLXR succeeded", "ABA by SWP: STLXR succeeded",
					    "ABA by half stores: STLXR succeeded"};

	caches_on();
	start_cpu(1, partner);
	wait_for(&up, 1, "the partner");
	for (uint64_t test = 0, step = 1; test < TESTS; test++) {
		unsigned bad = 0;

		for (unsigned k = 0; k < TRIALS; k++, step++) {
			uint64_t mine;

			if (test > SB_DMB) {
				bad += aba(step);
				continue;
			}
			x.v = y.v = 0;
			st(&phase.v, step);
			for (volatile unsigned d = 0; d < (k & 31); d++)
				;
			mine = sb(test == SB_DMB, &x.v, &y.v);
			until(&seen, step);
			bad += !mine && !result.v;
		}
		/* Only exclusives by the partner are sure to be noticed by the reference: it compares values. */
		out("%s%s %s\n", test == SB_DMB ? "" : "!", names[test], bad ? "happened" : "never");
	}
}
