/*
 * For tests of native lowerings: host code around one row, made in memory
 * that is writable and executable, and operands that find mistakes.
 */
#ifndef PARMA_TESTS_X64_NATIVE_H
#define PARMA_TESTS_X64_NATIVE_H

#include <string.h>
#include <sys/mman.h>

#include "ir/ir.h"
#include "x64/lower.h"

#define NATIVE_BYTES (1u << 20)

static uint8_t *native_mem, *native_at;
static uint64_t native_rng = 1;

static inline uint64_t rnd64(void)
{
	native_rng ^= native_rng << 13;
	native_rng ^= native_rng >> 7;
	native_rng ^= native_rng << 17;
	return native_rng * UINT64_C(0x2545f4914f6cdd1d);
}

/* Glue and constants; what follows is for code. */
static inline void native_init(void)
{
	native_mem = mmap(NULL, NATIVE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	native_at = native_mem + ((x64_glue_emit(native_mem, 8192, 0) + 63) & ~(size_t)63);
}

/* Lanes that sit at limits, small numbers, repeated bytes, noise. */
static inline uint64_t odd_int(void)
{
	static const uint64_t pattern[] = {0, ~UINT64_C(0), 0x8000000000000000, 0x7fffffffffffffff, 0x8080808080808080,
		0x7f7f7f7f7f7f7f7f, 0x8000800080008000, 0x7fff7fff7fff7fff, 0x8000000080000000, 0x7fffffff7fffffff,
		0x0101010101010101, 0x00ff00ff00ff00ff, 0xff00ff00ff00ff00, 0x0000ffff0000ffff, 0xffffffff00000000};

	switch (rnd64() % 6) {
	case 0: return pattern[rnd64() % (sizeof(pattern) / 8)];
	case 1: return pattern[rnd64() % (sizeof(pattern) / 8)] ^ (rnd64() & rnd64() & rnd64() & rnd64());
	case 2: return rnd64() & 0x0f0f0f0f0f0f0f0f;
	case 3: return rnd64() >> (rnd64() & 63);
	default: return rnd64();
	}
}
static inline u128 odd_vec(void) { return (u128)odd_int() << 64 | odd_int(); }

typedef void native_fn(struct op_args *x);

#endif
