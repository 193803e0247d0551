/* AES and SHA-256 on the instructions of the host. See lower_vec_priv.h. */
#include "x64/lower_vec_priv.h"

/* -- cryptography -- */

static bool aes(struct xa *a, unsigned op, int d, const int *s)
{
	if (!(x64_cpu() & X64_AES))
		return false;
	v3(a, 0xef, 0, s[0], s[1]);
	zero(a, 1);
	w3(a, op, d, 0, 1);
	return true;
}
VLOW(vaese) { return aes(a, 0xdd, d, s); }
VLOW(vaesd) { return aes(a, 0xdf, d, s); }
VLOW(vaesmc) /* the other steps undone first */
{
	if (!(x64_cpu() & X64_AES))
		return false;
	zero(a, 1);
	w3(a, 0xdf, 0, s[0], 1);
	w3(a, 0xdc, d, 0, 1);
	return true;
}
VLOW(vaesimc)
{
	if (!(x64_cpu() & X64_AES))
		return false;
	w2(a, 0xdb, d, s[0]);
	return true;
}
/*
 * Four rounds of SHA-256.  The host wants the state as (f, e, b, a) and (h, g, d, c) and does two rounds a time;
 * after them the old first half is the new second.  Leaves the first half in xmm2, the second in d.
 */
static void sha256_rounds(struct xa *a, int d, int abcd, int efgh, int wk)
{
	shufps(a, 1, efgh, abcd, 0x11);
	shufps(a, d, efgh, abcd, 0xbb);
	x_vmov(a, 0, wk);
	x_op(a, PNONE, 0x0f38cb, false, d, xr(1));
	pshufd(a, 0, wk, 0x0e);
	x_vmov(a, 2, 1);
	x_op(a, PNONE, 0x0f38cb, false, 2, xr(d));
}
VLOW(vsha256h)
{
	if (!(x64_cpu() & X64_SHA))
		return false;
	sha256_rounds(a, d, s[0], s[1], s[2]);
	shufps(a, d, 2, d, 0xbb);
	return true;
}
VLOW(vsha256h2)
{
	if (!(x64_cpu() & X64_SHA))
		return false;
	sha256_rounds(a, d, s[1], s[0], s[2]);
	shufps(a, d, 2, d, 0x11);
	return true;
}
VLOW(vsha256su0)
{
	if (!(x64_cpu() & X64_SHA))
		return false;
	x_vmov(a, 0, s[0]);
	x_op(a, PNONE, 0x0f38cc, false, 0, xr(s[1]));
	x_vmov(a, d, 0);
	return true;
}
VLOW(vsha256su1)
{
	if (!(x64_cpu() & X64_SHA))
		return false;
	i3(a, 0x0f, 0, s[2], s[1], 4);
	v3(a, 0xfe, 0, 0, s[0]);
	x_op(a, PNONE, 0x0f38cd, false, 0, xr(s[2]));
	x_vmov(a, d, 0);
	return true;
}
