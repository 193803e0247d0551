/* See hist.h. */
#include "litmus/hist.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static void *must(void *p)
{
	if (!p)
		exit(EXIT_HOST);
	return p;
}

static unsigned hash(const struct hist *h, const uint64_t *s)
{
	uint64_t x = 0;

	for (unsigned i = 0; i < h->width; i++)
		x = (x ^ s[i]) * UINT64_C(0x9e3779b97f4a7c15) ^ x >> 29;
	return (unsigned)(x >> 32) & (2 * h->cap - 1);
}

static void insert(struct hist *h, unsigned i)
{
	unsigned k = hash(h, hist_at(h, i));

	while (h->table[k])
		k = (k + 1) & (2 * h->cap - 1);
	h->table[k] = i + 1;
}

static void grow(struct hist *h, unsigned cap)
{
	h->cap = cap;
	h->vals = must(realloc(h->vals, sizeof(*h->vals) * (h->width + !h->width) * cap));
	h->count = must(realloc(h->count, sizeof(*h->count) * cap));
	free(h->table);
	h->table = must(calloc(2 * cap, sizeof(*h->table)));
	for (unsigned i = 0; i < h->n; i++)
		insert(h, i);
}

void hist_init(struct hist *h, unsigned width)
{
	*h = (struct hist){.width = width};
	grow(h, 16);
}

void hist_free(struct hist *h)
{
	free(h->vals);
	free(h->count);
	free(h->table);
	*h = (struct hist){0};
}

static int same(const struct hist *h, unsigned i, const uint64_t *s)
{
	const uint64_t *t = hist_at(h, i);

	for (unsigned k = 0; k < h->width; k++)
		if (t[k] != s[k])
			return 0;
	return 1;
}

void hist_add(struct hist *h, const uint64_t *s, uint64_t count)
{
	unsigned k;

	if (h->n && same(h, h->last, s)) {
		h->count[h->last] += count;
		return;
	}
	for (k = hash(h, s); h->table[k]; k = (k + 1) & (2 * h->cap - 1))
		if (same(h, h->table[k] - 1, s)) {
			h->last = h->table[k] - 1;
			h->count[h->last] += count;
			return;
		}
	if (h->n == h->cap)
		grow(h, 2 * h->cap);
	memcpy(h->vals + (uint64_t)h->n * h->width, s, h->width * sizeof(*s));
	h->count[h->n] = count;
	h->last = h->n;
	insert(h, h->n++);
}

void hist_merge(struct hist *to, const struct hist *from)
{
	for (unsigned i = 0; i < from->n; i++)
		hist_add(to, hist_at(from, i), from->count[i]);
}
