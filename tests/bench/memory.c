/* Memory programs: latency, bandwidth, TLB reach. */
#include "pbench.h"

#include <stdlib.h>
#include <string.h>

static void *get(uint64_t bytes)
{
	void *p = malloc(bytes);

	if (!p)
		exit(2);
	memset(p, 1, bytes);
	return p;
}

uint64_t bench_chase(unsigned scale)
{
	enum { N = 1 << 17 };
	struct cell { struct cell *next; uint64_t pad[7]; } *c = get(N * sizeof(*c)), *p; /* 8 MiB */
	uint32_t *perm = get(N * sizeof(*perm));
	uint64_t s = 3, sum;

	for (uint32_t k = 0; k < N; k++)
		perm[k] = k;
	for (uint32_t k = N - 1; k; k--) {
		uint32_t j = (uint32_t)(rnd(&s) % (k + 1)), t = perm[k];

		perm[k] = perm[j];
		perm[j] = t;
	}
	for (uint32_t k = 0; k < N; k++)
		c[perm[k]].next = &c[perm[(k + 1) % N]];
	p = c;
	for (unsigned k = 0; k < scale * 200000; k++)
		p = p->next;
	sum = (uint64_t)(p - c);
	free(c);
	free(perm);
	return sum;
}

uint64_t bench_stream(unsigned scale)
{
	enum { N = 1 << 20 };
	uint64_t *a = get(N * 8), *b = get(N * 8), *c = get(N * 8), sum;

	for (unsigned it = 0; it < scale * 2; it++)
		for (unsigned k = 0; k < N; k++) {
			a[k] = b[k] + 3 * c[k];
			__asm__ volatile("" : : "r"(a + k) : "memory"); /* scalar */
		}
	sum = a[N - 1];
	free(a);
	free(b);
	free(c);
	return sum;
}

uint64_t bench_update(unsigned scale)
{
	enum { N = 1 << 25 }; /* 256 MiB */
	uint64_t *t = get((uint64_t)N * 8), s = 5, sum = 0;

	for (unsigned k = 0; k < scale * 200000; k++) {
		uint64_t r = rnd(&s);

		t[r & (N - 1)] ^= r;
		__asm__ volatile("" : : "r"(t) : "memory"); /* the table is freed unread */
		sum += r;
	}
	free(t);
	return sum;
}

uint64_t bench_stride(unsigned scale)
{
	enum { BYTES = 256 << 20 };
	uint8_t *t = get(BYTES);
	uint64_t sum = 0;

	for (unsigned it = 0; it < scale * 3; it++)
		for (unsigned k = it * 64 & 4095; k < BYTES; k += 4096)
			sum += t[k]++;
	free(t);
	return sum;
}

uint64_t bench_copy(unsigned scale)
{
	enum { N = 1 << 20 };
	uint8_t *a = get(N), *b = get(N);
	uint64_t sum = 0;

	for (unsigned it = 0; it < scale * 60; it++) {
		memcpy(b, a + (it & 7), N - 8);
		memset(a, (int)it, 4096);
		sum += b[it * 997 % (N - 8)];
	}
	free(a);
	free(b);
	return sum;
}
