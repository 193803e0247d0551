/*
 * Native lowerings of rows of ops_vec.def: one small function each in the file of its group (lower_vec_*.c; logic is
 * here), and one name in the list of lower_vec_priv.h (docs/ADDING.md).  A row without one, or one that declines an
 * immediate, is called as the C function that gives its meaning.
 */
#include "x64/lower_vec_priv.h"

/* -- bits -- */

VLOW(vand) { v3(a, 0xdb, d, s[0], s[1]); return true; }
VLOW(vor) { v3(a, 0xeb, d, s[0], s[1]); return true; }
VLOW(vxor) { v3(a, 0xef, d, s[0], s[1]); return true; }
VLOW(vandn) { v3(a, 0xdf, d, s[1], s[0]); return true; } /* host: ~first & second */
VLOW(vnot) { invert(a, d, s[0]); return true; }
VLOW(vorn)
{
	invert(a, 0, s[1]);
	v3(a, 0xeb, d, s[0], 0);
	return true;
}
VLOW(vbsel)
{
	v3(a, 0xdb, 0, s[0], s[1]);
	v3(a, 0xdf, 1, s[0], s[2]);
	v3(a, 0xeb, d, 0, 1);
	return true;
}
VLOW(v_zero_hi) { x_vex(a, PF3, 1, false, false, 0x7e, d, 0, xr(s[0])); return true; } /* vmovq */
VLOW(v_lane0)
{
	switch (ES(n)) {
	case 0: v3k(a, 0xdb, d, s[0], XK_LANE8); break;
	case 1: v3k(a, 0xdb, d, s[0], XK_LANE16); break;
	case 2: i3(a, 0x21, d, s[0], s[0], 0x0e); break; /* vinsertps: lane 0 stays, others zero */
	default: x_vex(a, PF3, 1, false, false, 0x7e, d, 0, xr(s[0])); break;
	}
	return true;
}
VLOW(v_const)
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

/* -- the table -- */

const struct vl_row vl_vec[IR_pure_end] = {
#define A(n) [IR_##n] = {vlow_##n, VL_ALIAS},
#define N(n) [IR_##n] = {vlow_##n, 0},
	VL_ROWS(A, N)
#undef A
#undef N
};
