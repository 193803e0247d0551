/*
 * Floating-point conversions: between the formats, to integral values, to and from integers.  See lower_fp.c for what
 * goes out of line and why.
 */
#include "x64/lower_fp_priv.h"

/* -- between formats -- */

#define ROUND_ZERO 3
#define ROUND_MXCSR 4u

#define CVT(n) (fpi_get_size((n)->imm) << 4 | fpi_get_size2((n)->imm))
#define S_TO_D (FP_S << 4 | FP_D)
#define D_TO_S (FP_D << 4 | FP_S)
#define H_TO_S (FP_H << 4 | FP_S)
#define S_TO_H (FP_S << 4 | FP_H)
#define H_TO_D (FP_H << 4 | FP_D)

bool fpl_can_cvt(const struct lower *l, const struct ir_node *n, enum shape sh)
{
	unsigned lanes = fpi_get_lanes(n->imm);

	if (fpi_get_round(n->imm) != FPR_FPCR)
		return false;
	switch (CVT(n)) {
	case S_TO_D: case D_TO_S: return lanes <= 2;
	case H_TO_S: return has_half(l) && (lanes == 1 || lanes == 4);
	case S_TO_H: return has_half(l) && (lanes == 1 || lanes == 4);
	case H_TO_D: return has_half(l) && lanes == 1;
	default: return false;
	}
}
static void half_to_single(struct fpl *f, bool scalar)
{
	int x = f->s[0];

	if (scalar) {
		x_vex(f->a, P66, 1, false, false, 0xdb, 0, x, xk(XK_LANE16));
		x = 0;
	}
	x_vex(f->a, P66, 2, false, false, 0x13, f->d, 0, xr(x));
	f->sh = scalar ? SH_S : SH_4S;
	check(f, f->d, false);
}
/* A half is a single exactly, and that a double. */
static void half_to_double(struct fpl *f)
{
	x_vex(f->a, P66, 1, false, false, 0xdb, 0, f->s[0], xk(XK_LANE16));
	x_vex(f->a, P66, 2, false, false, 0x13, 0, 0, xr(0));
	f->sh = SH_S;
	check(f, 0, false);
	zero(f, f->d);
	x_vrr(f->a, PF3, 0x5a, f->d, f->d, 0);
}
/* Four: lanes that are the smallest normal number, or NaNs, are for the C function. */
static void singles_to_halves(struct fpl *f)
{
	x_vex_i(f->a, P66, 3, 0x1d, f->s[0], 0, xr(f->d), ROUND_MXCSR); /* vcvtps2ph */
	fpl_check_halves(f);
}
static void single_to_half(struct fpl *f)
{
	struct xa *a = f->a;

	only_lane0(f, SH_S, 0, f->s[0]);
	x_vex_i(a, P66, 3, 0x1d, 0, 0, xr(f->d), ROUND_MXCSR); /* vcvtps2ph */
	x_vex(a, P66, 1, false, false, 0x7e, f->d, 0, xr(RAX));
	x_alu_i(a, X_AND, false, xr(RAX), 0x7fff);
	x_alu_i(a, X_CMP, false, xr(RAX), 0x0400);
	fix_if(f, CC_E);
	x_alu_i(a, X_CMP, false, xr(RAX), 0x7c00);
	fix_if(f, CC_A);
}
void fpl_cvt(struct fpl *f)
{
	bool scalar = fpi_get_lanes(f->n->imm) == 1;

	switch (CVT(f->n)) {
	case H_TO_S: half_to_single(f, scalar); return;
	case H_TO_D: half_to_double(f); return;
	case S_TO_H:
		if (scalar)
			single_to_half(f);
		else
			singles_to_halves(f);
		return;
	case S_TO_D:
		if (scalar) {
			zero(f, 0);
			x_vrr(f->a, PF3, 0x5a, f->d, 0, f->s[0]);
		} else {
			x_vex(f->a, PNONE, 1, false, false, 0x5a, f->d, 0, xr(f->s[0]));
		}
		f->sh = scalar ? SH_D : SH_2D;
		check(f, f->d, false);
		return;
	default:
		if (scalar) {
			zero(f, 0);
			x_vrr(f->a, PF2, 0x5a, f->d, 0, f->s[0]);
		} else {
			x_vex(f->a, P66, 1, false, false, 0x5a, f->d, 0, xr(f->s[0]));
		}
		f->sh = scalar ? SH_S : SH_4S;
		check(f, f->d, true);
		return;
	}
}

/* The host's code of a rounding mode; -1: it has none. */
static int host_rounding(uint32_t imm)
{
	switch (fpi_get_round(imm)) {
	case FPR_TIEEVEN: return 0;
	case FPR_NEGINF: return 1;
	case FPR_POSINF: return 2;
	case FPR_ZERO: return ROUND_ZERO;
	case FPR_FPCR: return ROUND_MXCSR;
	default: return -1;
	}
}
#define QUIET 8u /* no Inexact */
static void round_to(struct fpl *f, int d, int x, unsigned mode)
{
	if (is_scalar(f->sh))
		x_vex_i(f->a, P66, 3, is_double(f->sh) ? 0x0b : 0x0a, d, x, xr(x), mode);
	else
		x_vex_i(f->a, P66, 3, is_double(f->sh) ? 0x09 : 0x08, d, 0, xr(x), mode);
}
/* xmm0 := s[0] rounded to nearest, ties away, without Inexact: the integer part and, if half is left, one more. */
static void round_away(struct fpl *f)
{
	int x = f->s[0];

	magnitude(f, 1, x);
	x_vload(f->a, 2, xk(by_size(f->sh, XK_TWO23_S, XK_TWO52_D)));
	ucomis(f, 2, 1);
	fix_if(f, CC_BE); /* an integer, infinite or a NaN */
	round_to(f, 0, x, 3 | QUIET);
	op3(f, 0x5c, 1, x, 0);
	magnitude(f, 1, 1);
	x_vload(f->a, 2, xk(by_size(f->sh, XK_HALF_S, XK_HALF_D)));
	x_vex_i(f->a, pfx(f->sh), 1, 0xc2, 1, 1, xr(2), 0x1d);
	logic_k(f, 0x54, 1, 1, by_size(f->sh, XK_ONE_S, XK_ONE_D));
	logic_k(f, 0x54, 2, x, by_size(f->sh, XK_SIGN32, XK_SIGN64));
	x_vrr(f->a, PNONE, 0x56, 1, 1, 2);
	op3(f, 0x58, 0, 0, 1);
}

bool fpl_can_print(const struct lower *l, const struct ir_node *n, enum shape sh)
{
	return sh != SH_NONE && (host_rounding(n->imm) >= 0 || (is_scalar(sh) && fpi_get_round(n->imm) == FPR_TIEAWAY));
}
void fpl_print(struct fpl *f)
{
	int rc = host_rounding(f->n->imm);

	if (rc < 0) {
		round_away(f);
		only_lane0(f, f->sh, f->d, 0);
		return;
	}
	round_to(f, f->d, operand1(f), (unsigned)rc | (f->n->imm & FPI_EXACT ? 0 : QUIET));
	check(f, f->d, false);
	finish(f, clean(f, 0));
}

/* -- to integers -- */

bool fpl_can_2i(const struct lower *l, const struct ir_node *n, enum shape sh)
{
	unsigned to = fpi_get_size2(n->imm), round = fpi_get_round(n->imm);

	if (sh == SH_NONE || (fpi_get_fbits(n->imm) && round != FPR_ZERO))
		return false;
	if (is_scalar(sh))
		return to >= 2 && (host_rounding(n->imm) >= 0 || round == FPR_TIEAWAY);
	if (host_rounding(n->imm) < 0)
		return false;
	return is_double(sh) ? to == 3 && round == FPR_ZERO && !(n->imm & FPI_UNSIGNED) : to == 2;
}
/* d := 2^e in both lanes of double, four of single; destroys rax */
static void power_of_two(struct fpl *f, int d, int e)
{
	uint64_t k = is_double(f->sh) ? (uint64_t)(1023 + e) << 52 : (uint64_t)(127 + e) * ((uint64_t)1 << 55 | 1 << 23);

	x_mov_ri(f->a, RAX, k);
	x_vmovq_xr(f->a, d, RAX);
	x_vrr(f->a, P66, 0x6c, d, d, d); /* vpunpcklqdq */
}
/* Fixed-point numbers: xmm0 := x times 2^fbits, which is exact, if that is below 2^64; returns the register. xmm1, xmm2 are used. */
static int scale_up(struct fpl *f, int x)
{
	unsigned fbits = fpi_get_fbits(f->n->imm);

	if (!fbits)
		return x;
	magnitude(f, 2, x);
	power_of_two(f, 1, 64 - (int)fbits);
	if (is_scalar(f->sh)) {
		ucomis(f, 1, 2);
		fix_if(f, CC_BE);
	} else {
		cmp_packed(f, 2, 2, 1, 0x15); /* not less, or unordered; quiet */
		fix_if_any(f, 2);
	}
	power_of_two(f, 1, (int)fbits);
	op3(f, 0x59, 0, x, 1);
	return 0;
}
/* Truncates x to rax; the host's answer for what does not fit goes to the C function. */
static void truncate_int(struct fpl *f, int x, bool wide)
{
	x_vex(f->a, pfx(f->sh), 1, wide, false, 0x2c, RAX, 0, xr(x));
	x_alu_i(f->a, X_CMP, wide, xr(RAX), 1);
	fix_if(f, CC_O);
}
/* x is in (-1, limit), or goes to the C function. */
static void check_unsigned(struct fpl *f, int x, bool wide)
{
	ucomis_k(f, x, by_size(f->sh, XK_MINUS1_S, XK_MINUS1_D));
	fix_if(f, CC_BE);
	ucomis_k(f, x, wide ? by_size(f->sh, XK_TWO63_S, XK_TWO63_D) : by_size(f->sh, XK_TWO32_S, XK_TWO32_D));
	fix_if(f, CC_AE);
}
static void scalar_to_int(struct fpl *f)
{
	bool wide = fpi_get_size2(f->n->imm) == 3, uns = f->n->imm & FPI_UNSIGNED;
	int rc = host_rounding(f->n->imm), x = scale_up(f, f->s[0]);

	if (rc < 0)
		round_away(f);
	else if (rc != ROUND_ZERO)
		round_to(f, 0, x, (unsigned)rc | QUIET);
	if (rc != ROUND_ZERO)
		x = 0;
	if (uns)
		check_unsigned(f, x, wide);
	truncate_int(f, x, wide || uns);
	if (rc != ROUND_ZERO)
		round_to(f, 1, f->s[0], 3); /* for Inexact */
	x_vex(f->a, P66, 1, wide, false, 0x6e, f->d, 0, xr(RAX));
}
static void doubles_to_int(struct fpl *f)
{
	struct xa *a = f->a;

	int x = scale_up(f, f->s[0]);

	f->sh = SH_D;
	x_vrr(a, P66, 0x15, 1, x, x); /* vunpckhpd */
	truncate_int(f, 1, true);
	x_mov(a, true, RCX, RAX);
	truncate_int(f, x, true);
	x_vmovq_xr(a, f->d, RAX);
	x_vex(a, P66, 3, true, false, 0x22, f->d, f->d, xr(RCX)); /* vpinsrq */
	x8(a, 1);
}
void fpl_2i(struct fpl *f)
{
	int rc = host_rounding(f->n->imm), x;

	if (is_scalar(f->sh)) {
		scalar_to_int(f);
		return;
	}
	if (f->sh == SH_2D) {
		doubles_to_int(f);
		return;
	}
	x = scale_up(f, operand1(f));
	x_vmov(f->a, f->d, x); /* exact operands for Inexact */
	if (rc != ROUND_ZERO) {
		round_to(f, 0, x, (unsigned)rc | QUIET);
		x = 0;
	}
	if (f->n->imm & FPI_UNSIGNED) { /* in (-1, 2^31) */
		x_vload(f->a, 1, xk(XK_MINUS1_S));
		cmp_packed(f, 1, x, 1, 0x1a); /* not greater, or unordered; quiet */
		x_vload(f->a, 2, xk(XK_TWO31_S));
		cmp_packed(f, 2, x, 2, 0x15); /* not less, or unordered; quiet */
		x_vrr(f->a, PNONE, 0x56, 1, 1, 2);
		fix_if_any(f, 1);
	}
	x_vex(f->a, PF3, 1, false, false, 0x5b, 0, 0, xr(x)); /* vcvttps2dq */
	x_vload(f->a, 1, xk(XK_SIGN32));
	x_vrr(f->a, P66, 0x76, 1, 1, 0);
	fix_if_any(f, 1);
	if (rc != ROUND_ZERO)
		round_to(f, 1, f->d, 3);
	x_vmov(f->a, f->d, 0);
	finish(f, true);
}

/* -- from integers -- */

bool fpl_can_i2(const struct lower *l, const struct ir_node *n, enum shape sh)
{
	unsigned from = fpi_get_size2(n->imm);

	if (sh == SH_NONE)
		return false;
	return is_scalar(sh) ? from >= 2 : from == (is_double(sh) ? 3u : 2u);
}
/* d less a power of two: exact, as no integer is small enough to become tiny. */
static void scale_down(struct fpl *f, unsigned fbits)
{
	if (!fbits)
		return;
	power_of_two(f, 0, -(int)fbits);
	op3(f, 0x59, f->d, f->d, 0);
}
static void int_to_scalar(struct fpl *f, int d, int gpr, bool wide)
{
	zero(f, d);
	x_vex(f->a, is_double(f->sh) ? PF2 : PF3, 1, wide, false, 0x2a, d, d, xr(gpr));
}
static void fix_if_negative(struct fpl *f, int gpr)
{
	x_test(f->a, true, gpr, gpr);
	fix_if(f, CC_S);
}
static void int_to_one(struct fpl *f, bool uns, bool wide)
{
	x_vex(f->a, P66, 1, wide, false, 0x7e, f->s[0], 0, xr(RAX));
	if (uns && wide)
		fix_if_negative(f, RAX);
	int_to_scalar(f, f->d, RAX, wide || uns);
}
static void ints_to_doubles(struct fpl *f, bool uns)
{
	struct xa *a = f->a;

	x_vmovq_rx(a, RAX, f->s[0]);
	x_vex(a, P66, 3, true, false, 0x16, f->s[0], 0, xr(RCX)); /* vpextrq */
	x8(a, 1);
	if (uns) {
		fix_if_negative(f, RAX);
		fix_if_negative(f, RCX);
	}
	int_to_scalar(f, f->d, RAX, true);
	int_to_scalar(f, 0, RCX, true);
	x_vrr(a, P66, 0x6c, f->d, f->d, 0);
}
void fpl_i2(struct fpl *f)
{
	bool uns = f->n->imm & FPI_UNSIGNED;

	if (is_scalar(f->sh)) {
		int_to_one(f, uns, fpi_get_size2(f->n->imm) == 3);
	} else if (f->sh == SH_2D) {
		ints_to_doubles(f, uns);
	} else {
		int x = operand1(f);

		if (uns)
			fix_if_any(f, x);
		x_vex(f->a, PNONE, 1, false, false, 0x5b, f->d, 0, xr(x));
		finish(f, true);
	}
	scale_down(f, fpi_get_fbits(f->n->imm));
}
