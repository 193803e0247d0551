/*
 * Critical cycles in the manner of diy: a cycle of edges between accesses
 * (communication between threads, program order with fences and dependencies
 * within one), from which follows a program that can show the cycle, its name
 * and the final values that tell that it happened.
 */
#ifndef PARMA_MCM_CYCLE_H
#define PARMA_MCM_CYCLE_H

#include "mcm/aprog.h"

enum { CYCLE_MAX = 10 };

enum cy_edge_kind {
	CY_RFE, CY_FRE, CY_COE,                 /* between threads */
	CY_SAME,                                /* program order, same location (rfi, fri, coi, pos) */
	CY_AMO, CY_LXSX,                        /* one read-modify-write: SWP; an exclusive pair, one attempt */
	CY_PO, CY_DMB_SY, CY_DMB_LD, CY_DMB_ST, /* program order to another location, and what stands between */
	CY_DSB_SY, CY_DSB_LD, CY_DSB_ST, CY_ADDR, CY_DATA, CY_CTRL, CY_CTRLISB,
	CY_NKINDS
};

/* What an access covers of its 4-byte location, as diy names it. */
enum cy_acc { CY_W0, CY_H0, CY_H2, CY_B0, CY_B1, CY_B2, CY_B3, CY_NACC };

enum cy_ann { CY_PLAIN, CY_ACQ, CY_ACQPC, CY_REL };

struct cy_edge {
	uint8_t kind;
	bool from_w, to_w; /* directions: read or write */
};

struct cycle {
	unsigned n;
	struct cy_edge e[CYCLE_MAX];
	uint8_t ann[CYCLE_MAX];   /* of the access that edge i starts from */
	uint8_t acc[CYCLE_MAX];   /* the same: enum cy_acc; all zero but in cycles of mixed sizes */
};

/* Does any access cover only part of its location? */
static inline bool cycle_mixed(const struct cycle *c)
{
	for (unsigned i = 0; i < c->n; i++)
		if (c->acc[i])
			return true;
	return false;
}

struct cycle_opts {
	unsigned min, max;   /* edges */
	unsigned threads;    /* at most */
	bool full;           /* all orderings; else those that are the strongest of what costs a host the same:
				plain, DMB SY and the one-sided DMB that subsumes every dependency */
	bool exclusives, atomics;
	bool mixed;           /* random cycles: accesses of several sizes */
	uint64_t part, parts; /* only every parts-th cycle, beginning with part (work on several threads) */
};

/* Calls fn for each cycle, once up to rotation, until it returns false. Returns how many were seen. */
uint64_t cycle_each(const struct cycle_opts *o, bool (*fn)(void *ctx, const struct cycle *c), void *ctx);
/* A random cycle of exactly n edges; *seed is the state of the generator. False: the walk got stuck, try again. */
bool cycle_random(const struct cycle_opts *o, unsigned n, uint64_t *seed, struct cycle *c);

/* The program; false if it does not fit the limits of struct aprog. Sets p->name. */
bool cycle_program(const struct cycle *c, struct aprog *p);
/* The access that starts thread 0 (where the base shape of the name begins). */
unsigned cycle_start(const struct cycle *c);
/* Do these final values of cycle_program()'s program say that the cycle happened? (Not for mixed sizes: never.) */
bool cycle_shown(const struct cycle *c, const struct aprog *p, const uint64_t *state);
/* diy's name of the test. */
void cycle_name(const struct cycle *c, char *buf, size_t size);
/* The edges as diy writes them ("Rfe PodRR Fre DMB.SYdWW"). */
void cycle_edges(const struct cycle *c, char *buf, size_t size);

#endif
