/* What the models share: sets of events of one trace as 64-bit masks. */
#ifndef PARMA_MCM_MODEL_PRIV_H
#define PARMA_MCM_MODEL_PRIV_H

#include "base/bits.h"
#include "mcm/model.h"

/* Runs the body with `i` over the members of set. */
#define FOR_SET(i, set) \
	for (uint64_t i##_s = (set), i; i##_s && (i = (uint64_t)__builtin_ctzll(i##_s), 1); i##_s &= i##_s - 1)

struct trace_sets {
	unsigned n;
	uint64_t m, r, w;                        /* all accesses, reads, writes */
	uint64_t barrier[MCM_NBARRIERS];
	uint64_t before[MCM_MAX_EVENTS];         /* po: events of earlier instructions */
	uint64_t after[MCM_MAX_EVENTS];
};

void trace_sets(const struct mcm_trace *t, struct trace_sets *s);

/* True if two accesses share a byte. */
static inline bool events_overlap(const struct mcm_event *a, const struct mcm_event *b)
{
	return a->loc == b->loc && a->off < b->off + b->size && b->off < a->off + a->size;
}

/* Transitive closure of a relation whose pairs all go from lower to higher numbers. */
static inline void close_forward(uint64_t *rel, unsigned n)
{
	for (unsigned a = n; a-- > 0;) {
		uint64_t row = rel[a];

		FOR_SET(b, rel[a])
			row |= rel[b];
		rel[a] = row;
	}
}

#endif
