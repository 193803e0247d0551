/* Sets of final states: tuples of 64-bit values, all of one length; insertion order is kept. */
#ifndef PARMA_MCM_STATES_H
#define PARMA_MCM_STATES_H

#include <stdbool.h>
#include <stdint.h>

#include "mcm/arena.h"

struct mcm_states {
	struct mcm_arena *arena;
	unsigned nslots;
	unsigned n, cap;
	uint64_t *vals;   /* state i is vals[i * nslots ..] */
	uint32_t *table;  /* open hash of i + 1 */
	unsigned tabsize; /* a power of two */
};

void mcm_states_init(struct mcm_states *s, struct mcm_arena *a, unsigned nslots);
bool mcm_states_has(const struct mcm_states *s, const uint64_t *v);
/* True if v is new. */
bool mcm_states_add(struct mcm_states *s, const uint64_t *v);
static inline const uint64_t *mcm_states_at(const struct mcm_states *s, unsigned i)
{
	return s->vals + (size_t)i * s->nslots;
}
/* True if every state of a is in b; else *missing is the number of one that is not. */
bool mcm_states_subset(const struct mcm_states *a, const struct mcm_states *b, unsigned *missing);

#endif
