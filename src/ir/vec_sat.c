/*
 * Saturating vector arithmetic.  Each lane is computed exactly in a wider
 * type, clamped, and compared; a difference sets FPSR.QC.  Arm ARM: SatQ().
 */
#include "ir/vec_priv.h"

#define WIDE_s8 int32_t
#define WIDE_u8 int32_t
#define WIDE_s16 int32_t
#define WIDE_u16 int32_t
#define WIDE_s32 int64_t
#define WIDE_u32 int64_t
#define WIDE_s64 s128
#define WIDE_u64 s128

#define MIN_s(bits) (-((s128)1 << ((bits) - 1)))
#define MAX_s(bits) (((s128)1 << ((bits) - 1)) - 1)
#define MIN_u(bits) ((s128)0)
#define MAX_u(bits) (((s128)1 << (bits)) - 1)

/* ta, tb, tc: lane types of the operands; tr of the result, clamped to sr's (s or u) range of its size. */
#define SAT_LANE(name, ta, tb, tc, tr, sr, expr) \
	static inline u128 name##_##ta(struct fpenv *env, u128 va, u128 vb, u128 vc) \
	{ \
		typedef WIDE_##ta W; \
		enum { BITS = 8 * sizeof(TYPE_##tr) }; \
		union vec x = {va}, y = {vb}, z = {vc}, r; \
		unsigned sat = 0; \
		FOR_LANES(tr, k) { \
			W a = x.ta[k], b = y.tb[k], c = z.tc[k], w; \
			(void)b; \
			(void)c; \
			w = (expr); \
			a = w > (W)MAX_##sr(BITS) ? (W)MAX_##sr(BITS) : w; \
			a = a < (W)MIN_##sr(BITS) ? (W)MIN_##sr(BITS) : a; \
			sat |= a != w; \
			r.tr[k] = (TYPE_##tr)a; \
		} \
		if (sat) \
			env->fpsr |= FPSR_QC; \
		return r.q; \
	}
#define SAT_LANES(name, a, b, r, expr) \
	SAT_LANE(name, a##8, b##8, b##8, r##8, r, expr) \
	SAT_LANE(name, a##16, b##16, b##16, r##16, r, expr) \
	SAT_LANE(name, a##32, b##32, b##32, r##32, r, expr) \
	SAT_LANE(name, a##64, b##64, b##64, r##64, r, expr)
#define SAT_SWITCH(name, t, a, b, c) \
	switch (VI_ES(imm)) { \
	case 0: return name##_##t##8(env, a, b, c); \
	case 1: return name##_##t##16(env, a, b, c); \
	case 2: return name##_##t##32(env, a, b, c); \
	default: return name##_##t##64(env, a, b, c); \
	}
#define SAT2(name, a, b, r, expr) \
	SAT_LANES(name, a, b, r, expr) \
	u128 c_##name(struct fpenv *env, u128 va, u128 vb, uint32_t imm) { SAT_SWITCH(name, a, va, vb, vb) }
#define SAT1(name, expr) \
	SAT_LANES(name, s, s, s, expr) \
	u128 c_##name(struct fpenv *env, u128 va, uint32_t imm) { SAT_SWITCH(name, s, va, va, va) }

SAT2(vsqadd, s, s, s, a + b)
SAT2(vuqadd, u, u, u, a + b)
SAT2(vsqsub, s, s, s, a - b)
SAT2(vuqsub, u, u, u, a - b)
SAT2(vsuqadd, s, u, s, a + b)
SAT2(vusqadd, u, s, u, a + b)
SAT1(vsqabs, a < 0 ? -a : a)
SAT1(vsqneg, -a)

/* High halves of doubled products, of 16 and 32-bit lanes.  Halved throughout, so that 64 bits are enough. */
#define SAT_HIGH(name, expr) \
	SAT_LANE(name, s16, s16, s16, s16, s, expr) \
	SAT_LANE(name, s32, s32, s32, s32, s, expr) \
	static u128 name##_any(struct fpenv *env, u128 a, u128 b, u128 c, uint32_t imm) \
	{ \
		return VI_ES(imm) == 1 ? name##_s16(env, a, b, c) : name##_s32(env, a, b, c); \
	}
#define SAT_HIGH2(name, expr) \
	SAT_HIGH(name, expr) \
	u128 c_##name(struct fpenv *env, u128 a, u128 b, uint32_t imm) { return name##_any(env, a, b, a, imm); }
#define SAT_HIGH3(name, expr) \
	SAT_HIGH(name, expr) \
	u128 c_##name(struct fpenv *env, u128 a, u128 b, u128 c, uint32_t imm) { return name##_any(env, a, b, c, imm); }
#define HALF ((W)1 << (BITS - 2))

SAT_HIGH2(vsqdmulh, a * b >> (BITS - 1))
SAT_HIGH2(vsqrdmulh, (a * b + HALF) >> (BITS - 1))
SAT_HIGH3(vsqrdmlah, (a * ((W)1 << (BITS - 1)) + b * c + HALF) >> (BITS - 1))
SAT_HIGH3(vsqrdmlsh, (a * ((W)1 << (BITS - 1)) - b * c + HALF) >> (BITS - 1))

/* Narrowing: lanes of ta clamped to tr, in the low half. */
#define SAT_NARROW_LANE(name, ta, tr, sr, low) \
	static inline u128 name##_##ta(struct fpenv *env, u128 va) \
	{ \
		enum { BITS = 8 * sizeof(TYPE_##tr) }; \
		union vec x = {va}, r = {0}; \
		unsigned sat = 0; \
		FOR_LANES(ta, k) { \
			TYPE_##ta a = x.ta[k], w = a; \
			a = a > (TYPE_##ta)MAX_##sr(BITS) ? (TYPE_##ta)MAX_##sr(BITS) : a; \
			a = low(a, (TYPE_##ta)MIN_##sr(BITS)); \
			sat |= a != w; \
			r.tr[k] = (TYPE_##tr)a; \
		} \
		if (sat) \
			env->fpsr |= FPSR_QC; \
		return r.q; \
	}
#define LOW_s(a, min) (a < (min) ? (min) : a)
#define LOW_u(a, min) (a) /* nothing is below 0 */
#define SAT_NARROW(name, a, r) \
	SAT_NARROW_LANE(name, a##16, r##8, r, LOW_##a) \
	SAT_NARROW_LANE(name, a##32, r##16, r, LOW_##a) \
	SAT_NARROW_LANE(name, a##64, r##32, r, LOW_##a) \
	u128 c_##name(struct fpenv *env, u128 v, uint32_t imm) \
	{ \
		switch (VI_ES(imm)) { \
		case 0: return name##_##a##16(env, v); \
		case 1: return name##_##a##32(env, v); \
		default: return name##_##a##64(env, v); \
		} \
	}
SAT_NARROW(vsqxtn, s, s)
SAT_NARROW(vuqxtn, u, u)
SAT_NARROW(vsqxtun, s, u)
