/* Vector operations that widen or narrow lanes, and those across the lanes of a vector. See lower_vec_priv.h. */
#include "x64/lower_vec_priv.h"

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
VLOW(vsxtl) { return widen(a, n, d, s, true); }
VLOW(vuxtl) { return widen(a, n, d, s, false); }
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
VLOW(vsmull) { return mull(a, n, d, s, true); }
VLOW(vumull) { return mull(a, n, d, s, false); }
VLOW(vpmull)
{
	if (ES(n) != 3 || !(x64_cpu() & X64_PCLMUL))
		return false;
	i3(a, 0x44, d, s[0], s[1], n->imm & VI_HI ? 0x11 : 0);
	return true;
}
VLOW(vsaddlp)
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
VLOW(vuaddlp)
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
VLOW(vxtn)
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
VLOW(vsqxtn) { return ES(n) < 2 && sat_narrow(a, n, d, s[0], true); }
VLOW(vsqxtun) { return ES(n) < 2 && sat_narrow(a, n, d, s[0], false); }
VLOW(vuqxtn)
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
VLOW(vsmaxv) { return across(a, &t_smax, n, d, s); }
VLOW(vsminv) { return across(a, &t_smin, n, d, s); }
VLOW(vumaxv) { return across(a, &t_umax, n, d, s); }
VLOW(vuminv) { return across(a, &t_umin, n, d, s); }
/* Sum of the bytes in xmm0's low 16 bits. */
static void sum8(struct xa *a, int x)
{
	zero(a, 1);
	v3(a, 0xf6, 0, x, 1); /* vpsadbw */
	pshufd(a, 1, 0, 0x4e);
	v3(a, 0xfe, 0, 0, 1);
}
VLOW(vaddv)
{
	if (ES(n))
		return across(a, &t_add, n, d, s);
	sum8(a, s[0]);
	low_of_xmm0(a, 0, d);
	return true;
}
VLOW(vuaddlv)
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
VLOW(vsaddlv)
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
VLOW(vsdot) { return dot(a, d, s, true, true); }
VLOW(vudot) { return dot(a, d, s, false, false); }
VLOW(vusdot) { return dot(a, d, s, false, true); }
