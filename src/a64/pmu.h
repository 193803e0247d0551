/*
 * Performance monitors: a cycle counter (nanoseconds of host time, as a 1 GHz
 * clock) and event counters for software increment, instructions retired,
 * cycles and chaining.  Counters are brought up to date lazily: pmu_sync()
 * adds what happened since the last call, so it is called before anything
 * that changes what counts (registers; the exception level, when some
 * counter is filtered by it: vcpu.pmu_filtered).
 *
 * Overflow interrupts come by a host timer at the estimated time, so an
 * instruction counter's interrupt may skid.
 *
 * Owner's thread, but for the timer callback.  Arm ARM D13 (PMUv3).
 */
#ifndef PARMA_A64_PMU_H
#define PARMA_A64_PMU_H

#include "a64/vcpu.h"

#define PMU_CYCLE 31 /* the cycle counter's number in the bit sets */

#define PMUSERENR_EN 1u
#define PMUSERENR_SW 2u
#define PMUSERENR_CR 4u
#define PMUSERENR_ER 8u

void pmu_init(struct vcpu *c);
void pmu_reset(struct vcpu *c);
void pmu_stop(struct vcpu *c);

/* Brings the counters up to date. */
void pmu_sync(struct vcpu *c);
/* After a sync or a register change: interrupt level, host timer, vcpu.pmu_filtered. */
void pmu_update(struct vcpu *c);

uint64_t pmu_pmcr(const struct vcpu *c);
void pmu_set_pmcr(struct vcpu *c, uint64_t v);
/* Counter n, or PMU_CYCLE. The caller has checked n. */
uint64_t pmu_count(struct vcpu *c, unsigned n);
void pmu_set_count(struct vcpu *c, unsigned n, uint64_t v);
void pmu_enable(struct vcpu *c, uint64_t set); /* exactly these count from now on; after pmu_sync() */
void pmu_set_type(struct vcpu *c, unsigned n, uint64_t v); /* PMEVTYPERn, or PMCCFILTR */
void pmu_swinc(struct vcpu *c, uint64_t set);
uint64_t pmu_ceid0(void);
/* Valid bits of the counter bit sets. */
uint64_t pmu_mask(const struct vcpu *c);

#endif
