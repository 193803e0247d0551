/*
 * Runs one litmus test on a gang: many instances a run, many runs, and
 * counts final states.
 *
 * What is drawn at random for each run, from the seed: which vCPU plays which
 * thread, where each instance lies, whether its locations share a cache line,
 * delays of threads after the barrier, and what is touched before it.
 */
#ifndef PARMA_LITMUS_RUN_H
#define PARMA_LITMUS_RUN_H

#include "litmus/build.h"
#include "litmus/hist.h"

enum lit_affinity { AFFINITY_NONE, AFFINITY_INCR, AFFINITY_RANDOM, AFFINITY_SCAN, AFFINITY_CUSTOM };

struct lit_run_opts {
	unsigned size;           /* -s: instances a run */
	unsigned runs;           /* -r */
	double seconds;          /* -time: run as long, whatever -r says; 0: no */
	unsigned stride;         /* -st: of consecutive instances, with `direct` */
	bool direct;             /* -mem direct: instances in order; else shuffled */
	enum lit_barrier barrier;
	enum lit_affinity affinity;
	unsigned incr;           /* of AFFINITY_INCR */
	unsigned cpu[GANG_MAX_CPUS], ncpu; /* of AFFINITY_CUSTOM: host CPUs (numbers among those allowed) of the threads */
	enum trial_preload preload; /* touch locations before the barrier */
	unsigned group;          /* instances from one barrier to the next */
	unsigned ncpus;          /* vCPUs of the gang that take part; 0: all */
	unsigned avail;          /* vCPUs to use for roles */
	unsigned first_cpu;      /* host CPU (number among those allowed) of vCPU 0 */
	bool crowded;            /* there are more vCPUs than host CPUs */
	uint64_t seed;
	bool own_code;           /* the test changes its code: each instance has its own (fewer of them fit) */
	/* Asked once for each new state, between runs: true ends the test. May be NULL. */
	bool (*stop)(void *ctx, const uint64_t *state);
	void *stop_ctx;
	double patience;         /* seconds without the end of a run or a barrier, until a test counts as endless */
};

struct lit_result {
	struct hist hist;        /* of states as the model numbers them */
	uint64_t trials;         /* instances run */
	unsigned runs, copies;
	uint64_t faults;         /* threads that ended by a fault */
	double seconds;          /* wall clock, everything */
	bool endless;            /* the gang is dead */
};

/* -1: e says why it can't run. Otherwise free res->hist. */
int lit_run(struct gang *g, const struct lit_model *m, const struct lit_run_opts *o, struct lit_result *res,
	    struct err *e);

#endif
