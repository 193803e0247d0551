/*
 * Advanced SIMD floating point by element: one lane (or pair of lanes) of Vm
 * against every lane of Vn.
 */
#include "a64/sem/fp_common.h"

/* Lane `index` of Vm in every lane.  Half: H:L:M of 16 registers; single: H:L; double: H. */
#define EL_H vdupl(e, get_v(e, i->rm), VI(FP_H, i->h << 2 | i->l << 1 | i->m))
#define EL_SD vdupl(e, get_v(e, i->rm), VI(FP_S + i->sz, i->sz ? i->h : i->h << 1 | i->l))

#define FP_EL_BODY(imm_, el, expr) \
	{ \
		if (check_fp(e)) { \
			const uint32_t imm = (imm_); \
			v128 n = get_v(e, i->rn), m = el, d __attribute__((unused)) = get_v(e, i->rd); \
			set_v(e, i->rd, (expr)); \
		} \
	}
#define FP_EL(name, expr) \
	SEM(name##_el) FP_EL_BODY(fpi_vec(FP_S + i->sz, i->q), EL_SD, expr) \
	SEM(name##_elh) FP_EL_BODY(fpi_vec(FP_H, i->q), EL_H, expr) \
	SEM(name##_eld) FP_EL_BODY(fpi_scalar(FP_S + i->sz), EL_SD, expr) \
	SEM(name##_eldh) FP_EL_BODY(fpi_scalar(FP_H), EL_H, expr)

FP_EL(FMLA, fpmla(e, d, n, m, imm))
FP_EL(FMLS, fpmla(e, d, n, m, imm | FPI_NEG_N))
FP_EL(FMUL, fpmul(e, n, m, imm))
FP_EL(FMULX, fpmulx(e, n, m, imm))

SEM(FMLAL_el) FP_EL_BODY(fpi_vec(FP_S, i->q) | (i->sub ? FPI_NEG_N : 0), EL_H, fmlal(e, d, n, m, imm))
SEM(FMLAL2_el)
FP_EL_BODY(fpi_vec(FP_S, i->q) | (i->sub ? FPI_NEG_N : 0), EL_H, fmlal(e, d, fmlal_part(e, n, i->q, 1), m, imm))

/* A complex number is a pair of lanes: an element of twice the size. */
#define EL_PAIR(size, index) vdupl(e, get_v(e, i->rm), VI((size) + 1, index))
SEM(FCMLA_elh)
FP_EL_BODY(fpi_vec(FP_H, i->q) | fpi_rot(i->rot), EL_PAIR(FP_H, i->h << 1 | i->l), fcmla(e, d, n, m, imm))
SEM(FCMLA_el) FP_EL_BODY(fpi_vec(FP_S, 1) | fpi_rot(i->rot), EL_PAIR(FP_S, i->h), fcmla(e, d, n, m, imm))

/* So is a pair of bfloat16 numbers. */
SEM(BFDOT_el) FP_EL_BODY(fpi_vec(FP_S, i->q), EL_PAIR(FP_H, i->h << 1 | i->l), bfdot(e, d, n, m, imm))
SEM(BFMLAL_el)
FP_EL_BODY(fpi_vec(FP_S, 1), EL_H, fpmla(e, d, bfwiden(e, n, BF_TOP), bfwiden(e, m, fpi_vec(FP_S, 1)), imm))
