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
	uint64_t r;

	return fp_host_add(env, a, b, f, false, &r) ? r : fp_addsub(env, a, b, f, 0);
}
FP_INLINE uint64_t el_sub(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	uint64_t r;

	return fp_host_add(env, a, b, f, true, &r) ? r : fp_addsub(env, a, b, f, 1);
}
FP_INLINE uint64_t el_mul(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	uint64_t r;

	return fp_host_mul(env, a, b, f, &r) ? r : fp_mul(env, a, b, f, false);
}
FP_INLINE uint64_t el_mulx(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	return fp_mul(env, a, b, f, true);
}
FP_INLINE uint64_t el_div(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	uint64_t r;

	return fp_host_div(env, a, b, f, &r) ? r : fp_div(env, a, b, f);
}
FP_INLINE uint64_t el_sqrt(struct fpenv *env, uint64_t a, uint32_t imm, unsigned f)
{
	uint64_t r;

	return fp_host_sqrt(env, a, f, &r) ? r : fp_sqrt(env, a, f);
}
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

FP_OP2(fpadd, el_add)
FP_OP2(fpsub, el_sub)
FP_OP2(fpmul, el_mul)
FP_OP2(fpmulx, el_mulx)
FP_OP2(fpdiv, el_div)
FP_OP1(fpsqrt, el_sqrt)
FP_OP2(fpmax, el_max)
FP_OP2(fpmin, el_min)
FP_OP2(fpmaxnm, el_maxnm)
FP_OP2(fpminnm, el_minnm)
