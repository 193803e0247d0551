/* Hash sets of final states. */
#include "mcm/states.h"

#include <string.h>

static uint64_t hash(const uint64_t *v, unsigned n)
{
	uint64_t h = 0x9e3779b97f4a7c15u;

	for (unsigned i = 0; i < n; i++) {
		h = (h ^ v[i]) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return h;
}

void mcm_states_init(struct mcm_states *s, struct mcm_arena *a, unsigned nslots)
{
	*s = (struct mcm_states){.arena = a, .nslots = nslots, .cap = 16, .tabsize = 64};
	s->vals = mcm_alloc(a, (size_t)s->cap * nslots * sizeof(uint64_t));
	s->table = mcm_zalloc(a, s->tabsize * sizeof(uint32_t));
}

/* States of nothing are all equal, and v may be NULL then. */
static bool equal(const struct mcm_states *s, uint32_t at, const uint64_t *v)
{
	return !s->nslots || !memcmp(mcm_states_at(s, at), v, s->nslots * sizeof(uint64_t));
}

/* The table entry that holds v, or the empty one where it belongs. */
static uint32_t *find(const struct mcm_states *s, const uint64_t *v)
{
	unsigned i = (unsigned)hash(v, s->nslots) & (s->tabsize - 1);

	while (s->table[i] && !equal(s, s->table[i] - 1, v))
		i = (i + 1) & (s->tabsize - 1);
	return &s->table[i];
}

bool mcm_states_has(const struct mcm_states *s, const uint64_t *v) { return *find(s, v) != 0; }

static void grow(struct mcm_states *s)
{
	uint64_t *vals = mcm_alloc(s->arena, (size_t)s->cap * 2 * s->nslots * sizeof(uint64_t));

	memcpy(vals, s->vals, (size_t)s->n * s->nslots * sizeof(uint64_t));
	s->vals = vals;
	s->cap *= 2;
	s->tabsize = s->cap * 4;
	s->table = mcm_zalloc(s->arena, s->tabsize * sizeof(uint32_t));
	for (unsigned i = 0; i < s->n; i++)
		*find(s, mcm_states_at(s, i)) = i + 1;
}

bool mcm_states_add(struct mcm_states *s, const uint64_t *v)
{
	uint32_t *t = find(s, v);

	if (*t)
		return false;
	if (s->n == s->cap) {
		grow(s);
		t = find(s, v);
	}
	if (s->nslots) /* states of nothing: v may be NULL */
		memcpy(s->vals + (size_t)s->n * s->nslots, v, s->nslots * sizeof(uint64_t));
	*t = ++s->n;
	return true;
}

bool mcm_states_subset(const struct mcm_states *a, const struct mcm_states *b, unsigned *missing)
{
	for (unsigned i = 0; i < a->n; i++)
		if (!mcm_states_has(b, mcm_states_at(a, i))) {
			*missing = i;
			return false;
		}
	return true;
}
