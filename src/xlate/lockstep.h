/*
 * Two engines on one guest (-accel lockstep): the translator leads, the
 * reference interpreter follows on a vCPU and a RAM of its own, and what the
 * two have made is compared after each unit.  docs/LOCKSTEP.md tells how.
 *
 * One vCPU, under the deterministic scheduler (sched/rr.c): time stands still
 * within a unit, and interrupts come between units.
 */
#ifndef PARMA_XLATE_LOCKSTEP_H
#define PARMA_XLATE_LOCKSTEP_H

#include "a64/vcpu.h"
#include "base/err.h"

struct lockstep;

struct lockstep_config {
	struct vcpu *lead;   /* wired to everything (its interrupt controller too), with both engines initialised */
	struct physmap *pm;  /* its memory */
	unsigned check;      /* units from one comparison of whole pages to the next; 0: the default */
	/* The engines differ; the report has been written to the log. On the vCPU's thread; the guest is to be stopped. */
	void (*differ)(void *arg);
	void *arg;
};

/* Sets probes and wrappers on lead. NULL with e filled. */
struct lockstep *lockstep_new(const struct lockstep_config *cfg, struct err *e);
void lockstep_free(struct lockstep *ls);

/* lead was reset, its memory was loaded anew: the other one becomes equal before it runs. */
void lockstep_reset(struct lockstep *ls);

/* Runs about `insns` instructions of lead on both engines, less where something is to be served (interp_run_for()). */
void lockstep_run_for(struct vcpu *lead, uint64_t insns);

struct lockstep_counts {
	uint64_t units, insns; /* run and compared; instructions of the reference in them */
	uint64_t excused;      /* differences from code that was changed without maintenance */
};
struct lockstep_counts lockstep_counts(const struct lockstep *ls);

#endif
