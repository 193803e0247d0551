/* Shifts of vector lanes, and operations that saturate. See lower_vec_priv.h. */
#include "x64/lower_vec_priv.h"

/* -- shifts -- */

VLOW(vshl) { shl_imm(a, ES(n), d, s[0], VI_N(n->imm), 0); return true; }
VLOW(vushr) { shr_imm(a, ES(n), d, s[0], VI_N(n->imm), 0); return true; }
VLOW(vsshr)
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
VLOW(vsrshr) { return round_shr(a, n, d, s, true); }
VLOW(vurshr) { return round_shr(a, n, d, s, false); }

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
VLOW(vushl)
{
	unsigned es = ES(n);

	if (es < 2)
		return false;
	shift_both(a, es, s);
	x_vex(a, P66, 2, es == 3, false, 0x45, 1, s[0], xr(1)); /* vpsrlv */
	v3(a, 0xeb, d, 0, 1);
	return true;
}
VLOW(vsshl)
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
VLOW(vsqadd)
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
VLOW(vsqsub)
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
VLOW(vuqadd)
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
VLOW(vuqsub)
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
VLOW(vsqabs)
{
	if (ES(n) == 3)
		return false;
	w2(a, 0x1c + ES(n), 0, s[0]);
	x_vload(a, 1, xk(k_max[ES(n)]));
	emit_es(a, &t_umin, ES(n), d, 0, 1);
	qc_if_differ(a, d, 0, 0);
	return true;
}
VLOW(vsqneg)
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
VLOW(vsqdmulh)
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
VLOW(vsqrdmulh)
{
	if (ES(n) != 1)
		return false;
	w3(a, 0x0b, 0, s[0], s[1]); /* vpmulhrsw */
	fix_min16(a, d, 0);
	return true;
}
