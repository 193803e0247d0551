/*
 * The short way: single and double arithmetic on the host's SSE unit, taken
 * only where it is bit-exact and its flags are known without looking.
 *
 * It is tried with FPCR at round-to-nearest without flush-to-zero and Inexact
 * already accumulated.  If the result is a finite number above the smallest
 * normal, then no operand was a NaN or infinite, nothing overflowed, nothing
 * was tiny before rounding, and Inexact is the only flag that could have been
 * raised.  Any other result is thrown away and computed by fp_arith_core.h.
 *
 * The host's MXCSR must round to nearest without FTZ/DAZ whenever FPCR does:
 * true for C code, and for translated code that mirrors FPCR in MXCSR.  Host
 * flags that a thrown-away attempt leaves behind belong to the true result
 * too (x86 detects tininess after rounding, which implies before).
 */
#ifndef PARMA_IR_FP_HOST_H
#define PARMA_IR_FP_HOST_H

#include <emmintrin.h>
#include <string.h>

#include "ir/fp_core.h"

FP_INLINE double fp_d(uint64_t x)
{
	double d;

	memcpy(&d, &x, sizeof(d));
	return d;
}
FP_INLINE float fp_s(uint64_t x)
{
	uint32_t w = (uint32_t)x;
	float s;

	memcpy(&s, &w, sizeof(s));
	return s;
}
FP_INLINE uint64_t fp_of_d(double d)
{
	uint64_t x;

	memcpy(&x, &d, sizeof(x));
	return x;
}
FP_INLINE uint64_t fp_of_s(float s)
{
	uint32_t x;

	memcpy(&x, &s, sizeof(x));
	return x;
}

FP_INLINE bool fp_host_ok(const struct fpenv *env, unsigned f)
{
	return f != FP_H && likely(!(env->fpcr & (FPCR_FZ | 3u << FPCR_RMODE_SHIFT)) && env->fpsr & FPSR_IXC);
}

FP_INLINE uint64_t fp_magnitude(uint64_t x, unsigned f) { return x & (fp_signbit(f) - 1); }

/* r is finite and larger than the smallest normal. */
FP_INLINE bool fp_host_sure(uint64_t r, unsigned f)
{
	const uint64_t least = BIT(fp_fbits(f)) + 1;

	return likely(fp_magnitude(r, f) - least < fp_infinity(0, f) - least);
}

#define FP_HOST2(op, a, b, f) ((f) == FP_D ? fp_of_d(fp_d(a) op fp_d(b)) : fp_of_s(fp_s(a) op fp_s(b)))

/* a + b or a - b; a zero sum is exact. */
FP_INLINE bool fp_host_add(const struct fpenv *env, uint64_t a, uint64_t b, unsigned f, bool sub, uint64_t *r)
{
	if (!fp_host_ok(env, f))
		return false;
	*r = sub ? FP_HOST2(-, a, b, f) : FP_HOST2(+, a, b, f);
	return fp_host_sure(*r, f) || !fp_magnitude(*r, f);
}

/* a * b; a zero product is exact if a factor is zero. */
FP_INLINE bool fp_host_mul(const struct fpenv *env, uint64_t a, uint64_t b, unsigned f, uint64_t *r)
{
	if (!fp_host_ok(env, f))
		return false;
	*r = FP_HOST2(*, a, b, f);
	return fp_host_sure(*r, f) || (!fp_magnitude(*r, f) && (!fp_magnitude(a, f) || !fp_magnitude(b, f)));
}

FP_INLINE bool fp_host_div(const struct fpenv *env, uint64_t a, uint64_t b, unsigned f, uint64_t *r)
{
	if (!fp_host_ok(env, f))
		return false;
	*r = FP_HOST2(/, a, b, f);
	/* Infinity as divisor gives zero: not sure. */
	return fp_host_sure(*r, f);
}

FP_INLINE bool fp_host_sqrt(const struct fpenv *env, uint64_t a, unsigned f, uint64_t *r)
{
	if (!fp_host_ok(env, f) || a & fp_signbit(f))
		return false;
	/* The instruction; sqrt() would look after errno. */
	*r = f == FP_D ? fp_of_d(_mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(fp_d(a)))))
		       : fp_of_s(_mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(fp_s(a)))));
	return fp_host_sure(*r, f);
}

static inline __attribute__((target("fma"))) uint64_t fp_host_fma_d(uint64_t a, uint64_t x, uint64_t y)
{
	return fp_of_d(__builtin_fma(fp_d(x), fp_d(y), fp_d(a)));
}
static inline __attribute__((target("fma"))) uint64_t fp_host_fma_s(uint64_t a, uint64_t x, uint64_t y)
{
	return fp_of_s(__builtin_fmaf(fp_s(x), fp_s(y), fp_s(a)));
}

/* a + x * y, on hosts with FMA. */
FP_INLINE bool fp_host_muladd(const struct fpenv *env, uint64_t a, uint64_t x, uint64_t y, unsigned f, uint64_t *r)
{
	if (!fp_host_ok(env, f) || !__builtin_cpu_supports("fma"))
		return false;
	*r = f == FP_D ? fp_host_fma_d(a, x, y) : fp_host_fma_s(a, x, y);
	return fp_host_sure(*r, f);
}

#endif
