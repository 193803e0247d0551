/*
 * Accesses that share a check of the TLB (x64/lower_group.c), the translator
 * against the reference engine: off one base that is not known when the code
 * is translated, at the border between pages that may be written and pages
 * that may be read only, with branches between them.
 *
 *   t_groups [SEED [PROGRAMS]]
 */
#include "tests/xlate/lockstep.h"

static uint64_t rng;
static uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % n;
}

#define RN (8u << 5) /* x8 is the base; x0 to x7 and v0 to v7 are data */

/* Off x8, by at most 256 bytes to either side. */
static uint32_t access(void)
{
	uint32_t size = rnd(4), load = rnd(3) > 0, imm = (rnd(40) - 20) & 0x1ff;

	switch (rnd(5)) {
	case 0: return 0xa9000000 | load << 22 | ((rnd(9) - 4) & 0x7f) << 15 | (4 + rnd(4)) << 10 | RN | rnd(4); /* ldp, stp */
	case 1: return 0x3c800000 | load << 22 | imm << 12 | RN | rnd(8);                                     /* 16 bytes */
	case 2: return 0x39000000 | size << 30 | load << 22 | rnd(8) << 10 | RN | rnd(8);
	default: return 0x38000000 | size << 30 | load << 22 | imm << 12 | RN | rnd(8);
	}
}

/* Every access may end it by a fault; words[n] is the WFI. */
static unsigned make_program(uint32_t *w)
{
	unsigned n = 0, accesses = 2 + rnd(5);

	while (accesses--) {
		switch (rnd(8)) {
		case 0: w[n++] = 0x36000040 | 20; break; /* tbz w20, #0, over the next */
		case 1: w[n++] = 0x91000421; break;      /* add x1, x1, #1 */
		default: break;
		}
		w[n++] = access();
	}
	return n;
}

static void random_state(struct state *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned k = 0; k < 8; k++) {
		s->x[k] = (uint64_t)rnd(UINT32_MAX) << 32 | rnd(UINT32_MAX);
		s->v[k] = (u128)rnd(UINT32_MAX) << 90 | rnd(UINT32_MAX);
	}
	/* what is below DATA is read-only, what is behind 2 MiB is not there; the next border is between two writable pages */
	s->x[8] = (rnd(4) ? DATA : rnd(2) ? DATA + 4096 : DATA + (2 << 20)) + rnd(256) - 128;
	if (rnd(4))
		s->x[8] &= ~UINT64_C(15);
	s->x[20] = rnd(2);
	s->sp = DATA + 32768;
	s->el = 1;
	for (unsigned k = 0; k < DATA_BYTES; k++)
		s->data[k] = (uint8_t)(k * 37 + (k >> 8));
}

/* The read-only page next to DATA. */
static uint64_t checksum(void)
{
	const uint8_t *page = ram(DATA - 4096);
	uint64_t h = 0;

	for (unsigned k = 0; k < 4096; k++)
		h = (h ^ page[k]) * UINT64_C(0x100000001b3);
	return h;
}

static void print(struct vcpu *c, const uint32_t *words, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		struct a64_insn i;

		a64_decode(words[k], c->feats, &i);
		printf("#   %" PRIx64 "  %08x %s\n", CODE + 4 * k, words[k], a64_rows[i.op].name);
	}
}

/* A store joins a load's check: a page that may be read only takes the load and refuses the store, with a warm TLB too. */
static void store_joins_load(struct vcpu *c)
{
	static struct state in, a, b;
	uint32_t w[] = {0xf9400100 /* ldr x0, [x8] */, 0xf9000501 /* str x1, [x8, #8] */};
	uint64_t before = checksum();

	memset(&in, 0, sizeof(in));
	in.el = 1;
	in.x[1] = 77;
	in.x[8] = DATA - 64;
	program(c, w, 2);
	run_with(c, interp_run, &in, &a);
	ok(a.elr == CODE + 4 && a.far == DATA - 56, "the store faults, the load before it does not");
	for (unsigned round = 0; round < 3; round++) {
		run_with(c, jit_run, &in, &b);
		ok(states_equal(&a, &b) && checksum() == before, "it does so in translated code, round %u", round);
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], 0, 0) : 1, programs = argc > 2 ? strtoull(argv[2], 0, 0) : 1500;
	struct vcpu *c = lockstep_new();
	static struct state in, a, b;
	uint32_t words[64];
	unsigned bad = 0;

	store_joins_load(c);
	for (uint64_t p = 0; p < programs && bad < 3; p++) {
		uint64_t before = checksum();
		unsigned n;

		rng = seed * UINT64_C(0x9e3779b97f4a7c15) + p * UINT64_C(0xd1342543de82ef95) + 1;
		rnd(1);
		random_state(&in);
		n = make_program(words);
		program(c, words, n);
		run_with(c, interp_run, &in, &a);
		for (unsigned round = 0; round < 2; round++) /* the second finds the TLB filled */
			run_with(c, jit_run, &in, &b);
		if (!states_equal(&a, &b) || checksum() != before) {
			bad++;
			ok(false, "program %" PRIu64 " of seed %" PRIu64, p, seed);
			print(c, words, n);
		}
	}
	ok(!bad, "%" PRIu64 " programs of seed %" PRIu64, programs, seed);
	return tap_done();
}
