/*
 * Where guest code goes: a quick look at the branches around a pc, within its page, before anything is
 * translated.  It finds the loop that a unit should be made of, if the unit starts at the head of one, and the heads
 * of other loops, where units end.
 *
 * A loop is what can be reached from its head and reaches it again (a strongly connected component): branches of
 * either direction, calls to functions in the page and the returns from them.  Ways that were seldom gone while the code was
 * interpreted are none.  What is wrong here costs speed only: the translator decodes each instruction itself.
 */
#ifndef PARMA_XLATE_FLOW_H
#define PARMA_XLATE_FLOW_H

#include "base/bits.h"
#include "base/types.h"
#include "mem/access.h"
#include "xlate/heat.h"

#define FLOW_PAGE_WORDS 1024
#define FLOW_MAX_STARTS 31
#define FLOW_MAX_RETS 3
#define FLOW_MAX_LOOPS 12

/* The guest's page: each word is read from its RAM once. */
struct flow_page {
	const uint32_t *host;
	uint32_t words[FLOW_PAGE_WORDS];
	uint64_t have[FLOW_PAGE_WORDS / 64];
	struct decoded *heat; /* where turns were counted (heat.h) */
	unsigned hot;         /* the most of them that count; 0: none does */
};

struct flow_range {
	uint16_t lo, hi; /* first and last word */
};

/* All places are words of the page. */
struct flow {
	uint64_t heads[FLOW_PAGE_WORDS / 64];  /* of loops, that were seen */
	uint64_t open[FLOW_PAGE_WORDS / 64];   /* targets of branches back that are not: calls elsewhere lie on the way */
	/* The loop of the entry; nstarts 0: none. */
	uint64_t inside[FLOW_PAGE_WORDS / 64]; /* its words */
	uint64_t starts[FLOW_PAGE_WORDS / 64]; /* start[] as a set */
	unsigned nstarts;
	uint16_t start[FLOW_MAX_STARTS];       /* where its blocks start, the entry first, then in order */
	unsigned nrets;
	uint16_t ret[FLOW_MAX_RETS];           /* starts behind calls of functions inside: its returns may go there */
	unsigned nloops;
	struct flow_range loop[FLOW_MAX_LOOPS]; /* nested or apart, small ones first; the last has all */
};

static inline bool flow_has(const uint64_t *set, unsigned at) { return set[at / 64] >> (at & 63) & 1; }

static inline uint32_t flow_word(struct flow_page *p, unsigned at)
{
	if (!flow_has(p->have, at)) {
		p->words[at] = (uint32_t)ram_ld32(p->host + at);
		p->have[at / 64] |= BIT(at & 63);
	}
	return p->words[at];
}

/* How often the code at a word was come to before it was translated. */
static inline unsigned flow_turns(const struct flow_page *p, unsigned at)
{
	return p->hot ? MIN(heat_turns(p->heat, p->host + at), p->hot) : 0;
}
/* Of so many turns of the code before it, the word saw less than one in `share`. */
static inline bool flow_seldom(const struct flow_page *p, unsigned at, unsigned before, unsigned share)
{
	return before >= share && flow_turns(p, at) < before / share;
}

/* The instruction reads the flags (not all that do: conditional branches, selects, compares, and additions with carry). */
bool flow_uses_flags(uint32_t w);
/* Is it a load-exclusive? */
bool flow_loads_exclusive(uint32_t w);
/* entry: a word of the page; most: words to look at. */
void flow_find(struct flow *f, struct flow_page *p, unsigned entry, unsigned most);

#endif
