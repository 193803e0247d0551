/*
 * Native lowerings of rows of ops_vec.def: one small function each and one
 * line in the table at the end (docs/ADDING.md).  A row without one, or one
 * that declines an immediate (returns false having emitted nothing), is
 * called as the C function that gives its meaning.
 *
 * d is the result's register, s[] the operands'; xmm0..2, rax, rcx and rdx
 * are free.  Functions write d last, or the row lacks VL_ALIAS.  Opcodes are
 * VEX.128 forms of the SSE instructions (Intel SDM volume 2).
 */
#include "ir/ops_vec.h"
#include "x64/consts.h"
#include "x64/cpu.h"
#include "x64/lower.h"

#define VLOW(name) static bool name(struct xa *a, const struct ir_node *n, int d, const int *s)
#define ES(n) VI_ES((n)->imm)

/* -- shapes of instructions -- */

/* Map 0f, prefix 66: d = s1 op s2. */
static void v3(struct xa *a, unsigned op, int d, int s1, int s2) { x_vrr(a, P66, op, d, s1, s2); }
static void v3k(struct xa *a, unsigned op, int d, int s1, enum x64_const k)
{
	x_vex(a, P66, 1, false, false, op, d, s1, xk(k));
}
/* Map 0f38. */
static void w3(struct xa *a, unsigned op, int d, int s1, int s2) { x_vex(a, P66, 2, false, false, op, d, s1, xr(s2)); }
static void w3k(struct xa *a, unsigned op, int d, int s1, enum x64_const k)
{
	x_vex(a, P66, 2, false, false, op, d, s1, xk(k));
}
static void w2(struct xa *a, unsigned op, int d, int s1) { w3(a, op, d, 0, s1); }
/* Map 0f3a, with an immediate. */
static void i3(struct xa *a, unsigned op, int d, int s1, int s2, unsigned imm)
{
	x_vex_i(a, P66, 3, op, d, s1, xr(s2), imm);
}
static void pshufd(struct xa *a, int d, int s1, unsigned imm) { x_vex_i(a, P66, 1, 0x70, d, 0, xr(s1), imm); }
static void shufps(struct xa *a, int d, int s1, int s2, unsigned imm)
{
	x_vex_i(a, PNONE, 1, 0xc6, d, s1, xr(s2), imm);
}
/* An operation in map 0f or 0f38, by element size; 0: there is none. */
struct by_es {
	uint16_t op[4]; /* above 0xff: map 0f38 */
};
static bool has_es(const struct by_es *t, unsigned es) { return t->op[es]; }
static void emit_es(struct xa *a, const struct by_es *t, unsigned es, int d, int s1, int s2)
{
	if (t->op[es] > 0xff)
		w3(a, t->op[es] & 0xff, d, s1, s2);
	else
		v3(a, t->op[es], d, s1, s2);
}
#define M38 0x100

static const struct by_es t_add = {{0xfc, 0xfd, 0xfe, 0xd4}}, t_sub = {{0xf8, 0xf9, 0xfa, 0xfb}},
	t_eq = {{0x74, 0x75, 0x76, M38 | 0x29}}, t_gt = {{0x64, 0x65, 0x66, M38 | 0x37}},
	t_smax = {{M38 | 0x3c, 0xee, M38 | 0x3d, 0}}, t_smin = {{M38 | 0x38, 0xea, M38 | 0x39, 0}},
	t_umax = {{0xde, M38 | 0x3e, M38 | 0x3f, 0}}, t_umin = {{0xda, M38 | 0x3a, M38 | 0x3b, 0}},
	t_unpackl = {{0x60, 0x61, 0x62, 0x6c}}, t_unpackh = {{0x68, 0x69, 0x6a, 0x6d}};
static const enum x64_const k_ones[4] = {XK_ONES8, XK_ONES16, XK_ONES32, XK_ONES64},
	k_sign[4] = {XK_SIGN8, XK_SIGN16, XK_SIGN32, XK_SIGN64}, k_max[4] = {XK_MAX8, XK_MAX16, XK_MAX32, XK_MAX64};

static void zero(struct xa *a, int d) { v3(a, 0xef, d, d, d); }
static void ones(struct xa *a, int d) { v3(a, 0x76, d, d, d); }
static void invert(struct xa *a, int d, int s1)
{
	int t = s1 == 2 ? 1 : 2;

	ones(a, t);
	v3(a, 0xef, d, s1, t);
}
/* A byte repeated over the register. */
static void splat8(struct xa *a, int d, unsigned byte)
{
	x_mov_ri(a, RAX, byte * 0x01010101u);
	x_vex(a, P66, 1, false, false, 0x6e, d, 0, xr(RAX)); /* vmovd */
	w2(a, 0x58, d, d);                                   /* vpbroadcastd */
}
/* The host's shift of whole elements of 16 bits and more by an immediate: kind 2 right, 4 arithmetic, 6 left. */
static void shift_raw(struct xa *a, unsigned kind, unsigned es, int d, int s1, unsigned n)
{
	x_vex(a, P66, 1, false, false, 0x70 + es, (int)kind, d, xr(s1));
	x8(a, n);
}
static void shift_bytes(struct xa *a, unsigned kind, int d, int s1, unsigned n)
{
	x_vex(a, P66, 1, false, false, 0x73, (int)kind + 1, d, xr(s1)); /* vpsrldq /3, vpslldq /7 */
	x8(a, n);
}

/* d = s >> n or s << n of any element size; n may be the size for right shifts. t: scratch, neither d nor s1. */
static void shl_imm(struct xa *a, unsigned es, int d, int s1, unsigned n, int t)
{
	if (es) {
		shift_raw(a, 6, es, d, s1, n);
		return;
	}
	splat8(a, t, 0xffu << n & 0xff);
	shift_raw(a, 6, 1, d, s1, n);
	v3(a, 0xdb, d, d, t);
}
static void shr_imm(struct xa *a, unsigned es, int d, int s1, unsigned n, int t)
{
	if (es) {
		shift_raw(a, 2, es, d, s1, n);
		return;
	}
	splat8(a, t, 0xffu >> n);
	shift_raw(a, 2, 1, d, s1, n);
	v3(a, 0xdb, d, d, t);
}
static void sar_imm(struct xa *a, unsigned es, int d, int s1, unsigned n, int t)
{
	switch (es) {
	case 0: /* ((x >> n) ^ sign) - sign */
		n = n > 7 ? 7 : n;
		shr_imm(a, 0, d, s1, n, t);
		splat8(a, t, 0x80u >> n);
		v3(a, 0xef, d, d, t);
		v3(a, 0xf8, d, d, t);
		break;
	case 3: /* the sign's copies go above */
		zero(a, t);
		w3(a, 0x37, t, t, s1);
		shift_raw(a, 6, 3, t, t, 64 - n);
		shift_raw(a, 2, 3, d, s1, n);
		v3(a, 0xeb, d, d, t);
		break;
	default:
		shift_raw(a, 4, es, d, s1, n);
		break;
	}
}

/* FPSR.QC if t is not all zero. */
static void qc_if(struct xa *a, int t)
{
	uint8_t *none;

	w2(a, 0x17, t, t); /* vptest */
	none = x_jcc(a, CC_E);
	x_op(a, PNONE, 0x81, false, X_OR, xmem(R15, (int)x64_cfg.off_fp + (int)offsetof(struct fpenv, fpsr)));
	x32(a, FPSR_QC);
	x_bind(a, none);
}
static void qc_if_differ(struct xa *a, int x, int y, int t)
{
	v3(a, 0xef, t, x, y);
	qc_if(a, t);
}

/* -- bits -- */

VLOW(l_vand) { v3(a, 0xdb, d, s[0], s[1]); return true; }
VLOW(l_vor) { v3(a, 0xeb, d, s[0], s[1]); return true; }
VLOW(l_vxor) { v3(a, 0xef, d, s[0], s[1]); return true; }
VLOW(l_vandn) { v3(a, 0xdf, d, s[1], s[0]); return true; } /* host: ~first & second */
VLOW(l_vnot) { invert(a, d, s[0]); return true; }
VLOW(l_vorn)
{
	invert(a, 0, s[1]);
	v3(a, 0xeb, d, s[0], 0);
	return true;
}
VLOW(l_vbsel)
{
	v3(a, 0xdb, 0, s[0], s[1]);
	v3(a, 0xdf, 1, s[0], s[2]);
	v3(a, 0xeb, d, 0, 1);
	return true;
}
VLOW(l_zero_hi) { x_vex(a, PF3, 1, false, false, 0x7e, d, 0, xr(s[0])); return true; } /* vmovq */
VLOW(l_lane0)
{
	switch (ES(n)) {
	case 0: v3k(a, 0xdb, d, s[0], XK_LANE8); break;
	case 1: v3k(a, 0xdb, d, s[0], XK_LANE16); break;
	case 2: i3(a, 0x21, d, s[0], s[0], 0x0e); break; /* vinsertps: lane 0 stays, others zero */
	default: x_vex(a, PF3, 1, false, false, 0x7e, d, 0, xr(s[0])); break;
	}
	return true;
}
VLOW(l_v_const)
{
	if (!n->k) {
		zero(a, d);
	} else if (n->k == ~UINT64_C(0)) {
		ones(a, d);
	} else {
		x_mov_ri(a, RAX, n->k);
		x_vmovq_xr(a, d, RAX);
		v3(a, 0x6c, d, d, d);
	}
	return true;
}

/* -- lane by lane -- */

static bool simple(struct xa *a, const struct by_es *t, const struct ir_node *n, int d, const int *s)
{
	if (!has_es(t, ES(n)))
		return false;
	emit_es(a, t, ES(n), d, s[0], s[1]);
	return true;
}
VLOW(l_vadd) { return simple(a, &t_add, n, d, s); }
VLOW(l_vsub) { return simple(a, &t_sub, n, d, s); }
VLOW(l_vcmpeq) { return simple(a, &t_eq, n, d, s); }
VLOW(l_vcmpgt) { return simple(a, &t_gt, n, d, s); }
VLOW(l_vsmax) { return simple(a, &t_smax, n, d, s); }
VLOW(l_vsmin) { return simple(a, &t_smin, n, d, s); }
VLOW(l_vumax) { return simple(a, &t_umax, n, d, s); }
VLOW(l_vumin) { return simple(a, &t_umin, n, d, s); }

VLOW(l_vmul)
{
	switch (ES(n)) {
	case 0: /* even and odd bytes apart */
		shift_raw(a, 2, 1, 0, s[0], 8);
		shift_raw(a, 2, 1, 1, s[1], 8);
		v3(a, 0xd5, 0, 0, 1);
		v3(a, 0xd5, 1, s[0], s[1]);
		shift_raw(a, 6, 1, 0, 0, 8);
		v3k(a, 0xdb, 1, 1, XK_LOW8_16);
		v3(a, 0xeb, d, 0, 1);
		return true;
	case 1: v3(a, 0xd5, d, s[0], s[1]); return true;
	case 2: w3(a, 0x40, d, s[0], s[1]); return true;
	default: return false;
	}
}
VLOW(l_vneg)
{
	zero(a, 0);
	emit_es(a, &t_sub, ES(n), d, 0, s[0]);
	return true;
}
VLOW(l_vabs)
{
	if (ES(n) < 3) {
		w2(a, 0x1c + ES(n), d, s[0]);
		return true;
	}
	zero(a, 0);
	w3(a, 0x37, 0, 0, s[0]);
	v3(a, 0xef, 1, s[0], 0);
	v3(a, 0xfb, d, 1, 0);
	return true;
}
static bool abd(struct xa *a, const struct by_es *max, const struct by_es *min, const struct ir_node *n, int d, const int *s)
{
	if (!has_es(max, ES(n)))
		return false;
	emit_es(a, max, ES(n), 0, s[0], s[1]);
	emit_es(a, min, ES(n), 1, s[0], s[1]);
	emit_es(a, &t_sub, ES(n), d, 0, 1);
	return true;
}
VLOW(l_vsabd) { return abd(a, &t_smax, &t_smin, n, d, s); }
VLOW(l_vuabd) { return abd(a, &t_umax, &t_umin, n, d, s); }

/* (a + b + round) >> 1.  Bytes and halfwords by the rounding average of biased or plain values. */
static bool halving_add(struct xa *a, const struct ir_node *n, int d, const int *s, bool sign, bool round)
{
	unsigned es = ES(n);
	int x = s[0], y = s[1];

	if (es == 3)
		return false;
	if (es == 2) { /* (a & b) + ((a ^ b) >> 1), (a | b) - ((a ^ b) >> 1) */
		v3(a, 0xef, 0, x, y);
		shift_raw(a, sign ? 4 : 2, 2, 0, 0, 1);
		v3(a, round ? 0xeb : 0xdb, 1, x, y);
		v3(a, round ? 0xfa : 0xfe, d, 1, 0);
		return true;
	}
	if (sign) {
		v3k(a, 0xef, 0, x, k_sign[es]);
		v3k(a, 0xef, 1, y, k_sign[es]);
		x = 0;
		y = 1;
	}
	if (!round) {
		v3(a, 0xef, 2, x, y);
		v3k(a, 0xdb, 2, 2, k_ones[es]);
	}
	v3(a, es ? 0xe3 : 0xe0, 0, x, y); /* vpavg */
	if (!round)
		emit_es(a, &t_sub, es, 0, 0, 2);
	if (sign)
		v3k(a, 0xef, d, 0, k_sign[es]);
	else
		x_vmov(a, d, 0);
	return true;
}
VLOW(l_vshadd) { return halving_add(a, n, d, s, true, false); }
VLOW(l_vuhadd) { return halving_add(a, n, d, s, false, false); }
VLOW(l_vsrhadd) { return halving_add(a, n, d, s, true, true); }
VLOW(l_vurhadd) { return halving_add(a, n, d, s, false, true); }

/* (a - b) >> 1: the average of a and ~b is that plus half the range; the bias of signed values cancels. */
static bool halving_sub(struct xa *a, const struct ir_node *n, int d, const int *s, bool sign)
{
	unsigned es = ES(n);

	if (es == 3)
		return false;
	if (es == 2) {
		v3(a, 0xdf, 2, s[0], s[1]);
		v3k(a, 0xdb, 2, 2, XK_ONES32);
		shift_raw(a, sign ? 4 : 2, 2, 0, s[0], 1);
		shift_raw(a, sign ? 4 : 2, 2, 1, s[1], 1);
		v3(a, 0xfa, 0, 0, 1);
		v3(a, 0xfa, d, 0, 2);
		return true;
	}
	invert(a, 1, s[1]);
	if (sign) {
		v3k(a, 0xef, 0, s[0], k_sign[es]);
		v3k(a, 0xef, 1, 1, k_sign[es]);
	}
	v3(a, es ? 0xe3 : 0xe0, 0, sign ? 0 : s[0], 1);
	v3k(a, 0xef, d, 0, k_sign[es]);
	return true;
}
VLOW(l_vshsub) { return halving_sub(a, n, d, s, true); }
VLOW(l_vuhsub) { return halving_sub(a, n, d, s, false); }

VLOW(l_vcmpge)
{
	emit_es(a, &t_gt, ES(n), 0, s[1], s[0]);
	invert(a, d, 0);
	return true;
}
/* a >= b unsigned into d. */
static void cmphs(struct xa *a, unsigned es, int d, int x, int y)
{
	if (es < 3) {
		emit_es(a, &t_umax, es, 0, x, y);
		emit_es(a, &t_eq, es, d, 0, x);
		return;
	}
	v3k(a, 0xef, 0, x, XK_SIGN64);
	v3k(a, 0xef, 1, y, XK_SIGN64);
	w3(a, 0x37, 0, 1, 0);
	invert(a, d, 0);
}
VLOW(l_vcmphs)
{
	cmphs(a, ES(n), d, s[0], s[1]);
	return true;
}
VLOW(l_vcmphi)
{
	cmphs(a, ES(n), 0, s[1], s[0]);
	invert(a, d, 0);
	return true;
}
VLOW(l_vcmptst)
{
	v3(a, 0xdb, 0, s[0], s[1]);
	zero(a, 1);
	emit_es(a, &t_eq, ES(n), 0, 0, 1);
	invert(a, d, 0);
	return true;
}

/* The table's entries for low and high nibbles of each byte, in xmm0 and xmm1. */
static void nibbles(struct xa *a, int x, enum x64_const low, enum x64_const high)
{
	v3k(a, 0xdb, 0, x, XK_NIBBLE);
	shift_raw(a, 2, 1, 1, x, 4);
	v3k(a, 0xdb, 1, 1, XK_NIBBLE);
	x_vload(a, 2, xk(low));
	w3(a, 0x00, 0, 2, 0);
	if (high != low)
		x_vload(a, 2, xk(high));
	w3(a, 0x00, 1, 2, 1);
}
VLOW(l_vcnt)
{
	nibbles(a, s[0], XK_POPCNT4, XK_POPCNT4);
	v3(a, 0xfc, d, 0, 1);
	return true;
}
VLOW(l_vrbit)
{
	nibbles(a, s[0], XK_REV4_HI, XK_REV4_LO);
	v3(a, 0xeb, d, 0, 1);
	return true;
}
VLOW(l_vclz)
{
	if (ES(n))
		return false;
	nibbles(a, s[0], XK_CLZ4, XK_CLZ4);
	v3k(a, 0xdb, 2, s[0], XK_NIBBLE);
	v3(a, 0xef, 2, 2, s[0]); /* high nibbles: where zero, the low ones count too */
	zero(a, d);
	v3(a, 0x74, d, d, 2);
	v3(a, 0xdb, d, d, 0);
	v3(a, 0xfc, d, d, 1);
	return true;
}

/* -- shifts -- */

VLOW(l_vshl) { shl_imm(a, ES(n), d, s[0], VI_N(n->imm), 0); return true; }
VLOW(l_vushr) { shr_imm(a, ES(n), d, s[0], VI_N(n->imm), 0); return true; }
VLOW(l_vsshr)
{
	sar_imm(a, ES(n), d, s[0], VI_N(n->imm), 0);
	return true;
}
static bool round_shr(struct xa *a, const struct ir_node *n, int d, const int *s, bool sign)
{
	unsigned es = ES(n), by = VI_N(n->imm);
	int x = s[0];

	if (by > 1) {
		(sign ? sar_imm : shr_imm)(a, es, 0, x, by - 1, 2);
		x = 0;
	}
	v3k(a, 0xdb, 1, x, k_ones[es]);
	(sign ? sar_imm : shr_imm)(a, es, d, x, 1, 2);
	emit_es(a, &t_add, es, d, d, 1);
	return true;
}
VLOW(l_vsrshr) { return round_shr(a, n, d, s, true); }
VLOW(l_vurshr) { return round_shr(a, n, d, s, false); }

/* xmm0: a << n where n >= 0, else 0; xmm1: the amounts to the right; counts out of range give 0 by themselves. */
static void shift_both(struct xa *a, unsigned es, const int *s)
{
	enum x64_const low = es == 2 ? XK_LOW8_32 : XK_LOW8_64;

	v3k(a, 0xdb, 0, s[1], low);
	x_vex(a, P66, 2, es == 3, false, 0x47, 0, s[0], xr(0)); /* vpsllv */
	zero(a, 1);
	emit_es(a, &t_sub, es, 1, 1, s[1]);
	v3k(a, 0xdb, 1, 1, low);
}
VLOW(l_vushl)
{
	unsigned es = ES(n);

	if (es < 2)
		return false;
	shift_both(a, es, s);
	x_vex(a, P66, 2, es == 3, false, 0x45, 1, s[0], xr(1)); /* vpsrlv */
	v3(a, 0xeb, d, 0, 1);
	return true;
}
VLOW(l_vsshl)
{
	unsigned es = ES(n);

	if (es < 2)
		return false;
	shift_both(a, es, s);
	if (es == 2) {
		x_vex(a, P66, 2, false, false, 0x46, 1, s[0], xr(1)); /* vpsravd */
	} else {
		zero(a, 2);
		w3(a, 0x37, 2, 2, s[0]);
		v3(a, 0xef, d, s[0], 2);
		x_vex(a, P66, 2, true, false, 0x45, 1, d, xr(1));
		v3(a, 0xef, 1, 1, 2);
	}
	shift_raw(a, 6, es, 2, s[1], es == 2 ? 24 : 56); /* the sign of the amount */
	i3(a, es == 2 ? 0x4a : 0x4b, d, 0, 1, 2 << 4);   /* vblendv */
	return true;
}

/* -- saturating -- */

/* Bytes and halfwords by the host's instruction, compared with the wrapping one. */
static bool sat_small(struct xa *a, const struct by_es *sat, const struct by_es *wrap, const struct ir_node *n, int d, const int *s)
{
	emit_es(a, wrap, ES(n), 0, s[0], s[1]);
	emit_es(a, sat, ES(n), d, s[0], s[1]);
	qc_if_differ(a, 0, d, 0);
	return true;
}
/* Words: overflow is the sign of `over` (xmm1), the limit has the sign of a. */
static void clamp_s32(struct xa *a, int d, int wrapped, int over, int x)
{
	shift_raw(a, 4, 2, 2, x, 31);
	v3k(a, 0xef, 2, 2, XK_MAX32);
	i3(a, 0x4a, d, wrapped, 2, (unsigned)over << 4); /* vblendvps */
	shift_raw(a, 2, 2, over, over, 31);
	qc_if(a, over);
}
VLOW(l_vsqadd)
{
	static const struct by_es sat = {{0xec, 0xed, 0, 0}};

	if (ES(n) < 2)
		return sat_small(a, &sat, &t_add, n, d, s);
	if (ES(n) == 3)
		return false;
	v3(a, 0xfe, 0, s[0], s[1]);
	v3(a, 0xef, 1, s[0], 0);
	v3(a, 0xef, 2, s[1], 0);
	v3(a, 0xdb, 1, 1, 2);
	clamp_s32(a, d, 0, 1, s[0]);
	return true;
}
VLOW(l_vsqsub)
{
	static const struct by_es sat = {{0xe8, 0xe9, 0, 0}};

	if (ES(n) < 2)
		return sat_small(a, &sat, &t_sub, n, d, s);
	if (ES(n) == 3)
		return false;
	v3(a, 0xfa, 0, s[0], s[1]);
	v3(a, 0xef, 1, s[0], 0);
	v3(a, 0xef, 2, s[0], s[1]);
	v3(a, 0xdb, 1, 1, 2);
	clamp_s32(a, d, 0, 1, s[0]);
	return true;
}
VLOW(l_vuqadd)
{
	static const struct by_es sat = {{0xdc, 0xdd, 0, 0}};

	if (ES(n) < 2)
		return sat_small(a, &sat, &t_add, n, d, s);
	if (ES(n) == 3)
		return false;
	v3(a, 0xfe, 1, s[0], s[1]);
	w3(a, 0x3f, 0, 1, s[0]);
	v3(a, 0x76, 0, 0, 1); /* no carry */
	invert(a, 0, 0);
	v3(a, 0xeb, d, 0, 1);
	qc_if(a, 0);
	return true;
}
VLOW(l_vuqsub)
{
	static const struct by_es sat = {{0xd8, 0xd9, 0, 0}};

	if (ES(n) < 2)
		return sat_small(a, &sat, &t_sub, n, d, s);
	if (ES(n) == 3)
		return false;
	w3(a, 0x3f, 0, s[0], s[1]);
	v3(a, 0xef, 1, 0, s[0]); /* before d, which may be anything but s */
	v3(a, 0xfa, d, 0, s[1]);
	qc_if(a, 1);
	return true;
}
VLOW(l_vsqabs)
{
	if (ES(n) == 3)
		return false;
	w2(a, 0x1c + ES(n), 0, s[0]);
	x_vload(a, 1, xk(k_max[ES(n)]));
	emit_es(a, &t_umin, ES(n), d, 0, 1);
	qc_if_differ(a, d, 0, 0);
	return true;
}
VLOW(l_vsqneg)
{
	x_vload(a, 1, xk(k_sign[ES(n)]));
	emit_es(a, &t_eq, ES(n), 1, 1, s[0]);
	zero(a, 0);
	emit_es(a, &t_sub, ES(n), 0, 0, s[0]);
	v3(a, 0xef, d, 0, 1);
	qc_if(a, 1);
	return true;
}
/* MIN * MIN is the only product that comes out as MIN: make it MAX. */
static void fix_min16(struct xa *a, int d, int x)
{
	x_vload(a, 1, xk(XK_SIGN16));
	v3(a, 0x75, 1, 1, x);
	v3(a, 0xef, d, x, 1);
	qc_if(a, 1);
}
VLOW(l_vsqdmulh)
{
	if (ES(n) != 1)
		return false;
	v3(a, 0xe5, 0, s[0], s[1]);
	v3(a, 0xd5, 1, s[0], s[1]);
	shift_raw(a, 6, 1, 0, 0, 1);
	shift_raw(a, 2, 1, 1, 1, 15);
	v3(a, 0xeb, 0, 0, 1);
	fix_min16(a, d, 0);
	return true;
}
VLOW(l_vsqrdmulh)
{
	if (ES(n) != 1)
		return false;
	w3(a, 0x0b, 0, s[0], s[1]); /* vpmulhrsw */
	fix_min16(a, d, 0);
	return true;
}

/* -- widening and narrowing -- */

/* The half that is named, in the low half of a register. */
static int half(struct xa *a, const struct ir_node *n, int x, int t)
{
	if (!(n->imm & VI_HI))
		return x;
	v3(a, 0x6d, t, x, x);
	return t;
}
static void extend(struct xa *a, bool sign, unsigned es, int d, int x)
{
	static const uint8_t op[3] = {0x20, 0x23, 0x25};

	w2(a, op[es] + (sign ? 0u : 0x10u), d, x);
}
static bool widen(struct xa *a, const struct ir_node *n, int d, const int *s, bool sign)
{
	if (ES(n) == 3)
		return false;
	extend(a, sign, ES(n), d, half(a, n, s[0], 0));
	return true;
}
VLOW(l_vsxtl) { return widen(a, n, d, s, true); }
VLOW(l_vuxtl) { return widen(a, n, d, s, false); }
static bool mull(struct xa *a, const struct ir_node *n, int d, const int *s, bool sign)
{
	unsigned unpack = n->imm & VI_HI ? 0x6a : 0x62;

	switch (ES(n)) {
	case 0: case 1:
		extend(a, sign, ES(n), 0, half(a, n, s[0], 0));
		extend(a, sign, ES(n), 1, half(a, n, s[1], 1));
		if (ES(n))
			w3(a, 0x40, d, 0, 1);
		else
			v3(a, 0xd5, d, 0, 1);
		return true;
	case 2:
		v3(a, unpack, 0, s[0], s[0]);
		v3(a, unpack, 1, s[1], s[1]);
		if (sign)
			w3(a, 0x28, d, 0, 1);
		else
			v3(a, 0xf4, d, 0, 1);
		return true;
	default: return false;
	}
}
VLOW(l_vsmull) { return mull(a, n, d, s, true); }
VLOW(l_vumull) { return mull(a, n, d, s, false); }
VLOW(l_vpmull)
{
	if (ES(n) != 3 || !(x64_cpu() & X64_PCLMUL))
		return false;
	i3(a, 0x44, d, s[0], s[1], n->imm & VI_HI ? 0x11 : 0);
	return true;
}
VLOW(l_vsaddlp)
{
	switch (ES(n)) {
	case 0:
		x_vload(a, 0, xk(XK_ONES8));
		w3(a, 0x04, d, 0, s[0]); /* vpmaddubsw: unsigned times signed */
		return true;
	case 1: v3k(a, 0xf5, d, s[0], XK_ONES16); return true; /* vpmaddwd */
	case 2:
		pshufd(a, 0, s[0], 0xf5);
		x_vload(a, 1, xk(XK_ONES64));
		w3(a, 0x28, 0, 0, 1);
		w3(a, 0x28, 1, s[0], 1);
		v3(a, 0xd4, d, 0, 1);
		return true;
	default: return false;
	}
}
VLOW(l_vuaddlp)
{
	unsigned es = ES(n);

	if (es == 3)
		return false;
	if (es == 0) {
		w3k(a, 0x04, d, s[0], XK_ONES8);
		return true;
	}
	shift_raw(a, 2, es + 1, 0, s[0], 8u << es);
	v3k(a, 0xdb, 1, s[0], es == 1 ? XK_LOW16_32 : XK_LOW32_64);
	emit_es(a, &t_add, es + 1, d, 0, 1);
	return true;
}
VLOW(l_vxtn)
{
	switch (ES(n)) {
	case 0:
		zero(a, 1);
		v3k(a, 0xdb, 0, s[0], XK_LOW8_16);
		v3(a, 0x67, d, 0, 1);
		return true;
	case 1:
		zero(a, 1);
		v3k(a, 0xdb, 0, s[0], XK_LOW16_32);
		w3(a, 0x2b, d, 0, 1);
		return true;
	case 2:
		pshufd(a, 0, s[0], 0x08);
		x_vex(a, PF3, 1, false, false, 0x7e, d, 0, xr(0));
		return true;
	default: return false;
	}
}
/* Packs x to d with the host's saturation; what comes back when widened differs from x where it saturated. */
static bool sat_narrow(struct xa *a, const struct ir_node *n, int d, int x, bool sign)
{
	unsigned es = ES(n);

	zero(a, 1);
	if (es == 0)
		v3(a, sign ? 0x63 : 0x67, d, x, 1);
	else if (sign)
		v3(a, 0x6b, d, x, 1);
	else
		w3(a, 0x2b, d, x, 1);
	extend(a, sign, es, 1, d);
	qc_if_differ(a, 1, x, 1);
	return true;
}
VLOW(l_vsqxtn) { return ES(n) < 2 && sat_narrow(a, n, d, s[0], true); }
VLOW(l_vsqxtun) { return ES(n) < 2 && sat_narrow(a, n, d, s[0], false); }
VLOW(l_vuqxtn)
{
	unsigned es = ES(n);

	if (es > 1)
		return false;
	x_vload(a, 0, xk(es ? XK_LOW16_32 : XK_LOW8_16));
	emit_es(a, &t_umin, es + 1, 0, 0, s[0]);
	qc_if_differ(a, 0, s[0], 1);
	zero(a, 1);
	if (es)
		w3(a, 0x2b, d, 0, 1);
	else
		v3(a, 0x67, d, 0, 1);
	return true;
}

/* -- across lanes -- */

/* Low bits of xmm0 to d, zero above. */
static void low_of_xmm0(struct xa *a, unsigned es, int d)
{
	switch (es) {
	case 0: v3k(a, 0xdb, d, 0, XK_LANE8); break;
	case 1: v3k(a, 0xdb, d, 0, XK_LANE16); break;
	default: i3(a, 0x21, d, 0, 0, 0x0e); break;
	}
}
/* Combines all lanes by an operation that works lane by lane. */
static bool across(struct xa *a, const struct by_es *t, const struct ir_node *n, int d, const int *s)
{
	unsigned es = ES(n);

	if (!has_es(t, es) || es == 3)
		return false;
	pshufd(a, 0, s[0], 0x4e);
	emit_es(a, t, es, 0, 0, s[0]);
	pshufd(a, 1, 0, 0xb1);
	emit_es(a, t, es, 0, 0, 1);
	if (es < 2) {
		shift_raw(a, 2, 2, 1, 0, 16);
		emit_es(a, t, es, 0, 0, 1);
	}
	if (es < 1) {
		shift_raw(a, 2, 1, 1, 0, 8);
		emit_es(a, t, es, 0, 0, 1);
	}
	low_of_xmm0(a, es, d);
	return true;
}
VLOW(l_vsmaxv) { return across(a, &t_smax, n, d, s); }
VLOW(l_vsminv) { return across(a, &t_smin, n, d, s); }
VLOW(l_vumaxv) { return across(a, &t_umax, n, d, s); }
VLOW(l_vuminv) { return across(a, &t_umin, n, d, s); }
/* Sum of the bytes in xmm0's low 16 bits. */
static void sum8(struct xa *a, int x)
{
	zero(a, 1);
	v3(a, 0xf6, 0, x, 1); /* vpsadbw */
	pshufd(a, 1, 0, 0x4e);
	v3(a, 0xfe, 0, 0, 1);
}
VLOW(l_vaddv)
{
	if (ES(n))
		return across(a, &t_add, n, d, s);
	sum8(a, s[0]);
	low_of_xmm0(a, 0, d);
	return true;
}
VLOW(l_vuaddlv)
{
	switch (ES(n)) {
	case 0:
		sum8(a, s[0]);
		low_of_xmm0(a, 1, d);
		return true;
	case 1:
		shift_raw(a, 2, 2, 0, s[0], 16);
		v3k(a, 0xdb, 1, s[0], XK_LOW16_32);
		v3(a, 0xfe, 0, 0, 1);
		pshufd(a, 1, 0, 0x4e);
		v3(a, 0xfe, 0, 0, 1);
		pshufd(a, 1, 0, 0xb1);
		v3(a, 0xfe, 0, 0, 1);
		low_of_xmm0(a, 2, d);
		return true;
	default: return false;
	}
}
VLOW(l_vsaddlv)
{
	if (ES(n) != 1)
		return false;
	v3k(a, 0xf5, 0, s[0], XK_ONES16);
	pshufd(a, 1, 0, 0x4e);
	v3(a, 0xfe, 0, 0, 1);
	pshufd(a, 1, 0, 0xb1);
	v3(a, 0xfe, 0, 0, 1);
	low_of_xmm0(a, 2, d);
	return true;
}

/* Dot products: bytes widened, multiplied and added in pairs, then the pairs. */
static bool dot(struct xa *a, int d, const int *s, bool sa, bool sb)
{
	extend(a, sa, 0, 0, s[1]);
	extend(a, sb, 0, 1, s[2]);
	v3(a, 0xf5, 0, 0, 1);
	v3(a, 0x6d, 1, s[1], s[1]);
	v3(a, 0x6d, 2, s[2], s[2]);
	extend(a, sa, 0, 1, 1);
	extend(a, sb, 0, 2, 2);
	v3(a, 0xf5, 1, 1, 2);
	w3(a, 0x02, 0, 0, 1); /* vphaddd */
	v3(a, 0xfe, d, 0, s[0]);
	return true;
}
VLOW(l_vsdot) { return dot(a, d, s, true, true); }
VLOW(l_vudot) { return dot(a, d, s, false, false); }
VLOW(l_vusdot) { return dot(a, d, s, false, true); }

/* -- between the register files -- */

VLOW(l_vdup)
{
	static const uint8_t op[4] = {0x78, 0x79, 0x58, 0x59};

	x_vex(a, P66, 1, ES(n) == 3, false, 0x6e, d, 0, xr(s[0]));
	w2(a, op[ES(n)], d, d);
	return true;
}
static unsigned lane(const struct ir_node *n) { return VI_N(n->imm) & (15u >> ES(n)); }
static void extract(struct xa *a, unsigned es, int gpr, int x, unsigned k)
{
	static const uint8_t op[4] = {0x14, 0x15, 0x16, 0x16};

	x_vex(a, P66, 3, es == 3, false, op[es], x, 0, xr(gpr));
	x8(a, k);
}
static void insert(struct xa *a, unsigned es, int d, int x, int gpr, unsigned k)
{
	static const uint8_t op[4] = {0x20, 0xc4, 0x22, 0x22};

	x_vex(a, P66, es == 1 ? 1 : 3, es == 3, false, op[es], d, x, xr(gpr));
	x8(a, k);
}
VLOW(l_vget)
{
	if (lane(n) == 0 && ES(n) >= 2)
		x_vex(a, P66, 1, ES(n) == 3, false, 0x7e, s[0], 0, xr(d)); /* vmovd, vmovq */
	else
		extract(a, ES(n), d, s[0], lane(n));
	return true;
}
VLOW(l_vgets)
{
	extract(a, ES(n), d, s[0], lane(n));
	switch (ES(n)) {
	case 0: x_op(a, PNONE, 0x0fbe, true, d, xr(d)); break;
	case 1: x_op(a, PNONE, 0x0fbf, true, d, xr(d)); break;
	case 2: x_op(a, PNONE, 0x63, true, d, xr(d)); break;
	default: break;
	}
	return true;
}
VLOW(l_vins)
{
	insert(a, ES(n), d, s[0], s[1], lane(n));
	return true;
}

/* -- permutations -- */

VLOW(l_vdupl)
{
	static const uint8_t op[2] = {0x78, 0x79};
	unsigned k = lane(n);
	int x = s[0];

	switch (ES(n)) {
	case 3: v3(a, k ? 0x6d : 0x6c, d, x, x); return true;
	case 2: pshufd(a, d, x, k * 0x55); return true;
	default:
		if (k) {
			shift_bytes(a, 2, 0, x, k << ES(n));
			x = 0;
		}
		w2(a, op[ES(n)], d, x);
		return true;
	}
}
VLOW(l_vinsl)
{
	unsigned es = ES(n), to = lane(n), from = VI_M(n->imm) & (15u >> es);

	switch (es) {
	case 2: i3(a, 0x21, d, s[0], s[1], from << 6 | to << 4); return true; /* vinsertps */
	case 3:
		if (to)
			from ? i3(a, 0x0e, d, s[0], s[1], 0xf0) : v3(a, 0x6c, d, s[0], s[1]);
		else
			from ? v3(a, 0x6d, d, s[1], s[0]) : i3(a, 0x0e, d, s[0], s[1], 0x0f);
		return true;
	default:
		extract(a, es, RAX, s[1], from);
		insert(a, es, d, s[0], RAX, to);
		return true;
	}
}
VLOW(l_vzip1) { return simple(a, &t_unpackl, n, d, s); }
VLOW(l_vzip2) { return simple(a, &t_unpackh, n, d, s); }
static bool uzp(struct xa *a, const struct ir_node *n, int d, const int *s, bool odd)
{
	unsigned es = ES(n);

	switch (es) {
	case 3: v3(a, odd ? 0x6d : 0x6c, d, s[0], s[1]); return true;
	case 2: shufps(a, d, s[0], s[1], odd ? 0xdd : 0x88); return true;
	default:
		for (int k = 0; k < 2; k++) {
			if (odd)
				shift_raw(a, 2, es + 1, k, s[k], 8u << es);
			else
				v3k(a, 0xdb, k, s[k], es ? XK_LOW16_32 : XK_LOW8_16);
		}
		if (es)
			w3(a, 0x2b, d, 0, 1);
		else
			v3(a, 0x67, d, 0, 1);
		return true;
	}
}
VLOW(l_vuzp1) { return uzp(a, n, d, s, false); }
VLOW(l_vuzp2) { return uzp(a, n, d, s, true); }
VLOW(l_vtrn1)
{
	unsigned es = ES(n);

	if (es == 3) {
		v3(a, 0x6c, d, s[0], s[1]);
		return true;
	}
	shift_raw(a, 6, es + 1, 0, s[1], 8u << es);
	if (es) {
		i3(a, 0x0e, d, s[0], 0, es == 2 ? 0xcc : 0xaa);
	} else {
		v3k(a, 0xdb, 1, s[0], XK_LOW8_16);
		v3(a, 0xeb, d, 0, 1);
	}
	return true;
}
VLOW(l_vtrn2)
{
	unsigned es = ES(n);

	if (es == 3) {
		v3(a, 0x6d, d, s[0], s[1]);
		return true;
	}
	shift_raw(a, 2, es + 1, 0, s[0], 8u << es);
	if (es) {
		i3(a, 0x0e, d, 0, s[1], es == 2 ? 0xcc : 0xaa);
	} else {
		x_vload(a, 1, xk(XK_LOW8_16));
		v3(a, 0xdf, 1, 1, s[1]);
		v3(a, 0xeb, d, 0, 1);
	}
	return true;
}
VLOW(l_vext)
{
	i3(a, 0x0f, d, s[1], s[0], VI_N(n->imm) & 15); /* vpalignr */
	return true;
}
VLOW(l_vrev)
{
	static const enum x64_const k[3][4] = {{0, XK_REV8_16, XK_REV8_32, XK_REV8_64}, {0, 0, XK_REV16_32, XK_REV16_64}};
	unsigned es = ES(n), to = VI_N(n->imm) & 3;

	if (es == 2 && to == 3)
		pshufd(a, d, s[0], 0xb1);
	else if (es < to)
		w3k(a, 0x00, d, s[0], k[es][to]);
	else
		return false;
	return true;
}
/* xmm0: indices into the table, their bit 7 set where they are beyond it. */
static void table_index(struct xa *a, const struct ir_node *n, int idx)
{
	if (VI_N(n->imm)) {
		splat8(a, 0, VI_N(n->imm));
		v3(a, 0xf8, 0, idx, 0);
		idx = 0;
	}
	v3k(a, 0xdc, 0, idx, XK_X70); /* vpaddusb: 16 and more reach 0x80 */
}
VLOW(l_vtbl)
{
	table_index(a, n, s[1]);
	w3(a, 0x00, d, s[0], 0);
	return true;
}
VLOW(l_vtbx)
{
	table_index(a, n, s[2]);
	w3(a, 0x00, 1, s[1], 0);
	i3(a, 0x4c, d, 1, s[0], 0); /* vpblendvb by xmm0 */
	return true;
}

/* -- cryptography -- */

static bool aes(struct xa *a, unsigned op, int d, const int *s)
{
	if (!(x64_cpu() & X64_AES))
		return false;
	v3(a, 0xef, 0, s[0], s[1]);
	zero(a, 1);
	w3(a, op, d, 0, 1);
	return true;
}
VLOW(l_vaese) { return aes(a, 0xdd, d, s); }
VLOW(l_vaesd) { return aes(a, 0xdf, d, s); }
VLOW(l_vaesmc) /* the other steps undone first */
{
	if (!(x64_cpu() & X64_AES))
		return false;
	zero(a, 1);
	w3(a, 0xdf, 0, s[0], 1);
	w3(a, 0xdc, d, 0, 1);
	return true;
}
VLOW(l_vaesimc)
{
	if (!(x64_cpu() & X64_AES))
		return false;
	w2(a, 0xdb, d, s[0]);
	return true;
}
/*
 * Four rounds of SHA-256.  The host wants the state as (f, e, b, a) and (h, g, d, c) and does two rounds a time;
 * after them the old first half is the new second.  Leaves the first half in xmm2, the second in d.
 */
static void sha256_rounds(struct xa *a, int d, int abcd, int efgh, int wk)
{
	shufps(a, 1, efgh, abcd, 0x11);
	shufps(a, d, efgh, abcd, 0xbb);
	x_vmov(a, 0, wk);
	x_op(a, PNONE, 0x0f38cb, false, d, xr(1));
	pshufd(a, 0, wk, 0x0e);
	x_vmov(a, 2, 1);
	x_op(a, PNONE, 0x0f38cb, false, 2, xr(d));
}
VLOW(l_vsha256h)
{
	if (!(x64_cpu() & X64_SHA))
		return false;
	sha256_rounds(a, d, s[0], s[1], s[2]);
	shufps(a, d, 2, d, 0xbb);
	return true;
}
VLOW(l_vsha256h2)
{
	if (!(x64_cpu() & X64_SHA))
		return false;
	sha256_rounds(a, d, s[1], s[0], s[2]);
	shufps(a, d, 2, d, 0x11);
	return true;
}
VLOW(l_vsha256su0)
{
	if (!(x64_cpu() & X64_SHA))
		return false;
	x_vmov(a, 0, s[0]);
	x_op(a, PNONE, 0x0f38cc, false, 0, xr(s[1]));
	x_vmov(a, d, 0);
	return true;
}
VLOW(l_vsha256su1)
{
	if (!(x64_cpu() & X64_SHA))
		return false;
	i3(a, 0x0f, 0, s[2], s[1], 4);
	v3(a, 0xfe, 0, 0, s[0]);
	x_op(a, PNONE, 0x0f38cd, false, 0, xr(s[2]));
	x_vmov(a, d, 0);
	return true;
}

const struct vl_row vl_vec[IR_pure_end] = {
#define A(n) [IR_##n] = {l_##n, VL_ALIAS}
#define N(n) [IR_##n] = {l_##n, 0}
	A(vand), A(vor), A(vxor), A(vandn), A(vorn), A(vnot), A(vbsel),
	[IR_v_zero_hi] = {l_zero_hi, VL_ALIAS}, [IR_v_lane0] = {l_lane0, VL_ALIAS}, [IR_v_const] = {l_v_const, 0},
	A(vadd), A(vsub), A(vmul), A(vneg), A(vabs), A(vsabd), A(vuabd), A(vsmax), A(vsmin), A(vumax), A(vumin),
	A(vshadd), A(vuhadd), A(vsrhadd), A(vurhadd), A(vshsub), A(vuhsub),
	A(vcmpeq), A(vcmpgt), A(vcmpge), A(vcmphi), A(vcmphs), A(vcmptst), A(vcnt), A(vrbit), N(vclz),
	N(vshl), N(vushr), N(vsshr), N(vsrshr), N(vurshr), A(vushl), N(vsshl),
	N(vsqadd), N(vsqsub), N(vuqadd), N(vuqsub), N(vsqabs), N(vsqneg), N(vsqdmulh), N(vsqrdmulh),
	A(vsxtl), A(vuxtl), A(vsmull), A(vumull), A(vpmull), A(vsaddlp), A(vuaddlp),
	A(vxtn), N(vsqxtn), N(vsqxtun), N(vuqxtn),
	A(vsmaxv), A(vsminv), A(vumaxv), A(vuminv), A(vaddv), A(vuaddlv), A(vsaddlv), A(vsdot), A(vudot), A(vusdot),
	N(vdup), N(vget), N(vgets), A(vins), A(vdupl), A(vinsl),
	A(vzip1), A(vzip2), A(vuzp1), A(vuzp2), A(vtrn1), A(vtrn2), A(vext), A(vrev), A(vtbl), A(vtbx),
	A(vaese), A(vaesd), A(vaesmc), A(vaesimc),
	N(vsha256h), N(vsha256h2), A(vsha256su0), A(vsha256su1),
#undef A
#undef N
};
