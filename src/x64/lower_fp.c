/*
 * Native lowerings of rows of ops_fp.def: one small function each and one
 * line in the table at the end.  A row without one, or one that declines an
 * immediate, is called as the C function that gives its meaning.
 *
 * The fast path is the host's instruction and a test of its result; what the
 * two machines do differently goes out of line to the C function, with the
 * operands as they were.  With FPCR at round to nearest without flushing (other
 * modes are CTX_FPMODE and not lowered here) the differences are:
 *   - NaN results: Arm has its own rules, and FPCR.DN.
 *   - A result that is the smallest normal number may have been tiny before
 *     rounding, which Arm calls underflow and x86 does not.
 *   - Conversions to integers that do not fit, unsigned ones.
 * The host's sticky flags in MXCSR are FPSR's otherwise, and so nothing may
 * raise one that the guest's operation does not: garbage in lanes that an
 * operation does not read is kept out of packed instructions (a 64-bit
 * vector is doubled), ranges are tested before they would be exceeded.
 * lo_fp_sync() moves them to FPSR where the guest, or C, can look.
 *
 * Flags of invalid operations set here by the host and again by the C
 * function agree.  Intel SDM volume 1, chapter 11.5; Arm ARM J1.3.
 */
#include "base/bug.h"
#include "ir/fp_imm.h"
#include "x64/consts.h"
#include "x64/cpu.h"
#include "x64/lower.h"

enum shape { SH_S, SH_D, SH_2S, SH_4S, SH_2D, SH_NONE };

/* What a lowering works with. */
struct fpl {
	struct lower *l;
	struct xa *a;
	const struct ir_node *n;
	enum shape sh;
	int d;          /* result; not one of s[] */
	int s[3];       /* operands */
	uint8_t *from[6]; /* jumps to the C function */
	unsigned nfrom;
};

struct fp_row {
	bool (*can)(const struct ir_node *n, enum shape sh); /* NULL: every shape but SH_NONE */
	void (*fn)(struct fpl *f);
};

static enum shape shape_of(uint32_t imm)
{
	switch (imm & 15) {
	case FP_S: return SH_S;
	case FP_D: return SH_D;
	case FP_S | 1 << 2: return SH_2S;
	case FP_S | 2 << 2: return SH_4S;
	case FP_D | 1 << 2: return SH_2D;
	default: return SH_NONE;
	}
}

static bool is_double(enum shape sh) { return sh == SH_D || sh == SH_2D; }
static bool is_scalar(enum shape sh) { return sh == SH_S || sh == SH_D; }
/* Mandatory prefix of the shape's arithmetic, and of its packed logic and compares. */
static unsigned pfx(enum shape sh)
{
	static const uint8_t p[] = {[SH_S] = PF3, [SH_D] = PF2, [SH_2S] = PNONE, [SH_4S] = PNONE, [SH_2D] = P66};

	return p[sh];
}
static unsigned ppfx(enum shape sh) { return is_double(sh) ? P66 : PNONE; }
static enum x64_const by_size(enum shape sh, enum x64_const s, enum x64_const d) { return is_double(sh) ? d : s; }

/* -- building blocks -- */

static void fix_if(struct fpl *f, enum x_cc cc)
{
	BUG_ON(f->nfrom == ARRAY_SIZE(f->from));
	f->from[f->nfrom++] = x_jcc(f->a, cc);
}
static void zero(struct fpl *f, int d) { x_vrr(f->a, PNONE, 0x57, d, d, d); }
static void vmovq_xx(struct xa *a, int d, int s) { x_vex(a, PF3, 1, false, false, 0x7e, d, 0, xr(s)); }
static void dup_low(struct fpl *f, int d, int s) { x_vex(f->a, PF2, 1, false, false, 0x12, d, 0, xr(s)); } /* vmovddup */
static void ucomis(struct fpl *f, int x, int y) { x_vex(f->a, ppfx(f->sh), 1, false, false, 0x2e, x, 0, xr(y)); }
static void ucomis_k(struct fpl *f, int x, enum x64_const k) { x_vex(f->a, ppfx(f->sh), 1, false, false, 0x2e, x, 0, xk(k)); }
static void op3(struct fpl *f, unsigned op, int d, int x, int y) { x_vrr(f->a, pfx(f->sh), op, d, x, y); }
static void logic_k(struct fpl *f, unsigned op, int d, int x, enum x64_const k)
{
	x_vex(f->a, PNONE, 1, false, false, op, d, x, xk(k));
}
static void magnitude(struct fpl *f, int d, int x) { logic_k(f, 0x54, d, x, by_size(f->sh, XK_MAX32, XK_MAX64)); }
static void cmp_packed(struct fpl *f, int d, int x, int y, unsigned pred)
{
	x_vex_i(f->a, ppfx(f->sh), 1, 0xc2, d, x, xr(y), pred);
}
/* To the C function if a lane of the mask is set. */
static void fix_if_any(struct fpl *f, int mask)
{
	x_vex(f->a, P66, 2, false, false, 0x0e, mask, 0, xr(mask)); /* vtestps */
	fix_if(f, CC_NE);
}

/* d := lane 0 of x, zero above. */
static void only_lane0(struct fpl *f, enum shape sh, int d, int x)
{
	if (sh == SH_D)
		vmovq_xx(f->a, d, x);
	else
		x_vex_i(f->a, P66, 3, 0x21, d, x, xr(x), 0x0e);
}

/* The value has zeros above its lane 0 of this shape. */
static bool is_clean(const struct lower *l, ir_ref r, enum shape sh)
{
	const struct ir_node *n = LN(r);
	unsigned size = is_double(sh) ? FP_D : FP_S;

	switch (n->op) {
	case IR_fpadd: case IR_fpsub: case IR_fpmul: case IR_fpmulx: case IR_fpdiv: case IR_fpmax: case IR_fpmin:
	case IR_fpmaxnm: case IR_fpminnm: case IR_fpsqrt: case IR_fpmla: case IR_fprecps: case IR_fprsqrts:
	case IR_fpabs: case IR_fpneg: case IR_fprint: case IR_fpcmv: case IR_i2fp:
		return !(n->imm >> 2 & 3) && fpi_get_size(n->imm) <= size;
	case IR_fpcvt: return !(n->imm >> 2 & 3) && fpi_get_size2(n->imm) <= size;
	case IR_v_lane0: return (n->imm & 3) <= size;
	case IR_v_zero_hi: case IR_v_from: return sh == SH_D;
	case IR_ldv: return (n->aux & MEM_SIZE) <= size;
	case IR_vconst: return !n->k2 && (sh == SH_D || n->k <= UINT32_MAX);
	default: return false;
	}
}
static bool clean(struct fpl *f, unsigned k) { return is_clean(f->l, f->n->a[k], f->sh); }

/* A NaN in the result x goes to the C function; tiny: so does the smallest normal number. xmm0, xmm1 are used. */
static void check(struct fpl *f, int x, bool tiny)
{
	if (is_scalar(f->sh)) {
		if (tiny) { /* equal and unordered both set ZF */
			magnitude(f, 0, x);
			ucomis_k(f, 0, by_size(f->sh, XK_MINNORM_S, XK_MINNORM_D));
			fix_if(f, CC_E);
		} else {
			ucomis(f, x, x);
			fix_if(f, CC_P);
		}
	} else if (tiny) {
		magnitude(f, 1, x);
		x_vex_i(f->a, ppfx(f->sh), 1, 0xc2, 1, 1, xk_i(by_size(f->sh, XK_MINNORM_S, XK_MINNORM_D)), 0x08); /* equal or unordered, quiet */
		fix_if_any(f, 1);
	} else {
		cmp_packed(f, 1, x, x, 0x03); /* unordered */
		fix_if_any(f, 1);
	}
}

/* Operands of a two-operand instruction: a 64-bit vector is doubled into xmm0 and xmm1. */
static void operands2(struct fpl *f, int *x, int *y)
{
	*x = f->s[0];
	*y = f->s[1];
	if (f->sh == SH_2S) {
		dup_low(f, 0, *x);
		dup_low(f, 1, *y);
		*x = 0;
		*y = 1;
	}
}
static int operand1(struct fpl *f)
{
	if (f->sh != SH_2S)
		return f->s[0];
	dup_low(f, 0, f->s[0]);
	return 0;
}
/* What is above the lanes of d becomes zero. */
static void finish(struct fpl *f, bool already)
{
	if (f->sh == SH_2S)
		vmovq_xx(f->a, f->d, f->d);
	else if (is_scalar(f->sh) && !already)
		only_lane0(f, f->sh, f->d, f->d);
}

/* -- arithmetic -- */

static void arith(struct fpl *f, unsigned op, bool commutes, bool tiny)
{
	bool ok = clean(f, 0);
	int x, y;

	operands2(f, &x, &y);
	if (!ok && commutes && is_scalar(f->sh) && clean(f, 1)) {
		int t = x;

		x = y;
		y = t;
		ok = true;
	}
	op3(f, op, f->d, x, y);
	check(f, f->d, tiny);
	finish(f, ok);
}
/* A tiny sum is exact. */
static void l_fpadd(struct fpl *f) { arith(f, 0x58, true, false); }
static void l_fpsub(struct fpl *f) { arith(f, 0x5c, false, false); }
static void l_fpmul(struct fpl *f) { arith(f, 0x59, true, true); }
static void l_fpdiv(struct fpl *f) { arith(f, 0x5e, false, true); }
static void l_fpsqrt(struct fpl *f)
{
	int x = operand1(f);

	x_vex(f->a, pfx(f->sh), 1, false, false, 0x51, f->d, is_scalar(f->sh) ? x : 0, xr(x)); /* packed: no second source */
	check(f, f->d, false);
	finish(f, clean(f, 0));
}

static bool can_mla(const struct ir_node *n, enum shape sh) { return sh != SH_NONE && x64_cpu() & X64_FMA; }
static void l_fpmla(struct fpl *f)
{
	/* of the forms that add to the destination: + n*m, - n*m, with the addend as it is or negated */
	static const uint8_t op[2][2] = {{0xb8, 0xbc}, {0xba, 0xbe}};
	unsigned code = op[!!(f->n->imm & FPI_NEG_A)][!!(f->n->imm & FPI_NEG_N)] + is_scalar(f->sh);
	int x = f->s[1], y = f->s[2];

	if (f->sh == SH_2S) {
		dup_low(f, f->d, f->s[0]);
		dup_low(f, 0, x);
		dup_low(f, 1, y);
		x = 0;
		y = 1;
	} else if (is_scalar(f->sh) && !clean(f, 0)) {
		only_lane0(f, f->sh, f->d, f->s[0]);
	} else {
		x_vmov(f->a, f->d, f->s[0]);
	}
	x_vex(f->a, P66, 2, is_double(f->sh), false, code, f->d, x, xr(y));
	check(f, f->d, true);
	finish(f, true);
}

/*
 * Minimum and maximum: the host's give the second operand where both are
 * zeros; the two orders combined by or (and) give the right zero. NaNs are found
 * before, as the host would call a quiet one invalid.
 */
static void extreme(struct fpl *f, unsigned op, unsigned combine)
{
	int x, y;

	operands2(f, &x, &y);
	if (is_scalar(f->sh)) {
		ucomis(f, x, y);
		fix_if(f, CC_P);
	} else {
		cmp_packed(f, 2, x, y, 0x03);
		fix_if_any(f, 2);
	}
	op3(f, op, f->d, x, y);
	op3(f, op, 2, y, x);
	x_vrr(f->a, PNONE, combine, f->d, f->d, 2);
	finish(f, clean(f, 0) && clean(f, 1));
}
static void l_fpmax(struct fpl *f) { extreme(f, 0x5f, 0x54); }
static void l_fpmin(struct fpl *f) { extreme(f, 0x5d, 0x56); }

/* -- comparison -- */

static bool can_scalar(const struct ir_node *n, enum shape sh) { return is_scalar(sh); }
static void l_fpcmp(struct fpl *f)
{
	struct xa *a = f->a;

	x_vex(a, ppfx(f->sh), 1, false, false, f->n->imm & FPI_SIGNAL ? 0x2f : 0x2e, f->s[0], 0, xr(f->s[1]));
	x8(a, 0x9f); /* lahf */
	x_mov_ri(a, RCX, 0x4500);
	x_vex(a, PF3, 2, false, false, 0xf5, RAX, RAX, xr(RCX)); /* pext: ZF PF CF */
	x_shift_i(a, X_SHL, false, RAX, 2);
	x_mov_ri(a, RCX, 0x30060082); /* NZCV of unordered, equal, less, greater */
	x_vex(a, PF2, 2, false, false, 0xf7, f->d, RAX, xr(RCX)); /* shrx */
	x_shift_i(a, X_SHL, false, f->d, 28);
}
static void l_fpcmv(struct fpl *f)
{
	static const uint8_t pred[] = {[FPC_EQ] = 0x00, [FPC_GE] = 0x0d, [FPC_GT] = 0x0e};
	int x, y;

	operands2(f, &x, &y);
	if (f->n->imm & FPI_ABS) {
		magnitude(f, 0, x);
		magnitude(f, 1, y);
		x = 0;
		y = 1;
	}
	x_vex_i(f->a, pfx(f->sh), 1, 0xc2, f->d, x, xr(y), pred[fpi_get_cond(f->n->imm)]);
	finish(f, clean(f, 0));
}

/* -- sign -- */

static void l_fpabs(struct fpl *f)
{
	static const enum x64_const mask[] = {XK_ABS_1S, XK_ABS_1D, XK_ABS_2S, XK_MAX32, XK_MAX64};

	logic_k(f, 0x54, f->d, f->s[0], mask[f->sh]);
}
static void l_fpneg(struct fpl *f)
{
	logic_k(f, 0x57, f->d, f->s[0], by_size(f->sh, XK_SIGN32, XK_SIGN64));
	finish(f, false);
}

/* -- conversions -- */

#define CVT(n) (fpi_get_size((n)->imm) << 4 | fpi_get_size2((n)->imm))
#define S_TO_D (FP_S << 4 | FP_D)
#define D_TO_S (FP_D << 4 | FP_S)
#define H_TO_S (FP_H << 4 | FP_S)
#define S_TO_H (FP_S << 4 | FP_H)

static bool can_cvt(const struct ir_node *n, enum shape sh)
{
	unsigned lanes = fpi_get_lanes(n->imm);

	if (fpi_get_round(n->imm) != FPR_FPCR)
		return false;
	switch (CVT(n)) {
	case S_TO_D: case D_TO_S: return lanes <= 2;
	case H_TO_S: return x64_cpu() & X64_F16C && (lanes == 1 || lanes == 4);
	case S_TO_H: return x64_cpu() & X64_F16C && lanes == 1;
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
static void single_to_half(struct fpl *f)
{
	struct xa *a = f->a;

	only_lane0(f, SH_S, 0, f->s[0]);
	x_vex_i(a, P66, 3, 0x1d, 0, 0, xr(f->d), 0); /* vcvtps2ph */
	x_vex(a, P66, 1, false, false, 0x7e, f->d, 0, xr(RAX));
	x_alu_i(a, X_AND, false, xr(RAX), 0x7fff);
	x_alu_i(a, X_CMP, false, xr(RAX), 0x0400);
	fix_if(f, CC_E);
	x_alu_i(a, X_CMP, false, xr(RAX), 0x7c00);
	fix_if(f, CC_A);
}
static void l_fpcvt(struct fpl *f)
{
	bool scalar = fpi_get_lanes(f->n->imm) == 1;

	switch (CVT(f->n)) {
	case H_TO_S: half_to_single(f, scalar); return;
	case S_TO_H: single_to_half(f); return;
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

/* The host's code of a rounding mode, that of FPCR being to nearest; -1: it has none. */
static int host_rounding(uint32_t imm)
{
	switch (fpi_get_round(imm)) {
	case FPR_TIEEVEN: case FPR_FPCR: return 0;
	case FPR_NEGINF: return 1;
	case FPR_POSINF: return 2;
	case FPR_ZERO: return 3;
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

static bool can_print(const struct ir_node *n, enum shape sh)
{
	return sh != SH_NONE && (host_rounding(n->imm) >= 0 || (is_scalar(sh) && fpi_get_round(n->imm) == FPR_TIEAWAY));
}
static void l_fprint(struct fpl *f)
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

static bool can_2i(const struct ir_node *n, enum shape sh)
{
	unsigned to = fpi_get_size2(n->imm), round = fpi_get_round(n->imm);

	if (sh == SH_NONE || fpi_get_fbits(n->imm))
		return false;
	if (is_scalar(sh))
		return to >= 2 && (host_rounding(n->imm) >= 0 || round == FPR_TIEAWAY);
	if (host_rounding(n->imm) < 0)
		return false;
	return is_double(sh) ? to == 3 && round == FPR_ZERO && !(n->imm & FPI_UNSIGNED) : to == 2;
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
	int rc = host_rounding(f->n->imm), x = f->s[0];

	if (rc < 0)
		round_away(f);
	else if (rc < 3)
		round_to(f, 0, x, (unsigned)rc | QUIET);
	if (rc < 3)
		x = 0;
	if (uns)
		check_unsigned(f, x, wide);
	truncate_int(f, x, wide || uns);
	if (rc < 3)
		round_to(f, 1, f->s[0], 3); /* for Inexact */
	x_vex(f->a, P66, 1, wide, false, 0x6e, f->d, 0, xr(RAX));
}
static void doubles_to_int(struct fpl *f)
{
	struct xa *a = f->a;

	f->sh = SH_D;
	x_vrr(a, P66, 0x15, 0, f->s[0], f->s[0]); /* vunpckhpd */
	truncate_int(f, 0, true);
	x_mov(a, true, RCX, RAX);
	truncate_int(f, f->s[0], true);
	x_vmovq_xr(a, f->d, RAX);
	x_vex(a, P66, 3, true, false, 0x22, f->d, f->d, xr(RCX)); /* vpinsrq */
	x8(a, 1);
}
static void l_fp2i(struct fpl *f)
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
	x = operand1(f);
	x_vmov(f->a, f->d, x); /* exact operands for Inexact */
	if (rc < 3) {
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
	if (rc < 3)
		round_to(f, 1, f->d, 3);
	x_vmov(f->a, f->d, 0);
	finish(f, true);
}

/* -- from integers -- */

static bool can_i2(const struct ir_node *n, enum shape sh)
{
	unsigned from = fpi_get_size2(n->imm);

	if (sh == SH_NONE || fpi_get_fbits(n->imm))
		return false;
	return is_scalar(sh) ? from >= 2 : from == (is_double(sh) ? 3u : 2u);
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
static void l_i2fp(struct fpl *f)
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
}

static const struct fp_row rows[IR_pure_end] = {
	[IR_fpadd] = {0, l_fpadd}, [IR_fpsub] = {0, l_fpsub}, [IR_fpmul] = {0, l_fpmul}, [IR_fpdiv] = {0, l_fpdiv},
	[IR_fpsqrt] = {0, l_fpsqrt}, [IR_fpmla] = {can_mla, l_fpmla},
	[IR_fpmax] = {0, l_fpmax}, [IR_fpmin] = {0, l_fpmin}, [IR_fpmaxnm] = {0, l_fpmax}, [IR_fpminnm] = {0, l_fpmin},
	[IR_fpcmp] = {can_scalar, l_fpcmp}, [IR_fpcmv] = {0, l_fpcmv}, [IR_fpabs] = {0, l_fpabs}, [IR_fpneg] = {0, l_fpneg},
	[IR_fpcvt] = {can_cvt, l_fpcvt}, [IR_fprint] = {can_print, l_fprint}, [IR_fp2i] = {can_2i, l_fp2i},
	[IR_i2fp] = {can_i2, l_i2fp},
};

bool low_fp(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	const struct ir_opinfo *in = ir_info(n->op);
	struct fpl f = {.l = l, .a = &l->a, .n = n, .sh = shape_of(n->imm)};
	uint32_t live_g, live_x;
	struct stub *s;

	if (n->op >= IR_pure_end || !rows[n->op].fn || !l->job->fp_native)
		return false;
	if (rows[n->op].can ? !rows[n->op].can(n, f.sh) : f.sh == SH_NONE)
		return false;
	for (unsigned k = 0; k < in->nops; k++)
		f.s[k] = lo_usex(l, n->a[k]);
	l->def_phase = true;
	live_g = lo_live_g(l);
	live_x = lo_live_x(l);
	f.d = in->type == T_VEC ? lo_defx(l, r) : lo_def(l, r);
	rows[n->op].fn(&f);
	if (!f.nfrom)
		return true;
	s = lo_stub(l, STUB_CALL);
	s->node = r;
	s->reg = (int8_t)f.d;
	for (unsigned k = 0; k < in->nops; k++)
		s->src[k] = (int8_t)f.s[k];
	s->live_g = live_g;
	s->live_x = live_x;
	memcpy(s->from, f.from, sizeof(s->from));
	s->nfrom = f.nfrom;
	s->back = l->a.p;
	return true;
}

void low_call_stub(struct lower *l, const struct stub *s)
{
	const struct ir_node *n = LN(s->node);
	struct xa *a = &l->a;

	for (unsigned k = 0; k < ir_info(n->op)->nops; k++)
		x_vstore(a, xmem(RSP, FR_ARG + 16 + 16 * (int)k), s->src[k]);
	low_call_fn(l, n, s->live_g, s->live_x);
	x_vload(a, s->reg, xmem(RSP, FR_ARG)); /* all that have this kind of stub give vectors */
	x_jmp_to(a, s->back + a->delta);
}

/* -- flags -- */

#define MXCSR_FLAGS 0x3du /* IE ZE OE UE PE */

void lo_fp_sync(struct xa *a, int t0, int t1, int frame, bool clear)
{
	struct xm tmp = xmem(RSP, frame);
	uint8_t *none;

	x_vex(a, PNONE, 1, false, false, 0xae, 3, 0, tmp); /* vstmxcsr */
	x_load(a, false, t0, tmp);
	x_test_i(a, false, t0, MXCSR_FLAGS);
	none = x_jcc(a, CC_E);
	if (clear) {
		x_alu_i(a, X_AND, false, tmp, ~0x3f);
		x_vex(a, PNONE, 1, false, false, 0xae, 2, 0, tmp); /* vldmxcsr */
	}
	x_mov(a, false, t1, t0);
	x_alu_i(a, X_AND, false, xr(t1), 1);
	x_shift_i(a, X_SHR, false, t0, 1);
	x_alu_i(a, X_AND, false, xr(t0), 0x1e);
	x_alu(a, X_OR, false, t0, xr(t1));
	x_op(a, PNONE, 0x09, false, t0, xmem(R15, (int)x64_cfg.off_fp + (int)offsetof(struct fpenv, fpsr)));
	x_bind(a, none);
}

void lo_fp_start(struct xa *a) { x_vex(a, PNONE, 1, false, false, 0xae, 2, 0, xk(XK_MXCSR)); }
