/* See consts.h. */
#include "x64/consts.h"

#include "ir/fp_est.h"

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
	for (unsigned k = 0; k < XK_RECIP; k++)
		x8(a, fp_recip_estimate(256 + k) & 255);
	for (unsigned k = 0; k < XK_RSQRT; k++) /* the ninth bit is the last of the exponent */
		x8(a, fp_rsqrt_estimate(k & 256 ? 128 + (k & 255) / 2 : 256 + k) & 255);
	for (unsigned k = 0; k < XK_PAD; k++)
		x8(a, 0);
}
