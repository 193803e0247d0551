/*
 * Fused multiply-add in all its forms: FPMulAdd, the Newton-Raphson steps,
 * complex numbers (FEAT_FCMA) and half into single (FEAT_FHM).
 */
#include "ir/fp_arith_core.h"
#include "ir/fp_host.h"
#include "ir/fp_lanes.h"
#include "ir/ops_fp.h"

/* FPMulAdd() per lane. */
FP_INLINE u128 mla_lanes(struct fpenv *env, u128 a, u128 bn, u128 bm, uint32_t imm, unsigned f)
{
	union fp_vec acc = {a}, n = {bn}, m = {bm}, r = {0};
	uint64_t neg_a = imm & FPI_NEG_A ? fp_signbit(f) : 0, neg_n = imm & FPI_NEG_N ? fp_signbit(f) : 0;

	for (unsigned k = 0, lanes = fp_count(imm, f); k < lanes; k++)
		fp_set_lane(&r, f, k,
			    fp_muladd(env, fp_lane(&acc, f, k) ^ neg_a, fp_lane(&n, f, k) ^ neg_n,
				      fp_lane(&m, f, k), f));
	return r.q;
}

/*
 * The long way apart, so that the short one is a leaf function; all of the
 * same arguments, so that they stay where they are.
 */
static __attribute__((noinline)) u128 soft_mla(struct fpenv *env, u128 a, u128 n, u128 m, uint32_t imm)
{
	switch (fpi_get_size(imm)) {
	case FP_H: return mla_lanes(env, a, n, m, imm, FP_H);
	case FP_S: return mla_lanes(env, a, n, m, imm, FP_S);
	default: return mla_lanes(env, a, n, m, imm, FP_D);
	}
}

__attribute__((target("fma"), noinline)) static u128 host_mla(struct fpenv *env, u128 a, u128 n, u128 m, uint32_t imm)
{
	u128 x = a, y = n, r;

	if (imm & (FPI_NEG_A | FPI_NEG_N)) {
		u128 signs = fp_sign_mask(imm);

		x ^= imm & FPI_NEG_A ? signs : 0;
		y ^= imm & FPI_NEG_N ? signs : 0;
	}
	return FP_HOST_MLA(x, y, m, imm, &r) ? r : soft_mla(env, a, n, m, imm);
}

u128 c_fpmla(struct fpenv *env, u128 a, u128 n, u128 m, uint32_t imm)
{
	if (fp_host_ok(env) && __builtin_cpu_supports("fma"))
		return host_mla(env, a, n, m, imm);
	return soft_mla(env, a, n, m, imm);
}

FP_INLINE uint64_t el_recps(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	return fp_step(env, a, b, f, false);
}
FP_INLINE uint64_t el_rsqrts(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	return fp_step(env, a, b, f, true);
}

FP_OP2(fprecps, el_recps)
FP_OP2(fprsqrts, el_rsqrts)

/* Lanes are (real, imaginary) pairs; b is turned by a quarter or three quarters and added. */
FP_INLINE u128 fcadd_lanes(struct fpenv *env, u128 a, u128 b, uint32_t imm, unsigned f)
{
	union fp_vec x = {a}, y = {b}, r = {0};
	const uint64_t neg = fp_signbit(f);
	bool three = fpi_get_rot(imm) == 3;

	for (unsigned k = 0, n = fp_count(imm, f); k + 1 < n; k += 2) {
		uint64_t re = fp_lane(&y, f, k + 1), im = fp_lane(&y, f, k);

		if (three)
			im ^= neg;
		else
			re ^= neg;
		fp_set_lane(&r, f, k, fp_addsub(env, fp_lane(&x, f, k), re, f, 0));
		fp_set_lane(&r, f, k + 1, fp_addsub(env, fp_lane(&x, f, k + 1), im, f, 0));
	}
	return r.q;
}

u128 c_fcadd(struct fpenv *env, u128 a, u128 b, uint32_t imm)
{
	switch (fpi_get_size(imm)) {
	case FP_H: return fcadd_lanes(env, a, b, imm, FP_H);
	case FP_S: return fcadd_lanes(env, a, b, imm, FP_S);
	default: return fcadd_lanes(env, a, b, imm, FP_D);
	}
}

/*
 * One of the four partial products of a complex multiply-add: the real (even
 * rotations) or imaginary part of each number of n, times m turned.
 */
FP_INLINE u128 fcmla_lanes(struct fpenv *env, u128 a, u128 bn, u128 bm, uint32_t imm, unsigned f)
{
	union fp_vec acc = {a}, n = {bn}, m = {bm}, r = {0};
	const uint64_t neg = fp_signbit(f);
	unsigned rot = fpi_get_rot(imm), odd = rot & 1;

	for (unsigned k = 0, lanes = fp_count(imm, f); k + 1 < lanes; k += 2) {
		uint64_t factor = fp_lane(&n, f, k + odd);
		uint64_t re = fp_lane(&m, f, k + odd), im = fp_lane(&m, f, k + !odd);

		if (rot == 1 || rot == 2)
			re ^= neg;
		if (rot == 2 || rot == 3)
			im ^= neg;
		fp_set_lane(&r, f, k, fp_muladd(env, fp_lane(&acc, f, k), factor, re, f));
		fp_set_lane(&r, f, k + 1, fp_muladd(env, fp_lane(&acc, f, k + 1), factor, im, f));
	}
	return r.q;
}

u128 c_fcmla(struct fpenv *env, u128 a, u128 n, u128 m, uint32_t imm)
{
	switch (fpi_get_size(imm)) {
	case FP_H: return fcmla_lanes(env, a, n, m, imm, FP_H);
	case FP_S: return fcmla_lanes(env, a, n, m, imm, FP_S);
	default: return fcmla_lanes(env, a, n, m, imm, FP_D);
	}
}

/* A half NaN, processed, as a single one (FPConvertNaN of FPProcessNaN). */
static uint64_t widen_nan(struct fpenv *env, uint64_t x)
{
	x = fp_nan(env, x, FP_H);
	return fp_infinity(bit(x, 15), FP_S) | (x & mask64(10)) << 13;
}

/* FPMulAddH(). */
static uint64_t muladd_h(struct fpenv *env, uint64_t a, uint64_t bx, uint64_t by)
{
	struct fp_num n = fp_unpack(env, a, FP_S), x = fp_unpack(env, bx, FP_H), y = fp_unpack(env, by, FP_H);

	if (likely(x.cls == FP_NUM && y.cls == FP_NUM && n.cls <= FP_NUM))
		return fp_fma(env, n, x, y, 0, FP_S);
	if (n.cls < FP_QNAN && x.cls < FP_QNAN && y.cls < FP_QNAN)
		return fp_muladd_special(env, n, x, y, FP_S);
	if (n.cls == FP_QNAN && fp_inf_times_zero(x.cls, y.cls))
		return fp_invalid(env, FP_S);
	if (n.cls == FP_SNAN || (n.cls == FP_QNAN && x.cls != FP_SNAN && y.cls != FP_SNAN))
		return fp_nan(env, a, FP_S);
	return widen_nan(env, x.cls == FP_SNAN || (x.cls == FP_QNAN && y.cls != FP_SNAN) ? bx : by);
}

u128 c_fmlal(struct fpenv *env, u128 a, u128 bn, u128 bm, uint32_t imm)
{
	union fp_vec acc = {a}, n = {bn}, m = {bm}, r = {0};

	for (unsigned k = 0, lanes = fp_count(imm, FP_S); k < lanes; k++)
		r.s[k] = (uint32_t)muladd_h(env, acc.s[k], n.h[k] ^ (imm & FPI_NEG_N ? fp_signbit(FP_H) : 0), m.h[k]);
	return r.q;
}
