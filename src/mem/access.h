/*
 * Guest RAM from C: the only way.  Every access is single-copy atomic when
 * naturally aligned (16 bytes too: one SSE access, atomic on every x86-64
 * with AVX, and lock cmpxchg16b where order or exclusiveness is asked for).
 * The host orders loads with later accesses and stores with earlier ones
 * (TSO); store-to-load order is the caller's business.
 */
#ifndef PARMA_MEM_ACCESS_H
#define PARMA_MEM_ACCESS_H

#include "base/atomic.h"
#include "base/types.h"

#define RAM_ACCESS(bits) \
	typedef uint##bits##_t ram_u##bits __attribute__((aligned(1), may_alias)); \
	static inline uint64_t ram_ld##bits(const void *p) { return ld_rlx((const ram_u##bits *)p); } \
	static inline void ram_st##bits(void *p, uint64_t v) { st_rlx((ram_u##bits *)p, (uint##bits##_t)v); }
RAM_ACCESS(8)
RAM_ACCESS(16)
RAM_ACCESS(32)
RAM_ACCESS(64)
#undef RAM_ACCESS

#endif
