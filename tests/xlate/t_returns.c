/*
 * Calls and returns, the translator against the reference engine: it follows
 * a call, and goes on behind it at the return only if that is where the
 * return goes.  Functions that come back elsewhere, by a link register that they have changed, kept
 * in another register or in memory, or by another register.
 *
 *   t_returns [SEED [PROGRAMS]]
 */
#include "tests/xlate/lockstep.h"

#include <unistd.h>

static uint64_t rng;
static uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % n;
}

#define RET 0xd65f03c0u
#define MAX_CALLS 6u
/* x0 to x7: data; x9, x10: addresses; x19, x20: kept links; x27, x28: counters */

static uint32_t words[256];
static unsigned n;

static void put(uint32_t w) { words[n++] = w; }
static uint32_t count(unsigned reg) { return 0x91000400u | reg << 5 | reg; } /* add xn, xn, #1 */
static uint32_t bl(unsigned from, unsigned to) { return 0x94000000u | ((to - from) & 0x3ffffff); }
static uint32_t adr(unsigned rd, unsigned from, unsigned to) { return 0x10000000u | ((to - from) & 0x7ffff) << 5 | rd; }

static void put_function(unsigned kind, unsigned leaf)
{
	put(count(2));
	switch (kind) {
	case 0: put(RET); break;
	case 1: /* over the word behind the call */
		put(0x910013de); /* add x30, x30, #4 */
		put(RET);
		break;
	case 2: /* to where the caller said */
		put(0xaa0903fe); /* mov x30, x9 */
		put(RET);
		break;
	case 3:
		put(0xd65f0140); /* ret x10 */
		break;
	case 4: /* calls another */
		put(0xaa1e03f3); /* mov x19, x30 */
		words[n] = bl(n, leaf), n++;
		put(0xaa1303fe); /* mov x30, x19 */
		put(RET);
		break;
	case 5: /* by the stack */
		put(0xf81f0ffe); /* str x30, [sp, #-16]! */
		put(0xf84107fe); /* ldr x30, [sp], #16 */
		put(RET);
		break;
	case 6: /* one way or the other */
		put(0x36000040); /* tbz w0, #0, over the next */
		put(0x910023de); /* add x30, x30, #8 */
		put(RET);
		break;
	case 7: /* again, while x28 lasts */
		put(0xf100079c); /* subs x28, x28, #1 */
		put(0x5400004b); /* b.lt, over the next */
		put(0xd10013de); /* sub x30, x30, #4 */
		put(RET);
		break;
	default: /* calls another and does not come back to its own caller, but to the one before */
		put(0xaa1e03f4); /* mov x20, x30 */
		words[n] = bl(n, leaf), n++;
		put(0xd65f0280); /* ret x20 */
		break;
	}
}
#define KINDS 9u

/* Calls, a word or two between them, in a loop; behind that a leaf function and the functions called. */
static void make_program(void)
{
	unsigned calls = 1 + rnd(MAX_CALLS), at[MAX_CALLS], top, leaf;

	memset(words, 0, sizeof(words));
	n = 0;
	put(0xd2800000u | (1 + rnd(40)) << 5 | 27); /* mov x27, turns */
	top = n;
	for (unsigned k = 0; k < calls; k++) {
		words[n] = adr(9, n, n + 3 + rnd(3)), n++; /* behind the call */
		words[n] = adr(10, n, n + 2 + rnd(3)), n++;
		at[k] = n++;
		put(count(0));
		put(count(1));
		put(0x8b000463 | rnd(8) << 16); /* add x3, x3, xm, lsl #1 */
		put(count(4));
	}
	put(0xd100077b); /* sub x27, x27, #1 */
	words[n] = 0xb500001bu | ((top - n) & 0x7ffff) << 5, n++; /* cbnz x27 */
	put(WFI);
	leaf = n;
	put(count(5));
	put(RET);
	for (unsigned k = 0; k < calls; k++) {
		words[at[k]] = bl(at[k], n);
		put_function(rnd(KINDS), leaf);
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], 0, 0) : 1, programs = argc > 2 ? strtoull(argv[2], 0, 0) : 1000;
	struct vcpu *c = lockstep_new();
	static struct state in, a, b;
	unsigned bad = 0;

	for (uint64_t p = 0; p < programs && bad < 3; p++) {
		rng = seed * UINT64_C(0x9e3779b97f4a7c15) + p * UINT64_C(0xd1342543de82ef95) + 1;
		rnd(1);
		make_program();
		memset(&in, 0, sizeof(in));
		for (unsigned k = 0; k < 8; k++)
			in.x[k] = rnd(64);
		in.x[28] = rnd(20);
		in.sp = DATA + 32768;
		in.el = 1;
		program(c, words, n);
		alarm(600); /* a return that goes wrong may not end */
		run_with(c, interp_run, &in, &a);
		run_with(c, jit_run, &in, &b);
		alarm(0);
		if (!states_equal(&a, &b)) {
			bad++;
			ok(false, "program %" PRIu64 " of seed %" PRIu64, p, seed);
			for (unsigned k = 0; k < n; k++)
				printf("#   %" PRIx64 "  %08x\n", CODE + 4 * k, words[k]);
		}
	}
	ok(!bad, "%" PRIu64 " programs of seed %" PRIu64, programs, seed);
	return tap_done();
}
