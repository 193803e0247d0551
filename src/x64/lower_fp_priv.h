/*
 * Shared by the lowerings of floating-point rows (lower_fp*.c): what they work with, and the blocks that they are
 * built from.
 */
#ifndef PARMA_X64_LOWER_FP_PRIV_H
#define PARMA_X64_LOWER_FP_PRIV_H

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

static inline enum shape shape_of(uint32_t imm)
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

static inline bool is_double(enum shape sh) { return sh == SH_D || sh == SH_2D; }
static inline bool is_scalar(enum shape sh) { return sh == SH_S || sh == SH_D; }
/* Mandatory prefix of the shape's arithmetic, and of its packed logic and compares. */
static inline unsigned pfx(enum shape sh)
{
	static const uint8_t p[] = {[SH_S] = PF3, [SH_D] = PF2, [SH_2S] = PNONE, [SH_4S] = PNONE, [SH_2D] = P66};

	return p[sh];
}
static inline unsigned ppfx(enum shape sh) { return is_double(sh) ? P66 : PNONE; }
static inline enum x64_const by_size(enum shape sh, enum x64_const s, enum x64_const d) { return is_double(sh) ? d : s; }

static inline bool has_half(const struct lower *l) { return x64_cpu() & X64_F16C && l->job->fp_half; }

/* -- building blocks -- */

static inline void fix_if(struct fpl *f, enum x_cc cc)
{
	BUG_ON(f->nfrom == ARRAY_SIZE(f->from));
	f->from[f->nfrom++] = x_jcc(f->a, cc);
}
static inline void zero(struct fpl *f, int d) { x_vrr(f->a, PNONE, 0x57, d, d, d); }
static inline void vmovq_xx(struct xa *a, int d, int s) { x_vex(a, PF3, 1, false, false, 0x7e, d, 0, xr(s)); }
static inline void dup_low(struct fpl *f, int d, int s) { x_vex(f->a, PF2, 1, false, false, 0x12, d, 0, xr(s)); } /* vmovddup */
static inline void ucomis(struct fpl *f, int x, int y) { x_vex(f->a, ppfx(f->sh), 1, false, false, 0x2e, x, 0, xr(y)); }
static inline void ucomis_k(struct fpl *f, int x, enum x64_const k) { x_vex(f->a, ppfx(f->sh), 1, false, false, 0x2e, x, 0, xk(k)); }
static inline void op3(struct fpl *f, unsigned op, int d, int x, int y) { x_vrr(f->a, pfx(f->sh), op, d, x, y); }
static inline void logic_k(struct fpl *f, unsigned op, int d, int x, enum x64_const k)
{
	x_vex(f->a, PNONE, 1, false, false, op, d, x, xk(k));
}
static inline void magnitude(struct fpl *f, int d, int x) { logic_k(f, 0x54, d, x, by_size(f->sh, XK_MAX32, XK_MAX64)); }
static inline void cmp_packed(struct fpl *f, int d, int x, int y, unsigned pred)
{
	x_vex_i(f->a, ppfx(f->sh), 1, 0xc2, d, x, xr(y), pred);
}
/* To the C function if a lane of the mask is set. */
static inline void fix_if_any(struct fpl *f, int mask)
{
	x_vex(f->a, P66, 2, false, false, 0x0e, mask, 0, xr(mask)); /* vtestps */
	fix_if(f, CC_NE);
}

/* d := lane 0 of x, zero above. */
static inline void only_lane0(struct fpl *f, enum shape sh, int d, int x)
{
	if (sh == SH_D)
		vmovq_xx(f->a, d, x);
	else
		x_vex_i(f->a, P66, 3, 0x21, d, x, xr(x), 0x0e);
}

/* The value has zeros above its lane 0 of this shape. */
static inline bool is_clean(const struct lower *l, ir_ref r, enum shape sh)
{
	const struct ir_node *n = LN(r);
	unsigned size = is_double(sh) ? FP_D : FP_S;

	switch (n->op) {
	case IR_fpadd: case IR_fpsub: case IR_fpmul: case IR_fpmulx: case IR_fpdiv: case IR_fpmax: case IR_fpmin:
	case IR_fpmaxnm: case IR_fpminnm: case IR_fpsqrt: case IR_fpmla: case IR_fprecps: case IR_fprsqrts: case IR_fprecpe: case IR_fprsqrte:
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
static inline bool clean(struct fpl *f, unsigned k) { return is_clean(f->l, f->n->a[k], f->sh); }

/* A NaN in the result x goes to the C function; tiny: so does the smallest normal number. xmm0, xmm1 are used. */
static inline void check(struct fpl *f, int x, bool tiny)
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
static inline void operands2(struct fpl *f, int *x, int *y)
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
static inline int operand1(struct fpl *f)
{
	if (f->sh != SH_2S)
		return f->s[0];
	dup_low(f, 0, f->s[0]);
	return 0;
}
/* What is above the lanes of d becomes zero. */
static inline void finish(struct fpl *f, bool already)
{
	if (f->sh == SH_2S)
		vmovq_xx(f->a, f->d, f->d);
	else if (is_scalar(f->sh) && !already)
		only_lane0(f, f->sh, f->d, f->d);
}

/* -- the groups; which shapes and immediates they take, and how -- */
bool fpl_can_cvt(const struct lower *l, const struct ir_node *n, enum shape sh);
bool fpl_can_print(const struct lower *l, const struct ir_node *n, enum shape sh);
bool fpl_can_2i(const struct lower *l, const struct ir_node *n, enum shape sh);
bool fpl_can_i2(const struct lower *l, const struct ir_node *n, enum shape sh);
/* NaNs and results that are the least normal number, of halves in f->d, are for the C function. xmm0, xmm1 are used. */
void fpl_check_halves(struct fpl *f);
void fpl_cvt(struct fpl *f);
void fpl_print(struct fpl *f);
void fpl_2i(struct fpl *f);
void fpl_i2(struct fpl *f);
bool fpl_can_half(const struct lower *l, const struct ir_node *n);
void fpl_half(struct fpl *f);
bool fpl_can_mlal(const struct lower *l, const struct ir_node *n, enum shape sh);
void fpl_mlal(struct fpl *f);
void fpl_cmp(struct fpl *f); /* of single or double, or singles in s[] */
bool fpl_can_step(const struct lower *l, const struct ir_node *n, enum shape sh);
bool fpl_can_estimate(const struct lower *l, const struct ir_node *n, enum shape sh);
void fpl_mulx(struct fpl *f);
void fpl_recps(struct fpl *f);
void fpl_rsqrts(struct fpl *f);
void fpl_recpe(struct fpl *f);
void fpl_rsqrte(struct fpl *f);

#endif
