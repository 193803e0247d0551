/*
 * The benchmark programs: one static binary, compiled for the guest and for
 * the host. Each program does a fixed amount of work, and returns a checksum
 * that must be the same everywhere.
 */
#ifndef PARMA_TESTS_PBENCH_H
#define PARMA_TESTS_PBENCH_H

#include <stdint.h>

struct program {
	const char *group, *name;
	uint64_t (*run)(unsigned scale); /* scale 1: about 10 ms native */
};

/* X(group, name): uint64_t bench_NAME(unsigned scale) */
#define PROGRAMS(X) \
	X(integer, coremark) X(integer, lz) X(integer, hash) X(integer, sort) X(integer, bytecode) X(integer, calls) \
	X(integer, indirect) X(integer, strings) X(integer, bits) \
	X(memory, chase) X(memory, stream) X(memory, update) X(memory, stride) X(memory, copy) \
	X(fp, nbody) X(fp, matmul) X(fp, fft) X(fp, convert) X(fp, saxpy) X(fp, vecadd) X(fp, poly) \
	X(system, syscall) X(system, fault) X(system, forkexec) X(system, pipe) X(system, signal) X(system, mprotect) \
	X(system, jit) \
	X(smp, mutex) X(smp, atomic) X(smp, ticket) X(smp, barrier) X(smp, spsc)
#define X(g, n) uint64_t bench_##n(unsigned scale);
PROGRAMS(X)
#undef X

/* xorshift, the same everywhere. */
static inline uint64_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

#endif
