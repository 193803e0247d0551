/*
 * Checking a mapping: the outcomes of every mapped program under x86-TSO must
 * be among those that Arm allows for the program itself.
 */
#ifndef PARMA_MCM_CHECK_H
#define PARMA_MCM_CHECK_H

#include "mcm/aprog.h"
#include "mcm/cycle.h"
#include "mcm/mapping.h"

/* A program with an outcome that the mapping shows and Arm forbids. */
struct mcm_cex {
	bool found;
	struct aprog prog;
	uint64_t state[64];
};

/* One program. True: sound. Programs beyond limits count as unsound with cex->found false. */
bool mcm_check_prog(const struct aprog *p, const struct mcm_mapping *m, struct mcm_arena *a, struct mcm_cex *cex);

struct mcm_check_result {
	uint64_t cycles;       /* programs checked */
	uint64_t bad;          /* unsound ones */
	struct mcm_cex cex;    /* the first of them */
};

/* All cycles of o, `jobs` of them at a time. Stops at the first unsound one unless `all`. */
void mcm_check_cycles(const struct mcm_mapping *m, const struct cycle_opts *o, unsigned jobs, bool all,
		      struct mcm_check_result *out);
/* n random cycles of `edges` edges. */
void mcm_check_sample(const struct mcm_mapping *m, const struct cycle_opts *o, unsigned edges, unsigned n, uint64_t seed,
		      struct mcm_check_result *out);
/*
 * Exclusive pairs: every pair of a thread with LDX, up to one access, STX (pure without, impure with it), and a
 * second thread of up to three accesses to the same locations, with values that come back (A, B, A). Stops at the
 * first unsound one unless `all`.
 */
void mcm_check_exclusives(const struct mcm_mapping *m, bool all, struct mcm_check_result *out);

/* ---- derivation ---- */

/* Costs of host operations in tenths of a nanosecond, and how often a class of Arm operation occurs. */
struct mcm_costs {
	unsigned fence, xchg, owe, test_owed, monitor;
	unsigned owed_percent;  /* how often a fence is owed where it is asked for */
	unsigned weight[MCM_NCLASSES]; /* per thousand memory operations */
};
extern const struct mcm_costs mcm_costs_measured;

uint64_t mcm_mapping_cost(const struct mcm_mapping *m, const struct mcm_costs *c);

struct mcm_derived {
	struct mcm_mapping map;
	uint64_t tried;     /* mappings that were refuted before */
	unsigned ncex;      /* programs that refuted them */
	struct mcm_cex *cex; /* in the arena */
};

/* The cheapest mapping that no cycle of o refutes. */
void mcm_derive(const struct mcm_costs *costs, const struct cycle_opts *o, unsigned jobs, struct mcm_arena *a,
		struct mcm_derived *out);

/* Each way of weakening m by one step: fn gets the weakened mapping, the class and what was taken away. */
void mcm_weakenings(const struct mcm_mapping *m,
		    void (*fn)(void *ctx, const struct mcm_mapping *weak, enum mcm_class c, const char *what), void *ctx);

#endif
