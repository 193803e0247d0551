/*
 * Native lowerings of rows of ops_fp.def: one small function each and one
 * line in the table at the end.  A row without one, or one that declines an
 * immediate, is called as the C function that gives its meaning.
 *
 * The fast path is the host's instruction and a test of its result; what the
 * two machines do differently goes out of line to the C function, with the
 * operands as they were.  MXCSR rounds and flushes as FPCR says while translated code runs (lo_fp_start(); code is the same for
 * all rounding modes).  The differences are:
 *   - NaN results: Arm has its own rules, and FPCR.DN.
 *   - A result that is the smallest normal number may have been tiny before
 *     rounding, which Arm calls underflow and x86 does not.
 *   - Conversions to integers that do not fit, unsigned ones.
 *   - With FPCR.FZ, denormal operands and the flags of flushed results (below).
 * The host's sticky flags in MXCSR are FPSR's otherwise, and so nothing may
 * raise one that the guest's operation does not: garbage in lanes that an
 * operation does not read is kept out of packed instructions (a 64-bit
 * vector is doubled), ranges are tested before they would be exceeded.
 * lo_fp_sync() moves them to FPSR where the guest, or C, can look.
 *
 * Flags of invalid operations set here by the host and again by the C
 * function agree.  Intel SDM volume 1, chapter 11.5; Arm ARM J1.3.
 */
#include "x64/lower_fp_priv.h"

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

static bool can_mla(const struct lower *l, const struct ir_node *n, enum shape sh) { return sh != SH_NONE && x64_cpu() & X64_FMA; }
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
 * -- FPCR.FZ --
 *
 * The host flushes too (FTZ and DAZ), but it has no flag for a denormal operand and sets Inexact for a flushed result.  So
 * denormal operands go to the C function, and code is made only once FPSR.IXC has been set (job.fp_settles).  A value that is the
 * result of arithmetic, or has been looked at once in the unit, is no denormal: if it was, Input Denormal is set by now.
 */

/* Shapes in which a value of shape sh is no denormal either. */
static unsigned normal_as(enum shape sh)
{
	static const uint8_t set[] = {[SH_S] = 1 << SH_S, [SH_D] = 1 << SH_D, [SH_2S] = 1 << SH_S | 1 << SH_2S,
				      [SH_4S] = 1 << SH_S | 1 << SH_2S | 1 << SH_4S, [SH_2D] = 1 << SH_D | 1 << SH_2D};

	return set[sh];
}

/* What an operation gives has zeros above. */
static unsigned normal_result(const struct ir_node *n)
{
	unsigned size = n->op == IR_fpcvt ? fpi_get_size2(n->imm) : fpi_get_size(n->imm);

	if (n->op == IR_fp2i)
		return 0;
	return size == FP_D ? normal_as(SH_2D) : size == FP_S ? normal_as(SH_4S) : 0;
}

static bool flushes_operands(const struct fpl *f)
{
	switch (f->n->op) {
	case IR_fpabs: case IR_fpneg: case IR_i2fp: case IR_fprecpe: case IR_fprsqrte: return false; /* estimates look themselves */
	default: return f->l->job->fp_flush && f->sh != SH_NONE;
	}
}

/* ((x + x) - 1) / the double of the least normal number is zero for denormals, and for that number itself. */
static void fix_if_denormal_one(struct fpl *f, int x)
{
	bool w = is_double(f->sh);

	x_vex(f->a, P66, 1, w, false, 0x7e, x, 0, xr(RAX));
	x_lea(f->a, w, RAX, xmemi(RAX, RAX, 0, -1));
	x_shift_i(f->a, X_SHR, w, RAX, w ? 53 : 24);
	fix_if(f, CC_E);
}

/* Lanes that compare equal to zero, which denormals do, and have bits besides the sign. */
static void fix_if_denormal_lane(struct fpl *f, int x)
{
	if (f->sh == SH_2S) {
		vmovq_xx(f->a, 2, x);
		x = 2;
	}
	x_vex_i(f->a, ppfx(f->sh), 1, 0xc2, 1, x, xk_i(XK_ZERO), 0x00);
	x_vrr(f->a, P66, is_double(f->sh) ? 0xd4 : 0xfe, 2, x, x); /* vpaddq, vpaddd */
	x_vex(f->a, P66, 2, false, false, 0x17, 1, 0, xr(2)); /* vptest */
	fix_if(f, CC_NE);
}

/* -- complex numbers: lanes are real and imaginary parts -- */

static bool can_complex(const struct lower *l, const struct ir_node *n, enum shape sh) { return sh != SH_NONE && !is_scalar(sh); }
static bool can_cmla(const struct lower *l, const struct ir_node *n, enum shape sh) { return can_complex(l, n, sh) && x64_cpu() & X64_FMA; }

/* d := x with its parts exchanged */
static void exchange(struct fpl *f, int d, int x)
{
	x_vex_i(f->a, P66, 3, is_double(f->sh) ? 0x05 : 0x04, d, 0, xr(x), is_double(f->sh) ? 1 : 0xb1); /* vpermilpd, vpermilps */
}
static void negate_parts(struct fpl *f, int d, int x, bool im)
{
	logic_k(f, 0x57, d, x, im ? by_size(f->sh, XK_NEG_IM_S, XK_NEG_IM_D) : by_size(f->sh, XK_NEG_RE_S, XK_NEG_RE_D));
}
/* A NaN whose sign is changed here is for the C function anyway. */
static void l_fcadd(struct fpl *f)
{
	int x, y;

	operands2(f, &x, &y);
	exchange(f, 1, y);
	negate_parts(f, 1, 1, fpi_get_rot(f->n->imm) == 3);
	op3(f, 0x58, f->d, x, 1);
	check(f, f->d, false);
	finish(f, true);
}
/* xmm0 := the real or imaginary parts of x, twice */
static void one_part(struct fpl *f, int x, bool im)
{
	if (is_double(f->sh))
		x_vex_i(f->a, P66, 3, 0x05, 0, 0, xr(x), im ? 3 : 0); /* vpermilpd */
	else
		x_vex(f->a, PF3, 1, false, false, im ? 0x16 : 0x12, 0, 0, xr(x)); /* vmovshdup, vmovsldup */
}
static void l_fcmla(struct fpl *f)
{
	unsigned rot = fpi_get_rot(f->n->imm);
	int x = f->s[1], y = f->s[2];

	one_part(f, x, rot & 1);
	if (flushes_operands(f)) /* that part alone */
		fix_if_denormal_lane(f, 0);
	if (f->sh == SH_2S) {
		dup_low(f, f->d, f->s[0]);
		dup_low(f, 0, 0);
		dup_low(f, 1, y);
		y = 1;
	} else {
		x_vmov(f->a, f->d, f->s[0]);
	}
	if (rot & 1) {
		exchange(f, 1, y);
		y = 1;
	}
	if (rot == 2)
		logic_k(f, 0x57, 1, y, by_size(f->sh, XK_SIGN32, XK_SIGN64));
	else if (rot)
		negate_parts(f, 1, y, rot == 3);
	x_vex(f->a, P66, 2, is_double(f->sh), false, 0xb8, f->d, 0, xr(rot ? 1 : y)); /* vfmadd231 */
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

static bool can_scalar(const struct lower *l, const struct ir_node *n, enum shape sh) { return is_scalar(sh); }
void fpl_cmp(struct fpl *f)
{
	struct lower *l = f->l;
	ir_ref r = l->cur;
	bool swap = lo_wants_swapped(l, r);

	l->v[r].host = swap ? RL_FCMPR : RL_FCMP;
	x_vex(f->a, ppfx(f->sh), 1, false, false, f->n->imm & FPI_SIGNAL ? 0x2f : 0x2e, f->s[swap], 0, xr(f->s[!swap]));
	x8(f->a, 0x9f); /* lahf */
	x_mov(f->a, false, f->d, RAX);
	l->fl_ref = r;
	l->fl_pos = f->a->p;
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

static void look_at_operands(struct fpl *f)
{
	unsigned nops = ir_info(f->n->op)->nops;

	if (!flushes_operands(f))
		return;
	for (unsigned k = 0; k < nops; k++) {
		struct val *v = &f->l->v[f->n->a[k]];

		if (v->normal >> f->sh & 1 || (f->n->op == IR_fcmla && k == 1) || (f->n->op == IR_fmlal && k))
			continue;
		v->normal |= (uint8_t)normal_as(f->sh);
		if (is_scalar(f->sh))
			fix_if_denormal_one(f, f->s[k]);
		else
			fix_if_denormal_lane(f, f->s[k]);
	}
}

struct fp_row {
	bool (*can)(const struct lower *l, const struct ir_node *n, enum shape sh); /* NULL: every shape but SH_NONE */
	void (*fn)(struct fpl *f);
};

static const struct fp_row rows[IR_pure_end] = {
	[IR_fpadd] = {0, l_fpadd}, [IR_fpsub] = {0, l_fpsub}, [IR_fpmul] = {0, l_fpmul}, [IR_fpdiv] = {0, l_fpdiv},
	[IR_fpsqrt] = {0, l_fpsqrt}, [IR_fpmla] = {can_mla, l_fpmla},
	[IR_fpmax] = {0, l_fpmax}, [IR_fpmin] = {0, l_fpmin}, [IR_fpmaxnm] = {0, l_fpmax}, [IR_fpminnm] = {0, l_fpmin},
	[IR_fpcmp] = {can_scalar, fpl_cmp}, [IR_fpcmv] = {0, l_fpcmv}, [IR_fpabs] = {0, l_fpabs}, [IR_fpneg] = {0, l_fpneg},
	[IR_fpcvt] = {fpl_can_cvt, fpl_cvt}, [IR_fprint] = {fpl_can_print, fpl_print}, [IR_fp2i] = {fpl_can_2i, fpl_2i},
	[IR_i2fp] = {fpl_can_i2, fpl_i2},
	[IR_fcadd] = {can_complex, l_fcadd}, [IR_fcmla] = {can_cmla, l_fcmla}, [IR_fmlal] = {fpl_can_mlal, fpl_mlal},
	[IR_fpmulx] = {0, fpl_mulx}, [IR_fprecps] = {fpl_can_step, fpl_recps}, [IR_fprsqrts] = {fpl_can_step, fpl_rsqrts},
	[IR_fprecpe] = {fpl_can_estimate, fpl_recpe}, [IR_fprsqrte] = {fpl_can_estimate, fpl_rsqrte},
};

bool low_fp(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	const struct ir_opinfo *in = ir_info(n->op);
	struct fpl f = {.l = l, .a = &l->a, .n = n, .sh = shape_of(n->imm)};
	uint32_t live_g, live_x;
	void (*fn)(struct fpl *f);
	struct stub *s;

	if (n->op >= IR_pure_end || !rows[n->op].fn || !l->job->fp_native)
		return false;
	if (rows[n->op].can ? rows[n->op].can(l, n, f.sh) : f.sh != SH_NONE)
		fn = rows[n->op].fn;
	else if (fpl_can_half(l, n))
		fn = fpl_half;
	else
		return false;
	for (unsigned k = 0; k < in->nops; k++)
		f.s[k] = lo_usex(l, n->a[k]);
	l->def_phase = true;
	live_g = lo_live_g(l);
	live_x = lo_live_x(l);
	f.d = in->type == T_VEC ? lo_defx(l, r) : lo_def(l, r);
	look_at_operands(&f);
	fn(&f);
	l->v[r].normal = (uint8_t)(flushes_operands(&f) ? normal_result(n) : 0);
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

/* The comparison's NZCV in the frame as the host's flags, in ah of register d and where they belong. */
static void host_flags(struct xa *a, unsigned kind, int d)
{
	x_load(a, false, RCX, xmem(RSP, FR_ARG));
	x_shift_i(a, X_SHR, false, RCX, 28);
	x_alu_i(a, X_AND, false, xr(RCX), 7);
	x_shift_i(a, X_SHL, false, RCX, 3);
	x_mov_ri(a, RAX, kind == RL_FCMP ? 0x0040000045000001 : 0x0040000045010000); /* by NZCV less N */
	x_vex(a, PF2, 2, true, false, 0xf7, RAX, RCX, xr(RAX)); /* shrx */
	x_movzx8(a, RAX, xr(RAX));
	x_shift_i(a, X_SHL, false, RAX, 8);
	x_mov(a, false, d, RAX);
	x8(a, 0x9e); /* sahf */
}

void low_call_stub(struct lower *l, const struct stub *s)
{
	const struct ir_node *n = LN(s->node);
	struct xa *a = &l->a;

	for (unsigned k = 0; k < ir_info(n->op)->nops; k++)
		x_vstore(a, xmem(RSP, FR_ARG + 16 + 16 * (int)k), s->src[k]);
	low_call_fn(l, n, s->live_g, s->live_x);
	if (ir_info(n->op)->type == T_VEC)
		x_vload(a, s->reg, xmem(RSP, FR_ARG));
	else
		host_flags(a, l->v[s->node].host, s->reg);
	x_jmp_to(a, s->back + a->delta);
}

/* -- flags -- */

#define MXCSR_FLAGS 0x3du /* IE ZE OE UE PE */
#define MXCSR_MODE 0xe040u /* FTZ RC DAZ */

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

static void ldmxcsr(struct xa *a, struct xm m) { x_vex(a, PNONE, 1, false, false, 0xae, 2, 0, m); }

void lo_fp_start(struct xa *a)
{
	x_load(a, false, RAX, xmem(R15, (int)x64_cfg.off_fp + (int)offsetof(struct fpenv, fpcr)));
	x_shift_i(a, X_SHR, false, RAX, FPCR_RMODE_SHIFT);
	x_alu_i(a, X_AND, false, xr(RAX), 7); /* RMode and FZ */
	x_lea(a, true, RCX, xk(XK_MXCSR));
	ldmxcsr(a, xmemi(RCX, RAX, 2, 0));
}

void lo_fp_stop(struct xa *a, int frame)
{
	uint8_t *none;

	x_test_mi(a, xmem(RSP, frame), MXCSR_MODE);
	none = x_jcc(a, CC_E);
	ldmxcsr(a, xk(XK_MXCSR));
	x_bind(a, none);
}
