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
 * true for C code, and for translated code, which mirrors FPCR in MXCSR.  Host
 * flags that a thrown-away attempt leaves behind belong to the true result
 * too (x86 detects tininess after rounding, which implies before).
 */
#ifndef PARMA_IR_FP_HOST_H
#define PARMA_IR_FP_HOST_H

#include <immintrin.h>

#include "ir/fp_core.h"

/* May the host try? */
FP_INLINE bool fp_host_ok(const struct fpenv *env)
{
	return likely(!(env->fpcr & (FPCR_FZ | 3u << FPCR_RMODE_SHIFT)) && env->fpsr & FPSR_IXC);
}

/* The shapes that it takes: imm & FP_HOST_SHAPE. */
enum {
	FP_HOST_SHAPE = 15,
	FP_HOST_S = FP_S,
	FP_HOST_D = FP_D,
	FP_HOST_2S = FP_S | 1 << 2,
	FP_HOST_4S = FP_S | 2 << 2,
	FP_HOST_2D = FP_D | 1 << 2,
};

FP_INLINE __m128i fp_m128(u128 x) { return _mm_set_epi64x((long long)(x >> 64), (long long)x); }
FP_INLINE u128 fp_of_m128(__m128i m)
{
	return (u128)(uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(m, m)) << 64 | (uint64_t)_mm_cvtsi128_si64(m);
}
/*
 * What the compiler must take as it is: it may believe that flags do not matter, divide two lanes with zeros beside them
 * where four were given, or compute before it is known whether the host may try.
 */
FP_INLINE __m128i fp_opaque(__m128i m)
{
	__asm__("" : "+x"(m));
	return m;
}
FP_INLINE __m128 fp_ps(u128 x) { return _mm_castsi128_ps(fp_opaque(fp_m128(x))); }
FP_INLINE __m128d fp_pd(u128 x) { return _mm_castsi128_pd(fp_opaque(fp_m128(x))); }
/* A 64-bit vector twice: what is above it must raise no flags. */
FP_INLINE __m128 fp_2ps(u128 x) { return fp_ps((u128)(uint64_t)x << 64 | (uint64_t)x); }
FP_INLINE __m128 fp_ss(u128 x) { return _mm_castsi128_ps(fp_opaque(_mm_cvtsi32_si128((int)x))); }
FP_INLINE __m128d fp_sd(u128 x) { return _mm_castsi128_pd(fp_opaque(_mm_cvtsi64_si128((long long)x))); }

FP_INLINE uint64_t fp_magnitude(uint64_t x, unsigned f) { return x & (fp_signbit(f) - 1); }

/* r is finite and larger than the smallest normal, or a zero that is known to be exact. */
FP_INLINE bool fp_sure(uint64_t r, unsigned f, bool zero_ok)
{
	const uint64_t least = BIT(fp_fbits(f)) + 1;

	return likely(fp_magnitude(r, f) - least < fp_infinity(0, f) - least) || (zero_ok && !fp_magnitude(r, f));
}

/* The same for `lanes` singles of a register. */
FP_INLINE bool fp_sure_ps(__m128 r, unsigned lanes, bool zero_ok)
{
	__m128i mag = _mm_and_si128(_mm_castps_si128(r), _mm_set1_epi32(0x7fffffff));
	__m128i good = _mm_and_si128(_mm_cmpgt_epi32(mag, _mm_set1_epi32(1 << 23)),
				     _mm_cmpgt_epi32(_mm_set1_epi32(0x7f800000), mag));
	int want = (1 << (4 * lanes)) - 1;

	if (zero_ok)
		good = _mm_or_si128(good, _mm_cmpeq_epi32(mag, _mm_setzero_si128()));
	return likely((_mm_movemask_epi8(good) & want) == want);
}

/* Results of host instructions, cut to their lanes; false: not sure. */
FP_INLINE bool fp_host_put_ss(u128 *r, __m128 s, bool zero_ok)
{
	uint32_t x = (uint32_t)_mm_cvtsi128_si32(_mm_castps_si128(s));

	*r = x;
	return fp_sure(x, FP_S, zero_ok);
}
FP_INLINE bool fp_host_put_sd(u128 *r, __m128d d, bool zero_ok)
{
	uint64_t x = (uint64_t)_mm_cvtsi128_si64(_mm_castpd_si128(d));

	*r = x;
	return fp_sure(x, FP_D, zero_ok);
}
FP_INLINE bool fp_host_put_ps(u128 *r, __m128 s, unsigned lanes, bool zero_ok)
{
	*r = lanes == 2 ? (uint64_t)_mm_cvtsi128_si64(_mm_castps_si128(s)) : fp_of_m128(_mm_castps_si128(s));
	return fp_sure_ps(s, lanes, zero_ok);
}
FP_INLINE bool fp_host_put_pd(u128 *r, __m128d d, bool zero_ok)
{
	*r = fp_of_m128(_mm_castpd_si128(d));
	return fp_sure((uint64_t)*r, FP_D, zero_ok) && fp_sure((uint64_t)(*r >> 64), FP_D, zero_ok);
}

/*
 * One two-operand operation in every shape: `op` is add, sub, mul or div in
 * the names of the intrinsics.  A sum of zero is exact, so zero_ok.
 */
#define FP_HOST2(env, a, b, imm, op, zero_ok, r) \
	(fp_host_ok(env) && \
	 ((imm & FP_HOST_SHAPE) == FP_HOST_D ? fp_host_put_sd(r, _mm_##op##_sd(fp_sd(a), fp_sd(b)), zero_ok) \
	  : (imm & FP_HOST_SHAPE) == FP_HOST_S ? fp_host_put_ss(r, _mm_##op##_ss(fp_ss(a), fp_ss(b)), zero_ok) \
	  : (imm & FP_HOST_SHAPE) == FP_HOST_4S ? fp_host_put_ps(r, _mm_##op##_ps(fp_ps(a), fp_ps(b)), 4, zero_ok) \
	  : (imm & FP_HOST_SHAPE) == FP_HOST_2D ? fp_host_put_pd(r, _mm_##op##_pd(fp_pd(a), fp_pd(b)), zero_ok) \
	  : (imm & FP_HOST_SHAPE) == FP_HOST_2S ? fp_host_put_ps(r, _mm_##op##_ps(fp_2ps(a), fp_2ps(b)), 2, zero_ok) \
						: false))

/* a + n * m; to be called in functions with target("fma"). */
#define FP_HOST_MLA(a, n, m, imm, r) \
	((imm & FP_HOST_SHAPE) == FP_HOST_D ? fp_host_put_sd(r, _mm_fmadd_sd(fp_sd(n), fp_sd(m), fp_sd(a)), false) \
	 : (imm & FP_HOST_SHAPE) == FP_HOST_S ? fp_host_put_ss(r, _mm_fmadd_ss(fp_ss(n), fp_ss(m), fp_ss(a)), false) \
	 : (imm & FP_HOST_SHAPE) == FP_HOST_4S ? fp_host_put_ps(r, _mm_fmadd_ps(fp_ps(n), fp_ps(m), fp_ps(a)), 4, false) \
	 : (imm & FP_HOST_SHAPE) == FP_HOST_2D ? fp_host_put_pd(r, _mm_fmadd_pd(fp_pd(n), fp_pd(m), fp_pd(a)), false) \
	 : (imm & FP_HOST_SHAPE) == FP_HOST_2S ? fp_host_put_ps(r, _mm_fmadd_ps(fp_2ps(n), fp_2ps(m), fp_2ps(a)), 2, false) \
					       : false)

#endif
