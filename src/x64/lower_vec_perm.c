/* Moves between the register files, and permutations of vectors. See lower_vec_priv.h. */
#include "x64/lower_vec_priv.h"

/* -- between the register files -- */

VLOW(vdup)
{
	static const uint8_t op[4] = {0x78, 0x79, 0x58, 0x59};

	x_vex(a, P66, 1, ES(n) == 3, false, 0x6e, d, 0, xr(s[0]));
	w2(a, op[ES(n)], d, d);
	return true;
}
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
VLOW(vget)
{
	if (lane(n) == 0 && ES(n) >= 2)
		x_vex(a, P66, 1, ES(n) == 3, false, 0x7e, s[0], 0, xr(d)); /* vmovd, vmovq */
	else
		extract(a, ES(n), d, s[0], lane(n));
	return true;
}
VLOW(vgets)
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
VLOW(vins)
{
	insert(a, ES(n), d, s[0], s[1], lane(n));
	return true;
}

/* -- permutations -- */

VLOW(vdupl)
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
VLOW(vinsl)
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
VLOW(vzip1) { return simple(a, &t_unpackl, n, d, s); }
VLOW(vzip2) { return simple(a, &t_unpackh, n, d, s); }
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
VLOW(vuzp1) { return uzp(a, n, d, s, false); }
VLOW(vuzp2) { return uzp(a, n, d, s, true); }
VLOW(vtrn1)
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
VLOW(vtrn2)
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
VLOW(vext)
{
	i3(a, 0x0f, d, s[1], s[0], VI_N(n->imm) & 15); /* vpalignr */
	return true;
}
VLOW(vrev)
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
VLOW(vtbl)
{
	table_index(a, n, s[1]);
	w3(a, 0x00, d, s[0], 0);
	return true;
}
VLOW(vtbx)
{
	table_index(a, n, s[2]);
	w3(a, 0x00, 1, s[1], 0);
	i3(a, 0x4c, d, 1, s[0], 0); /* vpblendvb by xmm0 */
	return true;
}
