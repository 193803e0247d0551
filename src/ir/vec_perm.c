/*
 * Vector operations that only move lanes: between the register files, and
 * permutations.  Arm ARM C7.2 (DUP, INS, ZIP1, UZP1, TRN1, EXT, REV64, TBL).
 */
#include "ir/vec_priv.h"

/* Repeats the low element of x over 64 bits. */
static inline uint64_t replicate(uint64_t x, unsigned es)
{
	switch (es) {
	case 0: return (uint8_t)x * UINT64_C(0x0101010101010101);
	case 1: return (uint16_t)x * UINT64_C(0x0001000100010001);
	case 2: return (uint32_t)x * UINT64_C(0x0000000100000001);
	default: return x;
	}
}

u128 c_vdup(uint64_t x, uint32_t imm)
{
	uint64_t r = replicate(x, VI_ES(imm));

	return (u128)r << 64 | r;
}

uint64_t c_vget(u128 a, uint32_t imm)
{
	union vec x = {a};
	unsigned n = VI_N(imm);

	switch (VI_ES(imm)) {
	case 0: return x.u8[n & 15];
	case 1: return x.u16[n & 7];
	case 2: return x.u32[n & 3];
	default: return x.u64[n & 1];
	}
}

uint64_t c_vgets(u128 a, uint32_t imm)
{
	uint64_t r = c_vget(a, imm);

	switch (VI_ES(imm)) {
	case 0: return (uint64_t)(int8_t)r;
	case 1: return (uint64_t)(int16_t)r;
	case 2: return (uint64_t)(int32_t)r;
	default: return r;
	}
}

u128 c_vins(u128 a, uint64_t q, uint32_t imm)
{
	union vec x = {a};
	unsigned n = VI_N(imm);

	switch (VI_ES(imm)) {
	case 0: x.u8[n & 15] = (uint8_t)q; break;
	case 1: x.u16[n & 7] = (uint16_t)q; break;
	case 2: x.u32[n & 3] = (uint32_t)q; break;
	default: x.u64[n & 1] = q; break;
	}
	return x.q;
}

u128 c_vdupl(u128 a, uint32_t imm) { return c_vdup(c_vget(a, imm), imm); }

u128 c_vinsl(u128 a, u128 b, uint32_t imm)
{
	return c_vins(a, c_vget(b, VI(VI_ES(imm), VI_M(imm))), imm);
}

/* Lane k of the result is lane `expr` of x (below N) or of y (from N on). */
#define PERM_LANE(name, t, expr) \
	static inline u128 name##_##t(u128 va, u128 vb) \
	{ \
		enum { N = 16 / sizeof(TYPE_##t) }; \
		union vec x = {va}, y = {vb}, r; \
		for (unsigned k = 0; k < N; k++) { \
			unsigned s = (expr); \
			r.t[k] = s < N ? x.t[s % N] : y.t[s % N]; \
		} \
		return r.q; \
	}
#define PERM(name, expr) \
	PERM_LANE(name, u8, expr) \
	PERM_LANE(name, u16, expr) \
	PERM_LANE(name, u32, expr) \
	PERM_LANE(name, u64, expr) \
	u128 c_##name(u128 a, u128 b, uint32_t imm) \
	{ \
		switch (VI_ES(imm)) { \
		case 0: return name##_u8(a, b); \
		case 1: return name##_u16(a, b); \
		case 2: return name##_u32(a, b); \
		default: return name##_u64(a, b); \
		} \
	}
PERM(vzip1, k / 2 + k % 2 * N)
PERM(vzip2, N / 2 + k / 2 + k % 2 * N)
PERM(vuzp1, 2 * k)
PERM(vuzp2, 2 * k + 1)
PERM(vtrn1, k - k % 2 + k % 2 * N)
PERM(vtrn2, k - k % 2 + 1 + k % 2 * N)

u128 c_vext(u128 a, u128 b, uint32_t imm)
{
	unsigned n = VI_N(imm) & 15;

	return n ? a >> 8 * n | b << (128 - 8 * n) : a;
}

static inline uint64_t rev_in_64(uint64_t x, unsigned es, unsigned container)
{
	for (unsigned s = es; s < container; s++) {
		unsigned sh = 8u << s;
		uint64_t m = UINT64_MAX / ((UINT64_C(1) << sh) + 1); /* sh ones, sh zeros, ... */

		x = (x & m) << sh | (x >> sh & m);
	}
	return x;
}

u128 c_vrev(u128 a, uint32_t imm)
{
	union vec x = {a};

	FOR_LANES(u64, k)
		x.u64[k] = rev_in_64(x.u64[k], VI_ES(imm), VI_N(imm) & 3);
	return x.q;
}

u128 c_vtbx(u128 d, u128 table, u128 idx, uint32_t imm)
{
	union vec t = {table}, x = {idx}, r = {d};

	FOR_LANES(u8, k) {
		uint8_t j = (uint8_t)(x.u8[k] - VI_N(imm));

		r.u8[k] = j < 16 ? t.u8[j] : r.u8[k];
	}
	return r.q;
}

u128 c_vtbl(u128 table, u128 idx, uint32_t imm) { return c_vtbx(0, table, idx, imm); }
