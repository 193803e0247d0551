/*
 * Software floating point: arithmetic on one element, generic over the format
 * (see fp_core.h).  Each function is the pseudocode function of the same name
 * in the Arm manual, section J1.3.  Private to the fp_*.c files.
 */
#ifndef PARMA_IR_FP_ARITH_CORE_H
#define PARMA_IR_FP_ARITH_CORE_H

#include "ir/fp_core.h"

/* Sum of two finite, non-zero numbers. */
FP_INLINE uint64_t fp_sum(struct fpenv *env, struct fp_num x, struct fp_num y, unsigned f)
{
	uint64_t sig;
	unsigned lz;

	if (x.exp < y.exp || (x.exp == y.exp && x.sig < y.sig)) {
		struct fp_num t = x;

		x = y;
		y = t;
	}
	/* One bit of headroom; formats leave at least ten bits below. */
	y.sig = fp_shr_jam(y.sig >> 1, (unsigned)(x.exp - y.exp));
	x.sig >>= 1;
	sig = x.sign == y.sign ? x.sig + y.sig : x.sig - y.sig;
	if (!sig)
		return fp_zero_sum(env, f);
	lz = (unsigned)__builtin_clzll(sig);
	return fp_round(env, x.sign, x.exp + 1 - (int)lz, sig << lz, f);
}

FP_INLINE uint64_t fp_addsub(struct fpenv *env, uint64_t a, uint64_t b, unsigned f, unsigned sub)
{
	struct fp_num x = fp_unpack(env, a, f), y = fp_unpack(env, b, f);

	if (likely(x.cls == FP_NUM && y.cls == FP_NUM)) {
		y.sign ^= sub;
		return fp_sum(env, x, y, f);
	}
	if (x.cls >= FP_QNAN || y.cls >= FP_QNAN)
		return fp_nans(env, x.cls, a, y.cls, b, f);
	y.sign ^= sub;
	if (x.cls == FP_INF)
		return y.cls == FP_INF && x.sign != y.sign ? fp_invalid(env, f) : fp_infinity(x.sign, f);
	if (y.cls == FP_INF)
		return fp_infinity(y.sign, f);
	if (x.cls == FP_ZERO && y.cls == FP_ZERO)
		return x.sign == y.sign ? fp_sign_at(x.sign, f) : fp_zero_sum(env, f);
	if (x.cls == FP_ZERO)
		x = y;
	return fp_round(env, x.sign, x.exp, x.sig, f);
}

FP_INLINE uint64_t fp_product(struct fpenv *env, struct fp_num x, struct fp_num y, unsigned f)
{
	u128 p = (u128)x.sig * y.sig;
	uint64_t hi = (uint64_t)(p >> 64), lo = (uint64_t)p;
	unsigned carry = (unsigned)(hi >> 63);

	if (!carry) {
		hi = hi << 1 | lo >> 63;
		lo <<= 1;
	}
	return fp_round(env, x.sign ^ y.sign, x.exp + y.exp + (int)carry, hi | (lo != 0), f);
}

/* FPMul() and, with x, FPMulX(). */
FP_INLINE uint64_t fp_mul(struct fpenv *env, uint64_t a, uint64_t b, unsigned f, bool mulx)
{
	struct fp_num x = fp_unpack(env, a, f), y = fp_unpack(env, b, f);
	unsigned sign = x.sign ^ y.sign;

	if (likely(x.cls == FP_NUM && y.cls == FP_NUM))
		return fp_product(env, x, y, f);
	if (x.cls >= FP_QNAN || y.cls >= FP_QNAN)
		return fp_nans(env, x.cls, a, y.cls, b, f);
	if (x.cls == FP_INF || y.cls == FP_INF) {
		if (x.cls == FP_ZERO || y.cls == FP_ZERO)
			return mulx ? fp_pow2(sign, 1, 0, f) : fp_invalid(env, f);
		return fp_infinity(sign, f);
	}
	return fp_sign_at(sign, f);
}

FP_INLINE uint64_t fp_div(struct fpenv *env, uint64_t a, uint64_t b, unsigned f)
{
	struct fp_num x = fp_unpack(env, a, f), y = fp_unpack(env, b, f);
	unsigned sign = x.sign ^ y.sign;

	if (likely(x.cls == FP_NUM && y.cls == FP_NUM)) {
		/* The dividend's high word is below the divisor, so that the quotient fits 64 bits. */
		unsigned ge = x.sig >= y.sig;
		u128 n = (u128)x.sig << (64 - ge);
		uint64_t q = (uint64_t)(n / y.sig), r = (uint64_t)n - q * y.sig;

		return fp_round(env, sign, x.exp - y.exp - 1 + (int)ge, q | (r != 0), f);
	}
	if (x.cls >= FP_QNAN || y.cls >= FP_QNAN)
		return fp_nans(env, x.cls, a, y.cls, b, f);
	if (x.cls == y.cls) /* both zero, both infinite */
		return fp_invalid(env, f);
	if (x.cls == FP_INF)
		return fp_infinity(sign, f);
	if (y.cls == FP_ZERO) {
		env->fpsr |= FPSR_DZC;
		return fp_infinity(sign, f);
	}
	return fp_sign_at(sign, f);
}

FP_INLINE uint64_t fp_sqrt(struct fpenv *env, uint64_t a, unsigned f)
{
	struct fp_num x = fp_unpack(env, a, f);
	uint64_t root = 1, rem;
	u128 n;

	if (x.cls >= FP_QNAN)
		return fp_nan(env, a, f);
	if (x.cls == FP_ZERO)
		return fp_sign_at(x.sign, f);
	if (x.sign)
		return fp_invalid(env, f);
	if (x.cls == FP_INF)
		return fp_infinity(0, f);
	/* Digit by digit: significand in [1, 4) at bits 63..62 of the radicand, two of its bits a step. */
	n = x.exp & 1 ? (u128)x.sig << 1 : (u128)x.sig;
	rem = (uint64_t)(n >> 63) - 1;
	n <<= 65;
	for (unsigned k = 0; k < fp_fbits(f) + 2; k++) {
		uint64_t t = root << 2 | 1;

		rem = rem << 2 | (uint64_t)(n >> 126);
		n <<= 2;
		root <<= 1;
		if (rem >= t) {
			rem -= t;
			root |= 1;
		}
	}
	root <<= 63 - (fp_fbits(f) + 2);
	return fp_round(env, 0, x.exp >> 1, root | (rem || n), f);
}

/* FPMax() and FPMin() of operands that are not NaNs. */
FP_INLINE uint64_t fp_pick(struct fp_num x, uint64_t a, struct fp_num y, uint64_t b, unsigned f, bool max)
{
	bool first;

	if (x.cls == FP_ZERO && y.cls == FP_ZERO)
		return fp_sign_at(max ? x.sign & y.sign : x.sign | y.sign, f);
	if (x.cls == FP_ZERO)
		a = fp_sign_at(x.sign, f);
	if (y.cls == FP_ZERO)
		b = fp_sign_at(y.sign, f);
	/* Same sign: the encodings order the magnitudes. */
	if (x.sign != y.sign)
		first = max ? y.sign : x.sign;
	else
		first = max ^ x.sign ? a > b : a < b;
	return first ? a : b;
}

FP_INLINE uint64_t fp_maxmin(struct fpenv *env, uint64_t a, uint64_t b, unsigned f, bool max)
{
	struct fp_num x = fp_unpack(env, a, f), y = fp_unpack(env, b, f);

	if (x.cls >= FP_QNAN || y.cls >= FP_QNAN)
		return fp_nans(env, x.cls, a, y.cls, b, f);
	return fp_pick(x, a, y, b, f, max);
}

/* FPMaxNum() and FPMinNum(): a single quiet NaN loses against any number. */
FP_INLINE uint64_t fp_maxminnm(struct fpenv *env, uint64_t a, uint64_t b, unsigned f, bool max)
{
	struct fp_num x = fp_unpack(env, a, f), y = fp_unpack(env, b, f);

	if (x.cls == FP_QNAN && y.cls < FP_QNAN)
		return y.cls == FP_ZERO ? fp_sign_at(y.sign, f) : b;
	if (y.cls == FP_QNAN && x.cls < FP_QNAN)
		return x.cls == FP_ZERO ? fp_sign_at(x.sign, f) : a;
	if (x.cls >= FP_QNAN || y.cls >= FP_QNAN)
		return fp_nans(env, x.cls, a, y.cls, b, f);
	return fp_pick(x, a, y, b, f, max);
}

/*
 * A product of finite, non-zero numbers plus a (finite, maybe zero), times
 * 2^scale, rounded once.
 */
FP_INLINE uint64_t fp_fma(struct fpenv *env, struct fp_num a, struct fp_num x, struct fp_num y, int scale, unsigned f)
{
	u128 p = (u128)x.sig * y.sig, s;
	int exp = x.exp + y.exp + 1;
	unsigned sign = x.sign ^ y.sign, lz;
	uint64_t hi;

	if (!(uint64_t)(p >> 127)) {
		p <<= 1;
		exp--;
	}
	if (a.cls == FP_NUM) {
		u128 q = (u128)a.sig << 64;

		if (a.exp > exp || (a.exp == exp && q > p)) {
			u128 t = p;
			int te = exp;
			unsigned ts = sign;

			p = q;
			exp = a.exp;
			sign = a.sign;
			q = t;
			a.exp = te;
			a.sign = ts;
		}
		q = fp_shr_jam128(q >> 1, (unsigned)(exp - a.exp));
		p >>= 1;
		s = sign == a.sign ? p + q : p - q;
		exp++;
		if (!s)
			return fp_zero_sum(env, f);
		hi = (uint64_t)(s >> 64);
		lz = hi ? (unsigned)__builtin_clzll(hi) : 64 + (unsigned)__builtin_clzll((uint64_t)s);
		s <<= lz;
		exp -= (int)lz;
	} else {
		s = p;
	}
	return fp_round(env, sign, exp + scale, (uint64_t)(s >> 64) | ((uint64_t)s != 0), f);
}

/* FPProcessNaNs3(): at least one of the three is a NaN. */
FP_INLINE uint64_t fp_nans3(struct fpenv *env, unsigned ca, uint64_t a, unsigned cx, uint64_t x, unsigned cy, uint64_t y,
			    unsigned f)
{
	if (ca == FP_SNAN)
		return fp_nan(env, a, f);
	if (cx == FP_SNAN || cy == FP_SNAN)
		return fp_nans(env, cx, x, cy, y, f);
	return ca == FP_QNAN ? fp_nan(env, a, f) : fp_nans(env, cx, x, cy, y, f);
}

FP_INLINE bool fp_inf_times_zero(unsigned cx, unsigned cy)
{
	return (cx == FP_INF && cy == FP_ZERO) || (cx == FP_ZERO && cy == FP_INF);
}

/* FPMulAdd() when an operand is zero or infinite (no NaN). */
FP_INLINE uint64_t fp_muladd_special(struct fpenv *env, struct fp_num n, struct fp_num x, struct fp_num y, unsigned f)
{
	unsigned sp = x.sign ^ y.sign;
	bool infp = x.cls == FP_INF || y.cls == FP_INF;

	if (fp_inf_times_zero(x.cls, y.cls) || (n.cls == FP_INF && infp && n.sign != sp))
		return fp_invalid(env, f);
	if (n.cls == FP_INF)
		return fp_infinity(n.sign, f);
	if (infp)
		return fp_infinity(sp, f);
	/* The product is zero. */
	if (n.cls == FP_ZERO)
		return n.sign == sp ? fp_sign_at(sp, f) : fp_zero_sum(env, f);
	return fp_round(env, n.sign, n.exp, n.sig, f);
}

/* FPMulAdd(): a + x * y. */
FP_INLINE uint64_t fp_muladd(struct fpenv *env, uint64_t a, uint64_t bx, uint64_t by, unsigned f)
{
	struct fp_num n = fp_unpack(env, a, f), x = fp_unpack(env, bx, f), y = fp_unpack(env, by, f);

	if (likely(x.cls == FP_NUM && y.cls == FP_NUM && n.cls <= FP_NUM))
		return fp_fma(env, n, x, y, 0, f);
	if (n.cls >= FP_QNAN || x.cls >= FP_QNAN || y.cls >= FP_QNAN) {
		uint64_t r = fp_nans3(env, n.cls, a, x.cls, bx, y.cls, by, f);

		return n.cls == FP_QNAN && fp_inf_times_zero(x.cls, y.cls) ? fp_invalid(env, f) : r;
	}
	return fp_muladd_special(env, n, x, y, f);
}

/* FPRecipStepFused() and FPRSqrtStepFused(): (c - a*b) * 2^-h with c = 2, h = 0 or c = 3, h = 1. */
FP_INLINE uint64_t fp_step(struct fpenv *env, uint64_t a, uint64_t b, unsigned f, bool rsqrt)
{
	struct fp_num x, y, c = {.cls = FP_NUM, .exp = 1, .sig = rsqrt ? BIT(63) | BIT(62) : BIT(63)};

	a ^= fp_signbit(f);
	x = fp_unpack(env, a, f);
	y = fp_unpack(env, b, f);
	if (likely(x.cls == FP_NUM && y.cls == FP_NUM))
		return fp_fma(env, c, x, y, rsqrt ? -1 : 0, f);
	if (x.cls >= FP_QNAN || y.cls >= FP_QNAN)
		return fp_nans(env, x.cls, a, y.cls, b, f);
	if ((x.cls == FP_INF || y.cls == FP_INF) && !fp_inf_times_zero(x.cls, y.cls))
		return fp_infinity(x.sign ^ y.sign, f);
	return rsqrt ? fp_pow2(0, 0, 1, f) : fp_pow2(0, 1, 0, f);
}

#endif
