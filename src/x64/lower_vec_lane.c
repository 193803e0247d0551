/* Vector operations lane by lane: sums, differences, extremes, comparisons, bits of each. See lower_vec_priv.h. */
#include "x64/lower_vec_priv.h"

/* -- lane by lane -- */

VLOW(vadd) { return simple(a, &t_add, n, d, s); }
VLOW(vsub) { return simple(a, &t_sub, n, d, s); }
VLOW(vcmpeq) { return simple(a, &t_eq, n, d, s); }
VLOW(vcmpgt) { return simple(a, &t_gt, n, d, s); }
VLOW(vsmax) { return simple(a, &t_smax, n, d, s); }
VLOW(vsmin) { return simple(a, &t_smin, n, d, s); }
VLOW(vumax) { return simple(a, &t_umax, n, d, s); }
VLOW(vumin) { return simple(a, &t_umin, n, d, s); }

VLOW(vmul)
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
VLOW(vneg)
{
	zero(a, 0);
	emit_es(a, &t_sub, ES(n), d, 0, s[0]);
	return true;
}
VLOW(vabs)
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
VLOW(vsabd) { return abd(a, &t_smax, &t_smin, n, d, s); }
VLOW(vuabd) { return abd(a, &t_umax, &t_umin, n, d, s); }

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
VLOW(vshadd) { return halving_add(a, n, d, s, true, false); }
VLOW(vuhadd) { return halving_add(a, n, d, s, false, false); }
VLOW(vsrhadd) { return halving_add(a, n, d, s, true, true); }
VLOW(vurhadd) { return halving_add(a, n, d, s, false, true); }

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
VLOW(vshsub) { return halving_sub(a, n, d, s, true); }
VLOW(vuhsub) { return halving_sub(a, n, d, s, false); }

VLOW(vcmpge)
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
VLOW(vcmphs)
{
	cmphs(a, ES(n), d, s[0], s[1]);
	return true;
}
VLOW(vcmphi)
{
	cmphs(a, ES(n), 0, s[1], s[0]);
	invert(a, d, 0);
	return true;
}
VLOW(vcmptst)
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
VLOW(vcnt)
{
	nibbles(a, s[0], XK_POPCNT4, XK_POPCNT4);
	v3(a, 0xfc, d, 0, 1);
	return true;
}
VLOW(vrbit)
{
	nibbles(a, s[0], XK_REV4_HI, XK_REV4_LO);
	v3(a, 0xeb, d, 0, 1);
	return true;
}
VLOW(vclz)
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
