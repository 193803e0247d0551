/*
 * BFloat16 dot products: BFDotAdd of the Arm manual without FEAT_EBF16.  The
 * arithmetic is Arm's own: round to odd, denormals are zero on both sides,
 * overflow gives infinity, every NaN is the default one, and neither FPCR nor
 * FPSR has a part in it.
 */
#include "ir/fp_core.h"
#include "ir/fp_lanes.h"
#include "ir/ops_fp.h"

/* BFRound(). */
static uint32_t bf_round(unsigned sign, int exp, uint64_t sig)
{
	uint32_t s = (uint32_t)fp_sign_at(sign, FP_S);

	if (exp < -126)
		return s;
	if (exp > 127)
		return (uint32_t)fp_infinity(sign, FP_S);
	return s | (uint32_t)(exp + 127) << 23 | ((sig >> 40) & 0x7fffff) | ((sig & mask64(40)) != 0);
}

static struct fp_num bf_unpack(uint32_t x)
{
	struct fpenv none = {0};

	return fp_unpack_as(&none, x, FP_S, true, false);
}

/* BFMul() of two bfloat16 numbers. */
static uint32_t bf_mul(uint16_t a, uint16_t b)
{
	struct fp_num x = bf_unpack((uint32_t)a << 16), y = bf_unpack((uint32_t)b << 16);
	unsigned sign = x.sign ^ y.sign, carry;
	uint64_t p;

	if (x.cls >= FP_QNAN || y.cls >= FP_QNAN)
		return (uint32_t)fp_defnan(FP_S);
	if (x.cls == FP_INF || y.cls == FP_INF)
		return (uint32_t)(x.cls == FP_ZERO || y.cls == FP_ZERO ? fp_defnan(FP_S) : fp_infinity(sign, FP_S));
	if (x.cls == FP_ZERO || y.cls == FP_ZERO)
		return (uint32_t)fp_sign_at(sign, FP_S);
	p = (x.sig >> 32) * (y.sig >> 32);
	carry = (unsigned)(p >> 63);
	return bf_round(sign, x.exp + y.exp + (int)carry, carry ? p : p << 1);
}

/* BFAdd(). */
static uint32_t bf_add(uint32_t a, uint32_t b)
{
	struct fp_num x = bf_unpack(a), y = bf_unpack(b);
	uint64_t sig;
	unsigned lz;

	if (x.cls >= FP_QNAN || y.cls >= FP_QNAN)
		return (uint32_t)fp_defnan(FP_S);
	if (x.cls == FP_INF)
		return (uint32_t)(y.cls == FP_INF && x.sign != y.sign ? fp_defnan(FP_S) : fp_infinity(x.sign, FP_S));
	if (y.cls == FP_INF)
		return (uint32_t)fp_infinity(y.sign, FP_S);
	if (x.cls == FP_ZERO && y.cls == FP_ZERO)
		return (uint32_t)fp_sign_at(x.sign & y.sign, FP_S);
	if (x.cls == FP_ZERO)
		return bf_round(y.sign, y.exp, y.sig);
	if (y.cls == FP_ZERO)
		return bf_round(x.sign, x.exp, x.sig);
	if (x.exp < y.exp || (x.exp == y.exp && x.sig < y.sig)) {
		struct fp_num t = x;

		x = y;
		y = t;
	}
	y.sig = fp_shr_jam(y.sig >> 1, (unsigned)(x.exp - y.exp));
	sig = x.sign == y.sign ? (x.sig >> 1) + y.sig : (x.sig >> 1) - y.sig;
	if (!sig)
		return 0;
	lz = (unsigned)__builtin_clzll(sig);
	return bf_round(x.sign, x.exp + 1 - (int)lz, sig << lz);
}

/* BFDotAdd(): n and m point to pairs. */
static uint32_t dot_add(uint32_t acc, const uint16_t *n, const uint16_t *m)
{
	return bf_add(acc, bf_add(bf_mul(n[0], m[0]), bf_mul(n[1], m[1])));
}

u128 c_bfdot(u128 a, u128 bn, u128 bm, uint32_t imm)
{
	union fp_vec acc = {a}, n = {bn}, m = {bm}, r = {0};

	for (unsigned k = 0, lanes = fp_count(imm, FP_S); k < lanes; k++)
		r.s[k] = dot_add(acc.s[k], n.h + 2 * k, m.h + 2 * k);
	return r.q;
}

u128 c_bfmmla(u128 a, u128 bn, u128 bm)
{
	union fp_vec acc = {a}, n = {bn}, m = {bm}, r;

	for (unsigned k = 0; k < 4; k++) {
		const uint16_t *row = n.h + 4 * (k >> 1), *col = m.h + 4 * (k & 1);

		r.s[k] = dot_add(dot_add(acc.s[k], row, col), row + 2, col + 2);
	}
	return r.q;
}

u128 c_bfwiden(u128 a, uint32_t imm)
{
	union fp_vec x = {a}, r = {0};

	for (unsigned k = 0, n = fp_count(imm, FP_S); k < n; k++)
		r.s[k] = imm & FPI_ODD ? x.s[k] & 0xffff0000u : x.s[k] << 16;
	return r.q;
}
