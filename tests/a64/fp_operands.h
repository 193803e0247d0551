/*
 * Operands that floating-point instructions find hard: for each format zeros,
 * denormals, boundaries, infinities, NaNs with payloads, short fractions,
 * half-way cases, values about the limits of integers, cancelling factors; and
 * FPCR and FPSR settings.  Reproducible from the seed.
 */
#ifndef PARMA_TESTS_A64_FP_OPERANDS_H
#define PARMA_TESTS_A64_FP_OPERANDS_H

#include <string.h>

#include "base/bits.h"
#include "ir/fp_imm.h"
#include "ir/value.h"

/* What tests/a64/fprun.c reads and writes. */
struct fp_in {
	uint32_t fpcr, fpsr;
	uint64_t x[2], nzcv;
	u128 v[4];
};
struct fp_out {
	u128 v;
	uint64_t x;
	uint32_t fpsr, nzcv;
};

static uint64_t fp_seed;

static inline uint64_t fp_rnd(void)
{
	uint64_t z = fp_seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}
static inline unsigned fp_below(unsigned n) { return (unsigned)(fp_rnd() % n); }

/* One element of a size. */
static inline uint64_t fp_operand(unsigned f)
{
	static const uint8_t limits[] = {14, 15, 16, 30, 31, 32, 62, 63, 64};
	unsigned fb = f == FP_H ? 10 : f == FP_S ? 23 : 52, width = 8u << f;
	uint64_t fm = mask64(fb), em = mask64(width - 1 - fb), bias = em >> 1;
	uint64_t sign = (uint64_t)fp_below(2) << (width - 1), r = fp_rnd() & fm, e = bias;

	switch (fp_below(18)) {
	case 0: return sign;
	case 1: return sign | 1;
	case 2: return sign | r;
	case 3: return sign | fm;
	case 4: return sign | BIT(fb);
	case 5: return sign | ((em << fb) - 1);
	case 6: return sign | em << fb;
	case 7: return sign | em << fb | BIT(fb - 1) | r;
	case 8: return sign | em << fb | (r >> 1) | 1;
	case 9: return sign | bias << fb;
	case 10: /* few significant bits */
		e = MIN(bias - 5 + fp_below(70), em - 1);
		return sign | e << fb | (r & ~(fm >> fp_below(fb + 1)));
	case 11: /* about the limits of integers */
		e = MIN(bias + limits[fp_below(sizeof(limits))], em - 1);
		return sign | e << fb | (r & 1 ? 0 : r & 2 ? fm : fp_below(4));
	case 12: return sign | (bias - 2 + fp_below(4)) << fb | (fp_below(3) ? r : fm);
	case 13: return sign | (uint64_t)fp_below(3) << fb | r;
	case 14: return sign | (em - 1 - fp_below(3)) << fb | r;
	case 15: return sign | (bias + fp_below(fb)) << fb | r;
	case 16: return sign | (bias / 2 + fp_below((unsigned)bias)) << fb | (r & ~(fm >> fp_below(fb + 1)));
	default: return fp_rnd() & mask64(width);
	}
}

static inline u128 fp_operands(unsigned f)
{
	u128 r = 0;

	for (unsigned k = 0; k < 128; k += 8u << f)
		r |= (u128)fp_operand(f) << k;
	return r;
}

/* -(n * m) per lane, so that adding the product cancels; no NaNs, as hosts pick those by operand order. */
static inline u128 fp_cancelling(u128 n, u128 m, unsigned f)
{
	float s[3][4];
	double d[3][2];

	memcpy(f == FP_S ? (void *)s[0] : d[0], &n, 16);
	memcpy(f == FP_S ? (void *)s[1] : d[1], &m, 16);
	for (int k = 0; k < 4 && f == FP_S; k++)
		s[2][k] = __builtin_isnan(s[0][k] * s[1][k]) ? 1 : -(s[0][k] * s[1][k]);
	for (int k = 0; k < 2 && f != FP_S; k++)
		d[2][k] = __builtin_isnan(d[0][k] * d[1][k]) ? 1 : -(d[0][k] * d[1][k]);
	memcpy(&n, f == FP_S ? (void *)s[2] : d[2], 16);
	return n;
}

static inline uint64_t fp_integer(void)
{
	uint64_t x = fp_rnd();

	if (fp_below(2))
		x >>= fp_below(64);
	if (!fp_below(4))
		x = BIT(fp_below(64)) - fp_below(3);
	return fp_below(4) ? x : -x;
}

static inline struct fp_in fp_case(void)
{
	const uint32_t modes = FPCR_FZ16 | FPCR_FZ | FPCR_DN | FPCR_AHP;
	const u128 signs = (u128)UINT64_C(0x8000000080008000) << 64 | UINT64_C(0x8000000080008000);
	unsigned f = FP_H + fp_below(3);
	struct fp_in c = {.nzcv = fp_below(16) << 28};

	if (fp_below(3))
		c.fpcr = (fp_below(2) ? fp_below(4) << FPCR_RMODE_SHIFT : 0) | (fp_below(2) ? fp_rnd() & modes : 0);
	c.fpsr = fp_below(2) ? FPSR_IXC : fp_below(8) ? 0 : (uint32_t)fp_rnd() & 0x0800009f;
	for (int k = 0; k < 2; k++)
		c.x[k] = fp_integer();
	for (int k = 0; k < 4; k++)
		c.v[k] = fp_operands(fp_below(12) ? f : FP_H + fp_below(3));
	switch (fp_below(12)) {
	case 0: c.v[2] = c.v[1]; break;
	case 1: c.v[2] = c.v[1] ^ signs ^ fp_below(8); break;
	case 2:
	case 3:
		if (f != FP_H)
			c.v[0] = c.v[3] = fp_cancelling(c.v[1], c.v[2], f);
		break;
	default: break;
	}
	return c;
}

#endif
