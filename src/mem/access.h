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

/*
 * Units may be misaligned.  gcc makes one host access of an atomic to a type
 * of alignment 1; clang would call a library that locks, so there the type
 * keeps its alignment and the sanitizer is told that it does not hold.
 */
#ifdef __clang__
#define RAM_UNIT may_alias
#define RAM_FN __attribute__((no_sanitize("alignment"))) static inline
#else
#define RAM_UNIT aligned(1), may_alias
#define RAM_FN static inline
#endif
#define RAM_ACCESS(bits) \
	typedef uint##bits##_t ram_u##bits __attribute__((RAM_UNIT)); \
	RAM_FN uint64_t ram_ld##bits(const void *p) { return ld_rlx((const ram_u##bits *)p); } \
	RAM_FN void ram_st##bits(void *p, uint64_t v) { st_rlx((ram_u##bits *)p, (uint##bits##_t)v); } \
	/* The same with acquire and release order, for rings shared with the guest. */ \
	RAM_FN uint64_t ram_acq##bits(const void *p) { return ld_acq((const ram_u##bits *)p); } \
	RAM_FN void ram_rel##bits(void *p, uint64_t v) { st_rel((ram_u##bits *)p, (uint##bits##_t)v); }
RAM_ACCESS(8)
RAM_ACCESS(16)
RAM_ACCESS(32)
RAM_ACCESS(64)
#undef RAM_ACCESS
#undef RAM_FN
#undef RAM_UNIT

#ifdef __has_feature /* clang's way to say it */
#if __has_feature(thread_sanitizer)
#define RAM_TSAN 1
#endif
#endif
#ifndef RAM_TSAN
#define RAM_TSAN 0
#endif

typedef long long ram_v128 __attribute__((vector_size(16), aligned(1), may_alias));

/* 16 bytes by one SSE access; under ThreadSanitizer by two atomic halves, which it understands. */
static inline u128 ram_ld128(const void *p)
{
#if defined(__SANITIZE_THREAD__) || RAM_TSAN
	return (u128)ram_ld64((const char *)p + 8) << 64 | ram_ld64(p);
#else
	ram_v128 v = *(const volatile ram_v128 *)p;

	return (u128)v;
#endif
}
static inline void ram_st128(void *p, u128 v)
{
#if defined(__SANITIZE_THREAD__) || RAM_TSAN
	ram_st64(p, (uint64_t)v);
	ram_st64((char *)p + 8, (uint64_t)(v >> 64));
#else
	*(volatile ram_v128 *)p = (ram_v128)v;
#endif
}

/* Compare and swap of a 16-byte aligned unit; *old gets what was there.  Full barrier. */
static inline bool ram_cas128(void *p, u128 *old, u128 val)
{
	uint64_t lo = (uint64_t)*old, hi = (uint64_t)(*old >> 64);
	bool done;

	__asm__ volatile("lock cmpxchg16b %[m]"
			 : [m] "+m"(*(volatile ram_v128 *)p), "+a"(lo), "+d"(hi), "=@ccz"(done)
			 : "b"((uint64_t)val), "c"((uint64_t)(val >> 64))
			 : "memory");
	*old = (u128)hi << 64 | lo;
	return done;
}

/* The same for 1, 2, 4 and 8 bytes at a size that is known late. */
static inline uint64_t ram_load(const void *p, unsigned size)
{
	switch (size) {
	case 1: return ram_ld8(p);
	case 2: return ram_ld16(p);
	case 4: return ram_ld32(p);
	default: return ram_ld64(p);
	}
}
static inline void ram_store(void *p, unsigned size, uint64_t v)
{
	switch (size) {
	case 1: ram_st8(p, v); break;
	case 2: ram_st16(p, v); break;
	case 4: ram_st32(p, v); break;
	default: ram_st64(p, v); break;
	}
}

/* Compare and swap of 1, 2, 4 or 8 bytes within one cache line; *old gets what was there.  Full barrier. */
static inline bool ram_cas(void *p, unsigned size, uint64_t *old, uint64_t val)
{
	bool done;

	switch (size) {
#define CAS(n, bits, reg) 	case n: { 		uint##bits##_t o = (uint##bits##_t)*old; 		__asm__ volatile("lock cmpxchg %[v], %[m]" 				 : [m] "+m"(*(volatile ram_u##bits *)p), "+a"(o), "=@ccz"(done) 				 : [v] reg((uint##bits##_t)val) : "memory"); 		*old = o; 		return done; 	}
	CAS(1, 8, "q")
	CAS(2, 16, "r")
	CAS(4, 32, "r")
	default:
	CAS(8, 64, "r")
#undef CAS
	}
}

#endif
