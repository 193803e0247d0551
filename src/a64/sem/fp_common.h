/*
 * What the floating-point bodies share.  Each body is one FP_BODY*(): the
 * trap check, the operands by their manual names (n, m, a; d for the old
 * destination) and one expression for the new value of Vd.  Immediates of
 * the operations: ir/fp_imm.h.
 */
#ifndef PARMA_A64_SEM_FP_COMMON_H
#define PARMA_A64_SEM_FP_COMMON_H

#include "ir/fp_imm.h"
#include "ir/ops_vec.h"

/* Element size of a scalar instruction's ftype: 0 single, 1 double, 3 half. */
static inline unsigned fp_type(unsigned ftype) { return ftype == 3 ? FP_H : FP_S + ftype; }

#define FP_BODY1(imm_, expr) \
	{ \
		if (check_fp(e)) { \
			const uint32_t imm __attribute__((unused)) = (imm_); \
			v128 n = get_v(e, i->rn); \
			set_v(e, i->rd, (expr)); \
		} \
	}
#define FP_BODY2(imm_, expr) \
	{ \
		if (check_fp(e)) { \
			const uint32_t imm = (imm_); \
			v128 n = get_v(e, i->rn), m = get_v(e, i->rm); \
			set_v(e, i->rd, (expr)); \
		} \
	}
#define FP_BODY3(imm_, expr) \
	{ \
		if (check_fp(e)) { \
			const uint32_t imm __attribute__((unused)) = (imm_); \
			v128 n = get_v(e, i->rn), m = get_v(e, i->rm), d = get_v(e, i->rd); \
			set_v(e, i->rd, (expr)); \
		} \
	}

/* The vector of 64 << q bits that takes the even (odd) elements of m:n. */
static inline v128 fp_even(E *e, v128 n, v128 m, unsigned size, unsigned q)
{
	if (!q)
		n = m = v_from2(e, v_lo(e, n), v_lo(e, m));
	return vuzp1(e, n, m, size);
}
static inline v128 fp_odd(E *e, v128 n, v128 m, unsigned size, unsigned q)
{
	if (!q)
		n = m = v_from2(e, v_lo(e, n), v_lo(e, m));
	return vuzp2(e, n, m, size);
}

/* Comparison with zero: v_const() of nothing. */
static inline v128 fp_zero(E *e) { return v_const(e, 0); }

/* The source half that a "2" form (q = 1) or its plain form reads, at the bottom. */
static inline v128 fp_half(E *e, v128 n, unsigned q) { return q ? v_from(e, v_hi(e, n)) : n; }

/* Vd of a narrowing instruction: `low` written to the half that q names, the other kept or zero. */
static inline v128 fp_narrowed(E *e, v128 d, v128 low, unsigned q)
{
	return q ? v_from2(e, v_lo(e, d), v_lo(e, low)) : low;
}

/* VFPExpandImm(). */
static inline uint64_t fp_expand_imm(unsigned imm8, unsigned size)
{
	unsigned ebits = size == FP_H ? 5 : size == FP_S ? 8 : 11, width = 8u << size, fbits = width - 1 - ebits;
	uint64_t b = imm8 >> 6 & 1;
	uint64_t exp = (b ^ 1) << (ebits - 1) | (b ? ((UINT64_C(1) << (ebits - 3)) - 1) << 2 : 0) | (imm8 >> 4 & 3);

	return (uint64_t)(imm8 >> 7) << (width - 1) | exp << fbits | (uint64_t)(imm8 & 15) << (fbits - 4);
}

#endif
