/*
 * Vector operations whose operands and results differ in lane size:
 * widening, long multiplication, pairwise and across-lane sums, narrowing,
 * dot and matrix products.  Arm ARM C7.2 (SMULL, SADDLP, XTN, SDOT, SMMLA ..).
 */
#include "ir/vec_priv.h"

/* The half of a that VI_HI chooses, in the low half. */
static inline u128 half(u128 a, uint32_t imm) { return imm & VI_HI ? a >> 64 : a; }

#define WIDE2_LANE(name, t, tw, expr) \
	static inline u128 name##_##t(u128 va, u128 vb) \
	{ \
		typedef TYPE_##tw W; \
		union vec x = {va}, y = {vb}, r; \
		FOR_LANES(tw, k) { \
			W a = x.t[k], b = y.t[k]; \
			(void)b; \
			r.tw[k] = (W)(expr); \
		} \
		return r.q; \
	}
#define WIDE2_LANES(name, s, expr) \
	WIDE2_LANE(name, s##8, s##16, expr) \
	WIDE2_LANE(name, s##16, s##32, expr) \
	WIDE2_LANE(name, s##32, s##64, expr) \
	static u128 name##_any(u128 a, u128 b, uint32_t imm) \
	{ \
		a = half(a, imm); \
		b = half(b, imm); \
		switch (VI_ES(imm)) { \
		case 0: return name##_##s##8(a, b); \
		case 1: return name##_##s##16(a, b); \
		default: return name##_##s##32(a, b); \
		} \
	}
#define WIDE2(name, s, expr) \
	WIDE2_LANES(name, s, expr) \
	u128 c_##name(u128 a, u128 b, uint32_t imm) { return name##_any(a, b, imm); }
#define WIDE1(name, s, expr) \
	WIDE2_LANES(name, s, expr) \
	u128 c_##name(u128 a, uint32_t imm) { return name##_any(a, a, imm); }

WIDE1(vsxtl, s, a)
WIDE1(vuxtl, u, a)
WIDE2(vsmull, s, 1 * a * b)
WIDE2(vumull, u, 1u * a * b)

/* Carry-less product of two 64-bit numbers. */
static u128 clmul64(uint64_t a, uint64_t b)
{
	u128 r = 0;

	for (unsigned k = 0; k < 64; k++)
		r ^= (u128)(a & (0 - (b >> k & 1))) << k;
	return r;
}

u128 c_vpmull(u128 a, u128 b, uint32_t imm)
{
	union vec x = {half(a, imm)}, y = {half(b, imm)}, r;

	if (VI_ES(imm) == 3)
		return clmul64(x.u64[0], y.u64[0]);
	FOR_LANES(u16, k) {
		unsigned p = 0;

		for (unsigned i = 0; i < 8; i++)
			p ^= (0u - (y.u8[k] >> i & 1)) & (unsigned)x.u8[k] << i;
		r.u16[k] = (uint16_t)p;
	}
	return r.q;
}

/* 2ab overflows for MIN * MIN only. */
u128 c_vsqdmull(struct fpenv *env, u128 a, u128 b, uint32_t imm)
{
	union vec x = {half(a, imm)}, y = {half(b, imm)}, r;
	bool sat = false;

	if (VI_ES(imm) == 1)
		FOR_LANES(s32, k)
			sat |= __builtin_mul_overflow(2 * x.s16[k], y.s16[k], &r.s32[k]);
	else
		FOR_LANES(s64, k)
			sat |= __builtin_mul_overflow(2 * (int64_t)x.s32[k], y.s32[k], &r.s64[k]);
	if (!sat)
		return r.q;
	env->fpsr |= FPSR_QC;
	if (VI_ES(imm) == 1)
		FOR_LANES(s32, k)
			r.s32[k] = r.s32[k] == INT32_MIN ? INT32_MAX : r.s32[k];
	else
		FOR_LANES(s64, k)
			r.s64[k] = r.s64[k] == INT64_MIN ? INT64_MAX : r.s64[k];
	return r.q;
}

#define PAIR_LANE(name, t, tw) \
	static inline u128 name##_##t(u128 va) \
	{ \
		union vec x = {va}, r; \
		FOR_LANES(tw, k) \
			r.tw[k] = (TYPE_##tw)((TYPE_##tw)x.t[2 * k] + (TYPE_##tw)x.t[2 * k + 1]); \
		return r.q; \
	}
#define PAIRS(name, s) \
	PAIR_LANE(name, s##8, s##16) \
	PAIR_LANE(name, s##16, s##32) \
	PAIR_LANE(name, s##32, s##64) \
	u128 c_##name(u128 a, uint32_t imm) \
	{ \
		switch (VI_ES(imm)) { \
		case 0: return name##_##s##8(a); \
		case 1: return name##_##s##16(a); \
		default: return name##_##s##32(a); \
		} \
	}
PAIRS(vsaddlp, s)
PAIRS(vuaddlp, u)

u128 c_vxtn(u128 a, uint32_t imm)
{
	union vec x = {a}, r = {0};

	switch (VI_ES(imm)) {
	case 0:
		FOR_LANES(u16, k)
			r.u8[k] = (uint8_t)x.u16[k];
		break;
	case 1:
		FOR_LANES(u32, k)
			r.u16[k] = (uint16_t)x.u32[k];
		break;
	default:
		FOR_LANES(u64, k)
			r.u32[k] = (uint32_t)x.u64[k];
		break;
	}
	return r.q;
}

/* Reductions: `expr` combines r so far and lane a; the result is cut to `bits`. */
#define ACROSS_LANE(name, t, bits, expr) \
	static inline u128 name##_##t(u128 va) \
	{ \
		union vec x = {va}; \
		int64_t r = x.t[0]; \
		for (unsigned k = 1; k < 16 / sizeof(TYPE_##t); k++) { \
			int64_t a = x.t[k]; \
			r = (expr); \
		} \
		return (uint64_t)r & ~UINT64_C(0) >> (64 - (bits)); \
	}
#define ACROSS(name, s, wide, expr) \
	ACROSS_LANE(name, s##8, 8 * wide, expr) \
	ACROSS_LANE(name, s##16, 16 * wide, expr) \
	ACROSS_LANE(name, s##32, 32 * wide, expr) \
	u128 c_##name(u128 a, uint32_t imm) \
	{ \
		switch (VI_ES(imm)) { \
		case 0: return name##_##s##8(a); \
		case 1: return name##_##s##16(a); \
		default: return name##_##s##32(a); \
		} \
	}
ACROSS(vaddv, u, 1, r + a)
ACROSS(vsaddlv, s, 2, r + a)
ACROSS(vuaddlv, u, 2, r + a)
ACROSS(vsmaxv, s, 1, r > a ? r : a)
ACROSS(vsminv, s, 1, r < a ? r : a)
ACROSS(vumaxv, u, 1, r > a ? r : a)
ACROSS(vuminv, u, 1, r < a ? r : a)

#define DOT(name, ta, tb) \
	u128 c_##name(u128 acc, u128 va, u128 vb) \
	{ \
		union vec r = {acc}, x = {va}, y = {vb}; \
		for (unsigned k = 0; k < 16; k++) \
			r.u32[k / 4] += (uint32_t)(x.ta[k] * y.tb[k]); \
		return r.q; \
	}
DOT(vsdot, s8, s8)
DOT(vudot, u8, u8)
DOT(vusdot, u8, s8)

#define MATMUL(name, ta, tb) \
	u128 c_##name(u128 acc, u128 va, u128 vb) \
	{ \
		union vec r = {acc}, x = {va}, y = {vb}; \
		for (unsigned k = 0; k < 32; k++) \
			r.u32[k / 8] += (uint32_t)(x.ta[k / 16 * 8 + k % 8] * y.tb[k % 16]); \
		return r.q; \
	}
MATMUL(vsmmla, s8, s8)
MATMUL(vummla, u8, u8)
MATMUL(vusmmla, u8, s8)
