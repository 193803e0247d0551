/*
 * Conversions and roundings: scalar forms between the register files, and
 * the Advanced SIMD ones.
 */
#include "a64/sem/fp_common.h"

#define FT fp_type(i->ftype)
#define UNS (i->uns ? FPI_UNSIGNED : 0)
#define INT_SIZE fpi_size2(i->sf ? FP_D : FP_S)

/* Integer result of an operation on a vector register's lane 0. */
#define FP_TO_X(expr) \
	{ \
		if (check_fp(e)) { \
			v128 n = get_v(e, i->rn); \
			set_x(e, i->rd, v_lo(e, (expr))); \
		} \
	}

SEM(FCVT_s) FP_BODY1(FT | fpi_size2(fp_type(i->opc)) | fpi_round(FPR_FPCR), fpcvt(e, n, imm))
SEM(BFCVT_s) FP_BODY1(FP_S, bfcvt(e, n, imm))

/* FRINTN, P, M, Z, A; X (exact) and I as FPCR says */
static inline uint32_t frint_mode(unsigned mode)
{
	static const uint8_t round[8] = {FPR_TIEEVEN, FPR_POSINF, FPR_NEGINF, FPR_ZERO,
					 FPR_TIEAWAY, FPR_FPCR,	  FPR_FPCR,   FPR_FPCR};

	return fpi_round((enum fp_rounding)round[mode]) | (mode == 6 ? FPI_EXACT : 0);
}
SEM(FRINT_s) FP_BODY1(FT | frint_mode(i->mode), fprint(e, n, imm))

#define FRINT_N (fpi_round(i->exact ? FPR_FPCR : FPR_ZERO) | (i->range64 ? FPI_RANGE64 : 0))
SEM(FRINT32_64_s) FP_BODY1(fpi_scalar(FP_S + i->sz) | FRINT_N, fprintn(e, n, imm))
SEM(FRINT32_64_v) FP_BODY1(fpi_vec(FP_S + i->sz, i->q) | FRINT_N, fprintn(e, n, imm))

SEM(FCVT_int) FP_TO_X(fp2i(e, n, FT | INT_SIZE | fpi_round((enum fp_rounding)i->rmode) | UNS))
SEM(FCVTA_int) FP_TO_X(fp2i(e, n, FT | INT_SIZE | fpi_round(FPR_TIEAWAY) | UNS))
SEM(FCVTZ_fix) FP_TO_X(fp2i(e, n, FT | INT_SIZE | fpi_round(FPR_ZERO) | UNS | fpi_fbits(64 - i->scale)))

SEM(CVTF_int)                       /* SCVTF, UCVTF */
{
	if (check_fp(e))
		set_v(e, i->rd, i2fp(e, v_from(e, get_x(e, i->rn)), FT | INT_SIZE | UNS));
}
SEM(CVTF_fix)
{
	if (check_fp(e))
		set_v(e, i->rd, i2fp(e, v_from(e, get_x(e, i->rn)), FT | INT_SIZE | UNS | fpi_fbits(64 - i->scale)));
}

SEM(FMOV_to_x) FP_TO_X(v_lane0(e, n, FT))
SEM(FMOV_x_top)
{
	if (check_fp(e))
		set_x(e, i->rd, v_hi(e, get_v(e, i->rn)));
}
SEM(FMOV_from_x)
{
	if (check_fp(e))
		set_v(e, i->rd, v_lane0(e, v_from(e, get_x(e, i->rn)), FT));
}
SEM(FMOV_top_x)
{
	if (check_fp(e))
		set_v(e, i->rd, v_from2(e, v_lo(e, get_v(e, i->rd)), get_x(e, i->rn)));
}

SEM(FJCVTZS)
{
	if (check_fp(e)) {
		v64 r = fjcvtzs(e, get_v(e, i->rn));

		set_x(e, i->rd, zext32(e, r));
		set_flags(e, fl_pack(e, shr64(e, r, 32)));
	}
}

/* Advanced SIMD: each for single/double (_v), half (_vh), and the scalar forms of both where they exist. */
#define FP_CONVERT(name, flags, op) \
	SEM(name##_v) FP_BODY1(fpi_vec(FP_S + i->sz, i->q) | fpi_size2(FP_S + i->sz) | (flags), op(e, n, imm)) \
	SEM(name##_vh) FP_BODY1(fpi_vec(FP_H, i->q) | fpi_size2(FP_H) | (flags), op(e, n, imm))
#define FP_CONVERT_D(name, flags, op) \
	FP_CONVERT(name, flags, op) \
	SEM(name##_d) FP_BODY1(fpi_scalar(FP_S + i->sz) | fpi_size2(FP_S + i->sz) | (flags), op(e, n, imm)) \
	SEM(name##_dh) FP_BODY1(fpi_scalar(FP_H) | fpi_size2(FP_H) | (flags), op(e, n, imm))

FP_CONVERT(FRINTN, frint_mode(0), fprint)
FP_CONVERT(FRINTP, frint_mode(1), fprint)
FP_CONVERT(FRINTM, frint_mode(2), fprint)
FP_CONVERT(FRINTZ, frint_mode(3), fprint)
FP_CONVERT(FRINTA, frint_mode(4), fprint)
FP_CONVERT(FRINTX, frint_mode(6), fprint)
FP_CONVERT(FRINTI, frint_mode(7), fprint)
FP_CONVERT_D(FCVTN_i, fpi_round(FPR_TIEEVEN) | UNS, fp2i)
FP_CONVERT_D(FCVTP_i, fpi_round(FPR_POSINF) | UNS, fp2i)
FP_CONVERT_D(FCVTM_i, fpi_round(FPR_NEGINF) | UNS, fp2i)
FP_CONVERT_D(FCVTZ_i, fpi_round(FPR_ZERO) | UNS, fp2i)
FP_CONVERT_D(FCVTA_i, fpi_round(FPR_TIEAWAY) | UNS, fp2i)
FP_CONVERT_D(CVTF, UNS, i2fp)

/* Fixed point: immh:immb gives the element size and 2 * esize - fbits. */
static inline unsigned fix_size(unsigned imm) { return imm >= 64 ? FP_D : imm >= 32 ? FP_S : FP_H; }
static inline uint32_t fix_imm(unsigned imm)
{
	return fpi_size2(fix_size(imm)) | fpi_fbits((16u << fix_size(imm)) - imm);
}
SEM(CVTF_fixv) FP_BODY1(fpi_vec(fix_size(i->imm), i->q) | fix_imm(i->imm) | UNS, i2fp(e, n, imm))
SEM(CVTF_fixd) FP_BODY1(fpi_scalar(fix_size(i->imm)) | fix_imm(i->imm) | UNS, i2fp(e, n, imm))
SEM(FCVTZ_fixv)
FP_BODY1(fpi_vec(fix_size(i->imm), i->q) | fix_imm(i->imm) | fpi_round(FPR_ZERO) | UNS, fp2i(e, n, imm))
SEM(FCVTZ_fixd)
FP_BODY1(fpi_scalar(fix_size(i->imm)) | fix_imm(i->imm) | fpi_round(FPR_ZERO) | UNS, fp2i(e, n, imm))

/* Between formats.  sz names the narrower: 0 half, 1 single. */
SEM(FCVTL_v)
FP_BODY1(fpi_lanes(FP_H + i->sz, 2 - i->sz) | fpi_size2(FP_S + i->sz) | fpi_round(FPR_FPCR),
	 fpcvt(e, fp_half(e, n, i->q), imm))
SEM(FCVTN_v)
FP_BODY1(fpi_lanes(FP_S + i->sz, 2 - i->sz) | fpi_size2(FP_H + i->sz) | fpi_round(FPR_FPCR),
	 fp_narrowed(e, get_v(e, i->rd), fpcvt(e, n, imm), i->q))
SEM(FCVTXN_v)
FP_BODY1(fpi_lanes(FP_D, 1) | fpi_size2(FP_S) | fpi_round(FPR_ODD),
	 fp_narrowed(e, get_v(e, i->rd), fpcvt(e, n, imm), i->q))
SEM(FCVTXN_d) FP_BODY1(fpi_scalar(FP_D) | fpi_size2(FP_S) | fpi_round(FPR_ODD), fpcvt(e, n, imm))
SEM(BFCVTN_v) FP_BODY1(fpi_lanes(FP_S, 2), fp_narrowed(e, get_v(e, i->rd), bfcvt(e, n, imm), i->q))

#undef FT
#undef UNS
#undef INT_SIZE
