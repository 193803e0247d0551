/*
 * Floating-point arithmetic, minimum and maximum, sign operations: meaning of
 * the first rows of ops_fp.def, lane by lane.  Reached from the reference
 * interpreter and, for the cases that host instructions do not cover, from
 * translated code; re-entrant, touches nothing but its struct fpenv.
 */
#include "ir/fp_arith_core.h"
#include "ir/fp_host.h"
#include "ir/fp_lanes.h"
#include "ir/ops_fp.h"

FP_INLINE uint64_t el_add(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	return fp_addsub(env, a, b, f, 0);
}
FP_INLINE uint64_t el_sub(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	return fp_addsub(env, a, b, f, 1);
}
FP_INLINE uint64_t el_mul(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	return fp_mul(env, a, b, f, false);
}
FP_INLINE uint64_t el_mulx(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	return fp_mul(env, a, b, f, true);
}
FP_INLINE uint64_t el_div(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	return fp_div(env, a, b, f);
}
FP_INLINE uint64_t el_sqrt(struct fpenv *env, uint64_t a, uint32_t imm, unsigned f) { return fp_sqrt(env, a, f); }
FP_INLINE uint64_t el_max(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	return fp_maxmin(env, a, b, f, true);
}
FP_INLINE uint64_t el_min(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	return fp_maxmin(env, a, b, f, false);
}
FP_INLINE uint64_t el_maxnm(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	return fp_maxminnm(env, a, b, f, true);
}
FP_INLINE uint64_t el_minnm(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	return fp_maxminnm(env, a, b, f, false);
}

/* The long way apart, so that the short one is a leaf function. */
#define FP_SOFT2(name, fn) \
	static __attribute__((noinline)) u128 name(struct fpenv *env, u128 a, u128 b, uint32_t imm); \
	FP_OP2_AS(name, fn)
FP_SOFT2(soft_add, el_add)
FP_SOFT2(soft_sub, el_sub)
FP_SOFT2(soft_mul, el_mul)
FP_SOFT2(soft_div, el_div)
static __attribute__((noinline)) u128 soft_sqrt(struct fpenv *env, u128 a, uint32_t imm);
FP_OP1_AS(soft_sqrt, el_sqrt)

u128 c_fpadd(struct fpenv *env, u128 a, u128 b, uint32_t imm)
{
	u128 r;

	return FP_HOST2(env, a, b, imm, add, true, &r) ? r : soft_add(env, a, b, imm);
}
u128 c_fpsub(struct fpenv *env, u128 a, u128 b, uint32_t imm)
{
	u128 r;

	return FP_HOST2(env, a, b, imm, sub, true, &r) ? r : soft_sub(env, a, b, imm);
}
u128 c_fpmul(struct fpenv *env, u128 a, u128 b, uint32_t imm)
{
	u128 r;

	return FP_HOST2(env, a, b, imm, mul, false, &r) ? r : soft_mul(env, a, b, imm);
}
u128 c_fpdiv(struct fpenv *env, u128 a, u128 b, uint32_t imm)
{
	u128 r;

	return FP_HOST2(env, a, b, imm, div, false, &r) ? r : soft_div(env, a, b, imm);
}
u128 c_fpsqrt(struct fpenv *env, u128 a, uint32_t imm)
{
	u128 r;

	/* Of a negative number the host makes a NaN, which is not sure. */
	if (fp_host_ok(env) && (imm & FP_HOST_SHAPE) == FP_HOST_D &&
	    fp_host_put_sd(&r, _mm_sqrt_sd(_mm_setzero_pd(), fp_sd(a)), false))
		return r;
	if (fp_host_ok(env) && (imm & FP_HOST_SHAPE) == FP_HOST_S &&
	    fp_host_put_ss(&r, _mm_sqrt_ss(fp_ss(a)), false))
		return r;
	return soft_sqrt(env, a, imm);
}

FP_OP2(fpmulx, el_mulx)
FP_OP2(fpmax, el_max)
FP_OP2(fpmin, el_min)
FP_OP2(fpmaxnm, el_maxnm)
FP_OP2(fpminnm, el_minnm)
