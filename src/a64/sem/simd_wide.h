/*
 * Advanced SIMD three different (long, wide and narrow forms) and its scalar
 * forms.  Arm ARM C4.1.96.
 */
#ifndef PARMA_A64_SEM_SIMD_WIDE_H
#define PARMA_A64_SEM_SIMD_WIDE_H

#include "a64/sem/simd_util.h"

#define SXn vsxtl(e, Vn, HALF(i->size))
#define SXm vsxtl(e, Vm, HALF(i->size))
#define UXn vuxtl(e, Vn, HALF(i->size))
#define UXm vuxtl(e, Vm, HALF(i->size))
SIMD(SADDL_v, vadd(e, SXn, SXm, WIDE))
SIMD(UADDL_v, vadd(e, UXn, UXm, WIDE))
SIMD(SSUBL_v, vsub(e, SXn, SXm, WIDE))
SIMD(USUBL_v, vsub(e, UXn, UXm, WIDE))
SIMD(SADDW_v, vadd(e, Vn, SXm, WIDE))
SIMD(UADDW_v, vadd(e, Vn, UXm, WIDE))
SIMD(SSUBW_v, vsub(e, Vn, SXm, WIDE))
SIMD(USUBW_v, vsub(e, Vn, UXm, WIDE))
#undef SXn
#undef SXm
#undef UXn
#undef UXm

/* An absolute difference fits the narrow lane without sign, whatever the operands' signs. */
#define SABDL vuxtl(e, vsabd(e, Vn, Vm, i->size), HALF(i->size))
#define UABDL vuxtl(e, vuabd(e, Vn, Vm, i->size), HALF(i->size))
SIMD(SABDL_v, SABDL)
SIMD(UABDL_v, UABDL)
SIMD(SABAL_v, vadd(e, Vd, SABDL, WIDE))
SIMD(UABAL_v, vadd(e, Vd, UABDL, WIDE))
#undef SABDL
#undef UABDL

/* Upper halves of wide lanes, with half of the lower half's range added first if rounding. */
#define HIGH(a) NARROW(vxtn(e, vushr(e, a, VI(WIDE, 8u << i->size)), i->size))
#define ROUND lanes(e, WIDE, UINT64_C(1) << ((8u << i->size) - 1))
SIMD(ADDHN_v, HIGH(vadd(e, Vn, Vm, WIDE)))
SIMD(SUBHN_v, HIGH(vsub(e, Vn, Vm, WIDE)))
SIMD(RADDHN_v, HIGH(vadd(e, vadd(e, Vn, Vm, WIDE), ROUND, WIDE)))
SIMD(RSUBHN_v, HIGH(vadd(e, vsub(e, Vn, Vm, WIDE), ROUND, WIDE)))
#undef HIGH
#undef ROUND

#define SMULL vsmull(e, Vn, Vm, HALF(i->size))
#define UMULL vumull(e, Vn, Vm, HALF(i->size))
#define SQDMULL vsqdmull(e, Vn, Vm, HALF(i->size))
SIMD(SMULL_v, SMULL)
SIMD(UMULL_v, UMULL)
SIMD(SMLAL_v, vadd(e, Vd, SMULL, WIDE))
SIMD(UMLAL_v, vadd(e, Vd, UMULL, WIDE))
SIMD(SMLSL_v, vsub(e, Vd, SMULL, WIDE))
SIMD(UMLSL_v, vsub(e, Vd, UMULL, WIDE))
SIMD(SQDMULL_v, SQDMULL)
SIMD(SQDMLAL_v, vsqadd(e, Vd, SQDMULL, WIDE))
SIMD(SQDMLSL_v, vsqsub(e, Vd, SQDMULL, WIDE))
#undef SMULL
#undef UMULL
#undef SQDMULL
SIMD(PMULL8_v, vpmull(e, Vn, Vm, HALF(0)))
SIMD(PMULL64_v, vpmull(e, Vn, Vm, HALF(3)))

#define SQDMULL vsqdmull(e, Sn, Sm, i->size)
SIMD(SQDMULL_s, SQDMULL)
SIMD(SQDMLAL_s, vsqadd(e, v_lane0(e, Vd, WIDE), SQDMULL, WIDE))
SIMD(SQDMLSL_s, vsqsub(e, v_lane0(e, Vd, WIDE), SQDMULL, WIDE))
#undef SQDMULL

#endif
