/*
 * The allocator.  parma is linked with jemalloc; each vCPU thread gets an
 * arena of its own, so that what vCPUs allocate never meets on a lock.  Where
 * jemalloc is absent (sanitizer builds, unit tests) these do nothing.
 */
#ifndef PARMA_BASE_ALLOC_H
#define PARMA_BASE_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

/* The calling thread allocates from a new arena from now on. Its index, -1: there is no jemalloc. */
int alloc_thread_arena(void);

struct alloc_stats {
	uint64_t allocated, active, resident, metadata, retained; /* bytes */
	unsigned arenas;
};
/* false: there is no jemalloc. Any thread. */
bool alloc_stats(struct alloc_stats *s);
/* Bytes in use of an arena. */
uint64_t alloc_arena_bytes(int arena);

#endif
