/*
 * Floating point on the host's unit, inline, where that is bit-exact and the
 * flags are known without looking (the argument is in ir/fp_host.h): the unit
 * is specialised on FPCR rounding to nearest without flush-to-zero and on
 * FPSR.IXC being set already (x64_job.fp_fast), the host's MXCSR is the
 * default one.  A result that is finite and above the smallest normal then
 * raised nothing but Inexact, whatever the operands.  Every other result is thrown
 * away and the row's C function called, out of line.
 *
 * A row is one small function and one line in the table at the end: it emits
 * for operands s[] and a result d that is different from all of them, jumps to
 * the slow path by slow(), and returns false (having emitted nothing) for an
 * immediate that it does not do.
 */
#include "ir/fp_imm.h"
#include "x64/lower.h"

struct fp {
	struct lower *l;
	struct xa *a;
	const struct ir_node *n;
	struct stub *stub;
	uint32_t imm;
	unsigned size, lanes;
	int d;
	const int *s;
};

static void slow(struct fp *f, enum x_cc cc)
{
	if (f->stub->nfrom < 6)
		f->stub->from[f->stub->nfrom++] = x_jcc(f->a, cc);
	else
		f->l->fail = true;
}

static bool is_sd(const struct fp *f) { return f->size == FP_S || f->size == FP_D; }
static bool scalar(const struct fp *f) { return f->lanes == 1; }
static unsigned pfx_scalar(const struct fp *f) { return f->size == FP_D ? PF2 : PF3; }
static unsigned pfx_packed(const struct fp *f) { return f->size == FP_D ? P66 : PNONE; }
static unsigned pfx_of(const struct fp *f) { return scalar(f) ? pfx_scalar(f) : pfx_packed(f); }

/* Exponent of the scalar in x into ecx, less 2. */
static void exponent(struct fp *f, int x, unsigned size)
{
	struct xa *a = f->a;

	x_vex(a, P66, 1, size == FP_D, false, 0x7e, x, 0, xr(RCX)); /* vmovd, vmovq */
	x_shift_i(a, X_SHR, size == FP_D, RCX, size == FP_D ? 52 : 23);
	x_alu_i(a, X_AND, false, xr(RCX), size == FP_D ? 0x7ff : 0xff);
}

/* d := lanes of x, the rest zero. */
static void clear_rest(struct fp *f, int d, int x, unsigned bits)
{
	if (bits == 64) {
		x_vex(f->a, PF3, 1, false, false, 0x7e, d, 0, xr(x)); /* vmovq */
	} else if (bits == 32) {
		x_vex_i(f->a, P66, 3, 0x21, d, x, xr(x), 14); /* vinsertps: zero lanes 1..3 */
	} else if (d != x) {
		x_vmov(f->a, d, x);
	}
}

static unsigned bits_of(const struct fp *f) { return (8u << f->size) * f->lanes; }

/* Constants of vectors: made from integers, in xmm1 and xmm2. */
static void splat(struct fp *f, int x, uint64_t k)
{
	x_mov_ri(f->a, RAX, k);
	x_vmovq_xr(f->a, x, RAX);
	x_vrr(f->a, P66, 0x6c, x, x, x);
}

/* To the slow path unless every lane of d is finite and above the smallest normal. */
static void sure(struct fp *f)
{
	struct xa *a = f->a;
	bool dbl = f->size == FP_D;

	if (scalar(f)) {
		exponent(f, f->d, f->size);
		x_alu_i(a, X_SUB, false, xr(RCX), 2);
		x_alu_i(a, X_CMP, false, xr(RCX), dbl ? 0x7fc : 0xfc);
		slow(f, CC_A);
		return;
	}
	/* as integers, which order magnitudes as their floating-point values */
	splat(f, 1, dbl ? UINT64_C(0x7fffffffffffffff) : UINT64_C(0x7fffffff7fffffff));
	x_vrr(a, P66, 0xdb, 0, f->d, 1); /* |r| */
	splat(f, 1, dbl ? UINT64_C(0x0010000000000000) : UINT64_C(0x0080000000800000));
	splat(f, 2, dbl ? UINT64_C(0x7ff0000000000000) : UINT64_C(0x7f8000007f800000));
	x_vex(a, P66, dbl ? 2 : 1, false, false, dbl ? 0x37 : 0x66, 1, 0, xr(1)); /* xmm1 := xmm0 > xmm1: above the smallest normal */
	x_vex(a, P66, dbl ? 2 : 1, false, false, dbl ? 0x37 : 0x66, 2, 2, xr(0)); /* infinity > |r| */
	x_vrr(a, P66, 0xdb, 0, 1, 2);
	x_vex(a, pfx_packed(f), 1, false, false, 0x50, RCX, 0, xr(0)); /* vmovmskps, pd */
	if (f->lanes == 2 && !dbl)
		x_alu_i(a, X_AND, false, xr(RCX), 3);
	x_alu_i(a, X_CMP, false, xr(RCX), (1 << f->lanes) - 1);
	slow(f, CC_NE);
}

static bool arith(struct fp *f, unsigned op)
{
	if (!is_sd(f))
		return false;
	x_vrr(f->a, pfx_of(f), op, f->d, f->s[0], f->s[1]);
	clear_rest(f, f->d, f->d, bits_of(f));
	sure(f);
	return true;
}
static bool fp_add(struct fp *f) { return arith(f, 0x58); }
static bool fp_sub(struct fp *f) { return arith(f, 0x5c); }
static bool fp_mul(struct fp *f) { return arith(f, 0x59); }
static bool fp_div(struct fp *f) { return arith(f, 0x5e); }

static bool fp_sqrt(struct fp *f)
{
	if (!is_sd(f))
		return false;
	if (scalar(f))
		x_vrr(f->a, pfx_of(f), 0x51, f->d, f->s[0], f->s[0]);
	else
		x_vrr(f->a, pfx_of(f), 0x51, f->d, 0, f->s[0]);
	clear_rest(f, f->d, f->d, bits_of(f));
	sure(f);
	return true;
}

static bool fp_mla(struct fp *f)
{
	static const uint8_t op[4] = {0xb8, 0xbc, 0xba, 0xbe}; /* 231: fmadd, fnmadd, fmsub, fnmsub */
	unsigned neg = (f->imm & FPI_NEG_N ? 1 : 0) | (f->imm & FPI_NEG_A ? 2 : 0);

	if (!is_sd(f))
		return false;
	x_vmov(f->a, f->d, f->s[0]);
	x_vex(f->a, P66, 2, f->size == FP_D, false, op[neg] + (scalar(f) ? 1u : 0), f->d, f->s[1], xr(f->s[2]));
	clear_rest(f, f->d, f->d, bits_of(f));
	sure(f);
	return true;
}

/* NaNs and equal operands (zeros of both signs) go the slow way. */
static bool minmax(struct fp *f, unsigned op)
{
	if (!is_sd(f) || !scalar(f))
		return false;
	x_vex(f->a, f->size == FP_D ? P66 : PNONE, 1, false, false, 0x2e, f->s[0], 0, xr(f->s[1]));
	slow(f, CC_E); /* also taken when unordered */
	x_vrr(f->a, pfx_of(f), op, f->d, f->s[0], f->s[1]);
	clear_rest(f, f->d, f->d, bits_of(f));
	/* a denormal result raises nothing here */
	return true;
}
static bool fp_max(struct fp *f) { return minmax(f, 0x5f); }
static bool fp_min(struct fp *f) { return minmax(f, 0x5d); }

static bool fp_cmp(struct fp *f)
{
	struct xa *a = f->a;

	if (!is_sd(f))
		return false;
	x_mov_ri(a, f->d, 0x20000000);
	x_mov_ri(a, RCX, 0x60000000);
	x_mov_ri(a, RDX, 0x80000000);
	x_vex(a, f->size == FP_D ? P66 : PNONE, 1, false, false, 0x2e, f->s[0], 0, xr(f->s[1])); /* vucomis */
	x_cmov(a, CC_E, false, f->d, xr(RCX));
	x_cmov(a, CC_B, false, f->d, xr(RDX));
	slow(f, CC_P);
	return true;
}

static bool fp_from_int(struct fp *f)
{
	struct xa *a = f->a;
	bool w = fpi_get_size2(f->imm) == FP_D, uns = f->imm & FPI_UNSIGNED;

	if (!is_sd(f) || !scalar(f) || fpi_get_fbits(f->imm) || fpi_get_size2(f->imm) == FP_H)
		return false;
	x_vex(a, P66, 1, w, false, 0x7e, f->s[0], 0, xr(RAX)); /* vmovd zero-extends */
	if (w && uns) {
		x_test(a, true, RAX, RAX);
		slow(f, CC_S);
	}
	x_vrr(a, P66, 0xef, f->d, f->d, f->d);
	x_vex(a, pfx_scalar(f), 1, w || uns, false, 0x2a, f->d, f->d, xr(RAX));
	return true;
}

static bool fp_to_int(struct fp *f)
{
	struct xa *a = f->a;
	bool w = fpi_get_size2(f->imm) == FP_D, uns = f->imm & FPI_UNSIGNED;
	unsigned rm = fpi_get_round(f->imm);

	if (!is_sd(f) || !scalar(f) || fpi_get_fbits(f->imm) || fpi_get_size2(f->imm) == FP_H ||
	    (rm != FPR_ZERO && rm != FPR_TIEEVEN && rm != FPR_FPCR))
		return false;
	x_vex(a, pfx_scalar(f), 1, true, false, rm == FPR_ZERO ? 0x2c : 0x2d, RAX, 0, xr(f->s[0]));
	if (w || uns) { /* 64 bits: "indefinite" is the most negative number */
		x_mov(a, true, RCX, RAX);
		if (!w) {
			x_shift_i(a, X_SHR, true, RCX, 32);
			slow(f, CC_NE);
		} else if (uns) {
			x_test(a, true, RCX, RCX);
			slow(f, CC_S);
		} else {
			x_shift_i(a, X_SHL, true, RCX, 1);
			slow(f, CC_E); /* zero, too: rare enough */
		}
	} else {
		x_op(a, PNONE, 0x63, true, RCX, xr(RAX)); /* movsxd */
		x_alu(a, X_CMP, true, RCX, xr(RAX));
		slow(f, CC_NE);
	}
	x_vex(a, P66, 1, w, false, 0x6e, f->d, 0, xr(RAX));
	return true;
}

static bool fp_convert(struct fp *f)
{
	unsigned to = fpi_get_size2(f->imm), from = f->size;

	if (!scalar(f) || !((from == FP_S && to == FP_D) || (from == FP_D && to == FP_S)) || fpi_get_round(f->imm) != FPR_FPCR)
		return false;
	if (to == FP_D) { /* exact unless infinite or a NaN */
		exponent(f, f->s[0], FP_S);
		x_alu_i(f->a, X_CMP, false, xr(RCX), 0xff);
		slow(f, CC_E);
	}
	x_vex(f->a, from == FP_D ? PF2 : PF3, 1, false, false, 0x5a, f->d, f->s[0], xr(f->s[0]));
	clear_rest(f, f->d, f->d, to == FP_D ? 64 : 32);
	if (to == FP_S) {
		f->size = FP_S;
		sure(f);
	}
	return true;
}

static bool fp_round(struct fp *f)
{
	static const uint8_t mode[8] = {[FPR_TIEEVEN] = 0, [FPR_NEGINF] = 1, [FPR_POSINF] = 2, [FPR_ZERO] = 3, [FPR_FPCR] = 0};
	unsigned rm = fpi_get_round(f->imm);

	if (!is_sd(f) || !scalar(f) || rm == FPR_TIEAWAY || rm == FPR_ODD)
		return false;
	exponent(f, f->s[0], f->size);
	x_alu_i(f->a, X_CMP, false, xr(RCX), f->size == FP_D ? 0x7ff : 0xff);
	slow(f, CC_E);
	x_vex_i(f->a, P66, 3, f->size == FP_D ? 0x0b : 0x0a, f->d, f->s[0], xr(f->s[0]), mode[rm] | 8u);
	clear_rest(f, f->d, f->d, bits_of(f));
	return true;
}

static bool (*const rows[IR_pure_end])(struct fp *) = {
	[IR_fpadd] = fp_add, [IR_fpsub] = fp_sub, [IR_fpmul] = fp_mul, [IR_fpdiv] = fp_div, [IR_fpsqrt] = fp_sqrt,
	[IR_fpmla] = fp_mla, [IR_fpmax] = fp_max, [IR_fpmin] = fp_min, [IR_fpmaxnm] = fp_max, [IR_fpminnm] = fp_min,
	[IR_fpcmp] = fp_cmp, [IR_i2fp] = fp_from_int, [IR_fp2i] = fp_to_int, [IR_fpcvt] = fp_convert, [IR_fprint] = fp_round,
};

bool low_fp(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	const struct ir_opinfo *in = ir_info(n->op);
	struct fp f = {.l = l, .a = &l->a, .n = n, .imm = n->imm, .size = fpi_get_size(n->imm), .lanes = fpi_get_lanes(n->imm)};
	int s[4] = {0};
	struct stub *st;

	if (!rows[n->op] || !l->job->fp_fast)
		return false;
	for (unsigned k = 0; k < in->nops; k++)
		s[k] = lo_usex(l, n->a[k]);
	f.d = in->type == T_VEC ? lo_defx(l, r) : lo_def(l, r);
	f.s = s;
	f.stub = st = lo_stub(l, STUB_CALL);
	st->node = r;
	st->reg = (int8_t)f.d;
	for (unsigned k = 0; k < 4; k++)
		st->src[k] = (int8_t)s[k];
	st->live_g = lo_live_g(l) & ~(in->type == T_VEC ? 0 : 1u << f.d);
	st->live_x = lo_live_x(l) & ~(in->type == T_VEC ? 1u << f.d : 0);
	if (!rows[n->op](&f)) {
		(in->type == T_VEC ? l->own_x : l->own_g)[f.d] = 0;
		l->v[r].reg = -1;
		l->nstubs--;
		return false;
	}
	st->back = l->a.p;
	return true;
}

void low_call_stub(struct lower *l, struct stub *s)
{
	const struct ir_node *n = LN(s->node);
	const struct ir_opinfo *in = ir_info(n->op);
	struct xa *a = &l->a;

	for (unsigned k = 0; k < in->nops; k++)
		x_vstore(a, xmem(RSP, FR_ARG + 16 + 16 * (int)k), s->src[k]);
	low_call_fn(l, n, s->live_g, s->live_x);
	if (in->type == T_VEC)
		x_vload(a, s->reg, xmem(RSP, FR_ARG));
	else
		x_load(a, true, s->reg, xmem(RSP, FR_ARG));
	x_jmp_to(a, s->back + a->delta);
}
