/*
 * Multiplication that takes infinity times zero for 2, the steps of Newton's method and the estimates that it
 * starts from.
 *
 * Infinities and NaNs go to the C functions before anything is computed, as the host would find infinity times
 * zero invalid and Arm does not.  With finite operands a step is one fused instruction, which rounds once;
 * that of the square root halves a factor first, which is exact unless that is very small.  Its result and that of the
 * other are no NaNs and not tiny: 2 (or 1.5) less a product is zero or no less than a unit in its last place.
 *
 * Estimates have eight bits of fraction, from a table (x64/consts.h), and an exponent that is 2 * bias - 1 less the
 * operand's, or for square roots (3 * bias - 1) / 2 less half of it, rounded up.  Operands that are not normal, and those
 * whose estimate would not be, go to the C functions; nothing raises a flag.
 */
#include "x64/lower_fp_priv.h"

/* To the C function if a lane of x is infinite or a NaN. xmm2 is used. */
static void fix_if_infinite(struct fpl *f, int x)
{
	magnitude(f, 2, x);
	if (is_scalar(f->sh)) {
		ucomis_k(f, 2, by_size(f->sh, XK_INF_S, XK_INF_D)); /* equal and unordered both set ZF */
		fix_if(f, CC_E);
	} else {
		x_vex_i(f->a, ppfx(f->sh), 1, 0xc2, 2, 2, xk_i(by_size(f->sh, XK_INF_S, XK_INF_D)), 0x08); /* equal or unordered, quiet */
		fix_if_any(f, 2);
	}
}

void fpl_mulx(struct fpl *f)
{
	int x, y;

	operands2(f, &x, &y);
	fix_if_infinite(f, x);
	fix_if_infinite(f, y);
	op3(f, 0x59, f->d, x, y);
	check(f, f->d, true);
	finish(f, clean(f, 0));
}

bool fpl_can_step(const struct lower *l, const struct ir_node *n, enum shape sh) { return sh != SH_NONE && x64_cpu() & X64_FMA; }

/* d := k - x * y */
static void step(struct fpl *f, enum x64_const k, int x, int y)
{
	x_vload(f->a, f->d, xk(k));
	x_vex(f->a, P66, 2, is_double(f->sh), false, 0xbcu + is_scalar(f->sh), f->d, x, xr(y)); /* vfnmadd231 */
	finish(f, false);
}

void fpl_recps(struct fpl *f)
{
	int x, y;

	operands2(f, &x, &y);
	fix_if_infinite(f, x);
	fix_if_infinite(f, y);
	step(f, by_size(f->sh, XK_TWO_S, XK_TWO_D), x, y);
}

void fpl_rsqrts(struct fpl *f)
{
	enum x64_const least = by_size(f->sh, XK_HALVES_S, XK_HALVES_D);
	int x, y;

	operands2(f, &x, &y);
	fix_if_infinite(f, y);
	fix_if_infinite(f, x);
	magnitude(f, 2, x);
	if (is_scalar(f->sh)) {
		ucomis_k(f, 2, least);
		fix_if(f, CC_B);
	} else {
		x_vex_i(f->a, ppfx(f->sh), 1, 0xc2, 2, 2, xk_i(least), 0x11); /* less, quiet */
		fix_if_any(f, 2);
	}
	x_vex(f->a, pfx(f->sh), 1, false, false, 0x59, 2, x, xk(by_size(f->sh, XK_HALF_S, XK_HALF_D)));
	step(f, by_size(f->sh, XK_SESQUI_S, XK_SESQUI_D), 2, y);
}

/* -- estimates -- */

bool fpl_can_estimate(const struct lower *l, const struct ir_node *n, enum shape sh) { return sh != SH_NONE && sh != SH_2D; }

/* The operand's bits less its sign to rcx, its exponent less 1 to rdx; all of it in rax. fbits: of its fraction. */
static void take_apart(struct fpl *f, bool wide, unsigned fbits)
{
	struct xa *a = f->a;

	x_vex(a, P66, 1, wide, false, 0x7e, f->s[0], 0, xr(RAX));
	x_mov(a, wide, RCX, RAX);
	x_shift_i(a, X_SHL, wide, RCX, 1);
	x_shift_i(a, X_SHR, wide, RCX, 1);
	x_mov(a, wide, RDX, RCX);
	x_shift_i(a, X_SHR, wide, RDX, fbits);
	x_alu_i(a, X_SUB, false, xr(RDX), 1);
}

/* ecx := the table's byte for it */
static void look_up(struct fpl *f, struct xm table)
{
	x_lea(f->a, true, RAX, table);
	x_movzx8(f->a, RCX, xmemi(RAX, RCX, 0, 0));
}

/* d := sign and exponent from rdx, fraction from rcx */
static void put_together(struct fpl *f, bool wide, unsigned fbits)
{
	struct xa *a = f->a;

	x_shift_i(a, X_SHL, wide, RDX, 8);
	x_alu(a, X_OR, wide, RDX, xr(RCX));
	x_shift_i(a, X_SHL, wide, RDX, fbits - 8);
	x_vex(a, P66, 1, wide, false, 0x6e, f->d, 0, xr(RDX));
}

static void recpe_one(struct fpl *f)
{
	bool wide = is_double(f->sh);
	unsigned fbits = wide ? 52 : 23;
	int32_t last = wide ? 2044 : 252;
	struct xa *a = f->a;

	take_apart(f, wide, fbits);
	x_alu_i(a, X_CMP, false, xr(RDX), last);
	fix_if(f, CC_AE);
	x_op(a, PNONE, 0xf7, false, 3, xr(RDX)); /* neg */
	x_alu_i(a, X_ADD, false, xr(RDX), last);
	x_shift_i(a, X_SHR, wide, RAX, wide ? 63 : 31);
	x_shift_i(a, X_SHL, false, RAX, wide ? 11 : 8);
	x_alu(a, X_OR, false, RDX, xr(RAX));
	x_shift_i(a, X_SHR, wide, RCX, fbits - 8);
	x_movzx8(a, RCX, xr(RCX));
	look_up(f, xk_recip());
	put_together(f, wide, fbits);
}

static void rsqrte_one(struct fpl *f)
{
	bool wide = is_double(f->sh);
	unsigned fbits = wide ? 52 : 23;
	struct xa *a = f->a;

	take_apart(f, wide, fbits);
	x_test(a, wide, RAX, RAX);
	fix_if(f, CC_S);
	x_alu_i(a, X_CMP, false, xr(RDX), wide ? 2046 : 254);
	fix_if(f, CC_AE);
	x_alu_i(a, X_ADD, false, xr(RDX), 2);
	x_shift_i(a, X_SHR, false, RDX, 1);
	x_op(a, PNONE, 0xf7, false, 3, xr(RDX)); /* neg */
	x_alu_i(a, X_ADD, false, xr(RDX), wide ? 1534 : 190);
	x_shift_i(a, X_SHR, wide, RCX, fbits - 8);
	x_alu_i(a, X_AND, false, xr(RCX), 511);
	look_up(f, xk_rsqrt());
	put_together(f, wide, fbits);
}

static void int3(struct fpl *f, unsigned map, unsigned op, int d, int x, struct xm m) { x_vex(f->a, P66, map, false, false, op, d, x, m); }
/* vpsrld 2, vpslld 6 */
static void shift(struct fpl *f, unsigned kind, int d, int x, unsigned n)
{
	x_vex(f->a, P66, 1, false, false, 0x72, (int)kind, d, xr(x));
	x8(f->a, n);
}

/* To the C function unless all lanes of x, less that of the smallest normal number, are below `last`. xmm1, xmm2 are used. */
static void fix_unless_normal(struct fpl *f, int x, enum x64_const last)
{
	x_vload(f->a, 2, xk(XK_MINNORM_S));
	int3(f, 1, 0xfa, 1, x, xr(2)); /* vpsubd */
	int3(f, 2, 0x3f, 2, 1, xk(last)); /* vpmaxud */
	int3(f, 1, 0x76, 1, 1, xr(2)); /* vpcmpeqd */
	fix_if_any(f, 1);
}

/* d := bytes of the table, where a fraction has them; by xmm1. xmm2 is used. */
static void gather(struct fpl *f, struct xm table)
{
	x_lea(f->a, true, RCX, table);
	int3(f, 1, 0x76, 2, 2, xr(2)); /* all ones */
	int3(f, 2, 0x90, f->d, 2, xmemi(RCX, 1, 0, 0)); /* vpgatherdd */
	int3(f, 1, 0xdb, f->d, f->d, xk(XK_LOW8_32));
	shift(f, 6, f->d, f->d, 15);
}

static void recpe_all(struct fpl *f)
{
	int x = operand1(f);

	int3(f, 1, 0xdb, 1, x, xk(XK_MAX32));
	fix_unless_normal(f, 1, XK_RECPE_LAST);
	shift(f, 2, 1, x, 15);
	int3(f, 1, 0xdb, 1, 1, xk(XK_LOW8_32));
	gather(f, xk_recip());
	int3(f, 1, 0xdb, 1, x, xk(XK_INF_S));
	x_vload(f->a, 2, xk(XK_RECPE_EXP));
	int3(f, 1, 0xfa, 2, 2, xr(1)); /* vpsubd */
	int3(f, 1, 0xeb, f->d, f->d, xr(2));
	int3(f, 1, 0xdb, 1, x, xk(XK_SIGN32));
	int3(f, 1, 0xeb, f->d, f->d, xr(1));
	finish(f, true);
}

static void rsqrte_all(struct fpl *f)
{
	int x = operand1(f);

	fix_unless_normal(f, x, XK_RSQRTE_LAST);
	shift(f, 2, 1, x, 15);
	int3(f, 1, 0xdb, 1, 1, xk(XK_LOW9_32));
	gather(f, xk_rsqrt());
	shift(f, 2, 1, x, 23);
	int3(f, 1, 0xfe, 1, 1, xk(XK_ONES32)); /* vpaddd */
	shift(f, 2, 1, 1, 1);
	x_vload(f->a, 2, xk(XK_RSQRTE_EXP));
	int3(f, 1, 0xfa, 2, 2, xr(1));
	shift(f, 6, 2, 2, 23);
	int3(f, 1, 0xeb, f->d, f->d, xr(2));
	finish(f, true);
}

void fpl_recpe(struct fpl *f)
{
	if (is_scalar(f->sh))
		recpe_one(f);
	else
		recpe_all(f);
}
void fpl_rsqrte(struct fpl *f)
{
	if (is_scalar(f->sh))
		rsqrte_one(f);
	else
		rsqrte_all(f);
}
