/*
 * Software floating point, the core: numbers are unpacked into class, sign,
 * exponent and a 64-bit significand, computed on with integers, and rounded
 * once.  It follows the Arm manual's shared pseudocode (FPUnpack, FPRound,
 * FPProcessNaN, FPProcessNaNs3; Arm DDI 0487 section J1.3), with FPCR.AH,
 * NEP and FIZ absent.
 *
 * Everything here is parametrised by the format and meant to be inlined with
 * a constant one, so that a compiler makes straight code for each of half,
 * single, double and bfloat16.  Private to the fp_*.c files.
 *
 * A finite value is (-1)^sign * sig * 2^(exp - 63), bit 63 of sig set.
 * Bits of sig that were lost below bit 0 are ORed into bit 0 ("jam").
 */
#ifndef PARMA_IR_FP_CORE_H
#define PARMA_IR_FP_CORE_H

#include "base/bits.h"
#include "ir/fp_imm.h"
#include "ir/value.h"

#define FP_INLINE static inline __attribute__((always_inline, unused))
#define FP_COLD static __attribute__((noinline, cold, unused))

#define FP_BF 0u /* bfloat16: a size of its own in this file only */

/* In an order that lets "either is a NaN" be a comparison. */
enum fp_class { FP_ZERO, FP_NUM, FP_INF, FP_QNAN, FP_SNAN };

struct fp_num {
	uint64_t sig;
	int exp;
	unsigned cls;
	unsigned sign;
};

FP_INLINE unsigned fp_width(unsigned f) { return f == FP_BF ? 16 : 8u << f; }
FP_INLINE unsigned fp_fbits(unsigned f) { return f == FP_H ? 10 : f == FP_S ? 23 : f == FP_D ? 52 : 7; }
FP_INLINE unsigned fp_ebits(unsigned f) { return fp_width(f) - 1 - fp_fbits(f); }
FP_INLINE int fp_bias(unsigned f) { return (1 << (fp_ebits(f) - 1)) - 1; }
FP_INLINE uint64_t fp_signbit(unsigned f) { return BIT(fp_width(f) - 1); }
FP_INLINE uint64_t fp_quietbit(unsigned f) { return BIT(fp_fbits(f) - 1); }

FP_INLINE uint64_t fp_sign_at(unsigned sign, unsigned f) { return (uint64_t)sign << (fp_width(f) - 1); }
FP_INLINE uint64_t fp_infinity(unsigned sign, unsigned f)
{
	return fp_sign_at(sign, f) | mask64(fp_ebits(f)) << fp_fbits(f);
}
FP_INLINE uint64_t fp_maxnormal(unsigned sign, unsigned f) { return fp_infinity(sign, f) - 1; }
FP_INLINE uint64_t fp_defnan(unsigned f) { return fp_infinity(0, f) | fp_quietbit(f); }
/* (-1)^sign * 2^e for a normal e, with the top fraction bit set if half. */
FP_INLINE uint64_t fp_pow2(unsigned sign, int e, unsigned half, unsigned f)
{
	return fp_sign_at(sign, f) | (uint64_t)(e + fp_bias(f)) << fp_fbits(f) | (uint64_t)half << (fp_fbits(f) - 1);
}

FP_INLINE unsigned fp_rmode(const struct fpenv *env) { return env->fpcr >> FPCR_RMODE_SHIFT & 3; }
FP_INLINE bool fp_flushes(const struct fpenv *env, unsigned f)
{
	return env->fpcr & (f == FP_H ? FPCR_FZ16 : FPCR_FZ);
}

FP_INLINE uint64_t fp_shr_jam(uint64_t x, unsigned n)
{
	if (n >= 64)
		return x != 0;
	return n ? x >> n | ((x << (64 - n)) != 0) : x;
}
FP_INLINE u128 fp_shr_jam128(u128 x, unsigned n)
{
	if (n >= 128)
		return x != 0;
	return n ? x >> n | ((x << (128 - n)) != 0) : x;
}

/* FPUnpackBase(): `flush` says whether denormals count as zero, `ahp` whether this is an alternative half. */
FP_INLINE struct fp_num fp_unpack_as(struct fpenv *env, uint64_t x, unsigned f, bool flush, bool ahp)
{
	uint64_t frac = x & mask64(fp_fbits(f));
	unsigned be = (unsigned)(x >> fp_fbits(f)) & (unsigned)mask64(fp_ebits(f));
	struct fp_num r = {.sign = bit(x, fp_width(f) - 1)};

	if (likely(be - 1 < mask64(fp_ebits(f)) - 1 || (ahp && be))) {
		r.cls = FP_NUM;
		r.sig = BIT(63) | frac << (63 - fp_fbits(f));
		r.exp = (int)be - fp_bias(f);
	} else if (be) {
		r.cls = !frac ? FP_INF : frac & fp_quietbit(f) ? FP_QNAN : FP_SNAN;
	} else if (!frac) {
		r.cls = FP_ZERO;
	} else if (flush) {
		r.cls = FP_ZERO;
		if (f != FP_H) /* FZ16 flushes silently */
			env->fpsr |= FPSR_IDC;
	} else {
		unsigned lz = (unsigned)__builtin_clzll(frac);

		r.cls = FP_NUM;
		r.sig = frac << lz;
		r.exp = 1 - fp_bias(f) + (int)(63 - lz) - (int)fp_fbits(f);
	}
	return r;
}

FP_INLINE struct fp_num fp_unpack(struct fpenv *env, uint64_t x, unsigned f)
{
	return fp_unpack_as(env, x, f, fp_flushes(env, f), false);
}

/* FPRoundBase(). */
FP_INLINE uint64_t fp_round_as(struct fpenv *env, unsigned sign, int exp, uint64_t sig, unsigned f, unsigned rm,
			       bool flush, bool ahp)
{
	const unsigned drop = 63 - fp_fbits(f);
	const uint64_t half = BIT(drop - 1), low = mask64(drop);
	int be = exp + fp_bias(f);
	const int bmax = (int)mask64(fp_ebits(f));
	uint64_t rem, r;
	bool up;

	if (unlikely(be <= 0)) {
		if (flush) {
			env->fpsr |= FPSR_UFC;
			return fp_sign_at(sign, f);
		}
		sig = fp_shr_jam(sig, (unsigned)(1 - be));
		be = 0;
		if (sig & low)
			env->fpsr |= FPSR_UFC;
	}
	rem = sig & low;
	r = sig >> drop;
	switch (rm) {
	case FPR_TIEEVEN: up = rem > half || (rem == half && r & 1); break;
	case FPR_POSINF: up = rem && !sign; break;
	case FPR_NEGINF: up = rem && sign; break;
	case FPR_TIEAWAY: up = rem >= half; break;
	case FPR_ODD: r |= rem != 0; up = false; break;
	default: up = false; break;
	}
	r += up;
	/* The leading bit of r adds one to the exponent field; so does a carry out of the rounding. */
	if (be)
		r += (uint64_t)(be - 1) << fp_fbits(f);
	be = (int)(r >> fp_fbits(f));
	if (unlikely(ahp ? be > bmax : be >= bmax)) {
		if (ahp) {
			env->fpsr |= FPSR_IOC;
			return fp_sign_at(sign, f) | mask64(15);
		}
		env->fpsr |= FPSR_OFC | FPSR_IXC;
		if (rm == FPR_ZERO || rm == FPR_ODD || (rm == FPR_POSINF && sign) || (rm == FPR_NEGINF && !sign))
			return fp_maxnormal(sign, f);
		return fp_infinity(sign, f);
	}
	if (rem)
		env->fpsr |= FPSR_IXC;
	return fp_sign_at(sign, f) | r;
}

FP_INLINE uint64_t fp_round(struct fpenv *env, unsigned sign, int exp, uint64_t sig, unsigned f)
{
	return fp_round_as(env, sign, exp, sig, f, fp_rmode(env), fp_flushes(env, f), false);
}

FP_INLINE uint64_t fp_invalid(struct fpenv *env, unsigned f)
{
	env->fpsr |= FPSR_IOC;
	return fp_defnan(f);
}

/* FPProcessNaN(). */
FP_INLINE uint64_t fp_nan(struct fpenv *env, uint64_t x, unsigned f)
{
	if (!(x & fp_quietbit(f)))
		env->fpsr |= FPSR_IOC;
	return env->fpcr & FPCR_DN ? fp_defnan(f) : x | fp_quietbit(f);
}

/* FPProcessNaNs(): at least one of the two is a NaN. */
FP_INLINE uint64_t fp_nans(struct fpenv *env, unsigned ca, uint64_t a, unsigned cb, uint64_t b, unsigned f)
{
	return fp_nan(env, ca == FP_SNAN || (cb != FP_SNAN && ca == FP_QNAN) ? a : b, f);
}

/* Sign of an exact zero that is the sum of values of different sign. */
FP_INLINE uint64_t fp_zero_sum(const struct fpenv *env, unsigned f)
{
	return fp_sign_at(fp_rmode(env) == FPR_NEGINF, f);
}

#endif
