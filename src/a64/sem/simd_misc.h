/*
 * Advanced SIMD two-register miscellaneous, its scalar forms, scalar
 * pairwise and across lanes.  Arm ARM C4.1.96.
 */
#ifndef PARMA_A64_SEM_SIMD_MISC_H
#define PARMA_A64_SEM_SIMD_MISC_H

#include "a64/sem/simd_util.h"

#define ZERO v_const(e, 0)

SIMD(REV64_v, CUT(vrev(e, Vn, VI(i->size, 3))))
SIMD(REV32_v, CUT(vrev(e, Vn, VI(i->size, 2))))
SIMD(REV16_v, CUT(vrev(e, Vn, VI(i->size, 1))))
SIMD(CLS_v, CUT(vcls(e, Vn, i->size)))
SIMD(CLZ_v, CUT(vclz(e, Vn, i->size)))
SIMD(CNT_v, CUT(vcnt(e, Vn)))
SIMD(NOT_v, CUT(vnot(e, Vn)))
SIMD(RBIT_v, CUT(vrbit(e, Vn)))
SIMD(ABS_v, CUT(vabs(e, Vn, i->size)))
SIMD(NEG_v, CUT(vneg(e, Vn, i->size)))
SIMD(CMEQ0_v, CUT(vcmpeq(e, Vn, ZERO, i->size)))
SIMD(CMGT0_v, CUT(vcmpgt(e, Vn, ZERO, i->size)))
SIMD(CMGE0_v, CUT(vcmpge(e, Vn, ZERO, i->size)))
SIMD(CMLT0_v, CUT(vcmpgt(e, ZERO, Vn, i->size)))
SIMD(CMLE0_v, CUT(vcmpge(e, ZERO, Vn, i->size)))
SIMD(SADDLP_v, CUT(vsaddlp(e, Vn, i->size)))
SIMD(UADDLP_v, CUT(vuaddlp(e, Vn, i->size)))
SIMD(SADALP_v, CUT(vadd(e, Vd, vsaddlp(e, Vn, i->size), WIDE)))
SIMD(UADALP_v, CUT(vadd(e, Vd, vuaddlp(e, Vn, i->size), WIDE)))
SIMD(URECPE_v, CUT(vurecpe(e, Vn)))
SIMD(URSQRTE_v, CUT(vursqrte(e, Vn)))

SIMD(SUQADD_v, vsuqadd(e, Qd, Qn, i->size))
SIMD(USQADD_v, vusqadd(e, Qd, Qn, i->size))
SIMD(SQABS_v, vsqabs(e, Qn, i->size))
SIMD(SQNEG_v, vsqneg(e, Qn, i->size))

SIMD(XTN_v, NARROW(vxtn(e, Vn, i->size)))
SIMD(SQXTN_v, NARROW(vsqxtn(e, Vn, i->size)))
SIMD(UQXTN_v, NARROW(vuqxtn(e, Vn, i->size)))
SIMD(SQXTUN_v, NARROW(vsqxtun(e, Vn, i->size)))
SIMD(SHLL_v, vshl(e, vuxtl(e, Vn, HALF(i->size)), VI(WIDE, 8u << i->size)))

/* Scalar */
SIMD(ABS_s, CUT64(vabs(e, Vn, 3)))
SIMD(NEG_s, CUT64(vneg(e, Vn, 3)))
SIMD(CMEQ0_s, CUT64(vcmpeq(e, Vn, ZERO, 3)))
SIMD(CMGT0_s, CUT64(vcmpgt(e, Vn, ZERO, 3)))
SIMD(CMGE0_s, CUT64(vcmpge(e, Vn, ZERO, 3)))
SIMD(CMLT0_s, CUT64(vcmpgt(e, ZERO, Vn, 3)))
SIMD(CMLE0_s, CUT64(vcmpge(e, ZERO, Vn, 3)))
SIMD(SUQADD_s, vsuqadd(e, Sd, Sn, i->size))
SIMD(USQADD_s, vusqadd(e, Sd, Sn, i->size))
SIMD(SQABS_s, vsqabs(e, Sn, i->size))
SIMD(SQNEG_s, vsqneg(e, Sn, i->size))
SIMD(SQXTN_s, vsqxtn(e, v_lane0(e, Vn, WIDE), i->size))
SIMD(UQXTN_s, vuqxtn(e, v_lane0(e, Vn, WIDE), i->size))
SIMD(SQXTUN_s, vsqxtun(e, v_lane0(e, Vn, WIDE), i->size))
SIMD(ADDP_s, CUT64(vadd(e, Vn, vext(e, Vn, Vn, VI(0, 8)), 3)))

/* Across lanes: the upper half that a 64-bit form lacks must not decide; zeros for sums, copies for extremes. */
#define TWICE (i->q ? Vn : vzip1(e, Vn, Vn, 3))
SIMD(ADDV_v, vaddv(e, Qn, i->size))
SIMD(SADDLV_v, vsaddlv(e, Qn, i->size))
SIMD(UADDLV_v, vuaddlv(e, Qn, i->size))
SIMD(SMAXV_v, vsmaxv(e, TWICE, i->size))
SIMD(SMINV_v, vsminv(e, TWICE, i->size))
SIMD(UMAXV_v, vumaxv(e, TWICE, i->size))
SIMD(UMINV_v, vuminv(e, TWICE, i->size))
#undef TWICE
#undef ZERO

#endif
