/*
 * Advanced SIMD floating-point arithmetic: three registers of the same type,
 * two-register miscellaneous, pairwise, across lanes, complex, half into
 * single and bfloat16; scalar forms beside their vector ones.
 */
#include "a64/sem/fp_common.h"

/* One line a mnemonic: vectors of single or double (_v) and half (_vh); FP_xD: and scalar forms (_d, _dh). */
#define FP_THREE(name, expr) \
	SEM(name##_v) FP_BODY2(fpi_vec(FP_S + i->sz, i->q), expr) \
	SEM(name##_vh) FP_BODY2(fpi_vec(FP_H, i->q), expr)
#define FP_THREE_D(name, expr) \
	FP_THREE(name, expr) \
	SEM(name##_d) FP_BODY2(fpi_scalar(FP_S + i->sz), expr) \
	SEM(name##_dh) FP_BODY2(fpi_scalar(FP_H), expr)
#define FP_ACC(name, expr) \
	SEM(name##_v) FP_BODY3(fpi_vec(FP_S + i->sz, i->q), expr) \
	SEM(name##_vh) FP_BODY3(fpi_vec(FP_H, i->q), expr)
#define FP_TWO(name, expr) \
	SEM(name##_v) FP_BODY1(fpi_vec(FP_S + i->sz, i->q), expr) \
	SEM(name##_vh) FP_BODY1(fpi_vec(FP_H, i->q), expr)
#define FP_SCALAR(name, expr) \
	SEM(name##_d) FP_BODY1(fpi_scalar(FP_S + i->sz), expr) \
	SEM(name##_dh) FP_BODY1(fpi_scalar(FP_H), expr)
#define FP_TWO_D(name, expr) FP_TWO(name, expr) FP_SCALAR(name, expr)

FP_THREE(FADD, fpadd(e, n, m, imm))
FP_THREE(FSUB, fpsub(e, n, m, imm))
FP_THREE(FMUL, fpmul(e, n, m, imm))
FP_THREE(FDIV, fpdiv(e, n, m, imm))
FP_THREE(FMAX, fpmax(e, n, m, imm))
FP_THREE(FMIN, fpmin(e, n, m, imm))
FP_THREE(FMAXNM, fpmaxnm(e, n, m, imm))
FP_THREE(FMINNM, fpminnm(e, n, m, imm))
FP_THREE_D(FMULX, fpmulx(e, n, m, imm))
FP_THREE_D(FABD, fpabs(e, fpsub(e, n, m, imm), imm))
FP_THREE_D(FRECPS, fprecps(e, n, m, imm))
FP_THREE_D(FRSQRTS, fprsqrts(e, n, m, imm))
FP_THREE_D(FCMEQ, fpcmv(e, n, m, imm | fpi_cond(FPC_EQ)))
FP_THREE_D(FCMGE, fpcmv(e, n, m, imm | fpi_cond(FPC_GE)))
FP_THREE_D(FCMGT, fpcmv(e, n, m, imm | fpi_cond(FPC_GT)))
FP_THREE_D(FACGE, fpcmv(e, n, m, imm | fpi_cond(FPC_GE) | FPI_ABS))
FP_THREE_D(FACGT, fpcmv(e, n, m, imm | fpi_cond(FPC_GT) | FPI_ABS))
FP_ACC(FMLA, fpmla(e, d, n, m, imm))
FP_ACC(FMLS, fpmla(e, d, n, m, imm | FPI_NEG_N))

FP_TWO(FABS, fpabs(e, n, imm))
FP_TWO(FNEG, fpneg(e, n, imm))
FP_TWO(FSQRT, fpsqrt(e, n, imm))
FP_TWO_D(FRECPE, fprecpe(e, n, imm))
FP_TWO_D(FRSQRTE, fprsqrte(e, n, imm))
FP_SCALAR(FRECPX, fprecpx(e, n, imm))
FP_TWO_D(FCMEQ0, fpcmv(e, n, fp_zero(e), imm | fpi_cond(FPC_EQ)))
FP_TWO_D(FCMGE0, fpcmv(e, n, fp_zero(e), imm | fpi_cond(FPC_GE)))
FP_TWO_D(FCMGT0, fpcmv(e, n, fp_zero(e), imm | fpi_cond(FPC_GT)))
FP_TWO_D(FCMLE0, fpcmv(e, fp_zero(e), n, imm | fpi_cond(FPC_GE)))
FP_TWO_D(FCMLT0, fpcmv(e, fp_zero(e), n, imm | fpi_cond(FPC_GT)))

/* Pairwise: neighbours of n, then of m. */
#define FP_PAIRS(name, op) \
	SEM(name##_v) \
	FP_BODY2(fpi_vec(FP_S + i->sz, i->q), \
		 op(e, fp_even(e, n, m, FP_S + i->sz, i->q), fp_odd(e, n, m, FP_S + i->sz, i->q), imm)) \
	SEM(name##_vh) \
	FP_BODY2(fpi_vec(FP_H, i->q), op(e, fp_even(e, n, m, FP_H, i->q), fp_odd(e, n, m, FP_H, i->q), imm))

FP_PAIRS(FADDP, fpadd)
FP_PAIRS(FMAXP, fpmax)
FP_PAIRS(FMINP, fpmin)
FP_PAIRS(FMAXNMP, fpmaxnm)
FP_PAIRS(FMINNMP, fpminnm)

typedef v128 fp_op2(E *, v128, v128, uint32_t);

/* Reduce() of 1 << log2 elements as a tree: op of neighbours until one is left. */
static inline v128 fp_reduce(E *e, v128 n, unsigned size, unsigned log2, fp_op2 *op)
{
	while (log2--)
		n = op(e, vuzp1(e, n, n, size), vuzp2(e, n, n, size), fpi_lanes(size, log2));
	return n;
}

SEM(FADDP_d) FP_BODY1(FP_S + i->sz, fp_reduce(e, n, imm, 1, fpadd))
SEM(FADDP_dh) FP_BODY1(FP_H, fp_reduce(e, n, imm, 1, fpadd))
SEM(FMAXP_d) FP_BODY1(FP_S + i->sz, fp_reduce(e, n, imm, 1, i->min ? fpmin : fpmax))
SEM(FMAXP_dh) FP_BODY1(FP_H, fp_reduce(e, n, imm, 1, i->min ? fpmin : fpmax))
SEM(FMAXNMP_d) FP_BODY1(FP_S + i->sz, fp_reduce(e, n, imm, 1, i->min ? fpminnm : fpmaxnm))
SEM(FMAXNMP_dh) FP_BODY1(FP_H, fp_reduce(e, n, imm, 1, i->min ? fpminnm : fpmaxnm))
SEM(FMAXV_v) FP_BODY1(FP_S, fp_reduce(e, n, imm, 2, i->min ? fpmin : fpmax))
SEM(FMAXV_vh) FP_BODY1(FP_H, fp_reduce(e, n, imm, 2 + i->q, i->min ? fpmin : fpmax))
SEM(FMAXNMV_v) FP_BODY1(FP_S, fp_reduce(e, n, imm, 2, i->min ? fpminnm : fpmaxnm))
SEM(FMAXNMV_vh) FP_BODY1(FP_H, fp_reduce(e, n, imm, 2 + i->q, i->min ? fpminnm : fpmaxnm))

/* FEAT_FCMA: elements are real and imaginary parts. */
SEM(FCADD_v) FP_BODY2(fpi_vec(i->size, i->q) | fpi_rot(i->rot ? 3 : 1), fcadd(e, n, m, imm))
SEM(FCMLA_v) FP_BODY3(fpi_vec(i->size, i->q) | fpi_rot(i->rot), fcmla(e, d, n, m, imm))

/* FEAT_FHM: the halves at the bottom of (plain) or in the upper part of (2) each 64 << q bits. */
static inline v128 fmlal_part(E *e, v128 n, unsigned q, unsigned two)
{
	if (!two)
		return n;
	return v_from(e, q ? v_hi(e, n) : shr64(e, v_lo(e, n), 32));
}
#define FMLAL_IMM (fpi_vec(FP_S, i->q) | (i->sub ? FPI_NEG_N : 0))
SEM(FMLAL_v) FP_BODY3(FMLAL_IMM, fmlal(e, d, n, m, imm))
SEM(FMLAL2_v) FP_BODY3(FMLAL_IMM, fmlal(e, d, fmlal_part(e, n, i->q, 1), fmlal_part(e, m, i->q, 1), imm))

/* FEAT_BF16 */
SEM(BFDOT_v) FP_BODY3(fpi_vec(FP_S, i->q), bfdot(e, d, n, m, imm))
SEM(BFMMLA_v) FP_BODY3(0, bfmmla(e, d, n, m))
#define BF_TOP (fpi_vec(FP_S, 1) | (i->top ? FPI_ODD : 0))
SEM(BFMLAL_v) FP_BODY3(fpi_vec(FP_S, 1), fpmla(e, d, bfwiden(e, n, BF_TOP), bfwiden(e, m, BF_TOP), imm))

/* FMOV (vector, immediate) */
#define FMOV_V(size, dup, q) \
	{ \
		if (check_fp(e)) { \
			uint64_t k = fp_expand_imm((unsigned)(i->abc << 5 | i->defgh), size) * (dup); \
			set_v(e, i->rd, vk128(e, k, (q) ? k : 0)); \
		} \
	}
SEM(FMOV_v_h) FMOV_V(FP_H, UINT64_C(0x0001000100010001), i->q)
SEM(FMOV_v_s) FMOV_V(FP_S, UINT64_C(0x0000000100000001), i->q)
SEM(FMOV_v_d) FMOV_V(FP_D, UINT64_C(1), 1)
