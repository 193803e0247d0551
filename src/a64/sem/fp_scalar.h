/*
 * Scalar floating point: data processing with one, two and three sources,
 * compare, select, immediate (Arm DDI 0487, C4.1, "Floating-point data-processing" ...).
 * Conversions are in fp_convert.h.
 */
#include "a64/sem/fp_common.h"

#define FT fp_type(i->ftype)

SEM(FMOV_s) FP_BODY1(FT, v_lane0(e, n, imm))
SEM(FABS_s) FP_BODY1(FT, fpabs(e, n, imm))
SEM(FNEG_s) FP_BODY1(FT, fpneg(e, n, imm))
SEM(FSQRT_s) FP_BODY1(FT, fpsqrt(e, n, imm))

SEM(FADD_s) FP_BODY2(FT, fpadd(e, n, m, imm))
SEM(FSUB_s) FP_BODY2(FT, fpsub(e, n, m, imm))
SEM(FMUL_s) FP_BODY2(FT, fpmul(e, n, m, imm))
SEM(FDIV_s) FP_BODY2(FT, fpdiv(e, n, m, imm))
SEM(FNMUL_s) FP_BODY2(FT, fpneg(e, fpmul(e, n, m, imm), imm))
SEM(FMAX_s) FP_BODY2(FT, fpmax(e, n, m, imm))
SEM(FMIN_s) FP_BODY2(FT, fpmin(e, n, m, imm))
SEM(FMAXNM_s) FP_BODY2(FT, fpmaxnm(e, n, m, imm))
SEM(FMINNM_s) FP_BODY2(FT, fpminnm(e, n, m, imm))

SEM(FMADD_s)                        /* and FMSUB, FNMADD, FNMSUB */
{
	if (check_fp(e)) {
		uint32_t imm = FT | (i->o1 != i->o0 ? FPI_NEG_N : 0) | (i->o1 ? FPI_NEG_A : 0);

		set_v(e, i->rd, fpmla(e, get_v(e, i->ra), get_v(e, i->rn), get_v(e, i->rm), imm));
	}
}

SEM(FCMP_s)                         /* and FCMPE, with a register or zero */
{
	if (check_fp(e))
		set_flags(e, fpcmp(e, get_v(e, i->rn), i->zero ? fp_zero(e) : get_v(e, i->rm),
				   FT | (i->signal ? FPI_SIGNAL : 0)));
}

SEM(FCCMP_s)                        /* and FCCMPE; nothing is compared, so nothing raised, if cond fails */
{
	if (check_fp(e)) {
		vb c = fl_test(e, get_flags(e), i->cond);
		v128 n = selv(e, c, get_v(e, i->rn), fp_zero(e)), m = selv(e, c, get_v(e, i->rm), fp_zero(e));

		set_flags(e, self(e, c, fpcmp(e, n, m, FT | (i->signal ? FPI_SIGNAL : 0)), fl_const(e, i->nzcv)));
	}
}

SEM(FCSEL_s)
{
	if (check_fp(e)) {
		v64 n = v_lo(e, get_v(e, i->rn)), m = v_lo(e, get_v(e, i->rm));

		set_v(e, i->rd, v_lane0(e, v_from(e, sel64(e, fl_test(e, get_flags(e), i->cond), n, m)), FT));
	}
}

SEM(FMOV_imm)
{
	if (check_fp(e))
		set_v(e, i->rd, vk128(e, fp_expand_imm(i->imm8, FT), 0));
}

#undef FT
