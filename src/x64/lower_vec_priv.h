/*
 * Shared by the lowerings of rows of ops_vec.def (lower_vec*.c): the list of those that have one, and shapes of
 * instructions.
 *
 * d is the result's register, s[] the operands'; xmm0..2, rax, rcx and rdx are free.  A function writes d last, or is an
 * N row: those do not get an operand's register as d.  It may decline an immediate by returning false, having emitted
 * nothing.  Opcodes are VEX.128 forms of the SSE instructions (Intel SDM volume 2).
 */
#ifndef PARMA_X64_LOWER_VEC_PRIV_H
#define PARMA_X64_LOWER_VEC_PRIV_H

#include "ir/ops_vec.h"
#include "x64/consts.h"
#include "x64/cpu.h"
#include "x64/lower.h"

/* A: may be given the first operand's register as d (VL_ALIAS). */
#define VL_ROWS(A, N) \
	A(v_zero_hi) A(v_lane0) N(v_const) A(vand) A(vor) A(vxor) A(vandn) A(vorn) A(vnot) A(vbsel) A(vadd) A(vsub) \
	A(vmul) A(vneg) A(vabs) A(vsabd) A(vuabd) A(vsmax) A(vsmin) A(vumax) A(vumin) A(vshadd) A(vuhadd) A(vsrhadd) \
	A(vurhadd) A(vshsub) A(vuhsub) A(vcmpeq) A(vcmpgt) A(vcmpge) A(vcmphi) A(vcmphs) A(vcmptst) A(vcnt) A(vrbit) \
	N(vclz) N(vshl) N(vushr) N(vsshr) N(vsrshr) N(vurshr) A(vushl) N(vsshl) N(vsqadd) N(vsqsub) N(vuqadd) \
	N(vuqsub) N(vsqabs) N(vsqneg) N(vsqdmulh) N(vsqrdmulh) A(vsxtl) A(vuxtl) A(vsmull) A(vumull) A(vpmull) \
	A(vsaddlp) A(vuaddlp) A(vxtn) N(vsqxtn) N(vsqxtun) N(vuqxtn) A(vsmaxv) A(vsminv) A(vumaxv) A(vuminv) A(vaddv) \
	A(vuaddlv) A(vsaddlv) A(vsdot) A(vudot) A(vusdot) N(vdup) N(vget) N(vgets) A(vins) A(vdupl) A(vinsl) A(vzip1) \
	A(vzip2) A(vuzp1) A(vuzp2) A(vtrn1) A(vtrn2) A(vext) A(vrev) A(vtbl) A(vtbx) A(vaese) A(vaesd) A(vaesmc) \
	A(vaesimc) N(vsha256h) N(vsha256h2) A(vsha256su0) A(vsha256su1)

#define VLOW(name) bool vlow_##name(struct xa *a, const struct ir_node *n, int d, const int *s)
#define X(n) bool vlow_##n(struct xa *a, const struct ir_node *node, int d, const int *s);
VL_ROWS(X, X)
#undef X

#define ES(n) VI_ES((n)->imm)
static inline unsigned lane(const struct ir_node *n) { return VI_N(n->imm) & (15u >> ES(n)); }

/* -- shapes of instructions -- */

/* Map 0f, prefix 66: d = s1 op s2. */
static inline void v3(struct xa *a, unsigned op, int d, int s1, int s2) { x_vrr(a, P66, op, d, s1, s2); }
static inline void v3k(struct xa *a, unsigned op, int d, int s1, enum x64_const k)
{
	x_vex(a, P66, 1, false, false, op, d, s1, xk(k));
}
/* Map 0f38. */
static inline void w3(struct xa *a, unsigned op, int d, int s1, int s2) { x_vex(a, P66, 2, false, false, op, d, s1, xr(s2)); }
static inline void w3k(struct xa *a, unsigned op, int d, int s1, enum x64_const k)
{
	x_vex(a, P66, 2, false, false, op, d, s1, xk(k));
}
static inline void w2(struct xa *a, unsigned op, int d, int s1) { w3(a, op, d, 0, s1); }
/* Map 0f3a, with an immediate. */
static inline void i3(struct xa *a, unsigned op, int d, int s1, int s2, unsigned imm)
{
	x_vex_i(a, P66, 3, op, d, s1, xr(s2), imm);
}
static inline void pshufd(struct xa *a, int d, int s1, unsigned imm) { x_vex_i(a, P66, 1, 0x70, d, 0, xr(s1), imm); }
static inline void shufps(struct xa *a, int d, int s1, int s2, unsigned imm)
{
	x_vex_i(a, PNONE, 1, 0xc6, d, s1, xr(s2), imm);
}
/* An operation in map 0f or 0f38, by element size; 0: there is none. */
struct by_es {
	uint16_t op[4]; /* above 0xff: map 0f38 */
};
static inline bool has_es(const struct by_es *t, unsigned es) { return t->op[es]; }
static inline void emit_es(struct xa *a, const struct by_es *t, unsigned es, int d, int s1, int s2)
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

static inline void zero(struct xa *a, int d) { v3(a, 0xef, d, d, d); }
static inline void ones(struct xa *a, int d) { v3(a, 0x76, d, d, d); }
static inline void invert(struct xa *a, int d, int s1)
{
	int t = s1 == 2 ? 1 : 2;

	ones(a, t);
	v3(a, 0xef, d, s1, t);
}
/* A byte repeated over the register. */
static inline void splat8(struct xa *a, int d, unsigned byte)
{
	x_mov_ri(a, RAX, byte * 0x01010101u);
	x_vex(a, P66, 1, false, false, 0x6e, d, 0, xr(RAX)); /* vmovd */
	w2(a, 0x58, d, d);                                   /* vpbroadcastd */
}
/* The host's shift of whole elements of 16 bits and more by an immediate: kind 2 right, 4 arithmetic, 6 left. */
static inline void shift_raw(struct xa *a, unsigned kind, unsigned es, int d, int s1, unsigned n)
{
	x_vex(a, P66, 1, false, false, 0x70 + es, (int)kind, d, xr(s1));
	x8(a, n);
}
static inline void shift_bytes(struct xa *a, unsigned kind, int d, int s1, unsigned n)
{
	x_vex(a, P66, 1, false, false, 0x73, (int)kind + 1, d, xr(s1)); /* vpsrldq /3, vpslldq /7 */
	x8(a, n);
}

/* d = s >> n or s << n of any element size; n may be the size for right shifts. t: scratch, neither d nor s1. */
static inline void shl_imm(struct xa *a, unsigned es, int d, int s1, unsigned n, int t)
{
	if (es) {
		shift_raw(a, 6, es, d, s1, n);
		return;
	}
	splat8(a, t, 0xffu << n & 0xff);
	shift_raw(a, 6, 1, d, s1, n);
	v3(a, 0xdb, d, d, t);
}
static inline void shr_imm(struct xa *a, unsigned es, int d, int s1, unsigned n, int t)
{
	if (es) {
		shift_raw(a, 2, es, d, s1, n);
		return;
	}
	splat8(a, t, 0xffu >> n);
	shift_raw(a, 2, 1, d, s1, n);
	v3(a, 0xdb, d, d, t);
}
static inline void sar_imm(struct xa *a, unsigned es, int d, int s1, unsigned n, int t)
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
static inline void qc_if(struct xa *a, int t)
{
	uint8_t *none;

	w2(a, 0x17, t, t); /* vptest */
	none = x_jcc(a, CC_E);
	x_op(a, PNONE, 0x81, false, X_OR, xmem(R15, (int)x64_cfg.off_fp + (int)offsetof(struct fpenv, fpsr)));
	x32(a, FPSR_QC);
	x_bind(a, none);
}
static inline void qc_if_differ(struct xa *a, int x, int y, int t)
{
	v3(a, 0xef, t, x, y);
	qc_if(a, t);
}

/* Where one instruction does it, by element size. */
static inline bool simple(struct xa *a, const struct by_es *t, const struct ir_node *n, int d, const int *s)
{
	if (!has_es(t, ES(n)))
		return false;
	emit_es(a, t, ES(n), d, s[0], s[1]);
	return true;
}

#endif
