/*
 * Advanced SIMD three same, three same (extra), and their scalar forms.
 * Arm ARM C4.1.96; one line an instruction, operands as in simd_util.h.
 */
#ifndef PARMA_A64_SEM_SIMD_SAME_H
#define PARMA_A64_SEM_SIMD_SAME_H

#include "a64/sem/simd_util.h"

/* Lane by lane */
SIMD(ADD_v, CUT(vadd(e, Vn, Vm, i->size)))
SIMD(SUB_v, CUT(vsub(e, Vn, Vm, i->size)))
SIMD(MUL_v, CUT(vmul(e, Vn, Vm, i->size)))
SIMD(MLA_v, CUT(vadd(e, Vd, vmul(e, Vn, Vm, i->size), i->size)))
SIMD(MLS_v, CUT(vsub(e, Vd, vmul(e, Vn, Vm, i->size), i->size)))
SIMD(PMUL_v, CUT(vpmul(e, Vn, Vm)))
SIMD(SHADD_v, CUT(vshadd(e, Vn, Vm, i->size)))
SIMD(UHADD_v, CUT(vuhadd(e, Vn, Vm, i->size)))
SIMD(SRHADD_v, CUT(vsrhadd(e, Vn, Vm, i->size)))
SIMD(URHADD_v, CUT(vurhadd(e, Vn, Vm, i->size)))
SIMD(SHSUB_v, CUT(vshsub(e, Vn, Vm, i->size)))
SIMD(UHSUB_v, CUT(vuhsub(e, Vn, Vm, i->size)))
SIMD(SMAX_v, CUT(vsmax(e, Vn, Vm, i->size)))
SIMD(SMIN_v, CUT(vsmin(e, Vn, Vm, i->size)))
SIMD(UMAX_v, CUT(vumax(e, Vn, Vm, i->size)))
SIMD(UMIN_v, CUT(vumin(e, Vn, Vm, i->size)))
SIMD(SABD_v, CUT(vsabd(e, Vn, Vm, i->size)))
SIMD(UABD_v, CUT(vuabd(e, Vn, Vm, i->size)))
SIMD(SABA_v, CUT(vadd(e, Vd, vsabd(e, Vn, Vm, i->size), i->size)))
SIMD(UABA_v, CUT(vadd(e, Vd, vuabd(e, Vn, Vm, i->size), i->size)))
SIMD(CMEQ_v, CUT(vcmpeq(e, Vn, Vm, i->size)))
SIMD(CMGT_v, CUT(vcmpgt(e, Vn, Vm, i->size)))
SIMD(CMGE_v, CUT(vcmpge(e, Vn, Vm, i->size)))
SIMD(CMHI_v, CUT(vcmphi(e, Vn, Vm, i->size)))
SIMD(CMHS_v, CUT(vcmphs(e, Vn, Vm, i->size)))
SIMD(CMTST_v, CUT(vcmptst(e, Vn, Vm, i->size)))
SIMD(SSHL_v, CUT(vsshl(e, Vn, Vm, i->size)))
SIMD(USHL_v, CUT(vushl(e, Vn, Vm, i->size)))
SIMD(SRSHL_v, CUT(vsrshl(e, Vn, Vm, i->size)))
SIMD(URSHL_v, CUT(vurshl(e, Vn, Vm, i->size)))

/* Bitwise */
SIMD(AND_v, CUT(vand(e, Vn, Vm)))
SIMD(BIC_v, CUT(vandn(e, Vn, Vm)))
SIMD(ORR_v, CUT(vor(e, Vn, Vm)))
SIMD(ORN_v, CUT(vorn(e, Vn, Vm)))
SIMD(EOR_v, CUT(vxor(e, Vn, Vm)))
SIMD(BSL_v, CUT(vbsel(e, Vd, Vn, Vm)))
SIMD(BIT_v, CUT(vbsel(e, Vm, Vn, Vd)))
SIMD(BIF_v, CUT(vbsel(e, Vm, Vd, Vn)))

/* Pairwise */
#define EVENS evens(e, i->q, Vn, Vm, i->size)
#define ODDS odds(e, i->q, Vn, Vm, i->size)
SIMD(ADDP_v, CUT(vadd(e, EVENS, ODDS, i->size)))
SIMD(SMAXP_v, CUT(vsmax(e, EVENS, ODDS, i->size)))
SIMD(SMINP_v, CUT(vsmin(e, EVENS, ODDS, i->size)))
SIMD(UMAXP_v, CUT(vumax(e, EVENS, ODDS, i->size)))
SIMD(UMINP_v, CUT(vumin(e, EVENS, ODDS, i->size)))
#undef EVENS
#undef ODDS

/* Saturating */
SIMD(SQADD_v, vsqadd(e, Qn, Qm, i->size))
SIMD(UQADD_v, vuqadd(e, Qn, Qm, i->size))
SIMD(SQSUB_v, vsqsub(e, Qn, Qm, i->size))
SIMD(UQSUB_v, vuqsub(e, Qn, Qm, i->size))
SIMD(SQSHL_v, vsqshl(e, Qn, Qm, i->size))
SIMD(UQSHL_v, vuqshl(e, Qn, Qm, i->size))
SIMD(SQRSHL_v, vsqrshl(e, Qn, Qm, i->size))
SIMD(UQRSHL_v, vuqrshl(e, Qn, Qm, i->size))
SIMD(SQDMULH_v, vsqdmulh(e, Qn, Qm, i->size))
SIMD(SQRDMULH_v, vsqrdmulh(e, Qn, Qm, i->size))
SIMD(SQRDMLAH_v, vsqrdmlah(e, Qd, Qn, Qm, i->size))
SIMD(SQRDMLSH_v, vsqrdmlsh(e, Qd, Qn, Qm, i->size))

/* Dot and matrix products */
SIMD(SDOT_v, CUT(vsdot(e, Vd, Vn, Vm)))
SIMD(UDOT_v, CUT(vudot(e, Vd, Vn, Vm)))
SIMD(USDOT_v, CUT(vusdot(e, Vd, Vn, Vm)))
SIMD(SMMLA_v, vsmmla(e, Vd, Vn, Vm))
SIMD(UMMLA_v, vummla(e, Vd, Vn, Vm))
SIMD(USMMLA_v, vusmmla(e, Vd, Vn, Vm))

/* Scalar, 64 bits */
SIMD(ADD_s, CUT64(vadd(e, Vn, Vm, 3)))
SIMD(SUB_s, CUT64(vsub(e, Vn, Vm, 3)))
SIMD(CMEQ_s, CUT64(vcmpeq(e, Vn, Vm, 3)))
SIMD(CMGT_s, CUT64(vcmpgt(e, Vn, Vm, 3)))
SIMD(CMGE_s, CUT64(vcmpge(e, Vn, Vm, 3)))
SIMD(CMHI_s, CUT64(vcmphi(e, Vn, Vm, 3)))
SIMD(CMHS_s, CUT64(vcmphs(e, Vn, Vm, 3)))
SIMD(CMTST_s, CUT64(vcmptst(e, Vn, Vm, 3)))
SIMD(SSHL_s, CUT64(vsshl(e, Vn, Vm, 3)))
SIMD(USHL_s, CUT64(vushl(e, Vn, Vm, 3)))
SIMD(SRSHL_s, CUT64(vsrshl(e, Vn, Vm, 3)))
SIMD(URSHL_s, CUT64(vurshl(e, Vn, Vm, 3)))

/* Scalar, saturating */
SIMD(SQADD_s, vsqadd(e, Sn, Sm, i->size))
SIMD(UQADD_s, vuqadd(e, Sn, Sm, i->size))
SIMD(SQSUB_s, vsqsub(e, Sn, Sm, i->size))
SIMD(UQSUB_s, vuqsub(e, Sn, Sm, i->size))
SIMD(SQSHL_s, vsqshl(e, Sn, Sm, i->size))
SIMD(UQSHL_s, vuqshl(e, Sn, Sm, i->size))
SIMD(SQRSHL_s, vsqrshl(e, Sn, Sm, i->size))
SIMD(UQRSHL_s, vuqrshl(e, Sn, Sm, i->size))
SIMD(SQDMULH_s, vsqdmulh(e, Sn, Sm, i->size))
SIMD(SQRDMULH_s, vsqrdmulh(e, Sn, Sm, i->size))
SIMD(SQRDMLAH_s, vsqrdmlah(e, Sd, Sn, Sm, i->size))
SIMD(SQRDMLSH_s, vsqrdmlsh(e, Sd, Sn, Sm, i->size))

#endif
