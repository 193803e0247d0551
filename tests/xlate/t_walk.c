/*
 * Loops that walk through memory, the translator against the reference
 * engine: what a unit remembers of pages must end where the page ends, at
 * faults, and where an access is wider than what is left.
 *
 *   t_walk [SEED [PROGRAMS]]
 */
#include "tests/xlate/lockstep.h"
#include "tests/a64/rows.h"

static uint64_t rng;
static uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % n;
}

#define BASES 5 /* x0..x4 are addresses, x8..x15 and v0..v7 data, x27 and x28 count */

static uint32_t data(void) { return 8 + rnd(8); }

/* A load or store off one of the base registers. */
static uint32_t access(void)
{
	uint32_t rn = rnd(BASES) << 5, size = rnd(4), load = rnd(2), imm = rnd(16), step = (rnd(33) - 16) & 0x1ff;

	switch (rnd(8)) {
	case 0: return size << 30 | 0x38000400 | load << 22 | step << 12 | rn | data(); /* post-index */
	case 1: return size << 30 | 0x38000c00 | load << 22 | step << 12 | rn | data(); /* pre-index */
	case 2: return size << 30 | 0x39000000 | load << 22 | imm << 10 | rn | data();
	case 3: return 0x3c800400 | load << 22 | step << 12 | rn | rnd(8);               /* 16 bytes */
	case 4: return 0x3d800000 | load << 22 | imm << 10 | rn | rnd(8);
	case 5: return 0xa9000000 | load << 22 | (imm & 7) << 15 | 12 << 10 | rn | (8 + rnd(4)); /* pairs */
	case 6: return 0xac800000 | load << 22 | ((rnd(5) - 2) & 0x7f) << 15 | 4 << 10 | rn | rnd(4);
	default: return 0xf8207800 | load << 22 | 27 << 16 | rn | data(); /* [xn, x27, lsl #3] */
	}
}

static unsigned make_program(uint32_t *w)
{
	unsigned n = 0, body = 1 + rnd(10), top;

	w[n++] = 0xd2800000 | rnd(700) << 5 | 28;
	w[n++] = 0xd280001b; /* mov x27, #0 */
	top = n;
	while (body--)
		w[n++] = rnd(6) ? access() : 0x8b000000 | data() << 16 | data() << 5 | data();
	w[n++] = 0x9100077b; /* add x27, x27, #1 */
	w[n++] = 0xeb1c037f; /* cmp x27, x28 */
	w[n] = 0x54000003 | ((top - n) & 0x7ffff) << 5; /* b.lo */
	return n + 1;
}

static void random_state(struct state *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned k = 0; k < BASES; k++) {
		uint64_t at = DATA + 4096 * (1 + rnd(14)) + rnd(129) - 64;

		if (!rnd(4))
			at &= ~UINT64_C(15);
		if (!rnd(6))
			at = DATA + (2 << 20) - rnd(4096); /* nothing is behind */
		if (!rnd(12))
			at = DATA - rnd(64); /* read-only */
		s->x[k] = at;
	}
	for (unsigned k = 8; k < 16; k++)
		s->x[k] = (uint64_t)rnd(UINT32_MAX) << 32 | rnd(UINT32_MAX);
	for (unsigned k = 0; k < 8; k++)
		s->v[k] = (u128)rnd(UINT32_MAX) << 90 | rnd(UINT32_MAX);
	s->sp = DATA + 32768;
	s->el = 1;
	for (unsigned k = 0; k < DATA_BYTES; k++)
		s->data[k] = (uint8_t)(k * 37 + (k >> 8));
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], 0, 0) : 1, programs = argc > 2 ? strtoull(argv[2], 0, 0) : 300;
	struct vcpu *c = lockstep_new();
	static struct state in, a, b;
	uint32_t words[64];
	unsigned bad = 0;

	for (uint64_t p = 0; p < programs && bad < 3; p++) {
		unsigned n;

		rng = seed * UINT64_C(0x9e3779b97f4a7c15) + p * UINT64_C(0xd1342543de82ef95) + 1;
		rnd(1);
		random_state(&in);
		c->nvcpus = 1 + (p & 1); /* pairs are done in another way where somebody could see halves */
		n = make_program(words);
		program(c, words, n);
		run_with(c, interp_run, &in, &a);
		for (unsigned round = 0; round < 2; round++) /* the second finds the TLB filled */
			run_with(c, jit_run, &in, &b);
		if (!states_equal(&a, &b)) {
			bad++;
			ok(false, "program %" PRIu64 " of seed %" PRIu64, p, seed);
			for (unsigned k = 0; k < n; k++) {
				struct a64_insn i;

				a64_decode(words[k], c->feats, &i);
				printf("#   %" PRIx64 "  %08x %s\n", CODE + 4 * k, words[k], a64_rows[i.op].name);
			}
		}
	}
	ok(!bad, "%" PRIu64 " loops of seed %" PRIu64, programs, seed);
	return tap_done();
}
