/*
 * From a litmus test to guest code: each thread's instructions, unchanged,
 * within a loop over instances.
 *
 * An instance is one trial of the test: its own copy of the locations.  For
 * each instance a thread has a record with what differs between instances
 * (addresses for its registers, a word for the barrier, a delay).  The loop keeps its own
 * few values in registers that the thread doesn't use.
 *
 *      load registers from the record; touches, barrier, delay where the record
 *      says so; the test; store observed registers to an array; next record
 *
 * A fault ends the thread in this instance and is noted, behind all records, at the place of this one.
 */
#ifndef PARMA_LITMUS_BUILD_H
#define PARMA_LITMUS_BUILD_H

#include "litmus/gang.h"
#include "litmus/model.h"
#include "litmus/trial.h"

enum lit_barrier { BARRIER_USER, BARRIER_USERFENCE, BARRIER_TIMEBASE, BARRIER_PTHREAD, BARRIER_NONE };

/* Virtual address of the pages of tests of translation. */
#define LIT_VM UINT64_C(0x80000000)
/*
 * Each thread has as much of the code area as in the model (LIT_STRIDE), so that code can be copied as it is.  Before the
 * test's own instructions there is room for the begin of the loop.
 */
#define LIT_HEAD UINT64_C(0x400)
#define LIT_GUEST_CODE(thread) (GANG_CODE + LIT_HEAD + (thread) * LIT_STRIDE)

struct lit_ptr {
	unsigned reg;
	unsigned loc;     /* or LIT_PTR_CODE */
	uint64_t off;     /* bytes; of code: from LIT_GUEST_CODE(0), in instance 0 */
};
#define LIT_PTR_CODE TRIAL_CODE

enum { LIT_MAX_PTRS = TRIAL_PTRS };

struct lit_code {
	uint64_t entry;
	unsigned nptrs;
	struct lit_ptr ptr[LIT_MAX_PTRS];
	unsigned body_ptr;   /* record: address of the instance's code, if it has its own */
	unsigned fault;      /* from a record to what is noted of its fault: ESR, ELR and FAR, 8 bytes each */
	unsigned rec_size;
	unsigned out_size;   /* observed registers of an instance: 8 bytes each, in the order of the model's slots */
	uint64_t faulted;    /* address of a word: set by the first fault */
	unsigned body, nbody; /* words of the test itself in the image */
};

struct lit_image {
	uint32_t *word;      /* GANG_CODE.. ; in the model's arena */
	unsigned nwords;
	struct lit_code thr[MCM_MAX_THREADS];
	bool exclusives;     /* some thread has load- or store-exclusives */
	/* Tests that change code: each instance has code of its own, `step` bytes further on; else 0. */
	unsigned step;
};

struct lit_build_opts {
	unsigned size;       /* instances, at most */
	enum lit_barrier barrier;
	unsigned timebase;   /* ticks of the counter between agreement and start */
	bool preload;
	bool asid;           /* the test changes its ASID */
	bool crowded;        /* more vCPUs than host CPUs */
	bool own_code;       /* each instance has its own code, which it may change */
};

/* How many instances' code there is room for. */
unsigned lit_max_instances(const struct lit_image *img);

/* Makes the code of m's threads. -1: e says what can't be run. */
int lit_build(const struct lit_model *m, const struct lit_build_opts *o, struct lit_image *img, struct err *e);

#endif
