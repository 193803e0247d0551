/* See alloc.h.  jemalloc(3), "MALLCTL NAMESPACE". */
#include "base/alloc.h"

#include <stddef.h>
#include <stdio.h>

/* Weak: the same object serves programs that are linked without jemalloc. */
int mallctl(const char *name, void *oldp, size_t *oldlenp, void *newp, size_t newlen) __attribute__((weak));

int alloc_thread_arena(void)
{
	unsigned arena;
	size_t len = sizeof(arena);

	if (!mallctl || mallctl("arenas.create", &arena, &len, NULL, 0))
		return -1;
	return mallctl("thread.arena", NULL, NULL, &arena, sizeof(arena)) ? -1 : (int)arena;
}

static uint64_t size_of(const char *name)
{
	size_t v = 0, len = sizeof(v);

	return mallctl(name, &v, &len, NULL, 0) ? 0 : v;
}

bool alloc_stats(struct alloc_stats *s)
{
	uint64_t epoch = 1;
	size_t len = sizeof(epoch);
	unsigned n = 0;
	size_t nlen = sizeof(n);

	if (!mallctl || mallctl("epoch", &epoch, &len, &epoch, sizeof(epoch)))
		return false;
	mallctl("arenas.narenas", &n, &nlen, NULL, 0);
	*s = (struct alloc_stats){size_of("stats.allocated"), size_of("stats.active"), size_of("stats.resident"),
				  size_of("stats.metadata"), size_of("stats.retained"), n};
	return true;
}

uint64_t alloc_arena_bytes(int arena)
{
	char name[64];
	uint64_t small;

	if (!mallctl || arena < 0)
		return 0;
	snprintf(name, sizeof(name), "stats.arenas.%d.small.allocated", arena);
	small = size_of(name);
	snprintf(name, sizeof(name), "stats.arenas.%d.large.allocated", arena);
	return small + size_of(name);
}
