/*
 * A bump allocator for what lives as long as one test: reset, not freed.
 * Single-threaded; each worker has its own.  Memory is zeroed on request only.
 */
#ifndef PARMA_MCM_ARENA_H
#define PARMA_MCM_ARENA_H

#include <stddef.h>

struct mcm_arena_chunk;

struct mcm_arena {
	struct mcm_arena_chunk *first, *cur; /* OWNER(worker) */
	size_t used;                         /* bytes of cur in use */
};

/* n bytes, 16-byte aligned, uninitialised; never NULL (a host without memory is a set-up failure: exits). */
void *mcm_alloc(struct mcm_arena *a, size_t n);
void *mcm_zalloc(struct mcm_arena *a, size_t n);
char *mcm_strndup(struct mcm_arena *a, const char *s, size_t n);
/* Forgets everything, keeps the memory. */
void mcm_arena_reset(struct mcm_arena *a);
/* Gives the memory back. */
void mcm_arena_free(struct mcm_arena *a);

#endif
