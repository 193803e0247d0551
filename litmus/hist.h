/* Counts of final states: tuples of 64-bit values.  One thread at a time; per-vCPU ones are added up at the end. */
#ifndef PARMA_LITMUS_HIST_H
#define PARMA_LITMUS_HIST_H

#include <stdint.h>

struct hist {
	unsigned width;        /* values in a state */
	unsigned n, cap;       /* states; capacity of the arrays, a power of two, half of the table */
	uint64_t *vals;        /* state i is vals[i * width ..] */
	uint64_t *count;
	uint32_t *table;       /* open hash of i + 1 */
	unsigned last;         /* where the last state was found: states come in streaks */
};

void hist_init(struct hist *h, unsigned width);
void hist_free(struct hist *h);
void hist_add(struct hist *h, const uint64_t *state, uint64_t count);
void hist_merge(struct hist *to, const struct hist *from);
static inline const uint64_t *hist_at(const struct hist *h, unsigned i) { return h->vals + (uint64_t)i * h->width; }

#endif
