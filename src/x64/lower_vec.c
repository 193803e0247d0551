/*
 * Native lowerings of rows of ops_vec.def: one small function each and one
 * line in the table at the end (docs/ADDING.md).  A row without one is called
 * as the C function that gives its meaning.
 */
#include "ir/ops_vec.h"
#include "x64/lower.h"

#define VLOW(name) static bool name(struct xa *a, const struct ir_node *n, int d, const int *s)

VLOW(l_vand) { x_vrr(a, P66, 0xdb, d, s[0], s[1]); return true; }
VLOW(l_vor) { x_vrr(a, P66, 0xeb, d, s[0], s[1]); return true; }
VLOW(l_vxor) { x_vrr(a, P66, 0xef, d, s[0], s[1]); return true; }
VLOW(l_vandn) { x_vrr(a, P66, 0xdf, d, s[1], s[0]); return true; } /* host: ~first & second */
VLOW(l_zero_hi) { x_vex(a, PF3, 1, false, false, 0x7e, d, 0, xr(s[0])); return true; } /* vmovq */

VLOW(l_vadd)
{
	static const uint8_t op[4] = {0xfc, 0xfd, 0xfe, 0xd4};

	x_vrr(a, P66, op[VI_ES(n->imm)], d, s[0], s[1]);
	return true;
}
VLOW(l_vsub)
{
	static const uint8_t op[4] = {0xf8, 0xf9, 0xfa, 0xfb};

	x_vrr(a, P66, op[VI_ES(n->imm)], d, s[0], s[1]);
	return true;
}
VLOW(l_v_const)
{
	if (!n->k) {
		x_vrr(a, P66, 0xef, d, d, d);
		return true;
	}
	if (n->k == ~UINT64_C(0)) {
		x_vrr(a, P66, 0x76, d, d, d);
		return true;
	}
	x_mov_ri(a, RAX, n->k);
	x_vmovq_xr(a, d, RAX);
	x_vrr(a, P66, 0x6c, d, d, d);
	return true;
}

const struct vl_row vl_vec[IR_pure_end] = {
	[IR_vand] = {l_vand, VL_ALIAS}, [IR_vor] = {l_vor, VL_ALIAS}, [IR_vxor] = {l_vxor, VL_ALIAS},
	[IR_vandn] = {l_vandn, VL_ALIAS}, [IR_v_zero_hi] = {l_zero_hi, VL_ALIAS},
	[IR_vadd] = {l_vadd, VL_ALIAS}, [IR_vsub] = {l_vsub, VL_ALIAS},
	[IR_v_const] = {l_v_const, 0},
};
