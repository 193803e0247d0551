/*
 * How often code without a unit was wanted, so that only what is wanted often is translated (jit_hot), and of that what
 * was seldom come to is left out.
 *
 * The counts stand beside the interpreter's decoded blocks, which are looked for at the same time (a64/decoded.h); code
 * that shares a line shares the count.  A tag says whose turn it was last: that had no unit then, so it
 * need not be looked for each time.  Other vCPUs' units are found at every HEAT_LOOK-th turn.
 *
 * One for each vCPU; only its thread uses it.
 */
#ifndef PARMA_XLATE_HEAT_H
#define PARMA_XLATE_HEAT_H

#include "a64/decoded.h"

#define HEAT_LOOK 16u
#define HEAT_MADE 255u /* turns of code that has been translated */

/* Which page code is in, and what else it is looked up by; not 0. */
static inline uint16_t heat_tag(const void *host, uint64_t pc, uint32_t ctx)
{
	uint64_t page = ((uintptr_t)host >> 12 ^ pc >> 12 << 24 ^ (uint64_t)ctx << 48) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint16_t)(page >> 20 | 1);
}

/* There was no unit a short time ago, and it is too early for one: *l has this turn counted. */
static inline bool heat_is_low(struct dline *l, uint16_t tag, unsigned hot)
{
	if (l->tag != tag || l->turns >= hot || l->turns % HEAT_LOOK == 0)
		return false;
	l->turns++;
	return true;
}

/* There is no unit. True: nor should there be one, and *l has this turn counted. False: it is made now. */
static inline bool heat_still_low(struct dline *l, uint16_t tag, unsigned hot)
{
	if (l->turns == HEAT_MADE) /* and evicted, or of another context: has to get hot again */
		l->turns = 0;
	if (l->turns >= hot) {
		*l = (struct dline){.turns = HEAT_MADE};
		return false;
	}
	l->turns++;
	l->tag = tag;
	return true;
}

/* How often the code there was come to. */
static inline unsigned heat_turns(struct decoded *d, const uint32_t *host) { return decoded_line(d, host)->turns; }

#endif
