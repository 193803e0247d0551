/*
 * Native lowerings of rows of ops_vec.def: one small function each and one
 * line in the table at the end (docs/ADDING.md).  A row without one, or one
 * that returns false for this immediate, is called as the C function that
 * gives its meaning.  xmm0..2, rax, rcx, rdx are scratch.
 */
#include "ir/ops_vec.h"
#include "x64/lower.h"

#define VLOW(name) static bool name(struct xa *a, const struct ir_node *n, int d, const int *s)
#define ES VI_ES(n->imm)
#define NN VI_N(n->imm)

/* map 2 (0f38), 66 prefix */
static void v38(struct xa *a, unsigned op, int d, int s1, int s2) { x_vex(a, P66, 2, false, false, op, d, s1, xr(s2)); }
static void v66(struct xa *a, unsigned op, int d, int s1, int s2) { x_vrr(a, P66, op, d, s1, s2); }
/* Shift by immediate: group opcode 71/72/73 with /ext. */
static void vshift(struct xa *a, unsigned op, unsigned ext, int d, int s, unsigned k)
{
	x_vex(a, P66, 1, false, false, op, (int)ext, d, xr(s));
	x8(a, k);
}
static void vzero(struct xa *a, int d) { v66(a, 0xef, d, d, d); }
static void vones(struct xa *a, int d) { v66(a, 0x76, d, d, d); }
static void vsplat(struct xa *a, int d, uint64_t k)
{
	x_mov_ri(a, RAX, k);
	x_vmovq_xr(a, d, RAX);
	v66(a, 0x6c, d, d, d);
}
static uint64_t splat64(uint64_t k, unsigned es)
{
	k &= mask64(8u << es);
	for (unsigned b = 8u << es; b < 64; b *= 2)
		k |= k << b;
	return k;
}
static uint64_t signs(unsigned es) { return splat64(UINT64_C(1) << ((8u << es) - 1), es); }

/* Rows that are one instruction per element size; op38: opcode in map 0f38. 0: none. */
static bool by_size(struct xa *a, const struct ir_node *n, int d, const int *s, const uint16_t op[4])
{
	unsigned o = op[ES];

	if (!o)
		return false;
	if (o & 0x100)
		v38(a, o & 0xff, d, s[0], s[1]);
	else
		v66(a, o, d, s[0], s[1]);
	return true;
}
#define BY_SIZE(name, b, h, w, q) \
	VLOW(name) { static const uint16_t op[4] = {b, h, w, q}; return by_size(a, n, d, s, op); }
BY_SIZE(l_vadd, 0xfc, 0xfd, 0xfe, 0xd4)
BY_SIZE(l_vsub, 0xf8, 0xf9, 0xfa, 0xfb)
BY_SIZE(l_mul, 0, 0xd5, 0x140, 0)
BY_SIZE(l_smax, 0x13c, 0xee, 0x13d, 0)
BY_SIZE(l_smin, 0x138, 0xea, 0x139, 0)
BY_SIZE(l_umax, 0xde, 0x13e, 0x13f, 0)
BY_SIZE(l_umin, 0xda, 0x13a, 0x13b, 0)
BY_SIZE(l_urhadd, 0xe0, 0xe3, 0, 0)
BY_SIZE(l_cmpeq, 0x74, 0x75, 0x76, 0x129)
BY_SIZE(l_cmpgt, 0x64, 0x65, 0x66, 0x137)

VLOW(l_vand) { v66(a, 0xdb, d, s[0], s[1]); return true; }
VLOW(l_vor) { v66(a, 0xeb, d, s[0], s[1]); return true; }
VLOW(l_vxor) { v66(a, 0xef, d, s[0], s[1]); return true; }
VLOW(l_vandn) { v66(a, 0xdf, d, s[1], s[0]); return true; } /* host: ~first & second */
VLOW(l_vorn)
{
	vones(a, 0);
	v66(a, 0xef, 0, 0, s[1]);
	v66(a, 0xeb, d, 0, s[0]);
	return true;
}
VLOW(l_vnot)
{
	vones(a, 0);
	v66(a, 0xef, d, s[0], 0);
	return true;
}
VLOW(l_bsel) /* a & b | ~a & c */
{
	v66(a, 0xdb, 0, s[0], s[1]);
	v66(a, 0xdf, 1, s[0], s[2]);
	v66(a, 0xeb, d, 0, 1);
	return true;
}
VLOW(l_zero_hi) { x_vex(a, PF3, 1, false, false, 0x7e, d, 0, xr(s[0])); return true; } /* vmovq */
VLOW(l_lane0)
{
	switch (ES) {
	case 3: return l_zero_hi(a, n, d, s);
	case 2: x_vex_i(a, P66, 3, 0x21, d, s[0], xr(s[0]), 14); return true; /* vinsertps */
	default:
		x_vex(a, P66, 1, false, false, 0x7e, s[0], 0, xr(RAX));
		if (ES)
			x_movzx16(a, RAX, xr(RAX));
		else
			x_movzx8(a, RAX, xr(RAX));
		x_vex(a, P66, 1, false, false, 0x6e, d, 0, xr(RAX));
		return true;
	}
}
VLOW(l_v_const)
{
	if (!n->k)
		vzero(a, d);
	else if (n->k == ~UINT64_C(0))
		vones(a, d);
	else
		vsplat(a, d, n->k);
	return true;
}

VLOW(l_neg)
{
	static const uint8_t op[4] = {0xf8, 0xf9, 0xfa, 0xfb};

	vzero(a, 0);
	v66(a, op[ES], d, 0, s[0]);
	return true;
}
VLOW(l_abs)
{
	if (ES == 3) {
		vzero(a, 0);
		v38(a, 0x37, 0, 0, s[0]); /* 0 > x */
		v66(a, 0xef, d, s[0], 0);
		v66(a, 0xfb, d, d, 0);
		return true;
	}
	v38(a, 0x1c + ES, d, 0, s[0]);
	return true;
}
static void invert(struct xa *a, int d)
{
	vones(a, 0);
	v66(a, 0xef, d, d, 0);
}
VLOW(l_cmpge)
{
	static const uint16_t op[4] = {0x64, 0x65, 0x66, 0x137};
	const int rev[2] = {s[1], s[0]};

	by_size(a, n, d, rev, op);
	invert(a, d);
	return true;
}
static void unsigned_gt(struct xa *a, unsigned es, int d, int s1, int s2)
{
	vsplat(a, 0, signs(es));
	v66(a, 0xef, 1, s1, 0);
	v66(a, 0xef, 2, s2, 0);
	if (es == 3)
		v38(a, 0x37, d, 1, 2);
	else
		v66(a, 0x64 + es, d, 1, 2);
}
VLOW(l_cmphi) { unsigned_gt(a, ES, d, s[0], s[1]); return true; }
VLOW(l_cmphs)
{
	unsigned_gt(a, ES, d, s[1], s[0]);
	invert(a, d);
	return true;
}
VLOW(l_cmptst)
{
	v66(a, 0xdb, 1, s[0], s[1]);
	vzero(a, 0);
	if (ES == 3)
		v38(a, 0x29, d, 1, 0);
	else
		v66(a, 0x74 + ES, d, 1, 0);
	invert(a, d);
	return true;
}
VLOW(l_cnt)
{
	vsplat(a, 0, UINT64_C(0x0f0f0f0f0f0f0f0f));
	x_mov_ri(a, RAX, UINT64_C(0x0302020102010100)); /* popcounts of 0..7 */
	x_vmovq_xr(a, 1, RAX);
	x_mov_ri(a, RAX, UINT64_C(0x0403030203020201)); /* of 8..15 */
	x_vex(a, P66, 3, true, false, 0x22, 1, 1, xr(RAX));
	x8(a, 1);
	v66(a, 0xdb, 2, s[0], 0);
	v38(a, 0x00, 2, 1, 2);
	vshift(a, 0x71, 2, d, s[0], 4); /* vpsrlw */
	v66(a, 0xdb, d, d, 0);
	v38(a, 0x00, d, 1, d);
	v66(a, 0xfc, d, d, 2);
	return true;
}
VLOW(l_sabd)
{
	static const uint8_t sub[4] = {0xf8, 0xf9, 0xfa, 0};
	static const uint16_t max[4] = {0x13c, 0xee, 0x13d, 0}, min[4] = {0x138, 0xea, 0x139, 0};

	if (ES == 3)
		return false;
	by_size(a, n, 0, s, max);
	by_size(a, n, 1, s, min);
	v66(a, sub[ES], d, 0, 1);
	return true;
}
VLOW(l_uabd)
{
	static const uint8_t sub[4] = {0xf8, 0xf9, 0xfa, 0};
	static const uint16_t max[4] = {0xde, 0x13e, 0x13f, 0}, min[4] = {0xda, 0x13a, 0x13b, 0};

	if (ES == 3)
		return false;
	by_size(a, n, 0, s, max);
	by_size(a, n, 1, s, min);
	v66(a, sub[ES], d, 0, 1);
	return true;
}

/* Shifts by immediate: words, doublewords, quadwords have one; bytes go by words and a mask. */
static const uint8_t shift_op[4] = {0x71, 0x71, 0x72, 0x73};
VLOW(l_shl)
{
	vshift(a, shift_op[ES], 6, d, s[0], NN);
	if (!ES) {
		vsplat(a, 0, splat64(0xffu << NN, 0));
		v66(a, 0xdb, d, d, 0);
	}
	return true;
}
VLOW(l_ushr)
{
	if (!ES && NN == 8) {
		vzero(a, d);
		return true;
	}
	vshift(a, shift_op[ES], 2, d, s[0], NN);
	if (!ES) {
		vsplat(a, 0, splat64(0xffu >> NN, 0));
		v66(a, 0xdb, d, d, 0);
	}
	return true;
}
VLOW(l_sshr)
{
	unsigned k = MIN(NN, (8u << ES) - 1);

	switch (ES) {
	case 1: case 2:
		vshift(a, shift_op[ES], 4, d, s[0], k);
		return true;
	case 3: /* logical, then the sign */
		vzero(a, 0);
		v38(a, 0x37, 0, 0, s[0]);
		vshift(a, 0x73, 2, d, s[0], k);
		vshift(a, 0x73, 6, 0, 0, 64 - k);
		v66(a, 0xeb, d, d, 0);
		return true;
	default: /* (x >>> k ^ m) - m with m = 0x80 >> k */
		vshift(a, 0x71, 2, d, s[0], k);
		vsplat(a, 0, splat64(0xffu >> k, 0));
		v66(a, 0xdb, d, d, 0);
		vsplat(a, 0, splat64(0x80u >> k, 0));
		v66(a, 0xef, d, d, 0);
		v66(a, 0xf8, d, d, 0);
		return true;
	}
}

/* Widening: es is the source's; VI_HI: upper halves. */
static int half(struct xa *a, const struct ir_node *n, int tmp, int s)
{
	if (!(n->imm & VI_HI))
		return s;
	v66(a, 0x6d, tmp, s, s); /* vpunpckhqdq */
	return tmp;
}
static void extend(struct xa *a, unsigned es, bool sign, int d, int s)
{
	static const uint8_t op[3] = {0x20, 0x23, 0x25};

	v38(a, op[es] + (sign ? 0u : 0x10u), d, 0, s);
}
VLOW(l_sxtl)
{
	if (ES == 3)
		return false;
	extend(a, ES, true, d, half(a, n, 0, s[0]));
	return true;
}
VLOW(l_uxtl)
{
	if (ES == 3)
		return false;
	extend(a, ES, false, d, half(a, n, 0, s[0]));
	return true;
}
static bool mull(struct xa *a, const struct ir_node *n, int d, const int *s, bool sign)
{
	if (ES == 3)
		return false;
	extend(a, ES, sign, 0, half(a, n, 0, s[0]));
	extend(a, ES, sign, 1, half(a, n, 1, s[1]));
	if (ES == 0)
		v66(a, 0xd5, d, 0, 1);
	else if (ES == 1)
		v38(a, 0x40, d, 0, 1);
	else if (sign)
		v38(a, 0x28, d, 0, 1);
	else
		v66(a, 0xf4, d, 0, 1);
	return true;
}
VLOW(l_smull) { return mull(a, n, d, s, true); }
VLOW(l_umull) { return mull(a, n, d, s, false); }
/* Narrowing: es is the result's. */
VLOW(l_xtn)
{
	switch (ES) {
	case 0:
		vsplat(a, 0, UINT64_C(0x00ff00ff00ff00ff));
		v66(a, 0xdb, d, s[0], 0);
		v66(a, 0x67, d, d, d); /* vpackuswb */
		break;
	case 1:
		vzero(a, 0);
		x_vex_i(a, P66, 3, 0x0e, d, s[0], xr(0), 0xaa); /* vpblendw: odd words zero */
		v38(a, 0x2b, d, d, d); /* vpackusdw */
		break;
	case 2:
		x_vex_i(a, P66, 1, 0x70, d, 0, xr(s[0]), 0x08); /* vpshufd */
		break;
	default: return false;
	}
	x_vex(a, PF3, 1, false, false, 0x7e, d, 0, xr(d));
	return true;
}

/* Between the register files */
VLOW(l_dup)
{
	static const uint8_t op[4] = {0x78, 0x79, 0x58, 0x59}; /* vpbroadcast */

	x_vex(a, P66, 1, ES == 3, false, 0x6e, 0, 0, xr(s[0]));
	v38(a, op[ES], d, 0, 0);
	return true;
}
VLOW(l_get)
{
	static const uint8_t op[4] = {0x14, 0x15, 0x16, 0x16}; /* vpextr */

	x_vex(a, P66, 3, ES == 3, false, op[ES], s[0], 0, xr(d));
	x8(a, NN);
	return true;
}
VLOW(l_gets)
{
	l_get(a, n, d, s);
	if (ES == 0)
		x_movsx8(a, true, d, xr(d));
	else if (ES == 1)
		x_op(a, PNONE, 0x0fbf, true, d, xr(d));
	else if (ES == 2)
		x_op(a, PNONE, 0x63, true, d, xr(d));
	return true;
}
static void pinsr(struct xa *a, unsigned es, unsigned lane, int d, int v, int gpr)
{
	if (es == 1)
		x_vex(a, P66, 1, false, false, 0xc4, d, v, xr(gpr));
	else
		x_vex(a, P66, 3, es == 3, false, es ? 0x22 : 0x20, d, v, xr(gpr));
	x8(a, lane);
}
VLOW(l_ins)
{
	pinsr(a, ES, NN, d, s[0], s[1]);
	return true;
}

/* Permutations */
VLOW(l_dupl)
{
	static const uint8_t op[4] = {0x78, 0x79, 0x58, 0x59};

	if (ES == 3) {
		v66(a, NN ? 0x6d : 0x6c, d, s[0], s[0]);
	} else if (ES == 2) {
		x_vex_i(a, P66, 1, 0x70, d, 0, xr(s[0]), NN * 0x55);
	} else if (!NN) {
		v38(a, op[ES], d, 0, s[0]);
	} else {
		vshift(a, 0x73, 3, 0, s[0], NN << ES); /* vpsrldq */
		v38(a, op[ES], d, 0, 0);
	}
	return true;
}
VLOW(l_insl)
{
	static const uint8_t op[4] = {0x14, 0x15, 0x16, 0x16};

	x_vex(a, P66, 3, ES == 3, false, op[ES], s[1], 0, xr(RAX));
	x8(a, VI_M(n->imm));
	pinsr(a, ES, NN, d, s[0], RAX);
	return true;
}
BY_SIZE(l_zip1, 0x60, 0x61, 0x62, 0x6c)
BY_SIZE(l_zip2, 0x68, 0x69, 0x6a, 0x6d)
VLOW(l_uzp1)
{
	if (ES == 3)
		v66(a, 0x6c, d, s[0], s[1]);
	else if (ES == 2)
		x_vex_i(a, PNONE, 1, 0xc6, d, s[0], xr(s[1]), 0x88); /* vshufps */
	else
		return false;
	return true;
}
VLOW(l_uzp2)
{
	if (ES == 3)
		v66(a, 0x6d, d, s[0], s[1]);
	else if (ES == 2)
		x_vex_i(a, PNONE, 1, 0xc6, d, s[0], xr(s[1]), 0xdd);
	else
		return false;
	return true;
}
VLOW(l_ext)
{
	x_vex_i(a, P66, 3, 0x0f, d, s[1], xr(s[0]), NN); /* vpalignr */
	return true;
}
VLOW(l_rev)
{
	unsigned container = 1u << NN, es = 1u << ES;
	uint64_t m[2] = {0, 0};

	for (unsigned k = 0; k < 16; k++) {
		unsigned in = k % container, from = k - in + (container - es - (in - in % es)) + in % es;

		m[k / 8] |= (uint64_t)from << (8 * (k % 8));
	}
	x_mov_ri(a, RAX, m[0]);
	x_vmovq_xr(a, 0, RAX);
	x_mov_ri(a, RAX, m[1]);
	x_vex(a, P66, 3, true, false, 0x22, 0, 0, xr(RAX));
	x8(a, 1);
	v38(a, 0x00, d, s[0], 0);
	return true;
}
/* Across lanes */
VLOW(l_addv)
{
	static const uint8_t add[4] = {0xfc, 0xfd, 0xfe, 0xd4};
	unsigned top = 8;

	if (ES == 3)
		return false;
	x_vmov(a, 0, s[0]);
	for (; top >= 1u << ES; top /= 2) {
		vshift(a, 0x73, 3, 1, 0, top);
		v66(a, add[ES], 0, 0, 1);
	}
	x_vmov(a, d, 0);
	return l_lane0(a, n, d, (const int[]){0});
}
VLOW(l_aese)
{
	v66(a, 0xef, 0, s[0], s[1]);
	vzero(a, 1);
	v38(a, 0xdd, d, 0, 1); /* aesenclast */
	return true;
}
VLOW(l_aesd)
{
	v66(a, 0xef, 0, s[0], s[1]);
	vzero(a, 1);
	v38(a, 0xdf, d, 0, 1);
	return true;
}
VLOW(l_aesimc) { v38(a, 0xdb, d, 0, s[0]); return true; }
VLOW(l_aesmc) /* aesdeclast undoes SubBytes and ShiftRows, aesenc does them and MixColumns */
{
	vzero(a, 0);
	v38(a, 0xdf, 1, s[0], 0);
	v38(a, 0xdc, d, 1, 0);
	return true;
}
VLOW(l_pmull)
{
	if (ES != 3)
		return false;
	x_vex_i(a, P66, 3, 0x44, d, s[0], xr(s[1]), n->imm & VI_HI ? 0x11 : 0x00);
	return true;
}

#define A VL_ALIAS
const struct vl_row vl_vec[IR_pure_end] = {
	[IR_vand] = {l_vand, A}, [IR_vor] = {l_vor, A}, [IR_vxor] = {l_vxor, A}, [IR_vandn] = {l_vandn, A},
	[IR_vorn] = {l_vorn, A}, [IR_vnot] = {l_vnot, A}, [IR_vbsel] = {l_bsel, A},
	[IR_v_zero_hi] = {l_zero_hi, A}, [IR_v_lane0] = {l_lane0, A}, [IR_v_const] = {l_v_const, 0},
	[IR_vadd] = {l_vadd, A}, [IR_vsub] = {l_vsub, A}, [IR_vmul] = {l_mul, A}, [IR_vneg] = {l_neg, A}, [IR_vabs] = {l_abs, 0},
	[IR_vsmax] = {l_smax, A}, [IR_vsmin] = {l_smin, A}, [IR_vumax] = {l_umax, A}, [IR_vumin] = {l_umin, A},
	[IR_vurhadd] = {l_urhadd, A}, [IR_vsabd] = {l_sabd, 0}, [IR_vuabd] = {l_uabd, 0},
	[IR_vcmpeq] = {l_cmpeq, A}, [IR_vcmpgt] = {l_cmpgt, A}, [IR_vcmpge] = {l_cmpge, 0},
	[IR_vcmphi] = {l_cmphi, 0}, [IR_vcmphs] = {l_cmphs, 0}, [IR_vcmptst] = {l_cmptst, 0},
	[IR_vcnt] = {l_cnt, 0},
	[IR_vshl] = {l_shl, A}, [IR_vushr] = {l_ushr, A}, [IR_vsshr] = {l_sshr, 0},
	[IR_vsxtl] = {l_sxtl, A}, [IR_vuxtl] = {l_uxtl, A}, [IR_vsmull] = {l_smull, 0}, [IR_vumull] = {l_umull, 0},
	[IR_vxtn] = {l_xtn, 0},
	[IR_vdup] = {l_dup, 0}, [IR_vget] = {l_get, 0}, [IR_vgets] = {l_gets, 0}, [IR_vins] = {l_ins, A},
	[IR_vdupl] = {l_dupl, 0}, [IR_vinsl] = {l_insl, A}, [IR_vzip1] = {l_zip1, A}, [IR_vzip2] = {l_zip2, A},
	[IR_vuzp1] = {l_uzp1, A}, [IR_vuzp2] = {l_uzp2, A}, [IR_vext] = {l_ext, A}, [IR_vrev] = {l_rev, 0},
	[IR_vaddv] = {l_addv, 0},
	[IR_vaese] = {l_aese, 0}, [IR_vaesd] = {l_aesd, 0}, [IR_vaesmc] = {l_aesmc, 0}, [IR_vaesimc] = {l_aesimc, A},
	[IR_vpmull] = {l_pmull, A},
};
