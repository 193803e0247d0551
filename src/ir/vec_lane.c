/*
 * Vector operations that treat each lane for itself: arithmetic, compare,
 * minimum and maximum, bit counts, shifts that do not saturate.  Modular
 * arithmetic is done on unsigned types.  Arm ARM C7.2 (ADD .. USHR).
 */
#include "base/bits.h"
#include "ir/vec_priv.h"

OP2(vadd, u, 1u * a + b)
OP2(vsub, u, 1u * a - b)
OP2(vmul, u, 1u * a * b)
OP1(vneg, u, 0u - a)
OP1(vabs, s, a < 0 ? 0 - (uint64_t)a : (uint64_t)a)
OP2(vsabd, s, a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a)
OP2(vuabd, u, a > b ? a - b : b - a)
OP2(vsmax, s, a > b ? a : b)
OP2(vsmin, s, a < b ? a : b)
OP2(vumax, u, a > b ? a : b)
OP2(vumin, u, a < b ? a : b)
OP2(vshadd, s, (a & b) + ((a ^ b) >> 1))
OP2(vuhadd, u, (a & b) + ((a ^ b) >> 1))
OP2(vsrhadd, s, (a | b) - ((a ^ b) >> 1))
OP2(vurhadd, u, (a | b) - ((a ^ b) >> 1))
OP2(vshsub, s, (uint64_t)(a >> 1) - (uint64_t)(b >> 1) - (uint64_t)(~a & b & 1))
OP2(vuhsub, u, 1u * (a >> 1) - (b >> 1) - (~a & b & 1))
OP2(vcmpeq, u, a == b ? -1 : 0)
OP2(vcmpgt, s, a > b ? -1 : 0)
OP2(vcmpge, s, a >= b ? -1 : 0)
OP2(vcmphi, u, a > b ? -1 : 0)
OP2(vcmphs, u, a >= b ? -1 : 0)
OP2(vcmptst, u, (a & b) != 0 ? -1 : 0)

OP1(vclz, u, a ? __builtin_clzll(a) - (64 - BITS) : BITS)
OP1(vcls, s, __builtin_clrsbll(a) - (64 - BITS))

u128 c_vcnt(u128 a)
{
	union vec x = {a};

	FOR_LANES(u64, k) {
		uint64_t v = x.u64[k];

		v -= v >> 1 & UINT64_C(0x5555555555555555);
		v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
		x.u64[k] = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	}
	return x.q;
}

u128 c_vrbit(u128 a)
{
	union vec x = {a};

	FOR_LANES(u64, k) {
		uint64_t v = x.u64[k];

		v = (v & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4 | (v >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f));
		v = (v & UINT64_C(0x3333333333333333)) << 2 | (v >> 2 & UINT64_C(0x3333333333333333));
		x.u64[k] = (v & UINT64_C(0x5555555555555555)) << 1 | (v >> 1 & UINT64_C(0x5555555555555555));
	}
	return x.q;
}

/* UnsignedRecipEstimate(): 9 bits of 2^63 / a for a normalised a, else saturated. */
static uint32_t recip_estimate(uint32_t a)
{
	if (!(a >> 31))
		return UINT32_MAX;
	return ((1u << 19) / (2 * (a >> 23) + 1) + 1) / 2 << 23;
}

/* UnsignedRSqrtEstimate(): the largest b with (scaled a) * b^2 < 2^28 by definition; searched bit by bit. */
static uint32_t rsqrt_estimate(uint32_t a)
{
	uint32_t s = a >> 23, b = 512;

	if (!(a >> 30))
		return UINT32_MAX;
	s = s < 256 ? 2 * s + 1 : 2 * (s | 1);
	for (uint32_t step = 256; step; step >>= 1)
		if ((uint64_t)s * (b + step) * (b + step) < 1u << 28)
			b += step;
	return (b + 1) / 2 << 23;
}

u128 c_vurecpe(u128 a)
{
	union vec x = {a};

	FOR_LANES(u32, k)
		x.u32[k] = recip_estimate(x.u32[k]);
	return x.q;
}

u128 c_vursqrte(u128 a)
{
	union vec x = {a};

	FOR_LANES(u32, k)
		x.u32[k] = rsqrt_estimate(x.u32[k]);
	return x.q;
}

u128 c_vpmul(u128 a, u128 b)
{
	union vec x = {a}, y = {b}, r;

	FOR_LANES(u8, k) {
		unsigned p = 0;

		for (unsigned i = 0; i < 8; i++)
			p ^= (0u - (y.u8[k] >> i & 1)) & (unsigned)x.u8[k] << i;
		r.u8[k] = (uint8_t)p;
	}
	return r.q;
}
