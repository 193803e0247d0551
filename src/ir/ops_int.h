/*
 * Meaning of the operations of ops_int.def over concrete values.  Everything
 * else that runs guest code is tested against these few lines.
 */
#ifndef PARMA_IR_OPS_INT_H
#define PARMA_IR_OPS_INT_H

#include "base/bits.h"
#include "base/types.h"
#include "ir/value.h"

static inline uint64_t c_add64(uint64_t a, uint64_t b) { return a + b; }
static inline uint64_t c_sub64(uint64_t a, uint64_t b) { return a - b; }
static inline uint64_t c_mul64(uint64_t a, uint64_t b) { return a * b; }
static inline uint64_t c_umulh64(uint64_t a, uint64_t b) { return (uint64_t)((u128)a * b >> 64); }
static inline uint64_t c_smulh64(uint64_t a, uint64_t b)
{
	return (uint64_t)((s128)(int64_t)a * (int64_t)b >> 64);
}
static inline uint64_t c_udiv(uint64_t a, uint64_t b, uint32_t sf)
{
	if (!sf) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	return b ? a / b : 0;
}
static inline uint64_t c_sdiv(uint64_t a, uint64_t b, uint32_t sf)
{
	int64_t x = sf ? (int64_t)a : (int32_t)a, y = sf ? (int64_t)b : (int32_t)b;
	uint64_t r = !y ? 0 : y == -1 ? -(uint64_t)x : (uint64_t)(x / y);

	return sf ? r : (uint32_t)r;
}
static inline uint64_t c_and64(uint64_t a, uint64_t b) { return a & b; }
static inline uint64_t c_or64(uint64_t a, uint64_t b) { return a | b; }
static inline uint64_t c_xor64(uint64_t a, uint64_t b) { return a ^ b; }
static inline uint64_t c_not64(uint64_t a) { return ~a; }
static inline uint64_t c_shl64(uint64_t a, uint32_t n) { return a << n; }
static inline uint64_t c_shr64(uint64_t a, uint32_t n) { return a >> n; }
static inline uint64_t c_sar64(uint64_t a, uint32_t n) { return (uint64_t)((int64_t)a >> n); }
static inline uint64_t c_rorv(uint64_t a, uint64_t n, uint32_t sf)
{
	return sf ? ror64(a, (unsigned)n & 63) : ror32((uint32_t)a, (unsigned)n & 31);
}
static inline uint64_t c_shlv(uint64_t a, uint64_t n, uint32_t sf)
{
	return sf ? a << (n & 63) : (uint32_t)((uint32_t)a << (n & 31));
}
static inline uint64_t c_shrv(uint64_t a, uint64_t n, uint32_t sf)
{
	return sf ? a >> (n & 63) : (uint32_t)a >> (n & 31);
}
static inline uint64_t c_sarv(uint64_t a, uint64_t n, uint32_t sf)
{
	return sf ? (uint64_t)((int64_t)a >> (n & 63)) : (uint32_t)((int32_t)a >> (n & 31));
}
static inline uint64_t c_extr(uint64_t a, uint64_t b, uint32_t imm)
{
	unsigned lsb = imm & 63;

	if (imm >> 6)
		return lsb ? a << (64 - lsb) | b >> lsb : b;
	return lsb ? (uint32_t)((uint32_t)a << (32 - lsb) | (uint32_t)b >> lsb) : (uint32_t)b;
}
static inline uint64_t c_bitins(uint64_t a, uint64_t b, uint32_t imm)
{
	unsigned lsb = imm & 63;
	uint64_t m = mask64(imm >> 8) << lsb;

	return (a & ~m) | ((b << lsb) & m);
}
static inline uint64_t c_zext8(uint64_t a) { return (uint8_t)a; }
static inline uint64_t c_zext16(uint64_t a) { return (uint16_t)a; }
static inline uint64_t c_zext32(uint64_t a) { return (uint32_t)a; }
static inline uint64_t c_sext8(uint64_t a) { return (uint64_t)(int8_t)a; }
static inline uint64_t c_sext16(uint64_t a) { return (uint64_t)(int16_t)a; }
static inline uint64_t c_sext32(uint64_t a) { return (uint64_t)(int32_t)a; }
static inline uint64_t c_bswap64(uint64_t a) { return __builtin_bswap64(a); }
static inline uint64_t c_bswap32(uint64_t a) { return __builtin_bswap32((uint32_t)a); }
static inline uint64_t c_bswap16x4(uint64_t a)
{
	return (a & UINT64_C(0x00ff00ff00ff00ff)) << 8 | (a >> 8 & UINT64_C(0x00ff00ff00ff00ff));
}
static inline uint64_t c_bswap32x2(uint64_t a) { return ror64(__builtin_bswap64(a), 32); }
static inline uint64_t c_rbit64(uint64_t a)
{
	a = __builtin_bswap64(a);
	a = (a & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4 | (a >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f));
	a = (a & UINT64_C(0x3333333333333333)) << 2 | (a >> 2 & UINT64_C(0x3333333333333333));
	return (a & UINT64_C(0x5555555555555555)) << 1 | (a >> 1 & UINT64_C(0x5555555555555555));
}
static inline uint64_t c_clz64(uint64_t a) { return a ? (uint64_t)__builtin_clzll(a) : 64; }
static inline uint64_t c_cls64(uint64_t a) { return (uint64_t)__builtin_clrsbll((long long)a); }
static inline uint64_t c_crc32(uint64_t crc, uint64_t data, uint32_t imm)
{
	uint32_t c = (uint32_t)crc, poly = imm & 4 ? 0x82f63b78u : 0xedb88320u;

	for (unsigned k = 0; k < 1u << (imm & 3); k++, data >>= 8) {
		c ^= (uint8_t)data;
		for (int b = 0; b < 8; b++)
			c = c >> 1 ^ (c & 1 ? poly : 0);
	}
	return c;
}

static inline bool c_eq64(uint64_t a, uint64_t b) { return a == b; }
static inline bool c_ne64(uint64_t a, uint64_t b) { return a != b; }
static inline bool c_ltu64(uint64_t a, uint64_t b) { return a < b; }
static inline bool c_leu64(uint64_t a, uint64_t b) { return a <= b; }
static inline bool c_lts64(uint64_t a, uint64_t b) { return (int64_t)a < (int64_t)b; }
static inline bool c_les64(uint64_t a, uint64_t b) { return (int64_t)a <= (int64_t)b; }
static inline bool c_bnot(bool a) { return !a; }
static inline bool c_band(bool a, bool b) { return a & b; }
static inline bool c_bor(bool a, bool b) { return a | b; }
static inline uint64_t c_b2q(bool a) { return a; }
static inline uint64_t c_sel64(bool c, uint64_t a, uint64_t b) { return c ? a : b; }
static inline u128 c_selv(bool c, u128 a, u128 b) { return c ? a : b; }
static inline uint32_t c_self(bool c, uint32_t a, uint32_t b) { return c ? a : b; }

/* Flags: N Z C V in bits 31..28, as PSTATE.  AddWithCarry() of the manual. */
static inline uint32_t flags_awc(uint64_t a, uint64_t b, unsigned cin, uint32_t sf)
{
	uint64_t r;
	unsigned n, c, v;

	if (sf) {
		u128 u = (u128)a + b + cin;
		r = (uint64_t)u;
		n = (unsigned)(r >> 63);
		c = (unsigned)(u >> 64);
		v = (unsigned)((~(a ^ b) & (a ^ r)) >> 63);
	} else {
		uint64_t u = (uint64_t)(uint32_t)a + (uint32_t)b + cin;
		r = (uint32_t)u;
		n = (unsigned)(r >> 31);
		c = (unsigned)(u >> 32);
		v = ((~((uint32_t)a ^ (uint32_t)b) & ((uint32_t)a ^ (uint32_t)r)) >> 31);
	}
	return n << 31 | (uint32_t)(r == 0) << 30 | c << 29 | v << 28;
}
static inline uint32_t c_fl_add(uint64_t a, uint64_t b, uint32_t sf) { return flags_awc(a, b, 0, sf); }
static inline uint32_t c_fl_sub(uint64_t a, uint64_t b, uint32_t sf) { return flags_awc(a, ~b, 1, sf); }
static inline uint32_t c_fl_adc(uint64_t a, uint64_t b, uint32_t f, uint32_t sf)
{
	return flags_awc(a, b, bit(f, 29), sf);
}
static inline uint32_t c_fl_sbc(uint64_t a, uint64_t b, uint32_t f, uint32_t sf)
{
	return flags_awc(a, ~b, bit(f, 29), sf);
}
static inline uint32_t c_fl_logic(uint64_t a, uint32_t sf)
{
	uint64_t r = sf ? a : a << 32;

	return (uint32_t)(r >> 63) << 31 | (uint32_t)(r == 0) << 30;
}
static inline uint32_t c_fl_const(uint32_t nzcv) { return nzcv << 28; }
static inline uint32_t c_fl_pack(uint64_t a) { return (uint32_t)a & 0xf0000000u; }
static inline uint64_t c_fl_unpack(uint32_t f) { return f; }
static inline uint64_t c_fl_carry(uint32_t f) { return bit(f, 29); }
static inline bool c_fl_test(uint32_t f, uint32_t cond)
{
	unsigned n = bit(f, 31), z = bit(f, 30), c = bit(f, 29), v = bit(f, 28);
	bool r = true;

	switch (cond >> 1) {
	case 0: r = z; break;
	case 1: r = c; break;
	case 2: r = n; break;
	case 3: r = v; break;
	case 4: r = c && !z; break;
	case 5: r = n == v; break;
	case 6: r = n == v && !z; break;
	default: return true;
	}
	return r ^ (cond & 1);
}

static inline uint64_t c_v_lo(u128 a) { return (uint64_t)a; }
static inline uint64_t c_v_hi(u128 a) { return (uint64_t)(a >> 64); }
static inline u128 c_v_from(uint64_t a) { return a; }
static inline u128 c_v_from2(uint64_t lo, uint64_t hi) { return (u128)hi << 64 | lo; }
static inline u128 c_v_const(uint64_t p) { return (u128)p << 64 | p; }

#endif
