/* See consts.h. */
#include "x64/consts.h"

void xk_emit(struct xa *a)
{
	static const uint64_t table[XK_COUNT][2] = {
#define X(n, lo, hi) [XK_##n] = {UINT64_C(lo), UINT64_C(hi)},
		X64_CONSTS(X)
#undef X
	};

	x_rip_base = a->p + a->delta;
	for (unsigned k = 0; k < XK_COUNT; k++) {
		x64_(a, table[k][0]);
		x64_(a, table[k][1]);
	}
}
