/*
 * Advanced SIMD vector and scalar by element: the second operand is one lane
 * of Vm, repeated.  Arm ARM C4.1.96.
 */
#ifndef PARMA_A64_SEM_SIMD_ELEM_H
#define PARMA_A64_SEM_SIMD_ELEM_H

#include "a64/sem/simd_util.h"

/* 16-bit lanes are numbered H:L:M and live in V0..V15, 32-bit ones H:L in M:Vm. */
static inline v128 by_elem(E *e, unsigned es, unsigned h, unsigned l, unsigned m, unsigned rm)
{
	if (es == 1)
		return vdupl(e, get_v(e, rm), VI(1, h << 2 | l << 1 | m));
	return vdupl(e, get_v(e, m << 4 | rm), VI(2, h << 1 | l));
}

#define Em by_elem(e, i->size, i->h, i->l, i->m, i->rm)
SIMD(MUL_ve, CUT(vmul(e, Vn, Em, i->size)))
SIMD(MLA_ve, CUT(vadd(e, Vd, vmul(e, Vn, Em, i->size), i->size)))
SIMD(MLS_ve, CUT(vsub(e, Vd, vmul(e, Vn, Em, i->size), i->size)))
SIMD(SQDMULH_ve, vsqdmulh(e, Qn, Em, i->size))
SIMD(SQRDMULH_ve, vsqrdmulh(e, Qn, Em, i->size))
SIMD(SQRDMLAH_ve, vsqrdmlah(e, Qd, Qn, Em, i->size))
SIMD(SQRDMLSH_ve, vsqrdmlsh(e, Qd, Qn, Em, i->size))

#define SMULL vsmull(e, Vn, Em, HALF(i->size))
#define UMULL vumull(e, Vn, Em, HALF(i->size))
#define SQDMULL vsqdmull(e, Vn, Em, HALF(i->size))
SIMD(SMULL_ve, SMULL)
SIMD(UMULL_ve, UMULL)
SIMD(SMLAL_ve, vadd(e, Vd, SMULL, WIDE))
SIMD(UMLAL_ve, vadd(e, Vd, UMULL, WIDE))
SIMD(SMLSL_ve, vsub(e, Vd, SMULL, WIDE))
SIMD(UMLSL_ve, vsub(e, Vd, UMULL, WIDE))
SIMD(SQDMULL_ve, SQDMULL)
SIMD(SQDMLAL_ve, vsqadd(e, Vd, SQDMULL, WIDE))
SIMD(SQDMLSL_ve, vsqsub(e, Vd, SQDMULL, WIDE))
#undef SMULL
#undef UMULL
#undef SQDMULL

/* Four bytes are one element here. */
#define E4 by_elem(e, 2, i->h, i->l, i->m, i->rm)
SIMD(SDOT_ve, CUT(vsdot(e, Vd, Vn, E4)))
SIMD(UDOT_ve, CUT(vudot(e, Vd, Vn, E4)))
SIMD(USDOT_ve, CUT(vusdot(e, Vd, Vn, E4)))
SIMD(SUDOT_ve, CUT(vusdot(e, Vd, E4, Vn)))
#undef E4

#define SQDMULL vsqdmull(e, Sn, Em, i->size)
SIMD(SQDMULL_se, SQDMULL)
SIMD(SQDMLAL_se, vsqadd(e, v_lane0(e, Vd, WIDE), SQDMULL, WIDE))
SIMD(SQDMLSL_se, vsqsub(e, v_lane0(e, Vd, WIDE), SQDMULL, WIDE))
#undef SQDMULL
SIMD(SQDMULH_se, vsqdmulh(e, Sn, Em, i->size))
SIMD(SQRDMULH_se, vsqrdmulh(e, Sn, Em, i->size))
SIMD(SQRDMLAH_se, vsqrdmlah(e, Sd, Sn, Em, i->size))
SIMD(SQRDMLSH_se, vsqrdmlsh(e, Sd, Sn, Em, i->size))
#undef Em

#endif
