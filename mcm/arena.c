/* Bump allocator: a list of chunks, walked again after a reset. */
#include "mcm/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"

struct mcm_arena_chunk {
	struct mcm_arena_chunk *next;
	size_t size;
	_Alignas(16) char mem[];
};

#define CHUNK_BYTES (size_t)(256 << 10)

static struct mcm_arena_chunk *chunk_new(size_t size)
{
	struct mcm_arena_chunk *c = malloc(sizeof(*c) + size);

	if (!c) {
		fputs("parma: out of memory\n", stderr);
		exit(EXIT_HOST);
	}
	c->next = NULL;
	c->size = size;
	return c;
}

void *mcm_alloc(struct mcm_arena *a, size_t n)
{
	n = ALIGN_UP(n, 16);
	while (!a->cur || a->cur->size - a->used < n) {
		struct mcm_arena_chunk **link = a->cur ? &a->cur->next : &a->first;

		if (!*link || (*link)->size < n) {
			struct mcm_arena_chunk *c = chunk_new(MAX(n, CHUNK_BYTES));
			c->next = *link;
			*link = c;
		}
		a->cur = *link;
		a->used = 0;
	}
	a->used += n;
	return a->cur->mem + a->used - n;
}

void *mcm_zalloc(struct mcm_arena *a, size_t n)
{
	return memset(mcm_alloc(a, n), 0, n);
}

char *mcm_strndup(struct mcm_arena *a, const char *s, size_t n)
{
	char *p = mcm_alloc(a, n + 1);

	memcpy(p, s, n);
	p[n] = 0;
	return p;
}

void mcm_arena_reset(struct mcm_arena *a)
{
	a->cur = NULL;
	a->used = 0;
}

void mcm_arena_free(struct mcm_arena *a)
{
	while (a->first) {
		struct mcm_arena_chunk *c = a->first;

		a->first = c->next;
		free(c);
	}
	mcm_arena_reset(a);
}
