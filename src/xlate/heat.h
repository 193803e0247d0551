/*
 * How often code without a unit was wanted, so that only what is wanted often is translated (jit_hot).
 *
 * A table by a hash of the code's page and its offset there; code that shares a line shares the count.  A tag beside each
 * says whose turn it was last: that had no unit then, so it need not be looked for each time.  Other vCPUs' units
 * are found at every HEAT_LOOK-th turn.
 *
 * One for each vCPU; only its thread uses it.
 */
#ifndef PARMA_XLATE_HEAT_H
#define PARMA_XLATE_HEAT_H

#include "base/types.h"

#define HEAT_BITS 14
#define HEAT_LOOK 16u

struct heat {
	struct heat_line {
		uint16_t tag; /* of its page; 0: of none */
		uint8_t turns;
	} line[1u << HEAT_BITS];
};

/* Which page code is in, and what else it is looked up by. */
static inline uint64_t heat_page(const void *host, uint64_t pc, uint32_t ctx)
{
	return ((uintptr_t)host >> 12 ^ pc >> 12 << 24 ^ (uint64_t)ctx << 48) * UINT64_C(0x9e3779b97f4a7c15);
}
static inline uint16_t heat_tag(uint64_t page) { return (uint16_t)(page >> 20 | 1); }
/* Neighbours in the guest are neighbours here, which the host's caches like. */
static inline struct heat_line *heat_line(struct heat *h, uint64_t page, const void *host)
{
	return &h->line[((page >> (64 - HEAT_BITS)) + ((uintptr_t)host >> 2 & 1023)) & ((1u << HEAT_BITS) - 1)];
}

/* There was no unit a short time ago, and it is too early for one: *l has this turn counted. */
static inline bool heat_is_low(struct heat_line *l, uint64_t page, unsigned hot)
{
	if (l->tag != heat_tag(page) || l->turns >= hot || l->turns % HEAT_LOOK == 0)
		return false;
	l->turns++;
	return true;
}

/* There is no unit. True: nor should there be one, and *l has this turn counted. False: it is made now. */
static inline bool heat_still_low(struct heat_line *l, uint64_t page, unsigned hot)
{
	if (l->turns >= hot) {
		*l = (struct heat_line){0}; /* if it is evicted it has to get hot again */
		return false;
	}
	l->turns++;
	l->tag = heat_tag(page);
	return true;
}

#endif
