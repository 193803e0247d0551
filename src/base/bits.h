/* Bit fields and small helpers that every layer uses. */
#ifndef PARMA_BASE_BITS_H
#define PARMA_BASE_BITS_H

#include <stddef.h>
#include <stdint.h>

#define BIT(n) (UINT64_C(1) << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ALIGN_UP(x, a) (((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))

/* n low bits set; n in 0..64. */
static inline uint64_t mask64(unsigned n) { return n >= 64 ? ~UINT64_C(0) : BIT(n) - 1; }

/* Bits hi..lo of x, shifted down (hi >= lo). */
static inline uint64_t bits(uint64_t x, unsigned hi, unsigned lo)
{
	return (x >> lo) & mask64(hi - lo + 1);
}

static inline unsigned bit(uint64_t x, unsigned n) { return (unsigned)(x >> n) & 1u; }

/* Sign extension of the low n bits of x; n in 1..64. */
static inline uint64_t sext(uint64_t x, unsigned n)
{
	return (uint64_t)((int64_t)(x << (64 - n)) >> (64 - n));
}

/* x with bits hi..lo replaced by val. */
static inline uint64_t deposit(uint64_t x, unsigned hi, unsigned lo, uint64_t val)
{
	uint64_t m = mask64(hi - lo + 1) << lo;
	return (x & ~m) | ((val << lo) & m);
}

static inline uint64_t ror64(uint64_t x, unsigned n) { return n & 63 ? x >> (n & 63) | x << (64 - (n & 63)) : x; }
static inline uint32_t ror32(uint32_t x, unsigned n) { return n & 31 ? x >> (n & 31) | x << (32 - (n & 31)) : x; }

#endif
