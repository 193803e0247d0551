/*
 * Operand sets for SIMD instructions and the digest of what an instruction
 * made of them.  Compiled twice, for the host (t_simd.c) and for the guest
 * (simd_run.c): the same word must give the same digest.
 *
 * Instructions may use V0..V31, X0..X7, X8 (the base of structures: near the page
 * boundary in the middle of the window) and FPSR.
 */
#ifndef PARMA_TESTS_SIMD_SETS_H
#define PARMA_TESTS_SIMD_SETS_H

#include <stdint.h>
#include <string.h>

#define SIMD_SETS 64 /* of operands, for each word */
#define SIMD_WINDOW UINT64_C(0x200000000)
#define SIMD_WINDOW_BYTES 8192
#define SIMD_TOUCHED_FROM (4096 - 64)
#define SIMD_TOUCHED_BYTES 256

struct simd_state {
	uint64_t v[32][2];
	uint64_t x[16];
	uint64_t fpsr;
};

static uint64_t simd_rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s * UINT64_C(0x2545f4914f6cdd1d);
}

/* A lane of `bits`: a limit, a shift amount, its negative, or anything. */
static uint64_t simd_lane(uint64_t *s, unsigned bits)
{
	uint64_t r = simd_rnd(s), top = UINT64_C(1) << (bits - 1), arg = r >> 8;

	switch (r % 10) {
	case 0: return 0;
	case 1: return 1;
	case 2: return top;
	case 3: return top - 1;
	case 4: return ~UINT64_C(0);
	case 5: return top + (arg & 3);
	case 6: return top - 1 - (arg & 3);
	case 7: return arg % (bits + 2);
	case 8: return 0 - arg % (bits + 3);
	default: return simd_rnd(s);
	}
}

static uint64_t simd_operand(uint64_t *s)
{
	uint64_t r = simd_rnd(s), v = 0;
	unsigned bits = 8u << (r & 3);

	if ((r >> 2 & 3) == 0)
		return simd_rnd(s);
	for (unsigned at = 0; at < 64; at += bits)
		v |= (simd_lane(s, bits) & ~UINT64_C(0) >> (64 - bits)) << at;
	return v;
}

/* Operand set k of a word; window is the memory that X8 points into. */
static void simd_fill(struct simd_state *st, uint32_t word, unsigned k, unsigned char *window)
{
	uint64_t s = (uint64_t)word << 16 ^ k ^ UINT64_C(0x9e3779b97f4a7c15);

	for (unsigned i = 0; i < 4; i++)
		simd_rnd(&s);
	for (unsigned i = 0; i < 32; i++) {
		st->v[i][0] = simd_operand(&s);
		st->v[i][1] = simd_operand(&s);
	}
	for (unsigned i = 0; i < 16; i++)
		st->x[i] = simd_operand(&s);
	st->x[8] = SIMD_WINDOW + 4096 - 32 + simd_rnd(&s) % 64;
	st->fpsr = simd_rnd(&s) % 4 ? 0 : UINT64_C(1) << 27;
	for (unsigned i = 0; i < SIMD_TOUCHED_BYTES; i += 8) {
		uint64_t m = simd_rnd(&s);

		memcpy(window + SIMD_TOUCHED_FROM + i, &m, 8);
	}
}

static uint64_t simd_mix(uint64_t h, const void *p, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i += 8) {
		uint64_t m;

		memcpy(&m, (const char *)p + i, 8);
		h = (h ^ m) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h;
}

static uint64_t simd_digest(uint64_t h, const struct simd_state *st, const unsigned char *window)
{
	h = simd_mix(h, st, sizeof(*st));
	return simd_mix(h, window + SIMD_TOUCHED_FROM, SIMD_TOUCHED_BYTES);
}

#endif
