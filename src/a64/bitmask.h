/*
 * Bitmask immediates of the logical instructions (DecodeBitMasks of the
 * manual): an element of 2, 4, ... 64 bits with a run of ones, rotated and
 * replicated.  Also used by the decoder, which is generated.
 */
#ifndef PARMA_A64_BITMASK_H
#define PARMA_A64_BITMASK_H

#include <stdbool.h>

#include "base/bits.h"

/* log2 of the element size, or -1 where reserved. */
static inline int bitmask_log2(unsigned n, unsigned imms)
{
	unsigned v = n << 6 | (~imms & 63);

	return v > 1 ? 31 - __builtin_clz(v) : -1;
}

static inline bool bitmask_valid(unsigned sf, unsigned n, unsigned imms)
{
	int len = bitmask_log2(n, imms);

	return len > 0 && (sf || !n) && (imms & mask64((unsigned)len)) != mask64((unsigned)len);
}

/* The 64-bit mask of a valid encoding. */
static inline uint64_t bitmask_value(unsigned n, unsigned immr, unsigned imms)
{
	unsigned len = (unsigned)bitmask_log2(n, imms), es = 1u << len;
	unsigned s = imms & (es - 1), r = immr & (es - 1);
	uint64_t elem = mask64(s + 1);

	if (r)
		elem = (elem >> r | elem << (es - r)) & mask64(es);
	for (; es < 64; es *= 2)
		elem |= elem << es;
	return elem;
}

#endif
