/*
 * Advanced SIMD shift by immediate, vector and scalar.  immh:immb is one
 * number, `sh`: its top bit is the element size in bits, the rest counts up from
 * 0 for left shifts and down from twice the size for right ones.  Arm ARM C4.1.96.
 */
#ifndef PARMA_A64_SEM_SIMD_SHIFT_H
#define PARMA_A64_SEM_SIMD_SHIFT_H

#include "a64/sem/simd_util.h"

static inline unsigned sh_es(unsigned sh) { return sh >= 64 ? 3 : sh >= 32 ? 2 : sh >= 16 ? 1 : 0; }
static inline unsigned sh_left(unsigned sh) { return sh - (8u << sh_es(sh)); }
static inline unsigned sh_right(unsigned sh) { return (16u << sh_es(sh)) - sh; }

/* The bits of each lane that SLI and SRI keep. */
static inline v128 sli_kept(E *e, unsigned sh) { return lanes(e, sh_es(sh), mask64(sh_left(sh))); }
static inline v128 sri_kept(E *e, unsigned sh)
{
	unsigned size = 8u << sh_es(sh);

	return lanes(e, sh_es(sh), mask64(size) & ~mask64(size - sh_right(sh)));
}

#define ES sh_es(i->sh)
#define LEFT VI(ES, sh_left(i->sh))
#define RIGHT VI(ES, sh_right(i->sh))
#define LEFT_W VI(ES + 1, sh_left(i->sh)) /* on the wide side */
#define RIGHT_W VI(ES + 1, sh_right(i->sh))

#define SHIFTS(v, cut_to) \
	SIMD(SSHR_##v, cut_to(vsshr(e, Vn, RIGHT))) \
	SIMD(USHR_##v, cut_to(vushr(e, Vn, RIGHT))) \
	SIMD(SRSHR_##v, cut_to(vsrshr(e, Vn, RIGHT))) \
	SIMD(URSHR_##v, cut_to(vurshr(e, Vn, RIGHT))) \
	SIMD(SSRA_##v, cut_to(vadd(e, Vd, vsshr(e, Vn, RIGHT), ES))) \
	SIMD(USRA_##v, cut_to(vadd(e, Vd, vushr(e, Vn, RIGHT), ES))) \
	SIMD(SRSRA_##v, cut_to(vadd(e, Vd, vsrshr(e, Vn, RIGHT), ES))) \
	SIMD(URSRA_##v, cut_to(vadd(e, Vd, vurshr(e, Vn, RIGHT), ES))) \
	SIMD(SHL_##v, cut_to(vshl(e, Vn, LEFT))) \
	SIMD(SLI_##v, cut_to(vor(e, vshl(e, Vn, LEFT), vand(e, Vd, sli_kept(e, i->sh))))) \
	SIMD(SRI_##v, cut_to(vor(e, vushr(e, Vn, RIGHT), vand(e, Vd, sri_kept(e, i->sh)))))
SHIFTS(vi, CUT)
SHIFTS(si, CUT64)
#undef SHIFTS

SIMD(SQSHL_vi, vsqshli(e, Qn, LEFT))
SIMD(UQSHL_vi, vuqshli(e, Qn, LEFT))
SIMD(SQSHLU_vi, vsqshlui(e, Qn, LEFT))
SIMD(SQSHL_si, vsqshli(e, v_lane0(e, Vn, ES), LEFT))
SIMD(UQSHL_si, vuqshli(e, v_lane0(e, Vn, ES), LEFT))
SIMD(SQSHLU_si, vsqshlui(e, v_lane0(e, Vn, ES), LEFT))

SIMD(SSHLL_vi, vshl(e, vsxtl(e, Vn, HALF(ES)), LEFT_W))
SIMD(USHLL_vi, vshl(e, vuxtl(e, Vn, HALF(ES)), LEFT_W))

/* Right and narrow.  A rounded or shifted value fits the wide lane, so the steps compose. */
SIMD(SHRN_vi, NARROW(vxtn(e, vushr(e, Vn, RIGHT_W), ES)))
SIMD(RSHRN_vi, NARROW(vxtn(e, vurshr(e, Vn, RIGHT_W), ES)))
SIMD(SQSHRN_vi, NARROW(vsqxtn(e, vsshr(e, Vn, RIGHT_W), ES)))
SIMD(SQRSHRN_vi, NARROW(vsqxtn(e, vsrshr(e, Vn, RIGHT_W), ES)))
SIMD(SQSHRUN_vi, NARROW(vsqxtun(e, vsshr(e, Vn, RIGHT_W), ES)))
SIMD(SQRSHRUN_vi, NARROW(vsqxtun(e, vsrshr(e, Vn, RIGHT_W), ES)))
SIMD(UQSHRN_vi, NARROW(vuqxtn(e, vushr(e, Vn, RIGHT_W), ES)))
SIMD(UQRSHRN_vi, NARROW(vuqxtn(e, vurshr(e, Vn, RIGHT_W), ES)))
#define Sw v_lane0(e, Vn, ES + 1)
SIMD(SQSHRN_si, vsqxtn(e, vsshr(e, Sw, RIGHT_W), ES))
SIMD(SQRSHRN_si, vsqxtn(e, vsrshr(e, Sw, RIGHT_W), ES))
SIMD(SQSHRUN_si, vsqxtun(e, vsshr(e, Sw, RIGHT_W), ES))
SIMD(SQRSHRUN_si, vsqxtun(e, vsrshr(e, Sw, RIGHT_W), ES))
SIMD(UQSHRN_si, vuqxtn(e, vushr(e, Sw, RIGHT_W), ES))
SIMD(UQRSHRN_si, vuqxtn(e, vurshr(e, Sw, RIGHT_W), ES))
#undef Sw
#undef ES
#undef LEFT
#undef RIGHT
#undef LEFT_W
#undef RIGHT_W

#endif
