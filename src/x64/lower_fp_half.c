/*
 * Arithmetic of halves by way of single precision.
 *
 * Halves are singles exactly.  A sum, difference, product, quotient or root that is rounded to a single's 24 bits and then to
 * 11 is what one rounding would give (24 is 2 * 11 + 2; roundings that are not to nearest agree in any case), and so are the flags:
 * what is inexact as a single is so as a half, no single overflows or is tiny, and tiny sums and products are exact.  Fused
 * multiplication and addition is the exception: where the single is half way between two halves, or is below
 * the least normal half, the C function decides.  As with the other formats NaNs do, and results that are the least normal number.
 *
 * Singles made of halves are no denormals, so FPCR.FZ makes no difference, and no code is made with FPCR.FZ16 (job.fp_half).
 * Eight lanes are done four at a time, the upper ones first.
 */
#include "x64/lower_fp_priv.h"

static unsigned lanes_of(const struct fpl *f) { return fpi_get_lanes(f->n->imm); }

/* d := lanes of x as singles: the only one, two, the lower four or, if high, the upper four. */
static void widen(struct fpl *f, int d, int x, bool high)
{
	unsigned lanes = lanes_of(f);

	if (lanes == 1) {
		x_vex(f->a, P66, 1, false, false, 0xdb, d, x, xk(XK_LANE16));
		x = d;
	} else if (lanes == 2) {
		only_lane0(f, SH_S, d, x);
		x = d;
	} else if (high) {
		x_vrr(f->a, PNONE, 0x12, d, x, x); /* vmovhlps */
		x = d;
	}
	x_vex(f->a, P66, 2, false, false, 0x13, d, 0, xr(x)); /* vcvtph2ps */
}
/* The singles in s to lanes of the result, the upper ones coming first; s is used. */
static void narrow(struct fpl *f, int s, bool high)
{
	x_vex_i(f->a, P66, 3, 0x1d, s, 0, xr(lanes_of(f) == 8 && !high ? s : f->d), 4); /* vcvtps2ph, as MXCSR rounds */
	if (high) {
		x_vex(f->a, P66, 1, false, false, 0x73, 7, f->d, xr(f->d)); /* vpslldq */
		x8(f->a, 8);
	} else if (lanes_of(f) == 8) {
		x_vrr(f->a, PNONE, 0x56, f->d, f->d, s);
	}
}
void fpl_check_halves(struct fpl *f)
{
	struct xa *a = f->a;

	x_vex(a, P66, 1, false, false, 0xdb, 0, f->d, xk(XK_MAX16));
	x_vex(a, P66, 1, false, false, 0x75, 1, 0, xk(XK_MINNORM_H)); /* vpcmpeqw */
	x_vex(a, P66, 1, false, false, 0x65, 0, 0, xk(XK_INF_H)); /* vpcmpgtw */
	x_vrr(a, PNONE, 0x56, 1, 1, 0);
	x_vex(a, P66, 2, false, false, 0x17, 1, 0, xr(1)); /* vptest */
	fix_if(f, CC_NE);
}

/* Of the singles in xmm0 and xmm1, to xmm0; not in lanes that are not there, where zeros are divided. */
static void single_op(struct fpl *f, unsigned op) { x_vrr(f->a, lanes_of(f) == 1 ? PF3 : PNONE, op, 0, 0, 1); }

/* xmm0 := the larger or smaller of xmm0 and xmm1: see extreme() in lower_fp.c. */
static void single_extreme(struct fpl *f, unsigned op, unsigned combine)
{
	x_vex_i(f->a, PNONE, 1, 0xc2, 2, 0, xr(1), 0x03);
	fix_if_any(f, 2);
	x_vrr(f->a, PNONE, op, 2, 0, 1);
	x_vrr(f->a, PNONE, op, 0, 1, 0);
	x_vrr(f->a, PNONE, combine, 0, 0, 2);
}

/* xmm2 := xmm2 + xmm0 * xmm1, where rounding twice is as good as once. */
static void single_mla(struct fpl *f)
{
	static const uint8_t op[2][2] = {{0xb8, 0xbc}, {0xba, 0xbe}};
	struct xa *a = f->a;

	x_vex(a, P66, 2, false, false, op[!!(f->n->imm & FPI_NEG_A)][!!(f->n->imm & FPI_NEG_N)], 2, 0, xr(1));
	x_vex(a, P66, 1, false, false, 0xdb, 0, 2, xk(XK_MAX32));
	x_vex(a, P66, 1, false, false, 0xfa, 0, 0, xk(XK_ONES32)); /* vpsubd: zero is large */
	x_vex(a, P66, 2, false, false, 0x3b, 1, 0, xk(XK_BELOW_H)); /* vpminud */
	x_vrr(a, P66, 0x76, 1, 1, 0);
	x_vex(a, P66, 1, false, false, 0xdb, 0, 2, xk(XK_LOW13_32));
	x_vex(a, P66, 1, false, false, 0x76, 0, 0, xk(XK_HALFWAY_H));
	x_vrr(a, PNONE, 0x56, 1, 1, 0);
	fix_if_any(f, 1);
}

static void round_singles(struct fpl *f)
{
	static const uint8_t mode[] = {[FPR_TIEEVEN] = 0, [FPR_NEGINF] = 1, [FPR_POSINF] = 2, [FPR_ZERO] = 3, [FPR_FPCR] = 4};

	x_vex_i(f->a, P66, 3, 0x08, 0, 0, xr(0), mode[fpi_get_round(f->n->imm)] | (f->n->imm & FPI_EXACT ? 0 : 8));
}

/* One group of lanes, widened, to be narrowed; returns the register that has the result. */
static int group(struct fpl *f)
{
	switch (f->n->op) {
	case IR_fpadd: single_op(f, 0x58); return 0;
	case IR_fpsub: single_op(f, 0x5c); return 0;
	case IR_fpmul: single_op(f, 0x59); return 0;
	case IR_fpdiv: single_op(f, 0x5e); return 0;
	case IR_fpsqrt: x_vex(f->a, PNONE, 1, false, false, 0x51, 0, 0, xr(0)); return 0;
	case IR_fpmax: case IR_fpmaxnm: single_extreme(f, 0x5f, 0x54); return 0;
	case IR_fpmin: case IR_fpminnm: single_extreme(f, 0x5d, 0x56); return 0;
	case IR_fpmla: single_mla(f); return 2;
	default: round_singles(f); return 0;
	}
}

/* What is above the lanes of d becomes zero. */
static void cut(struct fpl *f)
{
	if (lanes_of(f) == 1)
		x_vex(f->a, P66, 1, false, false, 0xdb, f->d, f->d, xk(XK_LANE16));
	else if (lanes_of(f) == 2)
		only_lane0(f, SH_S, f->d, f->d);
	else if (lanes_of(f) == 4)
		vmovq_xx(f->a, f->d, f->d);
}

static void arith(struct fpl *f)
{
	unsigned nops = ir_info(f->n->op)->nops;

	for (int high = lanes_of(f) == 8; high >= 0; high--) {
		if (nops == 3)
			widen(f, 2, f->s[0], high);
		for (unsigned k = nops == 3; k < nops; k++)
			widen(f, (int)k - (nops == 3), f->s[k], high);
		narrow(f, group(f), high);
	}
	if (lanes_of(f) < 4)
		cut(f); /* zeros less zeros may be negative */
	fpl_check_halves(f);
}

/* Masks of singles packed. */
static void compare(struct fpl *f)
{
	static const uint8_t pred[] = {[FPC_EQ] = 0x00, [FPC_GE] = 0x0d, [FPC_GT] = 0x0e};

	f->sh = SH_4S;
	zero(f, f->d);
	for (int high = lanes_of(f) == 8; high >= 0; high--) {
		for (int k = 0; k < 2; k++) {
			widen(f, k, f->s[k], high);
			if (f->n->imm & FPI_ABS)
				magnitude(f, k, k);
		}
		x_vex_i(f->a, PNONE, 1, 0xc2, high ? f->d : 0, 0, xr(1), pred[fpi_get_cond(f->n->imm)]);
	}
	x_vrr(f->a, P66, 0x6b, f->d, 0, f->d); /* vpackssdw */
	cut(f);
}

bool fpl_can_half(const struct lower *l, const struct ir_node *n)
{
	unsigned lanes = fpi_get_lanes(n->imm), round = fpi_get_round(n->imm);

	if (fpi_get_size(n->imm) != FP_H || !has_half(l))
		return false;
	switch (n->op) {
	case IR_fpadd: case IR_fpsub: case IR_fpmul: case IR_fpsqrt: case IR_fpmax: case IR_fpmin: case IR_fpmaxnm: case IR_fpminnm:
	case IR_fpabs: case IR_fpneg: case IR_fpcmv:
		return true;
	case IR_fpdiv: return lanes != 2;
	case IR_fpmla: return x64_cpu() & X64_FMA;
	case IR_fprint: return round == FPR_FPCR || round <= FPR_ZERO;
	case IR_fpcmp: return true;
	default: return false;
	}
}

void fpl_half(struct fpl *f)
{
	switch (f->n->op) {
	case IR_fpabs:
		x_vex(f->a, P66, 1, false, false, 0xdb, f->d, f->s[0], xk(XK_MAX16));
		cut(f);
		return;
	case IR_fpneg:
		x_vex(f->a, P66, 1, false, false, 0xef, f->d, f->s[0], xk(XK_SIGN16));
		cut(f);
		return;
	case IR_fpcmv:
		compare(f);
		return;
	case IR_fpcmp:
		widen(f, 0, f->s[0], false);
		widen(f, 1, f->s[1], false);
		f->s[0] = 0;
		f->s[1] = 1;
		fpl_cmp(f);
		return;
	default:
		arith(f);
		return;
	}
}

/* Products of halves are singles exactly, so that this is one fused operation of singles. */
bool fpl_can_mlal(const struct lower *l, const struct ir_node *n, enum shape sh)
{
	return (sh == SH_2S || sh == SH_4S) && has_half(l) && x64_cpu() & X64_FMA;
}
void fpl_mlal(struct fpl *f)
{
	for (int k = 0; k < 2; k++) {
		int x = f->s[k + 1];

		if (f->sh == SH_2S) {
			only_lane0(f, SH_S, k, x);
			x = k;
		}
		x_vex(f->a, P66, 2, false, false, 0x13, k, 0, xr(x)); /* vcvtph2ps */
	}
	if (f->sh == SH_2S)
		vmovq_xx(f->a, f->d, f->s[0]);
	else
		x_vmov(f->a, f->d, f->s[0]);
	x_vex(f->a, P66, 2, false, false, f->n->imm & FPI_NEG_N ? 0xbc : 0xb8, f->d, 0, xr(1));
	finish(f, true); /* zeros less zeros may be negative */
	f->sh = SH_4S;
	check(f, f->d, true);
}
