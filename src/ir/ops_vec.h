/*
 * Meaning of the operations of ops_vec.def over concrete values.  The small
 * ones are here; those with a choice of lane size are functions in vec_*.c
 * (also what translated code calls for a row without a lowering).  QC rows
 * take the environment first.
 */
#ifndef PARMA_IR_OPS_VEC_H
#define PARMA_IR_OPS_VEC_H

#include "base/types.h"
#include "ir/value.h"

/* Immediates; the layout is described in ops_vec.def. */
#define VI_HI (1u << 4)
#define VI(es, n) ((uint32_t)(es) | (uint32_t)(n) << 8)
#define VI2(es, n, m) (VI(es, n) | (uint32_t)(m) << 16)
#define VI_ES(imm) ((imm) & 3)
#define VI_N(imm) ((imm) >> 8 & 0xff)
#define VI_M(imm) ((imm) >> 16 & 0xff)

static inline u128 c_vand(u128 a, u128 b) { return a & b; }
static inline u128 c_vor(u128 a, u128 b) { return a | b; }
static inline u128 c_vxor(u128 a, u128 b) { return a ^ b; }
static inline u128 c_vandn(u128 a, u128 b) { return a & ~b; }
static inline u128 c_vorn(u128 a, u128 b) { return a | ~b; }
static inline u128 c_vnot(u128 a) { return ~a; }
static inline u128 c_vbsel(u128 a, u128 b, u128 c) { return (a & b) | (~a & c); }
static inline u128 c_v_zero_hi(u128 a) { return (uint64_t)a; }
static inline u128 c_v_lane0(u128 a, uint32_t imm)
{
	return (uint64_t)a & ~UINT64_C(0) >> (64 - (8u << VI_ES(imm)));
}

/* Prototypes of all other rows, from the table. */
#define T_Q uint64_t
#define T_V u128
#define ENV_P
#define ENV_QC struct fpenv *env,
#define DEF1(n, R, A, p) R c_##n(ENV_##p A a);
#define DEF1I(n, R, A, p) R c_##n(ENV_##p A a, uint32_t imm);
#define DEF2(n, R, A, B, p) R c_##n(ENV_##p A a, B b);
#define DEF2I(n, R, A, B, p) R c_##n(ENV_##p A a, B b, uint32_t imm);
#define DEF3(n, R, A, B, C, p) R c_##n(ENV_##p A a, B b, C c);
#define DEF3I(n, R, A, B, C, p) R c_##n(ENV_##p A a, B b, C c, uint32_t imm);
#include "ir/ops_sigs.h"
#define OP(name, sig, props) SIG_##sig(name, props)
#define PARMA_OPS_VEC_NO_INLINE
#include "ir/ops_vec.def"
#undef PARMA_OPS_VEC_NO_INLINE
#undef OP
#undef T_Q
#undef T_V
#undef ENV_P
#undef ENV_QC
#undef DEF1
#undef DEF1I
#undef DEF2
#undef DEF2I
#undef DEF3
#undef DEF3I

#endif
