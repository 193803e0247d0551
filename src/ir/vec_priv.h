/*
 * Loops over lanes for vec_*.c.  LANEn() makes the function for one lane
 * type out of an expression, OPn() one row of ops_vec.def out of four (or
 * fewer) of them.  In an expression: a, b, c are the lanes, BITS the lane
 * size in bits, n the immediate's n field, T the lane type.  Loop counts are
 * constant, so that the compilers vectorise.
 */
#ifndef PARMA_IR_VEC_PRIV_H
#define PARMA_IR_VEC_PRIV_H

#include "ir/ops_vec.h"

union vec {
	u128 q;
	uint8_t u8[16];
	int8_t s8[16];
	uint16_t u16[8];
	int16_t s16[8];
	uint32_t u32[4];
	int32_t s32[4];
	uint64_t u64[2];
	int64_t s64[2];
};

#define TYPE_u8 uint8_t
#define TYPE_u16 uint16_t
#define TYPE_u32 uint32_t
#define TYPE_u64 uint64_t
#define TYPE_s8 int8_t
#define TYPE_s16 int16_t
#define TYPE_s32 int32_t
#define TYPE_s64 int64_t

#define FOR_LANES(t, k) for (unsigned k = 0; k < 16 / sizeof(TYPE_##t); k++)

#define LANE1(name, t, expr) \
	static inline u128 name##_##t(u128 va, unsigned n) \
	{ \
		typedef TYPE_##t T; \
		enum { BITS = 8 * sizeof(T) }; \
		union vec x = {va}, r; \
		FOR_LANES(t, k) { \
			T a = x.t[k]; \
			r.t[k] = (T)(expr); \
		} \
		return r.q; \
	}
#define LANE2(name, t, expr) \
	static inline u128 name##_##t(u128 va, u128 vb) \
	{ \
		typedef TYPE_##t T; \
		enum { BITS = 8 * sizeof(T) }; \
		union vec x = {va}, y = {vb}, r; \
		FOR_LANES(t, k) { \
			T a = x.t[k], b = y.t[k]; \
			r.t[k] = (T)(expr); \
		} \
		return r.q; \
	}

#define OP1(name, s, expr) \
	LANE1(name, s##8, expr) \
	LANE1(name, s##16, expr) \
	LANE1(name, s##32, expr) \
	LANE1(name, s##64, expr) \
	u128 c_##name(u128 a, uint32_t imm) \
	{ \
		unsigned n = VI_N(imm); \
		switch (VI_ES(imm)) { \
		case 0: return name##_##s##8(a, n); \
		case 1: return name##_##s##16(a, n); \
		case 2: return name##_##s##32(a, n); \
		default: return name##_##s##64(a, n); \
		} \
	}
#define OP2(name, s, expr) \
	LANE2(name, s##8, expr) \
	LANE2(name, s##16, expr) \
	LANE2(name, s##32, expr) \
	LANE2(name, s##64, expr) \
	u128 c_##name(u128 a, u128 b, uint32_t imm) \
	{ \
		switch (VI_ES(imm)) { \
		case 0: return name##_##s##8(a, b); \
		case 1: return name##_##s##16(a, b); \
		case 2: return name##_##s##32(a, b); \
		default: return name##_##s##64(a, b); \
		} \
	}

#endif
