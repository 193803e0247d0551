/*
 * From traces to allowed final states: enumerates candidate executions (which
 * write each read takes, how writes to each location are ordered) and keeps
 * those that the model allows.
 *
 * Cost is kept down by three things: coherence and ob are transitive
 * relations that grow step by step, so a choice that closes a cycle is dropped
 * at once; what decides the final state is chosen first, and nothing else is
 * looked at once that state is known; traces leave values open that steer
 * nothing, so one trace stands for many.
 */
#ifndef PARMA_MCM_SOLVE_H
#define PARMA_MCM_SOLVE_H

#include "mcm/explore.h"
#include "mcm/model.h"
#include "mcm/states.h"

/* An allowed execution, as shown to on_state. */
struct mcm_exec {
	const struct mcm_program *prog;
	const struct mcm_trace *trace[MCM_MAX_THREADS];
	unsigned n;                        /* accesses, numbered thread by thread in program order */
	const uint8_t *thread;             /* [n] */
	const struct mcm_event *const *ev; /* [n] */
	unsigned ncells;                   /* smallest pieces of memory that are accessed as a whole */
	const struct mcm_memslot *cell;
	/* rf(i, c): the write that access i takes cell c from: its number, -1: the initial value, -2: no such read */
	int (*rf)(const struct mcm_exec *x, unsigned i, unsigned c);
	/* co(c, a, b): write a comes before write b in cell c */
	bool (*co)(const struct mcm_exec *x, unsigned c, unsigned a, unsigned b);
	const void *priv;
	const uint64_t *state;
};

struct mcm_solve_opts {
	const struct mcm_model *model;
	uint64_t off; /* clauses left out, bits of enum mcm_clause */
	/* Called for the first execution found of each state; may be NULL. */
	void (*on_state)(void *ctx, const struct mcm_exec *x);
	void *ctx;
};

/* The final states of p that the model allows. < 0: beyond limits, e says which. */
int mcm_solve(const struct mcm_program *p, const struct mcm_explored *ex, const struct mcm_solve_opts *o,
	      struct mcm_arena *a, struct mcm_states *out, struct err *e);

/* mcm_explore() and mcm_solve(). */
int mcm_run(const struct mcm_program *p, const struct mcm_solve_opts *o, struct mcm_arena *a,
	    struct mcm_states *out, bool *cut, struct err *e);

/* A thread that has solved is about to end: what the solver keeps in it is given back. */
void mcm_solve_end(void);

/* Number of values in a state of p. */
unsigned mcm_nslots(const struct mcm_program *p);

#endif
