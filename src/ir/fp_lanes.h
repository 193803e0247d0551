/*
 * Applies a one-element function, generic over the format, to the lanes that
 * an immediate names (fp_imm.h).  FP_OP1/2(NAME, FN) define c_NAME() from
 * FN(env, x, ..., imm, f); each format gets its own copy of FN with f constant.
 * FP_OP1/2_AS(NAME, FN) name the function itself, for a declaration before them.
 * Private to the fp_*.c files.
 */
#ifndef PARMA_IR_FP_LANES_H
#define PARMA_IR_FP_LANES_H

#include "ir/fp_core.h"

/* A vector register by lanes, least significant first. */
union fp_vec {
	u128 q;
	uint16_t h[8];
	uint32_t s[4];
	uint64_t d[2];
};

FP_INLINE uint64_t fp_lane(const union fp_vec *v, unsigned size, unsigned k)
{
	return size == FP_H ? v->h[k] : size == FP_S ? v->s[k] : v->d[k];
}

FP_INLINE void fp_set_lane(union fp_vec *v, unsigned size, unsigned k, uint64_t x)
{
	if (size == FP_H)
		v->h[k] = (uint16_t)x;
	else if (size == FP_S)
		v->s[k] = (uint32_t)x;
	else
		v->d[k] = x;
}

/* Lanes of imm, never more than the register has. */
FP_INLINE unsigned fp_count(uint32_t imm, unsigned size)
{
	unsigned n = fpi_get_lanes(imm);

	return MIN(n, 16u >> size);
}

#define FP_OP1_AS(name, fn) \
	FP_INLINE u128 name##_lanes(struct fpenv *env, u128 a, uint32_t imm, unsigned f) \
	{ \
		union fp_vec x = {a}, r = {0}; \
		for (unsigned k = 0, n = fp_count(imm, f); k < n; k++) \
			fp_set_lane(&r, f, k, fn(env, fp_lane(&x, f, k), imm, f)); \
		return r.q; \
	} \
	u128 name(struct fpenv *env, u128 a, uint32_t imm) \
	{ \
		switch (fpi_get_size(imm)) { \
		case FP_H: return name##_lanes(env, a, imm, FP_H); \
		case FP_S: return name##_lanes(env, a, imm, FP_S); \
		default: return name##_lanes(env, a, imm, FP_D); \
		} \
	}
#define FP_OP1(name, fn) FP_OP1_AS(c_##name, fn)

#define FP_OP2_AS(name, fn) \
	FP_INLINE u128 name##_lanes(struct fpenv *env, u128 a, u128 b, uint32_t imm, unsigned f) \
	{ \
		union fp_vec x = {a}, y = {b}, r = {0}; \
		for (unsigned k = 0, n = fp_count(imm, f); k < n; k++) \
			fp_set_lane(&r, f, k, fn(env, fp_lane(&x, f, k), fp_lane(&y, f, k), imm, f)); \
		return r.q; \
	} \
	u128 name(struct fpenv *env, u128 a, u128 b, uint32_t imm) \
	{ \
		switch (fpi_get_size(imm)) { \
		case FP_H: return name##_lanes(env, a, b, imm, FP_H); \
		case FP_S: return name##_lanes(env, a, b, imm, FP_S); \
		default: return name##_lanes(env, a, b, imm, FP_D); \
		} \
	}
#define FP_OP2(name, fn) FP_OP2_AS(c_##name, fn)

#endif
