/*
 * Reciprocal and reciprocal square root estimates: FPRecipEstimate,
 * FPRSqrtEstimate, FPRecpX.
 * The results are architected, eight bits of fraction.
 */
#include "ir/fp_est.h"

#include "ir/fp_core.h"
#include "ir/fp_lanes.h"
#include "ir/ops_fp.h"

unsigned fp_recip_estimate(unsigned a) { return ((1u << 19) / (2 * a + 1) + 1) / 2; }

unsigned fp_rsqrt_estimate(unsigned a)
{
	uint64_t b = 512; /* the largest below 2^14 / sqrt(a), and no less than this */

	a = a < 256 ? 2 * a + 1 : 2 * (a | 1);
	for (unsigned step = 256; step; step >>= 1)
		if (a * (b + step) * (b + step) < BIT(28))
			b += step;
	return (unsigned)(b + 1) / 2;
}

FP_INLINE uint64_t el_recpe(struct fpenv *env, uint64_t a, uint32_t imm, unsigned f)
{
	struct fp_num x = fp_unpack(env, a, f);
	int be;
	uint64_t frac;

	if (x.cls >= FP_QNAN)
		return fp_nan(env, a, f);
	if (x.cls == FP_INF)
		return fp_sign_at(x.sign, f);
	if (x.cls == FP_ZERO) {
		env->fpsr |= FPSR_DZC;
		return fp_infinity(x.sign, f);
	}
	if (x.exp < -1 - fp_bias(f)) { /* the reciprocal overflows */
		unsigned rm = fp_rmode(env);

		env->fpsr |= FPSR_OFC | FPSR_IXC;
		return rm == FPR_TIEEVEN || (rm == FPR_POSINF && !x.sign) || (rm == FPR_NEGINF && x.sign)
			       ? fp_infinity(x.sign, f)
			       : fp_maxnormal(x.sign, f);
	}
	if (fp_flushes(env, f) && x.exp >= fp_bias(f) - 1) {
		env->fpsr |= FPSR_UFC;
		return fp_sign_at(x.sign, f);
	}
	/* 1/x with x = s * 2^(exp + 1), s in [0.5, 1) of nine bits. */
	frac = (uint64_t)(fp_recip_estimate((unsigned)(x.sig >> 55)) & 255) << (fp_fbits(f) - 8);
	be = fp_bias(f) - 1 - x.exp;
	if (be <= 0) { /* 0 or -1: denormal; no bits are lost but in the shift */
		frac = (BIT(fp_fbits(f)) | frac) >> (1 - be);
		be = 0;
	}
	return fp_sign_at(x.sign, f) | (uint64_t)be << fp_fbits(f) | frac;
}

FP_INLINE uint64_t el_rsqrte(struct fpenv *env, uint64_t a, uint32_t imm, unsigned f)
{
	struct fp_num x = fp_unpack(env, a, f);
	uint64_t est;
	int e;

	if (x.cls >= FP_QNAN)
		return fp_nan(env, a, f);
	if (x.cls == FP_ZERO) {
		env->fpsr |= FPSR_DZC;
		return fp_infinity(x.sign, f);
	}
	if (x.sign)
		return fp_invalid(env, f);
	if (x.cls == FP_INF)
		return 0;
	/* x = s * 2^e with e even and s in [0.25, 1) of nine bits. */
	e = x.exp & 1 ? x.exp + 1 : x.exp + 2;
	est = fp_rsqrt_estimate((unsigned)(x.sig >> (x.exp & 1 ? 55 : 56)));
	return (uint64_t)(fp_bias(f) - e / 2) << fp_fbits(f) | (est & 255) << (fp_fbits(f) - 8);
}

/* FPRecpX(): exponent inverted, fraction cleared. */
FP_INLINE uint64_t el_recpx(struct fpenv *env, uint64_t a, uint32_t imm, unsigned f)
{
	struct fp_num x = fp_unpack(env, a, f);
	uint64_t emask = mask64(fp_ebits(f)), be = a >> fp_fbits(f) & emask;

	if (x.cls >= FP_QNAN)
		return fp_nan(env, a, f);
	return fp_sign_at(x.sign, f) | (be ? ~be & emask : emask - 1) << fp_fbits(f);
}

FP_OP1(fprecpe, el_recpe)
FP_OP1(fprsqrte, el_rsqrte)
FP_OP1(fprecpx, el_recpx)
