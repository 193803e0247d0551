/* Shared by the two sizes of the solver (solve64.c: up to 64 accesses, solve256.c). */
#ifndef PARMA_MCM_SOLVE_PRIV_H
#define PARMA_MCM_SOLVE_PRIV_H

#include "mcm/solve.h"

/* A memory access of a trace, with its place in memory as a range of cells. */
struct tnode {
	const struct mcm_event *ev;
	uint16_t cell0;
	uint8_t ncells;
	uint8_t rmw;    /* of a read: the number of its write among the trace's accesses; 0xff none */
};

/* A trace as the solver wants it. */
struct ptrace {
	const struct mcm_trace *t;
	unsigned n;            /* accesses */
	struct tnode *node;
	uint64_t *lob;         /* [n] over accesses */
	uint8_t of_event[MCM_MAX_EVENTS]; /* access number of an event */
};

struct problem {
	const struct mcm_program *p;
	const struct mcm_solve_opts *o;
	struct mcm_arena *arena, *scratch; /* for the whole test, for one tuple */
	struct mcm_states *out;
	unsigned ncells;
	struct mcm_memslot *cell;
	const struct mcm_memslot *obs;   /* p->mem */
	uint16_t *obs_cell0;             /* first cell of each memory slot, and how many */
	uint8_t *obs_ncells;
	const char *fail;                /* an allowed execution gets where a thread can't go on */
	const struct ptrace *pick[MCM_MAX_THREADS]; /* the tuple under work */
};

/* Adds the final states of the tuple in pb->pick. */
void solve64_tuple(struct problem *pb);
void solve256_tuple(struct problem *pb);
/* Give back what they keep in this thread. */
void solve64_end(void);
void solve256_end(void);

#endif
