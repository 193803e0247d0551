/*
 * Shared by the bodies of simd_*.h: operands of the usual fields, and what
 * narrower forms do to the rest of the register.
 *
 * A 64-bit form (Q=0) and a scalar one zero what is above their result.
 * Where saturation counts, the operands are cut instead, as a lane of zeros
 * neither saturates nor becomes anything else (ir/ops_vec.def).
 */
#ifndef PARMA_A64_SEM_SIMD_UTIL_H
#define PARMA_A64_SEM_SIMD_UTIL_H

/* A body that traps if SIMD is off and else writes one vector register. */
#define SIMD(name, result) \
	SEM(name) \
	{ \
		if (check_fp(e)) \
			set_v(e, i->rd, result); \
	}

/* Result cut to the form's size. */
#define CUT(a) cut(e, i->q, a)
#define CUT64(a) v_zero_hi(e, a)

/* Operands: V whole, Q cut to the form's size, S lane 0 only. */
#define Vn get_v(e, i->rn)
#define Vm get_v(e, i->rm)
#define Vd get_v(e, i->rd)
#define Qn CUT(Vn)
#define Qm CUT(Vm)
#define Qd CUT(Vd)
#define Sn v_lane0(e, Vn, i->size)
#define Sm v_lane0(e, Vm, i->size)
#define Sd v_lane0(e, Vd, i->size)

/* Of forms that widen: the immediate for the source half that Q chooses, and the wide element. */
#define HALF(es) ((uint32_t)(es) | (i->q ? VI_HI : 0))
#define WIDE (i->size + 1u)

/* Narrow results go to the half that Q chooses; the lower one clears the other. */
#define NARROW(a) (i->q ? vzip1(e, Vd, a, 3) : (a))

static inline v128 cut(E *e, bool q, v128 a) { return q ? a : v_zero_hi(e, a); }

/* pattern (the low element of es) in every lane */
static inline v128 lanes(E *e, unsigned es, uint64_t pattern)
{
	for (unsigned s = es; s < 3; s++)
		pattern = (pattern & mask64(8u << s)) | pattern << (8u << s);
	return v_const(e, pattern);
}

/* Even and odd elements of the concatenation m:n, in the low half if Q=0. */
static inline v128 evens(E *e, bool q, v128 n, v128 m, unsigned es)
{
	if (!q)
		n = m = vzip1(e, n, m, 3);
	return vuzp1(e, n, m, es);
}

static inline v128 odds(E *e, bool q, v128 n, v128 m, unsigned es)
{
	if (!q)
		n = m = vzip1(e, n, m, 3);
	return vuzp2(e, n, m, es);
}

#endif
